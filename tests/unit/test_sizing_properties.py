"""Invariants of sizing over arbitrary models, GPUs and wishes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engines.spread import machines
from planner.sizing.ask import Ask
from planner.sizing.size import Misfit, Sizing, size
from tests.unit.model_samples import facts, gpu

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
    outcome = size(model, card, count, ask)
    if isinstance(outcome, Misfit):
        assert any(finding.severity == "error" for finding in outcome.findings)
        return
    assert model.heads % outcome.tensor_parallel == 0
    assert outcome.gpus <= count
    assert 0 < outcome.context <= model.max_positions
    assert outcome.budget.weights + outcome.budget.kv_one_sequence <= outcome.budget.limit * 1.000001
    assert outcome.concurrency >= 1


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.integers(1, 64), st.integers(1, 6))
def test_a_replica_never_takes_more_machines_than_there_are(model, card, count, ask, gpus, nodes):
    outcome = size(model, card, count, replace(ask, tensor_parallel=None, gpus=gpus), nodes)
    if isinstance(outcome, Sizing):
        assert outcome.gpus == gpus
        assert machines(gpus, count) <= nodes
        assert outcome.tensor_parallel <= count


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.floats(1, 4))
def test_more_memory_never_turns_fit_into_no_fit(model, card, count, ask, factor):
    larger = card.model_copy(update={"usable_gib": card.usable_gib * factor})
    if isinstance(size(model, card, count, ask), Sizing):
        assert isinstance(size(model, larger, count, ask), Sizing)


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks, st.integers(256, 200_000))
def test_a_longer_context_never_fits_where_a_shorter_one_does_not(model, card, count, ask, context):
    shorter = replace(ask, context=min(context, model.max_positions))
    longer = replace(ask, context=min(context * 2, model.max_positions))
    if isinstance(size(model, card, count, longer), Sizing):
        assert isinstance(size(model, card, count, shorter), Sizing)


@settings(max_examples=200, deadline=None)
@given(models, cards, counts, asks)
def test_a_fix_takes_away_its_error_and_brings_no_other(model, card, count, ask):
    outcome = size(model, card, count, ask)
    if isinstance(outcome, Sizing):
        return
    names = {"maxModelLen": "context", "tensorParallel": "tensor_parallel", "gpuMemoryUtilization": "utilization"}
    errors = {finding.code for finding in outcome.findings if finding.severity == "error"}
    for finding in outcome.findings:
        if finding.severity != "error" or not finding.fix:
            continue
        changes = {names[setting]: value for setting, value in finding.fix}
        if "utilization" in changes:
            changes["utilization"] = ask.default_utilization
        mended = size(model, card, count, replace(ask, **changes))
        left = {finding.code for finding in mended.findings if finding.severity == "error"}
        assert left <= errors - {finding.code}
