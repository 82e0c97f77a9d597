"""Backups in a bucket of Google Cloud Storage, which encrypts all it keeps: with the bucket's key where it has one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from typing import BinaryIO

from google.api_core.exceptions import GoogleAPIError, NotFound, PreconditionFailed
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Client  # type: ignore[import-untyped]
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse  # type: ignore[import-untyped]
from google.cloud.storage.fileio import BlobWriter  # type: ignore[import-untyped]
from requests.exceptions import RequestException

from operations.backup.objects import Item, NotThere, Write, already
from operations.backup.ranges import RANGE, Ranges
from operations.errors import OperationError

CHUNK = 16 << 20
"""Bytes of one request of an upload; so much is in memory."""
MENDS: dict[int | None, str] = {
    HTTPStatus.FORBIDDEN: "the service account that this runs as needs roles/storage.objectUser on the bucket",
    HTTPStatus.NOT_FOUND: "check BACKUP_GCS_BUCKET or --to",
}


class _Writer(BlobWriter):  # type: ignore[misc]
    """Whose ``terminate`` ends the upload. The library's asks the address where uploads begin; where that fails, what is left
    in its buffer is sent at garbage collection, and half an object appears."""

    def terminate(self) -> None:
        try:
            if self._upload_and_transport:
                upload, transport = self._upload_and_transport
                transport.delete(upload.resumable_url)
        finally:
            self._buffer.close()


class Gcs:
    """Objects below ``gs://bucket/prefix``. Uploads carry a CRC32C that Google compares; nothing is ever replaced."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.where = f"gs://{bucket}/{prefix}".rstrip("/")
        self._prefix = prefix
        with self._said("use", ""):
            self._bucket = Client().bucket(bucket)

    def listing(self, prefix: str) -> dict[str, Item]:
        with self._said("list", prefix):
            return {
                blob.name.removeprefix(self._prefix): Item(size=blob.size, modified=blob.updated)
                for blob in self._bucket.list_blobs(prefix=self._prefix + prefix)
            }

    def read(self, key: str) -> bytes:
        with self._said("read", key):
            return bytes(self._blob(key).download_as_bytes())

    def reader(self, key: str) -> BinaryIO:
        blob = self._blob(key)
        with self._said("read", key):
            blob.reload()

        def fetch(start: int, end: int) -> bytes:
            with self._said("read", key):
                same = blob.generation  # never two objects in one
                return bytes(blob.download_as_bytes(start=start, end=end, checksum=None, if_generation_match=same))

        return io.BufferedReader(Ranges(fetch, blob.size), RANGE)

    @contextmanager
    def writing(self, key: str, expected: int) -> Iterator[Write]:
        with self._said("write", key):
            writer = _Writer(self._blob(key), chunk_size=CHUNK, if_generation_match=0)
            try:
                yield writer.write
                writer.close()
            except BaseException:
                with suppress(RequestException, GoogleAuthError):  # what went wrong first is what counts
                    writer.terminate()
                raise

    def put(self, key: str, data: bytes) -> None:
        with self._said("write", key):
            try:
                self._blob(key).upload_from_string(data, "application/json", if_generation_match=0)
            except PreconditionFailed:
                if self._blob(key).download_as_bytes() != data:  # else it was done, its answer lost, and the library tried again
                    raise

    def copy(self, source: str, target: str) -> None:
        with self._said("write", target):
            copied = self._blob(target)
            token, _, _ = copied.rewrite(self._blob(source))
            while token is not None:
                token, _, _ = copied.rewrite(self._blob(source), token=token)

    def remove(self, key: str) -> None:
        with self._said("remove", key):
            try:
                self._blob(key).delete()
            except NotFound:
                return

    def tidy(self, before: datetime) -> int:
        """Nothing: an upload that never ended cannot be listed, costs nothing and is gone after a week."""
        return 0

    def _blob(self, key: str) -> Blob:
        return self._bucket.blob(self._prefix + key)

    @contextmanager
    def _said(self, what: str, key: str) -> Iterator[None]:
        at = f"{self.where}/{key}".rstrip("/")
        try:
            yield
        except (GoogleAPIError, GoogleAuthError, InvalidResponse, DataCorruption, RequestException) as error:
            status = error.response.status_code if isinstance(error, InvalidResponse) else getattr(error, "code", None)
            if status == HTTPStatus.PRECONDITION_FAILED:
                raise already(at) from None
            mend = MENDS.get(status) or "check the bucket, the network and the credentials (Application Default Credentials)"
            kind = NotThere if status == HTTPStatus.NOT_FOUND else OperationError
            raise kind(f"Cannot {what} {at}: {' '.join(str(error).split())}; {mend}.") from None
