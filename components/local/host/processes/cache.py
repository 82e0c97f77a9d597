"""The cache: a valkey or redis server of this machine under the same supervisor as the services."""

from __future__ import annotations

import hashlib
import os
import secrets as randomness
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.jsonfile import private_folder
from components.local.host.processes import environment, services
from components.local.host.processes.health import Health
from components.local.host.processes.service_spec import ServiceSpec
from components.local.host.processes.status import ServiceState

SERVERS = ("valkey-server", "redis-server")
"""In order of preference. They take the same configuration."""
PLACES = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/opt/valkey/bin")
"""Where packages put them, for a PATH that lacks these."""
USER = "default"
"""The user that ``requirepass`` sets the password of."""
HEALTH = Health(protocol="redis", interval=2, timeout=2, retries=3, start_period=10)


@dataclass(frozen=True, kw_only=True)
class CacheSpec:
    """A cache server on loopback, with a password."""

    name: str
    port: int
    run_dir: Path
    """Folder of its own: configuration, data, status; removed with the cache."""
    log: Path
    secret: Path
    """JSON file for its users: username, password, host, port, url. Made when missing; its password is kept otherwise."""
    host: str = "127.0.0.1"
    max_memory_mb: int = 64
    policy: str = "allkeys-lru"
    """What goes when the memory is full: a ``maxmemory-policy`` of redis."""
    persistent: bool = False
    """Whether an append-only file keeps the content over a restart."""
    setting: str = "cache"
    """The settings key, for sentences."""

    @property
    def data(self) -> Path:
        return self.run_dir / "data"


def find_server() -> Path:
    """The server program. Raises LocalError when none is installed."""
    path = os.pathsep.join([environment.base()["PATH"], *PLACES])
    for name in SERVERS:
        if found := shutil.which(name, path=path):
            return Path(found)
    install = "brew install valkey" if sys.platform == "darwin" else "apt-get install redis-server"
    raise LocalError(
        f"the stack file asks for a cache, but neither valkey-server nor redis-server is on this machine; "
        f"install valkey or redis (for example: {install}), or remove cache from the stack file"
    )


def ensure(spec: CacheSpec) -> ServiceState:
    """Make the cache run as wanted and wait until it answers. A changed password in the secret file is taken over.

    :raises LocalError: no server is installed, or it does not start: why, and its last log lines.
    """
    server = find_server()
    password = _password(spec)
    text = _configuration(spec, password)
    revision = hashlib.sha256(text.encode()).hexdigest()
    private_folder(private_folder(spec.run_dir) / spec.data.name)
    configuration = spec.run_dir / f"cache-{revision[:12]}.conf"
    write_file(configuration, text)
    secrets.write(spec.secret, _secret(spec, password))
    state = services.ensure(service(spec, server, configuration, revision))
    for file in spec.run_dir.glob("cache-*.conf"):  # a failed change goes back to the file of before: keep it until now
        if file != configuration:
            file.unlink(missing_ok=True)
    return state


def observe(spec: CacheSpec) -> ServiceState:
    return services.observe(service(spec))


def remove(spec: CacheSpec) -> None:
    """Stop the server; its data and its secret go with it."""
    services.remove(service(spec))
    spec.secret.unlink(missing_ok=True)


def service(
    spec: CacheSpec, server: Path = Path(SERVERS[1]), configuration: Path = Path("cache.conf"), revision: str = ""
) -> ServiceSpec:
    """The cache as a supervised process. The defaults serve to look at it and to remove it."""
    return ServiceSpec(
        name=spec.name,
        command=(str(server), str(configuration)),
        cwd=spec.data,
        run_dir=spec.run_dir,
        log=spec.log,
        host=spec.host,
        port=spec.port,
        health=HEALTH,
        stop_timeout=10,
        revision=revision,
        setting=spec.setting,
    )


def _password(spec: CacheSpec) -> str:
    if spec.secret.exists():
        return secrets.read(spec.secret).get("password") or randomness.token_urlsafe(24)
    return randomness.token_urlsafe(24)


def _secret(spec: CacheSpec, password: str) -> dict[str, str | int]:
    url = f"redis://{USER}:{quote(password, safe='')}@{spec.host}:{spec.port}/0"
    return {"username": USER, "password": password, "host": spec.host, "port": spec.port, "url": url}


def _configuration(spec: CacheSpec, password: str) -> str:
    """redis.conf, mode 0600. In the file and not on the command line, where every user would read the password."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        f"bind {spec.host}",
        f"port {spec.port}",
        "protected-mode yes",
        "daemonize no",
        'logfile ""',
        f'requirepass "{quoted}"',
        f"maxmemory {spec.max_memory_mb}mb",
        f"maxmemory-policy {spec.policy}",
        f"appendonly {'yes' if spec.persistent else 'no'}",
        'save ""',
        f'dir "{spec.data}"',
    ]
    return "\n".join(lines) + "\n"
