"""A ``docker`` that records how it was called and answers as buildx does: it writes the metadata file, and its registry never
moves a tag."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = """#!{python}
import json, sys
from pathlib import Path
folder = Path({folder!r})
given = sys.stdin.read() if "--password-stdin" in sys.argv else ""
with (folder / "calls.jsonl").open("a") as file:
    file.write(json.dumps({{"argv": sys.argv[1:], "stdin": given}}) + "\\n")
answer = json.loads((folder / "answer.json").read_text())
kept = folder / "registry.json"
registry = json.loads(kept.read_text()) if kept.exists() else {{}}
if sys.argv[1:4] == ["buildx", "imagetools", "inspect"]:
    if sys.argv[-1] not in registry:
        sys.exit("ERROR: " + sys.argv[-1] + ": not found")
    digest = registry[sys.argv[-1]]
    for_people = "Name: " + sys.argv[-1] + "\\nDigest: " + digest
    print(json.dumps({{"digest": digest, "size": 1}}) if "{{{{json .Manifest}}}}" in sys.argv else for_people)
    sys.exit()
word = "build" if "build" in sys.argv[2:3] else sys.argv[1]
print(answer.get("says", ""))
if word in answer.get("fails", []):
    sys.exit(1)
if "--push" in sys.argv:
    tag = sys.argv[sys.argv.index("--tag") + 1]
    if tag in registry:
        sys.exit("ERROR: the tag is immutable")
    kept.write_text(json.dumps({{**registry, tag: answer["pushes"]}}))
if "--metadata-file" in sys.argv and answer["metadata"] is not None:
    Path(sys.argv[sys.argv.index("--metadata-file") + 1]).write_text(answer["metadata"])
"""

DIGEST = "sha256:" + "0123456789abcdef" * 4
METADATA = json.dumps(
    {"buildx.build.ref": "default/default/x", "containerimage.config.digest": "sha256:1", "containerimage.digest": DIGEST}
)


@dataclass
class FakeDocker:
    """Lies in *folder*, which is to be first on PATH."""

    folder: Path
    answer: dict[str, Any] = field(default_factory=lambda: {"metadata": METADATA, "pushes": DIGEST})

    def __post_init__(self) -> None:
        script = self.folder / "docker"
        script.write_text(SCRIPT.format(python=sys.executable, folder=str(self.folder)))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.will()

    def will(self, **answer: Any) -> None:
        self.answer |= answer
        (self.folder / "answer.json").write_text(json.dumps(self.answer))

    def calls(self) -> list[dict[str, Any]]:
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def call(self, *words: str) -> dict[str, Any]:
        """The one call whose first arguments are *words*."""
        [found] = [call for call in self.calls() if tuple(call["argv"][: len(words)]) == words]
        return found
