"""Builds an image with ``docker buildx`` and pushes it; what counts afterwards is its digest."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.console import make_console
from operations.errors import OperationError, Refused
from operations.image.registry import Registry
from operations.image.stack_file import StackFile

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Build:
    """One image: its name in the registry's folder, what it is made from, and its tag there, which can never be moved."""

    name: str
    tag: str
    context: Path
    dockerfile: Path
    platform: str
    committed: bool = False
    """The tag is the commit of all that the image is made from: what the registry has under it is this image."""

    def command(self, repository: str, metadata: Path) -> list[str]:
        """No attestations: they make an index of the image, and Lambda takes no index."""
        return [
            *("docker", "buildx", "build", "--platform", self.platform, "--file", str(self.dockerfile)),
            *("--tag", f"{repository}:{self.tag}", "--provenance=false", "--sbom=false"),
            *("--metadata-file", str(metadata), "--push", str(self.context)),
        ]


def build_of(file: StackFile, name: str, context: Path, dockerfile: Path | None, tag: str) -> Build:
    """What is to be built of image *name* for the stack of *file*; without a *tag* the commit is its tag.

    Raises Refused where the stack names no such image, or there is no tag and no commit.
    """
    platform, made_from = file.platform(name), dockerfile or context / "Dockerfile"
    return Build(
        name=name,
        tag=tag or commit(context, made_from),
        context=context,
        dockerfile=made_from,
        platform=platform,
        committed=not tag,
    )


def commit(folder: Path, dockerfile: Path) -> str:
    """The first twelve digits of the commit of *folder*. Raises Refused without one, or where it or *dockerfile* has changes."""

    def git(*arguments: str, of: Path = folder) -> str:
        answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
        if answer.returncode:
            raise Refused(f"{of.resolve()} is in no git checkout: say with --tag how to call the image in the registry.")
        return answer.stdout.strip()

    found = git("rev-parse", "--short=12", "HEAD")
    for path in (folder, dockerfile):
        if git("status", "--porcelain", "--", str(path.resolve()), of=path):
            raise Refused(f"{path.resolve()} has changes that are not committed: commit them, or name the image with --tag.")
    return found


def build(wanted: Build, registry: Registry) -> str:
    """Build and push; the digest (``sha256:...``). An image that a run before this one has pushed for the same commit is taken.

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
    repository = f"{registry.host}/{registry.folder}/{wanted.name}"
    pushed = _pushed(f"{repository}:{wanted.tag}") if wanted.committed else None
    if pushed:
        make_console(stderr=True).print(f"{wanted.name}:{wanted.tag} is in the registry already: taken, not built again.")
        return pushed
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder) / "metadata.json"
        _docker(wanted.command(repository, metadata), f"Image {wanted.name} was not built or not pushed", shown=True)
        return _digest(metadata, wanted.name)


def _pushed(reference: str) -> str | None:
    """The digest of *reference*; None where the registry has none or does not say, as the push will then tell better.

    A second build of one commit has another digest, and the tag is never moved: without this no run could be repeated.
    """
    # not {{.Manifest.Digest}}: buildx answers that with its table for people
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", reference]
    answer = subprocess.run(command, capture_output=True, text=True)
    try:
        digest = json.loads(answer.stdout)["digest"] if answer.returncode == 0 else ""
    except (ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) and DIGEST.fullmatch(digest) else None


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
