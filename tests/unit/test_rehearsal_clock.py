from cli.report_page.graph import awaited, reduced
from rehearsal.clock import timeline
from rehearsal.registration import Registration
from rehearsal.tree import tree


def resource(name: str, *waits_for: str, parent: str = "", custom: bool = True) -> Registration:
    type_ = "kubernetes:core/v1:ConfigMap" if custom else "tke-llm:cloud:Network"
    return Registration(type_, name, name, parent, custom, {}, name, {}, dependencies=waits_for)


GRAPH = (
    resource("group", custom=False),
    resource("vpc", parent="group"),
    resource("cluster", "vpc"),
    resource("pool", "cluster"),
    resource("download", "cluster"),
    resource("server", "pool", "download"),
    resource("page", "cluster"),
)
SECONDS = {"vpc": 1, "cluster": 10, "pool": 30, "download": 40, "server": 5, "page": 2}


def seconds(registration: Registration) -> float:
    return SECONDS.get(registration.name, 0)


def test_a_resource_starts_when_all_it_waits_for_is_done():
    times = timeline(GRAPH, seconds)
    assert (times.step("server").start, times.step("server").end) == (51, 56)
    assert times.total == 56


def test_the_critical_path_is_the_chain_that_decides_the_end():
    assert timeline(GRAPH, seconds).critical == ("vpc", "cluster", "download", "server")


def test_one_place_makes_everything_sequential():
    assert timeline(GRAPH, seconds, parallel=1).total == sum(SECONDS.values())


def test_enough_places_cost_nothing():
    assert timeline(GRAPH, seconds, parallel=3).total == timeline(GRAPH, seconds).total


def test_components_take_no_time_and_are_no_steps():
    assert "group" not in {step.urn for step in timeline(GRAPH, seconds).steps}


def test_an_empty_graph_takes_no_time():
    assert timeline((), seconds).total == 0
    assert timeline((), seconds).critical == ()


def test_the_tree_counts_resources_and_not_components():
    (group, *others) = tree(GRAPH)
    assert (group.name, group.resources, [child.name for child in group.children]) == ("group", 1, ["vpc"])
    assert len(others) == 5


def test_edges_that_others_imply_are_left_out():
    chain = (resource("a"), resource("b", "a"), resource("c", "a", "b"))
    assert reduced(awaited(chain), chain) == {"a": set(), "b": {"a"}, "c": {"b"}}


def test_what_waits_for_a_component_waits_for_what_that_waits_for():
    inside = (resource("a"), resource("part", "a", custom=False), resource("b", parent="part"))
    assert awaited(inside) == {"a": set(), "b": {"a"}}
