"""Every benchmark in turn, each in a process of its own: ``python -m bench``. Ends with 1 where one missed its bar."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    missed = []
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        print(f"bench.{file.stem}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{file.stem}"], check=False).returncode:
            missed.append(file.stem)
    if missed:
        print(f"over the bar or failed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
