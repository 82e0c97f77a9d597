"""``deploy`` and ``rollback``: exit 0 the wanted version runs, 1 it does not, 2 refused with nothing begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.console import make_console, seconds
from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.deploy.release import Released
    from operations.image.stack_file import StackFile

Service = Annotated[str, typer.Argument(help="The service, as the stack file names it.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")]
Wait = Annotated[float, typer.Option("--wait", min=1, help="Seconds that the roll-out may take.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


def deploy(
    service: Service,
    stack: Stack,
    image: Annotated[
        str | None, typer.Option("--image", help="name@sha256:..., sha256:... or a tag.", show_default=False)
    ] = None,
    context: Annotated[Path | None, typer.Option("--context", help="Build it from this folder.", show_default=False)] = None,
    dockerfile: Annotated[
        Path | None, typer.Option("--dockerfile", help="Default: the one in the context.", show_default=False)
    ] = None,
    tag: Annotated[str, typer.Option("--tag", help="Its tag in the registry. Default: the commit.", show_default=False)] = "",
    canary: Annotated[
        int | None, typer.Option("--canary", min=1, max=99, help="Cloud Run: percent of the traffic.", show_default=False)
    ] = None,
    wait: Wait = 900,
    as_json: Json = False,
) -> None:
    """Bring a new version of a service up: build or name its image, migrate, roll out, watch, compare what runs.

    The stack file gets the image. On a local stack the service runs from its folder: give neither --image nor --context.
    """
    from operations.cloud import service_control
    from operations.deploy.release import keeper, release, require_free
    from operations.deploy.settings import current, image_values, split_values
    from operations.deploy.watch import Wanted
    from operations.engine.checkout import find_checkout
    from operations.stack import deployed

    console = make_console(stderr=as_json)
    try:
        checkout = find_checkout()
        checkout.require(stack)
        local = checkout.provider(stack) == "local"
        if local and (image or context or canary):
            raise Refused(f"Stack '{stack}' runs on this machine, from folders of the checkout: change them and leave that out.")
        if not local and bool(image) == bool(context):
            raise Refused("Say which version: --image for one that is pushed, or --context to build and push it.")
        require_free(checkout, stack, f"python -m operations deploy {service} --stack {stack}")
        if local:
            before = service_control(deployed(stack).handles).running(service)
            done = release(
                checkout, stack, service, before, lambda handle: Wanted(version=str(handle["revision"])),
                wait_seconds=wait, console=console,
            )  # fmt: skip
        else:
            file = _load(stack)
            current(file, service)
            before = service_control(deployed(stack).handles).running(service)
            split = split_values(file, service, canary, before.version)
            reference = image or _built(file, service, context or Path(), dockerfile, tag)
            undo = keeper(file.path)
            changed = file.set({**image_values(file, service, reference), **split})
            console.print(f"{file.path.name}: {', '.join(changed) or 'no change'}.")
            done = release(
                checkout, stack, service, before, lambda handle: Wanted(image=str(handle["image"])),
                wait_seconds=wait, console=console, undo=undo,
            )  # fmt: skip
    except OperationError as error:
        fail(error, as_json=as_json)
    _show(done, as_json)


def rollback(
    service: Service,
    stack: Stack,
    to: Annotated[str | None, typer.Option("--to", help="Version. Default: the one before.", show_default=False)] = None,
    wait: Wait = 900,
    yes: Annotated[str | None, typer.Option("--yes-rollback", help="The service's name: do not ask.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Run an earlier version of a service again: its image, or on Cloud Run its revision with all the traffic. Asks first.

    While it goes back, and once it has, it asks for --to: the version before could be the one that was left. The database stays
    as it is; an older release beside a newer schema needs `migrate up --allow-newer` in its job.
    """
    from operations.cloud import service_control
    from operations.confirm import confirm
    from operations.deploy.back import target_of
    from operations.deploy.release import keeper, release, require_free
    from operations.deploy.settings import back_values, current
    from operations.deploy.watch import Wanted, described
    from operations.engine.checkout import find_checkout
    from operations.stack import deployed

    console = make_console(stderr=as_json)
    try:
        checkout = find_checkout()
        checkout.require(stack)
        if checkout.provider(stack) == "local":
            raise Refused(
                f"Stack '{stack}' runs on this machine, from folders of the checkout: bring the folder of {service} back (git "
                f"switch, git restore), then `python -m operations deploy {service} --stack {stack}`. Nothing was done."
            )
        command = f"python -m operations rollback {service} --stack {stack}"
        require_free(checkout, stack, command)
        file = _load(stack)
        current(file, service)
        handles = deployed(stack).handles
        control = service_control(handles)
        before, revisions = control.running(service), file.settings.provider == "gcp"
        traffic = file.settings.services[service].traffic if revisions else None
        present = Wanted(image=str(handles["services"][service]["image"]))
        target = target_of(control.versions(service), before, present, to, traffic=traffic, command=command)
        wanted = Wanted(version=target.version if revisions else "", image=target.image, back=True)
        lines = [
            f"Rolls {service} of stack {stack} back",
            f"  from {described(before)}",
            f"  to   {target.image} ({target.version}).",
            "Its settings stay those of the stack file, and the database stays as it is.",
        ]
        confirm("rollback", service, yes, target=lines)
        undo = keeper(file.path)
        changed = file.set(back_values(file, service, target.version, target.image))
        console.print(f"{file.path.name}: {', '.join(changed) or 'no change'}.")
        done = release(
            checkout, stack, service, before, lambda _: wanted,
            wait_seconds=wait, console=console, undo=undo, repeat=f"{command} --to {target.version}",
        )  # fmt: skip
    except OperationError as error:
        fail(error, as_json=as_json)
    _show(done, as_json)


def _load(stack: str) -> StackFile:
    from operations.engine.checkout import find_checkout
    from operations.image.stack_file import load

    return load(find_checkout(), stack)


def _built(file: StackFile, service: str, context: Path, dockerfile: Path | None, tag: str) -> str:
    from operations.image.build import build, build_of
    from operations.image.registry import registry_of
    from operations.image.stack_file import name_of

    name = name_of(file.settings.services[service].image)
    wanted = build_of(file, name, context, dockerfile, tag)
    return f"{name}@{build(wanted, registry_of(file))}"


def _show(done: Released, as_json: bool) -> None:
    if as_json:
        print_json(done.to_json())
        return
    from operations.deploy.watch import described

    typer.echo(f"{done.service} runs {described(done.after)}, after {seconds(done.seconds)}.")
