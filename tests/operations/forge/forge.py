"""GitHub and GitLab as far as the commands speak to them, over HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-token"
COMMENTS = re.compile(r"/(repos/o/r/issues/7/comments|projects/42/merge_requests/7/notes)")
COMMENT = re.compile(r"/(?:repos/o/r/issues/comments|projects/42/merge_requests/7/notes)/(\d+)")


class Forge:
    """Its comments, its pull requests, and what was asked of it."""

    def __init__(self) -> None:
        self.comments: dict[int, str] = {}
        self.pulls: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.fails: int = 0
        """The status of every answer, where it is not 0."""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if self.fails:
            return self.fails, {"message": "no"}
        if COMMENTS.fullmatch(parts.path) and method == "GET":
            first = (int(query["page"]) - 1) * int(query["per_page"])
            listed = sorted(self.comments.items())[first : first + int(query["per_page"])]
            return 200, [{"id": number, "body": text} for number, text in listed]
        if COMMENTS.fullmatch(parts.path) and method == "POST":
            self.comments[len(self.comments) + 1] = body["body"]
            return 201, {"id": len(self.comments)}
        match = COMMENT.fullmatch(parts.path)
        if match and method in ("PATCH", "PUT"):
            self.comments[int(match[1])] = body["body"]
            return 200, {}
        if parts.path == "/repos/o/r/pulls" and method == "GET":
            branch = query["head"].partition(":")[2]
            return 200, [pull for pull in self.pulls if (pull["head"], pull["base"]) == (branch, query["base"])]
        if parts.path == "/repos/o/r/pulls" and method == "POST":
            self.pulls.append({**body, "number": len(self.pulls) + 1})
            return 201, self.pulls[-1]
        return 404, {"message": "Not Found"}


@contextmanager
def serving(forge: Forge) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            forge.asked.append((self.command, self.path))
            allowed = TOKEN in (
                self.headers.get("private-token"),
                (self.headers.get("authorization") or "").removeprefix("Bearer "),
            )
            status, value = forge.answer(self.command, self.path, body) if allowed else (401, {"message": "Bad credentials"})
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
