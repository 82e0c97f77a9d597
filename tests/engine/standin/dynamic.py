"""Pulumi's process for dynamic resources, ready to be used by many commands (see ``worker``): each engine attaches to it."""

from __future__ import annotations

import runpy

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import ResourceProviderServicer

if __name__ == "__main__":
    ResourceProviderServicer.Attach = lambda *_: Empty()
    runpy.run_module("pulumi.dynamic", run_name="__main__")
