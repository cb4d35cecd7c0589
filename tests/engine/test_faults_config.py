"""A config.toml that the engine cannot use: where it is broken, and what works."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from state.commands import StartThread
from state.engine.config_watch import warning_of
from state.events import AccountChanged, ConfigMended, ConfigWarned
from state.model import ClientId, World
from state.reduce import reduce
from state.select.banner import banner_view
from state.views import BannerView
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, running


def banner(watch: Watch) -> BannerView | None:
    world = World()
    for event in watch.events:
        world = reduce(world, event)
    return banner_view(world)


@each_engine
def test_a_broken_file_is_told_and_so_is_that_it_was_mended(
    engine: EngineUnderTest,
) -> None:
    """At the start, and under a running engine, which itself says nothing then."""

    async def said(watch: Watch, config: Path, line: int) -> None:
        """The line first: the end is what a narrow screen leaves out."""
        at = f"line {line}, column 10 of {config}"
        while (shown := banner(watch)) is None or shown.title_detail != at:
            await watch.news()
        assert shown.title == "The engine cannot use its config.toml"
        assert "=" in shown.body and str(config) not in shown.body
        assert "Reading works" in shown.foot

    async def mended(watch: Watch, since: int) -> None:
        await watch.until(ConfigMended, since=since)
        # Nor is a login wanted any more; what was asked before may be answered late.
        await watch.until(
            AccountChanged, lambda e: not e.account.requires_login, since=since
        )
        assert banner(watch) is None

    async def starts(watch: Watch, bench: Bench) -> bool:
        start = StartThread(ClientId("c"), str(bench.workspace), "", "read-only")
        return await watch.session.send(start) is not None

    async def work(bench: Bench) -> None:
        config = bench.home.codex_home / "config.toml"
        whole = config.read_text()
        line = whole.count("\n") + 2
        config.write_text(f"{whole}\nbroken = = 3\n")
        async with running(bench) as watch:
            await said(watch, config, line)
            assert not await starts(watch, bench)
            mark = len(watch.events)
            config.write_text(whole)
            await mended(watch, mark)
            assert await starts(watch, bench)
            config.write_text(f"{whole}\n\nbroken = = 3\n")
            await said(watch, config, line + 1)
            mark = len(watch.events)
            config.write_text(whole)
            await mended(watch, mark)
            # What is no fault of the file's shape has no place that could be named.
            config.write_text(f'default_permissions = "nope"\n{whole}')
            await watch.until(ConfigWarned, lambda e: "permissions" in e.text)
            shown = banner(watch)
            assert shown is not None and "permissions" in shown.body
            # Who comes now is told of the first fault: the engine forgets none.
            mark = len(watch.events)
            config.write_text(whole)
            await mended(watch, mark)
            async with running(bench) as second:
                await second.until(ConfigWarned, lambda e: "Invalid" in e.text)
                await mended(second, 0)

    with Bench(engine, lambda _request: ()) as bench:
        asyncio.run(asyncio.wait_for(work(bench), 120))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "failed to read configuration layers: /h/config.toml:40:13: it is odd",
            "Invalid configuration.\nit is odd\n/h/config.toml, line 40, column 13",
        ),
        (
            "failed to load configuration: /h/a:b/config.toml:4:1: one: two",
            "Invalid configuration.\none: two\n/h/a:b/config.toml, line 4, column 1",
        ),
        (
            "invalid configuration: invalid type: integer `3`\nin `permissions`\n",
            "Invalid configuration.\n"
            "invalid configuration: invalid type: integer `3` in `permissions`",
        ),
    ],
)
def test_a_refusal_is_read_as_the_engines_warning(message: str, words: str) -> None:
    assert warning_of(message) == words
