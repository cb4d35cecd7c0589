"""Rules files are read as `codex execpolicy check` of each engine reads them."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

from state.rules import matching
from state.rules_file import read
from tests.engine.harness import EngineUnderTest, each_engine
from tests.pure.test_rules import READ, UNREAD

WORDS = ("a", "b", "-x", "", "é", "/bin/a", "a b")
ODD = (
    'prefix_rule(pattern=["a\\d", r"b\\d"])',
    'host_executable("a", ["/bin/a"])\nprefix_rule(["a"])',
    'host_executable(name="a", paths=[])\nprefix_rule(["a"])',
    'prefix_rule(["/bin/a"])\nprefix_rule(["a"], "prompt")',
    'prefix_rule(["a"])\nprefix_rule(["a", "b"], decision="forbidden")\n',
)


def check(engine: EngineUnderTest, file: Path, argv: list[str]) -> str | None:
    """The decision the engine prints; "refused" when it does not take the file."""
    command = (engine.path, "execpolicy", "check", "--resolve-host-executables")
    ran = subprocess.run(
        (*command, "--rules", file, "--", *argv),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        return "refused"
    answer = json.loads(ran.stdout).get("decision")
    return None if answer is None else str(answer)


def random_text(dice: random.Random) -> str:
    """Some rules, as people write them."""
    lines = []
    for _ in range(dice.randint(1, 4)):
        pattern: list[object] = [
            dice.choice(WORDS)
            if dice.random() < 0.6
            else dice.sample(WORDS, dice.randint(1, 3))
            for _ in range(dice.randint(1, 3))
        ]
        more = dice.choice(("", ', decision="prompt"', ', decision = "forbidden",'))
        words = json.dumps(pattern, ensure_ascii=False)
        lines.append(f"prefix_rule(pattern={words}{more})")
    return "\n".join(lines)


@each_engine
def test_rules_files_mean_the_same_to_the_engine(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    dice = random.Random(6)
    fixed = [*(text for text, _ in READ), *UNREAD, *ODD]
    file = tmp_path / "x.rules"
    understood = decided = 0
    for text in (*fixed, *(random_text(dice) for _ in range(30))):
        file.write_text(text)
        book = read([(str(file), text)])
        argv = [dice.choice(WORDS) for _ in range(dice.randint(1, 4))]
        if book.rules and dice.random() < 0.7:
            pattern = dice.choice(book.rules).pattern
            argv = [dice.choice(place) for place in pattern] + argv[1:]
        said = check(engine, file, argv)
        if book.unread:
            continue  # Whatever it says, we say that we do not know.
        found = matching(argv, book)
        ours = max((r.decision for r in found), key=lambda d: d.rank, default=None)
        assert said == (None if ours is None else ours.value), (text, argv)
        understood += 1
        decided += ours is not None
    assert understood >= 40
    assert decided >= 15
