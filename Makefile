# The book, its checks and its data. `make` alone says what there is.
# Works with GNU make 3.81 or later and a POSIX shell.

VENV := .venv
BIN := $(VENV)/bin
READY_TO_READ := $(VENV)/.ready-to-read
READY_TO_TEST := $(VENV)/.ready-to-test

# Another interpreter: make book PYTHON=/path/to/python3.12
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11)
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# An environment that runs, is of a supported Python and was made in this very folder.
STANDS := $(shell $(BIN)/python -c '$(SUPPORTED)' 2>/dev/null \
	&& grep -qF '$(CURDIR)/$(VENV)' $(BIN)/activate 2>/dev/null && echo yes)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)

ifeq ($(UV),uv)
INSTALL := uv pip install --compile-bytecode --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
endif

.DEFAULT_GOAL := help
.PHONY: help book test lab data clean no-environment

help:
	@echo 'make book    build the book and say where its first page is'
	@echo 'make test    check everything: style, spelling, the built book, the tests'
	@echo 'make lab     open the chapters as notebooks in JupyterLab, on a copy of them'
	@echo 'make data    draw the synthetic patients anew and write data/cohort_*.csv'
	@echo 'make clean   remove what was built; keep .venv and your copies in _build/lab'
	@echo
	@echo 'Each makes .venv by itself, from Python 3.11, 3.12 or 3.13; the first time takes minutes.'

book: $(READY_TO_READ)
	$(BIN)/jupyter-book build . -W -n --keep-going
	@$(BIN)/python book/_ext/summary.py

test: $(READY_TO_TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/python tests/chromium.py
	$(MAKE) --no-print-directory book
	$(BIN)/python -m pytest -n auto --no-loadscope-reorder --ignore tests/browser/test_timing.py
	$(BIN)/python -m pytest tests/browser/test_timing.py

lab: $(READY_TO_READ)
	$(BIN)/python -m inobook.workbench

data: $(READY_TO_READ)
	$(BIN)/python -m inobook.synthesis

clean:
	@if [ -d _build ]; then \
		find _build -mindepth 1 -maxdepth 1 ! -name lab -exec rm -rf {} +; \
	fi
	rm -rf .pytest_cache .ruff_cache
	find book tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -d _build/lab ]; then echo 'Your copies in _build/lab are kept.'; fi

# --- the environment -----------------------------------------------------------------

ifneq ($(STANDS),yes)
$(READY_TO_READ): no-environment
endif

no-environment:
	@chosen=''; bare=''; \
	for candidate in $(PYTHONS); do \
		if $$candidate -c '$(SUPPORTED)' >/dev/null 2>&1; then \
			if [ -n '$(UV)' ] || $$candidate -c 'import ensurepip, venv' >/dev/null 2>&1; \
			then chosen=$$candidate; break; else bare=$$candidate; fi; \
		fi; \
	done; \
	if [ -z "$$chosen" ] && [ -n "$$bare" ]; then \
		echo "make: $$bare cannot make an environment: its venv module is not installed." >&2; \
		echo 'On Debian or Ubuntu: sudo apt install python3-venv. Then try again.' >&2; \
		exit 1; \
	fi; \
	if [ -z "$$chosen" ]; then \
		echo 'make: no Python 3.11, 3.12 or 3.13 found (looked for: $(PYTHONS)).' >&2; \
		echo 'Install one from https://www.python.org/downloads/ or name yours:' >&2; \
		echo '    make book PYTHON=/path/to/python3.12' >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$chosen --version)"; \
	if [ -n '$(UV)' ]; then \
		uv venv --quiet --clear --python "$$(command -v $$chosen)" $(VENV); \
	else \
		$$chosen -m venv --clear $(VENV); \
	fi

$(READY_TO_READ): requirements.txt constraints.txt pyproject.toml
	@echo 'Installing what the book needs (pip: two or three minutes; uv: seconds)'
	@if [ -z '$(UV)' ]; then \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; \
	fi
	@$(INSTALL) -r requirements.txt
	@touch $@

$(READY_TO_TEST): $(READY_TO_READ) tests/requirements.txt
	@echo 'Installing what the tests need'
	@$(INSTALL) -r tests/requirements.txt
	@touch $@
