"""Google Cloud Storage for tests: the kept emulator, and two things of the real one that it lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from gcp_storage_emulator import server as emulator
from gcp_storage_emulator.handlers import objects


def _insert(request: Any, response: Any, storage: Any) -> None:
    """``ifGenerationMatch=0``: only where there is nothing yet."""
    if request.query.get("ifGenerationMatch") == ["0"] and "upload_id" not in request.query:
        name = request.query["name"][0] if "name" in request.query else (request.data.get("meta") or request.data)["name"]
        if name in storage.objects.get(request.params["bucket_name"], {}):
            response.status = HTTPStatus.PRECONDITION_FAILED
            response.json({"error": {"code": 412, "message": "conditionNotMet"}})
            return
    objects.insert(request, response, storage)


def _forget(request: Any, response: Any, storage: Any) -> None:
    """An upload that its client gives up."""
    storage.resumable.pop(request.query.get("upload_id", [None])[0], None)
    response.status = HTTPStatus.NO_CONTENT


@contextmanager
def running_storage() -> Iterator[tuple[str, Any]]:
    """Its address, for STORAGE_EMULATOR_HOST, and what it holds (``objects`` and ``resumable`` by bucket and id)."""
    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)
    uploads = next(handlers for path, handlers in emulator.HANDLERS if "upload" in path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(uploads, "POST", _insert)
        patch.setitem(uploads, "DELETE", _forget)
        running = emulator.create_server("127.0.0.1", 0, in_memory=True)
        running.start()
        try:
            host, port = running._api._httpd.server_address
            yield f"http://{host}:{port}", running._storage
        finally:
            running.stop()
