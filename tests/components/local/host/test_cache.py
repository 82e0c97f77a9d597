"""The cache with a real server; where none is installed the suite installs one (Debian's redis-server)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
from dataclasses import replace

import psutil
import pytest
import redis

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.processes import cache
from components.local.host.processes.cache import CacheSpec
from tests.processes import Sandbox, ensure_cache_server, running, until
from tests.support import free_port


@pytest.fixture(scope="module", autouse=True)
def server() -> None:
    ensure_cache_server()


@pytest.fixture
def spec(sandbox: Sandbox) -> CacheSpec:
    return CacheSpec(
        name="cache",
        port=free_port(),
        run_dir=sandbox.paths.run / "cache",
        log=sandbox.paths.log("cache"),
        secret=sandbox.paths.secrets / "shop" / "test" / "cache.json",
    )


def client(spec: CacheSpec) -> redis.Redis:
    return redis.Redis.from_url(json.loads(spec.secret.read_text())["url"])


def test_a_real_server_with_a_password(sandbox: Sandbox, spec: CacheSpec) -> None:
    assert cache.ensure(spec).healthy
    values = json.loads(spec.secret.read_text())
    assert set(values) == {"username", "password", "host", "port", "url"}
    assert (values["username"], values["host"], values["port"]) == ("default", "127.0.0.1", spec.port)
    assert stat.S_IMODE(spec.secret.stat().st_mode) == 0o600
    with client(spec) as session:
        session.set("a", "1")
        assert session.get("a") == b"1"
        settings = session.config_get("maxmemory*")
        assert (settings["maxmemory"], settings["maxmemory-policy"]) == (str(64 * 1024 * 1024), "allkeys-lru")
    with redis.Redis(port=spec.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.get("a")
    password = values["password"]
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if password in line]
    files = [file for file in sandbox.folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files if password.encode() in file.read_bytes()} == {".json", ".conf"}
    assert not [file for file in spec.run_dir.glob("*.json") if password in file.read_text()]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in spec.run_dir.glob("*.conf"))


def test_nothing_changes_the_second_time_and_a_new_size_is_taken_over(spec: CacheSpec) -> None:
    first = cache.ensure(spec)
    password = json.loads(spec.secret.read_text())["password"]
    assert cache.ensure(spec).supervisor == first.supervisor
    assert cache.ensure(replace(spec, max_memory_mb=32)).supervisor != first.supervisor
    assert json.loads(spec.secret.read_text())["password"] == password
    with client(spec) as session:
        assert session.config_get("maxmemory")["maxmemory"] == str(32 * 1024 * 1024)
    assert len(list(spec.run_dir.glob("*.conf"))) == 1


def test_a_rotated_password_is_taken_over(spec: CacheSpec) -> None:
    cache.ensure(spec)
    secrets.write(spec.secret, {"password": 'new "pass\\word'})
    cache.ensure(spec)
    with client(spec) as session:
        assert session.ping()


def test_a_killed_server_comes_back_and_keeps_what_is_persistent(spec: CacheSpec) -> None:
    spec = replace(spec, persistent=True)
    cache.ensure(spec)
    with client(spec) as session:
        session.set("a", "1")
        pid = session.info("server")["process_id"]
        until(lambda: session.info("persistence")["aof_rewrite_in_progress"] == 0)
        session.execute_command("WAITAOF", 1, 0, 2000) if session.info("server")["redis_version"] >= "7.2" else session.save()
    os.kill(pid, signal.SIGKILL)
    until(lambda: cache.observe(spec).restarts == 1 and cache.observe(spec).healthy)
    with client(spec) as session:
        assert session.get("a") == b"1"


def test_remove_leaves_nothing(sandbox: Sandbox, spec: CacheSpec) -> None:
    cache.ensure(spec)
    with client(spec) as session:
        pid = session.info("server")["process_id"]
    cache.remove(spec)
    assert not running(pid)
    assert sandbox.remains() == []
    assert not spec.secret.exists()
    assert not spec.run_dir.exists()


def test_settings_that_the_server_refuses(spec: CacheSpec) -> None:
    cache.ensure(spec)
    with pytest.raises(LocalError) as caught:
        cache.ensure(replace(spec, policy="newest-first"))
    assert str(caught.value).startswith("service cache did not get healthy: ")
    assert "the version before it runs again" in str(caught.value)
    assert "maxmemory-policy" in str(caught.value)
    with client(spec) as session:
        assert session.ping()


def test_a_port_in_use_names_the_setting(spec: CacheSpec) -> None:
    cache.ensure(spec)
    other = replace(spec, run_dir=spec.run_dir.with_name("other"), secret=spec.secret.with_name("other.json"))
    with pytest.raises(LocalError, match=rf"port {spec.port} on 127.0.0.1 is in use by .*set cache.port to a free port"):
        cache.ensure(other)


def test_no_server_installed(spec: CacheSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(LocalError) as caught:
        cache.ensure(spec)
    assert str(caught.value) == (
        "the stack file asks for a cache, but neither valkey-server nor redis-server is on this machine; "
        "install valkey or redis (for example: apt-get install redis-server), or remove cache from the stack file"
    )
    assert not spec.run_dir.exists()
    assert not spec.secret.exists()
