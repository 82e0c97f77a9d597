"""Google Cloud: the checks of the rules in policies/rules/containers.py. Cloud Run's second API, which scanners do not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.checks import all_of, any_of, at_least, must_be, must_be_in, must_have, only_when
from policies.resource import ABSENT, UNKNOWN, Resource
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.common import in_template, of_template, somebody
from policies.rules.gcp.types import JOB, JOB_BINDING, JOB_MEMBER, SERVICE, SERVICE_BINDING, SERVICE_MEMBER
from policies.rules.literals import is_literal_secret
from policies.verdict import Undecided

RUNS = (SERVICE, JOB)
DEFAULT_ACCOUNTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
"""How the accounts end that everything in a project acts as when it names none. Often they are editors of the whole project."""
OPEN, BALANCED = "INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
PLACES = re.compile(r"(^|_)(HOSTS?|PORT|ID|REGION)$")
"""Names of variables that cannot be secrets whatever they turn out to be: where something is."""
NOTHING_TO_SET = "Cloud Run has no such thing: no property of a service or job opens it"


def _variables(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """Every variable with a value, by name and by what the value looks like; one with a reference to a secret is right."""
    unknown: list[str] = []
    for at, listed in resource.each(in_template(resource, "containers[*].envs")):
        if listed is UNKNOWN:
            unknown.append(at)
        for number, variable in enumerate(listed if isinstance(listed, list) else ()):
            path, given = f"{at}[{number}].value", variable if isinstance(variable, dict) else {"name": UNKNOWN, "value": UNKNOWN}
            if given.get("valueSource", ABSENT) is not ABSENT:
                continue
            name, value = str(given.get("name")), given.get("value", ABSENT)
            verdict = is_literal_secret(name, value)
            if verdict is None:
                unknown += [] if PLACES.search(name) else [path]
            elif verdict:
                yield f"{path} must not hold a secret: name where it is instead (valueSource.secretKeyRef)"
    if unknown:
        yield Undecided(tuple(unknown))


def _account(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """Unknown is enough: an account that the stack makes."""
    path = in_template(resource, "serviceAccount")
    account = resource.fact(path)
    if account is not UNKNOWN and (not account or str(account).endswith(DEFAULT_ACCOUNTS)):
        yield f"{path} must be an account of its own, not the project's default one"


service_no_public_ip = NotApplicable("A container of Cloud Run has no address: who reaches it is service-ingress-limited")
service_platform_latest = NotApplicable("Google keeps the platform of Cloud Run; there is no version to choose")
container_not_privileged = NotApplicable(NOTHING_TO_SET)
container_root_read_only = NotApplicable("The file system of a container is memory and gone with it; it cannot be made read-only")
container_not_root = NotApplicable("The image says who its process is; Cloud Run has no property for it, and a sandbox around it")
container_logs = NotApplicable("Cloud Run always writes output to Cloud Logging; how long it is kept is log-retention")
container_no_literal_secrets = Check(RUNS, _variables)
task_roles_separate = NotApplicable("Images are pulled by Google's own account: a container's account has nothing to do with it")
task_no_host_access = NotApplicable(NOTHING_TO_SET)
cluster_insights = NotApplicable("Cloud Run measures every revision and has no switch for it")
cluster_sessions_logged = NotApplicable(NOTHING_TO_SET)
service_own_identity = Check(RUNS, _account)
service_ingress_limited = Check(
    (SERVICE,),
    all_of(
        must_be_in("ingress", ("INGRESS_TRAFFIC_INTERNAL_ONLY", BALANCED), default=OPEN),
        # Else the run.app address leads past the load balancer's firewall, for who is inside.
        only_when("ingress", (BALANCED,), must_be("defaultUriDisabled", True, default=False), default=OPEN),
    ),
)
service_invokers_limited = (
    Check((SERVICE_MEMBER, SERVICE_BINDING, JOB_MEMBER, JOB_BINDING), somebody),
    # Without the check of callers a service is what allUsers would make it; behind the load balancer that is what it is for.
    Check((SERVICE,), only_when("ingress", (OPEN,), must_be("invokerIamDisabled", False, default=False), default=OPEN)),
)
service_private_egress = Check(
    RUNS,
    all_of(
        # PRIVATE_RANGES_ONLY would do for the database; the rest then leaves past firewall, flow logs and NAT
        of_template("vpcAccess.egress", lambda path: must_be(path, "ALL_TRAFFIC", default="PRIVATE_RANGES_ONLY")),
        any_of(of_template("vpcAccess.networkInterfaces", must_have), of_template("vpcAccess.connector", must_have)),
    ),
)
service_minimum_instances = Check(
    (SERVICE,),
    any_of(
        at_least("scaling.minInstanceCount", "instances", default=0),
        at_least("template.scaling.minInstanceCount", "instances", default=0),
    ),
)
