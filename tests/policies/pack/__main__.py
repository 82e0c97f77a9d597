"""The rules of the tests, served to a real engine as ``policies/__main__.py`` serves the pack's own."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from pulumi_policy import PolicyPack  # noqa: E402

from policies.pack import policies  # noqa: E402
from tests.policies.rules import RULES  # noqa: E402

PolicyPack(name="tested", policies=policies(RULES, HERE / "waivers.yaml"))
