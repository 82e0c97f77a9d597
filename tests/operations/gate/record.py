"""Records previews of a small stack with the real Pulumi CLI and AWS's stand-in: ``python -m tests.operations.gate.record``.

Each is one file of ``streams/``; ``state.json`` is the stack's export that all but ``first`` were made against. Lines of severity
debug are left out, which the CLI writes only under the Automation API.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import automation
from pulumi.automation.errors import CommandError

from operations.engine import pulumi_cli
from operations.engine.command import EngineCommand
from operations.engine.shims import search_path
from operations.gate.stream import SWITCH
from tests.checkout import ROOT, pulumi_home
from tests.engine.standin.plugins import install
from tests.engine.standin.world import Record, World

STREAMS = Path(__file__).parent / "streams"

PACK = """
from policies.pack import StillUndecided
from policies.verdict import Undecided
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def bucket(args, report):
    if args.resource_type.endswith("bucket:Bucket"):
        report("The bucket must have a name of its own: set 'bucket'.")

def key(args, report):
    if args.resource_type.endswith("key:Key") and args.props["description"] == "":
        report("A key needs a description.")

def undecided(args, report):
    if args.resource_type.endswith("key:Key"):
        raise StillUndecided([Undecided(("description",))])

def broken(args, report):
    raise ValueError("oops")

def policy(name, validate, level):
    return ResourceValidationPolicy(name, f"What {name} is for.", validate, enforcement_level=level)

PolicyPack("managed-postgres", [
    policy("bucket-named", bucket, EnforcementLevel.ADVISORY),
    policy("key-described", key, EnforcementLevel.MANDATORY),
    MORE
])
"""

PACKS = {
    "good": "",
    "strict": """policy("bucket-required", bucket, EnforcementLevel.MANDATORY),
    policy("key-rotated", undecided, EnforcementLevel.ADVISORY),""",
    "bad": """policy("broken", broken, EnforcementLevel.ADVISORY),""",
}
"""Folder of a pack to what it has more."""

Program = Callable[[], None]


def program(
    *,
    without: tuple[str, ...] = (),
    protect: bool = True,
    engine: str = "postgres",
    username: str = "app",
    key: pulumi.ResourceOptions | None = None,
    name: str = "database",
    description: pulumi.Input[str] = "files",
) -> Program:
    """A protected database, an unprotected bucket, a key, and a bucket that is only read."""

    def run() -> None:
        if "database" not in without:
            aliases = [pulumi.Alias(name="database")] if name != "database" else []
            aws.rds.Instance(
                name,
                identifier="shop",
                instance_class="db.t4g.medium",
                allocated_storage=20,
                backup_retention_period=7,
                engine=engine,
                username=username,
                password="hush-hush",
                opts=pulumi.ResourceOptions(protect=protect, aliases=aliases),
            )
        if "bucket" not in without:
            aws.s3.Bucket("bucket", bucket_prefix="shop-")
        if "key" not in without:
            aws.kms.Key("key", description=description, opts=key)
        if "elsewhere" not in without:
            aws.s3.Bucket.get("elsewhere", "of-somebody-else")

    return run


def unknown() -> None:
    """A key whose description only the cloud will know."""
    made = aws.s3.Bucket("new", bucket_prefix="new-")
    program(description=made.arn)()


def fails() -> None:
    raise ValueError("the program fails")


@dataclass
class Recorder:
    folder: Path

    def __post_init__(self) -> None:
        install(pulumi_home(self.folder / "home"), "aws")
        for name, more in PACKS.items():
            pack = self.folder / name
            pack.mkdir()
            (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.0.0\n")
            (pack / "__main__.py").write_text(PACK.replace("MORE", more))
        (self.folder / "state").mkdir()
        cli = pulumi_cli.ensure()
        # the analyzer and the stand-ins are started by the engine, which has this environment
        self.environment = {
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "recorded",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "STAND_IN_WORLD": str(self.folder / "world"),
            "PATH": search_path(cli.path, cache=pulumi_cli.cache_home()),
            "PYTHONPATH": str(ROOT),
            SWITCH: "true",
        }
        settings = automation.ProjectSettings("managed-postgres", "python")
        workspace = automation.LocalWorkspace(
            work_dir=str(self.folder), project_settings=settings, env_vars=self.environment, pulumi_command=EngineCommand(cli)
        )
        self.workspace = workspace
        self.stack = automation.Stack.create_or_select("prod", workspace)

    def up(self, run: Program) -> None:
        self.stack.workspace.program = run
        self.stack.up(color="never")

    def preview(self, name: str, run: Program, *, pack: str = "good", switch: str = "true", **options: Any) -> None:
        self.stack.workspace.program = run
        self.workspace.env_vars = {**self.workspace.env_vars, SWITCH: switch}
        lines: list[str] = []
        try:
            packs = [str(self.folder / pack)] if pack else None
            self.stack.preview(json=True, color="never", policy_packs=packs, on_output=lines.append, **options)
        except (CommandError, RuntimeError):
            pass
        kept = [line for line in lines if '"severity":"debug"' not in line.replace('": "', '":"')]
        text = re.sub(re.escape(str(self.folder)), "<folder>", "\n".join(kept) + "\n").replace(str(Path.home()), "<home>")
        (STREAMS / f"{name}.jsonl").write_text(text)
        print(f"{name}: {len(kept)} lines")


def main() -> None:
    os.environ.pop("AWS_PROFILE", None)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder).resolve())
        preview = recorder.preview
        world = World(recorder.folder / "world")
        there = Record(type="aws:s3/bucket:Bucket", name="elsewhere", urn="", id="of-somebody-else", key="of-somebody-else")
        world.put(there)
        preview("first", program())
        recorder.up(program())
        exported = recorder.stack.export_stack()
        (STREAMS / "state.json").write_text(
            json.dumps({"version": exported.version, "deployment": exported.deployment}, indent=1) + "\n"
        )
        preview("same", program())
        preview("without_pack", program(), pack="")
        preview("update", program(description="others"))
        preview("delete", program(without=("bucket",)))
        preview("replace", program(protect=False, without=("bucket",), engine="aurora-postgresql"))
        preview("unprotect_and_replace", program(protect=False, username="other"))
        preview("unprotect", program(protect=False))
        preview("protected_delete", program(without=("database",)))
        preview("protected_replace", program(username="other"))
        preview("discard", program(without=("elsewhere",)))
        preview("renamed", program(name="renamed"))
        preview("targeted", program(without=("bucket",)), target=["**::key"])
        preview("unknown", unknown)
        preview("violated", program(), pack="strict")
        preview("program_fails", fails)
        preview("pack_crashes", program(), pack="bad")
        preview("pack_missing", program(), pack="nowhere")
        preview("default_form", program(), switch="false")
        recorder.up(program(key=pulumi.ResourceOptions(retain_on_delete=True)))
        preview("retained", program(without=("key",)))
        world = World(recorder.folder / "world")
        world.remove(world.named("bucket"))
        preview("gone", program(key=pulumi.ResourceOptions(retain_on_delete=True)), refresh=True)
        recorder.stack = automation.Stack.create_or_select("other", recorder.workspace)
        recorder.up(program(without=("database", "elsewhere")))
        preview("everything_goes", program(without=("database", "elsewhere", "bucket", "key")))


if __name__ == "__main__":
    main()
