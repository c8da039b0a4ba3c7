"""One module says everything about an engine, and one list names them all."""

from typing import get_args

import pytest

from catalog.engines import EngineName
from catalog.load import load
from planner.engines import registry
from planner.engines.engine import Engine
from settings.models import Model
from tests.unit.test_engines import request


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
    assert engine.api_key_env is None or engine.api_key_env in engine.reserved
