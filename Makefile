# One command per intention. Each sets up what it needs in .venv, from Python 3.11+ alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all test-lowest lint lint-js bench bench-quick soak soak-files coverage mutants results clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("handwrought needs Python 3.11 or newer, and $(PYTHON) is %s; say make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.tools: requirements/test.txt pyproject.toml | $(VENV)/.installed
	$(PIP) --requirement requirements/test.txt
	@touch $@

$(VENV)/.rivals: requirements/bench.txt | $(VENV)/.tools
	$(PIP) --requirement requirements/bench.txt
	@touch $@

demo: $(VENV)/.installed  ## Train the article's network on the real 60,000 images and test it
	$(BIN)/handwrought train --hidden 30 --cost quadratic --learning-rate 3.0 --epochs 30 --batch-size 10

# Workers take neighbouring tests, which share their fixtures, and then what is left of each other's.
JOBS ?= 2
PARALLEL := -n $(JOBS) --dist worksteal

test: $(VENV)/.tools  ## Run the quick tests (under three minutes on two cores)
	$(BIN)/python -m pytest $(PARALLEL) -m 'not slow'

test-slow: $(VENV)/.tools  ## Run the others: browsers, whole trainings, programs started over and over
	$(BIN)/python -m pytest $(PARALLEL) -m slow

test-all: test test-slow  ## Run both

# Python 3.11 alone: for others the lowest versions have no wheels. What needs an extra is left out: a
# comparison with another package (test_against_*), kernels, search, tracking, PDF and ONNX; so are
# the commands that train for minutes. Of the others nothing may be skipped.
LOWEST := tests/nn tests/imaging tests/data tests/storage tests/training tests/runs tests/evaluation \
	tests/reading tests/cli tests/test_requirements.py tests/test_committee.py tests/test_inference.py tests/test_custom_layer.py
LEFT_OUT := */test_against_* tests/search/test_search.py tests/*/test_tensorboard.py tests/cli/test_tracking.py \
	tests/cli/test_tune.py tests/reading/test_command.py \
	tests/cli/test_fine_tune.py tests/cli/test_training_commands.py

test-lowest:  ## Test the core on the lowest versions that pyproject.toml promises
	@$(PYTHON) -c 'import sys; sys.exit("the lowest versions need Python 3.11: say make test-lowest PYTHON=python3.11" if sys.version_info[:2] != (3, 11) else 0)'
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/lowest.txt --editable .
	.venv-lowest/bin/python -m pytest -p tools.no_skips -k 'not numba and not onnx and not optuna and not starlette' $(LEFT_OUT:%=--ignore-glob='%') $(LOWEST)

lint: $(VENV)/.tools  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; else echo "npm is not there: the JavaScript is not checked"; fi

# Where npm is: the product needs no Node.  All files are checked, those with // @ts-check strictly.
NODE_TOOLS := build/js
NODE := $(NODE_TOOLS)/node_modules

$(NODE)/.installed: Makefile
	npm install --no-save --no-audit --no-fund --prefix $(NODE_TOOLS) prettier@3.6.2 typescript@5.9.3
	@touch $@

lint-js: $(NODE)/.installed
	node $(NODE)/prettier/bin/prettier.cjs --check 'src/**/*.js'
	node $(NODE)/typescript/bin/tsc --project .
	node $(NODE)/typescript/bin/tsc --project tsconfig.strict.json

bench: $(VENV)/.rivals  ## Compare our speed and memory with every rival's (about 20 minutes)
	$(BIN)/python benchmarks/epochs.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/memory.py

bench-quick: $(VENV)/.tools  ## Ratios of an epoch to PyTorch's, settings S, M and L (under 3 minutes)
	$(BIN)/python benchmarks/epochs.py --rivals pytorch --rounds 3 $(BENCH)

soak: $(VENV)/.tools soak-files  ## Kill, fail and starve trainings at every point; hostile files (hours: docs/reliability.md)
	$(BIN)/python benchmarks/reliability kills faults disk power

results: $(VENV)/.installed  ## Reproduce the published results (minutes)
	$(BIN)/python benchmarks/published_results.py

CASES ?= 10000000
soak-files: $(VENV)/.tools  ## Ten million hostile files, and the costliest of a megabyte (hours: docs)
	$(BIN)/python -m fuzz.bounds
	$(BIN)/python -m fuzz.campaign --cases $(CASES)

coverage: $(VENV)/.tools  ## Branch coverage: 100 % of the mathematics, the readers and the save path
	mkdir -p build
	$(BIN)/python -m pytest --cov=handwrought --cov-branch --cov-report=json:build/coverage.json
	$(BIN)/python tools/check_coverage.py build/coverage.json

mutants: $(VENV)/.tools  ## Wrong on purpose: the tests must catch 95 % (hours; ONLY="nn" or files, ARGS=--again)
	$(BIN)/python tools/mutants.py $(ONLY) $(ARGS)

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .venv-lowest .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
