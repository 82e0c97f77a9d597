"""``preview --expect-no-changes``: what the nightly pipeline asks."""

from __future__ import annotations

from pathlib import Path

from tests.operations.driver import new_project


def test_drift_is_told_by_the_exit_code(tmp_path: Path) -> None:
    with new_project(tmp_path / "project") as project:
        project.settings(things="one")
        assert project.run("up").code == 0
        calm = project.run("preview", "--expect-no-changes")
        assert (calm.code, calm.out.splitlines()[-1]) == (0, "No changes."), calm.text

        project.file("one").unlink()  # by hand, behind Pulumi's back
        drifted = project.run("preview", "--expect-no-changes")
        assert drifted.code == 1, drifted.text
        assert "Stack 'local' is not as its last `up` left it" in drifted.err
        assert project.run("preview").code == 0, "a preview as such is no failure"
