# `make study` and `make test` are all the set-up there is: each installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

export RAGAS_DO_NOT_TRACK = true
export TOKENIZERS_PARALLELISM = false

.PHONY: install study test check bench small clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,offline]'
	touch $@

# Named first and alone, so that the pinned build is taken before anything else asks for torch.
TORCH := torch

study: install
	$(BIN)/ragstudy run experiments/quickstart.yaml

test: check
	$(BIN)/python -m pytest

check: install
	$(BIN)/ruff check ragstudy tests benchmarks
	$(BIN)/ruff format --check ragstudy tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/tuning.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/simulation.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
