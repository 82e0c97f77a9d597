"""``python -m operations`` many times in one process, which has loaded everything once: a line of JSON in, a line of JSON out.

The commands are the real ones, with the real engine; only the seconds that Python needs to load two SDKs are saved each time, in
this process and in that of the dynamic resources.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pulumi
from pulumi.runtime.proto.source_pb2 import StackTrace

from tests.checkout import ROOT
from tests.operations.driver import Ended


class Worker:
    """The process, in *folder*, with *environment* and none of the caller's Pulumi variables.

    *providers*: ``name:port`` of those that the engine shall not start, for PULUMI_DEBUG_PROVIDERS.
    """

    def __init__(self, folder: Path, environment: dict[str, str], providers: list[str]) -> None:
        self._folder, self._environment, self._providers = folder, environment, providers
        self._start()

    def _start(self) -> None:
        self._dynamic = self._python("-m", "tests.engine.standin.dynamic")
        providers = [*self._providers, f"pulumi-python:{_line(self._dynamic)}"]
        self._process = self._python("-m", "tests.engine.standin.worker", PULUMI_DEBUG_PROVIDERS=",".join(providers))

    def _python(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "COV_"))}
        # the checkout's own modules first; this file and what it needs are not copied
        path = os.pathsep.join([str(self._folder), str(ROOT)])
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder,
            env={**kept, **self._environment, **environment, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Ended:
        """What ``python -m operations <arguments>`` does and says."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(_line(self._process)))

    def restart(self) -> None:
        """Load everything anew: the checkout's code has changed."""
        self.close()
        self._start()

    def close(self) -> None:
        self._process.communicate(timeout=30)
        self._dynamic.kill()
        self._dynamic.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _one(arguments: list[str]) -> dict[str, str | int]:
    from operations.cli import main

    out, err, code = StringIO(), StringIO(), 0
    sys.argv = ["operations", *arguments]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = 1
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def _quicken() -> None:
    """Leave out what no test looks at: lines for the engine's debug log, a call each, and the source line of each resource."""
    pulumi.log.debug = lambda *_, **__: None
    pulumi.runtime.resource._get_stack_trace = StackTrace


if __name__ == "__main__":
    gc.disable()
    _quicken()
    answers = sys.stdout
    for line in sys.stdin:
        answers.write(json.dumps(_one(json.loads(line))) + "\n")
        answers.flush()
        gc.collect()
        gc.freeze()  # the SDKs need not be looked through again
