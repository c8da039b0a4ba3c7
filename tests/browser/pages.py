"""Stories that no sample tells."""

from dataclasses import replace
from itertools import count

from cli.report_page.page import page
from rehearsal.clock import planned
from rehearsal.registration import Registration
from rehearsal.render import files
from rehearsal.story import Story

EVIL = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def written(told: Story) -> str:
    return page("dev", told, files(told.plan, told.recording.registrations))


def evil(told: Story, name: str) -> Story:
    """With a ConfigMap of this name, which no cluster would take."""
    metadata = {"name": name, "namespace": "llm"}
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": name}}
    urn = f"urn:pulumi:dev::tke-llm::kubernetes:core/v1:ConfigMap::{name}"
    extra = Registration("kubernetes:core/v1:ConfigMap", name, urn, "", True, inputs, "a", {"metadata": metadata})
    return _with(told, (*told.recording.registrations, extra))


def large(told: Story, resources: int) -> Story:
    """With the model's resources again and again, until there are so many."""
    every = told.recording.registrations
    models = [each for each in every if "chat" in each.name]
    more = list(every)
    for number in count(2):
        more += [_again(each, {one.urn for one in models}, number) for each in models]
        if sum(each.custom for each in more) >= resources:
            return _with(told, tuple(more))
    raise AssertionError


def _with(told: Story, registrations: tuple[Registration, ...]) -> Story:
    times = planned(registrations, told.plan)
    return replace(told, recording=replace(told.recording, registrations=registrations), timeline=times)


def _again(each: Registration, models: set[str], number: int) -> Registration:
    def urn(given: str) -> str:
        return given.replace("chat", f"chat{number}") if given in models else given

    return replace(
        each,
        name=each.name.replace("chat", f"chat{number}"),
        urn=urn(each.urn),
        parent=urn(each.parent),
        dependencies=tuple(map(urn, each.dependencies)),
        outputs={**each.outputs, "metadata": {"name": each.name.replace("chat", f"chat{number}")}},
    )
