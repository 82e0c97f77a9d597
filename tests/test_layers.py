"""The shape of the code, kept by tests: who may import whom, and that every test file is found."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.clouds import CLOUDS

ROOT = Path(__file__).resolve().parent.parent
CODE = [
    path
    for folder in ("components", "operations", "runtime", "policies", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that *path* imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def inside(path: Path, *folders: str) -> bool:
    return short(path).startswith(folders)


def starts(module: str, *names: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("runtime/", ("components", "operations", "pulumi")),
        ("components/local/host/", ("pulumi", "components.contract", "components.settings", "components.config")),
        ("components/settings/", ("pulumi", "components.contract", "components.config", "boto3", "google")),
        ("operations/migrate", ("pulumi", "components")),
        ("operations/backup", ("pulumi", "components")),
        ("operations/role_names", ("pulumi", "components", "psycopg")),
        ("operations/roles", ("pulumi", "components")),
        ("operations/application_login", ("pulumi", "components")),
        ("operations/rotation", ("pulumi", "components")),
        ("operations/data_move", ("pulumi", "components")),
        ("operations/condition", ("pulumi", "components")),
        ("operations/top", ("pulumi", "components")),
        ("operations/doctor", ("pulumi", "components")),
        ("operations/cloud/aws", ("pulumi", "components")),
        ("operations/cloud/gcp", ("pulumi", "components")),
    ],
)
def test_layers(folder: str, forbidden: tuple[str, ...]) -> None:
    files = [path for path in CODE if inside(path, folder)]
    assert files, f"nothing lies under {folder}"
    assert not [f"{short(path)} imports {module}" for path in files for module in imports(path) if starts(module, *forbidden)]


def test_a_cloud_sdk_stays_in_its_folder() -> None:
    sdks = {"pulumi_aws": "components/aws/", "pulumi_gcp": "components/gcp/"}
    wrong = [
        f"{short(path)} imports {module}"
        for path in CODE
        for module in imports(path)
        for sdk, folder in sdks.items()
        if starts(module, sdk) and not inside(path, folder)
    ]
    assert not wrong


def test_types_of_every_service_in_use_are_checked() -> None:
    """mypy takes a service that it is not told to look into for anything at all, and accepts every argument."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    followed = {module for one in overrides if one.get("follow_imports") == "normal" for module in one["module"]}
    used = {
        f"pulumi_{cloud}.{service}.*"
        for cloud in ("aws", "gcp")
        for path in CODE
        if inside(path, f"components/{cloud}/")
        for service in re.findall(rf"(?<![\w.]){cloud}\.([a-z]\w*)\.[A-Z]", path.read_text())
    }
    assert {module for module in followed if module.endswith(".*")} == used


def test_the_policy_sdk_stays_at_the_edge() -> None:
    """Rules are judged the same in a review, on a preview and on a state: only what the engine calls knows its SDK."""
    users = {short(path) for path in CODE if any(starts(module, "pulumi_policy") for module in imports(path))}
    assert users == {"policies/pack.py", "policies/__main__.py"}


def test_a_program_calls_no_cloud() -> None:
    """A preview changes nothing: what calls a cloud runs at create and update of a dynamic resource."""
    for sdks, home in ((("boto3", "botocore"), "components/aws/providers/"), (("google", "grpc"), "components/gcp/providers/")):
        calls = [
            short(path) for path in CODE if inside(path, "components/") and any(starts(module, *sdks) for module in imports(path))
        ]
        assert calls, f"{home} is there to look at"
        assert not [path for path in calls if not path.startswith(home)]


def test_clouds_do_not_know_each_other() -> None:
    wrong = [
        f"{short(path)} imports {module}"
        for path in CODE
        for one in CLOUDS
        for other in CLOUDS
        if one != other and inside(path, f"components/{one}/")
        for module in imports(path)
        if starts(module, f"components.{other}")
    ]
    assert not wrong


def test_only_config_reads_the_configuration() -> None:
    reads = re.compile(r"pulumi\.Config\(|runtime import config|pulumi\.runtime\.config")
    readers = {short(path) for path in CODE if reads.search(path.read_text())}
    assert readers == {"components/config.py"}


def test_the_command_line_loads_what_a_command_needs_only_when_it_runs() -> None:
    heavy = ("boto3", "google.auth", "grpc", "policies", "psycopg", "pulumi", "pydantic", "rich", "yaml")
    look = f"import sys, operations.cli; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_files_stay_short() -> None:
    long = {short(path): len(path.read_text().splitlines()) for path in CODE}
    assert not {name: lines for name, lines in long.items() if lines > 250}


def test_every_file_with_tests_is_collected() -> None:
    has_tests = re.compile(r"^ *(async )?def test_", re.MULTILINE)
    assert not [short(path) for path in TESTS if not path.name.startswith("test_") and has_tests.search(path.read_text())]


def test_no_test_is_skipped() -> None:
    mark = re.compile(r"pytest\.(mark\.)?(skip|xfail)|importor" + "skip")
    assert not [short(path) for path in TESTS if mark.search(path.read_text()) and path != Path(__file__)]


def test_every_module_says_what_it_is() -> None:
    assert not [short(path) for path in CODE if not ast.get_docstring(ast.parse(path.read_text()))]
