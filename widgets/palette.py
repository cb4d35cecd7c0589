"""Tones to terminal styles: what the look's words for colour are in this theme.

Owns the mapping and the defaults that stand in when somebody's theme lacks one of
our variables; the themes themselves live in `tui.themes`. Invariant: with an ANSI
theme no palette number but the six statement colours is ever used, and never a
background: "muted" is the default colour, dimmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color, ColorParseError

if TYPE_CHECKING:
    from textual.app import App

DARK = {
    "background": "#101318",
    "surface": "#171b22",
    "panel": "#1f242d",
    "foreground": "#d3d8e0",
    "bright": "#f3f5f8",
    "muted": "#8d96a6",
    "faint": "#5d6675",
    "rule": "#2c333e",
    "primary": "#8ea8ff",
    "warning": "#e3b15c",
    "success": "#7fbf8a",
    "error": "#ee7d77",
    "secondary": "#68bfc4",
    "cursor-row": "#232b3d",
    "cursor-row-rest": "#1c212a",
    "diff-add": "#15271d",
    "diff-del": "#2d1a1d",
    "need-soft": "#272116",
    "fail-soft": "#2b1719",
    "alarm": "#d9a441",
    "on-alarm": "#1a1405",
    "danger": "#b3372f",
    "on-danger": "#ffffff",
    "code-keyword": "#b4a2dd",
    "code-string": "#a9bd95",
    "code-number": "#cfa98a",
    "code-name": "#9fb8d8",
}
LIGHT = {
    "background": "#fbfbf9",
    "surface": "#f2f3f1",
    "panel": "#e8eae8",
    "foreground": "#262c36",
    "bright": "#0c1016",
    "muted": "#5b6472",
    "faint": "#8b93a0",
    "rule": "#d3d7d8",
    "primary": "#3653c4",
    "warning": "#8f5a00",
    "success": "#24733a",
    "error": "#b42a2a",
    "secondary": "#0b6e78",
    "cursor-row": "#dfe6fb",
    "cursor-row-rest": "#ecedeb",
    "diff-add": "#e2f3e4",
    "diff-del": "#fae4e3",
    "need-soft": "#fbf1dc",
    "fail-soft": "#fbe7e6",
    "alarm": "#8f5a00",
    "on-alarm": "#ffffff",
    "danger": "#b42a2a",
    "on-danger": "#ffffff",
    "code-keyword": "#6a3fb0",
    "code-string": "#4d6b1f",
    "code-number": "#94501a",
    "code-name": "#2d5a91",
}
TONES = {
    "accent": "primary",
    "need": "warning",
    "work": "success",
    "fail": "error",
    "auto": "secondary",
}
ANSI = {
    "primary": Style(color="blue"),
    "warning": Style(color="yellow"),
    "success": Style(color="green"),
    "error": Style(color="red"),
    "secondary": Style(color="cyan"),
    "foreground": Style(),
    "bright": Style(bold=True),
    "muted": Style(dim=True),
    "faint": Style(dim=True),
    "rule": Style(dim=True),
    "code-keyword": Style(color="magenta"),
    "alarm": Style(reverse=True),
    "danger": Style(reverse=True),
}


class Palette:
    """Styles of one theme. Equal when `key` is equal, so caches may be keyed by it.

    `variables` are the theme's CSS variables; a name that is missing or no colour
    falls back to `ink` or `paper`, whichever fits `dark`.
    """

    def __init__(
        self, variables: Mapping[str, str], *, ansi: bool = False, dark: bool = True
    ) -> None:
        base = DARK if dark else LIGHT
        self.ansi = ansi
        self.dark = dark
        self._colors = {
            name: variables.get(name, default) for name, default in base.items()
        }
        self._base = base
        self.key = (ansi, dark, *self._colors.values())
        self._cache: dict[tuple[str, bool, bool, bool, str], Style] = {}

    @classmethod
    def of(cls, app: App[object]) -> Palette:
        """The palette of the theme `app` shows now."""
        theme = app.current_theme
        return cls(
            app.theme_variables or app.get_css_variables(),
            ansi=app.native_ansi_color,
            dark=theme.dark,
        )

    def color(self, name: str) -> str:
        """The colour behind a tone or variable, as `#rrggbb`; "" under ANSI."""
        if self.ansi:
            return ""
        name = TONES.get(name, name)
        return _hex(self._colors.get(name, ""), self._base.get(name, "#808080"))

    def style(
        self,
        tone: str,
        *,
        bold: bool = False,
        italic: bool = False,
        underline: bool = False,
        on: str = "",
    ) -> Style:
        """The style of `tone` (a Tone or a variable's name), on background `on`."""
        key = (str(tone), bold, italic, underline, on)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._make(*key)
        return found

    def _make(
        self, tone: str, bold: bool, italic: bool, underline: bool, on: str
    ) -> Style:
        name = TONES.get(tone, tone)
        weight = Style(
            bold=bold or None, italic=italic or None, underline=underline or None
        )
        if self.ansi:
            base = ANSI.get(name, Style())
            return base + ANSI.get(on, Style()) + weight if on else base + weight
        back = RichColor.parse(self.color(on)) if on else None
        return Style(color=RichColor.parse(self.color(name)), bgcolor=back) + weight


@lru_cache(maxsize=512)
def _hex(value: str, default: str) -> str:
    try:
        color = Color.parse(value)
    except ColorParseError:
        return default
    return color.hex[:7] if color.ansi is None and color.a else default
