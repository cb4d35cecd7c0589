"""The program's own themes: ink (dark), paper (light) and one of sixteen colours.

Owns their colours. Does not own which tone means what (`widgets.palette`). Invariant:
every word colour has a contrast of at least 4.5 on every background it is drawn on;
`faint` and `rule` are for lines only.
"""

from __future__ import annotations

from textual.theme import Theme

from widgets.palette import ANSI_VARIABLES, derived_variables

_TEXTUAL = {
    # What Textual's own parts (scrollbars, cursor, selection) take from a theme.
    "block-cursor-text-style": "bold",
    "input-cursor-text-style": "none",
}


def _ours(colours: dict[str, str]) -> dict[str, str]:
    """Textual's variables drawn from ours."""
    return {
        **_TEXTUAL,
        **colours,
        "border": colours["primary"],
        "border-blurred": colours["faint"],
        "scrollbar": colours["rule"],
        "scrollbar-hover": colours["faint"],
        "scrollbar-active": colours["muted"],
        "scrollbar-background": colours["background"],
        "scrollbar-background-hover": colours["background"],
        "scrollbar-background-active": colours["background"],
        "scrollbar-corner-color": colours["background"],
        "input-cursor-background": colours["foreground"],
        "input-cursor-foreground": colours["background"],
        "input-selection-background": colours["cursor-row"],
        "input-selection-foreground": colours["foreground"],
        "screen-selection-background": colours["cursor-row"],
        "screen-selection-foreground": colours["foreground"],
        "block-cursor-background": colours["cursor-row"],
        "block-cursor-foreground": colours["bright"],
        "block-cursor-blurred-background": colours["cursor-row-rest"],
        "block-cursor-blurred-foreground": colours["foreground"],
        "block-hover-background": colours["cursor-row-rest"],
        "link-color": colours["primary"],
        "link-style": "underline",
        "footer-background": colours["panel"],
        "footer-key-foreground": colours["primary"],
        "footer-description-foreground": colours["muted"],
    }


def _theme(name: str, colours: dict[str, str], *, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=colours["primary"],
        secondary=colours["secondary"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["success"],
        accent=colours["primary"],
        foreground=colours["foreground"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        boost=colours["surface"],
        dark=dark,
        variables=_ours(colours),
    )


INK = _theme(
    "ink",
    {
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
    },
    dark=True,
)

PAPER = _theme(
    "paper",
    {
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
    },
    dark=False,
)

SIXTEEN = Theme(
    name="codex-ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_blue",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        **ANSI_VARIABLES,
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "surface": "ansi_default",
        "panel": "ansi_default",
        "border": "ansi_blue",
        "border-blurred": "ansi_default",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_default",
    },
)

THEMES: tuple[Theme, ...] = (INK, PAPER, SIXTEEN)
DEFAULT = INK.name


def variable_defaults(theme: Theme | None = None) -> dict[str, str]:
    """Our own variables for a theme that lacks them: a stylesheet naming one that
    the theme in force does not have would not load."""
    return derived_variables(theme)
