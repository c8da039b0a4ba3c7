"""Which splits a model's layers allow: what tensor parallelism cuts must come out whole.

Sources: vLLM 0.29.0 and SGLang, which build the layers alike.
- Heads: `QKVParallelLinear` (linear.py) divides the attention heads, and deals out or repeats the KV heads.
- Widths: `RowParallelLinear` and `MergedColumnParallelLinear` divide the inner width of a layer, the fused layer of
  experts (fused_moe/layer.py) that of an expert, over all GPUs of a stage unless it deals the experts out whole.
- Scales: `validate_fp8_block_shape` (fp8_utils.py) and `Fp8MoEMethod` (fp8.py) refuse a part that is no multiple of
  the block; `BaseAWQLinearMethod` (auto_awq.py) and `verify_group_size_divides_partition` (distributed/utils.py) one
  that is no multiple of the group. SGLang: model_runner_components/moe_ep_setup.py, "please make sure
  (moe_intermediate_size / moe_tp_size) % weight_block_size_n == 0".
  vLLM 0.29 can also cut the blocks of experts finer for its Triton kernel (`refine_fp8_moe_block_shape`); nobody
  publishes that as a way to serve, and its recipes ask for expert parallelism, so it is not counted on.
- Experts in awq and gptq: where Marlin cannot take them, moe_wna16.py halves the groups, and the first request ends the
  server (vllm issue 17604), so their groups count too.
- mxfp4 is padded (`Mxfp4MoEMethod`), and only has to divide.
- Image encoders: glm4_1v.py divides their heads, unless --mm-encoder-tp-mode is data; those of others fall back to that
  (intern_vit.py), or have 16 heads.
- Vocabulary: padded to a multiple of 64, which must divide (vocab_parallel_embedding.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from planner.model.facts import ModelFacts
from planner.sizing.split import Split
from settings.translation import tr

VOCABULARY_STEP = 64
GROUPED = ("awq", "gptq")
"""Formats in which attention is quantised by groups as well; the heads' width is a multiple of 128 in the others."""


class Uneven(NamedTuple):
    """A width that a number of GPUs cannot share: each part would be no multiple of `step`."""

    part: str
    width: int
    ways: int
    step: int

    def __str__(self) -> str:
        share = tr(
            "{part} {width} / {ways} = {share:g}",
            part=self.part,
            width=self.width,
            ways=self.ways,
            share=self.width / self.ways,
        )
        if self.step == 1:
            return tr("{share} is no whole number", share=share)
        return tr("{share} is no multiple of {step}", share=share, step=self.step)


def heads_divide(facts: ModelFacts, size: int) -> bool:
    """Whether so many GPUs can share the attention heads: they must be a multiple of it, and of the KV heads (MLA has
    none to split) and it one must divide the other."""
    grouped = not facts.mla and facts.computable
    return facts.heads % size == 0 and (not grouped or facts.kv_heads % size == 0 or size % facts.kv_heads == 0)


def uneven(facts: ModelFacts, split: Split) -> Uneven | None:
    """The first width that the split cuts where it may not be cut; None where it cuts well, as far as widths are
    known."""
    return next((cut for cut in _cuts(facts, split) if cut.ways > 1 and cut.width % (cut.ways * cut.step)), None)


def doubtful(facts: ModelFacts, split: Split) -> bool:
    """Whether a split is uneven by a group of scales that nobody read."""
    ungrouped = replace(facts, widths=replace(facts.widths, group=None))
    return not facts.widths.group_verified and uneven(ungrouped, split) is None


def experts_dealt(facts: ModelFacts, split: Split, *, evenly: bool) -> bool:
    """Whether every GPU of a stage gets experts, where they are dealt out whole; `evenly`: as many as any other."""
    experts = facts.widths.experts
    if not split.by_expert or experts is None:
        return True
    return experts >= split.stage and not (evenly and experts % split.stage)


def _cuts(facts: ModelFacts, split: Split) -> Iterator[Uneven]:
    widths, group = facts.widths, facts.widths.group or 1
    if widths.vocabulary is not None:
        padded = -(-widths.vocabulary // VOCABULARY_STEP) * VOCABULARY_STEP
        yield Uneven(tr("vocab_size (padded)"), padded, split.dense, 1)
    if widths.vision_heads is not None:
        yield Uneven(tr("heads of the image encoder"), widths.vision_heads, split.tensor, 1)
    if widths.heads_out is not None and facts.format in GROUPED:
        yield Uneven(tr("the heads' width"), widths.heads_out, split.tensor, group)
    if widths.dense is not None:
        yield Uneven("intermediate_size", widths.dense, split.dense, group)
    if widths.shared:
        yield Uneven(tr("the shared experts' width"), widths.shared, split.dense, group)
    if widths.experts and widths.expert is not None and not split.by_expert:
        yield Uneven("moe_intermediate_size", widths.expert, split.stage, group)
