"""What an engine keeps of each GPU for the sake of a setting, beside the model itself."""

from dataclasses import dataclass

from planner.model.facts import BYTES_PER_GIB, ModelFacts
from planner.sizing.split import Split


@dataclass(frozen=True)
class Extras:
    """`draft_gib` are the weights of a draft model, which each layer's GPUs share; `draft_layers` further layers whose
    cache grows with the context as the model's own does, all on the last pipeline stage (vLLM 0.29.0,
    v1/spec_decode). For each of `slots` adapters room is kept whatever it changes, up to `rank`."""

    draft_gib: float = 0.0
    draft_layers: int = 0
    slots: int = 0
    rank: int = 0

    def weights(self, facts: ModelFacts, split: Split) -> float:
        """GiB of one GPU."""
        adapters = self.slots * adapter_gib(facts, split, self.rank) if self.slots else 0.0
        return self.draft_gib / split.tensor + adapters


NONE = Extras()
LORA_BYTES = 2
"""Bytes of an adapter's number: it has the computation's type (config/lora.py, `lora_dtype`)."""


def adapter_gib(facts: ModelFacts, split: Split, rank: int) -> float:
    """GiB that one adapter of this rank takes of each GPU; 0 where the model's widths are not known.

    Of a layer that is cut along its output the factor A is whole on every GPU and B is cut, of one that is cut along
    its input A is cut and B whole; q, k and v, and gate and up, have an A each; every expert has its own. So vLLM
    0.29.0 allocates them (lora/layers/column_parallel_linear.py, base_linear.py, fused_moe.py, logits_processor.py),
    and SGLang's pool is made alike (srt/lora/mem_pool.py).
    """
    widths = facts.widths
    hidden = widths.hidden
    if hidden is None:
        return 0.0
    queries, keys, out = facts.heads * facts.head_dim, facts.kv_heads * facts.head_dim, widths.heads_out or 0
    attention = 3 * hidden + (queries + 2 * keys + out) / split.tensor + hidden

    def feed_forward(width: float) -> float:
        return 2 * hidden + 2 * width + width + hidden

    numbers = facts.layers * attention + widths.dense_layers * feed_forward((widths.dense or 0) / split.dense)
    if widths.experts and widths.expert:
        held = widths.experts / split.stage if split.by_expert else widths.experts
        each = widths.expert if split.by_expert else widths.expert / split.stage
        shared = feed_forward(widths.shared / split.dense) if widths.shared else 0.0
        numbers += (facts.layers - widths.dense_layers) * (held * feed_forward(each) + shared)
    tables = 2 * ((widths.vocabulary or 0) + hidden)
    return rank * (numbers / split.pipeline + tables) * LORA_BYTES / BYTES_PER_GIB
