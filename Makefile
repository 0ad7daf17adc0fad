# make demo   set up, write example sources, open the window with them (or the command line)
# make test   set up, run every check
# make bench  set up, measure speed and memory, write docs/performance.md

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The first of these that is Python 3.11 or newer; `make PYTHON=…` chooses another.
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$p; break; }; done)

.PHONY: demo test lint bench clean

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (Debian: python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	# torch first and pinned: this version has a build for the CPU; the newest one for Linux
	# brings gigabytes of libraries for graphics cards that no test needs.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	# as pip does for a program that is not installed in place: the first start is as quick as others
	$(BIN)/python -m compileall -q ckpt_studio
	@touch $@

demo: $(READY)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
	  sources=$$($(BIN)/ckpt-studio demo --sources-only --progress) && \
	  printf '%s\n' "$$sources" | tr '\n' '\0' | xargs -0 $(BIN)/ckpt-studio; \
	else \
	  echo "No display: the same job on the command line."; \
	  $(BIN)/ckpt-studio demo --progress; \
	fi

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	# Two processes share the files of tests; one that dies ends the run.
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
