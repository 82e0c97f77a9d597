"""Nothing that holds data escapes the rules: neither by a type that no rule knows, nor because all rules look for other types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from policies.resource import Stack
from policies.rule import AnyRule, Config, Rule, StackJudge, StackRule
from policies.stack.databases import TYPES
from policies.stateful import STATEFUL
from policies.verdict import Undecided

OTHERS = (
    "aws:docdb/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:efs/fileSystem:FileSystem",
    "aws:elasticache/cluster:Cluster",
    "aws:elasticache/serverlessCache:ServerlessCache",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:keyspaces/table:Table",
    "aws:kinesis/stream:Stream",
    "aws:memorydb/cluster:Cluster",
    "aws:msk/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    "aws:opensearch/domain:Domain",
    "aws:rds/globalCluster:GlobalCluster",
    "aws:redshift/cluster:Cluster",
    "aws:sqs/queue:Queue",
    "aws:ssm/parameter:Parameter",
    "gcp:alloydb/cluster:Cluster",
    "gcp:bigquery/dataset:Dataset",
    "gcp:bigtable/instance:Instance",
    "gcp:compute/disk:Disk",
    "gcp:filestore/instance:Instance",
    "gcp:firestore/database:Database",
    "gcp:pubsub/topic:Topic",
    "gcp:redis/cluster:Cluster",
    "gcp:spanner/instance:Instance",
)
"""More types of both clouds that hold data. This program makes none of them; one that appears must become known to the rules."""

GENERIC = ("data-protected", "data-covered")
"""Rules that are about whatever holds data: they know every such type and so say nothing about any."""


def covered(rules: Callable[[], Sequence[AnyRule]]) -> StackJudge:
    """A judge of resources that hold data and that none of *rules* claims, and of a stack whose databases no rule finds."""

    def judge(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
        claimed = claims(rules())
        for resource in stack.of_type(*STATEFUL, *OTHERS):
            if resource.type not in STATEFUL:
                yield resource.urn, f"{resource.type} holds data but is not in policies/stateful.py, so nothing guards it"
            if resource.type not in claimed:
                yield resource.urn, f"{resource.type} holds data and no rule is about it"
        clouds = [r for r in stack.resources if r.type.startswith(("aws:", "gcp:"))]
        if clouds and not stack.of_type(*TYPES):
            yield None, "no rule about databases has found one in this stack: they would all pass, whatever the database is like"

    return judge


def claims(rules: Sequence[AnyRule]) -> frozenset[str]:
    """The types that *rules* are about, but for :data:`GENERIC`."""
    return frozenset(
        token for rule in rules if rule.id not in GENERIC for token in (rule.checks if isinstance(rule, Rule) else rule.types)
    )


def _all() -> Sequence[AnyRule]:
    from policies.catalogue import RULES as all_rules  # it imports this module

    return all_rules


RULES = (
    StackRule(
        id="data-covered",
        title="Every resource that holds data is claimed by a rule",
        severity="high",
        remediation="Add the type to policies/stateful.py and write a rule about it, or extend one.",
        docs="policies/stack/README.md#coverage",
        judge=covered(_all),
        types=(*STATEFUL, *OTHERS),
        dev="mandatory",
    ),
)
