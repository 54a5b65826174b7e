# Everything a developer does, from an empty clone: needs only make and Python 3.11 or later.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# auto, embedded, local, container or a database URL; and the container's image. Where neither is given,
# CONFORMANCE_ENGINE or [tool.conformance] in pyproject.toml decides, and else auto.
ENGINE ?=
IMAGE ?=
# Where `make conform` writes its reports.
REPORTS ?= build/conformance
# How many generated examples `make test` tries: quick, thorough or nightly, or a number; and the
# seed that they are drawn from.
PROFILE ?= thorough
EXAMPLES ?=
SEED ?=
# What make starts ends with make, even if that is killed.
GUARD := exec $(PYTHON) -I .ci/guard.py $$PPID
ENGINE_OPTIONS := $(if $(ENGINE),--engine=$(ENGINE)) $(if $(IMAGE),--image=$(IMAGE))
PYTEST_OPTIONS := $(patsubst --%,--conformance-%,$(ENGINE_OPTIONS))

.PHONY: help
help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with PYTHON=..." >&2; exit 2; }
	@test -x $(BIN)/pip || $(GUARD) $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV)"
	@$(GUARD) $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Create .venv and install everything into it

.PHONY: conform
conform: $(INSTALLED) ## Start TimescaleDB, migrate, check every fact, print the verdict
	@$(GUARD) $(BIN)/conformance check $(ENGINE_OPTIONS) --reports=$(REPORTS)

.PHONY: test
test: $(INSTALLED) ## Everything: the suite and the tool's own tests
	@$(GUARD) $(BIN)/python -m pytest $(PYTEST_OPTIONS) --conformance-profile=$(PROFILE) \
		$(if $(EXAMPLES),--conformance-examples=$(EXAMPLES)) $(if $(SEED),--conformance-seed=$(SEED)) \
		-n 2 --dist worksteal --quiet \
		--junitxml=build/conformance/junit-test.xml conformance/suite tests

.PHONY: lint
lint: $(INSTALLED) ## Format and lint the code, check its types
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/mypy

.PHONY: check-lint
check-lint: $(INSTALLED) ## The same, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

.PHONY: bench
bench: $(INSTALLED) ## Benchmark tables, measured side by side
	@$(GUARD) $(BIN)/python -m benchmarks $(if $(filter-out auto,$(ENGINE)),--engine=$(ENGINE))

.PHONY: constraints
constraints: ## Refresh constraints.txt from the newest versions that pyproject.toml allows
	@$(PYTHON) -m venv build/constraints
	@build/constraints/bin/python -m pip install --quiet --editable '.[dev]'
	@{ sed -n '/^\#/p' constraints.txt; build/constraints/bin/python -m pip freeze --exclude-editable; } \
		> build/constraints.txt && mv build/constraints.txt constraints.txt
	@rm -rf build/constraints

.PHONY: up
up: ## Start a developer's server (Docker)
	@docker compose version > /dev/null 2>&1 \
		|| { echo "Docker with its compose plugin is needed; or name a server in DATABASE_URL" >&2; exit 2; }
	docker compose up --detach --wait

.PHONY: down
down: ## Stop it; its data stay
	docker compose down

.PHONY: migrate
migrate: $(INSTALLED) ## Migrate the server of DATABASE_URL
	@$(BIN)/alembic upgrade head

.PHONY: clean
clean: ## Remove .venv and build products
	rm -rf $(VENV) build *.egg-info
