"""From arguments to the engine they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from state.engine.supervisor import PrivateTarget, RemoteTarget, SharedTarget
from tui import cli
from tui.options import connect_options, target_of
from tui.place import Place


def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "codex", tmp_path / "own", {})


def test_the_shared_engine_is_meant_unless_told(tmp_path: Path) -> None:
    parse = cli.build_parser().parse_args
    assert isinstance(target_of(parse([]), place(tmp_path)), SharedTarget)
    assert isinstance(target_of(parse(["--private"]), place(tmp_path)), PrivateTarget)


def test_a_remote_engine_gets_its_token_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n", encoding="utf-8")
    words = ["--remote", "wss://host/", "--remote-token-file", str(file)]
    target = target_of(cli.build_parser().parse_args(words), place(tmp_path))
    assert isinstance(target, RemoteTarget)
    assert (target.url, target.token) == ("wss://host/", "s3cret")
    assert not target.insecure_loopback
    assert "s3cret" not in repr(target)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_token_file_that_is_no_use_is_said(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert cli.main(["--remote-token-file", str(file), "threads"]) == 2
    assert "--remote-token-file" in capsys.readouterr().err


def test_a_folder_of_ours_that_cannot_be_made_hides_no_engine(tmp_path: Path) -> None:
    """The one that runs is reached without it; who starts one says what is wrong."""
    (tmp_path / "own").write_text("no folder", encoding="utf-8")
    assert connect_options(place(tmp_path)).state_dir == tmp_path / "own"
