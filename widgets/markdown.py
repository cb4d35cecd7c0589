"""Markdown as rows: the agent's words in our own styles, also while they stream.

Owns what each block and inline mark looks like. Does not own parsing (markdown-it),
code colours (`widgets.highlight`) or wrapping (`widgets.cells.wrap`). HTML, entities
that make no letter and link reference definitions are shown as the text they are, so
that no later line changes what an earlier one meant. Invariant: however a text was
cut into pieces, `Stream` ends with the rows that `render` gives for the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from rich.style import Style

from state.text import reveal
from state.views import Tone
from widgets.cells.code import code_rows
from widgets.cells.rows import Frame, Mark, Row, blank, expand_tabs, harmless, row
from widgets.cells.wrap import Piece, text_of, width_of, wrap
from widgets.markdown_table import Table, table_rows
from widgets.palette import Back

_PARSER = (
    MarkdownIt("commonmark")
    .enable(["table", "strikethrough"])
    .disable(["html_block", "html_inline", "reference"])
)
_STRIKE = Style(strike=True)


def render(source: str, frame: Frame, *, muted: bool = False) -> list[Row]:
    """The rows of a whole text; `muted` as quotes are."""
    blocks = _blocks(_normal(source), frame, muted=muted)
    return [row for _, rows in blocks for row in rows]


class Stream:
    """Rows of a text that grows. Blocks before the last one are kept; of a text that
    did not grow from the one before, nothing is."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.rendered = 0
        """characters given to the parser so far, for tests"""
        self._stable = ""
        self._rows: list[Row] = []

    def rows(self, source: str) -> list[Row]:
        """The rows of `source`."""
        source = _normal(source)
        if not source.startswith(self._stable):
            self._stable, self._rows = "", []
        tail = source[len(self._stable) :]
        self.rendered += len(tail)
        blocks = _blocks(tail, self.frame)
        if self._rows and blocks:
            blocks = [(blocks[0][0], [blank(self.frame), *blocks[0][1]]), *blocks[1:]]
        settled = self._settle(tail, blocks)
        return self._rows + [row for _, rows in blocks[settled:] for row in rows]

    def _settle(self, tail: str, blocks: list[tuple[int, list[Row]]]) -> int:
        """Keep every block before the last one that begins with a complete line;
        how many that are."""
        lines = tail.split("\n")
        starts = [start for start, _ in blocks if start < len(lines) - 1]
        if len(starts) < 2:
            return 0
        # What starts last may still grow, or turn out to belong to what is before it
        # as long as its first line is not complete.
        settled = len(starts) - 1
        cut = sum(len(line) + 1 for line in lines[: starts[-1]])
        self._stable += tail[:cut]
        for _, rows in blocks[:settled]:
            self._rows += rows
        return settled


def _normal(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(
    source: str, frame: Frame, *, muted: bool = False
) -> list[tuple[int, list[Row]]]:
    """Top-level blocks: first line and rows; a blank row before all but the first."""
    root = SyntaxTreeNode(_PARSER.parse(source))
    out: list[tuple[int, list[Row]]] = []
    for node in root.children:
        writer = _Writer(frame, muted=muted)
        if out:
            writer.rows.append(blank(frame))
        writer.block(node)
        out.append((node.map[0] if node.map else 0, writer.rows))
    return out


class _Writer:
    """Writes blocks one below the other. `first` is drawn before the next row and
    belongs to the source (a bullet), `rest` before every later one."""

    def __init__(self, frame: Frame, *, muted: bool = False) -> None:
        self.frame = frame
        self.rows: list[Row] = []
        self.first: list[Piece] = []
        self.rest: list[Piece] = []
        self.quoted = muted

    @property
    def _tone(self) -> Tone:
        return Tone.MUTED if self.quoted else Tone.TEXT

    def block(self, node: SyntaxTreeNode) -> None:
        match node.type:
            case "heading":
                self._prose(self._inline(node.children[0], head=True))
            case "paragraph":
                self._prose(self._inline(node.children[0]))
            case "bullet_list" | "ordered_list":
                self._list(node)
            case "blockquote":
                self._quote(node)
            case "fence" | "code_block":
                self._code(node)
            case "table":
                self._table(node)
            case "hr":
                line = self.frame.sign("─") * self._room(self.frame.prose)
                self._row([], [Piece(line, self.frame.palette.rule())])
            case _:
                self._prose([self.frame.piece(harmless(node.content), self._tone)])

    # -- blocks

    def _prose(self, pieces: list[Piece]) -> None:
        pieces, _ = expand_tabs(pieces)
        for body, join in wrap(pieces, self._room(self.frame.prose)):
            self._row(body, [], join)

    def _row(self, body: list[Piece], plain: list[Piece], join: str = "\n") -> None:
        """A row with the prefix that is due; `plain` is drawn but no source."""
        left = [Piece(" " * self.frame.indent, Style())]
        if self.first:
            self.rows.append(row(self.frame, left, [*self.first, *body, *plain]))
            self.rows[-1] = self.rows[-1]._replace(join=join)
            self.first = []
            return
        left += self.rest
        mark = Mark(join=join)
        self.rows.append(row(self.frame, [*left, *plain], body, mark=mark))

    def _room(self, width: int) -> int:
        return max(8, width - max(width_of(self.first), width_of(self.rest)))

    def _list(self, node: SyntaxTreeNode) -> None:
        number = int(node.attrs.get("start", 1)) if node.type[0] == "o" else 0
        tight = _tight(node)
        size = len(str(number + len(node.children) - 1)) + 2 if number else 2
        outer_first, outer_rest = self.first, self.rest
        deep = width_of(outer_rest) + size > self.frame.room // 2
        for index, item in enumerate(node.children):
            if index and not tight:
                self.rows.append(blank(self.frame))
            sign = f"{number + index}. " if node.type[0] == "o" else "- "
            pad = Piece(" " * (0 if deep else size), Style())
            lead = outer_first if not index and outer_first else outer_rest
            bullet = self.frame.piece(sign.rjust(size), Tone.MUTED)
            self.first, self.rest = [*lead, bullet], [*outer_rest, pad]
            if not item.children:
                self._row([], [])
            for part, child in enumerate(item.children):
                if part and not (tight and _is_list(child)):
                    self.rows.append(blank(self.frame))
                self.block(child)
            self.first = []
        self.first, self.rest = [], outer_rest

    def _quote(self, node: SyntaxTreeNode) -> None:
        rest, quoted = self.rest, self.quoted
        bar = self.frame.piece(self.frame.sign("│") + " ", Tone.FAINT)
        deep = width_of(rest) > self.frame.room // 2
        self.rest = rest if deep else [*rest, bar]
        if self.first and not deep:
            self.first = [*self.first, bar]
        self.quoted = True
        for index, child in enumerate(node.children):
            if index:
                left = [Piece(" " * self.frame.indent, Style()), *self.rest]
                self.rows.append(row(self.frame, left))
            self.block(child)
        self.rest, self.quoted = rest, quoted

    def _code(self, node: SyntaxTreeNode) -> None:
        if self.first:
            self._row([], [])
        language = node.info.split()[0] if node.info.split() else ""
        indent = self.frame.indent + width_of(self.rest)
        frame = _at(self.frame, indent)
        code = node.content.removesuffix("\n")
        self.rows += code_rows(code, harmless(language), frame)

    def _table(self, node: SyntaxTreeNode) -> None:
        lines = [part for section in node.children for part in section.children]
        cells = [[self._inline(c.children[0]) for c in r.children] for r in lines]
        aligns = [str(c.attrs.get("style", ""))[11:] for c in lines[0].children]
        if self.first:
            self._row([], [])
        frame = _at(self.frame, self.frame.indent + width_of(self.rest))
        self.rows += table_rows(Table(cells, aligns), frame)

    # -- inline

    def _inline(self, node: SyntaxTreeNode, *, head: bool = False) -> list[Piece]:
        tokens = node.token.children if node.token else None
        return _Inline(self.frame, self._tone, head=head).pieces(tokens or ())


class _Inline:
    """Inline tokens as pieces."""

    def __init__(self, frame: Frame, tone: Tone, *, head: bool) -> None:
        self.frame = frame
        self.tone = tone
        self.head = head
        self.bold = self.italic = self.strike = 0
        self.link: str | None = None
        self.link_from = 0
        self.out: list[Piece] = []

    def pieces(self, tokens: Sequence[Token]) -> list[Piece]:
        for token in tokens:
            self._token(token)
        return self.out

    def _token(self, token: Token) -> None:
        match token.type:
            case "text" | "text_special":
                self._put(token.content)
            case "code_inline":
                self.out.append(
                    Piece(
                        harmless(token.content),
                        self.frame.palette.code("name", Back.NONE),
                    )
                )
            case "softbreak":
                self._put(" ")
            case "hardbreak":
                self._put("\n")
            case "strong_open" | "strong_close":
                self.bold += token.nesting
            case "em_open" | "em_close":
                self.italic += token.nesting
            case "s_open" | "s_close":
                self.strike += token.nesting
            case "link_open":
                self.link = str(token.attrs.get("href", ""))
                self.link_from = len(self.out)
            case "link_close":
                self._end_link()
            case "image":
                self._image(token)
            case _:
                self._put(token.content)

    def _put(self, text: str) -> None:
        bold = self.head or self.bold > 0
        style = self.frame.palette.style(
            Tone.BRIGHT if bold else self.tone,
            bold=bold,
            italic=self.italic > 0,
            underline=self.link is not None,
        )
        if self.strike > 0:
            style += _STRIKE
        self.out.append(Piece(_prose_text(text), style))

    def _end_link(self) -> None:
        url, self.link = self.link or "", None
        words = text_of(self.out[self.link_from :])
        if url and url not in (words, f"mailto:{words}", f"http://{words}"):
            self.out.append(self.frame.piece(f" ({reveal(url).text})", Tone.MUTED))

    def _image(self, token: Token) -> None:
        url = reveal(str(token.attrs.get("src", ""))).text
        self._put(f"image {token.content}".rstrip())
        self.out.append(self.frame.piece(f" ({url})", Tone.MUTED))


def _prose_text(text: str) -> str:
    return "\n".join(harmless(part) for part in text.split("\n"))


def _tight(node: SyntaxTreeNode) -> bool:
    return all(
        child.hidden
        for item in node.children
        for child in item.children
        if child.type == "paragraph"
    )


def _is_list(node: SyntaxTreeNode) -> bool:
    return node.type in ("bullet_list", "ordered_list")


def _at(frame: Frame, indent: int) -> Frame:
    return Frame(frame.palette, frame.width, frame.look, indent)
