# Two commands are all a reader needs: make demo, make test.
# Everything is installed into .venv; nothing outside this folder is touched, except that `make test` asks apt for
# Chromium when there is none and it may.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8050
DEMO   ?= demo
APT    := DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0
# Run a command as root if we are root, or if sudo lets us without asking; otherwise fail quietly.
AS_ROOT = if [ "$$(id -u)" = 0 ]; then sh -c '$(1)'; elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n sh -c '$(1)'; else false; fi

.DEFAULT_GOAL := help
.PHONY: help demo test check fast browser docs mutation spark lock clean chromium

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/.installed  ## a simulated contact centre from exports to dashboard, served on this machine only
	@$(BIN)/empathy demo --dir $(DEMO) --port $(PORT)

# Tests start a hundred processes: what Python compiles for one of them serves the next.
unexport PYTHONDONTWRITEBYTECODE

# Three processes share the tests, since one keeps one processor busy: what waits for browsers and for processes of its
# own, what builds warehouses, and all others. The parts take about as much processor time each; types are checked
# beside them. What those beside say is shown after the third.
WAITING  := tests/acceptance tests/browser
BUILDING := tests/etl tests/sample_data

test: $(VENV)/.installed-test chromium  ## everything that must hold before a change lands (about thirteen minutes)
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache
	@mkdir -p build
	@$(BIN)/python -m pytest $(WAITING) >build/tests-waiting.log 2>&1 & waiting=$$!; \
	  $(BIN)/python -m pytest $(BUILDING) >build/tests-building.log 2>&1 & building=$$!; \
	  $(BIN)/mypy >build/types.log 2>&1 & types=$$!; \
	  trap "kill $$waiting $$building $$types" INT TERM; \
	  $(BIN)/python -m pytest $(addprefix --ignore=,$(WAITING) $(BUILDING)); failed=$$?; \
	  wait $$types || failed=1; cat build/types.log; \
	  echo "Waiting for $(BUILDING) and $(WAITING), which run beside these:"; \
	  wait $$building || failed=1; cat build/tests-building.log; \
	  wait $$waiting || failed=1; cat build/tests-waiting.log; exit $$failed

check: $(VENV)/.installed-test  ## style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

fast: $(VENV)/.installed-test  ## the tests without a browser
	@$(BIN)/python -m pytest -m "not browser"

browser: $(VENV)/.installed-test chromium  ## only the tests that open pages in Chromium
	@$(BIN)/python -m pytest -m browser

# A tested page needs a browser. Debian's Chromium is used, preferably its headless shell, which needs less of the
# processor. Without one (and without the right to install it) the browser tests say that they were skipped and why, and
# fail if CI=true. So do the tests behind a reverse proxy without nginx, which is installed for CI alone: on a desk the
# package would start a server of its own.
chromium:
	@command -v chromium-headless-shell >/dev/null 2>&1 || \
	  { echo "Chromium's headless shell is missing: asking apt for it."; \
	    $(call AS_ROOT,$(APT) update && $(APT) install -y chromium-headless-shell fonts-noto-core >/dev/null); } || \
	  command -v chromium >/dev/null 2>&1 || \
	  { echo "Asking apt for Chromium, which has it where there is no shell."; \
	    $(call AS_ROOT,$(APT) update && $(APT) install -y chromium fonts-noto-core >/dev/null) || \
	    echo "Chromium could not be installed (no root, or apt cannot reach it): browser tests will be skipped."; }
	@[ "$$CI" != true ] || PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null 2>&1 || \
	  { echo "nginx is missing: asking apt for it."; \
	    $(call AS_ROOT,$(APT) update && RUNLEVEL=1 $(APT) install -y nginx-light >/dev/null) || \
	    echo "nginx could not be installed: tests behind a reverse proxy will fail."; }

# python3 -m venv needs Debian's python3-venv, which a fresh machine may lack.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: asking apt for it."; \
	    $(call AS_ROOT,$(APT) update && $(APT) install -y python3-venv >/dev/null); } || \
	  { echo "Install it with: apt-get install python3-venv"; exit 1; }
	@echo "Making a Python environment in $(VENV) (once, about a minute)."
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.txt $(VENV)/.installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-test.txt
	@touch $@

docs: $(VENV)/.installed-docs  ## the documentation as a site in build/site
	@$(BIN)/python -m mkdocs build --quiet
	@echo "Open build/site/index.html; to search in it, serve it: $(BIN)/python -m http.server -b 127.0.0.1 -d build/site"

$(VENV)/.installed-docs: requirements-docs.txt $(VENV)/.installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-docs.txt
	@touch $@

mutation: $(VENV)/.installed-test  ## how many small faults the tests notice (an hour or two; docs/testing.md has the score)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-mutation.txt
	@$(BIN)/python -m benchmarks.mutation

spark: $(VENV)/.installed-test  ## contacts on Spark against DuckDB, every relation row by row (needs Java 17)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-spark.txt
	@EMPATHY_SPARK=1 $(BIN)/python -m pytest tests/etl/engines/test_spark.py

lock:  ## remake requirements*.txt from pyproject.toml with today's newest versions
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install -q --disable-pip-version-check .
	@{ echo "# Every package the product runs on, at the versions it is tested with. Remade by: make lock"; \
	   build/lock/bin/python -m pip freeze --exclude empathy-lift | sort -f; } > requirements.txt
	@build/lock/bin/python -m pip install -q --disable-pip-version-check '.[test,report]'
	@{ echo "# What the tests need besides requirements.txt. Remade by: make lock"; echo "-r requirements.txt"; \
	   build/lock/bin/python -m pip freeze --exclude empathy-lift | sort -f | grep -vxFf requirements.txt; } > requirements-test.txt
	@build/lock/bin/python -m pip install -q --disable-pip-version-check '.[spark]'
	@{ echo "# What \`make spark\` needs besides requirements-test.txt. Remade by: make lock"; echo "-r requirements-test.txt"; \
	   build/lock/bin/python -m pip freeze --exclude empathy-lift | sort -f | grep -vxFf requirements.txt | grep -vxFf requirements-test.txt; } > requirements-spark.txt
	@build/lock/bin/python -m pip uninstall -q -y pyspark py4j
	@build/lock/bin/python -m pip install -q --disable-pip-version-check '.[docs]'
	@{ echo "# What \`make docs\` needs besides requirements-test.txt. Remade by: make lock"; echo "-r requirements-test.txt"; \
	   build/lock/bin/python -m pip freeze --exclude empathy-lift | sort -f | grep -vxFf requirements.txt | grep -vxFf requirements-test.txt; } > requirements-docs.txt
	@build/lock/bin/python -m pip install -q --disable-pip-version-check '.[mutation]'
	@{ echo "# What \`make mutation\` needs besides requirements-docs.txt. Remade by: make lock"; echo "-r requirements-docs.txt"; \
	   build/lock/bin/python -m pip freeze --exclude empathy-lift | sort -f | grep -vxFf requirements.txt | grep -vxFf requirements-test.txt | grep -vxFf requirements-docs.txt; } > requirements-mutation.txt
	@rm -rf build/lock

clean:  ## remove what these commands made (not your data)
	@rm -rf $(VENV) build dist demo test-artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
