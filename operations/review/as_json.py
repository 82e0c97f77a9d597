"""Reviews as one JSON value, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operations.review import words
from operations.review.cost import Estimate
from operations.review.model import Change, Review, Risk, Unreviewed
from operations.review.report import exit_code
from policies.resource import Resource
from policies.values import ABSENT, UNKNOWN
from policies.verdict import Finding

VERSION = 1
"""Of this form: grows when a key changes its meaning or goes."""


def document(outcomes: Sequence[Review | Unreviewed]) -> dict[str, Any]:
    """Everything in *outcomes*; absent values are null, unknown ones ``{"unknown": true}``."""
    stacks = [_unreviewed(one) if isinstance(one, Unreviewed) else _review(one) for one in outcomes]
    return {"version": VERSION, "exit_code": exit_code(outcomes), "stacks": stacks}


def _unreviewed(outcome: Unreviewed) -> dict[str, Any]:
    return {"name": outcome.name, "reviewed": False, "errors": list(outcome.sentences)}


def _review(review: Review) -> dict[str, Any]:
    report = review.report
    return {
        "name": review.name,
        "reviewed": True,
        "provider": review.stack.provider,
        "tier": review.stack.tier,
        "against": review.against or None,
        "verdict": words.verdict(review),
        "risks": [_risk(risk) for risk in review.risks],
        "changes": [_change(change) for change in review.changes],
        "policies": {
            "findings": [_finding(finding) for finding in report.findings],
            "undecided": [_finding(finding) for finding in report.undecided],
            "waived": [
                {**_finding(one.finding), "reason": one.waiver.reason, "owner": one.waiver.owner} for one in report.waived
            ],
            "expired_waivers": [
                {"rule": one.policy, "urn": one.urn, "expired": str(one.expires)} for one in report.expired_waivers
            ],
            "unused_waivers": [{"rule": one.policy, "urn": one.urn} for one in report.unused_waivers],
            "coverage": dict(report.coverage),
        },
        "cost": _cost(review.estimate),
        "cost_before": _cost(review.estimate_before) if review.estimate_before else None,
        "posture": review.posture.sentences(),
        "resources": [_resource(resource) for resource in words.real(review.stack.resources)],
        "notes": list(review.notes),
    }


def _resource(resource: Resource) -> dict[str, Any]:
    return {key: getattr(resource, key) for key in ("urn", "type", "name", "component", "protect")}


def _risk(risk: Risk) -> dict[str, Any]:
    told = {"holds": risk.holds, "reason": risk.reason, "way_out": risk.way_out}
    return {"operation": risk.operation, "urn": risk.resource.urn, "type": risk.resource.type, **told}


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        **_resource(change.resource),
        "reason": change.reason,
        "properties": [
            {"path": item.path, "before": _value(item.before), "after": _value(item.after), "create_only": item.create_only}
            for item in change.properties
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"rule": finding.rule, "urn": finding.urn, "level": finding.level, "message": finding.verdict.message}


def _cost(estimate: Estimate) -> dict[str, Any]:
    return {
        "monthly_usd": round(estimate.monthly, 2),
        "assumed_use_usd": round(estimate.usage, 2),
        "components": {name: round(part.monthly, 2) for name, part in estimate.components().items()},
        "unknown": [{"urn": line.urn, "what": line.what} for line in estimate.unknown],
        "prices": estimate.table,
    }


def _value(value: Any) -> Any:
    if value is ABSENT:
        return None
    if value is UNKNOWN:
        return {"unknown": True}
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return [_value(item) for item in value] if isinstance(value, list) else value
