# `make up` is the main job, `make test` the tests. STACK=local unless said otherwise.
STACK = local
BIN = .venv/bin
OPERATIONS = $(BIN)/python -m operations
SOURCES = components operations policies runtime bench
# A cloud's SDK is installed only for stacks on it: requirements-aws.txt, requirements-gcp.txt
PROVIDER = $(shell sed -n 's/^ *managed-postgres:provider: *//p' Pulumi.$(STACK).yaml 2>/dev/null)
YES_FLAG = $(if $(filter 1 yes true,$(YES)),--yes)

# Where it is set every command, and every process that a test starts, would compile all its modules anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down status preview review gate drift drill test collect lint bench docs lock install install-dev cli

up: install ## bring the stack up; mends what was killed
	@$(OPERATIONS) up --stack $(STACK)

down: install ## take it down, data included; asks first (YES=1 for scripts)
	@$(OPERATIONS) down --stack $(STACK) $(YES_FLAG)

status: install ## what runs: exit code 0 all, 1 something is down, 2 cannot tell
	@$(OPERATIONS) status --stack $(STACK)

preview: install ## what `up` would do
	@$(OPERATIONS) preview --stack $(STACK)

review: install-dev ## what a change would create, break and cost, without a cloud (AGAINST=main compares)
	@$(OPERATIONS) review --stack $(STACK) $(if $(AGAINST),--against $(AGAINST))

gate: install ## a real preview with its policies, judged: exit code 1 when data or protection would be lost
	@$(OPERATIONS) gate --stack $(STACK)

drift: install ## exit code 1 when the cloud or the program is not as the last `up` left it
	@$(OPERATIONS) preview --stack $(STACK) --expect-no-changes

drill: install ## restore the newest backup to a scratch place, check it, write evidence/$(STACK).json
	@$(OPERATIONS) drill --stack $(STACK)

test: cli ## every test
	@$(MAKE) --no-print-directory -j 2 lint collect
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile

# All modules are compiled once, beside the check of types, and not by four workers at the same moment
collect: install-dev
	@$(BIN)/python -m pytest -q --collect-only >/dev/null || true

lint: install-dev ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy $(SOURCES)

bench: install-dev ## ratios of two things, each with its bar
	@$(BIN)/python -m bench

docs: install ## write the settings table into the README
	@$(BIN)/python -m components.settings.table README.md
	@$(BIN)/python -m policies.table

lock: install-dev ## pin what pyproject.toml asks for (UPGRADE=1: the newest that fit)
	@$(BIN)/python -m pip install --quiet uv
	@$(COMPILE) -o requirements.txt
	@$(COMPILE) --extra aws -c requirements.txt -o requirements-aws.txt
	@$(COMPILE) --extra gcp -c requirements.txt -o requirements-gcp.txt
	@$(COMPILE) --extra dev --extra aws --extra gcp -c requirements.txt -c requirements-aws.txt -c requirements-gcp.txt -o requirements-dev.txt
COMPILE = $(BIN)/python -m uv pip compile --quiet $(if $(UPGRADE),--upgrade) pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate

install:
	@sh operations/install.sh $(or $(wildcard requirements-$(PROVIDER).txt),requirements.txt requirements-postgres.txt)

install-dev:
	@sh operations/install.sh requirements-dev.txt requirements-postgres.txt

cli: install-dev
	@$(BIN)/python -c "from operations.engine.pulumi_cli import ensure_cli; ensure_cli()"
