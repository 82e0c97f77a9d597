"""Jobs of a stack on Google Cloud, with their own command or another: log, exit code; over real HTTP."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from operations.errors import Interrupted, OperationError
from operations.place import Place, run_there
from operations.remote import watch
from operations.run import run
from tests.operations.handles import put_out

JOB = "projects/shop-1/locations/asia-northeast1/jobs/shop-dev-backups-create"
EXECUTION = f"{JOB}/executions/shop-dev-backups-create-x7k2p"
HANDLES = {
    "provider": "gcp", "stack": "gcp-dev", "region": "asia-northeast1", "project": "shop-1",
    "backups": {"job": JOB}, "jobs": {"seed": {"job": JOB}},
}  # fmt: skip


@dataclass
class Google:
    """Cloud Run and Cloud Logging: one execution of one job, which ends after a few looks."""

    port: int = 0
    looks: int = 2
    """Until it has ended."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int = 0
    conditions: list[dict[str, Any]] = field(default_factory=list)
    denied: str = ""
    """Path that is refused."""
    away: int = 0
    """How often the log cannot be had."""
    stopped: bool = False
    """Ctrl-C is pressed while it runs."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        self.asked.append((method, path, body))
        if self.denied and self.denied in path:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission denied."}}
        if path == f"/v2/{JOB}:run":
            return 200, {"name": "projects/shop-1/operations/1", "metadata": {"name": EXECUTION}}
        if path == f"/v2/{EXECUTION}/tasks":
            result = {"exitCode": self.exit_code} if self.exit_code else {}
            return 200, {"tasks": [{"name": "0", "lastAttemptResult": result}]}
        if path == f"/v2/{EXECUTION}":
            self.looks -= 1
            if self.stopped:
                signal.raise_signal(signal.SIGINT)
            if self.looks > 0:
                return 200, {"name": EXECUTION, "runningCount": 1}
            good = not self.exit_code and not self.conditions
            ended = {"succeededCount": 1} if good else {"failedCount": 1, "conditions": self.conditions}
            return 200, {"name": EXECUTION, "completionTime": "2026-11-21T10:00:09Z", **ended}
        if path == "/v2/entries:list" and self.away > 0:
            self.away -= 1
            return 503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "try again"}}
        if path == "/v2/entries:list":
            since = body["filter"].partition('timestamp>="')[2].rstrip('"')
            first = 2 * int(body.get("pageToken", 0))
            found = [entry for entry in self.entries if entry["timestamp"][:19] >= since[:19]]
            more = {"nextPageToken": str(first // 2 + 1)} if len(found) > first + 2 else {}
            return 200, {"entries": found[first : first + 2], **more}
        return 404, {"error": {"code": 404, "message": f"no {path}"}}

    def write(self, *texts: Any) -> None:
        for number, text in enumerate(texts):
            payload = {"jsonPayload": text} if isinstance(text, dict) else {"textPayload": text}
            self.entries.append({"insertId": str(number), "timestamp": f"2026-11-21T10:00:{number:02}.123456789Z", **payload})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[ThreadingHTTPServer, list[Google]]]:
    current: list[Google] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, found = current[-1].answer(self.command, self.path, body)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server, current
        server.shutdown()
        thread.join()


@pytest.fixture
def google(address: tuple[ThreadingHTTPServer, list[Google]], monkeypatch: pytest.MonkeyPatch) -> Google:
    server, current = address
    made = Google(port=server.server_port)
    current.append(made)
    for variable in ("CLOUD_RUN_REST_EMULATOR_HOST", "CLOUD_LOGGING_EMULATOR_HOST"):
        monkeypatch.setenv(variable, f"127.0.0.1:{server.server_port}")
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(watch, "SETTLE_SECONDS", 0.05)
    return made


def place() -> Place:
    return Place(name="gcp-dev", environ={}, handles=HANDLES, remote=True)


def test_it_is_the_backups_job_with_other_words(google: Google, capsys: pytest.CaptureFixture[str]) -> None:
    google.write("first", "second", "third")
    assert run_there(place(), ["backup", "verify"]) == 0
    method, path, body = google.asked[0]
    assert (method, path) == ("POST", f"/v2/{JOB}:run")
    assert body == {"overrides": {"containerOverrides": [{"args": ["python", "-m", "operations", "backup", "verify"]}]}}
    out, err = capsys.readouterr()
    assert out == "first\nsecond\nthird\n", "each line once, through all pages"
    assert "Inside stack gcp-dev, execution shop-dev-backups-create-x7k2p:" in err
    asked = next(body for _, path, body in google.asked if path == "/v2/entries:list")
    assert asked["resourceNames"] == ["projects/shop-1"]
    assert 'labels."run.googleapis.com/execution_name"="shop-dev-backups-create-x7k2p"' in asked["filter"]


@pytest.mark.parametrize("words", [[], ["python", "manage.py", "load_csv_data"]], ids=["its own", "another"])
def test_a_job_runs_its_own_command_or_another(google: Google, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    put_out(monkeypatch, HANDLES)
    run("seed", words, "gcp-dev")
    overrides = {"overrides": {"containerOverrides": [{"args": words}]}} if words else {}
    assert google.asked[0] == ("POST", f"/v2/{JOB}:run", overrides)
    google.looks, google.exit_code = 2, 7
    with pytest.raises(OperationError, match=r"^Job seed of stack gcp-dev failed with exit code 7\.$"):
        run("seed", words, "gcp-dev")


def test_a_log_that_is_away_for_a_moment_is_asked_again(google: Google, capsys: pytest.CaptureFixture[str]) -> None:
    google.away = 2
    google.write("first")
    assert run_there(place(), ["backup", "verify"]) == 0
    assert capsys.readouterr().out == "first\n"


def test_its_exit_code_is_ours(google: Google) -> None:
    google.exit_code = 2
    assert run_there(place(), ["restore"]) == 2


def test_with_json_only_the_answer_is_on_standard_output(google: Google, capsys: pytest.CaptureFixture[str]) -> None:
    google.write("connecting", {"created": 1}, "bye")
    assert run_there(place(), ["backup", "create", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"created": 1}, "Cloud Run has taken the line apart"
    assert "connecting\n" in err


def test_an_execution_that_never_began_is_one_sentence(google: Google) -> None:
    google.conditions = [{"type": "Completed", "state": "CONDITION_FAILED", "message": "Image 'operations:9' not found."}]
    with pytest.raises(OperationError, match="ended without an exit code: Image 'operations:9' not found"):
        run_there(place(), ["drill"])


def test_who_may_not_is_told_which_right(google: Google) -> None:
    google.denied = ":run"
    with pytest.raises(OperationError, match=r"allow run\.jobs\.runWithOverrides"):
        run_there(place(), ["drill"])


def test_when_the_log_may_not_be_read_the_way_to_end_it_is_told(google: Google) -> None:
    google.denied = "entries"
    with pytest.raises(OperationError, match=r"allow logging\.logEntries\.list and logging\.views\.access") as caught:
        run_there(place(), ["drill"])
    assert "gcloud run jobs executions cancel shop-dev-backups-create-x7k2p --region asia-northeast1" in str(caught.value)


def test_ctrl_c_ends_the_watching_only(google: Google) -> None:
    google.looks, google.stopped = 10**9, True
    with pytest.raises(Interrupted, match="goes on in the cloud"):
        run_there(place(), ["drill"])
    assert not [path for _, path, _ in google.asked if "cancel" in path]
