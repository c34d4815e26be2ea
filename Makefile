# make demo: try it. make test: prove it. make run: use it. The rest is for developers.
.DEFAULT_GOAL := help
.PHONY: help demo run test fuzz chaos check format train judge protos lock screenshots bench bench-worker clean
python := .venv/bin/python

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup  ## the whole product on this machine, with a simulated WeChat: open the printed page
	@exec $(python) -m simulator.demo

run: setup  ## the product for real, from .env: see docs/connect.md
	@exec $(python) -m simulator.run

test: setup-dev  ## every test, with real programs, three files of them at a time
	@$(python) -m pytest --numprocesses 3 --dist loadfile

fuzz: setup-dev  ## attack the webhook for a minute with changed messages
	@$(python) -m tests.app.fuzz

chaos: setup-dev  ## break everything, account for every message, write docs/reliability.md
	@CHAOS_REPORT=1 $(python) -m pytest tests/chaos tests/worker/test_outcomes.py -m "chaos or not chaos"

check: setup-dev  ## ruff, mypy --strict, import-linter
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy .
	@.venv/bin/lint-imports

format: setup-dev  ## rewrite the code in our format
	@$(python) -m ruff check --fix-only --quiet .
	@$(python) -m ruff format .

train: setup-dev  ## make the demo classifier and its report again (a quarter of an hour)
	@$(python) -m serving train demo

judge: setup-dev  ## judge the shipped demo classifier again and write its report (two minutes)
	@$(python) -m serving train demo --only-report

protos: setup-dev  ## generate serving/protocol/*_pb2.py again
	@$(python) -m grpc_tools.protoc -I. --python_out=. --pyi_out=. serving/protocol/*.proto

lock: setup-dev  ## resolve requirements/*.in anew, to the newest that fit
	@requirements/lock

screenshots: setup-dev  ## take the pictures in docs/ from the running demo (needs chromium)
	@PYTHONPATH=. $(python) docs/screenshots.py

bench: bench-worker  ## every benchmark, against the competitors; see docs/performance.md

bench-worker: setup-dev  ## our worker beside RQ, Celery, dramatiq and huey (eight minutes)
	@$(python) -m bench.worker

clean:  ## remove what make made, the virtual environment too
	rm -rf .venv .demo .kantu .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: setup setup-dev
setup:
	@requirements/install
setup-dev:
	@requirements/install dev
