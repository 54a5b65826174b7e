# Every task of a developer, in an empty clone. It needs make and Python 3.11 or later.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
# The versions to install: pinned (those of constraints.txt), oldest or newest (those that pyproject.toml
# allows). Each choice has an environment of its own.
DEPENDENCIES ?= pinned
VENV ?= $(if $(filter pinned,$(DEPENDENCIES)),.venv,build/venv-$(DEPENDENCIES))
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# auto, embedded, local, container or a database URL; and the image of the container. Without a value,
# CONFORMANCE_ENGINE counts, then [tool.conformance] in pyproject.toml, then auto.
ENGINE ?=
IMAGE ?=
# The folder for the reports of `make conform`.
REPORTS ?= build/conformance
# How many generated examples `make test` tries: a profile (quick, thorough, nightly), or a number; and
# the seed of the examples.
PROFILE ?= quick
EXAMPLES ?=
SEED ?=
# The number of processes of `make coverage`.
WORKERS ?= 2
# For `make mutants`: any value keeps what an earlier run caught; the number of processes; a pattern of
# mutants.
AGAIN ?=
JOBS ?=
ONLY ?=
# Python keeps compiled modules, and pytest the tests that it rewrites, for the next process. Where the
# environment forbids it, as in many containers, each of the many processes would compile them again.
unexport PYTHONDONTWRITEBYTECODE
# A guarded command ends with make, even if make is killed.
GUARD := exec $(PYTHON) -I -S "$(CURDIR)/.ci/guard.py" $$PPID
ENGINE_OPTIONS := $(if $(ENGINE),--engine=$(ENGINE)) $(if $(IMAGE),--image=$(IMAGE))
PYTEST_OPTIONS := $(patsubst --%,--conformance-%,$(ENGINE_OPTIONS))

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL_pinned = $(PIP) install --constraint constraints.txt --editable '.[dev]'
INSTALL_newest = $(PIP) install --upgrade --editable '.[dev]'
INSTALL_oldest = $(PIP) install --constraint constraints.txt uv && $(BIN)/uv pip install --quiet \
	--python $(BIN)/python --resolution lowest-direct --editable '.[all,test]'

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(INSTALL_$(DEPENDENCIES))" \
		|| { echo "DEPENDENCIES is pinned, oldest or newest" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with PYTHON=..." >&2; exit 2; }
	@test -x $(BIN)/pip || $(GUARD) $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV)"
	@$(GUARD) $(SHELL) -c "$(INSTALL_$(DEPENDENCIES))"
	@# As pip does with a wheel: an environment that writes no bytecode would compile in every run.
	@$(BIN)/python -m compileall -q conformance models alembic
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Create .venv and install everything into it

.PHONY: conform
conform: $(INSTALLED) ## Start TimescaleDB, migrate, check every fact, print the verdict
	@$(GUARD) $(BIN)/conformance check $(ENGINE_OPTIONS) --reports=$(REPORTS)

# A test that hangs fails after faulthandler_timeout; pytest replaces its worker and runs the other tests.
.PHONY: test
test: $(INSTALLED) ## Everything: the suite and the tool's own tests
	@$(GUARD) $(BIN)/python -m pytest $(PYTEST_OPTIONS) --conformance-profile=$(PROFILE) \
		$(if $(EXAMPLES),--conformance-examples=$(EXAMPLES)) $(if $(SEED),--conformance-seed=$(SEED)) \
		-n 2 --dist worksteal --quiet --durations=20 -o faulthandler_exit_on_timeout=true \
		--junitxml=build/conformance/junit-test.xml conformance/suite tests

.PHONY: nightly
nightly: $(INSTALLED) ## The suite with thousands of examples, which differ each time
	@$(GUARD) $(BIN)/conformance check $(ENGINE_OPTIONS) --profile=nightly --reports=$(REPORTS) \
		$(if $(EXAMPLES),--examples=$(EXAMPLES)) $(if $(SEED),--seed=$(SEED)) -n 2

.PHONY: lint
lint: $(INSTALLED) ## Format and lint the code, check its types and the spelling
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/codespell
	@$(BIN)/mypy

.PHONY: check-lint
check-lint: $(INSTALLED) ## The same, without changing files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell
	@$(BIN)/mypy

# One list of [tool.mutmut]: the pure modules, or their tests.
MUTMUT := $(BIN)/python -I -c 'import sys, tomllib; \
	print(sys.argv[2].join(tomllib.load(open("pyproject.toml", "rb"))["tool"]["mutmut"][sys.argv[1]]))'

.PHONY: coverage-pure
coverage-pure: $(INSTALLED) ## Run the pure tests; fails if they miss a line of a pure module
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(GUARD) $(BIN)/coverage run -m pytest -n 0 --quiet \
		$$($(MUTMUT) pytest_add_cli_args_test_selection ' ')
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=100 --include="$$($(MUTMUT) only_mutate ,)"

# After the pure tests alone, which reach every line and branch of the pure modules: the tests that
# are not slow, on the embedded engine, without those of tests/suite, which run the whole suite on broken
# schemas; and one check, which runs the suite. fail_under in pyproject.toml is the figure.
.PHONY: coverage
coverage: coverage-pure ## Measure coverage of quick tests and one check; fails below the figure
	@$(GUARD) $(BIN)/coverage run -m pytest --conformance-engine=embedded -m "not slow" \
		-n $(WORKERS) --dist worksteal --quiet --ignore=tests/suite tests
	@$(GUARD) $(BIN)/coverage run -m conformance check --engine=embedded \
		--reports=build/coverage/conformance
	@$(BIN)/coverage combine --append --quiet
	@$(BIN)/coverage html --quiet --directory build/coverage/html
	@$(BIN)/coverage report

.PHONY: mutants
mutants: $(INSTALLED) ## Change the pure modules at random; fails if no test notices
	@$(GUARD) $(BIN)/python -I .ci/mutants.py $(if $(AGAIN),--again) \
		$(if $(JOBS),--max-children=$(JOBS)) $(if $(ONLY),'$(ONLY)')

.PHONY: docs
docs: $(INSTALLED) ## Build the site in build/docs/html; a broken link is an error
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --builder html \
		--doctree-dir build/docs/doctrees docs build/docs/html

.PHONY: dist
dist: $(INSTALLED) ## Build the wheel and the source distribution in build/dist
	@rm -rf build/dist
	@$(BIN)/uv build --quiet --out-dir build/dist
	@$(BIN)/uv tool run --quiet twine@7.0.0 check --strict build/dist/*.whl build/dist/*.tar.gz

# The tests are copied to a folder where Python does not find the checkout, so they test the wheel.
.PHONY: wheel-test
wheel-test: dist ## Install the wheel into a clean environment and test it there
	@rm -rf build/wheel-test
	@$(PYTHON) -m venv build/wheel-test/venv
	@build/wheel-test/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt "$$(echo build/dist/*.whl)[all]" mypy pytest
	@mkdir -p build/wheel-test/tests && cp -R tests/package build/wheel-test/tests/
	@cd build/wheel-test && WHEEL="$$(echo $(CURDIR)/build/dist/*.whl)" \
		PIP_CONSTRAINT="$(CURDIR)/constraints.txt" \
		$(GUARD) venv/bin/python -I -m pytest -c /dev/null --rootdir . --quiet tests/package

.PHONY: bench
bench: $(INSTALLED) ## Print benchmark tables, measured side by side
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
down: ## Stop the developer's server; its data stay
	docker compose down

.PHONY: migrate
migrate: $(INSTALLED) ## Migrate the server of DATABASE_URL
	@$(BIN)/alembic upgrade head

.PHONY: clean
clean: ## Remove .venv and build products
	rm -rf .venv build mutants *.egg-info
