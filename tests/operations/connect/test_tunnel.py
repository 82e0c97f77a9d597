"""The program that listens for us, and its end."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from tests.checkout import ROOT
from tests.processes import until

OPENS = """
import os, sys, time
from operations.connect.tunnel import free_port, tunnel
port = free_port()
with tunnel([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], port=port, environment=os.environ, hint=""):
    print("open", flush=True)
    time.sleep(600)
"""


def test_it_is_closed_when_we_are_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OPENS], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        ours = psutil.Process(process.pid).children(recursive=True)
        assert [one for one in ours if "http.server" in one.cmdline()]
        process.kill()
    until(lambda: not [one for one in ours if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])
