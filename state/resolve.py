"""Which thread or agent a person means: by id, by part of one, by name, by path.

Owns the reading of such words for the command line, slash commands and dialogs, and
the sentence with candidates where they mean nothing or too much. Does not own paths
themselves (`state.agent_path`). Invariant: what is returned is a thread that is
known, and never a guess between two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath

from state.agent_path import ROOT, AgentPath, AgentPathError
from state.items import ThreadId
from state.model import Thread
from state.text import clean, reveal

Threads = Mapping[ThreadId, Thread]

SHOWN = 8
"""Candidates that a sentence names at most."""
LEAST = 4
"""Characters of an id that are enough to mean it."""


class Unresolved(ValueError):
    """Words that mean no thread, or more than one; the message says what to do.

    `candidates`: the threads they could mean, as `thread_words` names them."""

    def __init__(self, sentence: str, candidates: Iterable[Thread] = ()) -> None:
        super().__init__(sentence)
        self.found = tuple(candidates)
        self.candidates = tuple(map(thread_words, self.found))

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentence, then one candidate a line."""
        more = len(self.candidates) - SHOWN
        rest = (f"  and {more} more",) if more > 0 else ()
        shown = tuple(f"  {words}" for words in self.candidates[:SHOWN])
        return (str(self), *shown, *rest)


class UnknownThread(Unresolved):
    """Nothing is called that."""


class AmbiguousThread(Unresolved):
    """More than one is called that."""


def path_of(thread: Thread) -> str:
    """The agent path as the engine spells it: `/root` for a thread of its own, ""
    for an agent that has none (an older kind of agent)."""
    return (thread.agent_path or "") if thread.is_agent else str(ROOT)


def thread_words(thread: Thread) -> str:
    """A candidate on one line: its id, what it is called, where it is."""
    name = thread.name or thread.preview
    title = " ".join(clean(name or "").split())[:60] or "no name"
    if thread.is_agent:
        title = reveal(path_of(thread) or thread.nickname or "an agent").text
    folder = reveal(PurePosixPath(thread.cwd).name).text
    return "  ".join(part for part in (thread.id, title, folder) if part)


def root_of(threads: Threads, thread_id: ThreadId) -> ThreadId:
    """The highest known thread above this one; a cycle ends the way."""
    seen = {thread_id}
    while (thread := threads.get(thread_id)) is not None:
        above = thread.parent_id
        if above is None or above in seen or above not in threads:
            break
        seen.add(above)
        thread_id = above
    return thread_id


def resolve_thread(text: str, threads: Threads) -> ThreadId:
    """The thread that an id, the begin or end of one, or a name means. Raises
    `Unresolved`. A whole id or a whole name wins over a part of another."""
    words = text.strip()
    if not words:
        raise UnknownThread("Name a thread: its id, the start of its id, or its name.")
    whole = threads.get(ThreadId(words))
    if whole is not None and not whole.deleted:
        return whole.id
    known = [thread for thread in threads.values() if not thread.deleted]
    for found in (
        [t for t in known if (t.name or "") == words],
        [t for t in known if (t.name or "").casefold() == words.casefold()],
        _by_id(words, known),
        _by_title(words, known),
    ):
        if len(found) == 1:
            return found[0].id
        if found:
            raise AmbiguousThread(
                f"{_quoted(words)} could be any of these; say more of the id or name.",
                found,
            )
    raise UnknownThread(
        f"There is no thread {_quoted(words)}; codex-tui threads lists them.",
        _near(words, known),
    )


def _by_id(words: str, known: list[Thread]) -> list[Thread]:
    low = words.lower()
    if len(low) < LEAST:
        return []
    begins = [t for t in known if t.id.startswith(low)]
    return begins or [t for t in known if t.id.endswith(low)]


def _by_title(words: str, known: list[Thread]) -> list[Thread]:
    """Roots whose name, or first message where they have none, holds the words."""
    low = words.casefold()
    return [
        t
        for t in known
        if not t.is_agent and low in " ".join((t.name or t.preview).split()).casefold()
    ]


def _near(words: str, known: list[Thread]) -> list[Thread]:
    titles = {(t.name or t.preview)[:80]: t for t in known if t.name or t.preview}
    near = get_close_matches(words, list(titles)[:500], n=SHOWN, cutoff=0.6)
    return [titles[one] for one in near]


def resolve_path(
    text: str,
    threads: Threads,
    *,
    root: ThreadId | None = None,
    caller: ThreadId | None = None,
) -> ThreadId:
    """The agent that a path means: absolute, or relative to the agent `caller`. In
    the tree of `root` (by default that of `caller`), or in whichever tree has it.
    Raises `Unresolved` and, for what is no path, `AgentPathError`."""
    start, base = ROOT, None
    if caller is not None and (from_here := threads.get(caller)) is not None:
        root = root if root is not None else root_of(threads, caller)
        base = path_of(from_here)
        if base:
            start = AgentPath.parse(base)
    path = str(AgentPath.resolve(text.strip(), start))
    tree = [
        t
        for t in threads.values()
        if not t.deleted and (root is None or root_of(threads, t.id) == root)
    ]
    found = [t for t in tree if path_of(t) == path]
    if len(found) == 1:
        return found[0].id
    if found:
        where = "this tree" if root is not None else "several threads"
        raise AmbiguousThread(
            f"{path} is in {where} more than once; name it as THREAD:{path}."
            if root is None
            else f"{path} is in {where} more than once; name it by its id.",
            found,
        )
    paths = {path_of(t): t for t in tree if t.is_agent and path_of(t)}
    near = get_close_matches(path, list(paths), n=SHOWN, cutoff=0.5)
    raise UnknownThread(
        f"There is no agent {path} here.",
        [paths[one] for one in near] or list(paths.values()),
    )


def resolve(
    text: str,
    threads: Threads,
    *,
    root: ThreadId | None = None,
    caller: ThreadId | None = None,
) -> ThreadId:
    """What THREAD|PATH means: `/root/a`, `THREAD:/root/a`, a thread's id or name, or,
    with a `caller`, a path relative to it. Raises `Unresolved`, `AgentPathError`."""
    words = text.strip()
    before, colon, path = words.partition(":/")
    if colon and before:
        inside = root_of(threads, resolve_thread(before, threads))
        return resolve_path(f"/{path}", threads, root=inside)
    if words.startswith(("/", "./", "../")) or words in (".", ".."):
        return resolve_path(words, threads, root=root, caller=caller)
    if caller is None or not words:
        return resolve_thread(words, threads)
    try:
        return resolve_path(words, threads, root=root, caller=caller)
    except (AgentPathError, UnknownThread):
        pass  # A thread may be called so.
    try:
        return resolve_thread(words, threads)
    except UnknownThread as none:
        raise UnknownThread(
            f"No agent of this tree and no thread is called {_quoted(words)}.",
            (*_near_agents(words, threads, caller), *none.found),
        ) from None


def _near_agents(words: str, threads: Threads, caller: ThreadId) -> list[Thread]:
    """The agents of the caller's tree whose name begins with the words, or is near."""
    root = root_of(threads, caller)
    names: dict[str, list[Thread]] = {}
    for thread in threads.values():
        if not thread.agent_path or thread.deleted:
            continue
        if root_of(threads, thread.id) == root:
            name = thread.agent_path.rpartition("/")[2]
            names.setdefault(name, []).append(thread)
    near = [name for name in names if name.startswith(words.lower())]
    near = near or get_close_matches(words, list(names), n=SHOWN, cutoff=0.6)
    return [thread for name in near for thread in names[name]]


def _quoted(words: str) -> str:
    shown = reveal(words.replace("\n", " ")).text
    return f"“{shown[:80]}”"
