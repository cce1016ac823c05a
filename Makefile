.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
# The versions that were tested together: a release of tomorrow changes nothing here.
CONSTRAINTS := deploy/constraints.txt
FOLDERS := core plugins question_types detectors providers web worker

# Media, models and examples too large for the repository lie beside it.
EXAMHALL_SHARED ?= ../shared
ifneq ($(wildcard $(EXAMHALL_SHARED)/models),)
EXAMHALL_MODELS_DIR ?= $(abspath $(EXAMHALL_SHARED)/models)
export EXAMHALL_MODELS_DIR
endif

# pytest keeps the modules that it rewrites as bytecode: without, every process
# rewrites hypothesis and schemathesis again, which takes four seconds.
unexport PYTHONDONTWRITEBYTECODE

# Test processes of the parallel pass. Each starts its own servers.
JOBS ?= 2
# Tests that need a processor for themselves, or a browser.
ALONE := browser or vision
T ?=
ARGS ?=

.PHONY: help
help: ## Show the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' Makefile

# A marker file says that a step is done, so that a second run starts at once.
.venv/system-%: deploy/setup-system.sh
	@deploy/setup-system.sh $*
	@mkdir -p .venv && touch $@

.venv/created: | .venv/system-demo
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "examhall needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	@touch $@

.venv/demo: setup.cfg pyproject.toml $(CONSTRAINTS) .venv/created
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[vision,audio]'
	@touch $@

# The dev extra holds all that the demo needs, so one installation does for both.
.venv/dev: setup.cfg pyproject.toml $(CONSTRAINTS) .venv/created | .venv/system-test
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[vision,audio,dev]'
	@touch .venv/demo $@

# Type checkers cannot follow package_dir: they look at these links instead.
.PHONY: typing
typing:
	@mkdir -p build/typing/examhall
	@for folder in $(FOLDERS); do ln -sfn ../../../$$folder build/typing/examhall/$$folder; done

.PHONY: demo
demo: .venv/demo ## Run everything on this machine, with users and an exam to look at
	$(BIN)/examhall demo $(ARGS)

.PHONY: test
test: .venv/dev ## Run the tests; T=path and ARGS=... narrow them
ifneq ($(strip $(T)$(ARGS)),)
	$(BIN)/python -m pytest $(T) $(ARGS)
else
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not ($(ALONE))"
	$(BIN)/python -m pytest -m "$(ALONE)"
endif

.PHONY: lint
lint: .venv/dev typing ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: check
check: lint test ## Run all that CI runs

.PHONY: format
format: .venv/dev ## Rewrite the code in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: bench
bench: .venv/dev ## Measure: runs tests/bench; T= and ARGS= narrow it
	$(BIN)/python -m pytest -o python_files='bench_*.py' -s $(or $(T),tests/bench) $(ARGS)

.PHONY: interop
interop: .venv/dev ## Compare with other programs: cases of EXAMHALL_SHARED/interop
	$(BIN)/python -m tests.interop

.PHONY: clean
clean: ## Remove all that was made here
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
