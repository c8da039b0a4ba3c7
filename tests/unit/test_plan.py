"""The proof as a whole: total, gravest first, merged with the parser's findings, and honest about what is forced."""

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog.load import load
from planner.plan_stack import plan_stack
from planner.prove import prove, refusal
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse
from tests.unit.stack_files import arbitrary_sections, parsed, valid_sections
from tests.unit.stacks import codes, found, planned, sections

EXAMPLES = 30
"""Of each property; `make fuzz` proves as many stack files as are asked for."""


def test_a_sound_stack_has_no_error_and_every_part_decided():
    plan = planned()
    assert plan.errors == ()
    assert set(plan.pools) == {"gpu"}
    assert set(plan.models) == {"chat"}
    assert plan.network is not None
    assert plan.webui is not None
    assert {addon.name for addon in plan.addons} >= {"cfs", "nvidia-gpu"}
    assert "ap-guangzhou-6" in {subnet.zone for subnet in plan.network.subnets}


def test_what_a_new_cluster_has_is_not_installed_again():
    assert not {addon.name for addon in planned().addons} & {a.name for a in load().addons.values() if a.default}


def test_super_nodes_need_no_gpu_add_on():
    plan = planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}})
    assert "nvidia-gpu" not in {addon.name for addon in plan.addons}


def test_all_errors_are_found_at_once_and_come_first():
    plan = planned(
        {"network.zones": ["ap-guangzhou-66"], "pools.gpu.instanceType": "PNV4.X", "cluster.serviceCidr": "10.0.0.0/20"}
    )
    assert codes(plan, "error") >= {"UNKNOWN_ZONE", "UNKNOWN_MACHINE", "CIDR_OVERLAP"}
    order = ["error", "warning", "note"]
    severities = [order.index(finding.severity) for finding in plan.diagnostics]
    assert severities == sorted(severities)


def test_every_finding_says_where_and_what_to_do():
    plan = planned({"network.zones": ["x-1"], "pools.gpu.instanceType": "y", "webui.env": {"WEBUI_AUTH": "False"}})
    for finding in plan.diagnostics:
        assert finding.path, finding
        assert finding.message.endswith("."), finding
        assert finding.remedy.endswith("."), finding


@given(valid_sections)
@hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_a_valid_stack_file_yields_an_error_or_a_whole_plan(given_sections: dict[str, Any]):
    settings = parsed(given_sections).settings
    assert settings is not None
    planned = plan_stack(settings)
    if not planned.errors:
        assert set(planned.pools) == set(settings.pools)
        assert set(planned.models) == set(settings.models)
        assert planned.webui is not None or not settings.webui.enabled
        assert planned.network is None or all(subnet.cidr or subnet.existing_id for subnet in planned.network.subnets)


@given(
    machine=st.sampled_from([name for name in load().machines if not name.startswith("S")]),
    model=st.sampled_from(list(load().models)),
    pool=st.fixed_dictionaries({"kind": st.sampled_from(["native", "ordinary"]), "nodes": st.integers(1, 3)}),
    order=st.sampled_from(["auto", "fastest", "cheapest"]),
    bandwidth=st.sampled_from([20, 100, 1000]),
)
@hypothesis_settings(max_examples=EXAMPLES, deadline=None)
def test_any_model_on_any_machine_is_refused_or_planned_within_its_bounds(
    machine: str, model: str, pool: dict[str, object], order: str, bandwidth: int
):
    plan = planned(
        {
            "pools.gpu": {"instanceType": machine, **pool},
            "models.chat.model": model,
            "order": order,
            "network.nat": {"bandwidth": bandwidth},
        }
    )
    if plan.errors:
        return
    chat, nodes = plan.models["chat"], plan.pools["gpu"]
    assert chat.spec.resources.cpu_millis <= nodes.allocatable_cpu_millis
    assert chat.spec.resources.memory_mib <= nodes.allocatable_memory_mib
    assert chat.download.deadline_seconds > chat.download.seconds > 0
    assert plan.storage.request_gib >= chat.download.bytes / 2**30
    assert set(plan.order.hold) <= set(plan.pools)
    assert (plan.order.hold == ()) == (plan.order.chosen == "fastest")


@given(arbitrary_sections)
@hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_anything_in_a_stack_file_ends_in_findings_not_in_a_traceback(given_sections: dict[str, Any]):
    planned, findings = prove(parsed(given_sections))
    if planned is None:
        assert any(finding.severity == "error" for finding in findings)
    assert refusal(findings)


def test_planning_twice_gives_the_same_plan():
    assert planned() == planned()


def test_the_parser_s_and_the_plan_s_findings_come_together():
    broken = sections({"models.chat.replicas": "two", "cluster.serviceCidr": "10.0.0.0/20"})
    _, findings = prove(parsed(broken))
    assert {"WRONG_TYPE", "CIDR_OVERLAP"} <= {finding.code for finding in findings}


def test_a_pool_that_the_parser_took_out_is_not_missed_a_second_time():
    broken = sections({"pools.gpu.nodes": {"min": 3, "max": 1}, "models.chat.pool": "gpu"})
    broken["pools"]["other"] = {"instanceType": "PNV4.7XLARGE116"}
    _, findings = prove(parsed(broken))
    assert "UNKNOWN_POOL" not in {finding.code for finding in findings}
    assert any(finding.path.startswith("pools.gpu") for finding in findings)


def test_nothing_to_plan_leaves_the_parser_s_findings():
    planned, findings = prove(parse(StackInput("tke-llm", "dev")))
    assert planned is None
    assert any(finding.severity == "error" for finding in findings)


def test_a_secret_variable_is_named_once():
    _, findings = prove(parsed(sections({"models.chat.env": {"HF_TOKEN": "hf_" + "a" * 30}})))
    assert len([f for f in findings if f.path == "models.chat.env.HF_TOKEN"]) == 1


def test_the_refusal_names_place_given_allowed_and_fix_of_every_error():
    plan = planned({"network.zones": ["ap-guangzhou-66"], "network.nat": False})
    text = refusal(plan.diagnostics)
    assert "2 errors" in text
    for error in plan.errors:
        assert all(part in text for part in (error.path, error.code, error.given, error.allowed, error.remedy))


def test_the_refusal_leaves_warnings_out():
    warning = Diagnostic("warning", "SOME_WARNING", "webui", "Something.", "Do it.")
    error = Diagnostic("error", "SOME_ERROR", "webui", "Something else.", "Do that.")
    assert "SOME_WARNING" not in refusal([warning, error])


def test_a_forced_error_becomes_a_warning_that_says_so():
    plan = planned({"cluster.version": "1.22.5", "force": ["KUBERNETES_TOO_OLD"]})
    assert not plan.errors
    finding = found(plan, "KUBERNETES_TOO_OLD")
    assert (finding.severity, finding.forced) == ("warning", True)


def test_forcing_what_does_not_occur_is_noted():
    assert found(planned({"force": ["CIDR_OVERLAP"]}), "FORCE_UNUSED").severity == "note"


def test_forcing_cannot_make_up_for_a_part_that_is_not_decided():
    plan = planned({"pools.gpu.instanceType": "NOSUCH.LARGE1", "force": ["UNKNOWN_MACHINE"]})
    assert {finding.path for finding in plan.errors} == {"pools.gpu", "models.chat"}
    assert {finding.code for finding in plan.errors} == {"CANNOT_FORCE"}


def test_forcing_one_error_leaves_the_others():
    plan = planned({"cluster.version": "1.22.5", "network.nat": False, "force": ["KUBERNETES_TOO_OLD"]})
    assert {finding.code for finding in plan.errors} == {"NO_INTERNET_ROAD"}


def test_an_api_key_for_no_model_is_an_error_and_one_for_a_model_is_not():
    assert found(planned(secrets=("apiKeys", "apiKeys.chta")), "API_KEY_WITHOUT_MODEL").path == "apiKeys.chta"
    assert not planned(secrets=("apiKeys", "apiKeys.chat")).errors
