# Needs Python >= 3.11 and make; everything else goes into .venv. Another interpreter: make test PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

# Further evaluation sets; those beside the checkout are taken where they are there.
EVAL_DIRS ?= $(wildcard ../shared/eval/*/)

.PHONY: demo test check bot fix eval docs

demo: $(RUNTIME)
	@echo
	@echo "1/3  Building the index from corpus/ (what is there already is reused)"
	@$(PY) -m clusterbot index build
	@echo
	@echo "2/3  Asking in French"
	@$(PY) -m clusterbot ask "Combien d’emplois l’aluminium compte-t-il au Québec ?"
	@echo
	@echo "3/3  Asking in English"
	@$(PY) -m clusterbot ask "When was GIAQ launched, and what is it called now?"
	@echo
	@echo "Ask your own: $(VENV)/bin/clusterbot ask \"...\""

test: $(DEV)
	$(PY) -m pytest

check: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest

bot: $(RUNTIME)
	@$(PY) -m clusterbot bot

fix: $(DEV)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

eval: $(DEV)
	$(PY) -m clusterbot eval tests/evaluation $(EVAL_DIRS)

docs: $(DEV)
	$(PY) docs/generate.py

$(RUNTIME): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clusterbot needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@echo "Setting up $(VENV); the first time downloads a few hundred MB"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV): $(RUNTIME)
	$(PY) -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
