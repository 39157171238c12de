# Each target creates the virtual environment that it needs, and again when the requirements change.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
IS_PYTHON_NEW_ENOUGH := import sys; sys.version_info >= (3, 11) or sys.exit( \
    "Python 3.11 or newer is required, not %d.%d; set PYTHON=python3.11" % sys.version_info[:2])
PORT ?= 3000
LATENCY ?= 2000-3000
AUTH ?= none
ORDERS ?= 10
MINUTES ?= 2
SEED ?=
STAGE ?= local
PYTEST_ARGS ?=
BENCH_ARGS ?=
BASELINE ?=
JSON ?=
AUDIT_ARGS ?=
KEYS_ARGS ?= list
DEPLOY_ARGS ?=
DATABASE ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo dev local test test-localstack check bench bench-router bench-watch cost live-quotes audit chaos fuzz deploy status destroy keys halt resume redrive collection screenshots clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

setup: .venv/.dev ## Create the virtual environment in .venv

# The local stack needs less than the tests: a first `make demo` does not wait for their tools.
.venv/.local: requirements.txt requirements-local.txt pyproject.toml
	@$(PYTHON) -c '$(IS_PYTHON_NEW_ENOUGH)'
	@echo "setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) -r requirements-local.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.local requirements-dev.txt
	@echo "adding checks and tests to .venv (a minute or two, once)"
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: .venv/.local ## Run ORDERS orders through a temporary stack, at LATENCY ms, and show them live
	@$(BIN)/python -m infra.local.demo --orders=$(ORDERS) --latency=$(LATENCY)

dev: .venv/.local ## Run the stack on PORT until Ctrl-C, with its data in .local/
	@$(BIN)/python -m infra.local.dev --port=$(PORT) --latency=$(LATENCY) --auth=$(AUTH)

local: .venv/.local ## Serve HTTP with `chalice local` on port 8000, against the stack of `make dev`
	@$(BIN)/python -m infra.local.chalice_local

test: setup ## Run all tests, including those of the deployed package; PYTEST_ARGS selects
ifeq ($(PYTEST_ARGS),)
	@$(BIN)/python -m pytest --numprocesses auto --quiet
else
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

test-localstack: setup ## Run the tests of tests/localstack on LocalStack without Docker, or on LOCALSTACK_HOST
	@$(BIN)/python -m infra.local.localstack

.venv-checkov/.ready: requirements-checkov.txt
	@echo "setting up .venv-checkov (a minute, once)"
	@$(PYTHON) -m venv --clear .venv-checkov
	@.venv-checkov/bin/python -m pip install -qq --disable-pip-version-check -r requirements-checkov.txt
	@touch $@

check: setup .venv-checkov/.ready ## Check lint, format, types, layers, the template and the sizes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m infra.verify.sizes
	@$(BIN)/python -m infra.verify.security

bench: ORDERS = 1000
bench: ROUNDS ?= 3
bench: .venv/.local ## Measure what ORDERS orders cost, medians of ROUNDS; BASELINE compares with a commit, JSON=1 for JSON
	@$(BIN)/python -m infra.verify.bench.orders --orders=$(ORDERS) --rounds=$(ROUNDS) $(BASELINE:%=--baseline=%) $(if $(JSON),--json) $(BENCH_ARGS)

cost: .venv/.local ## Count on the local stack what orders use, and print what a million cost on AWS; BENCH_ARGS=--json
	@$(BIN)/python -m infra.verify.cost $(BENCH_ARGS)

bench-watch: .venv/.local ## Measure what a slot costs with 100,000 orders waiting; BENCH_ARGS=--json for JSON
	@$(BIN)/python -m infra.verify.bench.watch $(BENCH_ARGS)

bench-router: .venv/.local ## Measure quotes and plans per second on this machine; BENCH_ARGS=--json for JSON
	@$(BIN)/python -m infra.verify.bench.router $(BENCH_ARGS)

live-quotes: .venv/.local ## Compare the curves with quotes of the main network: QUOTES=dir on ACCOUNTS=dir, by file name
	@$(BIN)/python -m infra.verify.live_quotes $(ACCOUNTS:%=--accounts=%) $(QUOTES:%=--quotes=%)

audit: .venv/.local ## Compare orders, events and the chain's ledger of `make dev`, or of DATABASE_URL
	@$(BIN)/python -m infra.operate.audit $(AUDIT_ARGS)

chaos: ORDERS = 4
chaos: .venv/.local ## Inject faults for MINUTES at ORDERS orders a second, then audit; SEED repeats a run
	@$(BIN)/python -m infra.verify.chaos.run --minutes=$(MINUTES) --orders=$(ORDERS) $(SEED:%=--seed=%)

fuzz: CASES ?= 2000
fuzz: setup ## Check the answers to CASES generated requests against the OpenAPI document; SEED repeats a run
	@$(BIN)/python -m infra.verify.fuzz --cases=$(CASES) $(SEED:%=--seed=%)

deploy: .venv/.local ## Deploy the code to STAGE: `local` is the running `make dev`, any other name is AWS
	@$(BIN)/python -m infra.deploy --stage=$(STAGE) $(DATABASE:%=--database=%) $(DEPLOY_ARGS)

status: .venv/.local ## Show how STAGE on AWS is: stacks, schema, queues, watcher, alarms, orders of the last hour
	@$(BIN)/python -m infra.operate.status --stage=$(STAGE)

destroy: .venv/.local ## Delete STAGE from AWS; a snapshot of its own database stays
	@$(BIN)/python -m infra.operate.destroy --stage=$(STAGE)

keys: .venv/.local ## Create, revoke or list API keys: KEYS_ARGS="create OWNER [--scope read]", "revoke ID", "list"
	@$(BIN)/python -m infra.operate.keys --stage=$(STAGE) $(KEYS_ARGS)

halt: .venv/.local ## Take no orders and sign nothing new, in STAGE, DATABASE_URL or the running `make dev`
	@$(BIN)/python -m infra.operate.halt --stage=$(STAGE) halt

resume: .venv/.local ## Take and sign orders again
	@$(BIN)/python -m infra.operate.halt --stage=$(STAGE) resume

redrive: .venv/.local ## Return the dead letters of STAGE to their queues
	@$(BIN)/python -m infra.operate.redrive --stage=$(STAGE)

screenshots: setup ## Take pictures of the dashboard into build/screenshots, and the README's into docs
	@BROWSER_REQUIRED=1 $(BIN)/python -m pytest --quiet tests/browser/test_views.py
	@cp build/screenshots/wide-light-trade.png docs/dashboard.png

collection: .venv/.local ## Write the Postman collection from the OpenAPI document
	@$(BIN)/python -m infra.generate.collection

clean: ## Delete everything these targets created, including the local data
	@! test -x $(BIN)/python || $(BIN)/python -m infra.local.lock .local
	@rm -rf .local .venv .venv-localstack .venv-checkov build *.egg-info .chalice/deployments
