"""Google Secret Manager, against a gRPC server of our own that speaks its protocol."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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
from runtime.secrets import Credentials
from runtime.secrets.gcp import GcpSecret, crc32c

PASSWORD = "never-shown-7f3a"
GOOD = json.dumps({"username": "u", "password": "p", "host": "10.0.0.3"}).encode()


class Store(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves AccessSecretVersion from ``payloads``, or ends with the status of ``refusals``."""

    def __init__(self) -> None:
        self.port = 0
        self.payloads: dict[str, SecretPayload] = {}
        self.refusals: dict[str, grpc.StatusCode] = {}

    def put(self, name: str, data: bytes, checksum: int | None = None) -> None:
        self.payloads[name] = SecretPayload(data=data, data_crc32c=crc32c(data) if checksum is None else checksum)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion":
            return None
        return grpc.unary_unary_rpc_method_handler(
            self.access, AccessSecretVersionRequest.deserialize, AccessSecretVersionResponse.serialize
        )

    def access(self, request: AccessSecretVersionRequest, context: grpc.ServicerContext) -> AccessSecretVersionResponse:
        if request.name in self.refusals:
            context.abort(self.refusals[request.name], PASSWORD)
        if request.name not in self.payloads:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.name}] not found or has no versions.")
        return AccessSecretVersionResponse(name=request.name, payload=self.payloads[request.name])


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    handler = Store()
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    handler.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield handler
    server.stop(None).wait()


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
        (grpc.StatusCode.FAILED_PRECONDITION, "did not give projects/p/secrets/refused/versions/latest (FailedPrecondition)"),
        (grpc.StatusCode.INTERNAL, "(InternalServerError)"),
    ],
)
def test_refusals(store: Store, client: SecretManagerServiceClient, status: grpc.StatusCode, sentence: str) -> None:
    store.refusals["projects/p/secrets/refused/versions/latest"] = status
    assert sentence in problem_of(GcpSecret("projects/p/secrets/refused", client=client))


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
