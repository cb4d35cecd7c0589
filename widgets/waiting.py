"""What is drawn while something is read: nothing at first, then a sentence and a bar.

Owns when it is said and what the bar means: how much of the longest wait is over, for
nobody knows how much there is to read. Invariant: it changes once a second at most,
with the clocks, and nothing in it slides or blinks; once there, it stays until what is
waited for is.
"""

from __future__ import annotations

from state.views import Bit, Bits, Tone
from state.words import duration
from widgets.glyphs import Look, sign

PATIENCE_MS = 1000
"""Nothing is said before this."""
MOST_MS = 120_000
"""After this long an answer is given up (`state.engine.link.SECONDS`)."""
CELLS = 30


def waiting(words: str, waited_ms: int, look: Look) -> tuple[Bits, ...]:
    """The sentence, and the bar below it; () while it is too early for words.

    Plain: the sentence alone, for what changes is read out again."""
    if waited_ms < PATIENCE_MS:
        return ()
    if look.plain:
        return ((Bit(words, Tone.MUTED),),)
    seconds = waited_ms // 1000
    took = f"{seconds}s" if seconds < 60 else duration(seconds * 1000)
    sentence = Bit(f"{sign(words, look)}  {took}", Tone.MUTED)
    done = max(1, min(CELLS, CELLS * waited_ms // MOST_MS))
    bar = (
        Bit(sign("━" * done, look), Tone.ACCENT),
        Bit(sign("─" * (CELLS - done), look), Tone.FAINT),
    )
    return (sentence,), bar
