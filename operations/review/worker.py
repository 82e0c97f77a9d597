"""Runs the programs of one checkout: here, or in a process of its own (``python -m operations.review.worker``) beside this one.

A process runs one revision only, since its modules are loaded once; and two clouds of a run take one CPU each.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from operations.errors import OperationError
from operations.review.model import Unreviewed

if TYPE_CHECKING:
    from operations.review.graph import Graph

Graphs = Mapping[str, "Graph | Unreviewed"]

HERE = Path(__file__).resolve().parents[2]


def graphs(root: Path, stacks: Iterable[str]) -> Graphs:
    """The graph of each of *stacks* of the checkout *root*, or why there is none. Never raises for what a program does."""
    return {stack: _graph(root, stack) for stack in stacks}


def _graph(root: Path, stack: str) -> Graph | Unreviewed:
    from operations.review.graph import graph_of  # loads the SDK, which the command line does without

    try:
        return graph_of(root, stack)
    except OperationError as error:
        return Unreviewed(stack, error.sentences)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a program may do anything, SystemExit too
        return Unreviewed(stack, (_sentence(error, root, stack),))


def _sentence(error: BaseException, root: Path, stack: str) -> str:
    """What the program raised: the bare text of one of our own errors, else the error and the line in the checkout."""
    if type(error).__module__.startswith("components."):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    else:
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(root / "__main__.py")
    text = " ".join(str(error).split())
    return f"The program of stack {stack} fails: {type(error).__name__}: {text} ({where.removeprefix(f'{root}/')})."


class Beside:
    """The same in another process, begun now and collected later."""

    def __init__(self, root: Path, stacks: Iterable[str]) -> None:
        self.stacks = tuple(stacks)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "operations.review.worker"],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))},
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"root": str(root), "stacks": self.stacks}).encode())
        self._process.stdin.close()

    def collect(self) -> Graphs:
        """The graphs, when they are done."""
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            text = answer.read()
        if self._process.wait() == 0:
            found: Graphs = pickle.loads(text)
            return found
        sentence = f"The process that runs its program ended with {self._process.returncode}; its own words are above."
        return {stack: Unreviewed(stack, (sentence,)) for stack in self.stacks}

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _main() -> None:
    import gc

    gc.disable()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a program that prints must not print into the answer
    request = json.load(sys.stdin)
    root = Path(request["root"])
    _take_code_from(root)
    with answer:
        pickle.dump(graphs(root, request["stacks"]), answer, protocol=pickle.HIGHEST_PROTOCOL)
    sys.stderr.flush()
    os._exit(0)  # taking a million objects apart would take as long as a third of the work


def _take_code_from(root: Path) -> None:
    """Let the program in *root* import its own code, but for the modules of this review, which are loaded already."""
    import operations
    import operations.review.graph

    if root != HERE:
        operations.__path__ = [str(root / "operations")]


if __name__ == "__main__":
    _main()
