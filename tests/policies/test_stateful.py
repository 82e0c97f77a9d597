"""The table of what holds data: real types of both clouds, and all that the program protects for its data."""

from __future__ import annotations

import pytest

from policies.stateful import STATEFUL, holds_data
from tests.sdk import resource_types
from tests.test_main import recorded

NOT_DATA = {
    "aws:kms/keyPolicy:KeyPolicy": "goes with its key, which is one",
    "aws:rds/clusterInstance:ClusterInstance": "computes; the data is the cluster's",
    "aws:secretsmanager/secretVersion:SecretVersion": "a value; the secret keeps the one before",
    "gcp:secretmanager/secretVersion:SecretVersion": "a value; the secret is one",
    "gcp:sql/user:User": "a login; its password is in a secret",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "a right",
    "gcp:kms/keyRing:KeyRing": "cannot be deleted",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "a right",
    "random:index/randomId:RandomId": "part of a name",
    "random:index/randomPassword:RandomPassword": "a password; it is in a secret",
}
"""What is protected for another reason than data of its own."""


def test_every_type_exists() -> None:
    assert [token for token in STATEFUL if token not in resource_types()] == []
    assert all(STATEFUL.values())


@pytest.mark.parametrize("stack", ["prod", "gcp-prod"])
def test_what_the_program_protects_holds_data_or_is_named_here(stack: str) -> None:
    protected = {resource.type for resource in recorded(stack).resources.values() if resource.options.protect}
    assert protected
    assert {token for token in protected if not holds_data(token)} <= set(NOT_DATA)


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_both_clouds_have_databases_buckets_keys_secrets_images_and_a_cache(cloud: str) -> None:
    said = " ".join(what for token, what in STATEFUL.items() if token.startswith(f"{cloud}:"))
    assert all(word in said for word in ("database", "files", "key without which", "secret", "images", "cache"))
