"""Builds an image with ``docker buildx`` and pushes it; what counts afterwards is its digest."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.errors import OperationError, Refused
from operations.image.registry import Registry

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Build:
    """One image: its name in the registry's folder, what it is made from, and its tag there, which can never be moved."""

    name: str
    tag: str
    context: Path
    dockerfile: Path
    platform: str

    def command(self, repository: str, metadata: Path) -> list[str]:
        """No attestations: they make an index of the image, and Lambda takes no index."""
        return [
            *("docker", "buildx", "build", "--platform", self.platform, "--file", str(self.dockerfile)),
            *("--tag", f"{repository}:{self.tag}", "--provenance=false", "--sbom=false"),
            *("--metadata-file", str(metadata), "--push", str(self.context)),
        ]


def build(wanted: Build, registry: Registry) -> str:
    """Build and push; the digest (``sha256:...``).

    Raises Refused when Docker, the Dockerfile or the context is missing, OperationError when login, build or push fails or leaves
    no digest.
    """
    if not wanted.dockerfile.is_file():
        raise Refused(f"There is no {wanted.dockerfile}: name the image's Dockerfile with --dockerfile.")
    if not wanted.context.is_dir():
        raise Refused(f"There is no folder {wanted.context}: name what the image is built from with --context.")
    _docker(["docker", "buildx", "version"], "Docker has no buildx")
    _docker(
        ["docker", "login", "--username", registry.user, "--password-stdin", registry.host],
        f"Docker could not log in to {registry.host}",
        given=registry.password,
    )
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder) / "metadata.json"
        repository = f"{registry.host}/{registry.folder}/{wanted.name}"
        _docker(wanted.command(repository, metadata), f"Image {wanted.name} was not built or not pushed", shown=True)
        return _digest(metadata, wanted.name)


def _digest(metadata: Path, name: str) -> str:
    try:
        digest = json.loads(metadata.read_text()).get("containerimage.digest", "")
    except (OSError, ValueError, AttributeError):
        digest = ""
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise OperationError(f"buildx did not say the digest of {name} (docker buildx 0.8 or newer does); nothing was written.")
    return digest


def _docker(command: Sequence[str], failure: str, *, given: str | None = None, shown: bool = False) -> None:
    """Run *command*; what it writes goes to standard error when it is *shown*, else into the sentence of its failure."""
    try:
        answer = subprocess.run(
            command, input=given, text=True, stdout=2 if shown else subprocess.PIPE, stderr=None if shown else subprocess.STDOUT
        )
    except FileNotFoundError:
        raise Refused("Docker is not installed here: images are built with docker buildx.") from None
    if answer.returncode:
        reason = " ".join((answer.stdout or "see above").split())[-500:]
        raise OperationError(f"{failure} (exit code {answer.returncode}): {reason}")
