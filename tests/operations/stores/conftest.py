"""A folder, S3 (moto's server) and Cloud Storage (an emulator) to keep backups in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.backup import gcs, s3
from operations.backup.store import BackupStore
from operations.backup.stores import store_of
from tests.operations.storage_emulator import running_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[tuple[str, Any]]:
    with running_storage() as running:
        yield running


@pytest.fixture
def bucket(storage: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is in the emulator, where there is one bucket, ``backups``."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage[0])
    storage[1].wipe()
    gcs.Client().create_bucket("backups").client.close()
    return storage[1]


@pytest.fixture
def s3_bucket(aws: Callable[[str], Any]) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket="backups", ServerSideEncryptionConfiguration={"Rules": [default]})
    return client


@pytest.fixture(params=["folder", "s3", "gcs"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupStore:
    monkeypatch.setattr(s3, "PART", 5 << 20)
    monkeypatch.setattr(gcs, "CHUNK", 4 << 20)
    if request.param == "folder":
        return store_of({}, f"file://{tmp_path}/backups")
    if request.param == "s3":
        request.getfixturevalue("s3_bucket")
        return store_of({"BACKUP_S3_BUCKET": "backups"})
    request.getfixturevalue("bucket")
    return store_of({}, "gs://backups/some/folder")
