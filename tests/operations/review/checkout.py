"""Small checkouts with a program of a few lines, so that a test says all that a review is made from."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from operations.review.graph import Graph, graph_of

CLUSTER = """
import pulumi
import pulumi_aws as aws

class Component(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("managed-postgres:index:ManagedPostgres", "database")

here = pulumi.ResourceOptions(parent=Component(), protect=True)
key = aws.kms.Key("database-key", description="key", opts=here)
cluster = aws.rds.Cluster(
    "database-cluster",
    engine="aurora-postgresql",
    engine_version="17",
    database_name="app",
    kms_key_id=key.arn,
    storage_encrypted=True,
    deletion_protection=True,
    backup_retention_period=7,
    opts=here,
)
"""
"""A key, and a database that is made with it."""


def checkout(root: Path, program: str = CLUSTER, *, stacks: Mapping[str, str] | None = None) -> Path:
    """Write a checkout to *root*: *program* and a stack file per entry of *stacks* (``test`` on AWS by default)."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: managed-postgres\nruntime: python\n")
    (root / "__main__.py").write_text(dedent(program))
    for name, text in (stacks or {"test": stack_file()}).items():
        (root / f"Pulumi.{name}.yaml").write_text(text)
    return root


def stack_file(provider: str = "aws", tier: str = "dev", more: str = "") -> str:
    """The text of a stack file."""
    return f"config:\n  managed-postgres:provider: {provider}\n  managed-postgres:tier: {tier}\n{more}"


def graph(root: Path, program: str = CLUSTER) -> Graph:
    """What *program* makes."""
    return graph_of(checkout(root, program), "test")


def commit(root: Path) -> str:
    """Commit everything in *root*, a repository after this; the commit's id."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=change")
    return git(root, "rev-parse", "HEAD").strip()


def git(root: Path, *arguments: str) -> str:
    """Run git in *root*; what it says."""
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True).stdout
