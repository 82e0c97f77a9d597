"""What a Dockerfile makes, laid out in a folder: the files it copies and only the packages it installs. No Docker is needed.

On Linux as root commands run as in the container that ECS makes of it: as user 10001, nothing inherited, all file systems
read-only but the folder that stands for /tmp. Elsewhere: nothing inherited.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("runtime", "operations")
BARE = sys.platform == "linux" and os.geteuid() == 0
SCRATCH = Path("/mnt")
"""Stands for /tmp in the container; the real one has files that the tests themselves need."""

CONTAINER = """
awk '$3 !~ /^(proc|sysfs|devpts|mqueue|cgroup2?)$/ {print $2}' /proc/self/mounts | while read -r mount; do
    mount -o remount,bind,ro "$mount" 2> /dev/null || true
done
mount -t tmpfs -o mode=1777 tmpfs "$0"
exec "$@"
"""

USER = ("setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups")


@dataclass(frozen=True)
class Dockerfile:
    """One of ours, as text and as instructions with their lines joined."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.name / "Dockerfile"

    @property
    def instructions(self) -> list[tuple[str, str]]:
        lines = [line for line in self.path.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
        return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]

    def last(self, instruction: str) -> str:
        return next(value for name, value in reversed(self.instructions) if name == instruction)

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.last("ENV").split())

    @property
    def healthcheck(self) -> list[str]:
        command = json.loads(self.last("HEALTHCHECK").partition("CMD ")[2])
        assert isinstance(command, list)
        return command

    @property
    def code(self) -> list[str]:
        """Folders of the checkout that are copied into /app."""
        pairs = (value.split() for name, value in self.instructions if name == "COPY" and not value.startswith("--from"))
        return [source for *sources, target in pairs if target.startswith("/app/") for source in sources]

    @property
    def requirements(self) -> list[Requirement]:
        lines = (ROOT / self.name / "requirements.in").read_text().splitlines()
        return [Requirement(line) for line in lines if line and not line.startswith("#")]


@dataclass(frozen=True)
class Image:
    """*folder*/app is the code and *folder*/site the packages."""

    dockerfile: Dockerfile
    folder: Path

    def start(self, command: Sequence[str], environment: Mapping[str, str], **how: object) -> subprocess.Popen[str]:
        """Starts *command*, whose python is the image's, with the Dockerfile's environment and this one."""
        python = [str(Path(sys.executable).resolve()), "-S"]  # no packages but those on PYTHONPATH
        words = [*(python if command[0] == "python" else command[:1]), *command[1:]]
        own = {
            **self.dockerfile.environment,
            "PATH": "/usr/bin:/bin",
            "HOME": str(SCRATCH) if BARE else str(self.folder),
            "TMPDIR": str(SCRATCH) if BARE else str(self.folder),
            "PYTHONPATH": str(self.folder / "site"),
            **environment,
        }
        prefix = ["unshare", "-m", "--propagation", "private", "sh", "-euc", CONTAINER, str(SCRATCH), *user()] if BARE else []
        return subprocess.Popen([*prefix, *words], cwd=self.folder / "app", env=own, text=True, **how)  # type: ignore[call-overload, no-any-return]

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        with self.start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


@cache
def user() -> tuple[str, ...]:
    """What makes a command user 10001's; nothing where this environment's python is in a folder that is closed to others."""
    tried = subprocess.run([*USER, str(Path(sys.executable).resolve()), "-c", ""], capture_output=True, check=False)
    return () if tried.returncode else USER


def make(name: str, folder: Path) -> Image:
    """The image *name* in *folder*, whose packages are links to those of this environment."""
    dockerfile = Dockerfile(name)
    for source in dockerfile.code:
        shutil.copytree(ROOT / source, folder / "app" / source, ignore=shutil.ignore_patterns("__pycache__"))
    for distribution in installed(dockerfile.requirements):
        for file in distribution.files or ():
            source = Path(str(distribution.locate_file(file)))
            whole = source.parents[len(file.parts) - 2] if len(file.parts) > 1 else source
            if (whole / "__init__.py").exists():  # a namespace (google) is shared with packages that are not in the image
                source, file = whole, metadata.PackagePath(file.parts[0])
            target = folder / "site" / file
            if ".." not in file.parts and not target.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)
    folder.chmod(0o755)
    return Image(dockerfile, folder)


def installed(requirements: Sequence[Requirement]) -> Iterator[metadata.Distribution]:
    """What pip would install for *requirements*. Those with a version of their own are in the image alone."""
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements if not requirement.specifier]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            key = (canonicalize_name(requirement.name), wanted)
            if key in seen:
                continue
            seen.add(key)
            found = metadata.distribution(requirement.name)
            if not wanted:
                yield found
            waiting += [(Requirement(text), wanted) for text in found.requires or ()]
