"""Markdown: what each block looks like, and that streaming ends where it should."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from state.views import Tone
from tests.soaking import examples
from tests.widgets.transcript_host import frame
from widgets.cells.wrap import text_of
from widgets.highlight import code_lines
from widgets.markdown import Stream, render


def draw(source: str, width: int = 60) -> list[str]:
    return [row.strip.text[4:].rstrip() for row in render(source, frame(width))]


def test_headings_have_no_marks_and_weigh_more() -> None:
    rows = render("# Title\n\ntext", frame())
    assert [row.strip.text.strip() for row in rows] == ["Title", "", "text"]
    assert any(s.style and s.style.bold for s in rows[0].strip if s.text == "Title")


def test_lists_hang_under_their_text() -> None:
    source = "- one two three four five six\n  - nested\n    1. deep\n- two\n"
    assert draw(source, 26) == [
        "- one two three four",
        "  five six",
        "  - nested",
        "    1. deep",
        "- two",
    ]


def test_loose_lists_have_air_and_ordered_ones_their_numbers() -> None:
    assert draw("9. nine\n\n10. ten\n\n    more\n") == [
        " 9. nine",
        "",
        "10. ten",
        "",
        "    more",
    ]


def test_an_item_that_begins_with_a_list_keeps_both_bullets() -> None:
    assert draw("- - a\n  - b\n- c\n") == ["- - a", "  - b", "- c"]


def test_quotes_have_a_bar() -> None:
    assert draw("> a\n>\n> - b\n") == ["│ a", "│", "│ - b"]


def test_links_show_where_they_go() -> None:
    assert draw("[docs](https://a.b/c)") == ["docs (https://a.b/c)"]
    assert draw("<https://a.b/c>") == ["https://a.b/c"]
    assert draw("![shot](a.png)") == ["image shot (a.png)"]


def test_html_and_markup_are_text() -> None:
    assert draw("a <b>bold</b> [/foo] [bold]x[/bold]") == [
        "a <b>bold</b> [/foo] [bold]x[/bold]"
    ]
    assert draw("<script>\nx\n</script>") == ["<script> x </script>"]
    assert draw("[ref]: http://x.y\n\n[ref]")[-1] == "[ref]"


def test_entities_cannot_make_what_the_doors_keep_out() -> None:
    assert draw("a&#x202e;b&#27;[31m &lt;") == ["ab�[31m <"]


def test_breaks() -> None:
    assert draw("soft\nbreak  \nhard") == ["soft break", "hard"]


def test_tables_align_and_have_a_line_under_the_head() -> None:
    source = "| Name | N | Mid |\n|---|--:|:-:|\n| a | 12 | x |\n| 日本 | 3 | yyy |\n"
    assert draw(source) == [
        "Name    N   Mid",
        "───────────────",
        "a      12    x",
        "日本    3   yyy",
    ]


def test_wide_tables_wrap_in_their_cells_and_lose_nothing() -> None:
    words = " ".join(f"w{n}" for n in range(30))
    rows = draw(f"| a | b |\n|---|---|\n| short | {words} |\n", 50)
    assert all(len(row) <= 44 for row in rows)
    assert " ".join(rows).replace("short", "").split()[3:] == words.split()


def test_tables_without_room_become_records() -> None:
    head = "|".join(f" column{n} " for n in range(6))
    line = "|".join("---" for _ in range(6))
    body = "|".join(f" value{n} " for n in range(6))
    rows = draw(f"|{head}|\n|{line}|\n|{body}|\n", 40)
    assert rows == [f"column{n}: value{n}" for n in range(6)]


def test_code_keeps_its_text_and_names_its_language() -> None:
    rows = render("```rust\nlet x = 1;\n\tif y {}\n```", frame(60))
    assert [row.text.rstrip() for row in rows] == ["let x = 1;", "    if y {}"]
    assert "\n".join(row.source(0, 99) for row in rows) == "let x = 1;\n\tif y {}"
    assert rows[0].strip.text.rstrip().endswith("rust")
    back = rows[0].strip
    assert all(s.style and s.style.bgcolor for s in back if s.text.strip())


def test_code_has_its_own_colours() -> None:
    (row,) = render('```rust\nlet x = f("s", 1); // why\n```', frame(60))
    palette = frame().palette
    styles = {s.text.strip(): s.style for s in row.strip if s.style}

    def colour(text: str) -> object:
        style = styles[text]
        assert style is not None
        return style.color

    assert colour("let") == palette.code("keyword").color
    assert colour('"s"') == palette.code("string").color
    assert colour("1") == palette.code("number").color
    assert colour("f") == palette.code("name").color
    assert colour("// why") == palette.style(Tone.MUTED).color


@given(st.text("let x = 1;/*\"'#\n\t{}", max_size=80))
def test_colouring_code_changes_no_letter(code: str) -> None:
    for language in ("rust", "python", "sh", "json", "no-such-language"):
        lines = code_lines(code, language, frame().palette)
        assert "\n".join(text_of(line) for line in lines) == code


def test_an_unclosed_fence_is_code() -> None:
    rows = render("text\n\n```py\ndef f", frame(60))
    assert rows[-1].text == "def f"
    assert rows[-1].strip.text.rstrip().endswith("py")


def test_copying_an_answer_joins_what_was_only_wrapped() -> None:
    rows = render("one two three four five six seven\n\nnext", frame(24))
    assert len(rows) > 3
    text = "".join(row.text + row.join for row in rows)
    assert text == "one two three four five six seven\n\nnext\n"


# -- streaming

FRAGMENTS = [
    "word ", "two words\n", "\n", "\n\n", "# h\n", "#", "- item\n", "  - sub\n", "- ",
    "*", "**", "`", "```", "```py\n", "~~~\n", "| a | b |\n", "|---|---|\n", "| 1 |\n",
    "> q\n", ">", "1. one\n", "2) two\n", "    code\n", "\tcode\n", "---\n", "===\n",
    "-", "=", "<div>\n", "</div>", "[a]: b\n", "[a]", "![x](y)", "\\", "  ", "+",
    "   text\n",
]  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30), st.data())
def test_streaming_ends_with_what_the_whole_gives(
    parts: list[str], data: st.DataObject
) -> None:
    source = "".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(source)), max_size=12))
    stream = Stream(frame(40))
    for cut in sorted(cuts):
        stream.rows(source[:cut])
    assert stream.rows(source) == render(source, frame(40))


@example("- a\n**bold**\n")
@example("para\n#tag\n\nnext\n")
@example("- a\n\n**b**\n\n- c\n")
@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_streaming_letter_by_letter(source: str) -> None:
    stream = Stream(frame(40))
    for end in range(len(source) + 1):
        rows = stream.rows(source[:end])
        assert rows == render(source[:end], frame(40))


def test_streaming_parses_only_the_tail() -> None:
    paragraphs = [f"paragraph {n} with some words\n\n" for n in range(200)]
    stream, source = Stream(frame(60)), ""
    for part in paragraphs:
        source += part
        stream.rows(source)
    assert stream.rendered < 4 * len(source)


def test_a_text_that_is_another_one_starts_afresh() -> None:
    stream = Stream(frame(60))
    stream.rows("a\n\nb\n\nc\n")
    assert stream.rows("x\n\ny\n") == render("x\n\ny\n", frame(60))
