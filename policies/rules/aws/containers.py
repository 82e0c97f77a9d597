"""AWS: the checks of the rules in policies/rules/containers.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, at_least, must_be, must_be_in, must_have, must_not_be_in
from policies.resource import ABSENT, UNKNOWN, Resource, Stack, type_of
from policies.rule import Check, Config, NotApplicable
from policies.rules.aws.types import ECS_CLUSTER, ECS_SERVICE, FUNCTION, ROLE, TASK
from policies.rules.literals import is_literal_secret
from policies.verdict import Undecided

DEFINITIONS = "containerDefinitions"
ROLES = ("taskRoleArn", "executionRoleArn")
ROOTS = ("", "0", "root")


def _users(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    for at, user in resource.each(f"{DEFINITIONS}[*].user"):
        if user is UNKNOWN:
            yield Undecided((at,))
        elif user is ABSENT or str(user).partition(":")[0] in ROOTS:
            yield f"{at} must be a user that is not root"


def _variables(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """Variables in the containers of a task."""
    for at, listed in resource.each(f"{DEFINITIONS}[*].environment"):
        if listed is UNKNOWN:
            yield Undecided((at,))
        for variable in listed if isinstance(listed, list) else []:
            name = str(variable.get("name"))
            yield from _said(f"{at} '{name}'", name, variable.get("value", ABSENT))


def _function_variables(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    variables = resource.fact("environment.variables")
    if variables is UNKNOWN:
        yield Undecided(("environment.variables",))
    said = [
        item
        for name, value in (variables.items() if isinstance(variables, dict) else ())
        for item in _said(f"environment.variables.{name}", name, value)
    ]
    yield from (item for item in said if not isinstance(item, Undecided))
    if later := tuple(name for item in said if isinstance(item, Undecided) for name in item.properties):
        yield Undecided(later)


def _said(at: str, name: str, value: object) -> Iterator[str | Undecided]:
    verdict = is_literal_secret(name, value)
    if verdict is None:
        yield Undecided((at,))
    elif verdict:
        yield f"{at} must not hold a secret: name where it is instead (secrets, valueFrom)"


def _insights(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    settings = resource.fact("settings")
    items = settings if isinstance(settings, list) else []
    values = [item.get("value", ABSENT) for item in items if isinstance(item, dict) and item.get("name") == "containerInsights"]
    if settings is UNKNOWN or UNKNOWN in values or UNKNOWN in items:
        yield Undecided(("settings",))
    elif not any(value in ("enabled", "enhanced") for value in values):
        yield "settings must hold containerInsights = enabled or enhanced"


SESSIONS = "configuration.executeCommandConfiguration"

service_no_public_ip = Check((ECS_SERVICE,), must_be("networkConfiguration.assignPublicIp", False, default=False))
service_platform_latest = Check((ECS_SERVICE,), must_be("platformVersion", "LATEST", default="LATEST"))
container_not_privileged = Check((TASK,), must_be(f"{DEFINITIONS}[*].privileged", False, default=False))
container_root_read_only = Check((TASK,), must_be(f"{DEFINITIONS}[*].readonlyRootFilesystem", True))
container_not_root = Check((TASK,), _users)
container_logs = Check((TASK,), must_not_be_in(f"{DEFINITIONS}[*].logConfiguration.logDriver", ("none",)))
container_no_literal_secrets = (Check((TASK,), _variables), Check((FUNCTION,), _function_variables))
task_no_host_access = Check(
    (TASK,),
    all_of(
        must_not_be_in("networkMode", ("host",)),  # absent is bridge: not on Fargate
        must_not_be_in("pidMode", ("host",), default="task"),
        must_not_be_in("ipcMode", ("host",), default="task"),
    ),
)
cluster_insights = Check((ECS_CLUSTER,), _insights)
cluster_sessions_logged = Check(
    (ECS_CLUSTER,),
    all_of(
        must_have(f"{SESSIONS}.kmsKeyId"),
        must_be_in(f"{SESSIONS}.logging", ("OVERRIDE",)),
        must_be(f"{SESSIONS}.logConfiguration.cloudWatchEncryptionEnabled", True),
    ),
)
service_own_identity = Check((TASK,), must_have("taskRoleArn"))
service_ingress_limited = NotApplicable("Who reaches a task is in security groups: only-web-open, data-ports-closed")
service_invokers_limited = NotApplicable("A task is reached by network only; there is nobody to grant an invocation to")
service_private_egress = NotApplicable("A task of Fargate is always in subnets of the VPC")
service_minimum_instances = Check((ECS_SERVICE,), at_least("desiredCount", "instances", default=0))


def task_roles_separate(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """What the application may do is not what the agent may do: read every secret of the task, pull images.

    Two roles of the stack are told apart by where the ARNs come from, which a preview knows; other ones by the ARNs.
    """
    for task in stack.of_type(TASK):
        own, agent = (task.fact(name) for name in ROLES)
        of_own, of_agent = (_roles(task, name) for name in ROLES)
        if own is ABSENT or agent is ABSENT:
            continue
        if not (of_own and of_agent) and UNKNOWN in (own, agent):
            yield Undecided(ROLES, task.urn)
        elif of_own & of_agent if of_own and of_agent else own == agent:
            yield task.urn, "taskRoleArn and executionRoleArn must be different roles"


def _roles(task: Resource, name: str) -> set[str]:
    return {urn for urn in task.property_depends_on.get(name, ()) if type_of(urn) == ROLE}
