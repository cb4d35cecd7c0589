"""Tones to styles: the only place where a colour is chosen.

Owns the names of our theme variables, their values for themes that are not ours,
and the `Palette` that turns a tone of a read model into a Rich style. Does not own
the themes themselves (`tui.themes`). Invariant: with a sixteen-colour theme there
are no backgrounds, muted is dim and bright is bold; in plain mode there is no
colour at all.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color

from state.dataclass import dataclass
from state.views import Tone
from widgets.glyphs import look_of

if TYPE_CHECKING:
    from rich.color import Color as RichColor
    from textual.dom import DOMNode
    from textual.theme import Theme

FLOOR = 4.5
"""The lowest contrast of a word on its background."""


class Back(StrEnum):
    """Backgrounds by the theme variable that holds them; NONE: the widget's own."""

    NONE = ""
    SURFACE = "surface"
    PANEL = "panel"
    CURSOR = "cursor-row"
    CURSOR_REST = "cursor-row-rest"
    DIFF_ADD = "diff-add"
    DIFF_DEL = "diff-del"
    NEED_SOFT = "need-soft"
    FAIL_SOFT = "fail-soft"
    ALARM = "alarm"
    DANGER = "danger"


TONE_VARIABLES: dict[Tone, str] = {
    Tone.TEXT: "foreground",
    Tone.BRIGHT: "bright",
    Tone.MUTED: "muted",
    Tone.FAINT: "faint",
    Tone.ACCENT: "accent",
    Tone.NEED: "warning",
    Tone.WORK: "success",
    Tone.FAIL: "error",
    Tone.AUTO: "secondary",
}

CODE_VARIABLES = ("code-keyword", "code-string", "code-number", "code-name")

OWN_VARIABLES = (
    "bright",
    "muted",
    "faint",
    "rule",
    "cursor-row",
    "cursor-row-rest",
    "diff-add",
    "diff-del",
    "need-soft",
    "fail-soft",
    "alarm",
    "on-alarm",
    "danger",
    "on-danger",
    *CODE_VARIABLES,
)
"""The variables Textual does not know: a theme lacking one needs a default."""

_USED = tuple(
    dict.fromkeys(
        ("background", "surface", "panel", *TONE_VARIABLES.values(), *OWN_VARIABLES)
    )
)

ANSI_VARIABLES: dict[str, str] = {
    "bright": "ansi_default",
    "muted": "ansi_default",
    "faint": "ansi_default",
    "rule": "ansi_default",
    "cursor-row": "ansi_default",
    "cursor-row-rest": "ansi_default",
    "diff-add": "ansi_default",
    "diff-del": "ansi_default",
    "need-soft": "ansi_default",
    "fail-soft": "ansi_default",
    "alarm": "ansi_yellow",
    "on-alarm": "ansi_black",
    "danger": "ansi_red",
    "on-danger": "ansi_white",
    "code-keyword": "ansi_magenta",
    "code-string": "ansi_green",
    "code-number": "ansi_cyan",
    "code-name": "ansi_default",
}


def contrast(one: Color, other: Color) -> float:
    """The WCAG contrast of two opaque colours, 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in colour.normalized
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def legible(colour: Color, ink: Color, *backs: Color) -> Color:
    """`colour`, moved towards `ink` until it reads on every one of `backs`."""
    for step in range(11):
        moved = colour.blend(ink, step / 10)
        if all(contrast(moved, back) >= FLOOR for back in backs):
            return moved
    return ink


def derived_variables(theme: Theme | None) -> dict[str, str]:
    """Values of our own variables for a theme that does not bring them.

    A sixteen-colour theme gets sixteen-colour values; any other has them mixed from
    its own colours, muted text kept legible.
    """
    if theme is not None and theme.ansi:
        return dict(ANSI_VARIABLES)
    generated = theme.to_color_system().generate() if theme is not None else {}

    def pick(name: str, default: str) -> Color:
        colour = Color.parse(generated.get(name, default))
        return colour if colour.ansi is None else Color.parse(default)

    back, fore = pick("background", "#101318"), pick("foreground", "#d3d8e0")
    accent, need = pick("accent", "#8ea8ff"), pick("warning", "#e3b15c")
    work, fail = pick("success", "#7fbf8a"), pick("error", "#ee7d77")
    end = Color.parse("#ffffff" if (theme is None or theme.dark) else "#000000")
    bright = fore.blend(end, 0.6)
    cursor, rest = back.blend(accent, 0.15), back.blend(fore, 0.07)
    surface, panel = pick("surface", "#171b22"), pick("panel", "#1f242d")
    muted = legible(back.blend(fore, 0.6), bright, back, cursor, rest, surface, panel)
    values: dict[str, Color] = {
        "bright": bright,
        "muted": muted,
        "faint": back.blend(fore, 0.4),
        "rule": back.blend(fore, 0.18),
        "cursor-row": cursor,
        "cursor-row-rest": rest,
        "diff-add": back.blend(work, 0.14),
        "diff-del": back.blend(fail, 0.14),
        "need-soft": back.blend(need, 0.12),
        "fail-soft": back.blend(fail, 0.13),
        "alarm": need,
        "on-alarm": need.get_contrast_text(1.0),
        "danger": fail,
        "on-danger": fail.get_contrast_text(1.0),
        "code-keyword": fore.blend(accent, 0.5),
        "code-string": fore.blend(work, 0.5),
        "code-number": fore.blend(need, 0.5),
        "code-name": fore.blend(pick("primary", "#8ea8ff"), 0.3),
    }
    return {name: colour.hex6 for name, colour in values.items()}


@dataclass(frozen=True)
class Palette:
    """Styles of one theme. `ansi`: sixteen colours; `plain`: none at all."""

    values: tuple[tuple[str, str], ...]
    ansi: bool = False
    plain: bool = False
    _styles: dict[tuple[object, ...], Style] = field(
        default_factory=dict, compare=False, repr=False
    )

    def colour(self, name: str) -> RichColor:
        """The Rich colour of a theme variable."""
        return Color.parse(dict(self.values)[name]).rich_color

    def style(
        self,
        tone: Tone = Tone.TEXT,
        back: Back = Back.NONE,
        *,
        bold: bool = False,
        italic: bool = False,
        underline: bool = False,
    ) -> Style:
        """The style of text in a tone on a background."""
        key = (tone, back, bold, italic, underline)
        style = self._styles.get(key)
        if style is None:
            attributes = Style(
                bold=(bold or (self.ansi and tone is Tone.BRIGHT)) or None,
                italic=italic or None,
                underline=underline or None,
            )
            style = self._colours(TONE_VARIABLES[tone], back) + attributes
            if back in (Back.ALARM, Back.DANGER) and self.ansi and not self.plain:
                style = Style(reverse=True) + style
            self._styles[key] = style
        return style

    def rule(self, back: Back = Back.NONE) -> Style:
        """Hairlines; never a word."""
        return self._named("rule", back)

    def code(self, part: str, back: Back = Back.SURFACE) -> Style:
        """`part`: keyword, string, number or name."""
        return self._named(f"code-{part}", back)

    def back(self, back: Back) -> Style:
        """A background alone, for filling."""
        return self.style(Tone.TEXT, back)

    def _named(self, name: str, back: Back) -> Style:
        key = (name, back)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._colours(name, back)
        return style

    def _colours(self, name: str, back: Back) -> Style:
        if self.plain:
            return Style()
        loud = back in (Back.ALARM, Back.DANGER)
        if self.ansi:
            if loud:
                return Style(color=self.colour(back))
            dim = name in ("muted", "faint", "rule") or None
            return Style(color=self.colour(name), dim=dim)
        front = self.colour(f"on-{back}") if loud else self.colour(name)
        if back is Back.NONE:
            return Style(color=front)
        return Style(color=front, bgcolor=self.colour(back))


@lru_cache(16)
def _palette(values: tuple[tuple[str, str], ...], ansi: bool, plain: bool) -> Palette:
    return Palette(values, ansi, plain)


def palette_of(node: DOMNode) -> Palette:
    """The palette of the theme in force where `node` lives; cheap, call it per line."""
    app = node.app
    theme, given = app.current_theme, app.theme_variables
    if any(name not in given for name in OWN_VARIABLES):
        given = {**derived_variables(theme), **given}
    values = tuple((name, given[name]) for name in _USED)
    plain = look_of(node).plain or app.no_color
    return _palette(values, theme.ansi, plain)
