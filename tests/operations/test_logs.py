"""``logs`` on a folder as a local stack leaves it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.local.host import paths
from operations.console import make_console
from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.logs import logs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setattr(paths, "home_of", lambda _: tmp_path / "home")
    (tmp_path / "Pulumi.yaml").write_text("name: managed-postgres\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  managed-postgres:provider: local\n")
    return Checkout(tmp_path)


def write(checkout: Checkout, name: str, text: str) -> None:
    folder = checkout.root / "home" / "local" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.log").write_text(text)


def test_the_last_lines_of_each_that_is_meant(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    write(checkout, "service-api", "".join(f"line {i} [x]\n" for i in range(100)))
    write(checkout, "job-migrate", "done\n")
    logs(checkout, "local", make_console(), lines=2)
    assert capsys.readouterr().out == "job-migrate | done\nservice-api | line 98 [x]\nservice-api | line 99 [x]\n"
    logs(checkout, "local", make_console(), name="api", lines=1)
    assert capsys.readouterr().out == "service-api | line 99 [x]\n"


def test_a_log_that_is_not_there_is_answered_with_those_there_are(checkout: Checkout) -> None:
    with pytest.raises(Refused, match=r"There are no logs in .*: bring the stack up with `make up`\."):
        logs(checkout, "local", make_console())
    write(checkout, "service-api", "x\n")
    with pytest.raises(Refused, match=r"There is no log 'web' in .*: there are: service-api\."):
        logs(checkout, "local", make_console(), name="web")


def test_following_goes_on_with_what_is_written_and_with_a_log_begun_anew(checkout: Checkout) -> None:
    write(checkout, "service-api", "first\n")
    follow = (
        "import sys; from pathlib import Path\n"
        "from components.local.host import paths; from operations.engine.checkout import Checkout\n"
        "from operations.console import make_console; from operations.logs import logs\n"
        "root = Path(sys.argv[1]); paths.home_of = lambda _: root / 'home'\n"
        "logs(Checkout(root), 'local', make_console(), follow=True)"
    )
    reader = subprocess.Popen([sys.executable, "-u", "-c", follow, checkout.root], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "service-api | first\n"
        with (checkout.root / "home/local/logs/service-api.log").open("a") as log:
            log.write("second line\n")
        assert reader.stdout.readline() == "service-api | second line\n"
        write(checkout, "service-api", "anew\n")
        assert reader.stdout.readline() == "service-api | anew\n"
    finally:
        reader.kill()
        reader.communicate()
