"""The README says what the program says: its table of keys is the registry's."""

from __future__ import annotations

from pathlib import Path

from tui.actions import ACTIONS, BY_ID, by_slash, help_table

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys: made from the registry, held by a test -->\n", "<!-- /keys -->"


def table() -> str:
    lines = []
    for place, rows in help_table():
        lines += [
            f"**{place}**",
            "",
            "| key | command | what it does |",
            "|---|---|---|",
        ]
        for keys, slash, words in rows:
            shown = f"`{keys}`" if keys else ""
            command = f"`{slash}`" if slash else ""
            lines.append(f"| {shown} | {command} | {words} |")
        lines.append("")
    return "\n".join(lines)


def parts() -> tuple[str, str, str]:
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    shown, after = rest.split(END)
    return before, shown, after


def test_the_table_is_the_registrys() -> None:
    hint = "python -m tests.pure.test_readme writes it anew"
    assert parts()[1].strip() == table().strip(), hint


def test_ids_slash_names_and_keys_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)
    names = [n for a in ACTIONS if a.slash for n in (a.slash, *a.aliases)]
    assert len(names) == len(set(names))
    assert all(by_slash(name) is not None for name in names)
    for place in {a.place for a in ACTIONS}:
        keys = [k for a in ACTIONS if a.place is place for k in a.keys]
        assert len(keys) == len(set(keys)), place


def test_pictures_of_the_readme_exist() -> None:
    text = README.read_text(encoding="utf-8").replace("%5B", "[").replace("%5D", "]")
    for part in text.split("](snapshots/")[1:]:
        assert (README.parent / "snapshots" / part.split(")")[0]).is_file()


def main() -> None:
    before, _, after = parts()
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
