"""Invariants of sizing over arbitrary models, GPUs and wishes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engines.spread import machines
from planner.sizing.ask import Ask
from tests.unit.model_samples import SECTION, facts, gpu, sized

models = st.builds(
    lambda kv, group, layers, weights, positions, latent: facts(
        heads=kv * group,
        kv_heads=kv,
        layers=layers,
        weights_gib=weights,
        max_positions=positions,
        **({"kv_lora_rank": 512, "qk_rope_head_dim": 64} if latent else {}),
    ),
    kv=st.sampled_from([1, 2, 4, 5, 8, 10]),
    group=st.sampled_from([1, 2, 4, 7, 8]),
    layers=st.integers(1, 100),
    weights=st.floats(0.5, 900),
    positions=st.integers(512, 1_000_000),
    latent=st.booleans(),
)
cards = st.builds(
    lambda usable, new: gpu(usable_gib=usable, bf16=new, compute_capability=8.9 if new else 7.5),
    usable=st.floats(4, 150),
    new=st.booleans(),
)
counts = st.sampled_from([1, 2, 4, 8])
asks = st.builds(
    lambda context, tp, utilization: Ask("vllm", utilization, 0.92, context=context, tensor_parallel=tp),
    context=st.none() | st.integers(256, 500_000),
    tp=st.none() | st.integers(1, 16),
    utilization=st.floats(0.3, 0.95),
)


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks)
def test_every_wish_ends_in_an_error_or_in_numbers_that_hold(model, card, count, ask):
    outcome = sized(model, card, count, ask)
    if not outcome.starts:
        return
    laid = outcome.sizing
    assert model.heads % laid.tensor_parallel == 0
    assert laid.gpus <= count
    assert 0 < laid.context <= model.max_positions
    assert laid.budget.weights + laid.budget.kv_one_sequence <= laid.budget.limit * 1.000001
    assert laid.concurrency >= 1


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.integers(1, 64), st.integers(1, 6))
def test_a_replica_never_takes_more_machines_than_there_are(model, card, count, ask, gpus, nodes):
    outcome = sized(model, card, count, replace(ask, tensor_parallel=None, gpus=gpus), nodes)
    if outcome.starts:
        assert outcome.sizing.gpus == gpus
        assert machines(gpus, count) <= nodes
        assert outcome.sizing.tensor_parallel <= count


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.floats(1, 4))
def test_more_memory_never_turns_fit_into_no_fit(model, card, count, ask, factor):
    larger = card.model_copy(update={"usable_gib": card.usable_gib * factor})
    if sized(model, card, count, ask).starts:
        assert sized(model, larger, count, ask).starts


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.integers(256, 200_000))
def test_a_longer_context_never_fits_where_a_shorter_one_does_not(model, card, count, ask, context):
    shorter = replace(ask, context=min(context, model.max_positions))
    longer = replace(ask, context=min(context * 2, model.max_positions))
    if sized(model, card, count, longer).starts:
        assert sized(model, card, count, shorter).starts


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks)
def test_a_fix_takes_away_its_error_and_brings_no_other(model, card, count, ask):
    outcome = sized(model, card, count, ask)
    names = {"maxModelLen": "context", "tensorParallel": "tensor_parallel", "gpuMemoryUtilization": "utilization"}
    for finding in outcome.findings:
        if finding.severity != "error" or not finding.fix:
            continue
        changes = {names[path.removeprefix(f"{SECTION}.")]: value for path, value in finding.fix}
        if "utilization" in changes:
            changes["utilization"] = ask.default_utilization
        mended = sized(model, card, count, replace(ask, **changes))
        assert mended.errors <= outcome.errors - {finding.code}
