"""The two helper programs a Pulumi CLI needs beside it for Python, where the CLI found has none.

A full install of Pulumi brings them. One built from its Go modules does not, so short scripts of our own stand in.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

SHIMS = {
    "pulumi-resource-pulumi-python": "pulumi.dynamic",
    "pulumi-analyzer-policy-python": "pulumi.policy",
}
"""Name of the program the engine looks for on PATH, and the Python module that does the work."""


def script(module: str) -> str:
    """The text of a shim. ``python`` is the first on PATH: the virtual environment's, see :func:`search_path`.

    The engine hands on the runtime options of a PulumiPolicy.yaml as ``-virtualenv=../.venv``, beside the pack's folder, where it
    starts the shim. That environment's Python is taken where there is one; ``python -m`` would read ``-v`` into it.
    """
    return f"""#!/bin/sh
python=python
for word do
    shift
    case $word in
        -virtualenv=*) [ -x "${{word#*=}}/bin/python" ] && python=${{word#*=}}/bin/python ;;
        -toolchain=* | -typechecker=*) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec "$python" -u -m {module} "$@"
"""


def search_path(cli: Path, *, cache: Path) -> str:
    """PATH for the engine: the running environment's programs, *cli*, the user's, and our shims where one is lacking.

    Shims are written to ``<cache>/plugins/`` (0755), each complete or not at all.
    """
    python = str(Path(sys.executable).parent)
    path = [str(cli.parent), str(cli.resolve().parent), os.environ.get("PATH", "")]
    if any(shutil.which(name, path=os.pathsep.join(path)) is None for name in SHIMS):
        folder = cache / "plugins"
        for name, module in SHIMS.items():
            _write(folder / name, script(module))
        path.append(str(folder))  # last: what a full install brings comes first
    return os.pathsep.join([python, *path])


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.chmod(0o755)
    temporary.replace(path)
