# `make serve` and `make test` need Python 3.11 or newer and make; everything else is fetched into .venv.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
RUNTIME := .venv/.runtime-installed
TOOLS := .venv/.tools-installed
COMPARED := bench/.venv/.installed

# Without a .env this is a development machine.
ifeq ($(wildcard .env),)
DEBUG ?= 1
endif
export DEBUG
# Else pytest compiles every test anew in each of its processes.
unexport PYTHONDONTWRITEBYTECODE

PRODUCTION := ENV_FILE=/dev/null DEBUG=0 PUBLIC_URL=https://pub.example ALLOWED_HOSTS=pub.example \
	SECRET_KEY=only-for-checks-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDE \
	JWT_SECRET_KEY=only-for-checks-9876543210-zyxwvutsrqponmlkjihgfedcba-EDCBA
WRITE_SCHEMA := ENV_FILE=/dev/null DEBUG=1 $(BIN)/python manage.py spectacular --format openapi-json \
	--urlconf config.docs --custom-settings config.docs.TITLE --validate --fail-on-warn --file

.DEFAULT_GOAL := help
.PHONY: help serve test fuzz test-browser check format lint types layers migrations deploy-check audit docs docs-check \
	bench bench-chat faults clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

serve: $(RUNTIME) ## set up and serve on HOST:PORT (127.0.0.1:8000), with the job consumer
	@$(BIN)/python manage.py serve --prepare --with-parent

test: $(TOOLS) ## set up and run the tests, on DATABASE_URL and REDIS_URL where set
	@$(BIN)/pytest -n auto --dist worksteal -m "not browser and not fuzz" $(ARGS)

fuzz: $(TOOLS) ## generated requests over the whole API document; FUZZ_EXAMPLES=60 for a long run
	@$(BIN)/pytest -n logical --dist worksteal -m fuzz tests/contract/test_schema_fuzz.py $(ARGS)

test-browser: $(TOOLS) ## the tests that drive a real Chromium
	@$(BIN)/pytest -n logical --dist loadfile -m browser $(ARGS)

check: format lint types layers migrations deploy-check docs-check audit ## everything but the tests

format: $(TOOLS)
	@$(BIN)/ruff format --check --quiet .

lint: $(TOOLS)
	@$(BIN)/ruff check --quiet .

types: $(TOOLS)
	@$(BIN)/mypy .

layers: $(TOOLS)
	@$(BIN)/lint-imports

migrations: $(TOOLS)
	@DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run

deploy-check: $(TOOLS)
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

audit: $(TOOLS)
	@$(BIN)/python .ci/audit.py

docs: $(TOOLS) ## write docs/openapi.json anew
	@mkdir -p docs
	@$(WRITE_SCHEMA) docs/openapi.json

docs-check: $(TOOLS)
	@$(WRITE_SCHEMA) .venv/openapi.json
	@diff -u docs/openapi.json .venv/openapi.json || { echo "docs/openapi.json is stale: run make docs."; exit 1; }

bench: $(TOOLS) $(COMPARED) ## measure speed against plain builds, on a PostgreSQL and a Redis that run here
	@$(BIN)/python -m bench $(ARGS)

bench-chat: $(TOOLS) ## measure chat alone, against Channels, Socket.IO and psycopg
	@$(BIN)/python -m bench chat --repeats 3 --seconds 1.5 $(ARGS)

faults: $(TOOLS) ## kill and stop things, and count what was lost
	@$(BIN)/python -m tests.faults $(ARGS)

clean: ## remove what was made here, except data in var/
	@rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: none found. Name one with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; $(PYTHON) is older." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

$(RUNTIME): requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what the server runs on"
	@$(PIP) -r requirements.txt
	@touch $@

$(TOOLS): requirements-dev.txt requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what the server runs on and what tests it"
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(RUNTIME)

$(COMPARED): bench/requirements.txt | .venv/bin/python
	@echo "Installing what is only compared with"
	@$(BIN)/python -m venv bench/.venv
	@bench/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@
