"""Turn snapshots into PNGs, to look at them: `make look` or
`python -m tests.look snapshots/.../x.svg ...`.

Owns the conversion. The pictures name a web font that `rsvg-convert` does not
fetch; a local one takes its place, at the size at which its cells have the same
width, so that columns stay columns. Output goes to `.cache/look/`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
OUT = REPO / ".cache" / "look"
FONTS = {"JetBrains Mono": 0.6, "DejaVu Sans Mono": 0.602}
"""Local fonts in order of liking, with the width of a cell in em."""
CELL = 12.2
"""Width of a cell in the SVGs, in their units."""


def local_font() -> tuple[str, float]:
    """The first font that fontconfig knows."""
    known = subprocess.run(
        ("fc-list", ":", "family"), capture_output=True, text=True, check=False
    ).stdout
    for name, width in FONTS.items():
        if name in known:
            return name, width
    return "monospace", 0.6


def with_local_font(svg: str, font: str, width: float) -> str:
    """The same picture set in a local font."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"Fira ?Code", font, svg)
    # Quoted twice where the name stood alone.
    svg = re.sub(rf"font-family: {re.escape(font)}", f"font-family: '{font}'", svg)
    svg = _RUN.sub(_without_lead, svg)
    size = CELL / width
    return re.sub(r"font-size: 20px", f"font-size: {size:.3f}px", svg)


_RUN = re.compile(
    r'(<text[^>]* )x="([0-9.]+)"([^>]*) textLength="[0-9.]+"([^>]*>)((?:&#160;)*)'
)


def _without_lead(match: re.Match[str]) -> str:
    """rsvg drops the blanks that begin a run, so the run begins after them."""
    before, x, between, after, blanks = match.groups()
    start = float(x) + CELL * blanks.count(";")
    return f'{before}x="{start:.1f}"{between}{after}'


def convert(path: Path) -> Path:
    """One PNG; its path under `.cache/look/`."""
    font, width = local_font()
    try:
        place = path.resolve().relative_to(REPO / "snapshots")
    except ValueError:
        place = Path(path.name)
    target = OUT / place.with_suffix(".png")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ("rsvg-convert", "-o", str(target)),
        input=with_local_font(path.read_text(encoding="utf-8"), font, width),
        text=True,
        check=True,
    )
    return target


def main(arguments: list[str]) -> int:
    """Convert the named pictures, or all. Exit code 1 without rsvg-convert."""
    if shutil.which("rsvg-convert") is None:
        print("rsvg-convert is needed (package librsvg2-bin or librsvg).")
        return 1
    paths = [Path(a) for a in arguments] or sorted(REPO.glob("snapshots/**/*.svg"))
    for path in paths:
        print(convert(path).relative_to(REPO))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
