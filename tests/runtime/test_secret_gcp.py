"""Google Secret Manager, against a gRPC server of our own that speaks its protocol with Google's generated messages.

The library brings no servicer class (its messages are proto-plus), so the server is a generic handler of the one method.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from threading import Event

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.secretmanager_v1 import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretManagerServiceClient,
    SecretPayload,
)
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

from runtime.errors import SecretError
from runtime.secrets import CachedSource, Credentials
from runtime.secrets.gcp import GcpSecret, crc32c
from tests.grpc_server import serving

PASSWORD = "never-shown-7f3a"
GOOD = json.dumps({"username": "u", "password": "p", "host": "10.0.0.3"}).encode()


METHOD = "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion"


class Store(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves AccessSecretVersion from ``payloads``, or ends with the status of ``refusals``; those of ``passing`` end.

    What ``slow`` names is not answered before ``stop``.
    """

    def __init__(self) -> None:
        self.port = 0
        self.payloads: dict[str, SecretPayload] = {}
        self.refusals: dict[str, grpc.StatusCode] = {}
        self.passing: dict[str, list[grpc.StatusCode]] = {}
        self.slow: set[str] = set()
        self.stop = Event()

    def put(self, name: str, data: bytes, checksum: int | None = None) -> None:
        self.payloads[name] = SecretPayload(data=data, data_crc32c=crc32c(data) if checksum is None else checksum)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self.access, AccessSecretVersionRequest.deserialize, AccessSecretVersionResponse.serialize
        )

    def access(self, request: AccessSecretVersionRequest, context: grpc.ServicerContext) -> AccessSecretVersionResponse:
        if request.name in self.slow:
            self.stop.wait(30)
        if self.passing.get(request.name):
            context.abort(self.passing[request.name].pop(), PASSWORD)
        if request.name in self.refusals:
            context.abort(self.refusals[request.name], PASSWORD)
        if request.name not in self.payloads:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.name}] not found or has no versions.")
        return AccessSecretVersionResponse(name=request.name, payload=self.payloads[request.name])


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with serving(Store()) as handler:
        yield handler
        handler.stop.set()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[SecretManagerServiceClient]:
    with grpc.insecure_channel(f"127.0.0.1:{store.port}") as channel:
        yield SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))


def problem_of(secret: GcpSecret) -> str:
    with pytest.raises(SecretError) as caught:
        secret.fetch()
    text = str(caught.value)
    assert PASSWORD not in text
    assert "\n" not in text
    return text


def test_crc32c_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C (RFC 3720, B.4 and the CRC catalogue)


def test_latest_and_a_fixed_version(store: Store, client: SecretManagerServiceClient) -> None:
    store.put("projects/p/secrets/db/versions/latest", GOOD)
    store.put("projects/p/secrets/db/versions/3", GOOD.replace(b'"p"', b'"old"'))
    assert GcpSecret("projects/p/secrets/db", client=client).fetch() == Credentials(username="u", password="p")
    assert GcpSecret("projects/p/secrets/db/versions/3", client=client).fetch().password == "old"


def test_a_payload_without_a_checksum_is_taken(store: Store, client: SecretManagerServiceClient) -> None:
    store.payloads["projects/p/secrets/unsummed/versions/latest"] = SecretPayload(data=GOOD)
    assert GcpSecret("projects/p/secrets/unsummed", client=client).fetch().username == "u"


def test_a_damaged_payload(store: Store, client: SecretManagerServiceClient) -> None:
    store.put("projects/p/secrets/damaged/versions/latest", GOOD, checksum=crc32c(GOOD) ^ 1)
    assert "arrived damaged (its CRC-32C does not match)" in problem_of(GcpSecret("projects/p/secrets/damaged", client=client))


def test_a_missing_secret(client: SecretManagerServiceClient) -> None:
    text = problem_of(GcpSecret("projects/p/secrets/none", client=client))
    assert text == "there is no projects/p/secrets/none/versions/latest: check the project, the name and the version"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "grant roles/secretmanager.secretAccessor on it"),
        (grpc.StatusCode.INTERNAL, "did not give projects/p/secrets/refused/versions/latest (InternalServerError)"),
        (grpc.StatusCode.UNAUTHENTICATED, "(Unauthenticated)"),
    ],
)
def test_refusals(store: Store, client: SecretManagerServiceClient, status: grpc.StatusCode, sentence: str) -> None:
    store.refusals["projects/p/secrets/refused/versions/latest"] = status
    assert sentence in problem_of(GcpSecret("projects/p/secrets/refused", client=client))


@pytest.mark.parametrize("version", ["latest", "3"])
def test_a_disabled_version(store: Store, client: SecretManagerServiceClient, version: str) -> None:
    """What a revision meets that is rolled back to a version which somebody has disabled."""
    name = f"projects/p/secrets/disabled/versions/{version}"
    store.refusals[name] = grpc.StatusCode.FAILED_PRECONDITION
    assert problem_of(GcpSecret(name, client=client)) == (
        f"{name} is disabled or destroyed: enable that version again, or add a new one to the secret"
    )


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_moment_of_weakness_is_waited_out(store: Store, client: SecretManagerServiceClient, status: grpc.StatusCode) -> None:
    name = "projects/p/secrets/weak/versions/latest"
    store.put(name, GOOD)
    store.passing[name] = [status, status]
    assert GcpSecret("projects/p/secrets/weak", client=client).fetch().username == "u"
    assert store.passing[name] == []


@pytest.mark.parametrize("status", [None, grpc.StatusCode.UNAVAILABLE], ids=["slow", "down"])
def test_a_slow_answer_is_not_waited_for(
    store: Store, client: SecretManagerServiceClient, status: grpc.StatusCode | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.secrets.gcp.SECONDS", 0.5)
    name = f"projects/p/secrets/late-{status is None}/versions/latest"
    if status is None:
        store.slow.add(name)
    else:
        store.refusals[name] = status
    begin = time.monotonic()
    text = problem_of(GcpSecret(name, client=client))
    assert time.monotonic() - begin < 15
    assert text.startswith(f"Google Secret Manager did not give {name} (")
    assert ("DeadlineExceeded" in text) is (status is None)


def test_a_refused_login_is_asked_for_again(store: Store, client: SecretManagerServiceClient) -> None:
    """``latest`` is another user after each rotation; the one before works on for those who hold it."""
    name = "projects/p/secrets/turns/versions/latest"
    store.put(name, json.dumps({"username": "shop_app", "password": "one"}).encode())
    clock = iter(range(0, 100, 10))
    source = CachedSource(GcpSecret("projects/p/secrets/turns", client=client), clock=lambda: float(next(clock)))
    first = source.fetch()
    store.put(name, json.dumps({"username": "shop_app_clone", "password": "two"}).encode())
    assert source.fetch() == first, "a login that works is not asked for"
    assert source.refresh(first) == Credentials(username="shop_app_clone", password="two")


def test_content_that_is_no_login(store: Store, client: SecretManagerServiceClient) -> None:
    store.put("projects/p/secrets/text/versions/latest", PASSWORD.encode())
    assert "is not a JSON object" in problem_of(GcpSecret("projects/p/secrets/text", client=client))


def test_a_store_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.secrets.gcp.SECONDS", 0.5)
    with grpc.insecure_channel("127.0.0.1:9") as channel:
        client = SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
        assert "did not give projects/p/secrets/db/versions/latest" in problem_of(
            GcpSecret("projects/p/secrets/db", client=client)
        )


def test_no_google_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    assert "this process has no Google credentials" in problem_of(GcpSecret("projects/p/secrets/db"))


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.secretmanager_v1", None)
    assert problem_of(GcpSecret("projects/p/secrets/db")).endswith("pip install google-cloud-secret-manager")
