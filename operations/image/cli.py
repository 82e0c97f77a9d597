"""``python -m operations image build``: exit 0 pushed and written, 1 it failed, 2 bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Build container images and name them in the stack's settings by digest.", no_args_is_help=True)

NAME = typer.Argument(help="The image, as the stack file names it: api for api:0.1.0.")
STACK = typer.Option("--stack", help="The stack that runs it.")
CONTEXT = typer.Option("--context", help="Folder that it is built from.")
DOCKERFILE = typer.Option("--dockerfile", help="Its Dockerfile; by default the one in the context.", show_default=False)
TAG = typer.Option("--tag", help="Its tag in the registry, which cannot be moved later. Default: the commit.", show_default=False)


@app.callback()
def image() -> None:
    """Build container images and name them in the stack's settings by digest."""


@app.command()
def build(
    name: Annotated[str, NAME],
    stack: Annotated[str, STACK],
    context: Annotated[Path, CONTEXT] = Path(),
    dockerfile: Annotated[Path | None, DOCKERFILE] = None,
    tag: Annotated[str, TAG] = "",
) -> None:
    """Build NAME for the stack, push it to the stack's registry, write its digest into Pulumi.<stack>.yaml."""
    from operations.engine.checkout import find_checkout
    from operations.image.build import build as make
    from operations.image.build import build_of
    from operations.image.registry import registry_of
    from operations.image.stack_file import load

    file = load(find_checkout(), stack)
    wanted = build_of(file, name, context, dockerfile, tag)
    digest = make(wanted, registry_of(file))
    changed = file.write(name, digest)
    typer.echo(f"{name}@{digest} ({wanted.platform}, tag {wanted.tag})")
    typer.echo(f"Written to {file.path.name}: {', '.join(changed)}." if changed else f"{file.path.name} names it already.")
