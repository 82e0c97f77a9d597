"""What several subjects ask of Google Cloud's resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policies.resource import ABSENT, UNKNOWN, Resource, type_of
from policies.rule import Check, Config, Judge, NotApplicable
from policies.rules.conditions import unless_set, when_asked
from policies.rules.gcp.types import ACCOUNT, JOB, SERVICE_IDENTITY
from policies.verdict import Undecided

Checks = Check | tuple[Check, ...] | NotApplicable

DAY_SECONDS = 24 * 3600
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
"""The second is everybody with any Google account."""


def primary(judge: Judge) -> Judge:
    """*judge*, but not for a read replica: it has its source's key, users and backups."""
    return unless_set("masterInstanceName", judge)


def own_key(judge: Judge) -> Judge:
    """*judge* where the configuration asks for a key of the stack on Google Cloud too: Google encrypts everything in any case,
    with keys that it turns itself, and no benchmark asks for more."""
    return when_asked("google", judge)


def in_template(resource: Resource, path: str) -> str:
    """Where *path* of a Cloud Run template is: a job has the template of an execution around it."""
    return f"template.template.{path}" if resource.type == JOB else f"template.{path}"


def of_template(path: str, judge_of: Callable[[str], Judge]) -> Judge:
    """The judge that *judge_of* makes of *path* in the template of a service or a job."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        yield from judge_of(in_template(resource, path))(resource, config)

    return judge


def comes_from(resource: Resource, name: str, *tokens: str) -> bool:
    """Whether the value of property *name* is made from resources of types *tokens* only. Edges are known where values are not,
    but for the arguments of a policy about one resource in a real preview."""
    urns = resource.property_depends_on.get(name, ())
    return bool(urns) and all(type_of(urn) in tokens for urn in urns)


def somebody(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """The right is given to somebody, not to everybody: ``member``, or all of ``members``."""
    single, listed = resource.fact("member"), resource.fact("members")
    found = [single] if listed is ABSENT else listed if isinstance(listed, list) else [UNKNOWN]
    name = "member" if listed is ABSENT else "members"
    if any(member in EVERYBODY for member in found):
        yield f"{name} must not be {' or '.join(EVERYBODY)}"
    elif UNKNOWN in found and not comes_from(resource, name, ACCOUNT, SERVICE_IDENTITY):
        yield Undecided((name,))


def seconds(value: object) -> float:
    """A duration such as ``7776000s``; nan, which no number is at least or at most, for what is none."""
    try:
        return float(str(value).removesuffix("s"))
    except ValueError:
        return float("nan")
