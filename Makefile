# Every target works as the first command on a fresh checkout; what is there already is not made again.
.DEFAULT_GOAL := help
.PHONY: help setup temporal demo up test test-clients check bench bench-tools chaos clean

BIN := .venv/bin
# Changed pins, or a changed list of dependencies, set the environment up again.
STAMP := .venv/.set-up

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## Prepare .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	  if "$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer with venv was found. Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; \
	fi; \
	echo "Setting up .venv with $$found (a minute or two, once) ..." >&2; \
	"$$found" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

temporal: setup ## Find Temporal's server, or download or build it
	@$(BIN)/chatgpt-api temporal >/dev/null

demo: setup temporal ## Start everything on the simulator and show it; ONCE=1 stops after the tour
	@$(BIN)/chatgpt-api up --demo --tour $(if $(filter-out 0,$(ONCE)),--once)

up: setup temporal ## Start everything on your own accounts
	@$(BIN)/chatgpt-api up

# Most tests wait for something most of the time, so two at once take little more than half as long.
test: setup temporal ## Run every test, two at once; ARGS="tests/cli -k lock" runs some, WORKERS=0 one by one
	@$(BIN)/pytest -n $(or $(WORKERS),2) --dist worksteal $(ARGS)

# Apart from `make test`, since it fetches two gigabytes of other people's programs into ~/.cache once.
test-clients: setup temporal ## Run docs/clients with the real clients, fetched once; ARGS=tests/clients/test_codex.py runs some
	@$(BIN)/python -m tests.clients.installing
	@$(BIN)/pytest -n $(or $(WORKERS),2) --dist worksteal $(or $(ARGS),tests/clients)

check: setup ## Lint, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup temporal ## Measure; writes docs/benchmarks.md
	@$(BIN)/python tests/bench/run.py

bench-tools: setup ## Replay replies of models: calls found, missed, invented, and the time it takes
	@$(BIN)/python -m tests.bench.tools

chaos: setup temporal ## Kill everything at random while operations run; SECONDS=600 SEED=7
	@$(BIN)/python -m tests.chaos.run --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

clean: ## Remove what the targets made, but no data of yours
	rm -rf .venv .demo .demo-* .bench dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
