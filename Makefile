# make demo: try it. make test: prove it. make run: use it. The rest is for developers.
.DEFAULT_GOAL := help
.PHONY: help demo run test fuzz chaos check up down logs check-deploy sbom licences audit format train judge protos lock screenshots bench bench-worker bench-serving bench-peers bench-answers bench-scale bench-webhook bench-message bench-growth bench-start bench-gpu clean
python := .venv/bin/python
# Where it is set, all is compiled anew at each start: TensorFlow's takes more than twice as long then.
unexport PYTHONDONTWRITEBYTECODE
compose = $$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup  ## the whole product on this machine, with a simulated WeChat: open the printed page
	@exec $(python) -m simulator.demo

run: setup  ## the product for real, from .env: see docs/connect.md
	@exec $(python) -m launch

test: setup-dev  ## every test, with real programs, four files of them at a time
	@$(python) -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

fuzz: setup-dev  ## attack the webhook for a minute with changed messages
	@$(python) -m tests.app.fuzz

chaos: setup-dev  ## break everything, account for every message, write docs/reliability.md
	@CHAOS_REPORT=1 $(python) -m pytest tests/chaos tests/worker/test_outcomes.py tests/deploy/test_production.py -m "chaos or not chaos"

check: setup-dev  ## ruff, mypy --strict, import-linter
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy .
	@.venv/bin/lint-imports

up:  ## production on this host, in containers: docs/operations.md
	@test -e .env && test -d secrets || { echo "First: cp .env.example .env, then deploy/secrets (docs/operations.md)"; exit 1; }
	@$(compose) up --detach --build

down:  ## end it; what Redis and the models hold stays
	@$(compose) down

logs:  ## follow what the containers say
	@$(compose) logs --follow --tail 100

check-deploy: setup-deploy  ## every validator for what goes to production: containers, nginx, Kubernetes, systemd
	@deploy/check

sbom: setup-deploy  ## list what every image holds, as CycloneDX, into sbom/
	@$(python) -m deploy.sbom

licences: setup-dev  ## write docs/licences.md again
	@$(python) -m deploy.licences

audit: setup-deploy  ## look every locked package up among the known vulnerabilities (needs the internet)
	@deploy/audit

format: setup-dev  ## rewrite the code in our format
	@$(python) -m ruff check --fix-only --quiet .
	@$(python) -m ruff format .

train: setup-dev  ## make both shipped models and their reports again (three quarters of an hour)
	@$(python) -m serving train demo
	@$(python) -m serving train vqa

judge: setup-dev  ## judge both shipped models again and write their reports (five minutes)
	@$(python) -m serving train demo --only-report
	@$(python) -m serving train vqa --only-report

protos: setup-dev  ## generate serving/protocol/*_pb2.py again
	@$(python) -m grpc_tools.protoc -I. --python_out=. --pyi_out=. serving/protocol/*.proto

lock: setup-dev  ## resolve requirements/*.in anew, to the newest that fit
	@requirements/lock

screenshots: setup-dev  ## take the pictures in docs/ from the running demo (needs chromium)
	@PYTHONPATH=. $(python) docs/screenshots.py

bench: bench-worker bench-serving bench-peers bench-answers bench-scale bench-webhook bench-message bench-growth bench-start bench-gpu  ## every benchmark, against the competitors, in 36 minutes; see docs/performance.md

bench-worker: setup-dev  ## our worker beside RQ, Celery, dramatiq and huey (six minutes)
	@$(python) -m bench.worker

bench-serving: setup-dev  ## the model server beside the same models without one, fp32 and int8 (eight minutes)
	@$(python) -m bench.serving

bench-peers: setup-dev  ## the model server beside mosec, LitServe, BentoML, Flask and its namesake (nine minutes)
	@$(python) -m bench.peers

bench-answers: setup-dev  ## the model that answers questions, and what it has to beat (two minutes)
	@$(python) -m bench.answers

bench-scale: setup-dev  ## what a message costs, and how many of each part which load needs (half a minute)
	@$(python) -m bench.scale

bench-webhook: setup-dev  ## our webhook beside such as reply only or queue only (four minutes)
	@$(python) -m bench.webhook

bench-message: setup-dev  ## a picture through the whole product, step by step (one minute)
	@$(python) -m bench.message

bench-growth: setup-dev  ## what a message costs while queue, followers, clients, models and pictures grow (three minutes)
	@$(python) -m bench.growth

bench-start: setup-dev  ## how soon each program is ready, and the demo (three minutes)
	@$(python) -m bench.start

bench-gpu: setup-dev  ## ResNet-50 on a GPU, through the server and directly; skipped where there is none
	@$(python) -m bench.gpu

clean:  ## remove what make made, the virtual environment too
	rm -rf .venv .demo .kantu .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: setup setup-dev setup-deploy
setup:
	@requirements/install
setup-dev:
	@requirements/install dev
setup-deploy: setup-dev
	@deploy/tools
