"""`check` of a minimal stack and `fit` of the same model on the same machine say the same of it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.engines import EngineName
from catalog.load import load
from catalog.models import CatalogModel
from planner.engines.registry import NAMES, find
from planner.plan_stack import plan_stack
from planner.serving.fit import FitRequest, fits
from planner.sizing.check import SIZE_CODES
from planner.sizing.codes import cpu_offload, memory_tight
from settings.diagnostics import Diagnostic
from tests.unit.stacks import settings as stack

CATALOG = load()
CHAT = [entry for entry in CATALOG.models.values() if entry.kind == "chat"]
MACHINES = [machine for machine in CATALOG.machines.values() if machine.gpus >= 1]
ABOUT_SOURCES = ("NOT_AT_SOURCE", "GATED_WITHOUT_TOKEN")
"""What is wrong with where the files come from, whatever the machine."""


def ids(entry: CatalogModel, engine: EngineName) -> list[str]:
    """The ids of the entry's repositories whose files the engine reads; an engine with a registry knows no others."""
    known = find(engine)
    readable = [weights for format_, weights in entry.weights.items() if format_ in known.formats]
    sources = known.sources[:1] if known.own_ids else known.sources
    return [id_ for each in readable for source in sources if (id_ := each.repository(source))]


wanted = st.sampled_from([(entry, engine, id_) for entry in CHAT for engine in NAMES for id_ in ids(entry, engine)])


def checked(found: tuple[Diagnostic, ...]) -> str:
    """The verdict of `check` on the model, in the words of `fit`."""
    about = [each for each in found if each.code not in ABOUT_SOURCES]
    if any(each.severity == "error" for each in about):
        return "no"
    codes = {each.code for each in about}
    shortage = "spills" if cpu_offload.name in codes else "doubtful"
    return shortage if codes & {*SIZE_CODES} else "tight" if memory_tight.name in codes else "fits"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wanted, st.sampled_from(MACHINES), st.none() | st.integers(1024, 300_000))
def test_they_never_disagree(model, machine, context):
    entry, engine, id_ = model
    wish = FitRequest(gpus=(machine.gpu,), context=context, engine=engine)
    by_fit = next(each for each in fits(entry, id_, wish, CATALOG) if each.offer.name == machine.name)
    pool = {"kind": "native" if machine.native else "ordinary", "instanceType": machine.name}
    chat = {"model": id_, "engine": engine} | ({"maxModelLen": context} if context else {})
    plan = plan_stack(stack({"pools.gpu": pool, "models.chat": chat}))
    by_check = checked(plan.diagnostics)
    if by_fit.model.lower() == id_.lower():
        assert by_fit.verdict == by_check
    else:  # `fit` took another format, for the one that was named does not surely fit
        assert by_check in ("no", "doubtful")
