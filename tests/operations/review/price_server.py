"""A server on this machine that answers as a price list does, or fails as one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


@dataclass
class Answer:
    """What a path answers. ``announced`` is the length it claims, when that is not the truth; ``pieces`` instead of a body."""

    body: str = ""
    status: int = 200
    announced: int | None = None
    pieces: Callable[[], Iterator[bytes]] | None = None


@dataclass
class Server:
    url: str
    asked: list[str] = field(default_factory=list)
    """Every path with its query, in order."""
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str], Answer]) -> Iterator[Server]:
    """A server that gives *answer* for each path with its query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            server.headers.append(dict(self.headers))
            given = answer(self.path)
            self.send_response(given.status)
            body = given.body.encode()
            if given.pieces is None:
                self.send_header("Content-Length", str(len(body) if given.announced is None else given.announced))
            self.end_headers()
            for piece in given.pieces() if given.pieces else (body,):
                self.wfile.write(piece)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def path_of(asked: str) -> str:
    return urlsplit(asked).path
