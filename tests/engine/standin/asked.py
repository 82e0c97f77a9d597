"""Ask a stand-in provider directly, without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from tests.engine.standin.cloud import Cloud
from tests.engine.standin.server import Provider
from tests.engine.standin.world import World

Values = dict[str, Any]


class Refused(Exception):
    """The provider's answer is an error."""


class Context:
    """Stands for gRPC's."""

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Nobody reads it here."""

    def abort(self, code: Any, sentence: str) -> None:
        raise Refused(sentence)


class Asked:
    """A provider and short ways to ask it."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.provider = Provider(World(folder), cloud, "1.0.0")

    @property
    def world(self) -> World:
        return self.provider.world

    def create(self, token: str, inputs: Values, name: str = "it", *, preview: bool = False) -> tuple[str, Values]:
        """Id and outputs."""
        request = provider_pb2.CreateRequest(
            urn=f"urn::{name}", name=name, type=token, properties=_struct(inputs), preview=preview
        )
        made = self.provider.Create(request, Context())
        return made.id, json_format.MessageToDict(made.properties)

    def diff(self, token: str, olds: Values, news: Values) -> Any:
        request = provider_pb2.DiffRequest(urn="urn::it", type=token, old_inputs=_struct(olds), news=_struct(news))
        return self.provider.Diff(request, Context())

    def update(self, token: str, id_: str, state: Values, news: Values) -> Values:
        """The outputs afterwards; *state* are those before."""
        [inputs] = [record.inputs for record in self.world.all(token) if record.id == id_]
        request = provider_pb2.UpdateRequest(
            urn="urn::it", type=token, id=id_, olds=_struct(state), old_inputs=_struct(inputs), news=_struct(news)
        )
        values: Values = json_format.MessageToDict(self.provider.Update(request, Context()).properties)
        return values

    def delete(self, token: str, id_: str, state: Values) -> None:
        self.provider.Delete(provider_pb2.DeleteRequest(urn="urn::it", type=token, id=id_, properties=_struct(state)), Context())


def _struct(values: Values) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


@contextmanager
def refuses(sentence: str) -> Iterator[None]:
    """What is asked in here is refused with *sentence* (a pattern)."""
    with pytest.raises(Refused, match=sentence):
        yield
