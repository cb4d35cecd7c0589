"""What the model says of connections, and what the engine's managed proxy really does.

The oracle is a server that stands in for the world: a host counts as reached when the
proxy came there for it. No single disagreement is allowed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.controls import Controls
from state.engine.local_names import lead_of
from state.model import Sandbox, SandboxMode, Settings
from state.permissions import hosts
from state.permissions.assemble import policy_of
from state.permissions.box import Box
from state.permissions.disk import Looked, NoDisk
from state.permissions.explain import Approvals, Ground, Operation, Verdict, explain
from state.permissions.hosts import Outcome
from state.permissions.policy import Host
from state.permissions.probing import asked_for
from state.permissions.proxied import proxy_of
from state.permissions.trial import CONNECT, connect_answer
from state.select.sandbox_probe import agree
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client
from tests.engine.review_bench import managed
from tests.engine.session_bench import running
from tests.sandbox.proxies import HOSTS, World, lists, network, toml

FILES = '":root" = "read"\n":workspace_roots" = "write"\n'
SEED = 772
EACH = """
mark=$1; probe=$2; shift 2
for one; do /bin/bash -c "$probe" probe "$one" 2>&1; echo "$mark"; done
"""


@dataclass
class Scenario:
    """A configuration: profiles with their network tables, what the feature and an
    administrator add, and rules for hosts."""

    profiles: Mapping[str, Mapping[str, Any]]
    feature: Any = None
    managed: Mapping[str, Any] | None = None
    legacy: bool = False
    pairs: list[tuple[Outcome | None, bool]] = field(default_factory=list)
    reached: int = 0

    def config(self) -> str:
        text = ""
        for name, table in self.profiles.items():
            text += f"\n[permissions.{name}]\nnetwork = {toml(table)}\n"
            text += f"[permissions.{name}.filesystem]\n{FILES}"
        return text

    def requirements(self) -> str:
        return (
            ""
            if self.managed is None
            else (f"experimental_network = {toml(self.managed)}\n")
        )


def scenarios(chance: random.Random, *, reviews: bool) -> list[Scenario]:
    """The feature with lists of its own, an administrator's lists beside the user's,
    and an administrator's alone."""
    feature = {"enabled": True, "domains": lists(chance)}
    free: dict[str, Any] = {"enabled": True, "domains": lists(chance, managed=True)}
    if reviews:
        free["review_domains"] = ["8.8.8.8", "*.alpha.test"]
    off = {"p0": {**network(chance), "enabled": False}, "p1": network(chance)}
    pinned = {
        **free,
        "managed_allowed_domains_only": True,
        "allow_local_binding": False,
    }
    return [
        Scenario({f"p{n}": network(chance) for n in range(3)}, feature),
        Scenario(off, None, free, legacy=True),
        Scenario({"p0": network(chance)}, feature, pinned),
    ]


def predicted(
    settings: Settings, controls: Controls, host: Host, target: str, lead: Any
) -> Verdict:
    policy = policy_of(settings, controls, host)
    assert policy is not None
    proxy = proxy_of(settings, controls, policy, host)
    approvals = Approvals(settings.approval_policy)
    ground = Ground(policy, Box(Looked(NoDisk())), host, approvals, proxy, lead)
    return explain(Operation.CONNECT, target, ground)


def really(client: Client, cwd: Path, **under: Any) -> list[str]:
    """The answer for each host."""
    mark = "=next="
    answer = client.call(
        "command/exec",
        {
            "command": ["/bin/bash", "-c", EACH, "each", mark, CONNECT]
            + [asked_for(one) for one in HOSTS],
            "cwd": str(cwd),
            "timeoutMs": 60_000,
            **under,
        },
    )
    found = str(answer["stdout"]).split(f"{mark}\n")[:-1]
    assert len(found) == len(HOSTS), answer
    return found


async def compare(scenario: Scenario, bench: Bench, world: World) -> None:
    feature = scenario.feature
    path = bench.home.codex_home / "config.toml"
    text = path.read_text(encoding="utf-8")
    if feature is not None:
        line = f"[features]\nnetwork_proxy = {toml(feature)}\n"
        text = text.replace("[features]\n", line, 1)
    path.write_text(text + scenario.config(), encoding="utf-8")
    plain = bench.home.environment
    bench.home.environment = lambda base=None: plain(base) | world.environment()  # type: ignore[method-assign]
    leads = {one: await lead_of(hosts.target_of(one).host) for one in HOSTS}
    client = await asyncio.to_thread(bench.stdio)
    async with running(bench) as watch:
        controls = await watch.session.controls(str(bench.workspace))
        host = await watch.session.surroundings()
    assert controls is not None
    assert host is not None
    assert not controls.problem
    under: list[tuple[Settings, dict[str, Any]]] = [
        (Settings(profile=name, cwd=str(bench.workspace)), {"permissionProfile": name})
        for name in scenario.profiles
    ]
    if scenario.legacy:
        closed = Sandbox(SandboxMode.READ_ONLY)
        policy = {"sandboxPolicy": {"type": "readOnly", "networkAccess": False}}
        under.append((Settings(sandbox=closed, cwd=str(bench.workspace)), policy))
    for settings, given in under:
        world.reached.clear()
        found = await asyncio.to_thread(really, client, bench.workspace, **given)
        for target, answer in zip(HOSTS, found, strict=True):
            out, _, error = answer.partition("\0")
            real = connect_answer(out, error or out)
            verdict = predicted(settings, controls, host, target, leads[target])
            name = str(settings.profile or "legacy")
            assert real.tried is not None, (name, target, answer)
            assert verdict.proxied is real.tried.proxied, (name, target, answer)
            assert agree(verdict, real), (name, target, verdict, answer)
            if not real.tried.allowed:
                assert asked_for(target) not in world.reached, (name, target)
            scenario.pairs.append((verdict.gate, real.tried.allowed))
        scenario.reached += len(world.reached)


@each_engine
def test_the_model_and_the_proxy_agree(engine: EngineUnderTest, tmp_path: Path) -> None:
    need_sandbox(engine)
    reviews = engine.version != "0.163.0"
    counts: Counter[str] = Counter()
    for number, one in enumerate(scenarios(random.Random(SEED), reviews=reviews)):
        under = engine
        if one.managed is not None:
            under = managed(engine, tmp_path / str(number), one.requirements())
        with World() as world, Bench(under, lambda _request: ()) as bench:
            asyncio.run(compare(one, bench, world))
        counts.update(str(gate) for gate, _ in one.pairs)
        counts["pairs"] += len(one.pairs)
        counts["reached"] += one.reached
    wanted = (Outcome.ALLOWED, Outcome.DENIED, Outcome.LOCAL, Outcome.MISSED)
    assert min(counts[one.value] for one in wanted) >= 10, counts
    assert counts["reached"], counts
    print(f"\nhosts {engine.version}: {dict(counts)}")
