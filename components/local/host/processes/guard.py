"""The process between us and a command: leader of a session of its own that ends with us and takes the group along.

``python -I -S guard.py <grace seconds> <command> [argument...]``, standard library only, run by path so that it starts
in some 20 ms. The command leads a process group in that session. The guard's standard input is a pipe from its owner.
When that closes (the owner stopped it, or died, even by SIGKILL) or when the guard gets SIGTERM, the command's group
gets SIGTERM, the grace to end, then SIGKILL. Otherwise the guard ends when the command ends, with the command's exit
code (128 + n for signal n, as container runtimes report it).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

NOT_FOUND = 127
NOT_EXECUTABLE = 126
PR_SET_PDEATHSIG = 1


def die_with_guard() -> None:
    """Ask Linux to kill the command when the guard is killed with SIGKILL; other systems have no such request."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start *command*; ends the guard with a sentence and a shell's exit code when that is impossible."""
    try:
        # preexec_fn is safe here: this process has one thread and will never have another.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_guard, process_group=0)
    except FileNotFoundError:
        print(f"{command[0]}: command not found", file=sys.stderr)
        sys.exit(NOT_FOUND)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NOT_EXECUTABLE)


def end(child: subprocess.Popen[bytes], grace: float) -> None:
    """SIGTERM to the command's group, up to *grace* seconds for the command to end, SIGKILL to all that is left."""
    signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    signal_group(child, signal.SIGKILL)
    sys.exit(shell_code(child.wait()))


def signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter is macOS's answer for a group of zombies
        os.killpg(child.pid, number)


def shell_code(code: int) -> int:
    return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> None:
    grace, command = float(arguments[0]), arguments[1:]
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)  # a handler, not SIG_IGN: that one the command would inherit
    child = start(command)
    stopping = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    while (code := child.poll()) is None:
        readable = select.select([0, wake_reader], [], [])[0]
        if 0 in readable and not os.read(0, 1024):
            end(child, grace)
        if wake_reader in readable and stopping & set(os.read(wake_reader, 1024)):
            end(child, grace)
    sys.exit(shell_code(code))


if __name__ == "__main__":
    main(sys.argv[1:])
