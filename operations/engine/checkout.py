"""The folder with Pulumi.yaml that a command works on, its stack files and where its state is kept."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from operations.errors import Refused

BACKEND = "PULUMI_BACKEND_URL"
PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True)
class Checkout:
    """A folder with a Pulumi program. Everything kept for it lies in ``<root>/.state`` unless PULUMI_BACKEND_URL is set."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / ".state"

    @property
    def passphrase_file(self) -> Path:
        return self.state / "passphrase"

    def work_dir(self, stack: str) -> Path:
        return self.state / "work" / stack

    def lock_file(self, stack: str) -> Path:
        return self.state / f"{stack}.lock"

    @cached_property
    def project(self) -> str:
        """The project's name in Pulumi.yaml."""
        return str(_yaml(self.root / "Pulumi.yaml").get("name", ""))

    def stacks(self) -> list[str]:
        """The stacks that have a ``Pulumi.<stack>.yaml``, by name."""
        return sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in self.root.glob("Pulumi.*.yaml"))

    def require(self, stack: str) -> None:
        """Raise Refused, listing the stacks there are, unless *stack* is one of them."""
        if stack not in self.stacks():
            there = ", ".join(self.stacks()) or "none"
            raise Refused(f"There is no stack '{stack}': {self.root} has no Pulumi.{stack}.yaml (stacks here: {there}).")

    def provider(self, stack: str) -> str:
        """The provider that the stack file names; "" when it names none (the program itself says what is wrong then)."""
        config = _yaml(self.root / f"Pulumi.{stack}.yaml").get("config") or {}
        return str(config.get(f"{self.project}:provider", "")) if isinstance(config, dict) else ""

    @property
    def _backend(self) -> Path:
        return self.state / "pulumi"

    @property
    def own_backend(self) -> bool:
        return not os.environ.get(BACKEND)

    def records(self, stack: str) -> bool:
        """Whether the state of *stack* is in this checkout's own folder. False says nothing: Pulumi knows other backends."""
        return self.own_backend and (self._backend / ".pulumi/stacks" / self.project / f"{stack}.json").is_file()

    def backend_url(self) -> str:
        """Where Pulumi keeps its state: PULUMI_BACKEND_URL, else a folder of this checkout (made when missing).

        A relative ``file://`` address is taken from the checkout, as plain ``pulumi`` run there would.
        """
        wanted = os.environ.get(BACKEND)
        if not wanted:
            self._backend.mkdir(parents=True, exist_ok=True)
            return f"file://{self._backend}"
        folder_of = wanted.removeprefix("file://")
        if folder_of != wanted and not folder_of.startswith(("/", "~")):
            return f"file://{(self.root / folder_of).resolve()}"
        return wanted

    def passphrase(self) -> dict[str, str]:
        """The variables that give Pulumi its passphrase: none when the user's environment has one already.

        For a backend of our own one is made at first use, in a file that only its owner can read (0600).
        """
        if any(name in os.environ for name in PASSPHRASES) or not self.own_backend:
            return {}
        if not self.passphrase_file.exists():
            self.state.mkdir(parents=True, exist_ok=True)
            temporary = self.passphrase_file.with_name(f".passphrase.{os.getpid()}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
            with suppress(FileExistsError):  # another run made one meanwhile: that one counts
                os.link(temporary, self.passphrase_file)
            temporary.unlink()
        return {PASSPHRASES[1]: str(self.passphrase_file)}


def find_checkout(start: Path | None = None) -> Checkout:
    """The nearest folder at or above *start* (by default the current one) with a Pulumi.yaml, else this repository's."""
    here = (start or Path.cwd()).resolve()
    for folder in [here, *here.parents]:
        if (folder / "Pulumi.yaml").is_file():
            return Checkout(folder)
    return Checkout(Path(__file__).resolve().parents[2])


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # not at the top: what runs in containers has no stack files

    try:
        found = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise Refused(f"{path} is missing: run this in a checkout of the project.") from None
    except yaml.YAMLError as error:
        raise Refused(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    return found if isinstance(found, dict) else {}
