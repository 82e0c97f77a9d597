"""What the engine says, and what is left of it for the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.engine.messages import clean, is_bug

PROVIDER_FRAMES = (
    "Traceback (most recent call last):\n"
    '  File "/x/.venv/lib/python3.11/site-packages/pulumi/dynamic/__main__.py", line 84, in wrapper\n'
    "    return fn(self, request, context)\n"
    "           ^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    '  File "/x/components/local/host/server.py", line 12, in start\n'
    "    raise problem\n"
)
NESTED = (
    PROVIDER_FRAMES
    + "OSError: [Errno 98] Address already in use\n\nDuring handling of the above exception, another exception occurred:\n\n"
)


@pytest.mark.parametrize(
    ("messages", "sentences"),
    [
        (["Port 5432 is in use: set database.port.\n"], ["Port 5432 is in use: set database.port."]),
        (["Exception calling application: Port 5432 is in use.\n"], ["Port 5432 is in use."]),
        (["a\n", "an unhandled error occurred: a\n", "update failed\n"], ["a"]),
        (["a\n", "b\n", "a\n", "resource monitor shut down while waiting on step's done channel"], ["a", "b"]),
        (["one: -1.\nanother: 'x'."], ["one: -1.\nanother: 'x'."]),
        (["error: rpc error: code = Unknown desc = no space left"], ["no space left"]),
        (["deleting urn:pulumi:local::p::a:b:C::name: 1 error occurred:\n\t* is protected\n"], ["is protected"]),
        (
            [PROVIDER_FRAMES + "components.local.host.errors.LocalError: A sentence.\nIts second line.\n\n"],
            ["A sentence.\nIts second line."],
        ),
        ([NESTED + PROVIDER_FRAMES + "operations.errors.OperationError: A sentence.\n"], ["A sentence."]),
        (
            [PROVIDER_FRAMES + "FileNotFoundError: [Errno 2] No such file: 'x'\n\n"],
            ["Unexpected FileNotFoundError: [Errno 2] No such file: 'x' (/x/components/local/host/server.py, line 12, in start)"],
        ),
        (
            ["python inline source runtime error: bad: value\n" + PROVIDER_FRAMES + "ValueError: bad: value\n"],
            ["Unexpected ValueError: bad: value (/x/components/local/host/server.py, line 12, in start)"],
        ),
        (
            [PROVIDER_FRAMES + "KeyboardInterrupt\n"],
            ["Unexpected KeyboardInterrupt: no message (/x/components/local/host/server.py, line 12, in start)"],
        ),
        (["\n code: 1\n stdout: \n stderr: warning: old\nerror: no stack named 'x' found"], ["no stack named 'x' found"]),
        (["update canceled\n"], ["Pulumi ended with an error and gave no reason."]),
        ([], ["Pulumi ended with an error and gave no reason."]),
    ],
)
def test_only_the_sentences_are_left(messages: list[str], sentences: list[str]) -> None:
    assert clean(messages) == sentences


@pytest.mark.parametrize(
    ("message", "bug"),
    [
        ("Port 5432 is in use.", False),
        (PROVIDER_FRAMES + "components.local.host.errors.LocalError: A sentence.\n", False),
        (PROVIDER_FRAMES + "KeyError: 'x'\n", True),
    ],
)
def test_an_exception_that_is_not_ours_is_a_bug(message: str, bug: bool) -> None:
    assert is_bug(message) is bug


@given(st.lists(st.text()), st.text())
def test_whatever_comes_no_traceback_is_shown(messages: list[str], tail: str) -> None:
    cleaned = clean([*messages, PROVIDER_FRAMES + tail])
    assert cleaned
    assert not any("Traceback (most recent" in sentence for sentence in cleaned)
