"""The rules as policies of Pulumi's SDK. Built here and served by ``__main__``: a ``PolicyPack`` never returns.

The SDK ends a policy at the first unknown value and lets the preview pass; an exception ends the whole run without saying which
policy it was. So ``Resource.fact`` reads one property at a time, and the validators here catch everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policies import waivers as files
from policies.errors import PolicyFileError
from policies.judge import of_resource, of_stack, root_of, sentence_of
from policies.levels import config_of
from policies.resource import Resource, Stack, Tier, component_of
from policies.rule import AnyRule, Rule, StackRule
from policies.verdict import Failed, Undecided
from policies.waivers import Waiver

NAME = "managed-postgres"

IN_ORDER = "waivers-in-order"
"""The one policy that is about the pack's own files."""


def policies(rules: Sequence[AnyRule], file: Path = files.FILE) -> list[Policy]:
    """A policy for each rule, at its level for prod: a configuration file (``--policy-pack-config``) may make it milder."""
    waivers: Sequence[Waiver] = ()
    wrong: Sequence[str] = ()
    try:
        waivers = files.load(file, rules)
    except PolicyFileError as error:
        wrong = error.sentences
    return [
        _waivers_in_order(waivers, wrong),
        *(_resource_policy(rule, waivers) if isinstance(rule, Rule) else _stack_policy(rule, waivers) for rule in rules),
    ]


class StillUndecided(UnknownValueError):
    """Ends a validator that knows of undecided properties, after it has reported its violations.

    The SDK turns it into an advisory ``can't run policy '<id>' ...: undecided: <properties> ...``: the only way to say
    something advisory beside the mandatory violations of the same policy.
    """

    def __init__(self, undecided: Sequence[Undecided]) -> None:
        paths = [f"{one.urn}.{path}" if one.urn else path for one in undecided for path in one.properties]
        super().__init__(UNKNOWN_STRING_VALUE, paths)
        self.message = Undecided(tuple(dict.fromkeys(paths))).message


def _resource_policy(rule: Rule, waivers: Sequence[Waiver]) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type in rule.checks:
            resource, today = resource_of(args), date.today()
            config = config_of(rule, args.get_config())
            found = [(resource.urn, verdict) for verdict in of_resource(rule, resource, config)]
            _tell(rule, found, waivers, today, lambda urn: urn, report)

    return ResourceValidationPolicy(validate=validate, **_described(rule))


def _stack_policy(rule: StackRule, waivers: Sequence[Waiver]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = stack_of(args.resources)
        found = list(of_stack(rule, stack, config_of(rule, args.get_config())))
        _tell(rule, found, waivers, stack.today, lambda urn: urn or root_of(stack), report)

    return StackValidationPolicy(validate=validate, **_described(rule))


def _tell(
    rule: AnyRule,
    found: Iterable[tuple[str, Failed | Undecided]],
    waivers: Sequence[Waiver],
    today: date,
    waived_as: Callable[[str], str],
    report: ReportViolation,
) -> None:
    left = [(urn, verdict) for urn, verdict in found if not any(w.covers(rule.id, waived_as(urn), today) for w in waivers)]
    for urn, verdict in left:
        if isinstance(verdict, Failed):
            report(sentence_of(rule, verdict), urn or None)
    undecided = [verdict for _, verdict in left if isinstance(verdict, Undecided)]
    if undecided:
        raise StillUndecided(undecided)


def _waivers_in_order(waivers: Sequence[Waiver], wrong: Sequence[str]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        late = files.expired(waivers, date.today())
        for sentence in (
            *wrong,
            *(f"The waiver of {w.policy} for {w.urn} expired on {w.expires}; mend it or end it." for w in late),
        ):
            report(sentence, None)

    return StackValidationPolicy(
        name=IN_ORDER,
        description="Every waiver can be read and is in force",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        severity=Severity.HIGH,
        remediation_steps="Mend policies/waivers.yaml.",
    )


def _described(rule: AnyRule) -> dict[str, Any]:
    """What both kinds of policy say of themselves."""
    first = rule.frameworks[0] if rule.frameworks else None
    schema = {
        key: {
            "type": entry.type,
            "default": entry.default,
            "description": entry.meaning,
            **({} if entry.minimum is None else {"minimum": entry.minimum}),
            **({} if entry.maximum is None else {"maximum": entry.maximum}),
        }
        for key, entry in rule.config.items()
    }
    return {
        "name": rule.id,
        "description": rule.title,
        "display_name": rule.title,
        "enforcement_level": EnforcementLevel(rule.prod),
        "config_schema": PolicyConfigSchema(properties=schema) if schema else None,
        "severity": Severity(rule.severity),
        "framework": PolicyComplianceFramework(name=first.framework, version=first.version, reference=first.id)
        if first
        else None,
        "tags": [" ".join(reference) for reference in rule.frameworks],
        "remediation_steps": rule.remediation,
    }


def resource_of(args: ResourceValidationArgs) -> Resource:
    """The resource that is being registered; its parent is all that is known of the others."""
    parent = args.opts.parent or ""
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        props=args.props,
        protect=bool(args.opts.protect),
        parent=parent,
        component=component_of(parent, {}),
        ignore_changes=tuple(args.opts.ignore_changes),
        **_place(args.urn),
    )


def stack_of(resources: Sequence[PolicyResource]) -> Stack:
    """All of *resources*, as far as they are known."""
    parents = {item.urn: item.parent.urn for item in resources if item.parent}
    found = tuple(
        Resource(
            urn=item.urn,
            type=item.resource_type,
            name=item.name,
            props=item.props,
            protect=bool(item.opts.protect),
            parent=parents.get(item.urn, ""),
            depends_on=tuple(other.urn for other in item.dependencies),
            property_depends_on={key: tuple(o.urn for o in others) for key, others in item.property_dependencies.items()},
            component=component_of(item.urn, parents),
            ignore_changes=tuple(item.opts.ignore_changes),
            **_place(item.urn),
        )
        for item in resources
    )
    clouds = {resource.type.partition(":")[0] for resource in found}
    provider = next((cloud for cloud in ("aws", "gcp") if cloud in clouds), "local")
    return Stack(name=found[0].stack if found else "", tier=tier_of(found), provider=provider, resources=found)


def tier_of(resources: Sequence[Resource]) -> Tier:
    """The stack's tier: from its settings, which the engine passes on to a pack it starts itself, or else from its tags.

    A stack that says it nowhere is judged as prod.
    """
    settings: Mapping[str, Any] = json.loads(os.environ.get("PULUMI_CONFIG") or "{}")
    told: list[Any] = [settings.get(f"{NAME}:tier")]
    told += [resource.fact(f"{key}.tier") for resource in resources for key in ("tags", "labels", "userLabels")]
    return next((tier for tier in told if tier in get_args(Tier)), "prod")


def _place(urn: str) -> dict[str, Any]:
    head = urn.split("::", 2)
    return {"stack": head[0].rpartition(":")[2], "project": head[1]}
