"""The graph of a stack: the truth of a first preview, with stand-ins only where a text holds an output."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.errors import Refused
from operations.review.graph import config_of, graph_of
from policies.values import UNKNOWN
from tests.operations.review.checkout import CLUSTER, checkout, graph, stack_file
from tests.recorder import ROOT

CLUSTER_URN = (
    "urn:pulumi:test::managed-postgres::managed-postgres:index:ManagedPostgres$aws:rds/cluster:Cluster::database-cluster"
)


def test_urns_options_and_ways_are_the_engines(tmp_path: Path) -> None:
    stack = graph(tmp_path).stack
    cluster, key = stack.get(CLUSTER_URN), stack.of_type("aws:kms/key:Key")[0]
    assert cluster is not None
    assert (cluster.component, cluster.protect, cluster.stack, stack.provider) == ("database", True, "test", "aws")
    assert cluster.parent == "urn:pulumi:test::managed-postgres::managed-postgres:index:ManagedPostgres::database"
    assert cluster.property_depends_on == {"kmsKeyId": (key.urn,)}
    assert key.urn in cluster.depends_on


def test_an_output_is_unknown_and_a_number_is_whole(tmp_path: Path) -> None:
    cluster = graph(tmp_path).stack.get(CLUSTER_URN)
    assert cluster is not None
    assert cluster.props["kmsKeyId"] is UNKNOWN
    assert cluster.props["backupRetentionPeriod"] == 7
    assert isinstance(cluster.props["backupRetentionPeriod"], int)


def test_a_text_that_holds_an_output_can_still_be_read(tmp_path: Path) -> None:
    program = """
    import pulumi
    import pulumi_aws as aws
    secret = aws.secretsmanager.Secret("secret")
    document = pulumi.Output.json_dumps({"Statement": [{"Effect": "Allow", "Resource": secret.arn}]})
    aws.iam.Policy("reads", policy=document)
    """
    policy = graph(tmp_path, program).stack.of_type("aws:iam/policy:Policy")[0]
    assert policy.fact("policy.Statement[0].Effect") == "Allow"
    assert policy.fact("policy.Statement[0].Resource").endswith(":secret")


def test_a_secret_is_nowhere_and_still_compared(tmp_path: Path) -> None:
    program = """
    import pulumi
    import pulumi_aws as aws
    aws.rds.Cluster("cluster", engine="aurora-postgresql", master_password=pulumi.Output.secret("{word}"))
    """
    one, other = (graph(tmp_path / word, program.replace("{word}", word)) for word in ("hunter2", "hunter3"))
    cluster = one.stack.of_type("aws:rds/cluster:Cluster")[0]
    assert cluster.props["masterPassword"] == "[secret]"
    assert "hunter2" not in repr((one.stack.resources, one.exact, one.stand_ins, dict(cluster.props)))
    assert one.exact[cluster.urn] != other.exact[cluster.urn]


def test_an_encrypted_setting_needs_no_key(tmp_path: Path) -> None:
    program = """
    import pulumi
    import pulumi_aws as aws
    aws.kms.Key("key", description=pulumi.Config().require("description"))
    """
    more = "  managed-postgres:description:\n    secure: v1:abc:def\n"
    graph = graph_of(checkout(tmp_path, program, stacks={"test": stack_file(more=more)}), "test")
    assert graph.stack.resources[0].props["description"] == "[secret]"


def test_twice_the_same_graph(tmp_path: Path) -> None:
    one, other = graph(tmp_path / "one"), graph(tmp_path / "other")
    assert [resource.urn for resource in one.stack.resources] == sorted(resource.urn for resource in other.stack.resources)
    assert one.exact == other.exact


def test_a_checkouts_own_folder_is_no_difference(tmp_path: Path) -> None:
    program = """
    from pathlib import Path
    import pulumi_aws as aws
    aws.kms.Key("key", description=str(Path(__file__).parent / "migrations"))
    """
    assert graph(tmp_path, program).stack.resources[0].props["description"] == "<checkout>/migrations"


def test_a_relative_root_takes_no_dot_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout(tmp_path, CLUSTER.replace('"17"', '"17.4"'))
    monkeypatch.chdir(tmp_path)
    cluster = graph_of(Path(), "test").stack.get(CLUSTER_URN)
    assert cluster is not None
    assert cluster.props["engineVersion"] == "17.4"


def test_a_look_up_is_refused(tmp_path: Path) -> None:
    program = CLUSTER + "\naws.get_availability_zones()\n"
    with pytest.raises(BaseException, match="looked something up"):
        graph(tmp_path, program)


def test_the_path_for_imports_is_left_as_it_was(tmp_path: Path) -> None:
    import sys

    before = list(sys.path)
    graph(tmp_path)
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("config: [", "is not valid YAML"),
        ("", "has no block `config:`"),
        ("config:\n  1: 2\n", "has no block `config:`"),
        (None, "cannot be read"),
    ],
)
def test_a_stack_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, sentence: str) -> None:
    checkout(tmp_path)
    if text is not None:
        (tmp_path / "Pulumi.broken.yaml").write_text(text)
    with pytest.raises(Refused, match=sentence) as error:
        config_of(tmp_path, "broken")
    assert "Pulumi.broken.yaml" in str(error.value)


@pytest.mark.parametrize(("stack", "provider"), [("prod", "aws"), ("gcp-prod", "gcp"), ("local", "local")])
def test_the_real_stacks(stack: str, provider: str) -> None:
    found = graph_of(ROOT, stack).stack
    assert found.provider == provider
    assert {"database", "service-api", "network"} - {"network"} <= {resource.component for resource in found.resources}
    assert all(resource.parent for resource in found.resources)
    assert str(ROOT) not in repr([dict(resource.props) for resource in found.resources])
