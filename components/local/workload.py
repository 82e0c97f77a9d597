"""What local services and jobs share: variables and secret references in the form that the host's processes take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.config import ROOT
from components.environment import Access
from components.local.place import place, secret_address


def process(name: str, access: Access, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of the dynamic resource for a process called *name* (``service-api``): folders, log, variables, secrets.

    *secrets* are the stack file's: ids below the stack's own secrets folder.
    """
    paths = place()
    granted = {
        variable: pulumi.Output.concat(reference.id, f"#{reference.key}" if reference.key else "")
        for variable, reference in access.secrets.items()
    }
    return {
        "cwd": str(ROOT),
        "run_dir": str(paths.run / name),
        "log": str(paths.log(name)),
        "environment": access.environment,
        "secrets": {**granted, **{variable: secret_address(paths, secret) for variable, secret in secrets.items()}},
    }
