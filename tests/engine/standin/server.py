"""A provider for the engine's tests: Pulumi's provider protocol over the pretended cloud of :mod:`world`.

Inputs come back as outputs, computed ones are made up from the SDK's annotations. What a change does (nothing, an update, a
replacement, old one first) is decided as the real provider does, from the cloud's table of types; what the cloud refuses is
refused (:mod:`cloud`). Look-ups are refused.
"""

from __future__ import annotations

import gc
import hashlib
import os
import secrets
import sys
import threading
from concurrent import futures
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from operations.review.create_only import Kind
from tests.engine.standin.cloud import Cloud, Values
from tests.engine.standin.shapes import computed_names
from tests.engine.standin.world import Record, Step, World

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's mark for a text that is not known yet."""
DEFAULTS = "__defaults"
"""Where a bridged provider notes which inputs it filled in itself."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in for one plugin, such as ``aws`` or ``random``."""

    def __init__(self, world: World, cloud: Cloud, version: str) -> None:
        self.world, self.cloud, self.version = world, cloud, version
        self._naming = threading.Lock()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Configure(self, request: Any, context: Any) -> Any:
        self.world = World(self.world.folder)  # an operation begins: the test may have changed what exists
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.INTERNAL, f"the program looked something up: {request.tok}")

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:
        """Fills in the name where the type has one and the program gives none."""
        news, olds, kind = _plain(request.news), _plain(request.olds), self.cloud.kind_of(request.type)
        if kind.name and kind.autonamed and not news.get(kind.name) and not news.get(f"{kind.name}Prefix"):
            kept = olds.get(kind.name) if kind.name in olds.get(DEFAULTS, ()) else None
            news[kind.name] = kept or f"{request.name}-{_hex(bytes(request.randomSeed))}"
            news[DEFAULTS] = [kind.name]
        return provider_pb2.CheckResponse(inputs=_struct(news))

    def Diff(self, request: Any, context: Any) -> Any:
        kind, news = self.cloud.kind_of(request.type), _plain(request.news)
        olds = _known(kind, _plain(request.olds), _plain(request.old_inputs))
        changed = changes(kind, olds, news)
        replaces = [key for key in changed if kind.forces_new(key, olds, news)]
        by_program = kind.autonamed and bool(news.get(kind.name)) and kind.name not in news.get(DEFAULTS, ())
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            # the bridge's own rule: a name that the program has fixed cannot be held by the old and the new one
            deleteBeforeReplace=bool(replaces) and by_program and olds.get(kind.name) == news.get(kind.name),
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs, kind = _plain(request.properties), self.cloud.kind_of(request.type)
        if request.preview:
            made = dict.fromkeys(computed_names(self.world, request.type), UNKNOWN)
            return provider_pb2.CreateResponse(id="", properties=_struct({**made, **_kept(inputs)}))
        with self._naming:
            self._allow(context, lambda: self.cloud.refuses_create(self.world, request.type, inputs))
            id_ = self.cloud.id_of(request.type, request.name, kind, inputs)
            outputs = {**self.cloud.outputs_of(self.world, request.type, id_, inputs), **_kept(inputs)}
            outputs |= self.cloud.described(self.world, request.type, inputs, {})
            key = self.cloud.key_of(request.type, id_, outputs)
            record = Record(
                type=request.type, name=request.name, urn=request.urn, id=id_, key=key, inputs=_kept(inputs), outputs=outputs
            )
            self.world.put(record)
            self.cloud.remember_creation(self.world, request.type, inputs)
        self.world.did(Step(op="create", type=request.type, name=request.name, id=id_))
        self._begin(context, record, inputs, {})
        return provider_pb2.CreateResponse(id=id_, properties=_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        record = self._found(request, request.properties)
        if record is None:
            return provider_pb2.ReadResponse(id="")
        given = _plain(request.inputs)
        unread = {key: value for key, value in given.items() if _write_only(key)}
        return provider_pb2.ReadResponse(
            id=request.id, inputs=_struct({**record.inputs, **unread}), properties=_struct(record.outputs)
        )

    def Update(self, request: Any, context: Any) -> Any:
        olds, news = _plain(request.olds), _plain(request.news)
        kind, old_inputs = self.cloud.kind_of(request.type), _plain(request.old_inputs)
        gone = set(old_inputs) - set(news) - kind.kept
        outputs = {**{key: value for key, value in olds.items() if key not in gone}, **_kept(news)}
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_struct(outputs))
        changed = changes(kind, _known(kind, olds, old_inputs), news)
        if not changed:  # the engine asks again after a failure; the bridge finds no difference and calls nobody
            return provider_pb2.UpdateResponse(properties=request.olds)
        record = self._found(request, request.olds)
        if record is None:
            context.abort(grpc.StatusCode.INTERNAL, f"{request.type} {request.id} does not exist")
            raise AssertionError
        self._allow(context, lambda: self.cloud.refuses_update(self.world, record, news))
        outputs |= self.cloud.described(self.world, request.type, news, record.outputs)
        now = replace(record, inputs=_kept(news), outputs=outputs)
        self.world.put(now)
        paths = tuple(path for key in changed for path in differing(old_inputs.get(key), news.get(key), key))
        self.world.did(Step(op="update", type=record.type, name=record.name, id=record.id, changed=tuple(changed), paths=paths))
        self._begin(context, now, news, record.inputs)
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        record = self._found(request, request.properties)
        if record is not None:
            state = _plain(request.properties)
            if self.cloud.abandons(state):
                self.world.put(replace(record, name=f"{record.name} (abandoned)"))
                self.world.did(Step(op="abandon", type=record.type, name=record.name, id=record.id))
                return empty_pb2.Empty()
            self._allow(context, lambda: self.cloud.refuses_delete(self.world, record, state))
            self.world.remove(record)
            self.cloud.remember_deletion(self.world, record, state)
            self.world.did(Step(op="delete", type=record.type, name=record.name, id=record.id))
        return empty_pb2.Empty()

    def _found(self, request: Any, outputs: struct_pb2.Struct) -> Record | None:
        return self.world.get(request.type, self.cloud.key_of(request.type, request.id, _plain(outputs)))

    def _begin(self, context: Any, record: Record, inputs: Values, before: Values) -> None:
        """What starts when *record* is made or changed; where that fails the resource is there nevertheless."""
        sentence = self.cloud.begun(self.world, record, before)
        if sentence:
            failed = provider_pb2.ErrorResourceInitFailed(
                id=record.id, properties=_struct(record.outputs), reasons=[sentence], inputs=_struct(inputs)
            )
            status = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message=sentence)
            status.details.add().Pack(failed)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.INTERNAL, sentence)

    @staticmethod
    def _allow(context: Any, look: Any) -> None:
        sentence = look()
        if sentence:
            context.abort(grpc.StatusCode.INTERNAL, sentence)


def _known(kind: Kind, state: Values, old_inputs: Values) -> Values:
    """The old inputs, and what the cloud keeps of those that the program left out: the real provider compares with its state."""
    return {**{key: state[key] for key in kind.kept if key in state}, **old_inputs}


def changes(kind: Kind, olds: Values, news: Values) -> list[str]:
    """Names of the inputs that differ; not those that are only written, nor those that the cloud keeps when they are left out."""
    keys = {*olds, *news} - {DEFAULTS}
    left_out = {key for key in kind.kept if key not in news}
    return sorted(key for key in keys - left_out if not _write_only(key) and olds.get(key) != news.get(key))


def differing(old: Any, new: Any, path: str) -> list[str]:
    """The paths below *path* whose values differ; a list is one value."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        return [found for key in keys for found in differing(old.get(key), new.get(key), f"{path}.{key}")]
    return [] if old == new else [path]


def _kept(inputs: Values) -> Values:
    """Without what is only written."""
    return {key: value for key, value in inputs.items() if not _write_only(key)}


def _write_only(key: str) -> bool:
    return key.endswith("Wo")


def _plain(message: struct_pb2.Struct) -> Values:
    values: Values = json_format.MessageToDict(message)
    return values


def _struct(values: Values) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


def _hex(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]


def start(cloud: Cloud, version: str, folder: Path) -> tuple[grpc.Server, int]:
    """A server of the cloud whose resources lie in *folder*, and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.max_receive_message_length", 1 << 28)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(World(folder), cloud, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(cloud: Cloud, version: str) -> None:
    """As a plugin: serve the cloud in the folder that STAND_IN_WORLD names, until the engine ends this process."""
    gc.disable()  # it lives for seconds
    server, port = start(cloud, version, Path(os.environ["STAND_IN_WORLD"]))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
