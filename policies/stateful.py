"""The resource types that hold data, and what would be gone with one: read by the gate, the review and the policies.

Plain data without any SDK. What only leads to data is not here (networks, instances of an Aurora cluster, users): deleting it
loses nothing that cannot be made again. Neither are logs: they go with the service that wrote them, as its settings promise.
"""

from __future__ import annotations

from collections.abc import Mapping

STATEFUL: Mapping[str, str] = {
    "aws:rds/cluster:Cluster": "the database",
    "aws:rds/instance:Instance": "the database",
    "aws:backup/vault:Vault": "the vault of the backups",
    "aws:ecr/repository:Repository": "the images that run, and those to roll back to",
    "aws:elasticache/replicationGroup:ReplicationGroup": "every key in the cache",
    "aws:kms/key:Key": "the key without which what it encrypted cannot be read any more",
    "aws:s3/bucket:Bucket": "the files in the bucket",
    "aws:secretsmanager/secret:Secret": "the secret and its earlier values",
    "gcp:artifactregistry/repository:Repository": "the images that run, and those to roll back to",
    "gcp:kms/cryptoKey:CryptoKey": "the key without which what it encrypted cannot be read any more",
    "gcp:memorystore/instance:Instance": "every key in the cache",
    "gcp:redis/instance:Instance": "every key in the cache",
    "gcp:secretmanager/secret:Secret": "the secret and its earlier versions",
    "gcp:sql/database:Database": "the database with its tables",
    "gcp:sql/databaseInstance:DatabaseInstance": "the database, and with it its backups unless they are retained",
    "gcp:storage/bucket:Bucket": "the files in the bucket",
}
"""Type token, as in a URN, to what is lost when such a resource is deleted or replaced, in words."""


def holds_data(token: str) -> bool:
    """Whether a resource of type *token* holds data."""
    return token in STATEFUL
