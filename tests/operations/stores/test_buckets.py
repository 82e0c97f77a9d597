"""What only buckets have: uploads in parts, encryption, cold storage, bodies that break off."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse  # type: ignore[import-untyped]
from botocore.exceptions import ConnectionClosedError  # type: ignore[import-untyped]
from requests.exceptions import ConnectionError

from operations.backup import s3
from operations.backup.objects import ObjectExists
from operations.backup.stores import store_of
from operations.errors import OperationError
from tests.operations.stores.sets import DATA, NOON, give_up, made, manifest, write


def test_uploads_that_nobody_ended(s3_bucket: Any) -> None:
    store = store_of({"BACKUP_S3_BUCKET": "backups"})
    s3_bucket.create_multipart_upload(Bucket="backups", Key="daily/killed.dump")
    others = s3_bucket.create_multipart_upload(Bucket="backups", Key="videos/of-another-tenant")
    assert store.objects.tidy(datetime(2010, 1, 1, tzinfo=UTC)) == 0  # moto's uploads all began in November 2010
    assert len(s3_bucket.list_multipart_uploads(Bucket="backups")["Uploads"]) == 2
    assert store.tidy() == 1
    left = s3_bucket.list_multipart_uploads(Bucket="backups")["Uploads"]
    assert [upload["UploadId"] for upload in left] == [others["UploadId"]]


def test_a_dropped_upload_is_no_upload(bucket: Any, s3_bucket: Any) -> None:
    for place in ("gs://backups", "s3://backups"):
        give_up(store_of({}, place))
    assert bucket.resumable == {}
    assert "Uploads" not in s3_bucket.list_multipart_uploads(Bucket="backups")


def test_parts_grow_with_the_database(s3_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(s3, "_Parts", lambda client, upload, size: sizes.append(size))
    for size in (0, 1 << 40):
        with pytest.raises(AttributeError), store_of({}, "s3://backups").writing("a.dump", size):
            pass
    assert sizes == [16 << 20, -(-2 * (1 << 40) // 10_000)]


def test_a_bucket_that_does_not_encrypt(s3_bucket: Any) -> None:
    s3_bucket.delete_bucket_encryption(Bucket="backups")
    with pytest.raises(OperationError, match=r"^s3://backups does not encrypt what it keeps: give the bucket default encryption"):
        made(store_of({}, "s3://backups"))
    assert "Contents" not in s3_bucket.list_objects_v2(Bucket="backups")


@pytest.mark.parametrize("lost", ["PutObject", "CompleteMultipartUpload"])
def test_an_answer_of_s3_that_is_lost_is_no_failure(s3_bucket: Any, lost: str) -> None:
    """It is asked again then, and says that there is such an object already: ours."""
    store = store_of({}, "s3://backups")
    events = store.objects._client.meta.events  # type: ignore[attr-defined]
    http = store.objects._client._endpoint.http_session  # type: ignore[attr-defined]
    asked: list[int] = []

    def lose_the_first(request: Any, **_: object) -> AWSResponse | None:
        asked.append(http.send(request).status_code if not asked else 412)
        if len(asked) == 1:
            raise ConnectionClosedError(endpoint_url=request.url)
        said = b"<Error><Code>PreconditionFailed</Code></Error>"  # moto completes an upload twice
        return AWSResponse(request.url, 412, {}, SimpleNamespace(stream=lambda: [said])) if len(asked) == 2 else None

    events.register(f"before-send.s3.{lost}", lose_the_first)
    one = made(store)
    assert asked == [200, 412]
    assert [found.problem for found in store.check_all(store.sets())] == [None]
    for again in (lambda: write(store), lambda: store.publish(manifest(b"other"))):
        with pytest.raises(ObjectExists, match=rf"^There is a backup s3://backups/{one.key}.* already; try again in a second"):
            again()


def test_an_answer_of_google_that_is_lost_is_no_failure(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = store_of({}, "gs://backups").objects
    http, asked = objects._bucket.client._http, []  # type: ignore[attr-defined]
    request = http.request

    def lose_the_first(*given: Any, **more: Any) -> Any:
        asked.append(answer := request(*given, **more))
        if len(asked) == 1:
            raise ConnectionError("Connection aborted")
        return answer

    monkeypatch.setattr(http, "request", lose_the_first)
    objects.put("daily/a.dump.json", b"{}")
    assert [answer.status_code for answer in asked[:2]] == [200, 412]
    assert objects.read("daily/a.dump.json") == b"{}"
    with pytest.raises(ObjectExists):
        objects.put("daily/a.dump.json", b"{ }")


@pytest.mark.parametrize("place", ["s3://nowhere-1", "gs://nowhere-1"])
def test_a_bucket_that_is_not_there(bucket: Any, s3_bucket: Any, place: str) -> None:
    with pytest.raises(OperationError, match=rf"^Cannot list {place}/daily: .*; check BACKUP_(S3|GCS)_BUCKET or --to\.$"):
        store_of({}, place).sets()
    with pytest.raises(OperationError, match=rf"^Cannot write {place}/daily/shop_.*; check BACKUP_(S3|GCS)_BUCKET or --to\.$"):
        made(store_of({}, place))


def test_one_that_cannot_be_read_hides_no_other(s3_bucket: Any) -> None:
    store = store_of({}, "s3://backups")
    days = [made(store, started=NOON - timedelta(days=age)) for age in range(5)]
    well, cold, removed, lost, flipped = days
    s3_bucket.put_object(Bucket="backups", Key=cold.key, Body=DATA, StorageClass="GLACIER")
    s3_bucket.put_object(Bucket="backups", Key=flipped.key, Body=DATA[:-1] + b"!")
    sets = store.sets()
    store.remove(removed)
    store.objects.remove(lost.key)
    checked = store.check_all(sets)
    problems = {one.key: one.problem for one in checked}
    wrong = {lost.key: "lost: the dump is not there", flipped.key: "corrupt: its checksum differs"}
    assert problems == {well.key: None, cold.key: None, **wrong}
    assert [one.key for one in checked if one.line(good="verified now").endswith("in cold storage")] == [cold.key]
    (named,) = store.check_all([cold])  # asked for by its name
    assert "it is in cold storage: have it brought back first" in str(named.problem)
    with pytest.raises(OperationError, match=r"it is in cold storage: have it brought back first"):
        store.check(cold)


def test_a_body_that_breaks_off_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = [True, False, *[True] * 3]

    class S3Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(DATA[: len(DATA) // 2] if cut.pop(0) else DATA)
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with ThreadingHTTPServer(("127.0.0.1", 0), S3Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        objects = store_of({}, "s3://backups").objects
        assert objects.read("daily/a.dump.json") == DATA
        with pytest.raises(OperationError, match=r"^Cannot read s3://backups/daily/a\.dump\.json: .*; check the bucket,"):
            objects.read("daily/a.dump.json")
        server.shutdown()
    assert cut == []
