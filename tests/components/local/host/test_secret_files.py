"""Secret files: private, whole, resolved late, and never anywhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import psutil
import pytest

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.processes import services
from tests.processes import Sandbox, ask, crash, until


def test_a_written_secret_is_private_and_read_by_reference(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "db#1.json"
    secrets.write(path, {"password": "pässword#1", "port": 5432})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert secrets.resolve(secrets.reference(path, "password")) == "pässword#1"
    assert secrets.resolve(secrets.reference(path, "port")) == "5432"
    assert list(path.parent.iterdir()) == [path]


def test_a_reference_without_key_is_the_whole_text(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text("abc\n")
    path.chmod(0o600)
    assert secrets.resolve(f"file://{path}") == "abc"


@pytest.mark.parametrize(
    ("content", "mode", "ref", "sentence"),
    [
        (None, 0o600, "{}#a", "the secret file {} does not exist; run `make up` to create it"),
        ('{"a": 1}', 0o640, "{}#a", "the secret file {} is open to others (mode 0640); run `chmod 600 {}`"),
        ('{"a": 1, "c": 2}', 0o600, "{}#b", "the secret file {} has no key 'b'; it has a, c"),
        ("[1]", 0o600, "{}#a", "the secret file {} is not a JSON object; remove it and run `make up`"),
        ("{", 0o600, "{}#a", "the secret file {} is not a JSON object; remove it and run `make up`"),
    ],
)
def test_sentences(tmp_path: Path, content: str | None, mode: int, ref: str, sentence: str) -> None:
    path = tmp_path / "db.json"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(LocalError) as caught:
        secrets.resolve(f"file://{ref.format(path)}")
    assert str(caught.value) == sentence.format(path, path)


@pytest.mark.parametrize("ref", ["arn:aws:secretsmanager:eu-west-1:1:secret:x", "plain", "file://host/x.json#a", "file://"])
def test_another_form_is_refused(ref: str) -> None:
    with pytest.raises(LocalError, match="is not a local secret reference; write file:///absolute/path"):
        secrets.resolve(ref)


def test_a_secret_reaches_the_process_and_nothing_else(sandbox: Sandbox) -> None:
    path = sandbox.paths.secrets / "db.json"
    secrets.write(path, {"password": "correct-horse-1"})
    spec = sandbox.service(secrets={"DB_PASSWORD": secrets.reference(path, "password")})
    services.ensure(spec)
    assert ask(spec)["environment"]["DB_PASSWORD"] == "correct-horse-1"
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert any(str(spec.run_dir) in line for line in lines)
    assert not any("correct-horse" in line for line in lines)
    files = [file for file in sandbox.folder.rglob("*") if file.is_file() and file != path]
    assert {"spec.json", "status.json", "good.json", "service-api.log"} <= {file.name for file in files}
    assert not [file for file in files if b"correct-horse" in file.read_bytes()]

    secrets.write(path, {"password": "correct-horse-2"})
    assert services.ensure(spec).restarts == 0  # a rotated secret is no changed spec, as on ECS
    assert ask(spec)["environment"]["DB_PASSWORD"] == "correct-horse-1"
    crash(spec)
    until(lambda: services.observe(spec).restarts == 1 and services.observe(spec).healthy)
    assert ask(spec)["environment"]["DB_PASSWORD"] == "correct-horse-2"
