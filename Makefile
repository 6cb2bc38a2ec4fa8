# Two commands matter: `make demo` and `make test`. Both set up everything they need in .venv first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo-output

.PHONY: demo test lint bench screenshots setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "HepaDose needs Python 3.11 or newer; call: make PYTHON=python3.11")'
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[report,codecs,slicer,test]'
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v dciodvfy >/dev/null; then \
	  (apt-get update && apt-get install -y dicom3tools) >/dev/null 2>&1 || echo "(DICOM verifier not installed: its tests are skipped)"; fi
	@if ! $(BIN)/python -c 'import PySide6.QtWidgets' 2>/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  (apt-get update && apt-get install -y libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 fonts-dejavu-core) \
	    >/dev/null 2>&1 || echo "(libraries of Qt not installed: the panels' tests are skipped)"; fi
	@touch $@

demo: setup
	@$(BIN)/hepadose demo --output $(DEMO)

test: lint
	@$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist worksteal

lint: setup
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/lint-imports --no-logo

bench: setup
	@$(BIN)/python Testing/benchmarks/run_all.py

screenshots: setup
	@$(BIN)/python Testing/screenshots.py

clean:
	rm -rf $(VENV) $(DEMO)
