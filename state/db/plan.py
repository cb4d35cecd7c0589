"""What to write so that the store holds a thread as it is now.

Owns the comparison, by identity, of a thread as last written with a thread as it is,
and the statements that follow from it. Pure: makes rows, runs nothing. Invariant: a
part of a thread that is the same object costs nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from state.dataclass import replace
from state.db.codec import encode, encode_body, encode_turn, text
from state.db.rows import UPSERT, same_row, thread_row
from state.items import (
    NO_TEXT,
    AgentMessage,
    Command,
    Item,
    ItemId,
    ProposedPlan,
    TurnId,
    UserMessage,
)
from state.model import Review, ReviewKey, Terminal, Thread, Turn
from state.order import spliced
from state.terminals import Tail
from state.text import clean

Row = tuple[Any, ...]
Statement = tuple[str, list[Row]]

_KEY = "thread_id = ? AND turn_id = ? AND item_id = ?"
_ROW = f"(SELECT row FROM item WHERE {_KEY})"
FORGET_TURNS = "DELETE FROM turn WHERE thread_id = ?"
FORGET_HISTORY = "UPDATE thread SET history = 'none' WHERE id = ?"
TURN = (
    "INSERT INTO turn (thread_id, turn_id, place, status, body) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (thread_id, turn_id) DO UPDATE SET"
    " place = excluded.place, status = excluded.status, body = excluded.body"
)
TURN_PLACE = "UPDATE turn SET place = ? WHERE thread_id = ? AND turn_id = ?"
FORGET_ITEM = f"DELETE FROM item WHERE {_KEY}"
ITEM = (
    "INSERT INTO item (thread_id, turn_id, item_id, place, kind, status, started_ms,"
    " completed_ms, synthetic, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (thread_id, turn_id, item_id) DO UPDATE SET place = excluded.place,"
    " kind = excluded.kind, status = excluded.status, started_ms = excluded.started_ms,"
    " completed_ms = excluded.completed_ms, synthetic = excluded.synthetic,"
    " body = excluded.body"
)
ITEM_PLACE = f"UPDATE item SET place = ? WHERE {_KEY}"
FORGET_TEXT = f"DELETE FROM item_text WHERE rowid = {_ROW}"
ITEM_TEXT = f"INSERT INTO item_text (text, rowid) VALUES (?, {_ROW})"
FORGET_OUTPUT = f"DELETE FROM terminal_output WHERE item_row = {_ROW}"
OUTPUT = f"INSERT INTO terminal_output (chunk, item_row) VALUES (?, {_ROW})"
REVIEW = (
    "INSERT INTO review (thread_id, epoch, request_id, state, asked_ms, body)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (thread_id, epoch, request_id)"
    " DO UPDATE SET state = excluded.state, body = excluded.body"
)
REVIEW_IF_NONE = f"{REVIEW.partition(' DO UPDATE')[0]} DO NOTHING"
AUTO_REVIEW = (
    "INSERT OR REPLACE INTO auto_review (thread_id, id, body) VALUES (?, ?, ?)"
)
TERMINAL = (
    "INSERT INTO terminal (thread_id, item_id, body, gone_ms) VALUES (?, ?, ?, NULL)"
    " ON CONFLICT (thread_id, item_id) DO UPDATE SET body = excluded.body,"
    " gone_ms = NULL"
)
TERMINAL_GONE = (
    "UPDATE terminal SET gone_ms = ? WHERE thread_id = ? AND item_id = ?"
    " AND gone_ms IS NULL"
)
_TAIL = "thread_id = ? AND item_id = ?"
FORGET_TAIL = f"DELETE FROM terminal_tail WHERE {_TAIL}"
TAIL = "INSERT INTO terminal_tail (thread_id, item_id, at, chunk) VALUES (?, ?, ?, ?)"
TRIM_TAIL = f"DELETE FROM terminal_tail WHERE {_TAIL} AND at <= ?"
SEND = (
    "INSERT INTO send (client_id, thread_id, state, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (client_id) DO UPDATE SET"
    " thread_id = excluded.thread_id, state = excluded.state, body = excluded.body"
)
SEND_SEEN = "UPDATE send SET state = 'seen' WHERE client_id = ?"
SETTINGS = "INSERT INTO settings_change (thread_id, at_ms, body) VALUES (?, ?, ?)"
PLACE = (
    "INSERT INTO thread_place (thread_id, home_id, path, seen_ms) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (thread_id, home_id) DO UPDATE SET path = excluded.path,"
    " seen_ms = excluded.seen_ms"
)

# Parents before children; a text is forgotten before it is written again.
ORDER = (
    FORGET_HISTORY,
    UPSERT,
    PLACE,
    FORGET_TURNS,
    TURN,
    TURN_PLACE,
    FORGET_ITEM,
    ITEM,
    ITEM_PLACE,
    FORGET_TEXT,
    ITEM_TEXT,
    FORGET_OUTPUT,
    OUTPUT,
    REVIEW,
    AUTO_REVIEW,
    TERMINAL,
    TERMINAL_GONE,
    FORGET_TAIL,
    TAIL,
    TRIM_TAIL,
    SEND,
    SEND_SEEN,
    SETTINGS,
)


def request_id(key: ReviewKey) -> str:
    """A request id as text that keeps 1 and "1" apart."""
    return text(json.dumps(key.request_id))


def review_row(thread_id: str, review: Review) -> Row:
    """The values of `REVIEW`."""
    return (
        thread_id,
        text(review.key.epoch),
        request_id(review.key),
        str(review.state),
        review.asked_ms,
        encode(review),
    )


class Plan:
    """Rows to write, gathered over several threads, by statement."""

    def __init__(self, now_ms: int, home_id: int | None = None) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._now = now_ms
        self._home = home_id

    def statements(self) -> list[Statement]:
        """In an order that the foreign keys accept."""
        return [(sql, self._rows[sql]) for sql in ORDER if sql in self._rows]

    def add(self, sql: str, *row: Any) -> None:
        self._rows.setdefault(sql, []).append(row)

    def thread(self, old: Thread | None, new: Thread) -> None:
        """The row and everything but the turns."""
        if old is None or not same_row(old, new):
            self.add(UPSERT, *thread_row(new))
        if self._home is not None and (old is None or old.path != new.path):
            path = text(new.path) if new.path else None
            self.add(PLACE, new.id, self._home, path, self._now)
        if old is not None and old.settings != new.settings and new.settings:
            self.add(SETTINGS, new.id, self._now, encode(new.settings))
        self._reviews(old, new)
        was = old.auto_reviews if old else {}
        for auto_id, auto in new.auto_reviews.items():
            if was.get(auto_id) is not auto:
                self.add(AUTO_REVIEW, new.id, text(auto_id), encode(auto))
        self._terminals(old, new)
        self._sends(old, new)

    def _reviews(self, old: Thread | None, new: Thread) -> None:
        was = old.reviews if old else {}
        if was is new.reviews:
            return
        for key, review in new.reviews.items():
            if was.get(key) is not review:
                self.review(new.id, review)

    def review(self, thread_id: str, review: Review) -> None:
        self.add(REVIEW, *review_row(thread_id, review))

    def _terminals(self, old: Thread | None, new: Thread) -> None:
        if old is not None and _same_terminals(old, new):
            return
        was = {**old.terminals, **old.ended_terminals} if old else {}
        now = {**new.terminals, **new.ended_terminals}
        for item_id, terminal in now.items():
            known = was.get(item_id)
            if known is not terminal:
                key = (new.id, text(item_id))
                self.add(TERMINAL, *key, encode(without_text(terminal)))
                self._tail(key, known.output if known else None, terminal.output)
        for item_id in was:
            if item_id not in now:
                self.add(TERMINAL_GONE, self._now, new.id, text(item_id))
                self.add(FORGET_TAIL, new.id, text(item_id))

    def _tail(self, key: tuple[str, str], old: Tail | None, new: Tail) -> None:
        """Growing output is appended, and what we dropped of it goes."""
        if old is not None and old.text is new.text:
            return
        words = str(new.text)
        fresh = new.end - old.end if old is not None else len(words)
        follows = old is not None and 0 <= fresh <= len(words)
        if follows and old is not None:
            follows = str(old.text).endswith(words[: len(words) - fresh])
        if not follows:
            self.add(FORGET_TAIL, *key)
            fresh = len(words)
        if fresh:
            self.add(TAIL, *key, new.end, text(words[len(words) - fresh :]))
        if new.start:
            self.add(TRIM_TAIL, *key, new.start)

    def _sends(self, old: Thread | None, new: Thread) -> None:
        was = old.sends if old else {}
        if was is new.sends:
            return
        for client_id, send in new.sends.items():
            if was.get(client_id) is not send:
                self.add(SEND, text(client_id), new.id, str(send.state), encode(send))
        for client_id in was:
            if client_id not in new.sends:
                self.add(SEND_SEEN, text(client_id))

    def turns(
        self, was: Mapping[TurnId, Turn], new: Thread, stored: Mapping[str, int]
    ) -> dict[str, int]:
        """The turns that differ from `was`. `stored`: the place of each turn in the
        store; returns the same after this plan."""
        order = spliced(sorted(stored, key=stored.__getitem__), map(text, new.turns))
        places = dict(zip(order, range(len(order)), strict=True))
        appended = all(places[one] == place for one, place in stored.items())
        if not appended:
            for one, place in places.items():
                if one in stored and stored[one] != place:
                    self.add(TURN_PLACE, place, new.id, one)
        for turn_id, turn in new.turns.items():
            before = was.get(turn_id)
            if before is turn:
                continue
            key = text(turn_id)
            if before is None or not _same_turn(before, turn):
                body = encode_turn(turn)
                self.add(TURN, new.id, key, places[key], str(turn.status), body)
        return places

    def items(
        self, thread_id: str, old: Turn | None, new: Turn, stored: Sequence[str] | None
    ) -> None:
        """The items that changed. `stored`: the ids in the store, in order, when
        this turn was not written by this writer before (then nothing is dropped)."""
        was: Mapping[ItemId, Item] = old.items if old else {}
        if was is new.items:
            return
        names = [text(one) for one in new.items]
        order = spliced(stored, names) if stored else names
        places = {one: place for place, one in enumerate(order)}
        before = {text(one): place for place, one in enumerate(was)}
        if stored:
            before = {one: place for place, one in enumerate(stored)}
        for item_id in was:
            if item_id not in new.items:
                self.add(FORGET_ITEM, thread_id, text(new.id), text(item_id))
        for one, place in places.items():
            if before.get(one, place) != place:
                self.add(ITEM_PLACE, place, thread_id, text(new.id), one)
        for item_id, item in new.items.items():
            if was.get(item_id) is not item:
                key = (thread_id, text(new.id), text(item_id))
                self._item(key, places[key[2]], was.get(item_id), item)

    def _item(
        self, key: tuple[str, str, str], place: int, old: Item | None, item: Item
    ) -> None:
        body = item.body
        grows = isinstance(body, Command) and not item.ended
        if grows and isinstance(body, Command):
            self._output(key, old, body)
            body = _without_output(body)
        elif isinstance(body, Command) and (old is None or not old.ended):
            self.add(FORGET_OUTPUT, *key)
        kind, encoded = encode_body(body)
        facts = (item.started_ms, item.completed_ms, item.synthetic)
        self.add(ITEM, *key, place, kind, str(item.status), *facts, encoded)
        if isinstance(body, UserMessage) and body.client_id is not None:
            # Recorded and seen in one batch, or recorded by another window: the rows
            # of the send never differed here, and still it has arrived.
            self.add(SEND_SEEN, text(body.client_id))
        words = searchable(item) if item.ended else ""
        known = old is not None and old.ended and searchable(old) == words
        if words and not known:
            self.add(FORGET_TEXT, *key)
            self.add(ITEM_TEXT, words, *key)

    def _output(
        self, key: tuple[str, str, str], old: Item | None, body: Command
    ) -> None:
        """Growing output is appended: rewriting it once a second would cost its
        square."""
        output = str(body.output)
        before = ""
        if old is not None and not old.ended and isinstance(old.body, Command):
            before = str(old.body.output)
        if old is None or not output.startswith(before) or old.ended:
            self.add(FORGET_OUTPUT, *key)
            before = ""
        if len(output) > len(before):
            self.add(OUTPUT, text(output[len(before) :]), *key)


def _same_terminals(a: Thread, b: Thread) -> bool:
    return a.terminals is b.terminals and a.ended_terminals is b.ended_terminals


def without_text(terminal: Terminal) -> Terminal:
    """Its output is rows of its own."""
    return replace(terminal, output=replace(terminal.output, text=NO_TEXT))


def searchable(item: Item) -> str:
    """The words of an item that search finds; "" when there are none."""
    match item.body:
        case UserMessage(text=words):
            return clean(words)
        case AgentMessage(text=words) | ProposedPlan(text=words):
            return clean(str(words))
        case Command(command=words):
            return clean(words)
    return ""


def _same_turn(a: Turn, b: Turn) -> bool:
    return a.status is b.status and _facts(a) == _facts(b)


def _facts(turn: Turn) -> tuple[Any, ...]:
    return (
        turn.started_ms,
        turn.completed_ms,
        turn.duration_ms,
        turn.error,
        turn.settings,
        turn.root_turn_id,
        turn.diff,
        turn.switched,
    )


def _without_output(body: Command) -> Command:
    return Command(
        body.command,
        body.cwd,
        body.display,
        exit_code=body.exit_code,
        duration_ms=body.duration_ms,
        source=body.source,
        process_id=body.process_id,
    )
