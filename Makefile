# `make` alone lists the verbs. Everything runs in .venv with the versions of constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
STAMP := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix test-slow quality bench serve lock clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make .venv and install the pinned packages

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "crossrec needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[server]' --group dev
	@touch $(STAMP)

demo: $(STAMP) ## three real domains from raw files to live recommendations; ARGS=--check verifies each step
	$(BIN)/crossrec demo $(ARGS)

test: check ## all checks and all tests
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

check: $(STAMP) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-slow: $(STAMP) ## the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

quality: $(STAMP) ## the quality figures on real data; takes an hour, needs CROSSREC_DATA
	set -e; for script in benchmarks/quality/[a-z]*.py; do $(BIN)/python $$script $(ARGS); done

bench: $(STAMP) ## speed beside other libraries, which it installs
	$(BIN)/python -m pip install --quiet --constraint benchmarks/peers/constraints.txt implicit duckdb
	set -e; for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script $(ARGS); done

serve: $(STAMP) ## serve a bundle: make serve ARGS='--model DIR'
	$(BIN)/crossrec serve $(ARGS)

lock: $(STAMP) ## write the installed versions to constraints.txt
	$(BIN)/python -m pip freeze --all --exclude-editable --exclude setuptools --exclude wheel | grep -viE '^(implicit|duckdb|torch|lightning)' > constraints.txt

clean: ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
