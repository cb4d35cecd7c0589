"""The entry script in a folder that has names of ours: installed both ways."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.arch.source import PACKAGES, REPO
from tests.scenario.script import SCRIPT


def run(
    script: Path, cwd: Path, path: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (script, *arguments),
        cwd=cwd,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(cwd),
            "CODEX_HOME": str(cwd / "codex-home"),
            "CODEX_TUI_HOME": str(cwd / "own"),
            "CODEX_TUI_CODEX_BIN": "/nowhere/codex",
            "LANG": "C.UTF-8",
            "PYTHONPATH": path,
            "PYTHONVERBOSE": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def wheel_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built and unpacked as pip does it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    quiet = ("--no-deps", "--no-index")
    build = (*pip, "wheel", *quiet, "--no-build-isolation", "-w", folder, REPO)
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("codex_tui-*.whl")
    site = folder / "site"
    install = (*pip, "install", *quiet, "--no-compile", "--target", site, wheel)
    subprocess.run(install, check=True, capture_output=True)
    return site


def a_folder_with(names: tuple[str, ...], tmp_path: Path) -> Path:
    for name in names:
        (tmp_path / name).mkdir()
        for module in ("__init__.py", "cli.py"):
            (tmp_path / name / module).write_text("raise SystemExit('SHADOWED')\n")
    return tmp_path


FOLDERS = [*((name,) for name in PACKAGES), PACKAGES]


@pytest.mark.parametrize(
    ("names", "path"),
    [
        *((names, os.pathsep) for names in FOLDERS),
        (PACKAGES, "."),
        (PACKAGES, "HERE"),
    ],
)
def test_a_folder_of_our_name_is_not_imported(
    names: tuple[str, ...], path: str, tmp_path: Path
) -> None:
    cwd = a_folder_with(names, tmp_path)
    ran = run(SCRIPT, cwd, str(cwd) if path == "HERE" else path, "threads")
    assert "SHADOWED" not in ran.stderr
    assert ran.returncode == 3, ran.stderr[-2000:]  # no engine: but it ran
    assert f"{REPO}/tui/report.py" in ran.stderr


@pytest.mark.parametrize("names", FOLDERS, ids=" ".join)
def test_nor_by_the_wheel(
    names: tuple[str, ...], tmp_path: Path, wheel_site: Path
) -> None:
    cwd = a_folder_with(names, tmp_path)
    path = f"{os.pathsep}{wheel_site}{os.pathsep}{sysconfig.get_path('purelib')}"
    ran = run(wheel_site / "bin" / "codex-tui", cwd, path, "threads")
    assert "SHADOWED" not in ran.stderr
    assert ran.returncode == 3, ran.stderr[-2000:]
    assert f"{wheel_site}/tui/report.py" in ran.stderr
    assert f"{REPO}/tui/" not in ran.stderr


def test_a_package_that_is_missing_is_said(tmp_path: Path) -> None:
    (tmp_path / "codex_tui_start.py").write_bytes(
        (REPO / "codex_tui_start.py").read_bytes()
    )
    ran = subprocess.run(
        (sys.executable, tmp_path / "codex_tui_start.py"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "codex-tui: its package 'tui' is missing" in ran.stderr
