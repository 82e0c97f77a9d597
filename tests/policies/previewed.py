"""A preview of a small inline program with a policy pack: ``python -m tests.policies.previewed FOLDER PACK [CONFIG]``.

Prints a line of JSON for each policy event. A process of its own, because Pulumi's engine and event loops leave warnings behind.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation as auto
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

from operations.engine.command import EngineCommand
from operations.engine.pulumi_cli import cache_home, ensure
from operations.engine.shims import search_path

ROOT = Path(__file__).resolve().parents[2]


class Things(ResourceProvider):
    """Makes things whose ``made`` is known only when they exist."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("thing", {**props, "made": "known"})


class Thing(Resource):
    made: pulumi.Output[str]

    def __init__(self, name: str, **props: Any) -> None:
        super().__init__(Things(), name, {"made": None, **props})


def program() -> None:
    first = Thing("first", encrypted=False, word="known", days=7)
    Thing("second", encrypted=True, word=first.made, days=1, password=pulumi.Output.secret("hunter2"))


def main(folder: Path, pack: str, *config: str) -> None:
    cli = ensure()
    environment = {
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": search_path(cli.path, cache=cache_home()),
        "PYTHONPATH": str(ROOT),
    }
    settings = auto.ProjectSettings("shop", "python")
    workspace = auto.LocalWorkspace(
        program=program, project_settings=settings, env_vars=environment, work_dir=str(folder), pulumi_command=EngineCommand(cli)
    )
    stack = auto.Stack.create_or_select("dev", workspace)
    events: list[auto.events.EngineEvent] = []
    try:
        stack.preview(policy_packs=[pack], policy_pack_configs=list(config) or None, on_event=events.append)
        ended = "ok"
    except auto.errors.CommandError as error:
        ended = str(error)
    for event in events:
        if event.policy_event:
            one = event.policy_event
            print(json.dumps([one.policy_name, str(one.enforcement_level), one.message.strip(), one.resource_urn]))
    print(json.dumps(ended))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
