# make run     the whole pipeline, from raw tables to a published model with a verdict
# make serve   see what is published and decide about it, at http://127.0.0.1:8000
# make demo    replay a month of flights through the server that `make serve` runs, and report on each day
# make test    the quick tests; `make test-slow` has the whole runs, and the commands of the documentation
# make test-exhaustive   runs killed and disks filled at hundreds of moments, for an hour
# make check   what must hold of every commit: lint, types, quick tests
# make bench   what is promised, measured (needs wrk); bench.training and bench.quality are run by themselves

PYTHON ?= python3.11
BIN = .venv/bin

.PHONY: run serve demo test test-slow test-exhaustive check lint bench clean

run: .venv/run
	$(BIN)/luigi --module pipeline RunAll

serve: .venv/run
	$(BIN)/python manage.py setup
	$(BIN)/gunicorn

demo: .venv/run
	$(BIN)/python -m examples.replay
	$(BIN)/luigi --module pipeline Monitor

test: .venv/dev
	$(BIN)/pytest -q -m "not slow" --numprocesses auto --dist worksteal

test-slow: .venv/dev
	$(BIN)/pytest -q -m "slow and not exhaustive" --numprocesses 3 --dist loadfile --no-loadscope-reorder

test-exhaustive: .venv/dev
	$(BIN)/pytest -q -m exhaustive

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

check: lint test

bench: .venv/dev
	$(BIN)/python -m bench.targets --whole
	$(BIN)/python -m bench.data
	$(BIN)/python bench/serving.py
	$(BIN)/python -m bench.swaps
	$(BIN)/python -m bench.lineage

.venv/run: requirements.txt requirements-web.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/dev: .venv/run requirements-dev.txt requirements-clients.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --requirement requirements-clients.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache plumbline.egg-info
