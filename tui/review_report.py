"""`codex-tui reviews` and `review`: what waits, and an answer without a screen.

Owns the words and exit codes. Does not own the visit (`tui.review_visit`) nor which
answers there are (`state.answers`). Invariants: no control character of what is asked
reaches the output; what grants more than this once is refused without --yes-broad;
an answer that needs more than yes or no is not made up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from state.db.errors import StoreError
from state.engine.errors import EngineError, EngineLost
from state.forms import FormKind, form_of
from state.model import Decision, Review, ReviewKind, Thread, World
from state.review_id import is_review_id
from state.select.review_parts import (
    asked_text,
    facts_of,
    hidden_words,
    params_of,
    question_of,
)
from state.select.review_runs import runs_of
from state.select.words import (
    agent_label,
    one_line,
    patch_of,
    review_what,
    thread_title,
)
from state.text import clean, reveal
from state.tree import Forest
from state.words import age
from tui.bridge import now_ms
from tui.options import visit_options
from tui.place import Place
from tui.report import print_json
from tui.review_ledger import Past, lines, past, rows, stored
from tui.review_visit import Visit, answer, targets, visit
from tui.services import engine_label

NO_ENGINE = "No engine is running for this CODEX_HOME: nothing waits."
NO_REMOTE = "No engine answers at {}: whether something waits there is not known."
PRIVATE = "An engine of this call only has no reviews; leave out --private."
NO_ID = "“{}” is no id of a review; `codex-tui reviews` lists what waits, with its id."
WINDOW = "in the window"
LETTERS = {"accept": "y", "decline": "d", "session": "a", "always": "p"}


def reviews_command(args: argparse.Namespace) -> int:
    """`codex-tui reviews`: 0 told, 3 no engine, 4 the store is unusable (--all)."""
    place = Place.from_environment()
    target = targets(args, place)
    if target is None:
        print(PRIVATE, file=sys.stderr)
        return 2
    code = 0
    kept = Past()
    if args.all:
        try:
            kept = stored(place)
        except StoreError as error:
            print(clean(str(error)), file=sys.stderr)
            code = 4

    async def run() -> int:
        async with visit(target, visit_options(place)) as found:
            _print(found, past(kept, found.world) if args.all else kept, args)
        return code

    try:
        return asyncio.run(run())
    except EngineError as error:
        print(_no_engine(error, args, place), file=sys.stderr)
        if args.json:
            print_json(rows(kept))
        elif kept.entries:
            print("\n".join(("Decided before:", *lines(kept))))
        return 3


def _no_engine(error: EngineError, args: Any, place: Place) -> str:
    if not isinstance(error, EngineLost):
        return clean(str(error))
    if args.remote:
        return NO_REMOTE.format(one_line(engine_label(args, place)))
    return NO_ENGINE


def _print(found: Visit, kept: Past, args: Any) -> None:
    world = found.world
    waiting = found.waiting()
    others = found.others() if args.all else []
    if args.json:
        now = [_as_json(found, world, t, r) for t, r in (*waiting, *others)]
        print_json(now + rows(kept))
        return
    number = len(waiting)
    print("Nothing waits for you." if not number else f"{number} wait for you:")
    for thread, review in waiting:
        print()
        print(f"{found.name(review)}  {_head(world, thread, review)}")
        print("\n".join(f"    {line}" for line in _lines(thread, review)))
    for thread, review in others:
        what = review_what(review, thread)
        print(f"\nwaits for its own client: {review.kind} · {what}")
    if kept.entries:
        print("\nDecided before:")
        print("\n".join(lines(kept)))


def _head(world: World, thread: Thread, review: Review) -> str:
    forest = Forest()
    forest.update(world.threads, world.threads)
    root = world.threads[forest.root(thread.id)]
    waited = ""
    if _since(review) is not None:
        waited = f"  {age((now_ms() - review.asked_ms) / 1000)}"
    return f"{review.kind}  {agent_label(thread)} · {thread_title(root)}{waited}"


def _since(review: Review) -> int | None:
    """When it was asked: not every request tells, and a visit comes late."""
    told = "startedAtMs" in params_of(review.params)
    return review.asked_ms if told else None


def _lines(thread: Thread, review: Review) -> list[str]:
    """All that is asked, in words; nothing of it is cut."""
    lines = [question_of(review)]
    lead, text = asked_text(review)
    if text is not None:
        first, *more = text.text.split("\n")
        lines += [f"{lead} {first}".strip(), *more]
        lines += [f"! {warning}" for warning in text.warnings]
    lines += [f"! {warning}" for warning in hidden_words(review)]
    patch = patch_of(review, thread)
    for change in patch.changes if patch is not None else ():
        lines.append(f"{change.kind} {reveal(change.path).text}")
        diff = reveal(change.diff, multiline=True).text.splitlines()
        lines += [f"  {line}" for line in diff]
    if review.kind is ReviewKind.EDITS and patch is None:
        lines.append("The edits themselves are not known here.")
    if review.display and text is None and review.kind is not ReviewKind.ELICITATION:
        lines.append(reveal(review.display, multiline=True).text)
    lines += [f"{label}: {value}" for label, value in facts_of(review)]
    cwd = review.cwd or thread.cwd
    lines += [f"in: {reveal(cwd).text}"] if cwd else []
    lines += _runs(review, thread)
    lines.append("answers:")
    if _needs_more(review, "y"):
        lines.append(f"  {WINDOW:<21}  Yes, with what it asks filled in")
    lines += [f"  {_word(d):<21}  {d.label}" for d in review.decisions]
    return [part for line in lines for part in line.split("\n")]


def _runs(review: Review, thread: Thread) -> list[str]:
    """Under which sandbox."""
    if review.kind is ReviewKind.PERMISSIONS:  # There is nothing to choose from here.
        return ["Commands would get exactly this, besides the sandbox"]
    title, rows = runs_of(review, thread, params_of(review.params))
    lines = ["".join(bit.text for bit in title)] if title else []
    return lines + [f"{name}: {value}" for name, value, _ in rows]


def _word(decision: Decision) -> str:
    words = {letter: f"--{name}" for name, letter in LETTERS.items()}
    broad = " --yes-broad" if decision.broad else ""
    return words.get(decision.letter, WINDOW) + broad


def _as_json(
    found: Visit, world: World, thread: Thread, review: Review
) -> dict[str, Any]:
    forest = Forest()
    forest.update(world.threads, world.threads)
    return {
        "id": found.name(review) if review.ours else None,
        "kind": review.kind.value,
        "ours": review.ours,
        "state": review.state.value,
        "threadId": review.thread_id,
        "agentPath": thread.agent_path,
        "thread": thread_title(world.threads[forest.root(thread.id)]),
        "method": review.method,
        "turnId": review.turn_id,
        "itemId": review.item_id,
        "askedAtMs": _since(review),
        "params": params_of(review.params),
        "changes": _changes(review, thread),
        "command": review.command,
        "host": review.host,
        "cwd": review.cwd,
        "reason": review.reason,
        "needsMore": _needs_more(review, "y"),
        "answers": [
            {"letter": d.letter, "label": d.label, "broad": d.broad, "grants": d.detail}
            for d in review.decisions
        ],
    }


def _changes(review: Review, thread: Thread) -> list[dict[str, str]] | None:
    """The edits that are asked about, raw; None where there are none, or not known."""
    patch = patch_of(review, thread)
    if patch is None:
        return None
    return [{"kind": c.kind, "path": c.path, "diff": c.diff} for c in patch.changes]


# -- answering -----------------------------------------------------------------------


def review_command(args: argparse.Namespace) -> int:
    """`codex-tui review ID`: 0 answered, 1 not, 2 arguments, 3 no engine, 4 the
    answer could not be written down, so it was not sent."""
    place = Place.from_environment()
    target = targets(args, place)
    if target is None:
        print(PRIVATE, file=sys.stderr)
        return 2
    if not is_review_id(args.id):
        print(NO_ID.format(one_line(args.id)), file=sys.stderr)
        return 2
    letter = next(LETTERS[name] for name in LETTERS if getattr(args, name))

    async def run() -> int:
        async with visit(target, visit_options(place)) as found:
            return await _answer(found, args, letter, place)

    try:
        return asyncio.run(run())
    except StoreError as error:
        print(clean(f"Not sent, for it could not be saved: {error}"), file=sys.stderr)
        return 4
    except EngineError as error:
        print(_no_engine(error, args, place), file=sys.stderr)
        return 3


async def _answer(found: Visit, args: Any, letter: str, place: Place) -> int:
    pair = found.find(args.id)
    if pair is None:
        print(
            f"{clean(args.id)} does not wait: it was answered, its turn ended, or what "
            "it asks has changed. `codex-tui reviews` lists what does.",
            file=sys.stderr,
        )
        return 1
    thread, review = pair
    decision = next((d for d in review.decisions if d.letter == letter), None)
    refusal = _refusal(review, decision, letter, yes_broad=args.yes_broad)
    if refusal or decision is None:
        print(refusal, file=sys.stderr)
        return 1
    problem = await answer(found, review, decision, engine_label(args, place), place)
    if found.notice:
        print(clean(found.notice), file=sys.stderr)
    if problem:
        print(clean(problem), file=sys.stderr)
        return 1
    print(f"{decision.label}: {review_what(review, thread)}")
    if decision.broad:
        print(decision.detail)
    return 0


def _needs_more(review: Review, letter: str) -> bool:
    form = form_of(review.method, review.params)
    filled = form is not None and form.kind is not FormKind.GRANT and bool(form.fields)
    return filled and letter == "y"


def _refusal(
    review: Review, decision: Decision | None, letter: str, *, yes_broad: bool
) -> str:
    if _needs_more(review, letter):
        return (
            "This one needs more than yes or no: answer it in codex-tui, or --decline."
        )
    if decision is None:
        offered = ", ".join(_word(d) for d in review.decisions) or "none here"
        return f"That answer is not offered for it; offered: {offered}."
    if decision.broad and not yes_broad:
        return f"That grants more than this once. {decision.detail} Add --yes-broad."
    return ""
