# Needs Python >= 3.11 and make; everything else goes into .venv. Another interpreter: make test PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

# Evaluation sets beside our own; those next to the checkout are taken where there are any.
EVAL_DIRS ?= $(dir $(wildcard ../shared/eval/*/queries.jsonl*))

.PHONY: demo test check bot fix eval docs audit

demo: $(RUNTIME)
	@echo
	@echo "1/3  Building the index from corpus/ (minutes the first time, then only what changed)"
	@$(PY) -m clusterbot index build
	@echo
	@echo "2/3  Asking in French"
	@$(PY) -m clusterbot ask "Combien d’emplois l’aluminium compte-t-il au Québec?"
	@echo
	@echo "3/3  Asking in English"
	@$(PY) -m clusterbot ask "Who was the first head of GIAQ?"
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
	$(PY) -m clusterbot index build
	$(PY) -m clusterbot eval tests/evaluation $(EVAL_DIRS) --baseline tests/evaluation/baseline.json

# In an environment of its own, so that it pins nothing of ours; --strict, since what it could not look up is no good news.
audit:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --disable-pip-version-check --quiet pip-audit
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt

docs: $(DEV)
	$(PY) docs/generate.py
	$(PY) deploy/requirements.py
	$(PY) docs/evaluation.py

$(RUNTIME): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clusterbot needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@echo "Setting up $(VENV): minutes, and hundreds of MB; several GB where torch comes with CUDA (README.md tells how to avoid it)"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV): $(RUNTIME)
	$(PY) -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
