#!/bin/sh
# Makes .venv and installs the requirement files named as arguments, each only when it or the Python has changed.
# A file named requirements-postgres.txt is optional: skipped where PostgreSQL 17 is installed, and its failure is tolerated
# (whoever needs PostgreSQL says how to get it).
set -eu
cd "$(dirname "$0")/.."

fail() { printf '%s\n' "$*" >&2; exit 1; }

new_enough() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then echo "$candidate"; return; fi
    done
    found=$("${PYTHON:-python3}" -V 2>&1) || found="none"
    fail "Python 3.11 or newer is needed (found: $found). Install one, or name it: make up PYTHON=/path/to/python3."
}

postgres_installed() {
    case "$(pg_config --version 2>/dev/null || true)" in "PostgreSQL 17."*) return 0 ;; esac
    [ -x /usr/lib/postgresql/17/bin/initdb ] || [ -x /opt/homebrew/opt/postgresql@17/bin/initdb ] \
        || [ -x /usr/local/opt/postgresql@17/bin/initdb ]
}

make_venv() {
    python=$(find_python)
    printf 'Making the virtual environment .venv (%s) ...' "$("$python" -V)"
    if ! report=$("$python" -m venv --clear .venv 2>&1); then
        printf '\n'
        rm -rf .venv
        fail "$python cannot make a virtual environment. Its venv module may be missing (on Debian and Ubuntu:" \
            "apt-get install python3-venv). It said: $report"
    fi
    printf ' done\n'
}

# What is installed is right for this Python and these lines.
stamp_of() { { cat .venv/pyvenv.cfg "$1"; } | cksum; }

current() { [ -x .venv/bin/python ] && [ "$(cat ".venv/.installed-$1" 2>/dev/null)" = "$(stamp_of "$1" 2>/dev/null)" ]; }

install() {
    begun=$(date +%s)
    printf 'Installing %s packages from %s ...' "$(grep -c '==' "$1")" "$1"
    # Python compiles a module when it is first imported; most of a cloud's SDK never is, and compiling it takes half the time
    pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --quiet --no-input --no-compile"
    if report=$($pip ${2:-} -r "$1" 2>&1); then
        stamp_of "$1" >".venv/.installed-$1"
        printf ' done (%s s)\n' "$(($(date +%s) - begun))"
    elif [ "$1" = requirements-postgres.txt ]; then
        printf ' not to be had here\n'
    else
        printf '\n'
        fail "pip could not install $1. Its last lines:
$(printf '%s\n' "$report" | tail -n 5)
Mend that (network, disk space) and run the same command again."
    fi
}

todo=""
for file in "$@"; do
    if current "$file"; then continue; fi
    if [ "$file" = requirements-postgres.txt ] && postgres_installed; then continue; fi
    todo="$todo $file"
done
[ -n "$todo" ] || exit 0

# One at a time: a second `make up` waits here.
mkdir -p .state
lock=.state/install.lock
until mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || echo "")
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$lock"; continue; fi
    [ -n "${waiting:-}" ] || printf 'Waiting for another installation (pid %s) ...\n' "${holder:-?}"
    waiting=yes
    sleep 1
done
trap 'rm -rf "$lock"' EXIT
trap 'exit 130' INT TERM HUP
echo $$ >"$lock/pid"

.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
for file in $todo; do
    if current "$file"; then continue; fi # another run did it meanwhile
    case $file in
        requirements-postgres.txt) install "$file" "--retries 1 --timeout 15" ;;
        *) install "$file" ;;
    esac
done
