# `make test` and `make demo` set up what they need by themselves: Python 3.11 or newer is all that must be there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help test lint types pytest terraform terraform-again checkov histories faults demo bench format lock clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first Python that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

help: ## show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: lint types terraform pytest histories ## format, lint, types, tests with coverage, histories of faults, and the Terraform checks

demo: $(READY) ## show the main job on sample logs: local, no account needed, nothing left running
	@$(BIN)/python -m cloudtrail_to_slack_dev.demo

lint: $(READY) ## ruff: format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

# They take Terraform and longer, and come with `make terraform-again`.
TERRAFORM_TESTS := $(addprefix tests/test_,moving_over.py packages.py realtime_forwarder.py restart_role_policy.py role_policy.py \
	tripwire.py)

pytest: $(READY) ## the Python tests, with coverage (branches counted)
	$(BIN)/python -m pytest -n auto --cov --cov-report=term --ignore=tests/faults $(TERRAFORM_TESTS:%=--ignore=%)

# Without coverage: the histories trace lines themselves, to end a process between any two.
histories: export FAULTS_SECONDS ?= 20
histories: $(READY) ## random histories of faults, as many as twenty seconds have
	$(BIN)/python -m pytest -n auto tests/faults

N ?= 2000
SEED ?=
PROCESSES ?= $(shell getconf _NPROCESSORS_ONLN)

faults: $(READY) ## as many random histories of faults as asked for: N=50000 SEED= PROCESSES=
	@PYTHONPATH=tests $(BIN)/python -m faults $(N) $(if $(SEED),--seed $(SEED)) --processes $(PROCESSES)

terraform: ## terraform fmt, validate and test; without Terraform it says what it skipped
	@if command -v terraform >/dev/null; then \
		bash tests/terraform.sh; \
	else \
		echo 'skipped: terraform fmt, validate and test, because there is no terraform on this machine'; \
	fi

checkov: build/checkov/.ready ## look for insecure settings in the Terraform code; skips stand in it, with reasons
	build/checkov/bin/checkov --directory . --framework terraform --compact --quiet --skip-download \
		--skip-path '^build/' --skip-path '^.venv/' --skip-path '^tests/'

.PHONY: e2e package

e2e: $(READY) ## apply every example to a local AWS, wait for its alert, destroy it (needs Terraform)
	$(BIN)/python -m pytest e2e -n 4 --dist=worksteal  # more than there are cores: most of it is the provider waiting for queues

RUNTIME ?= python3.13
ARCHITECTURE ?= arm64

package: ## build a whole zip for lambda_package, for RUNTIME, ARCHITECTURE and, if given, with CONFIG
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed and was not found; set PYTHON=…' >&2; exit 1; }
	@PYTHONPATH=src "$(PYTHON)" -m cloudtrail_to_slack_build.package --runtime "$(RUNTIME)" \
		--architecture "$(ARCHITECTURE)" $(if $(CONFIG),--config "$(CONFIG)")

terraform-again: $(READY) ## the module with the schema of AWS provider 6, its examples, policies, packages and submodules (in CI)
	@bash tests/terraform.sh again
	$(BIN)/python -m pytest -n auto $(TERRAFORM_TESTS)

bench: $(READY) ## measure speed, memory and cold start, as ratios (some two minutes)
	@$(BIN)/python -m bench

format: $(READY) ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## pin what the Lambda carries, with hashes, in requirements.txt
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.txt

clean: ## remove everything that was made
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*

# The Lambda's own pins come first, hash-checked, so that what is tested is what is shipped.
$(READY): pyproject.toml requirements.txt
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed and was not found; set PYTHON=…' >&2; exit 1; }
	@echo "setting up $(VENV) with $$("$(PYTHON)" --version), once"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# Many dependencies, so in an environment of its own.
build/checkov/.ready: Makefile
	@"$(PYTHON)" -m venv --clear build/checkov
	@build/checkov/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
	@touch $@
