# Every command that users and CI rely on. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LM_EVAL := .venv-peers/lm-eval
TRL := .venv-peers/trl
PYTEST := $(BIN)/python -m pytest
MODELS ?= template,smollm2,smollm2-lora,smollm2-lora+guard
LIMIT ?=
JUDGE ?= local
BUDGET ?=
RECIPE ?= smollm2-v3
MODEL ?= smollm2-lora+guard
MODULE ?=
UNIT_TESTS := models benchmark/tests benchmark/cases benchmark/metrics benchmark/judges benchmark/run benchmark/readers benchmark/pages benchmark/peers benchmark/suites/test_datasets.py training

.DEFAULT_GOAL := help
.PHONY: help setup leaderboard gate test mutants check cards bench fuzz bench-peers bench-training serve train choose-prompt

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) ## make .venv with exactly the pinned packages

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 or newer is needed, found {sys.version.split()[0]}" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,dev,serve]' -c constraints.txt
	touch $(READY)

leaderboard: $(READY) ## evaluate MODELS (LIMIT=N cases a suite; JUDGE=none, local) and write results/leaderboard.md
	$(PYTEST) -q -m "not datasets and not bench" --models $(MODELS) --judge $(JUDGE) $(if $(LIMIT),--limit $(LIMIT))

gate: $(READY) ## may smollm2-lora+guard ship? (LIMIT=N cases a suite) Says so; only an error fails
	@$(PYTEST) -q -m "quality or edge or safety or gate" --models smollm2-lora+guard --gate $(if $(LIMIT),--limit $(LIMIT)); status=$$?; \
	case $$status in 0) echo "gate: passed";; 10) echo "gate: failed";; 11) echo "gate: inconclusive";; *) exit $$status;; esac

test: export DOMAINBENCH_DTYPE = float32
test: export OMP_NUM_THREADS = 1 # two workers, one torch thread each: more would fight for two cores
test: $(READY) ## run the package's own tests
	$(PYTEST) -q -n 2 --dist worksteal --disable-socket --allow-hosts=127.0.0.1,::1 --allow-unix-socket $(UNIT_TESTS)

mutants: export OMP_NUM_THREADS = 1
mutants: $(READY) ## change core modules (MODULE) in small ways, LIMIT at most each: how many do their tests notice?
	$(BIN)/python -m benchmark.tests.mutants $(MODULE) $(if $(LIMIT),--limit $(LIMIT))

check: $(READY) ## linter, formatter, types, and pages that must match the committed runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m benchmark pages --check
	$(BIN)/python -m training bench --check

cards: $(READY) ## rewrite the data sets' statistics and manifest
	$(BIN)/python -m benchmark cards

bench: $(READY) ## time the scoring of 10,000 answers
	$(PYTEST) -q -m bench --models template benchmark/suites benchmark/metrics

$(LM_EVAL)/.ready: benchmark/peers/lm_eval.txt
	$(PYTHON) -m venv $(LM_EVAL)
	$(LM_EVAL)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmark/peers/lm_eval.txt
	touch $@

fuzz: export DOMAINBENCH_FUZZ = 500
fuzz: $(READY) ## send the service thousands of requests made from its OpenAPI document
	$(PYTEST) -q -s models/service/tests/test_schema.py

bench-peers: $(READY) $(LM_EVAL)/.ready ## time our generation against other tools (BUDGET minutes), write results/peers.md
	$(BIN)/python -m benchmark.peers $(if $(BUDGET),--budget-minutes $(BUDGET))

$(TRL)/.ready: training/bench/trl.txt
	$(PYTHON) -m venv $(TRL)
	$(TRL)/bin/python -m pip install --quiet --disable-pip-version-check -r training/bench/trl.txt
	touch $@

bench-training: $(READY) $(TRL)/.ready ## time our training against other trainers, write results/training-speed.md
	$(BIN)/python -m training bench

serve: $(READY) ## serve MODEL at http://127.0.0.1:8000: a page to try it, /docs, POST /generate-domains
	$(BIN)/python -m models.serve --model $(MODEL)

train: $(READY) ## train the adapter of RECIPE
	$(BIN)/python -m training.lora $(RECIPE)

choose-prompt: $(READY) ## which prompt suits the base best, on the validation rows
	for prompt in zero_shot few_shot compact; do \
	  $(PYTEST) -q -m quality --models smollm2 --split validation --prompt $$prompt || exit 1; \
	done
