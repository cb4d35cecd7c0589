"""Which codex is found, and what becomes of the wheel's."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from state.engine import locate as locate_module
from state.engine.errors import EngineNotFound
from state.engine.locate import locate, own_copy

TRIPLES = (
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
)


def codex(path: Path, version: str = "0.170.0", *, tail: str = "") -> Path:
    """A program that answers --version, and notes each time it was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = f"echo asked >> {path}.asked\necho codex-cli {version}\n{tail}"
    path.write_text(f"#!/bin/sh\n{said}", encoding="utf-8")
    path.chmod(0o755)
    return path


def asked(path: Path) -> int:
    return len(Path(f"{path}.asked").read_bytes().splitlines())


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    package = tmp_path / "site" / "codex_cli_bin"
    codex(package / "bin" / "codex", "0.163.0")
    (package / "codex-resources").mkdir()
    (package / "codex-resources" / "bwrap").write_bytes(b"bwrap")
    (package / "codex-path").mkdir()
    (package / "codex-path" / "rg").write_bytes(b"rg")
    (package / "codex-package.json").write_text('{"version": "0.163.0"}')
    (package / "__init__.py").write_text("")
    return package


def test_the_order_is_flag_env_path_wheel(tmp_path: Path, wheel: Path) -> None:
    state = tmp_path / "state"
    flag = codex(tmp_path / "flag" / "codex", "0.171.0")
    named = codex(tmp_path / "named" / "codex", "0.172.0")
    on_path = codex(tmp_path / "path" / "codex", "0.173.0")
    env = {"CODEX_TUI_CODEX_BIN": str(named), "PATH": str(on_path.parent)}

    found = locate(str(flag), env=env, state_dir=state, wheel=wheel)
    assert (found.path, found.version, found.origin) == (flag, "0.171.0", "flag")
    found = locate(None, env=env, state_dir=state, wheel=wheel)
    assert (found.path, found.version, found.origin) == (named, "0.172.0", "env")
    del env["CODEX_TUI_CODEX_BIN"]
    found = locate(None, env=env, state_dir=state, wheel=wheel)
    assert (found.path, found.version, found.origin) == (on_path, "0.173.0", "path")
    found = locate(None, env={"PATH": ""}, state_dir=state, wheel=wheel)
    assert (found.version, found.origin) == ("0.163.0", "wheel")
    assert found.path.is_relative_to(state)


@pytest.mark.parametrize("by", ["flag", "env"])
@pytest.mark.parametrize("fault", ["absent", "not executable", "not codex", "old"])
def test_what_was_named_is_used_or_refused(
    tmp_path: Path, wheel: Path, by: str, fault: str
) -> None:
    name = tmp_path / "named" / "codex"
    if fault != "absent":
        codex(name, "0.40.0" if fault == "old" else "0.170.0")
    if fault == "not executable":
        name.chmod(0o644)
    if fault == "not codex":
        name.write_text("#!/bin/sh\nexit 3\n")
    env = {"PATH": ""} | ({"CODEX_TUI_CODEX_BIN": str(name)} if by == "env" else {})
    with pytest.raises(EngineNotFound) as caught:
        locate(
            str(name) if by == "flag" else None,
            env=env,
            state_dir=tmp_path / "state",
            wheel=wheel,
        )
    assert str(name) in str(caught.value)


def test_a_broken_codex_on_path_is_passed_over_with_a_note(
    tmp_path: Path, wheel: Path
) -> None:
    broken = tmp_path / "path" / "codex"
    codex(broken, tail="exit 1")
    found = locate(
        None, env={"PATH": str(broken.parent)}, state_dir=tmp_path, wheel=wheel
    )
    assert found.origin == "wheel"
    assert str(broken) in found.note


def test_nothing_found_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate_module, "_wheel_package", lambda: None)
    with pytest.raises(EngineNotFound, match="pip install openai-codex-cli-bin"):
        locate(None, env={"PATH": ""}, state_dir=tmp_path)


def test_the_version_is_asked_once_per_binary(tmp_path: Path) -> None:
    path = codex(tmp_path / "codex")
    for _ in range(3):
        locate(str(path), env={}, state_dir=tmp_path / "state")
    assert asked(path) == 1
    codex(path, "0.180.0-alpha.1")
    found = locate(str(path), env={}, state_dir=tmp_path / "state")
    assert found.version == "0.180.0-alpha.1"
    assert asked(path) == 2
    cache = tmp_path / "state" / "engine" / "versions.json"
    assert cache.stat().st_mode & 0o777 == 0o600
    cache.write_text("[torn")
    locate(str(path), env={}, state_dir=tmp_path / "state")
    assert asked(path) == 3


@pytest.mark.parametrize("layout", ["hoisted", "nested", "vendor", "shim"])
def test_an_npm_wrapper_leads_to_its_native_binary(tmp_path: Path, layout: str) -> None:
    modules = tmp_path / "lib" / "node_modules"
    wrapper = modules / "@openai" / "codex" / "bin" / "codex.js"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text("#!/usr/bin/env node\nthrow 1\n")
    wrapper.chmod(0o755)
    at = {
        "hoisted": modules / "@openai" / "codex-any",
        "shim": modules / "@openai" / "codex-any",
        "nested": wrapper.parents[1] / "node_modules" / "@openai" / "codex-any",
        "vendor": wrapper.parents[1],
    }[layout]
    natives = [codex(at / "vendor" / triple / "bin" / "codex") for triple in TRIPLES]
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "codex"
    if layout == "shim":
        script = 'exec node "$basedir/../lib/node_modules/@openai/codex/bin/codex.js"'
        command.write_text(f'#!/bin/sh\nbasedir=$(dirname "$0")\n{script} "$@"\n')
        command.chmod(0o755)
    else:
        command.symlink_to(wrapper)
    found = locate(None, env={"PATH": str(command.parent)}, state_dir=tmp_path / "s")
    assert found.path in natives
    assert found.path.parent.parent.name.startswith(
        os.uname().machine.replace("arm64", "aarch64")
    )


def test_the_wheels_tree_is_linked_and_outlives_the_wheel(
    tmp_path: Path, wheel: Path
) -> None:
    copy = own_copy(wheel, tmp_path / "state")
    original = wheel / "bin" / "codex"
    assert (copy / "bin" / "codex").stat().st_ino == original.stat().st_ino
    original.unlink()
    (wheel / "codex-resources" / "bwrap").unlink()
    assert (copy / "codex-resources" / "bwrap").read_bytes() == b"bwrap"
    assert (copy / "codex-path" / "rg").read_bytes() == b"rg"
    assert (copy / "codex-package.json").is_file()
    assert not (copy / "__init__.py").exists()
    assert (copy.parent.stat().st_mode & 0o777) == 0o700


def test_across_file_systems_it_is_copied(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    copy = own_copy(wheel, tmp_path / "state")
    assert (copy / "bin" / "codex").stat().st_ino != (
        wheel / "bin" / "codex"
    ).stat().st_ino
    assert os.access(copy / "bin" / "codex", os.X_OK)


def test_an_upgraded_wheel_gets_a_copy_of_its_own(tmp_path: Path, wheel: Path) -> None:
    first = own_copy(wheel, tmp_path / "state")
    original = wheel / "bin" / "codex"
    original.unlink()
    codex(original, "0.163.0", tail="# the same version, built again")
    second = own_copy(wheel, tmp_path / "state")
    (wheel / "codex-package.json").write_text('{"version": "0.164.0/../x"}')
    third = own_copy(wheel, tmp_path / "state")
    assert len({first, second, third}) == 3
    assert {first.parent} == {second.parent, third.parent}
    assert (first / "bin" / "codex").read_bytes() != original.read_bytes()


def test_windows_started_at_once_make_one_copy(tmp_path: Path, wheel: Path) -> None:
    made: list[Path] = []
    start = threading.Barrier(6)

    def make() -> None:
        start.wait()
        made.append(own_copy(wheel, tmp_path / "state"))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made) == 6
    assert list(made[0].parent.iterdir()) == [made[0]]
