"""The names of engines and of the places that models come from: what the stack file takes and the catalogue knows.

A new engine is named here, described by a module of its name in `planner/engines/`, and has images in
`data/images.yaml` and the duration of its start in `data/durations.yaml`.
"""

from typing import Literal

EngineName = Literal["vllm", "sglang", "ollama", "llamacpp"]
SourceName = Literal["modelscope", "huggingface", "ollama"]
