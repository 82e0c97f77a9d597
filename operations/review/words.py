"""How all formats word the same things."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from operations.review.model import Kind, Operation, Review
from policies.resource import COMPONENT, Resource, Stack
from policies.values import ABSENT, UNKNOWN
from policies.verdict import Failed, Finding

SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.REPLACED: "!", Kind.CHANGED: "~"}

LOUD = {
    Operation.DELETE: "DELETES DATA",
    Operation.REPLACE: "REPLACES DATA",
    Operation.UNPROTECT: "UNPROTECTS DATA",
}

LONGEST = 80
"""Characters of a value that are shown."""


def value(given: Any) -> str:
    """A property's value for people, one line, shortened."""
    if given is ABSENT:
        return "not set"
    if given is UNKNOWN:
        return "known after the deployment"
    text = given if isinstance(given, str) else json.dumps(given, sort_keys=True, default=str)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def short(token: str) -> str:
    """``Cluster`` of ``aws:rds/cluster:Cluster``."""
    return token.rpartition(":")[2]


def findings(review: Review) -> list[Finding]:
    """What the rules found and could not decide, mandatory first, then by rule and resource."""
    found = (*review.report.findings, *review.report.undecided)
    return sorted(found, key=lambda one: (one.level != "mandatory", one.rule, one.urn, one.verdict.message))


def blocks(finding: Finding) -> bool:
    """Whether *finding* is one of ``report.violations``."""
    return finding.level == "mandatory" and isinstance(finding.verdict, Failed)


def sentence(text: str) -> str:
    """*text* with a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def name_in(stack: Stack, urn: str) -> str:
    """The resource's name; the stack's where *urn* is empty."""
    found = stack.get(urn)
    return found.name if found else urn.rpartition("::")[2] or f"stack {stack.name}"


def real(resources: Iterable[Resource]) -> list[Resource]:
    """Without the components, which are only ways to group."""
    return [resource for resource in resources if not resource.type.startswith(COMPONENT)]


def census(resources: Iterable[Resource]) -> str:
    """``Cluster, 2 ClusterInstance, 3 Secret``."""
    found = Counter(short(resource.type) for resource in resources)
    return ", ".join(name if number == 1 else f"{number} {name}" for name, number in sorted(found.items()))


def dollars(amount: float | None) -> str:
    """``1,234.50``; what is not known is said to be."""
    return "unknown" if amount is None else f"{amount:,.2f}"


def signed(amount: float) -> str:
    """``+12.30``, ``-4.00``, ``no change``."""
    return f"{amount:+,.2f}" if abs(amount) >= 0.005 else "no change"


def counts(review: Review) -> str:
    """``2 added, 1 changed``, or that nothing is."""
    found = [f"{len(review.of(kind))} {kind}" for kind in SIGNS if review.of(kind)]
    return ", ".join(found) or "nothing changes"


def headline(review: Review) -> str:
    """One line: what the stack is and what becomes of it."""
    stack = review.stack
    text = f"{stack.name}: {len(real(stack.resources))} resources ({stack.provider}, {stack.tier})"
    return f"{text}; against {review.against}: {counts(review)}" if review.before else text


def cost(review: Review) -> str:
    """One line: what it costs a month, and how sure that is."""
    now, before = review.estimate, review.estimate_before
    if not now.lines:
        return "nothing: it runs on this machine" if review.stack.provider == "local" else "nothing that is charged"
    text = f"{dollars(now.monthly)} USD a month"
    if before:
        text += f" ({signed(now.monthly - before.monthly)})"
    text += f", of which {dollars(now.usage)} rest on assumed use" if now.usage else ""
    return f"{text}; {len(now.unknown)} prices are unknown and not in it" if now.unknown else text


def verdict(review: Review) -> str:
    """One line: whether it may be merged."""
    report = review.report
    wrong = [
        (len(review.risks), "data loss risk"),
        (len(report.violations), "violation"),
        (len(report.expired_waivers), "expired waiver"),
        (len(report.unused_waivers), "unused waiver"),
    ]
    found = [f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in wrong if number]
    return ", ".join(found) or "fine"
