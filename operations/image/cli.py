"""``python -m operations image build``: exit 0 pushed and written, 1 it failed, 2 bad input."""

from __future__ import annotations

import subprocess
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
    from operations.image.build import Build
    from operations.image.build import build as make
    from operations.image.registry import registry_of
    from operations.image.stack_file import load

    file = load(find_checkout(), stack)
    platform = file.platform(name)
    wanted = Build(
        name=name,
        tag=tag or commit(context),
        context=context,
        dockerfile=dockerfile or context / "Dockerfile",
        platform=platform,
    )
    digest = make(wanted, registry_of(file))
    changed = file.write(name, digest)
    typer.echo(f"{name}@{digest} ({platform}, tag {wanted.tag})")
    typer.echo(f"Written to {file.path.name}: {', '.join(changed)}." if changed else f"{file.path.name} names it already.")


def commit(folder: Path) -> str:
    """The first twelve digits of the commit of *folder*. Raises Refused where there is none, or *folder* has changes."""
    from operations.errors import Refused

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
        if answer.returncode:
            raise Refused(f"{folder.resolve()} is in no git checkout: say with --tag how to call the image in the registry.")
        return answer.stdout.strip()

    if git("status", "--porcelain", "--", "."):
        raise Refused(f"{folder.resolve()} has changes that are not committed: commit them, or name the image with --tag.")
    return git("rev-parse", "--short=12", "HEAD")
