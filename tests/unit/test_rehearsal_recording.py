import base64
import textwrap
from pathlib import Path

import pytest
import yaml

from rehearsal.cloud import Cloud
from rehearsal.engine import Program, ProgramError, Recording, run_program
from rehearsal.registration import MASK, Registration, Secret, Unknown, in_order, mask, reveal, secret_texts

SECRET = frozenset({"tke-llm:hfToken"})


def registration(name: str, *waits_for: str, **more) -> Registration:
    given = {"type": "kubernetes:core/v1:ConfigMap", "parent": "", "custom": True, "inputs": {}, "id": name}
    return Registration(**{**given, "name": name, "urn": name, "outputs": {}, "dependencies": waits_for, **more})


def run(folder: Path, code: str, *, preview: bool = False, config: dict[str, str] | None = None) -> Recording:
    values = config or {}
    main = folder / "__main__.py"
    main.write_text("import pulumi\n" + textwrap.dedent(code), encoding="utf-8")
    return run_program(Program(main, "tke-llm", "dev", values, SECRET), preview=preview)


def test_a_masked_value_keeps_its_shape_and_loses_every_text():
    value = {"a": Secret({"b": "hidden", "c": ["hidden", 5]}), "d": "shown"}
    assert mask(value) == {"a": {"b": MASK, "c": [MASK, MASK]}, "d": "shown"}
    assert "hidden" not in repr(value)


def test_every_text_below_a_secret_is_found_and_none_beside_it():
    assert set(secret_texts({"a": Secret({"b": ["x", {"c": "y"}]}), "d": "z"})) == {"x", "y"}


def test_revealing_gives_a_provider_the_plain_value():
    assert reveal({"a": Secret({"b": Secret("x")}), "c": ["y"]}) == {"a": {"b": "x"}, "c": ["y"]}


def test_dependencies_come_first_whatever_the_order_of_arrival():
    given = [registration("pod", "claim", "net"), registration("claim", "class"), registration("class")]
    given.append(registration("net"))
    expected = ["class", "claim", "net", "pod"]
    assert [each.name for each in in_order(given)] == expected
    assert [each.name for each in in_order(reversed(given))] == expected


def test_a_provider_counts_as_a_dependency():
    assert registration("a", provider="urn:p::id-1", parent="c").waits_for == {"urn:p", "c"}


def test_ids_follow_from_the_name_alone():
    vpc = "tencentcloud:Vpc/instance:Instance"
    first, _ = Cloud().create(vpc, "llm-vpc", {})
    again, _ = Cloud().create(vpc, "llm-vpc", {})
    other, _ = Cloud().create(vpc, "llm-vpc-2", {})
    assert first == again != other
    assert first.startswith("vpc-")
    assert len(first) == len("vpc-") + 8


def test_a_generated_password_has_the_asked_length_and_kinds():
    asked = {"length": 16, "minLower": 2, "minUpper": 2, "minNumeric": 2, "minSpecial": 2, "overrideSpecial": "@#"}
    result = str(Cloud().create("random:index/randomPassword:RandomPassword", "p", asked)[1]["result"])
    assert len(result) == 16
    assert sum(letter in "@#" for letter in result) >= 2
    assert sum(letter.isdigit() for letter in result) >= 2
    assert sum(letter.isupper() for letter in result) >= 2


def test_passwords_without_special_characters_have_none():
    asked = {"length": 200, "special": False}
    assert str(Cloud().create("random:index/randomPassword:RandomPassword", "p", asked)[1]["result"]).isalnum()


def test_secrets_differ_from_run_to_run_unless_seeded():
    def drawn(cloud: Cloud, name: str = "p") -> object:
        return cloud.create("random:index/randomPassword:RandomPassword", name, {"length": 30})[1]["result"]

    assert drawn(Cloud()) != drawn(Cloud())
    assert drawn(Cloud("dev")) == drawn(Cloud("dev")) != drawn(Cloud("prod"))
    assert drawn(Cloud("dev"), "p") != drawn(Cloud("dev"), "q")


def test_the_endpoint_gives_a_kubeconfig_that_names_its_server():
    endpoint = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
    _, outputs = Cloud().create(endpoint, "api", {"clusterId": "cls-12345678", "clusterInternet": True})
    config = yaml.safe_load(str(outputs["kubeConfig"]))
    assert config["clusters"][0]["cluster"]["server"] == "https://cls-12345678.ccs.tencent-cloud.com"
    assert "PRIVATE KEY" in base64.b64decode(config["users"][0]["user"]["client-key-data"]).decode()
    assert outputs["kubeConfigIntranet"] == ""


def test_a_type_that_is_not_simulated_says_where_to_add_it():
    with pytest.raises(ValueError, match=r"rehearsal/simulated/tencentcloud\.py"):
        Cloud().create("tencentcloud:Cos/bucket:Bucket", "b", {})


def test_everything_that_the_engine_is_told_is_recorded(tmp_path):
    recording = run(
        tmp_path,
        """
        import pulumi_random as random
        parent = pulumi.ComponentResource("t:m:Group", "group")
        first = random.RandomPassword("first", length=8, opts=pulumi.ResourceOptions(parent=parent))
        random.RandomPassword("second", length=9, keepers={"of": first.result}, opts=pulumi.ResourceOptions(
            parent=parent, protect=True, retain_on_delete=True, ignore_changes=["length"],
            custom_timeouts=pulumi.CustomTimeouts(create="20m"), replace_on_changes=["keepers"],
            delete_before_replace=True, aliases=[pulumi.Alias(name="old")]))
        """,
    )
    group, first, second = recording.registrations
    assert not group.custom
    assert first.parent == group.urn
    assert first.urn in second.dependencies
    assert second.property_dependencies["keepers"] == (first.urn,)
    assert second.inputs["length"] == 9
    assert isinstance(second.inputs["length"], int)
    assert second.inputs["keepers"] == {"of": Secret(first.outputs["result"].value)}  # pyright: ignore
    assert second.timeouts == {"create": "20m"}
    assert second.protect
    assert second.retain_on_delete
    assert second.delete_before_replace
    assert second.ignore_changes == ("length",)
    assert second.replace_on_changes == ("keepers",)
    assert second.aliases == ({"name": "old"},)
    assert "result" in first.additional_secret_outputs


def test_the_program_sees_its_configuration_as_from_the_engine(tmp_path):
    recording = run(
        tmp_path,
        """
        config = pulumi.Config("tke-llm")
        pulumi.export("models", config.require_object("models"))
        pulumi.export("order", config.require("order"))
        pulumi.export("token", config.require_secret("hfToken"))
        pulumi.export("who", f"{pulumi.get_project()}/{pulumi.get_stack()}")
        """,
        config={"tke-llm:models": '{"chat": {"gpus": 2}}', "tke-llm:order": "auto", "tke-llm:hfToken": "hf_1"},
    )
    exports = recording.exports
    assert exports["models"] == {"chat": {"gpus": 2}}
    assert exports["order"] == "auto"
    assert exports["token"] == Secret("hf_1")
    assert exports["who"] == "tke-llm/dev"


def test_nothing_of_one_run_is_left_for_the_next(tmp_path):
    code = """
    import pulumi_random as random
    random.RandomPassword("word", length=4)
    pulumi.export("given", pulumi.Config("tke-llm").get("order"))
    """
    first = run(tmp_path, code, config={"tke-llm:order": "cheapest"})
    second = run(tmp_path, code)
    assert first.exports["given"] == "cheapest"
    assert second.exports.get("given") is None
    assert len(second.registrations) == len(first.registrations) == 1


def test_in_a_first_preview_outputs_are_unknown(tmp_path):
    code = """
    import tencentcloud_iac_pulumi as tc
    cluster = tc.kubernetes.Cluster("c", vpc_id="vpc-1")
    tc.kubernetes.ClusterEndpoint("e", cluster_id=cluster.id, cluster_intranet=True)
    """
    cluster, endpoint = run(tmp_path, code, preview=True).registrations
    assert cluster.id == ""
    assert endpoint.inputs["clusterId"] == Unknown()


def test_a_failing_program_is_reported_with_its_place_and_no_traceback(tmp_path):
    with pytest.raises(ProgramError, match=r"ZeroDivisionError: .*__main__\.py, line 3") as failure:
        run(tmp_path, "\n1 / 0\n")
    assert "Traceback" not in str(failure.value)


def test_a_refusal_of_the_program_is_reported_in_its_own_words(tmp_path):
    with pytest.raises(ProgramError) as failure:
        run(tmp_path, "raise pulumi.RunError('no GPU fits')")
    assert str(failure.value) == "no GPU fits"


def test_a_program_that_exits_is_a_failure(tmp_path):
    with pytest.raises(ProgramError, match="exited with 3"):
        run(tmp_path, "import sys; sys.exit(3)")


def test_a_failure_inside_a_registration_is_reported(tmp_path):
    code = """
    import tencentcloud_iac_pulumi as tc
    tc.cos.Bucket("b", bucket="b-1")
    """
    with pytest.raises(ProgramError, match="Cos/bucket"):
        run(tmp_path, code)


def test_a_failure_whose_causes_run_in_a_circle_is_reported(tmp_path):
    code = """
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    raise first
    """
    with pytest.raises(ProgramError, match="ValueError: first"):
        run(tmp_path, code)


def test_a_function_that_is_not_simulated_is_named_in_the_failure(tmp_path):
    code = """
    import tencentcloud_iac_pulumi as tc
    tc.cam.get_groups()
    """
    with pytest.raises(ProgramError, match="Cam/getGroups"):
        run(tmp_path, code)


def test_two_resources_of_one_name_are_refused(tmp_path):
    code = """
    import pulumi_random as random
    random.RandomPassword("same", length=4)
    random.RandomPassword("same", length=4)
    """
    with pytest.raises(ProgramError, match="same"):
        run(tmp_path, code)


def test_warnings_of_the_program_are_kept_and_debugging_is_not(tmp_path):
    assert run(tmp_path, "pulumi.log.warn('mind this'); pulumi.log.debug('noise')").log == ("mind this",)
