"""Serves the pack to the engine: ``pulumi preview --policy-pack policies``. Never returns."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The engine runs this folder as a program: without its own entry, policies/resource.py cannot hide Python's module `resource`.
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from pulumi_policy import PolicyPack  # noqa: E402

from policies.catalogue import RULES  # noqa: E402
from policies.pack import NAME, policies  # noqa: E402

PolicyPack(name=NAME, policies=policies(RULES))
