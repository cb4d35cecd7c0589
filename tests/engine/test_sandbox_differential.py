"""What the model says of the sandbox, and what the engine's sandbox really does.

The oracle is the kernel: each pair of policy and path is tried for real, and a file
counts as reached only when it is that very file. No single disagreement is allowed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from state.engine.local_disk import LocalDisk, local_host
from state.model import Sandbox, SandboxMode
from state.permissions import paths
from state.permissions.policy import METADATA, Host
from state.permissions.reach import Reached, Way, touch
from tests.engine.harness import EngineUnderTest, each_engine, engines, need_sandbox
from tests.sandbox.compare import (
    Remembering,
    Tried,
    boxed,
    compared,
    dumps,
    mix,
    silent_rules,
)
from tests.sandbox.named import NAMED
from tests.sandbox.runner import QUIET, Runner
from tests.sandbox.scenes import Case, Scene, scene
from tests.sandbox.trees import Tree

RECORD = os.environ.get("SANDBOX_RECORD", "")
"""A folder to write the outcomes to, for the tests that need no engine."""
NOBODY = 65534
STRICT = (6200, 6204)
"""Sandboxes in which a user who is not root may not make what is to be protected, or
may not take it away again."""
SEEDS = range(254, 267)
"""A stretch of seeds with enough of everything in few runs of the sandbox."""


class Ground:
    """A folder that is neither below /tmp nor the user's, with an engine to run."""

    def __init__(self, engine: EngineUnderTest, base: Path, *, uid: int = 0) -> None:
        self.engine, self.base, self.uid = engine, base, uid
        self.home = base / "home"
        self.home.mkdir(parents=True)
        (self.home / "config.toml").write_text(QUIET)
        if uid:
            os.chown(self.home, uid, uid)
            os.chown(self.home / "config.toml", uid, uid)

    def runner(self, tree: Tree) -> Runner:
        return Runner(self.engine.path, self.home, f"{tree.base}/tmp", self.uid)

    def host(self, runner: Runner) -> Host:
        engine = str(self.engine.path)
        host = local_host(engine, self.engine.version, runner.environment())
        if not self.uid:
            return host
        return Host(
            host.home,
            host.tmpdir,
            host.engine,
            self.uid,
            frozenset({self.uid}),
            f"/tmp/codex-daemon-{self.uid}",
            host.anchored_globs,
        )

    def try_scene(self, one: Scene) -> Tried:
        """For real, each case on a clean tree."""
        one.tree.uid = one.tree.gid = self.uid
        one.tree.make()
        try:
            runner = self.runner(one.tree)
            host = self.host(runner)
            disk = Remembering(LocalDisk(), one.tree.base)
            tried = Tried(one.tree, host, one.cases, [], disk.outside, disk.links)
            for case in one.cases:
                box, _ = boxed(case, disk, host, frozenset())
                said = [touch(box, host, way, path).result for way, path in case.pairs]
                found = runner.run(case)
                real = [one.result for one in found]
                tried.real.append(real)
                assert said == real or _explain(tried, {one.text for one in found})
                # A sandbox that does not start leaves its empty stand-ins behind; so
                # does one with some in a folder that its own user may not write.
                left = one.tree.strangers()
                stuck = not left or any(map(self._shut, left))
                assert box.refusal is not None or stuck, left
                one.tree.tidy()
            return tried
        finally:
            one.tree.remove()

    def _shut(self, path: str) -> bool:
        """In a folder that nobody but root can take it out of again."""
        return bool(self.uid) and not os.stat(os.path.dirname(path)).st_mode & 0o200

    def try_all(self, scenes: list[Scene]) -> list[Tried]:
        before = _stand_ins()
        try:
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(self.try_scene, scenes))
        finally:
            _tidy_roots(before)

    def scenes(self, seeds: Iterable[int], *, cases: int, pairs: int) -> list[Scene]:
        folder = os.path.dirname(os.path.realpath(self.engine.path))
        return [
            scene(seed, f"{self.base}/s{seed}", folder, cases=cases, pairs=pairs)
            for seed in seeds
        ]


def _stand_ins() -> set[str]:
    places = [f"{root}/{name}" for root in ("", "/tmp") for name in METADATA]
    return {place for place in places if os.path.isdir(place)}


def _tidy_roots(before: set[str]) -> None:
    """The same where the tree does not reach: `/` and /tmp can be writable roots."""
    for place in _stand_ins() - before:
        with contextlib.suppress(OSError):
            os.rmdir(place)


def _explain(tried: Tried, texts: set[str]) -> bool:
    part = Tried(
        tried.tree,
        tried.host,
        tried.cases[: len(tried.real)],
        tried.real,
        tried.outside,
        tried.links,
    )
    wrong = [str(pair) for pair in compared([part]) if not pair.agrees]
    said = "\n".join(wrong[:5]) or "only the disk on disk differs"
    raise AssertionError(f"{said}\n{sorted(texts)[:5]}")


@pytest.fixture
def base() -> Iterator[Path]:
    folder = Path.home() / ".cache" / "codex-tui-tests" / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _named(ground: Ground) -> list[Tried]:
    found = []
    folder = os.path.dirname(os.path.realpath(ground.engine.path))
    for number, named in enumerate(NAMED):
        tree = Tree(f"{ground.base}/n{number}")
        tree.folder(f"{tree.base}/ws")
        tree.folder(f"{tree.base}/tmp")
        named.plant(tree)
        case = named.case(tree.base)
        if case.profiles is not None:
            files = case.profiles["tried"]["filesystem"]
            if "ENGINE" in files:
                files[folder] = files.pop("ENGINE")
        tried = ground.try_scene(Scene(number, tree, [case]))
        wanted = [result for _, _, result in named.expect]
        assert tried.real == [wanted], named.name
        found.append(tried)
    return found


def _sockets(ground: Ground) -> None:
    """The control socket's folder is hidden even where /tmp is writable."""
    place = f"/tmp/codex-daemon-{os.geteuid()}"
    os.makedirs(place, mode=0o700, exist_ok=True)  # as each engine does
    tree = Tree(f"{ground.base}/sockets")
    tree.folder(f"{tree.base}/ws")
    tree.folder(f"{tree.base}/tmp")
    sandbox = Sandbox(SandboxMode.WORKSPACE_WRITE)
    pairs = [(Way.READ, place), (Way.WRITE, f"{place}/x")]
    case = Case((f"{tree.base}/ws",), pairs, sandbox)
    tried = ground.try_scene(Scene(0, tree, [case]))
    assert tried.real == [[Reached.DENIED, Reached.DENIED]]


@each_engine
def test_the_model_and_the_kernel_agree(engine: EngineUnderTest, base: Path) -> None:
    """At least 500 random pairs on the first engine, fewer on the others; then every
    rule is left out once, and each must be missed."""
    need_sandbox(engine)
    ground = Ground(engine, base)
    named = _named(ground)
    _sockets(ground)
    first = engine is engines()[0]
    tried = ground.try_all(
        ground.scenes(SEEDS if first else SEEDS[:5], cases=2, pairs=21)
    )
    pairs = list(compared(tried))
    assert not [str(pair) for pair in pairs if not pair.agrees]
    words, few = mix(pairs)
    print(f"\nsandbox {engine.version}: {words}")
    if first:
        assert len(pairs) >= 500
        assert not few, words
        silent = silent_rules([*named, *tried])
        assert not silent, silent
    if RECORD:
        _record(engine, base, [*named, *tried])


def _record(engine: EngineUnderTest, base: Path, tried: list[Tried]) -> None:
    """Without the paths of this machine."""
    folder = os.path.dirname(os.path.realpath(engine.path))
    for one in tried:
        one.outside = {
            path: node
            for path, node in one.outside.items()
            if not any(paths.within(place, path) for place in (str(base), folder))
            or path == folder
        }
    text = dumps(tried).replace(str(base), "/home/dev/tried")
    text = text.replace(folder, "/opt/codex/bin")
    with open(f"{RECORD}/outcomes-{engine.version}.jsonl", "w") as file:
        file.write(text)


@each_engine
def test_they_agree_for_a_user_that_is_not_root(engine: EngineUnderTest) -> None:
    """Its files are its own; the sandbox starts without any power."""
    need_sandbox(engine)
    if os.geteuid() != 0:
        pytest.skip("the tests run as such a user already")
    base = Path("/var/tmp") / f"codex-tui-tests-{uuid.uuid4().hex[:12]}"
    try:
        ground = Ground(_lent(engine, base), base, uid=NOBODY)
        some = ground.scenes(range(100, 102), cases=2, pairs=14)
        strict = ground.scenes(STRICT, cases=2, pairs=21)
        tried = ground.try_all([*some, *strict])
        words, _ = mix(list(compared(tried)))
        print(f"\nsandbox {engine.version} as {NOBODY}: {words}")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _lent(engine: EngineUnderTest, base: Path) -> EngineUnderTest:
    """The engine where everybody may run it: root's own folders are shut."""
    package = engine.path.resolve().parents[1]
    copy = base / "engine"

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    base.mkdir(mode=0o755)
    wanted = shutil.ignore_patterns("voice", "__pycache__", "codex-code-mode-host")
    shutil.copytree(package, copy, copy_function=link, ignore=wanted)
    return EngineUnderTest(engine.version, copy / "bin" / engine.path.name)


@pytest.mark.soak
@each_engine
def test_they_agree_thousands_of_times(engine: EngineUnderTest, base: Path) -> None:
    """At least 5,000 pairs; and with the named cases no rule is without a witness."""
    need_sandbox(engine)
    ground = Ground(engine, base)
    named = _named(ground)
    seeds = range(1000, 1090)
    tried = ground.try_all(ground.scenes(seeds, cases=4, pairs=14))
    pairs = list(compared(tried))
    words, few = mix(pairs)
    print(f"\nsandbox {engine.version}: {words}")
    assert len(pairs) >= 5_000
    assert not few, words
    assert not [str(pair) for pair in pairs if not pair.agrees]
    assert not silent_rules([*named, *tried])
