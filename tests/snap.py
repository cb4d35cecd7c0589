"""Snapshots of screens: an SVG for the colours, a text twin for the reader.

Owns where they lie (`snapshots/<test module>/<test>[WxH].svg` and `.txt`), when a
screen is settled, and the checks each picture must pass besides being the same.
Invariant: nothing here waits for a time; it waits until the screen stops changing.

A test:

    @sizes
    def test_empty(snap_of: Snap, size: Size) -> None:
        snap_of(app, size, must_contain=["No threads yet"])
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import inspect
import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_textual_snapshot
from rich.segment import Segment
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from textual import _doc
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.pilot import Pilot

from tests.clockwork import piloted
from tests.lean_textual import drawn_when_asked

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "snapshots"
PINNED = ("textual", "rich")
ROUNDS = 200
"""Looks at the screen before a test gives up; each lets all pending work run."""

Size = tuple[int, int]
Act = Callable[[Pilot[Any]], Awaitable[object] | object]
Condition = str | Callable[[], bool]
Row = list[Segment]

SIZES: tuple[Size, ...] = ((80, 24), (120, 40), (160, 50))
sizes = pytest.mark.parametrize(
    "size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES]
)


class Snap(Protocol):
    """The `snap_of` fixture."""

    def __call__(
        self,
        app: App[Any],
        size: Size,
        *,
        run_before: Act | None = None,
        until: Condition | None = None,
        must_contain: Sequence[str] = (),
        each_anew: bool = False,
        drawn: bool = False,
    ) -> None:
        """Run the app at a size, act on it, let it settle, compare both pictures.

        `until`: words, or a condition, that the screen must reach first.
        `must_contain`: words of this state; the text twin must show each of them.
        `each_anew`: start the app for each size, where the acts, or where a screen
        has been, depend on it. Else one run is resized from size to size.
        `drawn`: draw each change, for acts that depend on what was drawn before.
        """


@pytest.fixture
def snap_of(
    request: pytest.FixtureRequest, snap_compare: Any, snapshot: SnapshotAssertion
) -> Snap:
    """Compare a screen with its snapshot; `make snap` updates them."""

    def compare(
        app: App[Any],
        size: Size,
        *,
        run_before: Act | None = None,
        until: Condition | None = None,
        must_contain: Sequence[str] = (),
        each_anew: bool = False,
        drawn: bool = False,
    ) -> None:
        name, wanted = _siblings(request.node, size)
        if each_anew:
            wanted = [size]
        taken = _TAKEN.get(name, {})
        if size not in taken:
            with contextlib.nullcontext() if drawn else drawn_when_asked():
                taken = piloted(_take(app, wanted, run_before, until))
            _TAKEN.clear()
            _TAKEN[name] = taken
        svg, text = taken.pop(size)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_doc, "take_svg_screenshot", lambda **_: svg)
            same = snap_compare(app)
        check_text(text, size, must_contain)
        twin = snapshot.use_extension(TextTwin)
        assert text == twin
        assert same, "the colours differ (see snapshot_report.html; make snap updates)"

    return compare


_TAKEN: dict[str, dict[Size, tuple[str, str]]] = {}
"""Pictures of the other sizes of the test that runs: picture and text by size."""


def _siblings(item: Any, size: Size) -> tuple[str, list[Size]]:
    """The test without its size, and all sizes it is asked for."""
    for mark in item.iter_markers("parametrize"):
        if mark.args[0] == "size":
            width, height = size
            return item.nodeid.replace(f"{width}x{height}", ""), [*mark.args[1]]
    return item.nodeid, [size]


async def _take(
    app: App[Any], wanted: Sequence[Size], act: Act | None, until: Condition | None
) -> dict[Size, tuple[str, str]]:
    """Picture and text at each size: a person makes the window larger."""
    taken = {}
    async with app.run_test(size=wanted[0]) as pilot:
        await settle(pilot)
        if act is not None:
            result = act(pilot)
            if inspect.isawaitable(result):
                await result
        for size in wanted:
            if size != wanted[0]:
                await pilot.resize_terminal(*size)
            text = await settle(pilot, until=until)
            svg = app.export_screenshot(title=app.title, simplify=True)
            taken[size] = (svg, text)
    return taken


async def settle(
    pilot: Pilot[Any], *, until: Condition | None = None, rounds: int = ROUNDS
) -> str:
    """Wait until all messages are handled and the screen stays as it is, its colours,
    too (and, with `until`, shows those words or meets that condition); the screen as
    text."""
    last: list[Row] = []
    for _ in range(rounds):
        await pilot.pause()
        rows = _rows(pilot.app)
        laid_out = pilot.app.screen.size == pilot.app.size
        if rows == last and laid_out and _reached(until, rows):
            return _text(rows)
        last = rows
    text = _text(last)
    raise AssertionError(f"never settled with {until!r}; the screen was:\n{text}")


def _reached(until: Condition | None, rows: list[Row]) -> bool:
    if isinstance(until, str):
        return until in _text(rows)
    return until is None or until()


def screen_text(app: App[Any]) -> str:
    """What the terminal shows, a line per row, without trailing blanks."""
    return _text(_rows(app))


def _rows(app: App[Any]) -> list[Row]:
    """What the terminal shows: for each row its pieces, each with its look."""
    update = app.screen._compositor.render_update(
        full=True, screen_stack=app._background_screens
    )
    assert isinstance(update, LayoutUpdate)
    return [[piece for strip in row for piece in strip] for row in update.strips]


def _text(rows: list[Row]) -> str:
    lines = ["".join(p.text for p in row if not p.control).rstrip() for row in rows]
    return "\n".join(lines).rstrip("\n") + "\n"


def check_text(text: str, size: Size, must_contain: Sequence[str]) -> None:
    """Every picture: fits the terminal, holds no control or bidi character, and
    shows the words of its state."""
    missing = [words for words in must_contain if words not in _joined(text)]
    assert not missing, f"not on the screen: {missing}\n{text}"
    assert len(text.splitlines()) <= size[1]
    odd = {
        f"U+{ord(char):04X}"
        for char in text
        if unicodedata.category(char) in ("Cc", "Cs", "Cf")
        and char not in "\n\u200c\u200d"
    }
    assert not odd, f"control characters on the screen: {sorted(odd)}"


def _joined(text: str) -> str:
    """The text, and again with runs of blanks as one, for words set apart."""
    return text + re.sub(" +", " ", text)


# -- where snapshots lie ---------------------------------------------------------


class _InRepo(SingleFileSnapshotExtension):
    """Snapshots lie at the root, in a folder named after the test module."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(FOLDER / test_location.basename)


class Svg(_InRepo, pytest_textual_snapshot.SVGImageExtension):  # type: ignore[misc]
    """The picture, in half the bytes."""

    def serialize(self, *args: Any, **kwargs: Any) -> str:
        """The same picture without what no eye sees."""
        return compact(str(super().serialize(*args, **kwargs)))


_RECT = re.compile(
    r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" '
    r'height="24.65" shape-rendering="crispEdges"/>'
)
_LINE_CLIP = re.compile(
    r'\s*<clipPath id="[^"]*-line-\d+">\s*<rect [^>]*/>\s*</clipPath>'
)
_BLANK = re.compile(r"<text [^>]*>(?:&#160;)*</text>")


def compact(svg: str) -> str:
    """Neighbours of one colour as one rectangle; no rows that clip, no blank text."""
    svg = _LINE_CLIP.sub("", svg)
    svg = re.sub(r' clip-path="url\(#[^"]*-line-\d+\)"', "", svg)
    underlined = "underline" in svg
    svg = svg if underlined else _BLANK.sub("", svg)
    rects: list[tuple[str, float, float, float]] = []
    for fill, x, y, width in _RECT.findall(svg):
        if rects and rects[-1][0] == fill and rects[-1][2] == float(y):
            rects[-1] = (fill, rects[-1][1], rects[-1][2], rects[-1][3] + float(width))
        else:
            rects.append((fill, float(x), float(y), float(width)))
    drawn = "\n".join(
        f'<rect fill="{fill}" x="{x:g}" y="{y:g}" width="{width:g}" height="24.65" '
        'shape-rendering="crispEdges"/>'
        for fill, x, y, width in rects
    )
    first = _RECT.search(svg)
    if first is None:
        return svg
    return f"{svg[: first.start()]}{drawn}{_RECT.sub('', svg[first.start() :])}"


class TextTwin(_InRepo):
    """What the picture says."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT


def rebind() -> None:
    """Make the plugin's fixture, which looks its extension up by name, use ours."""
    pytest_textual_snapshot.SVGImageExtension = Svg


# -- versions --------------------------------------------------------------------


@functools.cache
def off_baseline() -> str:
    """Which versions differ from the pinned ones, in words; "" when none."""
    pins = dict(
        line.split("==")
        for line in (REPO / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    return ", ".join(
        f"{name} is {found}, pinned {pins[name]}"
        for name in PINNED
        if (found := importlib.metadata.version(name)) != pins[name]
    )
