"""A diff's lines carry the right numbers, whatever the text looks like."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from state.diff import DiffLine, count_unified, counts, unified, whole

DIFF = """\
diff --git a/src/cache.rs b/src/cache.rs
index 1f2e3d4..5a6b7c8 100644
--- a/src/cache.rs
+++ b/src/cache.rs
@@ -86,3 +86,3 @@ impl Cache {
 fn evict(&mut self, key: Key) {
-    self.readers.lock().wait();
+    let slot = self.slots.remove(&key)?;
 }
@@ -120 +120,2 @@
-old
+new
+newer
\\ No newline at end of file
"""


def test_numbers_follow_both_sides() -> None:
    rows = [(line.sign, line.number, line.text) for line in unified(DIFF)]
    assert rows == [
        ("…", None, "impl Cache {"),
        (" ", 86, "fn evict(&mut self, key: Key) {"),
        ("-", 87, "    self.readers.lock().wait();"),
        ("+", 87, "    let slot = self.slots.remove(&key)?;"),
        (" ", 88, "}"),
        ("…", None, ""),
        ("-", 120, "old"),
        ("+", 120, "new"),
        ("+", 121, "newer"),
    ]
    assert counts(unified(DIFF)) == count_unified(DIFF) == (3, 2)


def test_lines_that_look_like_headers_inside_a_hunk_are_lines() -> None:
    diff = "@@ -1,2 +1,2 @@\n--- a rule\n+++ b rule\n @@ -1 +1 @@\n"
    assert [(line.sign, line.text) for line in unified(diff)] == [
        ("-", "-- a rule"),
        ("+", "++ b rule"),
        (" ", "@@ -1 +1 @@"),
    ]


def test_text_without_hunks_is_shown_without_numbers() -> None:
    lines = unified("+a\n-b\nc\n")
    assert [(line.sign, line.number, line.text) for line in lines] == [
        ("+", None, "a"),
        ("-", None, "b"),
        (" ", None, "c"),
    ]


def test_a_whole_file_is_numbered_from_one_and_bounded() -> None:
    assert whole("a\nb\n", "-") == (DiffLine("-", 1, "a"), DiffLine("-", 2, "b"))
    assert whole("") == ()
    lines = whole("x\n" * 50, limit=10)
    assert len(lines) == 11
    assert lines[-1].text == "40 more lines not held"


@given(st.text())
def test_any_text_gives_lines(text: str) -> None:
    unified(text)
    count_unified("@@ -1,9 +1,9 @@\n" + text)


lines_of_text = st.lists(st.text("ab-+@ ", max_size=6), max_size=12)


@given(lines_of_text, lines_of_text)
def test_both_sides_can_be_rebuilt(old: list[str], new: list[str]) -> None:
    """Oracle: difflib wrote the diff; with full context both files are in it."""
    diff = "\n".join(difflib.unified_diff(old, new, "a", "b", n=99, lineterm=""))
    lines = [line for line in unified(diff) if line.sign != "…"]
    if old == new:
        return
    assert [line.text for line in lines if line.sign != "+"] == old
    assert [line.text for line in lines if line.sign != "-"] == new
    removed = {line.number: line.text for line in lines if line.sign == "-"}
    assert all(old[n - 1] == text for n, text in removed.items() if n is not None)
    kept = [line for line in lines if line.sign != "-"]
    assert [line.number for line in kept] == list(range(1, len(new) + 1))
