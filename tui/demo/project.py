"""The small project that the demo's agents work on, as text.

Owns: the files of the demo's workspace and the patches which the scripted
model applies to them. Invariant: before `FIX` exactly one test fails, after it
all pass, and every program runs with the Python that runs the demo.
"""

from __future__ import annotations

import shlex
import sys

_README = """\
# parsecache

Keeps the trees of sources that were parsed before.

    ./check          run the tests
    ./bench          measure a cold and a warm parse
    ./soak           look the same sources up again and again
    ./watch          print a line for each file that changes
"""

_PARSER = '''\
"""Parse `name = value` lines into a tree."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Tree:
    pairs: tuple[tuple[str, str], ...]
    strict: bool


class ParseError(ValueError):
    """A line is not `name = value`, and the parser is strict."""


def parse(source: str, *, strict: bool = False) -> Tree:
    pairs = []
    for number, line in enumerate(source.splitlines(), 1):
        name, equals, value = line.partition("=")
        if equals:
            pairs.append((name.strip(), value.strip()))
        elif strict and line.strip():
            raise ParseError(f"line {number}: expected name = value")
    return Tree(tuple(pairs), strict)
'''

_CACHE = '''\
"""Keep parsed trees, so that a source is parsed once."""

from __future__ import annotations

from parsecache.parser import Tree, parse


class ParseCache:
    def __init__(self, limit: int = 128) -> None:
        self.limit = limit
        self.hits = 0
        self._trees: dict[str, Tree] = {}

    def get(self, source: str, *, strict: bool = False) -> Tree:
        key = source
        if key in self._trees:
            self.hits += 1
            return self._trees[key]
        tree = parse(source, strict=strict)
        if len(self._trees) >= self.limit:
            self._trees.pop(next(iter(self._trees)))
        self._trees[key] = tree
        return tree
'''

_TEST_CACHE = """\
from __future__ import annotations

import unittest

from parsecache.cache import ParseCache
from parsecache.parser import ParseError


class CacheTest(unittest.TestCase):
    def test_the_second_look_is_a_hit(self) -> None:
        cache = ParseCache()
        self.assertIs(cache.get("a = 1"), cache.get("a = 1"))
        self.assertEqual(cache.hits, 1)

    def test_the_oldest_tree_makes_room(self) -> None:
        cache = ParseCache(limit=1)
        cache.get("a = 1")
        cache.get("b = 2")
        cache.get("a = 1")
        self.assertEqual(cache.hits, 0)

    def test_strict_is_not_answered_by_a_lenient_tree(self) -> None:
        cache = ParseCache()
        cache.get("not a pair")
        with self.assertRaises(ParseError):
            cache.get("not a pair", strict=True)
"""

_TEST_PARSER = """\
from __future__ import annotations

import unittest

from parsecache.parser import ParseError, parse


class ParserTest(unittest.TestCase):
    def test_pairs(self) -> None:
        self.assertEqual(parse("a = 1\\nb=2").pairs, (("a", "1"), ("b", "2")))

    def test_strict_names_the_line(self) -> None:
        with self.assertRaisesRegex(ParseError, "line 2"):
            parse("a = 1\\nwhat", strict=True)
"""

_BENCH = '''\
"""Measure cold and warm parses for half a second; `--save FILE` keeps the result."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from parsecache.cache import ParseCache

SOURCE = "\\n".join(f"name{n} = {n}" for n in range(200))


def rate(parse_once, seconds: float = 0.3) -> float:
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        parse_once()
        done += 1
    return round((time.perf_counter() - start) / done * 1e6, 2)


warm = ParseCache()
result = {
    "cold_us": rate(lambda: ParseCache().get(SOURCE)),
    "warm_us": rate(lambda: warm.get(SOURCE)),
}
print(json.dumps(result))
if "--save" in sys.argv:
    target = Path(sys.argv[sys.argv.index("--save") + 1])
    try:
        target.write_text(json.dumps(result) + "\\n")
    except OSError as error:
        sys.exit(f"bench: cannot save: {error.strerror}: {target}")
    print(f"saved {target}")
'''

_WATCH = """\
#!/bin/sh
# Print a line for each source file that changes, until stopped.
mkdir -p build && touch build/.seen
echo "watching parsecache/ docs/ tests/"
round=0
while :; do
  sleep 1
  touch build/.now
  find parsecache docs tests -type f -name '*.[pm][yd]' -newer build/.seen \\
    ! -newer build/.now | sed 's/^/changed /'
  mv build/.now build/.seen
  round=$((round + 1))
  [ $((round % 5)) -eq 0 ] && echo "$(date +%H:%M:%S) waiting for changes"
done
"""

_SOAK = '''\
"""Ask the cache for the same sources again and again, until stopped."""

from __future__ import annotations

import itertools
import time

from parsecache.cache import ParseCache

SOURCES = [f"a = {n}\\nb = {n}" for n in range(400)]

for number in itertools.count(1):
    cache = ParseCache()
    wrong = sum(
        cache.get(source).pairs != cache.get(source).pairs for source in SOURCES
    )
    said = f"{wrong} wrong trees" if wrong else "no wrong tree"
    print(f"round {number}: {len(SOURCES)} sources, {said}", flush=True)
    time.sleep(1)
'''

_DOCS = """\
# The cache

`ParseCache.get` returns the tree of a source and parses it at most once.
"""

FIX = """\
*** Begin Patch
*** Update File: parsecache/cache.py
@@
         self.hits = 0
-        self._trees: dict[str, Tree] = {}
+        self._trees: dict[tuple[str, bool], Tree] = {}
@@
     def get(self, source: str, *, strict: bool = False) -> Tree:
-        key = source
+        # A lenient tree must not answer a strict question.
+        key = (source, strict)
         if key in self._trees:
*** End Patch
"""

DOCS_FIX = """\
*** Begin Patch
*** Update File: docs/cache.md
@@
 `ParseCache.get` returns the tree of a source and parses it at most once.
+Strict and lenient trees of one source are kept apart.
*** End Patch
"""


def _program(*arguments: str) -> str:
    """A shell script, as a `#!` line takes no blanks and no long paths."""
    words = shlex.join((sys.executable, "-B", *arguments))
    return f'#!/bin/sh\nexec {words} "$@"\n'


def project_files() -> dict[str, str]:
    """Workspace path to text; `#!` texts are programs."""
    return {
        ".gitignore": "__pycache__/\nbuild/\n",
        "README.md": _README,
        "bench": _program("bench.py"),
        "bench.py": _BENCH,
        "check": _program("-m", "unittest", "-v"),
        "docs/cache.md": _DOCS,
        "parsecache/__init__.py": "",
        "parsecache/cache.py": _CACHE,
        "parsecache/parser.py": _PARSER,
        "tests/__init__.py": "",
        "tests/test_cache.py": _TEST_CACHE,
        "tests/test_parser.py": _TEST_PARSER,
        "soak": _program("soak.py"),
        "soak.py": _SOAK,
        "watch": _WATCH,
    }
