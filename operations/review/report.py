"""Reviews stacks of a checkout: programs run side by side, then compared, judged and priced here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.review import revisions
from operations.review.compare import compare
from operations.review.cost import estimate
from operations.review.create_only import kind_of
from operations.review.graph import Graph
from operations.review.model import Kind, Review, Unreviewed
from operations.review.posture import posture
from operations.review.risks import risks
from operations.review.worker import Beside, Graphs, graphs
from policies import levels, waivers
from policies.catalogue import RULES
from policies.errors import PolicyFileError
from policies.judge import Report, judge
from policies.resource import COMPONENT, Stack

Outcome = Review | Unreviewed


def review(checkout: Checkout, names: Sequence[str], *, against: str = "", today: date | None = None) -> tuple[Outcome, ...]:
    """What becomes of each of the stacks *names*, in their order; compared with the revision *against* where it is given.

    *today* (default: the clock's) is the day by which waivers, engine versions and restore drills are judged.

    Raises:
        Refused: there is no such revision, or a policy or price file cannot be used.
    """
    commit = revisions.commit_of(checkout.root, against) if against else ""
    day = today or date.today()
    with ExitStack() as stack:
        old = _begin_old(stack, checkout, names, commit) if commit else []
        new = _run(checkout, names, parallel=not old)
        before = {name: found for process in old for name, found in process.collect().items()}
    notes = _notes(checkout.root, commit, against)
    stacks = {name: _on(found.stack, day) for name, found in new.items() if not isinstance(found, Unreviewed)}
    done: list[Outcome] = []
    for name in names:
        found = new[name]
        if isinstance(found, Unreviewed):
            done.append(found)
            continue
        others = tuple(other for other_name, other in stacks.items() if other_name != name)
        after = replace(found, stack=replace(stacks[name], others=others))
        old_one = before.get(name)
        if isinstance(old_one, Unreviewed):
            why = f"It cannot be compared with {against}: name a revision whose program runs, or leave --against out."
            done.append(Unreviewed(name, (why, *old_one.sentences)))
        else:
            done.append(_review(after, old_one, against, day, notes))
    return tuple(done)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 fine, 1 a mandatory rule is broken, a waiver is out of order or data may be lost, 2 a stack could not be reviewed."""
    if any(isinstance(outcome, Unreviewed) for outcome in outcomes):
        return 2
    return int(any(isinstance(outcome, Review) and (outcome.risks or not outcome.report.ok) for outcome in outcomes))


def _begin_old(stack: ExitStack, checkout: Checkout, names: Sequence[str], commit: str) -> list[Beside]:
    """The programs of *commit*, one process per cloud; none for stacks that it has not."""
    root = stack.enter_context(revisions.unpacked(checkout.root, commit))
    groups = _by_cloud(Checkout(root), [name for name in names if (root / f"Pulumi.{name}.yaml").is_file()])
    return [stack.enter_context(Beside(root, group)) for group in groups]


def _run(checkout: Checkout, names: Sequence[str], *, parallel: bool) -> Graphs:
    """The programs of the checkout: in this process, and the clouds after the first beside it where a CPU is free for that."""
    first, *others = _by_cloud(checkout, names) if parallel else [list(names)]
    with ExitStack() as stack:
        beside = [stack.enter_context(Beside(checkout.root, group)) for group in others]
        found = dict(graphs(checkout.root, first))
        for process in beside:
            found |= process.collect()
    return found


def _by_cloud(checkout: Checkout, names: Sequence[str]) -> list[list[str]]:
    """*names* in two groups at most, the larger first: loading a cloud's SDK is most of the work, done once per process."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_provider(checkout, name), []).append(name)
    first, *rest = sorted(groups.values(), key=len, reverse=True) or [[]]
    return [first, [name for group in rest for name in group]] if rest else [first]


def _provider(checkout: Checkout, name: str) -> str:
    try:
        return checkout.provider(name)
    except Refused:
        return ""  # said when its program is run


def _on(stack: Stack, day: date) -> Stack:
    return replace(stack, today=day)


def _review(after: Graph, before: Graph | None, against: str, day: date, notes: tuple[str, ...]) -> Review:
    changes = compare(before, after) if before else ()
    if against and not before:
        notes = (*notes, f"Stack {after.stack.name} is new: {against} has no Pulumi.{after.stack.name}.yaml.")
    if before:
        notes = (*notes, *_unlisted(change.resource.type for change in changes if change.kind is Kind.CHANGED))
    return Review(
        stack=after.stack,
        before=before.stack if before else None,
        against=against,
        changes=changes,
        risks=risks(changes, before, after) if before else (),
        report=judged(after.stack),
        estimate=estimate(after.stack),
        estimate_before=estimate(_on(before.stack, day)) if before else None,
        posture=posture(after.stack),
        notes=notes,
    )


def judged(stack: Stack) -> Report:
    """What the policies say of *stack*, enforced as the configuration of its tier says.

    Raises:
        Refused: the configuration or the waivers cannot be used.
    """
    try:
        settings = levels.load(levels.file_of(stack.tier), RULES)
        return judge(stack, **settings._asdict(), waivers=waivers.load(waivers.FILE, RULES), rules=RULES)
    except PolicyFileError as error:
        raise Refused(*error.sentences) from None


def _notes(root: Path, commit: str, against: str) -> tuple[str, ...]:
    if not commit:
        return ()
    count = revisions.uncommitted(root)
    dirty = f"{count} uncommitted {'file is' if count == 1 else 'files are'} part of this side." if count else ""
    gone = (
        f"Stack {name} has no Pulumi.{name}.yaml any more: what it brought up goes on running, and nobody looks after it. "
        f"Take it down first (`make down STACK={name}`)."
        for name in revisions.stacks_gone(root, commit)
    )
    return tuple(filter(None, (f"Compared with {against} ({commit[:12]}).", dirty, *gone)))


def _unlisted(types: Iterator[str]) -> Iterator[str]:
    for token in sorted({token for token in types if not token.startswith((COMPONENT, "pulumi:")) and kind_of(token) is None}):
        yield (
            f"Whether a change of {token} replaces it cannot be told: it is missing in operations/review/create_only; add its "
            "create-only properties there."
        )
