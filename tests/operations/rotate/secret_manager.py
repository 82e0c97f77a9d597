"""Google Secret Manager over gRPC: the real protocol with Google's generated messages, secrets kept in memory."""

from __future__ import annotations

import json
import uuid
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc  # type: ignore[import-untyped]

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    from google.cloud import secretmanager_v1 as sm

PROJECT = "projects/shop-1"
NUMBERED = "projects/123456789"
"""As Google names what it made, whatever it was asked for by."""


class SecretManager(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Secrets by short name. ``calls`` are the methods that were called; ``before`` may end one (fault injection); ``latest`` is
    the version that is seen as such where it is not the newest one yet."""

    def __init__(self) -> None:
        self.port = 0
        self.values: dict[str, list[bytes]] = {}
        self.annotations: dict[str, dict[str, str]] = {}
        self.etags: dict[str, str] = {}
        self.created: dict[str, datetime] = {}
        self.calls: list[tuple[str, str]] = []
        self.latest: dict[str, int] = {}
        self.before: Callable[[str, str], grpc.StatusCode | None] = lambda _method, _name: None

    def put(self, name: str, *values: Any) -> str:
        """A secret with *values*, JSON unless they are text; its full name."""
        self.values[name] = [value.encode() if isinstance(value, str) else json.dumps(value).encode() for value in values]
        self.annotations[name], self.etags[name], self.created[name] = {}, uuid.uuid4().hex, datetime.now(UTC)
        return f"{PROJECT}/secrets/{name}"

    def newest(self, name: str) -> Any:
        text = self.values[name][-1].decode()
        return json.loads(text) if text.startswith("{") else text

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method.rpartition("/")[2]
        request: Any = getattr(sm, f"{method}Request")
        answer: Any = {
            "AccessSecretVersion": sm.AccessSecretVersionResponse,
            "AddSecretVersion": sm.SecretVersion,
            "GetSecretVersion": sm.SecretVersion,
            "ListSecretVersions": sm.ListSecretVersionsResponse,
            "GetSecret": sm.Secret,
            "UpdateSecret": sm.Secret,
        }[method]

        def called(asked: Any, context: grpc.ServicerContext) -> Any:
            full = asked.secret.name if method == "UpdateSecret" else getattr(asked, "name", "") or getattr(asked, "parent", "")
            name = full.split("/")[3]
            self.calls.append((method, name))
            refusal = self.before(method, name)
            if refusal:
                context.abort(refusal, f"{method} {name}")
            if name not in self.values:
                context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{full}] not found.")
            return getattr(self, f"_{method}")(name, asked, context)

        return grpc.unary_unary_rpc_method_handler(called, request.deserialize, answer.serialize)

    def _AccessSecretVersion(self, name: str, asked: Any, context: grpc.ServicerContext) -> Any:
        number = self._number(name, asked.name, context)
        shown = f"{NUMBERED}/secrets/{name}/versions/{number}"
        return sm.AccessSecretVersionResponse(name=shown, payload=sm.SecretPayload(data=self.values[name][number - 1]))

    def _GetSecretVersion(self, name: str, asked: Any, context: grpc.ServicerContext) -> Any:
        return self._version(name, self._number(name, asked.name, context))

    def _AddSecretVersion(self, name: str, asked: Any, _: grpc.ServicerContext) -> Any:
        self.values[name].append(asked.payload.data)
        self.created[name] = datetime.now(UTC)
        return self._version(name, len(self.values[name]))

    def _ListSecretVersions(self, name: str, _asked: Any, _: grpc.ServicerContext) -> Any:
        return sm.ListSecretVersionsResponse(versions=[self._version(name, n) for n in range(len(self.values[name]), 0, -1)])

    def _GetSecret(self, name: str, _asked: Any, _: grpc.ServicerContext) -> Any:
        return sm.Secret(name=f"{NUMBERED}/secrets/{name}", annotations=self.annotations[name], etag=self.etags[name])

    def _UpdateSecret(self, name: str, asked: Any, context: grpc.ServicerContext) -> Any:
        if asked.secret.etag != self.etags[name]:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "The provided etag does not match.")
        assert list(asked.update_mask.paths) == ["annotations"]
        self.annotations[name], self.etags[name] = dict(asked.secret.annotations), uuid.uuid4().hex
        return asked.secret

    def _number(self, name: str, asked: str, context: grpc.ServicerContext) -> int:
        count, wanted = len(self.values[name]), asked.rpartition("/")[2]
        number = self.latest.get(name, count) if wanted == "latest" else int(wanted)
        if not 1 <= number <= count:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret Version [{asked}] not found.")
        return number

    def _version(self, name: str, number: int) -> Any:
        return sm.SecretVersion(
            name=f"{NUMBERED}/secrets/{name}/versions/{number}",
            state=sm.SecretVersion.State.ENABLED,
            create_time=self.created[name],
        )
