"""What a component alone registers on mocks, and how two such recordings differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components import contract
from tests.recorder import Recording, Registered


class Workload(contract.Workload):
    """Stands for a workload of its own making."""

    TYPE = "Probe"


@dataclass
class Made:
    """What a stack with one component and nothing else registers."""

    recording: Recording

    def named(self, name: str, ending: str = "") -> Registered:
        """The resource *name*, of a type that ends in *ending*."""
        found = self.recording.resources.values()
        return next(resource for resource in found if resource.name == name and resource.type.endswith(ending))

    def inputs(self, name: str, ending: str = "") -> dict[str, Any]:
        return self.named(name, ending).inputs

    def of_type(self, ending: str) -> dict[str, Registered]:
        return self.recording.of_type(ending)

    def needed_by(self, name: str) -> set[str]:
        """Names of what the resource *name* waits for by ``depends_on``."""
        needed: Any = self.named(name).options.depends_on
        return {resource._name for resource in needed}

    def variables(self, workload: str) -> dict[str, Any]:
        """Plain variables that *workload* gets; exported as ``<workload> <variable>``."""
        return {key.split()[1]: value for key, value in self.recording.outputs.items() if key.startswith(f"{workload} ")}


def changed(before: Made, after: Made) -> dict[str, set[str]]:
    """Resources that both have and whose inputs differ, with the names of the inputs."""
    found: dict[str, set[str]] = {}
    for key in before.recording.resources.keys() & after.recording.resources.keys():
        old, new = before.recording.resources[key].inputs, after.recording.resources[key].inputs
        differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if differing:
            found[after.recording.resources[key].name] = differing
    return found


def added(before: Made, after: Made) -> set[str]:
    return {after.recording.resources[key].name for key in after.recording.resources.keys() - before.recording.resources.keys()}
