# `make help` lists the targets. Every one works in a fresh clone; `make test` is what CI runs.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# newest first; 3.15 only as plain python3, since some locked packages have no wheels for it yet
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORKERS := 2
PEERS := medallion opentaxii
PORT :=

.DEFAULT_GOAL := help
.PHONY: help dev run test test-long check lint fix bench vectors migrate lock tools peers bench-peers

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

dev: $(STAMP) ## Make .venv with everything in it, each download checked against its hash

$(BIN)/python:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$(VENV): made with $$($$python -V)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with venv found: install one (Debian: apt-get install python3 python3-venv)." >&2; \
	exit 1

$(STAMP): requirements/build.txt requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "$(VENV): installing what requirements/dev.txt lists; the first time takes about a minute"
	@$(INSTALL) --require-hashes -r requirements/build.txt
	@$(INSTALL) --require-hashes --no-build-isolation -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

run: dev ## Run a hub with demo members, agreements and incidents; data in var/ (PORT=8481: on another port)
	HUB_DATA_DIR="$${HUB_DATA_DIR:-var}" $(BIN)/cirt-hub demo $(if $(PORT),--port $(PORT))

test: lint tools ## Check and test everything but what is marked long
	$(BIN)/pytest -q -m "not long" -n $(WORKERS)

test-long: dev tools ## Run the chains, sweeps and fuzzing
	$(BIN)/pytest -q -m long --hypothesis-profile=long

check: lint ## Before a commit: lint, and the tests that need no database
	$(BIN)/pytest -q -m "not long" tests/house tests/keys tests/feeds tests/policies

lint: dev ## Check format, lint, types and the arrows between the packages
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: dev ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: dev tools ## Measure publish and poll on both databases
	$(BIN)/python tests/bench/run.py

bench-peers: dev tools peers ## Compare publish, drain, poll and losses with OpenTAXII and medallion
	$(BIN)/python tests/bench/peers.py

peers: $(PEERS:%=.peers/%/.installed) ## Install other TAXII servers to check and to compare with, each in an environment of its own

.peers/%/.installed: requirements/peers-%.txt | $(BIN)/python
	@echo ".peers/$*: installing what $< lists"
	@$(BIN)/python -m venv --clear .peers/$*
	@.peers/$*/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $<
	@touch $@

vectors: dev ## Make the golden vectors again; fail if that changed them
	set -e; for generator in tests/vectors/make_*.py; do PYTHONPATH=tests $(BIN)/python $$generator; done
	git --no-pager diff --exit-code -- tests/vectors
	@test -z "$$(git ls-files --others --exclude-standard tests/vectors)" || { git status --short tests/vectors; exit 1; }

migrate: dev ## Bring the database of HUB_DATABASE_URL to this version
	$(BIN)/cirt-hub init --exist-ok

lock: ## Resolve requirements/*.txt again with uv; versions that still fit are kept
	$(COMPILE) requirements/build.in --output-file requirements/build.txt
	$(COMPILE) pyproject.toml requirements/dev.in --extra server -c requirements/build.txt --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra server -c requirements/dev.txt --output-file requirements/server.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt --output-file requirements/cirt.txt
	for peer in $(PEERS); do $(COMPILE) requirements/peers-$$peer.in --output-file requirements/peers-$$peer.txt; done

tools: dev # PostgreSQL, nginx and openssl for the tests, or a plain word about what to install
	@cd tests && ../$(BIN)/python -m support.tools
