"""One run at a time, shown with two real processes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from operations.engine.lock import stack_lock
from operations.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from operations.engine.lock import stack_lock
with stack_lock(Path(sys.argv[1]), stack="local", command="make up"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_who_is_at_work_and_since_when_and_death_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".state" / "local.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Refused) as refused, stack_lock(path, stack="local", command="make down"):
            pass
        assert refused.value.exit_code == 2
        sentence = str(refused.value)
        assert re.fullmatch(
            rf"Stack 'local' is busy: `make up` \(pid {holder.pid}\) has been at work on it since "
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\. Wait for it to end, or stop it with Ctrl-C where it runs, and try again\.",
            sentence,
        )
    finally:
        holder.kill()
        holder.communicate()
    with stack_lock(path, stack="local", command="make down"):
        assert '"make down"' in path.read_text()
    assert path.read_text() == ""


def test_a_lock_file_without_a_name_in_it_is_answered_too(tmp_path: Path) -> None:
    path = tmp_path / "local.lock"
    with stack_lock(path, stack="local", command="make up"):
        path.write_text("")
        with pytest.raises(Refused, match="another run has just begun"), stack_lock(path, stack="local", command="make up"):
            pass
