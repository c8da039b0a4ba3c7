"""The tiny model in place of a downloaded one, where the stack's servers look for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.containers import Rendered, RenderedPod
from e2e.mapping import Difference
from e2e.sandbox import Volumes

THOUGHT = "Somebody greets me kindly ; so let us reply politely yet briefly ."
ANSWER = (
    "Hello ! This is a very small model , made on your machine from nothing but arithmetic : "
    "it has two layers, knows one paragraph by heart and streams that into the browser through exactly those servers "
    "which would run beside GPUs inside some cloud, word after word, until here."
)
LAST = "until here."
"""No word comes twice, here or above: what follows a word is decided by that word alone."""


@dataclass(frozen=True)
class Store:
    """Where a download Job would have put a model: a folder of the store and the file that says that it is whole."""

    job: str
    model: str
    source: str
    folder: Path
    marker: Path


def downloads(stack: Rendered, volumes: Volumes) -> Iterator[Store]:
    """The models that the stack's download Jobs bring."""
    for pod in stack.pods:
        if is_download(pod):
            container = pod.containers[0]
            env = container.env
            mount = next(each for each in container.mounts if Path(env["MODEL_DIRECTORY"]).is_relative_to(each.path))
            root = volumes.claim(pod.volumes[mount.volume].claim) / mount.sub_path

            def local(path: str, root: Path = root, shown: str = mount.path) -> Path:
                return root / Path(path).relative_to(shown)

            yield Store(
                pod.name,
                env["MODEL_REPOSITORY"],
                env["MODEL_SOURCE"],
                local(env["MODEL_DIRECTORY"]),
                local(env["MODEL_MARKER"]),
            )


def is_download(pod: RenderedPod) -> bool:
    return pod.kind == "Job" and "MODEL_DIRECTORY" in pod.containers[0].env


def change(store: Store) -> Difference:
    """What is said about it."""
    return Difference("weights", store.job, store.model, "a model of two layers, made here", "no hub can be reached")


def words() -> str:
    """What the model says, as `tiny_model.py` reads it."""
    return json.dumps({"thought": THOUGHT.split(), "answer": ANSWER.split()})


def finish(store: Store) -> None:
    """Let everybody read the model, and say that it is whole."""
    for path in (store.folder, *store.folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    store.marker.write_text("made by make e2e\n", encoding="utf-8")
    store.marker.chmod(0o644)
