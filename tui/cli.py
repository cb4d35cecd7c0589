"""The command line: arguments in, one function called, an exit code out.

Owns argparse and nothing else: every command's code is imported when it runs, so
`--help` costs no Textual and no engine (`codex_tui_start` keeps the user's folder from
shadowing our packages before this is imported). Exit codes: 0 done · 1 a check or an
expectation failed · 2 wrong arguments · 3 no engine, or none that answers · 4 the store
cannot be used.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TypeAlias

VERSION = "0.1.0"
EPILOG = """\
exit codes: 0 done, 1 a check or expectation failed, 2 wrong arguments,
3 no engine or none that answers, 4 the store cannot be used
environment: CODEX_HOME, CODEX_TUI_HOME, CODEX_TUI_CODEX_BIN, CODEX_TUI_TOKEN,
NO_COLOR, ACCESSIBLE
"""


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed < 1e6:
        raise argparse.ArgumentTypeError("0 (without pauses) or more")
    return speed


def _add_binary(parser: argparse._ActionsContainer, default: object) -> None:
    parser.add_argument(
        "--codex-bin", metavar="PATH", help="the codex to run", default=default
    )


def _add_record(parser: argparse._ActionsContainer, default: object) -> None:
    parser.add_argument(
        "--record", metavar="FILE", help="write the wire to FILE", default=default
    )


def _add_theme(parser: argparse._ActionsContainer, default: object) -> None:
    parser.add_argument(
        "--theme",
        choices=("ink", "paper", "ansi"),
        help="the colours",
        default=default,
    )


def _add_connection(parser: argparse.ArgumentParser, none: object, no: object) -> None:
    """`none` and `no` are the defaults: a command's must not undo what stood before
    its name."""
    group = parser.add_argument_group("engine")
    _add_binary(group, none)
    group.add_argument(
        "--remote",
        metavar="URL",
        help="an engine at ws://, wss:// or unix://PATH",
        default=none,
    )
    group.add_argument(
        "--remote-token-file",
        metavar="FILE",
        help="its bearer token; CODEX_TUI_TOKEN holds one, too",
        default=none,
    )
    group.add_argument(
        "--insecure-loopback",
        action="store_true",
        help="a loopback engine without a token, which agents can reach themselves",
        default=no,
    )
    group.add_argument(
        "--private",
        action="store_true",
        help="an engine of this call only",
        default=no,
    )


_BARE = frozenset({"--private", "--plain", "--ascii", "--insecure-loopback"})
"""Arguments that can only mean the screen."""


def build_parser(*, commands: bool = True) -> argparse.ArgumentParser:
    """The whole command line; without `commands`, what a bare start needs of it."""
    parser = argparse.ArgumentParser(
        prog="codex-tui",
        description="Every Codex thread, agent, terminal and review on one screen.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"codex-tui {VERSION}")
    parser.add_argument("-C", "--cd", metavar="DIR", help="where new threads start")
    _add_theme(parser, None)
    for name, words in (
        ("--plain", "words only: no boxes, no spinner"),
        ("--ascii", "signs that every terminal has"),
    ):
        parser.add_argument(name, action="store_true", help=words)
    _add_connection(parser, None, False)
    _add_record(parser, None)
    if not commands:
        parser.set_defaults(command=None)
        return parser
    all_commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_played(all_commands)
    _add_looks(all_commands)
    return parser


def _add_played(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="a real agent tree, offline, no account")
    demo.add_argument("--headless", action="store_true", help="without a screen")
    demo.add_argument(
        "--answer",
        choices=("accept", "decline"),
        default="accept",
        help="how --headless answers the review",
    )
    demo.add_argument("--speed", type=_speed, help="1: as written, 0: no pauses")
    _add_binary(demo, argparse.SUPPRESS)
    _add_record(demo, argparse.SUPPRESS)
    _add_theme(demo, argparse.SUPPRESS)
    replay = commands.add_parser("replay", help="play a recording on the screen")
    replay.add_argument("file", metavar="FILE")
    replay.add_argument("--speed", type=_speed, default=1.0, help="1: as recorded")
    _add_theme(replay, argparse.SUPPRESS)


def _add_looks(commands: Commands) -> None:
    threads = commands.add_parser("threads", help="list threads")
    threads.add_argument("--json", action="store_true", help="one JSON array")
    threads.add_argument("--archived", action="store_true", help="archived ones too")
    _add_connection(threads, argparse.SUPPRESS, argparse.SUPPRESS)
    terminals = commands.add_parser("terminals", help="list background terminals")
    terminals.add_argument("--json", action="store_true", help="one JSON array")
    _add_connection(terminals, argparse.SUPPRESS, argparse.SUPPRESS)
    stop = commands.add_parser("stop", help="end background terminals, after a yes")
    stop.add_argument(
        "target", metavar="ID|PATH", help="a number of `terminals`, or an agent path"
    )
    stop.add_argument("--thread", metavar="THREAD", help="of this thread's tree only")
    stop.add_argument("--yes", action="store_true", help="do not ask")
    _add_connection(stop, argparse.SUPPRESS, argparse.SUPPRESS)
    _add_tree(commands)
    _add_acts(commands)
    status = commands.add_parser("status", help="who needs you, for a status line")
    status.add_argument("--short", action="store_true", help="signs and counts only")
    status.add_argument("--json", action="store_true", help="one JSON object")
    doctor = commands.add_parser("doctor", help="check engine, login, sandbox, store")
    doctor.add_argument("--json", action="store_true", help="one JSON array")
    _add_connection(doctor, argparse.SUPPRESS, argparse.SUPPRESS)
    _add_reviews(commands)
    engine = commands.add_parser("engine", help="the shared engine of this CODEX_HOME")
    engine.add_argument("act", choices=("status", "stop"))
    engine.add_argument("--json", action="store_true", help="one JSON object")
    engine.add_argument(
        "--interrupt", action="store_true", help="stop: interrupt what runs first"
    )


def _add_reviews(commands: Commands) -> None:
    listed = commands.add_parser("reviews", help="what waits for your decision")
    listed.add_argument("--json", action="store_true", help="one JSON array")
    listed.add_argument(
        "--all", action="store_true", help="other clients' matters and decided ones too"
    )
    _add_connection(listed, argparse.SUPPRESS, argparse.SUPPRESS)
    one = commands.add_parser("review", help="answer one, by its id in `reviews`")
    one.add_argument("id", metavar="ID")
    how = one.add_mutually_exclusive_group(required=True)
    how.add_argument("--accept", action="store_true", help="yes, this once")
    how.add_argument("--decline", action="store_true", help="no, go on without it")
    how.add_argument("--session", action="store_true", help="yes, for this session")
    how.add_argument("--always", action="store_true", help="yes, and write the rule")
    one.add_argument(
        "--yes-broad", action="store_true", help="grant more than this once"
    )
    _add_connection(one, argparse.SUPPRESS, argparse.SUPPRESS)


def _add_tree(commands: Commands) -> None:
    tree = commands.add_parser("tree", help="the agents of a thread, also over time")
    tree.add_argument(
        "thread",
        metavar="THREAD",
        nargs="?",
        help="id, start of an id, or name; without it the last thread with agents",
    )
    tree.add_argument("--json", action="store_true", help="one JSON array")
    tree.add_argument("--timeline", action="store_true", help="the tree over time")
    tree.add_argument("--text", action="store_true", help="as text (as it is)")
    tree.add_argument("--svg", action="store_true", help="as a picture")
    tree.add_argument("--out", metavar="FILE", help="write to FILE, for you alone")
    _add_connection(tree, argparse.SUPPRESS, argparse.SUPPRESS)


def _add_acts(commands: Commands) -> None:
    what = "a thread's id or name, THREAD:/root/agent, or /root/agent where unique"
    send = commands.add_parser("send", help="a message to a thread or an agent")
    send.add_argument("target", metavar="THREAD|PATH", help=what)
    send.add_argument("text", metavar="TEXT", nargs="+")
    send.add_argument(
        "--wake", action="store_true", help="also if waking it sets something off"
    )
    ways = send.add_mutually_exclusive_group()
    ways.add_argument(
        "--through-root",
        action="store_true",
        help="for an agent that takes no messages: its root is told",
    )
    ways.add_argument(
        "--fork", action="store_true", help="for such an agent: a fork is asked"
    )
    interrupt = commands.add_parser("interrupt", help="interrupt a thread or an agent")
    interrupt.add_argument("target", metavar="THREAD|PATH", help=what)
    interrupt.add_argument(
        "--branch", action="store_true", help="all agents below it, too"
    )
    for parser in (send, interrupt):
        parser.add_argument("--json", action="store_true", help="one JSON object")
        _add_connection(parser, argparse.SUPPRESS, argparse.SUPPRESS)
    opened = commands.add_parser("open", help="start on this thread")
    opened.add_argument("target", metavar="THREAD|PATH", help=what)
    _add_connection(opened, argparse.SUPPRESS, argparse.SUPPRESS)


def _token_problem(args: argparse.Namespace) -> str:
    """Why the token file cannot be used; "" when it can, or none was named."""
    name: str | None = getattr(args, "remote_token_file", None)
    if name is None:
        return ""
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        return f"--remote-token-file {name} cannot be read: {why}"
    return "" if text else f"--remote-token-file {name} is empty"


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a glyph gets its escape, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser(commands=not _BARE.issuperset(argv)).parse_args(argv)
    if problem := _token_problem(args):
        print(f"codex-tui: {problem}", file=sys.stderr)
        return 2
    refusal = unsupported(sys.platform)
    if not refusal and args.command != "doctor" and not sockets_work():
        print(NO_SOCKETS, file=sys.stderr)
        return 3
    if refusal:
        print(refusal, file=sys.stderr)
        return 1
    try:
        code = _dispatch(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader left (`| head`): that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


NO_SOCKETS = (
    "Sockets are refused here: codex-tui runs inside a sandbox without network and "
    "cannot reach an engine. Start it outside; codex-tui doctor says more."
)


def sockets_work() -> bool:
    """Whether this process may speak over a socket at all. A sandbox that refuses it
    leaves an event loop waiting for ever."""
    import socket

    one, other = socket.socketpair()
    with one, other:
        try:
            return one.send(b"?") == 1
        except OSError:
            return False


def unsupported(platform: str) -> str:
    """Why codex-tui does not run on this `sys.platform`; "" where it does."""
    if platform.startswith("linux") or platform == "darwin":
        return ""
    if platform in ("win32", "cygwin", "msys"):
        return "codex-tui runs on Windows inside WSL: install it there."
    return f"codex-tui runs on Linux and macOS, not on {platform}."


def _dispatch(args: argparse.Namespace) -> int:
    match args.command:
        case "threads":
            from tui.report import threads_command

            return threads_command(args)
        case "tree":
            from tui.tree import tree_command

            return tree_command(args)
        case "status":
            from tui.status import status_command

            return status_command(args)
        case "terminals":
            from tui.terminal_report import terminals_command

            return terminals_command(args)
        case "stop":
            from tui.terminal_report import stop_command

            return stop_command(args)
        case "send" | "interrupt":
            from tui.agent_report import act_command

            return act_command(args)
        case "doctor":
            from tui.doctor import doctor_command

            return doctor_command(args)
        case "reviews":
            from tui.review_report import reviews_command

            return reviews_command(args)
        case "review":
            from tui.review_report import review_command

            return review_command(args)
        case "engine":
            from tui.report import engine_command

            return engine_command(args)
        case "demo" if args.headless:
            from tui.demo.headless import headless_command

            return headless_command(args)
    return _on_screen(args)


def _on_screen(args: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _without_terminal(args)
    # A start builds thousands of objects and drops none: collecting is for later.
    gc.disable()
    match args.command:
        case "demo":
            from tui.demo.screen import demo_command

            return demo_command(args)
        case "replay":
            from tui.replay import replay_command

            return replay_command(args)
        case "open":
            from tui.open_thread import open_command

            return open_command(args)
    from tui.run import run_command

    return run_command(args)


def _without_terminal(args: argparse.Namespace) -> int:
    if args.command == "demo":
        print("The demo needs a terminal; without one: codex-tui demo --headless")
        return 2
    if args.command in ("replay", "open"):
        print(f"codex-tui {args.command} needs a terminal.", file=sys.stderr)
        return 2
    from tui.report import threads_command

    args.json = args.archived = False
    threads_command(args)
    print("\nThis is no terminal. Start codex-tui in one for the screen.")
    print("codex-tui demo --headless plays a fleet without engine login or screen.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
