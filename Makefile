# Each target sets itself up: a virtual environment in .venv, made anew when the requirements change.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
PORT ?= 3000
LATENCY ?= 2000-3000
AUTH ?= none
ORDERS ?= 10
MINUTES ?= 2
SEED ?=
STAGE ?= local
PYTEST_ARGS ?=
BENCH_ARGS ?=
AUDIT_ARGS ?=
KEYS_ARGS ?= list
DEPLOY_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo dev local test test-localstack check bench-router audit chaos fuzz deploy keys redrive collection screenshots clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

setup: .venv/.dev ## Make the virtual environment

# What the local stack needs comes first, so that a first look does not wait for the test tools.
.venv/.local: requirements.txt requirements-local.txt pyproject.toml
	@echo "setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) -r requirements-local.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.local requirements-dev.txt
	@echo "adding checks and tests to .venv (a minute or two, once)"
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: .venv/.local ## Run ORDERS orders through the whole stack, at LATENCY ms, and show them live
	@$(BIN)/python -m infra.local.demo --orders $(ORDERS) --latency $(LATENCY)

dev: .venv/.local ## Keep the stack up on PORT, its data under .local/
	@$(BIN)/python -m infra.local.dev --port $(PORT) --latency $(LATENCY) --auth $(AUTH)

local: .venv/.local ## `chalice local` for HTTP, against the stack of `make dev`
	@$(BIN)/python -m infra.local.chalice_local

test: setup ## All tests, the deployed artifact included; PYTEST_ARGS chooses
ifeq ($(PYTEST_ARGS),)
	@$(BIN)/python -m pytest --numprocesses auto --quiet
else
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

test-localstack: setup ## What runs of the integration tests on LocalStack, or all on LOCALSTACK_HOST
	@$(BIN)/python -m infra.local.localstack

check: setup ## Lint, format, types, layers, template, sizes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m infra.verify.sizes

bench-router: .venv/.local ## Quotes and plans per second on this machine; BENCH_ARGS=--json for JSON
	@$(BIN)/python -m infra.verify.bench.router $(BENCH_ARGS)

audit: .venv/.local ## Compare orders, events and the chain's ledger
	@$(BIN)/python -m infra.operate.audit $(AUDIT_ARGS)

chaos: ORDERS = 4
chaos: .venv/.local ## Break the stack for MINUTES under ORDERS a second, and audit it; SEED repeats
	@$(BIN)/python -m infra.verify.chaos.run --minutes $(MINUTES) --orders $(ORDERS) $(SEED:%=--seed %)

fuzz: CASES ?= 2000
fuzz: setup ## Hold a running stack to its OpenAPI document with CASES generated requests; SEED repeats
	@FUZZ_CASES=$(CASES) FUZZ_SEED=$(SEED) $(BIN)/python -m pytest tests/acceptance/test_schemathesis.py -s

deploy: .venv/.local ## Deploy STAGE: local (the running `make dev`) or any other name on AWS
	@$(BIN)/python -m infra.deploy --stage $(STAGE) $(DEPLOY_ARGS)

keys: .venv/.local ## API keys: KEYS_ARGS="create OWNER [--scope read]", "revoke ID" or "list"
	@$(BIN)/python -m infra.operate.keys $(KEYS_ARGS)

redrive: .venv/.local ## Return the dead letters of STAGE to their queues
	@$(BIN)/python -m infra.operate.redrive --stage $(STAGE)

screenshots: setup ## Pictures of the dashboard to build/screenshots, the README's to docs
	@BROWSER_REQUIRED=1 $(BIN)/python -m pytest --quiet tests/browser/test_views.py
	@cp build/screenshots/wide-light-trade.png docs/dashboard.png

collection: .venv/.local ## Write the Postman collection from the OpenAPI document
	@$(BIN)/python -m infra.generate.collection

clean: ## Remove what the targets made, the local data included
	@rm -rf .local .venv .venv-localstack build *.egg-info .chalice/deployments
