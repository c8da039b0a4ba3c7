# Only Python >= 3.11, make and git are needed: uv comes by pip into .tools where it is not on PATH.
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
endif
STACK ?= dev
# What `make test-deep` lives through on a control plane: the sample, one on a cluster that is there, and one that goes all
# other ways at once (tests/engine/several.yaml).
LIVES := dev local several
# What is built from Go modules, in the order of what is worth having first, and the targets that want all of it.
BUILDS := control-plane engine controllers
DEEP := rehearse test-deep test-all
# After so many seconds a test counts as one without an end (pyproject.toml), where it installs a release of an engine or
# lives a stack's life.
PATIENT := -o faulthandler_timeout=1800
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
PINNED_UV := --require-hashes --requirement tools/uv.txt
RUN := $(UV) run --no-sync --quiet

.DEFAULT_GOAL := help
.PHONY: help uv demo check rehearse e2e test test-downloads test-deep test-all builds control-plane engine controllers fuzz lint fmt docs generated dist test-real record-arguments record-kv-cache clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "tke-llm needs Python 3.11 or newer on PATH (or make PYTHON=/path/to/python)"; exit 2; }
	@echo "uv is not on PATH: installing it into .tools"
	@$(PYTHON) -m venv .tools 2>/dev/null && .tools/bin/python -m pip install --quiet $(PINNED_UV) \
		|| { rm -rf .tools; $(PYTHON) -m pip install --quiet --target .tools $(PINNED_UV); }

uv: $(filter .tools/bin/uv,$(UV)) ## have uv: the one on PATH, else one in .tools/bin
	@$(UV) --version

.venv/run.stamp: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --frozen --inexact --quiet --no-dev
	@touch $@

.venv/test.stamp: .venv/run.stamp
	@$(UV) sync --frozen --inexact --quiet --no-dev --group test
	@touch $@

.venv/controllers.stamp: .venv/run.stamp
	@$(UV) sync --frozen --inexact --quiet --no-dev --group controllers
	@touch $@

.venv/e2e.stamp: .venv/run.stamp
	@$(UV) sync --frozen --inexact --quiet --no-dev --group e2e
	@touch $@

.venv/docs.stamp: .venv/run.stamp
	@$(UV) sync --frozen --inexact --quiet --no-dev --group docs
	@touch $@

.venv/lint.stamp: .venv/test.stamp
	@$(UV) sync --frozen --inexact --quiet --no-dev --group test --group lint --group controllers
	@touch $@

demo: .venv/run.stamp ## rehearse the sample stack, under the real engine too where `make engine` has built it
	@$(RUN) tke-llm demo

check: .venv/run.stamp ## prove a stack file without making anything (STACK=dev)
	@$(RUN) tke-llm check $(STACK)

rehearse: .venv/run.stamp $(BUILDS) ## run a stack on a real Kubernetes control plane (STACK=dev; needs Go)
	@$(RUN) tke-llm rehearse $(STACK) --control-plane

e2e: .venv/e2e.stamp ## run a stack's containers here and chat with them (STACK=dev; 15 GB, Chromium, bubblewrap)
	@$(RUN) python -m e2e $(STACK)

test: .venv/test.stamp ## unit, component and program tests; needs no Go, no cloud, no GPU
	@$(RUN) pytest -n auto --dist worksteal

control-plane: builds ## build kube-apiserver, etcd, the scheduler and kwok, once, into a cache (needs Go)
	@:

engine: builds ## build the pulumi CLI, once, into a cache (needs Go)
	@:

controllers: builds .venv/controllers.stamp ## build Envoy Gateway, KEDA, LeaderWorkerSet and Prometheus, once, into a cache (needs Go)
	@:

# One run for all that is wanted, so that it tells once how long all of it takes.
builds:
	@$(PYTHON) -m tools.build $(if $(filter $(DEEP),$(MAKECMDGOALS)),$(BUILDS),$(filter $(BUILDS),$(MAKECMDGOALS)))

.PHONY: test-downloads
test-downloads: .venv/test.stamp ## the download script with the hubs' real clients, which come from PyPI once
	@$(RUN) pytest -n 2 $(PATIENT) tests/downloads

.PHONY: test-browser
test-browser: .venv/test.stamp .venv/e2e.stamp ## the rehearsal's page in a browser, desktop and phone (needs Chromium)
	@$(RUN) pytest -n 0 tests/browser

# The stacks of LIVES; `make test-all` takes every sample. Three workers for two cores, since much of it is waiting; first
# what only one of them can do at a time, for Envoy Gateway's sake, and last what fills the others' cores meanwhile.
DEEP_TESTS := requests engine cluster controllers monitoring unit program
test-deep: .venv/test.stamp $(BUILDS) ## what the quick tests leave out, on a real control plane and under the real engine (needs Go)
	@$(RUN) pytest -n 3 $(PATIENT) --dist loadgroup --no-loadscope-reorder -m "deep or exhaustive" $(DEEP_TESTS:%=tests/%) $(foreach stack,$(LIVES),--stack $(stack))

test-all: .venv/test.stamp $(BUILDS) ## everything, with every sample stack (needs Go)
	@ALL_STACKS=1 $(RUN) pytest -n 2 $(PATIENT) --dist loadgroup -m "exhaustive or not exhaustive" tests/unit tests/components tests/program tests/security tests/fuzz tests/requests tests/monitoring tests/cluster tests/controllers tests/engine --stack all

fuzz: .venv/test.stamp ## prove stack files by chance, new ones at each run (EXAMPLES=2000 for each property)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),2000) $(RUN) pytest -n 2 -o faulthandler_timeout=0 tests/fuzz

lint: .venv/lint.stamp ## ruff, pyright, and zizmor for the workflows, as CI runs them
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) pyright
	@$(RUN) zizmor --offline --no-progress --quiet .github

fmt: .venv/lint.stamp ## format and sort imports
	@$(RUN) ruff check --fix --quiet .
	@$(RUN) ruff format .

docs: .venv/docs.stamp ## build the site from docs/ into out/site; a link that leads nowhere fails it
	@$(RUN) python -m tools.links
	@rm -rf out/site
	@$(RUN) sphinx-build --quiet --fail-on-warning --keep-going --nitpicky docs out/site
	@echo "out/site/index.html"

generated: .venv/run.stamp ## write the generated documents anew (a test holds them current)
	@$(RUN) python -m settings.schema
	@$(RUN) python -m planner.diagnostics.explain
	@$(RUN) python -m tests.engine.change_table

.PHONY: messages
messages: .venv/run.stamp ## bring the Chinese catalogues in step with the sentences of the code
	@$(RUN) python -m tools.messages

test-real: .venv/test.stamp ## rendered commands under each engine release's real parser (8 GB, minutes a release)
	@$(RUN) pytest -n 0 $(PATIENT) tests/real

# A release is the source archive; docs/releases.md. Without a tag it is built and tried all the same.
dist: .venv/run.stamp ## build a release into dist/ and try it, all but the publishing (TAG=v0.2.0)
	@$(RUN) python -m tools.release build --tag "$$TAG"
	@$(RUN) python -m tools.release try

record-arguments: .venv/run.stamp ## record what each engine release takes, from the releases themselves (RELEASES=vllm-0.29.0)
	@$(RUN) python -m tools.record_arguments $(RELEASES)

record-kv-cache: .venv/run.stamp ## record what vLLM's own code caches for published configurations (8 GB once, then two minutes)
	@$(RUN) python -m tools.record_kv_cache

clean: ## remove everything that make made
	@rm -rf .venv .tools out dist .pytest_cache .ruff_cache .hypothesis
