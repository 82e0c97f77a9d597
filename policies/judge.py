"""Judges a stack by the rules: the one way of it, for the pack's tests and for ``review``. The pack calls the rules one by one.

A rule that raises is a finding of its own, never an abort and never silence.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.resource import Resource, Stack
from policies.rule import AnyRule, Config, Rule, StackRule
from policies.verdict import Failed, Finding, Level, Undecided
from policies.waivers import Waiver, expired

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Waived:
    """A finding that *waiver* covers."""

    finding: Finding
    waiver: Waiver


@dataclass(frozen=True)
class Report:
    """What the rules say of one stack. Sequences are in the order of the rules, then of the stack."""

    stack: str
    findings: tuple[Finding, ...]
    """Violations that no waiver covers, mandatory and advisory."""
    undecided: tuple[Finding, ...]
    """What hangs on values that are known only after a deployment."""
    waived: tuple[Waived, ...]
    unused_waivers: tuple[Waiver, ...]
    """Waivers for this stack that cover nothing: the violation is gone, so must they be."""
    expired_waivers: tuple[Waiver, ...]
    coverage: Mapping[str, int]
    """Rule id to how many resources it judged (1 for a rule about the stack); 0 means that it had nothing to look at."""

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The findings that stop a deployment."""
        return tuple(finding for finding in self.findings if finding.level == "mandatory")

    @property
    def ok(self) -> bool:
        """Nothing mandatory is broken and every waiver is in order. Undecided rules are for the gate."""
        return not (self.violations or self.unused_waivers or self.expired_waivers)


def judge(
    stack: Stack,
    *,
    enforcement: Mapping[str, Level],
    config: Mapping[str, Config],
    waivers: Sequence[Waiver],
    rules: Sequence[AnyRule],
) -> Report:
    """Judge *stack* on ``stack.today``. *enforcement* and *config* as ``policies.levels.load`` gives them.

    A rule without a level is mandatory: one that was forgotten must not go quiet.
    """
    active = tuple(rule for rule in rules if enforcement.get(rule.id) != "disabled")
    found: list[Finding] = []
    coverage = {rule.id: 0 for rule in active}
    for rule in active:
        level, settings = enforcement.get(rule.id, "mandatory"), config.get(rule.id, {})
        if isinstance(rule, StackRule):
            coverage[rule.id] = len(stack.of_type(*rule.types)) if rule.types else 1
            found += [_finding(rule, urn, verdict, level) for urn, verdict in of_stack(rule, stack, settings)]
            continue
        for resource in stack.of_type(*rule.checks):
            coverage[rule.id] += 1
            found += [_finding(rule, resource.urn, verdict, level) for verdict in of_resource(rule, resource, settings)]
    waived, left = [], []
    for finding in found:
        urn = finding.urn or root_of(stack)
        waiver = next((waiver for waiver in waivers if waiver.covers(finding.rule, urn, stack.today)), None)
        if waiver:
            waived.append(Waived(finding, waiver))
        else:
            left.append(finding)
    used = {item.waiver for item in waived}
    late = expired(waivers, stack.today)
    return Report(
        stack=stack.name,
        findings=tuple(finding for finding in left if isinstance(finding.verdict, Failed)),
        undecided=tuple(finding for finding in left if isinstance(finding.verdict, Undecided)),
        waived=tuple(waived),
        unused_waivers=tuple(w for w in waivers if w not in used and w not in late and _concerns(w, stack)),
        expired_waivers=late,
        coverage=coverage,
    )


def of_resource(rule: Rule, resource: Resource, config: Config) -> Iterator[Failed | Undecided]:
    """What *rule* says of *resource*: nothing when it holds, or when it is not about this type."""
    for check in rule.checks.get(resource.type, ()):
        try:
            for said in check.judge(resource, config):
                yield said if isinstance(said, Undecided) else Failed(said)
        except Exception as error:
            yield _could_not_run(rule, error)


def of_stack(rule: StackRule, stack: Stack, config: Config) -> Iterator[tuple[str, Failed | Undecided]]:
    """What *rule* says of *stack*, each with a URN, or ``""`` for the stack as a whole."""
    try:
        for said in rule.judge(stack, config):
            if isinstance(said, Undecided):
                yield said.urn, said
            else:
                yield said[0] or "", Failed(said[1])
    except Exception as error:
        yield "", _could_not_run(rule, error)


def sentence_of(rule: AnyRule, verdict: Failed) -> str:
    """What a person reads: what is wrong, how to mend it, where it is explained."""
    return verdict.message if isinstance(verdict, CouldNotRun) else f"{verdict.message}. {rule.remediation} ({rule.docs})"


def root_of(stack: Stack) -> str:
    """URN of the stack itself, which findings about it as a whole are waived by."""
    project = stack.resources[0].project if stack.resources else "managed-postgres"
    return f"urn:pulumi:{stack.name}::{project}::pulumi:pulumi:Stack::{project}-{stack.name}"


class CouldNotRun(Failed):
    """The rule itself is broken: whatever its level, nothing may pass because of it."""


def _could_not_run(rule: AnyRule, error: Exception) -> Failed:
    """Says the error's class and the line, not its text: that may hold a value, and values may be secrets."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(HERE)]
    at = f" at policies/{Path(frames[-1].filename).relative_to(HERE).as_posix()}:{frames[-1].lineno}" if frames else ""
    return CouldNotRun(
        f"rule {rule.id} could not run: {type(error).__name__}{at}; mend the rule, or disable it in policies/config"
    )


def _finding(rule: AnyRule, urn: str, verdict: Failed | Undecided, level: Level) -> Finding:
    return Finding(rule.id, urn, verdict, "mandatory" if isinstance(verdict, CouldNotRun) else level)


def _concerns(waiver: Waiver, stack: Stack) -> bool:
    """Whether *waiver* should have covered something here: it names this stack, or a resource that is in it."""
    return waiver.names_stack(stack.name) or any(waiver.matches(resource.urn) for resource in stack.resources)
