"""Rules of our own, that no catalogue has, on secrets and on what everybody could be given."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, any_of, must_be_absent, must_have
from policies.resource import UNKNOWN, Resource, type_of
from policies.rule import AnyRule, Check, Config, Judge, NotApplicable, Rule
from policies.rules.aws import types as aws
from policies.rules.gcp.common import in_template, somebody
from policies.rules.gcp.types import (
    BUCKET,
    INSTANCE,
    JOB,
    KEY,
    KEY_MEMBER,
    PROJECT_MEMBER,
    REDIS,
    REPOSITORY,
    SECRET,
    SECRET_MEMBER,
    SECRET_VERSION,
    SERVICE,
    VALKEY,
)
from policies.rules.references import references
from policies.verdict import Undecided

KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
SECRETS = "components/gcp/README.md#logins-and-secrets"
EVERYBODY = ("*", {"AWS": "*"}, {"AWS": ["*"]})
PLACES = "replication.userManaged.replicas"
VARIABLES, FILES = "containers[*].envs", "volumes[*].secret"


def _pinned(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """Every secret that the template names, as a variable or a file, is of one version."""
    versions = list(_versions(resource))
    yield from (
        f"{at} must be the number of a version" for at, version in versions if version is not UNKNOWN and not _number(version)
    )
    unknown = tuple(at for at, version in versions if version is UNKNOWN)
    # A version that the stack makes has a number, not a name; only a preview's arguments do not tell where a value comes from.
    if unknown and SECRET_VERSION not in map(type_of, resource.property_depends_on.get("template", ())):
        yield Undecided(unknown)


def _versions(resource: Resource) -> Iterator[tuple[str, object]]:
    """Path and version of every secret. A file without items is of the latest version."""
    for at, listed in resource.each(in_template(resource, VARIABLES)):
        if listed is UNKNOWN:
            yield at, UNKNOWN
        for number in range(len(listed) if isinstance(listed, list) else 0):
            path = f"{at}[{number}].valueSource"
            if resource.fact(path) or resource.fact(path) is UNKNOWN:
                yield f"{path}.secretKeyRef.version", resource.fact(f"{path}.secretKeyRef.version")
    for at, secret in resource.each(in_template(resource, FILES)):
        if secret or secret is UNKNOWN:
            yield from list(resource.each(f"{at}.items[*].version")) or [(f"{at}.items", "latest")]


def _number(version: object) -> bool:
    return str(version).isdecimal()


def _placed(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """It has replicas of its own choice; without, Google chooses (``auto``)."""
    replicas = resource.fact(PLACES)
    if replicas is UNKNOWN:
        yield Undecided((PLACES,))
    elif not replicas:
        yield f"{PLACES} must be set"
    else:
        yield from must_have(f"{PLACES}[*].location")(resource, config)


def _somebody_is_named(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """No statement of ``policy`` allows everybody something, unless under a condition."""
    for at, statement in resource.each("policy.Statement[*]"):
        if statement is UNKNOWN:
            yield Undecided(("policy",))
        elif isinstance(statement, dict) and statement.get("Effect") == "Allow" and not statement.get("Condition"):
            yield from [f"{at} must not allow everybody"] if statement.get("Principal") in EVERYBODY else []


def _labelled(path: str) -> Judge:
    return all_of(must_have(f"{path}.app"), must_have(f"{path}.environment"))


RULES: tuple[AnyRule, ...] = (
    Rule(
        id="container-secrets-pinned",
        title="A container's secrets are of stated versions",
        severity="medium",
        remediation="Name the number of a version: with 'latest' one revision runs with two values, and cannot be rolled back.",
        docs=SECRETS,
        aws=NotApplicable("ECS reads a secret once, when a task starts; rotation needs its newest version"),
        gcp=Check((SERVICE, JOB), _pinned),
        dev="mandatory",
    ),
    Rule(
        id="secret-value-write-only",
        title="A secret's value is not in the state",
        severity="high",
        remediation="Give it as secretDataWo, with a new secretDataWoVersion for every change.",
        docs=SECRETS,
        aws=NotApplicable(
            "The cache's token is an argument of the cache, too; the database's values are write-only or AWS's own"
        ),
        gcp=Check(
            (SECRET_VERSION,),
            # A real state keeps the version of a write-only value, not the value
            all_of(must_be_absent("secretData"), any_of(must_have("secretDataWo"), must_have("secretDataWoVersion"))),
        ),
        dev="mandatory",
    ),
    Rule(
        id="secret-in-region",
        title="A secret is kept in stated regions",
        severity="medium",
        remediation="Name the stack's region; Google's automatic replication keeps a secret anywhere in the world.",
        docs=SECRETS,
        aws=Check((aws.SECRET,), must_be_absent("replicas")),
        gcp=Check((SECRET,), _placed),
        dev="mandatory",
    ),
    Rule(
        id="granted-to-named",
        title="No right on a secret, key, bucket or project is everybody's",
        severity="critical",
        frameworks=references(cis_gcp="1.9"),
        remediation="Grant it to the role or service account of each workload that needs it.",
        docs=SECRETS,
        aws=Check((KEY_POLICY, aws.BUCKET_POLICY), _somebody_is_named),
        gcp=Check((SECRET_MEMBER, KEY_MEMBER, PROJECT_MEMBER), somebody),
        dev="mandatory",
    ),
    Rule(
        id="data-labelled",
        title="What holds data says which app and environment it is of",
        severity="low",
        remediation="Give it scope.labels() or scope.named(), as every component does.",
        docs="components/gcp/README.md#database",
        aws=Check(
            (aws.CLUSTER, aws.INSTANCE, aws.SECRET, aws.BUCKET, aws.KEY, aws.CACHE, aws.REPOSITORY, aws.VAULT), _labelled("tags")
        ),
        gcp=(
            Check((SECRET, BUCKET, KEY, REDIS, VALKEY, REPOSITORY), _labelled("labels")),
            Check((INSTANCE,), _labelled("settings.userLabels")),
        ),
        dev="mandatory",
    ),
)
