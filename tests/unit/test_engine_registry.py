"""One module says everything about an engine, and one list names them all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from catalog.engines import EngineName
from catalog.load import load
from planner.diagnostics.explain import codes
from planner.engines import registry
from planner.engines.engine import Engine
from settings.models import Model
from tests.unit.test_engines import request

ROOT = Path(__file__).parents[2]
ROOMS = ("planner", "components", "policy", "settings", "cli", "rehearsal")
NAMED = re.compile("|".join(get_args(EngineName)), re.IGNORECASE)
OF_OTHERS = {
    "planner/access/check.py": {"ollama"},  # a path of the chat page
    "planner/page/decide.py": {"ENABLE_OLLAMA_API"},  # a variable of Open WebUI
    "components/workloads/webui.py": {"OLLAMA_BASE_URLS"},  # a variable of Open WebUI
    "planner/model/facts.py": {"ollama"},  # a source of files
    "settings/names.py": {"registry.example.com/team/vllm:v1"},  # an example of an image
    "settings/models.py": {"vllm"},  # the default, which the registry's test holds to be the first
}
"""Strings that name an engine and do not decide by it."""
PROSE = {"settings/models.py", "settings/names.py", "policy/pod_rules.py"}
"""Files whose sentences, for people, may name an engine: descriptions of settings, and what was found."""


def test_the_registry_has_the_engines_that_the_stack_file_takes():
    assert [engine.name for engine in registry.every()] == list(get_args(EngineName))
    assert Model.model_fields["engine"].default == registry.NAMES[0]


@pytest.mark.parametrize("engine", registry.every(), ids=lambda engine: engine.name)
def test_an_engine_is_found_under_its_name_and_known_to_the_catalogue(engine: Engine):
    assert registry.find(engine.name) is engine
    assert any(image.engine == engine.name and image.default for image in load().images)
    assert engine.start in load().durations
    assert engine.instead in {None, *registry.NAMES} - {engine.name}


@pytest.mark.parametrize("engine", registry.every(), ids=lambda engine: engine.name)
def test_an_engine_emits_what_it_says_of_itself(engine: Engine):
    spec = engine.emit(request())
    assert (spec.engine, spec.port, spec.api_key_env) == (engine.name, engine.port, engine.api_key_env)
    assert engine.api_key_env is None or engine.api_key_env in registry.reserved()


def strings(path: Path) -> Iterator[str]:
    """The strings of a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def is_text(file: str, text: str) -> bool:
    """Whether it is said to people: a diagnostic's code or texts, or those of the files that may hold some."""
    in_codes = file.endswith("codes.py") and not NAMED.fullmatch(text)
    return text in codes() or in_codes or (file in PROSE and " " in text)


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_room_names_an_engine(room: str):
    files = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / room).rglob("*.py")}
    naming = {
        f"{file}: {text}"
        for file, path in files.items()
        if not file.startswith("planner/engines/")
        for text in strings(path)
        if NAMED.search(text) and not is_text(file, text) and text not in OF_OTHERS.get(file, ())
    }
    assert not naming
