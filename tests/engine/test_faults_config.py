"""A config.toml that the engine cannot use: where it is broken, and what works."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from state.events import ConfigWarned, EngineChanged
from state.model import World
from state.reduce import reduce
from state.select.banner import banner_view
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import running


@each_engine
def test_file_line_and_column_are_shown(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        config = bench.home.codex_home / "config.toml"
        whole = config.read_text()
        line = whole.count("\n") + 2
        config.write_text(f"{whole}\nbroken = = 3\n")
        async with running(bench) as watch:
            warned = await watch.until(
                ConfigWarned, lambda e: e.text.startswith("Invalid")
            )
        world = reduce(World(), warned)
        banner = banner_view(world)
        assert banner is not None
        # The line first: the end is what a narrow screen leaves out.
        assert banner.title_detail == f"line {line}, column 10 of {config}"
        assert "=" in banner.body and str(config) not in banner.body
        assert "Reading works" in banner.foot
        # The next engine has read the mended file: the banner goes with this one.
        following = EngineChanged(replace(world.engine, epoch="2@2"))
        assert banner_view(reduce(world, following)) is None

    with Bench(engine, lambda _request: ()) as bench:
        asyncio.run(work(bench))
