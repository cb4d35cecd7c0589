"""Programs that start other programs, and by what: what a rule for them lets in.

Owns the tables alone. Does not own how a prefix is read by them (`state.lets_in`).
Names are in lower case, without folder and without a version behind them. Invariant:
a program stands in one table only; the narrowest that is true of it.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHELLS = _names(
    "bash sh zsh dash fish ksh mksh csh tcsh ash rbash yash elvish nu xonsh oil osh "
    "pwsh powershell cmd"
)
"""Read commands from a word, a file or their input."""

INTERPRETERS = _names(
    "python pythonw pypy ipython bpython node nodejs deno tsx ts-node ruby jruby irb "
    "perl raku php lua luajit tclsh wish expect rscript r julia ghci runghc runhaskell "
    "scala kotlin groovy jshell java osascript awk gawk mawk nawk guile racket sbcl "
    "clisp clojure clj bb elixir iex erl escript ocaml swipl octave gnuplot bsh "
    "coffee crystal nim dart m4 dc"
)
"""Run a program text from a word, a file or their input."""

AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
"""Their program is the first word that is no option."""
_CODE_FLAGS = {
    "python pythonw pypy ipython bpython": "-c",
    "node nodejs bun tsx": "-e -p -pe --eval --print",
    "perl": "-e -E -ne -pe -nE -pE -lne -lpe -lane -ane -ple",
    "php": "-r -R -B -E",
}
CODE_FLAGS = {
    name: _names(flags)
    for names, flags in _CODE_FLAGS.items()
    for name in names.split()
}
OTHER_CODE_FLAGS = frozenset({"-e", "-E", "-c", "--eval", "--execute", "--expression"})
"""Flags behind which a program text stands as one word."""
LONE_FLAGS = _names(
    "-u -B -I -s -S -O -OO -v -q -b -d -i -P -w -W0 -t -T -n -l -h --version"
)
"""Flags behind which no value of theirs stands."""

RUNNERS: dict[str, tuple[int, str]] = {
    "env": (0, "-u -C --unset --chdir"),
    "sudo": (0, "-u -g -p -C -D -h -r -t -T -U -R --user --group --prompt --chdir"),
    "doas": (0, "-u -C"),
    "su": (1, "-s -g -G -w --shell"),
    "runuser": (1, "-u -s -g -G"),
    "xargs": (0, "-a -d -E -I -L -n -P -s --arg-file --delimiter --replace"),
    "nohup": (0, ""),
    "nice": (0, "-n --adjustment"),
    "ionice": (0, "-c -n -p --class --classdata"),
    "chrt": (1, "-T -P -D"),
    "taskset": (1, ""),
    "setpriv": (0, "--reuid --regid --groups"),
    "time": (0, "-o -f --output --format"),
    "timeout": (1, "-k -s --kill-after --signal"),
    "stdbuf": (0, "-i -o -e --input --output --error"),
    "setsid": (0, ""),
    "exec": (0, "-a"),
    "command": (0, ""),
    "builtin": (0, ""),
    "eval": (0, ""),
    "watch": (0, "-n --interval"),
    "strace": (0, "-o -e -p -s -u -E -a -I -O -S -P -b"),
    "ltrace": (0, "-o -e -p -s -u -a -l -n -x"),
    "valgrind": (0, ""),
    "flock": (1, "-w -E --timeout --wait --conflict-exit-code"),
    "chroot": (1, ""),
    "unshare": (0, "-S -G -w -R --root --wd"),
    "nsenter": (0, "-t -S -G --target"),
    "bwrap": (0, ""),
    "firejail": (0, ""),
    "fakeroot": (0, "-l -s -i -b"),
    "systemd-run": (0, "-p -u -M -E --unit --property --setenv"),
    "systemd-inhibit": (0, ""),
    "dbus-run-session": (0, ""),
    "xvfb-run": (0, "-e -f -n -p -s -w"),
    "caffeinate": (0, "-t -w"),
    "arch": (0, ""),
    "rlwrap": (0, ""),
    "unbuffer": (0, ""),
    "proxychains": (0, "-f"),
    "torsocks": (0, ""),
    "faketime": (1, "-f"),
    "busybox": (0, ""),
    "toybox": (0, ""),
    "npx": (0, "-p --package"),
    "bunx": (0, ""),
    "uvx": (0, "--from --with -p --python"),
    "entr": (0, ""),
    "nodemon": (0, "-w -e -x -i"),
    "watchexec": (0, "-w -e -f -i"),
    "wine": (0, ""),
    "coverage": (0, ""),
}
"""Run the program that follows: how many words come before it, and which of their
options have a value of their own."""

ALWAYS: dict[str, str] = {
    "ssh": "on another machine, and here by -o ProxyCommand",
    "mosh": "on another machine",
    "parallel": "",
    "find": "with -exec",
    "fd": "with -x",
    "fdfind": "with -x",
    "script": "with -c",
    "source": "",
    ".": "",
    "hyperfine": "",
    "at": "",
    "batch": "",
    "crontab": "",
    "tmux": "",
    "screen": "",
    "socat": "with EXEC:",
    "nc": "with -e",
    "ncat": "with -e",
    "gdb": "",
    "lldb": "",
    "perf": "",
    "vim": "with -c",
    "vi": "with -c",
    "view": "with -c",
    "vimdiff": "with -c",
    "nvim": "with -c",
    "ex": "with !",
    "ed": "with !",
    "emacs": "with --eval",
    "emacsclient": "with --eval",
    "sed": "with its command e",
    "gsed": "with its command e",
    "sqlite3": "with .shell",
    "psql": "with \\!",
    "mysql": "with \\!",
    "mariadb": "with \\!",
    "less": "with !",
    "more": "with !",
    "man": "with -P",
    "ftp": "with !",
    "lxc": "",
    "machinectl": "",
    "adb": "on another machine",
    "wsl": "",
    "xdg-open": "",
    "open": "",
    "flatpak": "",
    "pipx": "",
    "nix-shell": "with --run",
    "ansible": "",
    "ansible-playbook": "",
    "systemctl": "by a unit file",
    "launchctl": "by a job's file",
    "make": "with --eval",
    "gmake": "with --eval",
}
"""Run any program, whatever words the rule holds besides; and how."""

OPTIONS: dict[str, str] = {
    "tar": "--to-command",
    "bsdtar": "--use-compress-program",
    "gtar": "--to-command",
    "cpio": "--rsh-command",
    "zip": "-TT",
    "rsync": "-e",
    "scp": "-S",
    "sftp": "-S",
    "sort": "--compress-program",
    "split": "--filter",
    "tcpdump": "-z",
    "nmap": "--script",
    "wget": "--use-askpass",
    "openssl": "-engine",
    "gcc": "-wrapper",
    "g++": "-wrapper",
    "cc": "-wrapper",
    "c++": "-wrapper",
    "rustc": "-C linker",
    "clang": "-fplugin",
    "clang++": "-fplugin",
    "javac": "-processor",
    "cmake": "-P",
    "ctest": "-S",
    "rg": "--pre",
    "ghc": "-e",
    "latex": "--shell-escape",
    "pdflatex": "--shell-escape",
    "xelatex": "--shell-escape",
    "lualatex": "--shell-escape",
    "latexmk": "-e",
    "hg": "--config",
    "svn": "--diff-cmd",
    "nano": "--speller",
    "ip": "netns exec",
    "pg_dump": "--compress",
}
"""Run any program by an option of theirs, as long as options may follow."""

PROJECT = _names(
    "just task rake ninja samu meson bazel bazelisk buck gradle gradlew mvn mvnw ant "
    "sbt mill lein dune tox nox pytest py.test pre-commit jest vitest mocha ava karma "
    "cypress playwright eslint prettier webpack rollup vite next nuxt gulp grunt turbo "
    "nx lerna rspec cucumber phpunit scons waf invoke inv doit fab terraform tofu "
    "vagrant rebar3 xcodebuild msbuild unittest doctest nosetests snakemake dvc "
    "sphinx-build mkdocs jupyter nbconvert overmind foreman"
)
"""Run what files of the project say."""

PACKAGES = _names(
    "apt apt-get aptitude dpkg dnf yum rpm zypper pacman apk snap brew port choco "
    "scoop winget pip pip3 easy_install gem cpan cpanm luarocks opam"
)
"""Run the scripts of any package they are given."""

ANY, FREE, BUILD, FETCH, HOOKS = "any", "free", "build", "fetch", "hooks"
"""A subcommand runs: the program that follows; any, whatever follows; what the
project's files say; the scripts of any package; the repository's hooks."""

_NODE = {
    "exec x dlx create init": FREE,
    "install i add ci update up upgrade rebuild link import": FETCH,
    "run run-script test t tst start stop restart build pack publish version": BUILD,
}
_RUN_ANY = {"run exec x shell tool": ANY, "install add sync update lock build": FETCH}
_SUBCOMMANDS: dict[str, dict[str, str]] = {
    "git": {
        "bisect rebase submodule filter-branch difftool mergetool config": FREE,
        "push fetch pull clone ls-remote fetch-pack send-pack archive": FREE,
        "grep remote send-email daemon help instaweb var": FREE,
        "commit merge am cherry-pick revert checkout switch worktree": HOOKS,
    },
    "npm": _NODE,
    "pnpm": _NODE,
    "yarn": _NODE,
    "bun": _NODE,
    "corepack": {"npm pnpm yarn": ANY},
    "uv": _RUN_ANY,
    "poetry": _RUN_ANY,
    "pipenv": _RUN_ANY,
    "pdm": _RUN_ANY,
    "rye": _RUN_ANY,
    "hatch": _RUN_ANY,
    "pixi": _RUN_ANY,
    "conda": {"run": ANY, "install create update": FETCH},
    "mamba": {"run": ANY, "install create update": FETCH},
    "bundle": {"exec": ANY, "install update add": FETCH},
    "composer": {
        "exec": ANY,
        "run run-script": BUILD,
        "install update require create-project": FETCH,
    },
    "direnv": {"exec": FREE},
    "mise": {"exec x run": FREE, "install use": FETCH},
    "asdf": {"exec": ANY, "install": FETCH},
    "pyenv": {"exec": ANY},
    "rbenv": {"exec": ANY},
    "nodenv": {"exec": ANY},
    "fnm": {"exec": ANY},
    "volta": {"run": ANY},
    "rustup": {"run": FREE, "install update toolchain": FETCH},
    "stack": {"exec runghc ghci": ANY, "build test run bench install": BUILD},
    "cabal": {"exec": ANY, "build test run bench install repl": BUILD},
    "xcrun": {},
    "doppler": {"run": ANY},
    "op": {"run": ANY},
    "aws-vault": {"exec": FREE},
    "nix": {"run shell develop build": FREE},
    "docker": {"run exec create compose buildx build plugin context": FREE},
    "podman": {"run exec create compose build unshare": FREE},
    "nerdctl": {"run exec create compose build": FREE},
    "kubectl": {"run exec debug plugin config apply create": FREE},
    "gcloud": {"compute": FREE},
    "cargo": {
        "run r test t bench b build check c clippy doc d rustc rustdoc nextest": BUILD,
        "miri package publish fix": BUILD,
        "install": FETCH,
    },
    "go": {"run test generate build vet tool": FREE, "install get": FETCH},
    "dotnet": {"run test build watch publish msbuild": BUILD, "tool add": FETCH},
    "swift": {"run test build package": BUILD},
    "zig": {"run test build cc": FREE},
    "mix": {"run test compile do deps": BUILD},
    "flutter": {"run test build pub": BUILD},
    "rails": {"runner": FREE, "server console test db": BUILD},
    "hub": {},
    "gh": {"extension alias codespace": FREE, "repo pr": FREE},
}
SUBCOMMANDS: dict[str, dict[str, str]] = {
    program: {word: way for words, way in subs.items() for word in words.split()}
    for program, subs in _SUBCOMMANDS.items()
}
"""What the subcommands of a program run; the program alone runs them all."""
