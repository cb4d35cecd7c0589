"""Our settings file: what is taken, what is refused in a sentence, the sources."""

from __future__ import annotations

from pathlib import Path

from state.attention import counts, title
from state.config import Config, checked_keys, load
from state.notify import Notify

ACTIONS = {"help": ("question_mark",), "new": ("n",), "fork": ("f",)}


def read(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return load(folder, lambda: ACTIONS)


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path, lambda: ACTIONS) == Config()


def test_values_are_taken_with_their_source(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[notify]\nbell = false\ncommand = ["say", "hi"]\n'
        '[look]\nplain = true\n[keymap]\nhelp = "f1, question_mark"\n',
    )
    assert config.notify == Notify(bell=False, command=("say", "hi"))
    assert config.plain
    assert config.keymap == {"help": "f1,question_mark"}
    assert config.problems == ()
    assert set(config.sources) == {
        "notify.bell",
        "notify.command",
        "look.plain",
        "keymap.help",
    }
    assert config.sources["look.plain"] == str(tmp_path / "config.toml")


def test_what_is_wrong_is_said_and_the_rest_counts(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[notify]\nbell = "no"\ncommand = "say"\nwhat = 1\ndone = false\n'
        '[keymap]\nnope = "x"\n[strange]\n',
    )
    assert config.notify == Notify(done=False)
    said = " ".join(config.problems)
    for word in ("notify.bell", "notify.command", "notify.what", "nope", "[strange]"):
        assert word in said


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    config = read(tmp_path, "[notify\n")
    assert config.notify == Notify()
    assert "config.toml is not readable" in config.problems[0]


def test_a_key_means_one_thing() -> None:
    good, problems = checked_keys({"help": "n"}, ACTIONS)
    assert good == {}
    assert problems == ["keymap.help: n belongs to new."]
    good, problems = checked_keys({"help": "n", "new": "N"}, ACTIONS)
    assert good == {"help": "n", "new": "N"}
    assert checked_keys({"help": ""}, ACTIONS)[1] == ["keymap.help names no key."]


def test_counts_in_signs_and_in_words() -> None:
    assert title(2, 3) == "▲2 ●3 codex-tui"
    assert title(0, 0) == "codex-tui"
    assert counts(1, 0, words=True) == "1 needs you"
    assert counts(2, 3, words=True) == "2 need you, 3 working"
