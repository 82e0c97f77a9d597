"""Backups in a bucket of S3. The bucket's own settings encrypt them; that they do is checked."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO
from uuid import uuid4

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError  # type: ignore[import-untyped]

from operations.backup.manifest import KINDS
from operations.backup.objects import Item, NotThere, Write, already
from operations.backup.ranges import RANGE, Ranges
from operations.errors import OperationError

PART = 16 << 20
MOST_PARTS = 10_000
"""Of one upload, by S3's limits; a part may have 5 GiB."""
AHEAD = 2
"""Parts that are under way while the next one fills; with it in memory."""
OURS = tuple(f"{kind}/" for kind in KINDS)
"""Beginnings of our keys: a bucket may have other tenants, whose uploads are theirs."""
READS = 3
"""Tries to read one range: botocore repeats requests, but not a body that breaks off."""
COLD = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes without immediate reading."""
THERE = ("PreconditionFailed", "ConditionalRequestConflict")
GONE = ("NoSuchKey", "NoSuchBucket", "404")
MENDS = {
    "NoSuchBucket": "check BACKUP_S3_BUCKET or --to",
    "AccessDenied": "the role that this runs as needs s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and "
    "s3:DeleteObject on its objects, and kms:GenerateDataKey and kms:Decrypt on its key",
    "InvalidObjectState": "it is in cold storage: have it brought back first, with aws s3api restore-object",
}


class S3:
    """Objects below ``s3://bucket/prefix``. Sent in parts with SHA-256 sums that S3 compares; nothing is ever replaced."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.where = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket, self._prefix = bucket, prefix
        with self._said("use", ""):
            retries = {"mode": "standard", "max_attempts": 5}
            # What is read is compared with the manifest's SHA-256; a range has no checksum of its own.
            self._client = boto3.client("s3", config=Config(retries=retries, response_checksum_validation="when_required"))

    def listing(self, prefix: str) -> dict[str, Item]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
        with self._said("list", prefix):
            return {
                found["Key"].removeprefix(self._prefix): Item(
                    size=found["Size"], modified=found["LastModified"], cold=found.get("StorageClass") in COLD
                )
                for page in pages
                for found in page.get("Contents", ())
            }

    def read(self, key: str) -> bytes:
        with self._said("read", key):
            return self._body(key)

    def reader(self, key: str) -> BinaryIO:
        with self._said("read", key):
            seen = self._client.head_object(**self._at(key))

        def fetch(start: int, end: int) -> bytes:
            with self._said("read", key):
                return self._body(key, Range=f"bytes={start}-{end}", IfMatch=seen["ETag"])  # never two objects in one

        return io.BufferedReader(Ranges(fetch, seen["ContentLength"]), RANGE)

    @contextmanager
    def writing(self, key: str, expected: int) -> Iterator[Write]:
        with self._said("write", key):
            mark = {"upload": uuid4().hex}
            begun = self._client.create_multipart_upload(**self._at(key), ChecksumAlgorithm="SHA256", Metadata=mark)
            upload = begun["UploadId"]
            parts = _Parts(self._client, {**self._at(key), "UploadId": upload}, max(PART, -(-2 * expected // MOST_PARTS)))
            try:
                with parts.pool:
                    yield parts.write
                    made = parts.all()
                try:
                    self._client.complete_multipart_upload(
                        **self._at(key), UploadId=upload, MultipartUpload={"Parts": made}, IfNoneMatch="*"
                    )
                except ClientError:
                    if self._mark(key) != mark:  # else it was done, its answer lost, and botocore has asked once more
                        raise
            except BaseException:
                with suppress(ClientError, BotoCoreError):  # what went wrong first is what counts; `tidy` does it later
                    self._client.abort_multipart_upload(**self._at(key), UploadId=upload)
                raise
            self._check_encryption(key)

    def put(self, key: str, data: bytes) -> None:
        with self._said("write", key):
            try:
                self._client.put_object(**self._at(key), Body=data, ChecksumAlgorithm="SHA256", IfNoneMatch="*")
            except ClientError as error:
                if _code(error) not in THERE or self._body(key) != data:  # else, too, the answer was lost
                    raise

    def copy(self, source: str, target: str) -> None:
        with self._said("write", target):
            self._client.copy(self._at(source), self._bucket, self._prefix + target)

    def remove(self, key: str) -> None:
        with self._said("remove", key):
            self._client.delete_object(**self._at(key))

    def tidy(self, before: datetime) -> int:
        """Uploads in parts that were never completed: they cost and are seen nowhere."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=self._prefix)
        try:
            found = [
                upload
                for page in pages
                for upload in page.get("Uploads", ())
                if upload["Initiated"] < before and upload["Key"].removeprefix(self._prefix).startswith(OURS)
            ]
        except (ClientError, BotoCoreError) as error:
            if _code(error) == "AccessDenied":  # the bucket's lifecycle does it, later
                return 0
            raise self._sentence("list", "", error) from None
        for upload in found:
            with self._said("remove", upload["Key"]):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(found)

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _body(self, key: str, **which: str) -> bytes:
        for left in reversed(range(READS)):
            try:
                body = self._client.get_object(**self._at(key), **which)["Body"]
                with closing(body):  # not `with body`: that gives urllib3's own, whose errors are not botocore's
                    return bytes(body.read())
            except (HTTPClientError, IncompleteReadError):  # it broke off
                if not left:
                    raise
        raise AssertionError

    def _mark(self, key: str) -> dict[str, str] | None:
        try:
            return dict(self._client.head_object(**self._at(key))["Metadata"])
        except ClientError:
            return None

    def _check_encryption(self, key: str) -> None:
        if not self._client.head_object(**self._at(key)).get("ServerSideEncryption"):
            self.remove(key)
            raise OperationError(
                f"{self.where} does not encrypt what it keeps: give the bucket default encryption (aws s3api "
                "put-bucket-encryption), then try again. The dump was removed."
            )

    @contextmanager
    def _said(self, what: str, key: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._sentence(what, key, error) from None

    def _sentence(self, what: str, key: str, error: Exception) -> OperationError:
        code = _code(error)
        if code in THERE:
            return already(f"{self.where}/{key}")
        mend = MENDS.get(code) or "check the bucket, the network and the credentials"
        sentence = f"Cannot {what} {f'{self.where}/{key}'.rstrip('/')}: {error}; {mend}."
        return NotThere(sentence) if code in GONE else OperationError(sentence)


class _Parts:
    """Cuts what is written into parts and sends each while the next one fills."""

    def __init__(self, client: Any, upload: dict[str, str], size: int) -> None:
        self._client, self._upload, self._size = client, upload, size
        self._filling = bytearray()
        self._sent: deque[Future[dict[str, Any]]] = deque()
        self._done: list[dict[str, Any]] = []
        self.pool = ThreadPoolExecutor(AHEAD)

    def write(self, data: bytes) -> None:
        self._filling += data
        while len(self._filling) >= self._size:
            self._send(self._size)

    def all(self) -> list[dict[str, Any]]:
        """The parts as S3 wants them named, once all are there."""
        self._send(len(self._filling))
        return [*self._done, *(part.result() for part in self._sent)]

    def _send(self, size: int) -> None:
        while len(self._sent) >= AHEAD:
            self._done.append(self._sent.popleft().result())
        number = len(self._done) + len(self._sent) + 1
        data, self._filling = bytes(self._filling[:size]), self._filling[size:]
        self._sent.append(self.pool.submit(self._part, number, data))

    def _part(self, number: int, data: bytes) -> dict[str, Any]:
        answer = self._client.upload_part(**self._upload, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256")
        return {"PartNumber": number, **{name: answer[name] for name in ("ETag", "ChecksumSHA256") if name in answer}}


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
