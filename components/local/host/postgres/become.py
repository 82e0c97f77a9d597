"""``python -I -S become.py UID GID COMMAND ...``: give up root for another user, then become the command.

A program of its own, because ``subprocess(user=...)`` has to fork, and a fork of a Pulumi provider process runs gRPC's fork
handlers, which can end the child without a word. Needs no setpriv, runuser or sudo.
"""

import os
import shutil
import sys

if __name__ == "__main__":
    user, group, *command = sys.argv[1:]
    program = shutil.which(command[0]) or command[0]  # now: the other user may not be able to read this Python's library
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
    os.execv(program, command)
