"""Add-ons after their nodes, and the service roles before the cluster."""

import json

import pulumi

from components.cloud.addons import Addons, AddonsArgs
from components.cloud.roles import SERVICE_ROLES, ServiceRoles, ServiceRolesArgs
from components.naming import Naming
from planner.plan.software import AddonPlan
from tests.components.recorder import ComponentRun, build

ADDON = "kubernetes/addon:Addon"
ROLE = "cam/role:Role"
ATTACHMENT = "cam/rolePolicyAttachmentByName:RolePolicyAttachmentByName"


def addons(*plans: AddonPlan) -> ComponentRun:
    def make() -> None:
        nodes = {name: [pulumi.CustomResource("test:index:Nodes", name, {})] for name in ("system", "gpu")}
        made = Addons("addons", AddonsArgs(cluster_id="cls-1", addons=plans, nodes=nodes))
        assert list(made.installed) == [plan.name for plan in plans]

    return build(make)


def test_each_addon_waits_for_the_nodes_that_it_runs_on_and_no_others() -> None:
    cloud = addons(AddonPlan("cfs", "system"), AddonPlan("nvidia-gpu", "gpu"))
    cpu, gpu = cloud.one("test:index:Nodes", "system"), cloud.one("test:index:Nodes", "gpu")
    cfs, driver = cloud.one(ADDON, "addons-cfs"), cloud.one(ADDON, "addons-nvidia-gpu")
    assert (cloud.depends(cfs, cpu), cloud.depends(cfs, gpu)) == (True, False)
    assert (cloud.depends(driver, cpu), cloud.depends(driver, gpu)) == (False, True)


def test_an_addon_is_given_longer_than_the_providers_three_minutes() -> None:
    timeouts = addons(AddonPlan("cfs", "system")).one(ADDON).registration.timeouts
    assert {timeouts["create"], timeouts["update"], timeouts["delete"]} == {"20m"}


def test_nothing_is_sent_where_there_is_nothing_to_set() -> None:
    assert addons(AddonPlan("cfs", "system")).one(ADDON).inputs == {"clusterId": "cls-1", "addonName": "cfs"}


def test_addons_are_children_of_their_component() -> None:
    cloud = addons(AddonPlan("cfs", "system"))
    assert cloud.one(ADDON).parent == cloud.one("tke-llm:cloud:Addons").urn


def roles(**existing: str) -> ComponentRun:
    """The service roles in an account where `existing` roles are there, with these descriptions."""
    answers = {
        "tencentcloud:Cam/getRoles:getRoles": {
            "roleLists": [
                {"name": name, "description": description, "roleId": f"{name}-there"}
                for name, description in existing.items()
            ]
        }
    }

    def make() -> dict[str, pulumi.Output[str]]:
        made = ServiceRoles("roles", ServiceRolesArgs(naming=Naming("tke-llm", "dev", {"team": "ml"})))
        return {str(number): resource.urn for number, resource in enumerate(made.ready)}

    return build(make, answers=answers)


def test_an_account_without_service_roles_gets_them_all() -> None:
    assert {r.inputs["name"] for r in roles().of(ROLE)} == {role.name for role in SERVICE_ROLES}


def test_a_role_that_is_there_is_left_alone_and_lacks_no_policy() -> None:
    cloud = roles(TKE_QCSRole="clicked in the console")
    assert "TKE_QCSRole" not in {r.inputs["name"] for r in cloud.of(ROLE)}
    attached = {a.inputs["policyName"] for a in cloud.of(ATTACHMENT) if a.inputs["roleName"] == "TKE_QCSRole"}
    assert "QcloudAccessForTKERoleInCreatingCFSStorageclass" in attached


def test_a_role_that_this_stack_made_stays_declared() -> None:
    description = roles().one(ROLE, "roles-TKE_QCSRole").inputs["description"]
    cloud = roles(TKE_QCSRole=description)
    assert cloud.one(ROLE, "roles-TKE_QCSRole").registration.import_id == "TKE_QCSRole-there"
    assert len(cloud.of(ROLE)) == len(SERVICE_ROLES)


def test_no_stack_deletes_a_role_or_takes_a_policy_from_it() -> None:
    cloud = roles()
    assert all(r.registration.retain_on_delete for r in cloud.of(ROLE) + cloud.of(ATTACHMENT))


def test_a_cluster_that_waits_for_the_roles_waits_for_every_policy() -> None:
    cloud = roles()
    assert {seen.value for seen in cloud.seen.values()} == {a.urn for a in cloud.of(ATTACHMENT)}
    for attachment in cloud.of(ATTACHMENT):
        role = next(r for r in cloud.of(ROLE) if r.inputs["name"] == attachment.inputs["roleName"])
        assert cloud.depends(attachment, role)


def test_only_the_product_itself_may_assume_a_role() -> None:
    for role in roles().of(ROLE):
        (statement,) = json.loads(role.inputs["document"])["statement"]
        (service,) = statement["principal"]["service"]
        assert service.endswith((".qcloud.com", ".cloud.tencent.com"))
        assert role.inputs["tags"]["team"] == "ml"
