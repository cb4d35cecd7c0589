"""Rules files are read, and commands judged by them, as engines do it.

The tables of scripts were recorded from engines 0.163 and 0.169, with and without code
mode: a write to a place outside of every root tells where a command ran. Rules files
are held against `codex execpolicy check` in tests/engine/test_rules_engine.py.
"""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rules import NOTHING, Book, Decision, Judged, PrefixRule, judge
from state.rules_file import read
from state.shell_split import split

RULES = """
prefix_rule(pattern=["touch"], decision="allow")
prefix_rule(pattern=["mkdir", ["-p", "-v"]])
prefix_rule(pattern=["echo"])
prefix_rule(pattern=["cp"], decision="forbidden")
prefix_rule(pattern=["git", "status"], decision="allow")
"""
BOOK = read([("default.rules", RULES)])

OUTSIDE = (
    "touch o",
    "echo hi && touch o",
    'touch "o"',
    "/usr/bin/touch o",
    "touch 'o x'",
    "mkdir -p o",
    "touch o\ntouch o",
    'touch o"y"',
    "touch o a=b",
    "touch o ''",
    "touch o;",
    "touch\to",
    "touch o -- -x/../../x",
    "touch o @x",
    "touch o %",
    "touch o a,b",
    "touch o \\\n o",
    "touch o é",
    "touch o !x",
    "touch o 'a''b'",
    "touch o a'b'",
    "touch o \"a b\" 'c d'",
    "touch o +x",
    "touch o a!b",
    'touch o "a\nb"',
    'touch o -- "it\'s"',
    "touch o\n\n\ntouch o\n",
    "  touch o  ",
    "touch o || touch ob",
    "touch o | touch ob",
    "/bin/touch o",
    'touch o ""',
    "touch o 12",
    "touch o a\\\nb",
    "touch o oé",
    "mkdir -p o && touch o/x",
    "mkdir '-p' o",
    "touch o \xa0x",
    "touch o;touch o",
    "touch o&&touch o",
    "touch o|touch o",
    "touch o \r\n",
    "touch o a:b=c",
    "touch o %1",
    "touch o a,b.c-d_e+f@g:h/i%j",
    'touch o "a;b|c&d>e<f(g)h{i}*?~#"',
    "touch o 'a$b`c\\d\"'",
    'touch o "!"',
    "touch o x y z;",
    "touch o do",
    "touch o then",
    "touch o in",
    "touch o;\ntouch o",
    "touch o &&\ntouch o",
    "touch o |\ntouch o",
    "touch o \\\n&& touch o",
    "touch o x='a b'",
    'touch o x="a b"',
    'touch o "a"b',
    "touch o 'a'b",
    "touch o a=",
    "touch o 1a",
    "touch o +",
    "touch o :",
    "touch o ; touch o ;\n\n touch o;",
    "touch o \\\n  a \\\n  b",
    "touch o \"a\"'b'c",
    "touch o .",
    "touch o !",
    "touch o @",
    "touch o ,",
    "touch o a/b=c.d",
    "echo hi | touch o || touch o; echo x && touch o",
    "touch o a|| touch o",
    "touch o \"\" ''",
    'touch o "é"',
    "touch o -",
    "touch o a\tb",
    "touch o a=b=c",
    "touch o 1=2",
    "touch o 1",
    "touch o 1 2 && echo 3",
    "touch o \x7f",
    "touch o \x01",
    "touch o if",
    "touch o %s",
    "touch o coproc",
    "touch o esac; touch o fi",
)
INSIDE = (
    "cd . && touch o",
    "echo hi | tee o",
    "touch o; echo hi > /dev/null",
    "FOO=1 touch o",
    "(touch o)",
    "touch o | cat",
    "chmod 700 . && touch o",
    "sh -c 'touch o'",
    "touch o # comment",
    "touch o $HOME",
    "touch o{a,b}",
    "mkdir o",
    "for i in 1; do touch o; done",
    "env touch o",
    "touch o &",
    "! touch o",
    "touch o 2>&1",
    "touch o 2>/dev/null",
    "touch o || true",
    "cat <<EOF && touch o\nx\nEOF",
    "touch <<EOF o\nx\nEOF",
    "touch o\\ x",
    "touch o*",
    "touch ~/../o",
    "ls; touch o",
    "touch o; ls",
    '"touch" o',
    'to"uch" o',
    "touch $'o'",
    "echo a > o",
    "if true; then touch o; fi",
    "{ touch o; }",
    "touch o && cp /etc/hostname oc",
    "git status >/dev/null; touch o",
    "touch o [a]",
    "touch o ?",
    'touch o "$HOME"',
    "time touch o",
    'touch o "a`echo`"',
    "# c\ntouch o",
    "touch o < /dev/null",
    "echo `touch o`",
    "touch o ^x",
    "echo hi && ls && touch o",
    "touch o <<'EOF'\nx\nEOF",
    "touch o <<EOF\nx\nEOF",
    "touch o <<< x",
    "'touch' o",
    "touch o ; ; touch ob",
    "touch o && ",
    "touch o |& touch ob",
    "touch o && (touch ob)",
    "touch o $'a'",
    "touch o {a}",
    "touch o a{b",
    "touch o x#y",
    "touch o a~b",
    "touch o a^b",
    "touch o = a",
    "touch o && FOO=1",
    "./touch o",
    'touch o "a\\"b"',
    'touch o "$"',
    'touch o a="$HOME"',
    "touch o [",
    "touch o ]",
    "touch o }",
    "touch o ]x",
    "touch o $",
    "[ -f x ] && touch o",
    "export A=1 && touch o",
    "unset X; touch o",
    "touch o =a",
    "touch o a\n&& touch o",
    "touch o\n# c",
    "'touch o'",
    "echo 'x' 12 >o",
    "touch o a[b]=c",
    "touch o ==",
    "touch o -=",
    "touch o `",
    "coproc touch o",
    "select touch o",
    "exec touch o",
    "eval touch o",
    "typeset touch o",
    "local touch o",
    "readonly touch o",
)


def shell(script: str) -> str:
    """A command as an item shows it."""
    return shlex.join(("/bin/bash", "-lc", script))


@pytest.mark.parametrize("script", OUTSIDE)
def test_a_script_that_ran_outside(script: str) -> None:
    found = judge(shell(script), BOOK)
    assert found.decision is Decision.ALLOW


@pytest.mark.parametrize("script", INSIDE)
def test_a_script_that_ran_inside(script: str) -> None:
    """Never surely outside; where engines are odd (a lone `=`), not surely inside."""
    found = judge(shell(script), BOOK)
    assert not (found.decision is Decision.ALLOW and found.sure)


def test_how_many_are_unsure() -> None:
    """A verdict that says `maybe` too often says nothing."""
    found = [judge(shell(script), BOOK) for script in (*OUTSIDE, *INSIDE)]
    assert sum(not one.sure for one in found) <= 8


def test_the_strictest_rule_of_the_strictest_command_counts() -> None:
    book = read(
        [("a", 'prefix_rule(["a"])\nprefix_rule(["a", "b"], decision="prompt")\n')]
    )
    assert judge(shell("a c"), book).decision is Decision.ALLOW
    asked = judge(shell("a c && a b"), book)
    assert asked.decision is Decision.PROMPT
    assert [(r.words, r.file, r.line) for r in asked.rules] == [("a b", "a", 2)]
    refused = judge(shell("touch x && cp a b"), BOOK)
    assert refused.decision is Decision.FORBIDDEN
    assert judge(shell("cp a b; unknown"), BOOK).decision is Decision.FORBIDDEN


def test_every_rule_that_let_a_script_out_is_named_once() -> None:
    found = judge(shell("echo a && touch b && echo c"), BOOK)
    assert [rule.words for rule in found.rules] == ["echo", "touch"]


def test_a_shell_as_a_whole_is_a_command_too() -> None:
    """What is no row of plain commands is judged by its argv."""
    book = read([("a", 'prefix_rule(pattern=["bash", "-lc"])\n')])
    assert judge(shell("touch a > b"), book).decision is Decision.ALLOW
    assert judge(shell("touch a"), book) == NOTHING


def test_a_program_by_its_path() -> None:
    text = (
        'host_executable(name="touch", paths=["/bin/touch"])\n'
        'prefix_rule(pattern=["touch"])\nprefix_rule(pattern=["ls"])\n'
    )
    book = read([("a", text)])
    assert judge(shell("/bin/touch a"), book).decision is Decision.ALLOW
    assert judge(shell("/usr/bin/touch a"), book) == NOTHING
    assert judge(shell("/any/where/ls a"), book).decision is Decision.ALLOW
    assert judge(shell("./ls a"), book) == NOTHING


UNREAD = (
    'X = "a"\nprefix_rule(pattern=[X])',
    "def f(x):\n  prefix_rule(pattern=[x])",
    '[prefix_rule(pattern=[p]) for p in ["a"]]',
    'load("x", "y")',
    'prefix_rule(pattern=["a"], foo=1)',
    'prefix_rule(pattern=["a"], decision="nope")',
    'prefix_rule(pattern=["a"], decision="prompt-user")',
    'prefix_rule(pattern=["a"], match=["b"])',
    'prefix_rule(pattern=["a"], not_match=["a b"])',
    'prefix_rule(pattern=["a"], match=["a \'x"])',
    'prefix_rule(pattern=["a"], match="a")',
    'prefix_rule(pattern=["a"], match=["a"], match=["a"])',
    'prefix_rule(pattern=["a"], justification="")',
    'prefix_rule(pattern=["a" "b"])',
    'prefix_rule(pattern=("a",))',
    "prefix_rule(pattern=[])",
    'prefix_rule(pattern=["a"],, )',
    '  prefix_rule(pattern=["a"])',
    'prefix_rule(pattern=["a"',
    "foo()",
    '"open',
    'host_executable(name="a", paths=["/x/b"])',
    "\x00",
)


@pytest.mark.parametrize("text", UNREAD)
def test_a_form_that_is_not_understood_is_named_and_makes_everything_unsure(
    text: str,
) -> None:
    book = read([("a", 'prefix_rule(["echo"])\n' + text)])
    assert [one.file for one in book.unread] == ["a"]
    assert book.unread[0].line in (2, 3)
    known = judge(shell("echo a"), book)
    assert (known.decision, known.sure, known.outside) == (Decision.ALLOW, False, True)
    other = judge(shell("ls"), book)
    assert (other.decision, other.sure, other.outside) == (None, False, True)


READ = (
    ('prefix_rule(["a"], "prompt")', Decision.PROMPT),
    ('"words"\nprefix_rule(pattern=["a"])', Decision.ALLOW),
    ('pass; prefix_rule(pattern=["a"]) # why', Decision.ALLOW),
    ('prefix_rule (\n  pattern = [ "a" , ],\n\n # c\n)', Decision.ALLOW),
    ("prefix_rule(pattern=[['a', 'b']])", Decision.ALLOW),
    ('prefix_rule(pattern=["""a"""], justification="x")', Decision.ALLOW),
    ("prefix_rule(pattern=['\\x61'])", Decision.ALLOW),
    ('prefix_rule(pattern=["a"], match=["a b", ["/x/a"]], not_match=["b"])', None),
    ('network_rule(host="a.b", protocol="https", decision="deny")', None),
)


@pytest.mark.parametrize(("text", "decision"), READ)
def test_a_form_that_is_understood(text: str, decision: Decision | None) -> None:
    book = read([("a", text)])
    assert book.unread == ()
    if decision is not None:
        assert judge(shell("a b"), book).decision is decision


def test_escapes_of_strings() -> None:
    book = read([("a", r'prefix_rule([r"a\d", "b\d", "c\n", "\u00e9"])')])
    assert book.rules == (
        PrefixRule((("a\\d",), ("b\\d",), ("c\n",), ("é",)), Decision.ALLOW, "a", 1),
    )


@given(st.text(max_size=200))
def test_any_text_is_read_and_judged(text: str) -> None:
    book = read([("a", text)])
    assert isinstance(judge(text, book), Judged)
    assert isinstance(judge(text, BOOK), Judged)
    split(text)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_rule_for_just_this_command_allows_it(argv: list[str]) -> None:
    book = Book((PrefixRule(tuple((word,) for word in argv)),))
    found = judge(shlex.join(argv), book)
    if len(argv) != 3:
        assert found.decision is Decision.ALLOW


def test_long_texts_are_bounded() -> None:
    assert judge("a " * 200_000, BOOK) == NOTHING
    assert read([("a", "\n" * 2_000_000)]).unread
