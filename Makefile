# `make test` and `make demo` set up what they need by themselves: Python 3.11 or newer is all that must be there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help test test-all lint types pytest terraform-fmt thorough newest-python histories faults terraform e2e checkov spark \
	demo package layer scorecard bench pictures format lock clean
.NOTPARALLEL: # the tests use all cores by themselves

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first Python that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

help: ## show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: lint types pytest terraform-fmt ## format, lint, types and tests: some two minutes of CPU, and no Terraform providers
	@echo 'make test passed; coverage, long tests, fault histories, Terraform, examples and checkov: make test-all'

test-all: SEED = 1
test-all: test scorecard thorough histories faults terraform e2e checkov spark ## all that CI runs: make test, and everything that takes longer

demo: $(READY) ## show the main job on sample logs: local, no account needed, nothing left running
	@$(BIN)/python -m cloudtrail_to_slack_dev.demo

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

# Each process collects all tests and starts a local AWS of its own, so many of them cost more than they save.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses
# They take Terraform, and come with `make terraform`.
TERRAFORM_TESTS := $(shell grep -rl --include='test_*.py' '^from support.terraform import' tests | sort)
PYTHON_TESTS := --ignore=tests/simulation $(TERRAFORM_TESTS:%=--ignore=%)

pytest: $(READY) ## the Python tests but the long ones, with few examples of each property
	$(PYTEST) 2 $(PYTHON_TESTS) -m 'not long' --examples 0.1

thorough: $(READY) ## all Python tests, with many examples of each property, and coverage (branches counted, 95 % at least)
	$(PYTEST) 4 $(PYTHON_TESTS) --examples 1 --cov --cov-report=term

# Lambda's default runtime is newer than the oldest Python that is supported. pyenv's Pythons count too.
newest-python: ## the Python tests once more, with the newest Python that is here, if that is another one
	@newest=$$(for version in 3.14 3.13 3.12; do \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python$$version; do \
			"$$python" -c 'import sys, venv; print(sys.executable)' 2>/dev/null && break 2; done; done || true); \
	if [ -z "$$newest" ] || [ "$$("$$newest" -c 'import sys; print(*sys.version_info[:2])')" = \
			"$$("$(PYTHON)" -c 'import sys; print(*sys.version_info[:2])')" ]; then \
		echo 'skipped: the tests with a newer Python, because there is none'; \
	else $(MAKE) --no-print-directory VENV=build/newest-python PYTHON="$$newest" pytest; fi

# Without coverage: the histories trace lines themselves, to end a process between any two.
histories: export FAULTS_SECONDS ?= 20
histories: $(READY) ## random histories of faults, as many as twenty seconds have
	$(PYTEST) 4 tests/simulation

N ?= 2000
SEED ?=
PROCESSES ?= $(shell getconf _NPROCESSORS_ONLN)

faults: $(READY) ## as many random histories of faults as asked for: N=50000 SEED=7 PROCESSES=2
	@PYTHONPATH=tests $(BIN)/python -m simulation $(N) $(if $(SEED),--seed $(SEED)) --processes $(PROCESSES)

# It runs a command where Terraform can work, else says what is skipped; with REQUIRE_TERRAFORM=1 it fails instead.
WITH_TERRAFORM := $(BIN)/python tests/support/with_terraform.py

terraform-fmt: $(READY)
	@$(WITH_TERRAFORM) 'terraform fmt' terraform fmt -check -recursive -diff

terraform: $(READY) ## terraform validate and test of the module and its submodules, its policies and its packages
	@$(WITH_TERRAFORM) --providers 'terraform validate and test' bash tests/terraform.sh
	@test -n "$${TF_CLI_CONFIG_FILE_V6:-}" || \
		echo 'skipped: tests of policies and packages, because TF_CLI_CONFIG_FILE_V6 names no providers that create nothing'
	$(PYTEST) 4 -rfE $(TERRAFORM_TESTS)

checkov: build/checkov/.ready ## look for insecure settings in the Terraform code; skips stand in it, with reasons
	build/checkov/bin/checkov --directory . --framework terraform --compact --quiet --skip-download \
		--skip-path '^build/' --skip-path '^.venv/' --skip-path '^tests/'

e2e: $(READY) ## apply every example to a local AWS, wait for its alert, destroy it (needs Terraform)
	@$(WITH_TERRAFORM) --providers 'the end-to-end tests' $(BIN)/python -m pytest e2e -n 4 --dist=worksteal  # more than there are cores: most of it is the provider waiting for queues

RUNTIME ?= python3.13
ARCHITECTURE ?= arm64

package: ## build a zip for lambda_package, for RUNTIME and ARCHITECTURE; with CONFIG a whole function's
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed and was not found; set PYTHON=…' >&2; exit 1; }
	@PYTHONPATH=src "$(PYTHON)" -m cloudtrail_to_slack_build.package --runtime "$(RUNTIME)" \
		--architecture "$(ARCHITECTURE)" $(if $(CONFIG),--config "$(CONFIG)")

layer: ## build a zip of the dependencies, to publish as a layer, for RUNTIME and ARCHITECTURE
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed and was not found; set PYTHON=…' >&2; exit 1; }
	@PYTHONPATH=src "$(PYTHON)" -m cloudtrail_to_slack_build.package --runtime "$(RUNTIME)" \
		--architecture "$(ARCHITECTURE)" --dependencies

scorecard: $(READY) ## the packs' rules, techniques and alerts on real logs, compared with the committed figures
	@$(BIN)/python -m cloudtrail_to_slack_dev.scorecard

bench: $(READY) ## measure speed, memory and cold start, as ratios (some two minutes)
	@$(BIN)/python -m bench

pictures: $(READY) ## take the pictures that the documentation shows, of an alert and of the preview page (needs Chromium)
	@PYTHONPATH=tests $(BIN)/python -m support.pictures

format: $(READY) ## format the code and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: build/lock/.ready ## pin what the Lambda carries, with hashes, in requirements.txt
	build/lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.txt

clean: ## remove everything that was made
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*

# The Lambda's own pins come first, hash-checked, so that what is tested is what is shipped. Nothing is compiled in advance:
# much of it is never loaded.
$(READY): pyproject.toml requirements.txt
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed and was not found; set PYTHON=…' >&2; exit 1; }
	@echo "creating $(VENV) with $$("$(PYTHON)" --version); this and the next two steps are done once"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile pip==26.3  # half the time of Python 3.11's
	@echo 'installing what the function carries, pinned in requirements.txt'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.txt
	@echo 'installing this project and its development tools, pinned in pyproject.toml (some minutes on a slow line)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	@touch $@

# It runs a command where Java works, else says what is skipped; with REQUIRE_SPARK=1 it fails instead.
spark: $(READY) ## backtests on Apache Spark, in an environment of its own of 500 MB (needs Java)
	@$(BIN)/python tests/support/with_java.py 'tests on Apache Spark' $(MAKE) --no-print-directory spark-tests

.PHONY: spark-tests
spark-tests: build/spark/.ready
	PATH="$(CURDIR)/build/spark/bin:$$PATH" build/spark/bin/python -m pytest -q --noconftest tests/spark

build/spark/.ready: pyproject.toml
	@echo 'installing PySpark into build/spark, once'
	@"$(PYTHON)" -m venv --clear build/spark
	@build/spark/bin/pip install --quiet --disable-pip-version-check --editable '.[cli]' pyspark==4.0.1 pytest==9.2.0 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
	@touch $@

build/lock/.ready: Makefile
	@"$(PYTHON)" -m venv --clear build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@

# Many dependencies, so in an environment of its own.
build/checkov/.ready: Makefile
	@echo 'installing checkov into build/checkov, once'
	@"$(PYTHON)" -m venv --clear build/checkov
	@build/checkov/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
	@touch $@
