# Rackwright: every command of the house. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python of this list that really runs makes .venv; give PYTHON=/path/to/python to choose.
PYTHON  ?= $(shell for v in 3.11 3.12 3.13; do scripts/find-python $$v 2>/dev/null && break; done)
BIN     := .venv/bin
# What is imported is compiled then; to compile all that is installed costs more than the installation.
PIP     := -m pip --disable-pip-version-check --quiet --quiet
INSTALL := install --no-compile --constraint requirements-dev.lock
# Where the environment forbids to keep what was compiled, every process compiles all that it imports, and every run all tests.
unexport PYTHONDONTWRITEBYTECODE
READY   := .venv/.ready
# More than cores: three share the slow tests, which mostly wait, for clocks, daemons and emulated racks; one computes beside them.
WORKERS ?= 4
# The other Pythons run what depends on the interpreter: unit (but the slow ones), golden, wheel.
OTHERS  := 3.12 3.13
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist=loadgroup
OTHER   = .venv-$*/bin/python -m pytest -q -o cache_dir=.venv-$*/.pytest_cache
# Real daemons, clocks and kills share the cores with their neighbours: what fails is named, and tried once more alone.
AGAIN   := --last-failed --last-failed-no-failures none

.PHONY: help
help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up ------------------------------------------------------------------------------------

.PHONY: venv
venv: $(READY)  ## a ready .venv with the rackwright command (quick when nothing changed)

$(READY): pyproject.toml requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 runs here: install one or give PYTHON=" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python $(PIP) $(INSTALL) --editable '.[dev]'
	@touch $(READY)

.venv-%/.ready: pyproject.toml requirements-dev.lock
	test -x .venv-$*/bin/python || "$$(scripts/find-python $*)" -m venv .venv-$*
	.venv-$*/bin/python $(PIP) $(INSTALL) --editable '.[test]'
	@touch $@

# --- what it does ------------------------------------------------------------------------------

.PHONY: demo
demo: venv  ## bring an emulated rack up, with faults planted in it, and show the report
	@$(BIN)/rackwright demo

# --- what is right -----------------------------------------------------------------------------

.PHONY: check
check: venv  ## everything static: style, types, layers, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(MAKE) --no-print-directory docs

.PHONY: quick
quick: venv  ## under three minutes: style, then unit, property, golden and contract tests
	$(BIN)/ruff check .
	$(PYTEST) -m 'not slow' $(wildcard tests/unit tests/properties tests/golden tests/contract) tests/test_*.py

.PHONY: daemons
daemons:  ## install the Debian packages that the tests drive (as root; scripts/apt-packages.sh --list names them)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then scripts/apt-packages.sh; \
	else echo "not root, or no apt-get: tests whose program is missing skip by name, and fail in CI"; fi

.PHONY: test
test:  ## everything that CI must see
	@$(MAKE) --no-print-directory -j 2 daemons check $(foreach version,$(OTHERS),venv-$(version))
	@$(MAKE) --no-print-directory suite
	@$(MAKE) --no-print-directory -j 2 $(foreach version,$(OTHERS),other-$(version))
	@echo "make test: all passed"

.PHONY: suite
suite: venv
	$(PYTEST) || { echo "== what failed beside others, once more and alone"; $(PYTEST) -n 1 $(AGAIN); }

.PHONY: full
full:  ## make test with every fault and kill of servers at every moment, of which it tries a part; an hour or two more
	RACKWRIGHT_LARGE=1 PYTEST_ADDOPTS='--timeout 10800' $(MAKE) --no-print-directory test

.PHONY: $(addprefix venv-,$(OTHERS))
$(addprefix venv-,$(OTHERS)): venv-%:
	@! scripts/find-python $* >/dev/null 2>&1 || $(MAKE) --no-print-directory .venv-$*/.ready

# Side by side, and each says what it has to say in one piece.
.PHONY: other-3.12 other-3.13
other-3.12 other-3.13: other-%:
	@if scripts/find-python $* >/dev/null 2>&1; then \
	  $(MAKE) --no-print-directory venv-$* || exit 1; \
	  $(MAKE) --no-print-directory tried-$* >.venv-$*/said 2>&1; ended=$$?; cat .venv-$*/said; exit $$ended; \
	elif [ -n "$$CI$$RACKWRIGHT_CI" ]; then echo "Python $* is required in CI and does not run here" >&2; exit 1; \
	else echo "== SKIPPED Python $*: it does not run here (unit, golden and wheel tests not tried on it)"; fi

.PHONY: tried-3.12 tried-3.13
tried-3.12 tried-3.13: tried-%:
	@echo "== Python $*: unit, golden, wheel"
	@$(OTHER) -m 'not slow' $(wildcard tests/unit tests/golden) || $(OTHER) -m 'not slow' $(AGAIN) $(wildcard tests/unit tests/golden)
	@$(OTHER) $(wildcard tests/packaging)

.PHONY: chaos
chaos: venv  ## a hundred bring-ups of an emulated rack over random faults and kills; an hour
	RACKWRIGHT_CHAOS=100 $(BIN)/python -m pytest -n 4 --dist=load -p no:randomly -q tests/journeys/test_chaos.py

.PHONY: bench
bench: venv  ## measure: CPU and memory of the large sites, and the peers
	$(BIN)/python -m bench

# --- what is written from the code ---------------------------------------------------------------

.PHONY: docs
docs: venv  ## build the documentation into public/, every warning an error
	$(BIN)/mkdocs build --strict --quiet

.PHONY: reference
reference: venv  ## write docs/reference/ anew from the code
	$(BIN)/python scripts/reference.py

.PHONY: schema
schema: venv  ## write the NVUE schema table anew from NVIDIA's models
	$(BIN)/python scripts/build_nvue_schema.py

.PHONY: golden
golden: venv  ## write the golden files anew; then read git diff (refused in CI)
	@test -z "$$CI$$RACKWRIGHT_CI" || { echo "golden files are never rewritten in CI" >&2; exit 1; }
	$(BIN)/python -m pytest -p no:randomly -q tests --update-golden
	git --no-pager diff --stat -- tests/golden

.PHONY: clean
clean:  ## remove what was built, not the virtual environments
	rm -rf dist public demo .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
