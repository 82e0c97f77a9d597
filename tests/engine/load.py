"""Steady load on /users, and what came of every request."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True)
class Answer:
    """One request: when it was answered (monotonic seconds), what it was, and the status (0: no answer)."""

    at: float
    wrote: str
    """Name of the user it was to create; "" for a read."""
    status: int

    @property
    def good(self) -> bool:
        return self.status in (200, 201)


@dataclass
class Load:
    """*rate* requests a second, half of them writes, from *workers* clients that each keep their pace. A context manager."""

    port: int
    rate: int = 200
    workers: int = 40
    answers: list[Answer] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(index,)) for index in range(self.workers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def acknowledged(self) -> set[str]:
        """Users whose creation was answered with 201."""
        return {answer.wrote for answer in self.answers if answer.wrote and answer.status == 201}

    def until_good(self, after: float, seconds: float = 30) -> None:
        """Wait until a read and a write were answered well after *after*. How soon is what the bench tells."""
        deadline = time.monotonic() + seconds
        while {bool(answer.wrote) for answer in list(self.answers) if answer.good and answer.at > after} != {True, False}:
            assert time.monotonic() < deadline, f"no good answer to reads and writes within {seconds:g} s"
            time.sleep(0.1)

    def per_second(self, begin: float, end: float) -> float:
        return sum(begin <= answer.at < end for answer in self.answers) / (end - begin)

    def _work(self, index: int) -> None:
        pause, number, connection = self.workers / self.rate, 0, http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        due = time.monotonic() + pause * index / self.workers
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due, number = max(due + pause, time.monotonic()), number + 1
            name = f"load{index}x{number}" if (index + number) % 2 else ""
            status = self._request(connection, name)
            self.answers.append(Answer(time.monotonic(), name, status))
        connection.close()

    def _request(self, connection: http.client.HTTPConnection, name: str) -> int:
        try:
            if name:
                body = json.dumps({"username": name, "email": f"{name}@example.com"})
                connection.request("POST", "/users", body, {"content-type": "application/json"})
            else:
                connection.request("GET", "/users?limit=5")
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
