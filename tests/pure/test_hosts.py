"""Hosts: patterns, the managed proxy's lists and how they come together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.controls import Controls, Feature, Layer, LayerKind, Limits, Rule, Value
from state.dataclass import replace
from state.items import ItemId, ThreadId, TurnId
from state.model import Sandbox, SandboxMode, Settings, Thread, ThreadStatus
from state.permissions import hosts
from state.permissions.assemble import policy_of
from state.permissions.box import Box
from state.permissions.disk import Looked, NoDisk
from state.permissions.explain import (
    Answer,
    Approvals,
    Ground,
    Operation,
    Verdict,
    explain,
)
from state.permissions.hosts import Domain, Lead, Outcome, Proxy, Word
from state.permissions.policy import Host
from state.permissions.policy import Layer as By
from state.permissions.probing import asked_for, unprobed
from state.permissions.proxied import proxy_of
from state.permissions.trial import Attempted, connect_answer
from state.reviews import Decision, Review, ReviewKey, ReviewKind, ReviewState
from state.select.sandbox_probe import agree

HOST = Host("/home/ada", "/var/tmp/ada", "/opt/codex", uid=1000)
USER = Layer(LayerKind.USER, "/home/ada/.codex/config.toml")
FILES = {":root": "read", ":workspace_roots": "write"}


# -- hosts and patterns -----------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("Example.ORG.", "example.org", ""),
        ("example.org:8080", "example.org", "8080"),
        ("https://u@example.org/a?b#c", "example.org", "443"),
        ("http://example.org:81", "example.org", "81"),
        ("[::1]:80", "::1", "80"),
        ("::1", "::1", ""),
        ("", "", ""),
    ],
)
def test_what_is_typed(typed: str, host: str, port: str) -> None:
    found = hosts.target_of(typed)
    assert (found.host, found.port) == (host, port)


@given(st.text(max_size=40))
def test_anything_can_be_typed(text: str) -> None:
    found = hosts.target_of(text)
    hosts.decide(Proxy(By.CONFIG), found, None)
    hosts.matches(text, found.host)
    assert found.host == hosts.normal(found.host)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("Example.org.", ["example.org"], ["a.example.org", "xexample.org"]),
        ("*.example.org", ["a.example.org", "a.b.example.org"], ["example.org"]),
        ("**.example.org", ["example.org", "a.example.org"], ["xexample.org"]),
        ("*", ["example.org", "::1"], []),
        ("region*.x.org", ["region1.x.org", "region.x.org"], ["a.region1.x.org"]),
        ("?.x.org", ["a.x.org"], ["ab.x.org", "x.org"]),
        ("10.*", ["10.1.2.3"], ["110.1.2.3"]),
        ("[::1]", ["::1"], ["::2"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    assert all(hosts.matches(pattern, one) for one in yes)
    assert not any(hosts.matches(pattern, one) for one in no)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.9.0.1", True),
        ("::1", True),
        ("10.0.0.1", True),
        ("172.31.0.1", True),
        ("100.64.0.1", True),
        ("203.0.113.9", True),
        ("fe80::1%lo", True),
        ("::ffff:10.0.0.1", True),
        ("::10.0.0.1", True),
        ("8.8.8.8", False),
        ("172.32.0.1", False),
        ("2600::1", False),
        ("app.localhost", False),  # a name: where it leads decides
        ("example.org", False),
    ],
)
def test_addresses_of_no_public_host(host: str, local: bool) -> None:
    assert hosts.is_literal(host) is local


# -- what decides -----------------------------------------------------------------


def entry(pattern: str, word: Word = Word.ALLOW, by: By = By.CONFIG) -> Domain:
    return Domain(pattern, word, by)


LISTED = (
    entry("*.a.org"),
    entry("bad.a.org", Word.DENY),
    entry("ask.a.org", Word.ASK, By.MANAGED),
    entry("10.0.0.1"),
    entry("10.*"),
    entry("8.8.8.8"),
    Domain("ask.a.org", Word.ALLOW, By.GRANT, port="80"),
)


@pytest.mark.parametrize(
    ("typed", "lead", "outcome"),
    [
        ("x.a.org", Lead.PUBLIC, Outcome.ALLOWED),
        ("x.a.org", Lead.PRIVATE, Outcome.PRIVATE),
        ("x.a.org", Lead.NOWHERE, Outcome.NOWHERE),
        ("x.a.org", None, Outcome.UNSEEN),
        ("bad.a.org", Lead.PUBLIC, Outcome.DENIED),
        ("ask.a.org:443", Lead.PUBLIC, Outcome.ASKED),
        ("http://ask.a.org", Lead.PUBLIC, Outcome.ALLOWED),
        ("10.0.0.1", None, Outcome.ALLOWED),  # listed one by one
        ("10.0.0.2", None, Outcome.LOCAL),  # a pattern is not enough
        ("localhost", None, Outcome.LOCAL),
        ("8.8.8.8", None, Outcome.ALLOWED),
        ("b.org", Lead.PUBLIC, Outcome.MISSED),
    ],
)
def test_what_a_proxy_decides(typed: str, lead: Lead | None, outcome: Outcome) -> None:
    proxy = Proxy(By.CONFIG, LISTED)
    assert hosts.decide(proxy, hosts.target_of(typed), lead)[0] is outcome


def test_a_proxy_that_reaches_private_networks() -> None:
    proxy = Proxy(By.CONFIG, LISTED, local=True)
    for typed in ("10.0.0.2", "x.a.org"):
        target = hosts.target_of(typed)
        assert hosts.decide(proxy, target, None)[0] is Outcome.ALLOWED
        assert not hosts.needs_lead(proxy, target)


# -- how the lists come together --------------------------------------------------


def made(
    *,
    feature: Any = None,
    network: dict[str, Any] | None = None,
    managed: dict[str, Any] | None = None,
    rules: tuple[str, ...] = (),
    default: str | None = None,
) -> Controls:
    """What an engine would say: the profile dev, the feature, an administrator."""
    profile: dict[str, Any] = {"filesystem": FILES}
    if network is not None:
        profile["network"] = network
    layer = replace(USER, values={"permissions": {"dev": profile}})
    values = {"default_permissions": Value(default, layer)}
    if feature is not None:
        values["features.network_proxy"] = Value(feature, layer)
    on = feature is True or (
        isinstance(feature, dict) and feature.get("enabled") is True
    )
    return Controls(
        "/w",
        "/w",
        True,
        values=values,
        layers=(layer,),
        limits=Limits(network=managed),
        features=(Feature("network_proxy", "beta", on, False),),
        rules=tuple(
            Rule("/r/default.rules", n + 1, one) for n, one in enumerate(rules)
        ),
    )


DEV = Settings(profile="dev", cwd="/w", approval_policy="on-request")
OFF = Settings(
    sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/w", approval_policy="on-request"
)
ON = replace(OFF, sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE, network=True))


def ask(
    target: str,
    controls: Controls,
    settings: Settings = DEV,
    *,
    host: Host = HOST,
    thread: Thread | None = None,
    lead: Lead | None = Lead.PUBLIC,
    **who: Any,
) -> Verdict:
    policy = policy_of(settings, controls, host)
    assert policy is not None
    proxy = proxy_of(settings, controls, policy, host, within=(thread, "e1"))
    approvals = Approvals(**({"policy": settings.approval_policy} | who))
    ground = Ground(policy, Box(Looked(NoDisk())), host, approvals, proxy, lead)
    return explain(Operation.CONNECT, target, ground)


NET = {"enabled": True, "domains": {"a.org": "allow", "b.org": "deny"}}
ADMIN = {"enabled": True, "domains": {"m.org": "allow", "n.org": "deny"}}


def answers(
    controls: Controls, settings: Settings = DEV, **more: Any
) -> dict[str, str]:
    names = ("a.org", "b.org", "c.org", "m.org", "n.org")
    return {n[0]: ask(n, controls, settings, **more).answer.value for n in names}


def test_without_the_feature_lists_limit_nothing() -> None:
    said = answers(made(network=NET))
    assert set(said.values()) == {"allowed"}


def test_the_feature_lets_through_what_is_listed_and_asks_nobody() -> None:
    said = answers(made(network=NET, feature=True))
    assert said == {
        "a": "allowed",
        "b": "denied",
        "c": "denied",
        "m": "denied",
        "n": "denied",
    }
    off = answers(made(network={**NET, "enabled": False}, feature=True))
    assert set(off.values()) == {"denied"}


def test_an_administrators_proxy_asks_about_the_rest() -> None:
    controls = made(network=NET, managed=ADMIN)
    wanted = {
        "a": "allowed",
        "b": "denied",
        "c": "asks you",
        "m": "allowed",
        "n": "denied",
    }
    assert answers(controls) == wanted
    assert answers(controls, reviewer="auto_review")["c"] == "asks auto-review"
    assert answers(controls, policy="never")["c"] == "denied"
    assert answers(controls, policy="untrusted")["c"] == "asks you"
    shut = {"sandbox_approval": False}
    assert answers(controls, policy="granular", granular=shut)["c"] == "asks you"


def test_it_is_there_even_with_the_network_off() -> None:
    controls = made(managed=ADMIN)
    assert ask("m.org", controls, OFF).answer is Answer.ALLOWED
    assert ask("c.org", controls, OFF).answer is Answer.ASKS_YOU
    full = replace(OFF, sandbox=Sandbox(SandboxMode.FULL_ACCESS))
    assert ask("n.org", controls, full).answer is Answer.ALLOWED
    for enabled in (None, False):
        held = made(managed={**ADMIN, "enabled": enabled}, feature=True, network=NET)
        if enabled is False:
            assert ask("c.org", held).answer is Answer.ALLOWED
        assert ask("m.org", held, OFF).answer is not Answer.ALLOWED


def test_an_administrator_whose_list_alone_counts() -> None:
    controls = made(network=NET, managed={**ADMIN, "managedAllowedDomainsOnly": True})
    said = answers(controls)
    assert said == {
        "a": "denied",
        "b": "denied",
        "c": "denied",
        "m": "allowed",
        "n": "denied",
    }
    found = ask("a.org", controls)
    assert found.remedy is not None
    assert "administrator" in found.remedy.text


def test_what_is_said_last_about_the_same_hosts_counts() -> None:
    controls = made(
        network={"enabled": True, "domains": {"a.org": "deny", "b.org": "deny"}},
        feature={"enabled": True, "domains": {"A.org": "allow", "c.org": "allow"}},
        rules=(
            'network_rule(host="b.org", protocol="https", decision="allow")',
            'network_rule(host="c.org", protocol="http", decision="allow")',
            'network_rule(host="c.org", protocol="http", decision="deny")',
            'network_rule(host="m.org", protocol="http", decision="prompt")',
        ),
    )
    said = answers(controls)
    assert said == {
        "a": "allowed",
        "b": "allowed",
        "c": "denied",
        "m": "denied",
        "n": "denied",
    }
    found = ask("c.org", controls)
    assert found.layer is By.RULE
    assert found.remedy is not None
    assert "/r/default.rules:3" in found.remedy.text
    assert ask("a.org", controls).layer is By.CONFIG


def test_an_administrators_denial_beats_a_rule() -> None:
    rule = 'network_rule(host="n.org", protocol="http", decision="allow")'
    found = ask("n.org", made(managed=ADMIN, rules=(rule,)), ON)
    assert found.answer is Answer.DENIED
    assert found.layer is By.MANAGED


def test_an_older_engine_reads_rules_for_an_open_network_only() -> None:
    rule = 'network_rule(host="c.org", protocol="http", decision="allow")'
    controls = made(managed=ADMIN, rules=(rule,))
    old = replace(HOST, late_rules=True)
    assert ask("c.org", controls, OFF).answer is Answer.ALLOWED
    assert ask("c.org", controls, OFF, host=old).answer is Answer.ASKS_YOU
    assert ask("c.org", controls, ON, host=old).answer is Answer.ALLOWED


@pytest.mark.parametrize(
    ("settings", "host", "answer"),
    [
        (ON, "a.org", "allowed"),  # open or let through
        (ON, "c.org", "unknown"),  # open or refused
        (OFF, "a.org", "unknown"),  # closed, or still let through
        (OFF, "c.org", "denied"),
    ],
)
def test_a_legacy_sandbox_behind_the_feature(
    settings: Settings, host: str, answer: str
) -> None:
    """Switching it in a loaded thread neither starts nor ends the proxy."""
    controls = made(feature={"enabled": True, "domains": {"a.org": "allow"}})
    assert ask(host, controls, settings).answer.value == answer


def test_sockets_in_files() -> None:
    assert ask("/x.sock", made(network=NET, feature=True)).answer is Answer.DENIED
    every = {**NET, "dangerously_allow_all_unix_sockets": True}
    found = ask("/x.sock", made(network=every, feature=True))
    assert found.answer is Answer.UNKNOWN  # nothing of the disk is known here
    held = made(
        network=every, managed={**ADMIN, "dangerouslyAllowAllUnixSockets": False}
    )
    assert ask("/x.sock", held).answer is Answer.DENIED


def test_what_would_let_it_through() -> None:
    controls = made(network=NET, feature=True)
    missed = ask("c.org", controls)
    assert missed.remedy is not None
    assert (
        missed.remedy.setting == '[permissions.dev.network.domains] "c.org" = "allow"'
    )
    private = ask("a.org", controls, lead=Lead.PRIVATE)
    assert private.remedy is not None
    assert "allow_local_binding = true" in private.remedy.setting
    held = made(network=NET, managed={**ADMIN, "allowLocalBinding": False})
    found = ask("a.org", held, lead=Lead.PRIVATE)
    assert found.remedy is not None
    assert "administrator" in found.remedy.text


# -- grants for the session ---------------------------------------------------------


def granted_thread(decision: Any) -> Thread:
    key = ReviewKey("e1", 0)
    thread_id = ThreadId("t")
    review = Review(
        key=key,
        connection=1,
        method="item/commandExecution/requestApproval",
        kind=ReviewKind.COMMAND,
        thread_id=thread_id,
        turn_id=TurnId("u"),
        item_id=ItemId("network#local#http#c.org#80#1f"),
        approval_id=None,
        params="{}",
        params_hash="",
        asked_ms=1,
        host="c.org",
        state=ReviewState.SENT,
        decision=Decision("a", "x", json.dumps({"decision": decision})),
        decided_ms=5,
    )
    return Thread(thread_id, status=ThreadStatus.IDLE, reviews={key: review})


def rule(action: str) -> Any:
    amendment = {"host": "c.org", "action": action}
    return {"applyNetworkPolicyAmendment": {"network_policy_amendment": amendment}}


@pytest.mark.parametrize(
    ("decision", "target", "answer"),
    [
        ("acceptForSession", "http://c.org", "allowed"),
        ("acceptForSession", "c.org:81", "asks you"),
        ("accept", "http://c.org", "asks you"),
        ("decline", "http://c.org", "asks you"),
        (rule("allow"), "c.org:81", "allowed"),
        (rule("deny"), "c.org:81", "denied"),  # also where the file counts later
    ],
)
def test_grants_count_for_host_and_port(
    decision: Any, target: str, answer: str
) -> None:
    thread = granted_thread(decision)
    controls = made(managed=ADMIN)
    assert ask(target, controls, OFF, thread=thread).answer.value == answer
    gone = replace(thread, status=ThreadStatus.NOT_LOADED)
    assert ask(target, controls, OFF, thread=gone).answer is Answer.ASKS_YOU
    later = replace(thread, unloaded_ms=9)
    assert ask(target, controls, OFF, thread=later).answer is Answer.ASKS_YOU


# -- the probe ----------------------------------------------------------------------

REFUSED = "proxy: HTTP/1.1 403 Forbidden\r\nDomain not in allowlist.\n"


@pytest.mark.parametrize(
    ("out", "err", "allowed", "proxied"),
    [
        ("proxy: HTTP/1.1 200 OK\r\n", "", True, True),
        ("proxy: HTTP/1.1 502 Bad Gateway\r\n", "", True, True),
        (REFUSED, "", False, True),
        ("", "probe: connect: Connection refused", True, False),
        ("", "probe: socket: Operation not permitted", False, False),
    ],
)
def test_answers_of_a_probe(out: str, err: str, allowed: bool, proxied: bool) -> None:
    found = connect_answer(out, err).tried
    assert found is not None
    assert (found.allowed, found.proxied) == (allowed, proxied)


def test_a_probe_without_an_answer_and_one_that_compares_nothing() -> None:
    assert connect_answer("proxy: no answer\n", "").error
    controls = made(network=NET, feature=True)
    refused = connect_answer(REFUSED, "")
    assert agree(ask("c.org", controls), refused) is True
    assert agree(ask("a.org", controls), refused) is False
    assert agree(ask("a.org", controls, lead=None), refused) is None
    direct = connect_answer("", "connect: Connection refused")
    assert agree(ask("a.org", controls), direct) is None  # it had no proxy
    assert agree(ask("a.org", controls), Attempted(error="x")) is None


def test_what_is_not_probed() -> None:
    controls = made(
        network=NET,
        feature=True,
        rules=('network_rule(host="r.org", protocol="http", decision="allow")',),
    )
    policy = policy_of(DEV, controls, HOST)
    assert policy is not None
    proxy = proxy_of(DEV, controls, policy, HOST)
    ground = Ground(
        policy, Box(Looked(NoDisk())), HOST, Approvals(), proxy, Lead.PUBLIC
    )

    def why(target: str, settings: Settings = DEV) -> str:
        verdict = explain(Operation.CONNECT, target, ground)
        return unprobed(target, verdict, ground, settings, controls)

    assert not why("a.org")
    assert "sockets" in why("/run/x")
    assert "no host" in why("a.org\r\nX: y")
    assert "no host" in why("a b")
    assert "rules and grants" in why("r.org")
    assert asked_for("a.org") == "a.org:443"
    assert asked_for("http://[::1]/x") == "[::1]:80"
    named = made(managed=ADMIN, default="dev")
    held = proxy_of(OFF, named, policy, HOST)
    legacy = replace(ground, proxy=held)
    assert "default profile" in unprobed("m.org", None, legacy, OFF, named)
    assert proxy is not None
    loaded = replace(ground, proxy=replace(proxy, sure=False))
    assert "loaded" in unprobed("a.org", None, loaded, DEV, controls)
