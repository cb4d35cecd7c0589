# Everything one does with this repository. `run` and `test` set themselves up.
#
#   make run [ARGS="…"]     the program          make test     all tests
#   make demo               a play without login make check    format, lint, types, rules
#   make replay FILE=x      a recording          make snap     take the snapshots anew
#   make look [FILE=x.svg]  snapshots as PNG     make bench    speed, measured
#   make soak               the long tests       make clean    remove what was made here
#   make recording [CODEX=path]                  record the demo for the pictures anew

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install -q -c constraints.txt
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
ARGS ?=
FILE ?=
CODEX ?=
TESTS ?= tests
PYTEST_ARGS ?=
# One worker more than processors: many tests wait for an engine.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

# Where nobody may write byte code, every process compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := run
.PHONY: run demo replay test check snap look recording bench soak clean

run: $(RUN_READY)
	@$(BIN)/codex-tui $(ARGS)

demo: $(RUN_READY)
	@$(BIN)/codex-tui demo $(ARGS)

replay: $(RUN_READY)
	@test -n "$(FILE)" || { echo "Which recording? make replay FILE=…"; exit 2; }
	@$(BIN)/codex-tui replay "$(FILE)" $(ARGS)

test: $(TEST_READY)
	@$(BIN)/python -m pytest $(TESTS) -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

check: $(TEST_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/arch $(PYTEST_ARGS)

snap: $(TEST_READY)
	@$(BIN)/python -m pytest tests/screens --snapshot-update $(PYTEST_ARGS)

look: $(TEST_READY)
	@$(BIN)/python -m tests.look $(FILE)

recording: $(TEST_READY)
	@$(BIN)/python -m tests.record_demo $(CODEX)

bench: $(TEST_READY)
	@$(BIN)/python -m tests.perf.bench_first_paint
	@$(BIN)/python -m tests.perf.bench_load
	@$(BIN)/python -m tests.perf.bench_quiet
	@$(BIN)/python -m tests.perf.bench_tree

soak: $(TEST_READY)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/pure tests/store -m "not engine" $(PYTEST_ARGS)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/scenario/test_key_theft.py $(PYTEST_ARGS)
	@$(BIN)/python -m pytest tests -m soak $(PYTEST_ARGS)

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist bench
	rm -f snapshot_report.html

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up, about a minute the first time …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is needed (Debian, Ubuntu: apt install python3-venv)."; exit 1; }

$(RUN_READY): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing codex-tui and its engine …"
	@$(PIP) -e ".[engine]"
	@touch $@

$(TEST_READY): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing codex-tui, its engine and the test tools …"
	@$(PIP) -e ".[engine,test]"
	@touch $(RUN_READY) $@
