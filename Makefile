# Everything a developer or a person trying this out needs; `make` alone lists it.
#
# The Python to use is found by name (3.11 or newer); PYTHON=/path/to/python3 overrides that.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help run demo verify test lint audit bench lock migration clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# The server replaces the shell (exec): Ctrl-C reaches it alone, and its end is make's.
run: $(VENV)/.project ## Install what is needed and start the server; Ctrl-C stops it.
	@exec $(BIN)/finance serve

demo: $(VENV)/.project ## Fill a demo user's book with years of everyday money.
	@exec $(BIN)/finance demo

verify: $(VENV)/.project ## Check every book against its postings.
	@exec $(BIN)/finance verify

# Only these are collected where all tests are asked for.
MEASURED = $(shell grep -rl --include='*.py' 'pytest\.mark\.measured' tests)

test: $(VENV)/.dev ## Run all tests on all cores; fails below 95 % branch coverage.
	@$(BIN)/python -m pytest -m "not measured" -n logical --dist worksteal \
		--cov --cov-branch --cov-report=term --cov-fail-under=95 --durations=30 $(ARGS)
	@$(BIN)/python -m pytest -m measured $(or $(ARGS),$(MEASURED)) || test $$? -eq 5 # none is among those asked for

lint: $(VENV)/.dev ## Check style, types and the order of imports.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: $(VENV)/.dev ## Look for known weaknesses in the code and in what it depends on.
	@$(BIN)/python .ci/audit

bench: $(VENV)/.dev ## Measure; ARGS="..." goes to the benchmark.
	@exec $(BIN)/python -m bench $(ARGS)

UV_COMPILE = $(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	pyproject.toml --extra build

# What runs is what was tested: the second is held to the versions of the first.
lock: $(VENV)/.dev ## Write both lock files anew from pyproject.toml; ARGS=--upgrade takes newer versions.
	@$(UV_COMPILE) --extra dev $(ARGS) -o requirements-dev.lock
	@$(UV_COMPILE) --constraint requirements-dev.lock $(ARGS) -o requirements.lock

migration: $(VENV)/.dev ## Write a migration for what changed in the models; name="what it does".
	@test -n "$(name)" || { echo 'Say what it does: make migration name="add budgets"' >&2; exit 1; }
	@exec $(BIN)/finance revision "$(name)"

clean: ## Remove everything that was made here; the data folder stays.
	@rm -rf $(VENV) .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		htmlcov build dist
	@find app alembic bench tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Made afresh where there is none, and where the Python behind it is gone.
$(BIN)/python:
	@set -e; found=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.11 python3 python3.14 python3.13 python3.12); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'Python 3.11 or newer is needed and was not found; install it, or name it: make PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found lacks the module venv; install it (on Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	"$$found" -m venv --clear $(VENV)

$(VENV)/.lock: requirements.lock $(BIN)/python
	@echo 'Installing what is needed into $(VENV); the first time this takes a minute ...'
	@$(PIP) --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.project: $(VENV)/.lock pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.project requirements-dev.lock
	@echo 'Installing the tools for development into $(VENV) ...'
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@
