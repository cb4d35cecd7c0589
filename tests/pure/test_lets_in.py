"""A rule that stands for any program says so: each prefix below is held against a
command that begins with it and runs something else."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import programs
from state.lets_in import lets_in

ANYTHING = """
bash | bash -c id
/bin/bash -lc | /bin/bash -lc id
bash -o pipefail | bash -o pipefail -c id
bash -euo pipefail -c | bash -euo pipefail -c id
sh - | sh -
bash -c '"$@"' | bash -c '"$@"' x id
bash -c 'eval $1' x | bash -c 'eval $1' x id
zsh -x | zsh -x -c id
pwsh -Command | pwsh -Command id
busybox sh | busybox sh -c id
busybox | busybox sh -c id
python3 | python3 -c x
python3.12 -u | python3.12 -u -c x
/usr/bin/python3.11 -c | /usr/bin/python3.11 -c x
python -m | python -m timeit x
python3 -m timeit | python3 -m timeit -s x
python3 -m pdb | python3 -m pdb -c '!import os' x.py
python3 -X dev | python3 -X dev -c x
node -e | node -e x
node -r x | node -r x -e y
node --import | node --import data:text/javascript,x
perl5.36 | perl5.36 -e x
perl -e | perl -e x
perl -ne 1 | perl -ne 1 'id|'
ruby -rjson | ruby -rjson -e x
php -r | php -r x
lua5.4 | lua5.4 -e x
deno | deno eval x
deno run | deno run http://x
deno run -A | deno run -A http://x
java -cp x | java -cp x y
awk -F: | awk -F: 'BEGIN{system("id")}'
gawk -v x=1 | gawk -v x=1 'BEGIN{system("id")}'
sudo | sudo id
sudo -n | sudo -n id
sudo -u root | sudo -u root id
sudo -i | sudo -i id
sudo bash | sudo bash -c id
env A=1 | env A=1 id
env -i | env -i id
env A=1 python3 | env A=1 python3 -c x
/usr/bin/env -S | /usr/bin/env -S 'sh -c id'
env -S 'sh -c' | env -S 'sh -c' id
env -u HOME | env -u HOME id
timeout 5 | timeout 5 id
timeout -s KILL 5 | timeout -s KILL 5 id
timeout 5 bash | timeout 5 bash -c id
nice -n 10 | nice -n 10 id
ionice -c 3 | ionice -c 3 id
nohup | nohup id
xargs sh | xargs sh -c id
xargs -n 1 | xargs -n 1 id
xargs -I {} | xargs -I {} id
stdbuf -oL | stdbuf -oL id
setsid -f | setsid -f id
exec | exec id
eval | eval id
time | time id
flock /tmp/x | flock /tmp/x id
chroot / | chroot / id
strace -f | strace -f id
watch -n 1 | watch -n 1 id
su -c | su -c id
su root | su root -c id
unshare -r | unshare -r id
systemd-run --user | systemd-run --user id
find | find . -exec id ;
find . -name x | find . -name x -exec id ;
fd x | fd x -x id
parallel | parallel id ::: 1
ssh | ssh h id
ssh host uptime | ssh host uptime ';' id
script -q | script -q -c id
git | git -c 'alias.x=!id' x
git -c | git -c 'alias.x=!id' x
git -C /tmp | git -C /tmp -c 'alias.x=!id' x
git -c core.pager=cat | git -c core.pager=cat -c 'alias.x=!id' x
git push | git push --receive-pack=id .
git push origin main | git push origin main --receive-pack=id
git fetch | git fetch --upload-pack=id .
git clone | git clone --upload-pack=id . x
git rebase | git rebase -x id main
git bisect | git bisect run id
git submodule | git submodule foreach id
git config | git config core.pager id
git difftool | git difftool -x id
git grep | git grep -Oid x
npm | npm exec id
npx | npx x
npm exec | npm exec id
pnpm dlx | pnpm dlx x
yarn dlx | yarn dlx x
bunx | bunx x
uv | uv run id
uv run | uv run id
uv run python | uv run python -c x
uvx | uvx x
pipx run | pipx run x
poetry run | poetry run id
poetry run python | poetry run python -c x
bundle exec | bundle exec id
bundle exec ruby | bundle exec ruby -e x
conda run | conda run id
direnv exec . | direnv exec . id
nix run | nix run x
docker run | docker run -v /:/h alpine x
docker exec web | docker exec web id
docker | docker run alpine x
kubectl exec pod | kubectl exec pod -- id
go run | go run x@latest
go build | go build -toolexec=id
go test ./... | go test ./... -exec id
cargo | cargo install x
make | make '--eval=$(shell id)'
make test | make test '--eval=$(shell id)'
sed | sed '1e id' x
sed -n | sed -n '1e id' x
sed -n 1,5p | sed -n 1,5p -e '1e id'
vim -c | vim -c '!id'
vim | vim -c '!id'
ed | ed x
less | less x
man | man -P id ls
tar | tar -xf x --to-command=id
tar xzf x.tgz | tar xzf x.tgz --to-command=id
zip | zip a b -T -TT id
rsync -a | rsync -a -e id a b
scp | scp -S id a b
sort | sort --compress-program=id
tcpdump | tcpdump -z id
nmap | nmap --script=x
wget | wget --use-askpass=id x
gcc | gcc -wrapper id x.c
gcc-12 -O2 | gcc-12 -O2 -wrapper id x.c
rustc | rustc -C linker=id x.rs
cmake | cmake -P x.cmake
rg | rg --pre id x
sqlite3 | sqlite3 x '.shell id'
sqlite3 x.db | sqlite3 x.db '.shell id'
psql -c | psql -c '\\! id'
gdb | gdb -ex 'shell id'
tmux | tmux new id
socat | socat - EXEC:id
systemctl | systemctl link x
crontab | crontab x
emacs --batch | emacs --batch --eval x
osascript -e | osascript -e 'do shell script "id"'
"""

THE_PROJECT = """
python3 setup.py
bash scripts/build.sh
node server.js
ruby -w x.rb
java -jar app.jar
./gradlew build
./build.sh
target/debug/tool
/home/dev/x/run
cargo test
cargo +nightly build
npm run
npm run build
npm test
yarn build
pytest
pytest tests/x.py
python3 -m pytest
uv run pytest
nice -n 5 cargo test
just
gradle build
mvn test
tox -e py
rake
ninja
dotnet test
eslint .
terraform apply
timeout 60 ./x.sh
xargs ./x.sh
"""

PACKAGES = """
pip install
pip3 install -r x
python3 -m pip install
npm install
npm ci
uv add
apt-get install
sudo apt install
brew
cargo install
gem install
poetry add
"""

HARMLESS = """
ls
cat
echo hi
touch /x
cargo update
cargo fetch
cargo fmt
git status
git log --oneline
git -C /srv status
git -c color.ui=never diff
git add
npm view
docker ps
docker images
kubectl get
bash -lc 'date > f'
bash -euo pipefail -c 'date > f'
python3 -c 'print(1)'
python3 -m http.server
perl -e 'print 1'
awk '{print $1}'
awk -F: '{print $1}'
sudo systemd-analyze
sudo -n ls
sudo -u root ls -l
env A=1 ls
env -S 'ls -l'
timeout 5 ls
nice -n 10 ls
nice ls
xargs -n 1 rm
xargs rm
tar -xf x --
date
/usr/bin/who
mkdir -p build
curl -s https://example.org
""".strip()


def words_of(table: str) -> list[str]:
    return [line for line in table.strip().split("\n") if line]


@pytest.mark.parametrize("line", words_of(ANYTHING))
def test_a_prefix_that_runs_anything_is_called_out(line: str) -> None:
    prefix, command = (shlex.split(part) for part in line.split(" | "))
    assert command[: len(prefix)] == prefix, "the rule would not allow that command"
    assert "runs any program" in lets_in(prefix), prefix


@pytest.mark.parametrize("line", words_of(THE_PROJECT))
def test_what_an_agent_can_write_is_called_out(line: str) -> None:
    assert "whoever can write" in lets_in(shlex.split(line))


@pytest.mark.parametrize("line", words_of(PACKAGES))
def test_what_runs_anybodys_package_is_called_out(line: str) -> None:
    assert "any package it is given" in lets_in(shlex.split(line))


@pytest.mark.parametrize("line", words_of(HARMLESS))
def test_other_prefixes_are_not(line: str) -> None:
    assert lets_in(shlex.split(line)) == ""


def test_a_commit_runs_hooks() -> None:
    assert "hooks" in lets_in(["git", "commit", "-m"])


def test_no_prefix_is_nothing() -> None:
    assert lets_in([]) == ""


STARTERS = sorted(
    {*programs.SHELLS, *programs.INTERPRETERS, *programs.RUNNERS}
    | {*programs.ALWAYS, *programs.OPTIONS, *programs.SUBCOMMANDS}
)
VERSIONS = st.sampled_from(["", "3", "3.12", "-12", "5.4.0"])
FOLDERS = st.sampled_from(["", "/bin/", "/usr/local/bin/", "/opt/x/"])


@given(st.sampled_from(STARTERS), FOLDERS, VERSIONS)
def test_each_of_the_tables_alone_is_called_out(
    name: str, folder: str, version: str
) -> None:
    """Also by its whole path, in capitals, with a version behind."""
    said = lets_in([folder + name.upper() + version])
    assert said.startswith(folder + name.upper()), said


def test_a_program_stands_in_one_table() -> None:
    tables = [
        *(programs.SHELLS, programs.INTERPRETERS, programs.RUNNERS, programs.ALWAYS),
        *(programs.OPTIONS, programs.SUBCOMMANDS, programs.PROJECT, programs.PACKAGES),
    ]
    names = [name for table in tables for name in table]
    assert sorted(names) == sorted(set(names))


WORDS = st.sampled_from([*STARTERS, "-c", "-m", "--", "-x", "run", "5", "A=1", "x.py"])


@given(st.lists(WORDS | st.text(), max_size=12))
def test_any_words_are_read(words: list[str]) -> None:
    assert isinstance(lets_in(words), str)


@given(st.lists(st.sampled_from(sorted(programs.RUNNERS)), min_size=1, max_size=6))
def test_runners_of_runners_run_anything(words: list[str]) -> None:
    assert "runs any program" in lets_in(words)
