"""The project of the demo is a real one: its own check fails, and passes once fixed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tui.demo.project import DOCS_FIX, FIX, project_files


def laid_out(folder: Path) -> Path:
    for name, text in project_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)
    return folder


def apply(folder: Path, patch: str) -> None:
    """A model's patch of one file, hunk by hunk; each must match exactly once."""
    _, _, body = patch.partition("*** Update File: ")
    name, _, body = body.partition("\n")
    body, _, _ = body.partition("*** End Patch")
    path = folder / name
    text = path.read_text()
    for hunk in body.split("@@\n")[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)


def check(folder: Path) -> str:
    ran = subprocess.run("./check", cwd=folder, capture_output=True, text=True)
    return ran.stderr.splitlines()[-1]


def test_one_test_fails_until_it_is_fixed(tmp_path: Path) -> None:
    folder = laid_out(tmp_path)
    assert check(folder) == "FAILED (failures=1)"
    apply(folder, FIX)
    apply(folder, DOCS_FIX)
    assert check(folder) == "OK"
