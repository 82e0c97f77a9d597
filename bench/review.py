"""What a review costs over the bare program, each a cold process: ``python -m bench.review``. Ends with 1 over a bar.

In turns within one run, medians: the program of the prod stack on Pulumi's own mocks, as its documentation has it; the review of
prod; and the review of all stacks in one go. The last two end as a user's would, so start, imports and output are in it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
SECONDS_BAR = 3.0
"""For prod, on 2 CPUs that have nothing else to do."""
PROGRAM_BAR = 2.0
ALL_BAR = 3.0

PLAIN = """
import asyncio, json, runpy, yaml, pulumi
from pulumi.runtime import mocks, set_all_config, stack
from operations.review.made_up import computed

class Echo(mocks.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", {**computed(args.typ, args.name), **args.inputs}

    def call(self, args):
        return {}

async def main():
    mocks.set_mocks(Echo(), "managed-postgres", "prod", preview=False)
    config = yaml.safe_load(open("Pulumi.prod.yaml"))["config"]
    set_all_config({key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()})
    await stack.run_pulumi_func(lambda: runpy.run_path("__main__.py"))

asyncio.run(main())
"""
"""``__main__.py`` on Pulumi's mocks. The outputs are made up as for the review: with none the program cannot run to its end."""

COMMANDS = {
    "plain": [sys.executable, "-c", PLAIN],
    "prod": [sys.executable, "-m", "operations", "review", "--stack", "prod"],
    "all": [sys.executable, "-m", "operations", "review", "--all"],
}


def main() -> int:
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(-1, ROUNDS):  # the first fills the caches of files and compiled modules
        for name in COMMANDS:
            seconds = _run(name)
            if turn >= 0:
                taken[name].append(seconds)
    plain, prod, everything = (statistics.median(taken[name]) for name in ("plain", "prod", "all"))
    rows = (
        ("review of prod, seconds", prod, SECONDS_BAR),
        (f"review of prod ({prod:.2f} s) to the program on mocks ({plain:.2f} s)", prod / plain, PROGRAM_BAR),
        (f"review of every stack ({everything:.2f} s) to that of prod", everything / prod, ALL_BAR),
    )
    for what, figure, bar in rows:
        print(f"  {what}: {figure:.2f} (bar {bar})")
    return int(any(figure > bar for _, figure, bar in rows))


def _run(name: str) -> float:
    begin = time.perf_counter()
    done = subprocess.run(COMMANDS[name], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    # 1 is a review that found something; what else a process ends with is no measurement
    if done.returncode > (name != "plain"):
        raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
