# Needs Python 3.11.3 to 3.13 and make, nothing else. `make` alone lists what there is.

BIN := .venv/bin
READY := .venv/ready
READY_DEV := .venv/ready-dev

.PHONY: help up test test-compiled compiled check bench bench-gateway crash-test format coverage histories diagrams

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name does; do \
		printf '  make %-13s %s\n' "$$name" "$$does"; done

# --- set-up: once, and again when a lock or what is installed of the project changes (its entry points) ---

$(READY): requirements.lock pyproject.toml
	@tools/set-up.sh requirements.lock
	@touch $@

$(READY_DEV): requirements-dev.lock pyproject.toml
	@tools/set-up.sh requirements-dev.lock
	@touch $(READY) $@  # the development lock holds everything that the other one does

# --- what is run ---

# what of the gateway's tests goes through its hot path
COMPILED_TESTS = tests/gateway/attacks tests/gateway/edge tests/gateway/filters tests/gateway/limits tests/gateway/usage \
	tests/gateway/test_acting.py tests/gateway/test_chain.py tests/gateway/test_front.py tests/gateway/test_hostile.py \
	tests/gateway/test_observing.py tests/gateway/test_split.py tests/gateway/test_time_limits.py tests/gateway/test_compiled.py

# one process more than there are processors, since tests wait now and then; 3 to 5 of them
PYTEST_ALL = $(BIN)/python -m pytest --dist=loadgroup -n $$($(BIN)/python -c 'import os; print(max(3, min(5, os.cpu_count() + 1)))')

up: $(READY)  ## run everything in one process, on http://127.0.0.1:8000 (TRIPTYCH_PORT), data in var/ (TRIPTYCH_DATA)
	@exec $(BIN)/triptych up

test: $(READY_DEV)  ## run the whole test suite; `make test PYTEST='-k crm'` runs a part
	@$(PYTEST_ALL) $(PYTEST)

coverage: $(READY_DEV)  ## run the test suite and show which lines it never reached
	@$(PYTEST_ALL) --cov --cov-report=term-missing:skip-covered $(PYTEST)

compiled: $(READY_DEV)  ## compile the gateway's hot path into build/compiled, where it has changed; needs a C compiler
	@$(BIN)/python -m tools.compiled build/compiled

test-compiled: compiled  ## run the gateway's tests over the compiled code
	@PYTHONPATH=$(CURDIR)/build/compiled $(BIN)/pytest --dist=loadgroup -n 3 $(COMPILED_TESTS) $(PYTEST)

histories: $(READY_DEV)  ## record the histories of new versions of processes, for the tests to tell again
	@RECORD_HISTORIES=1 $(BIN)/python -m pytest -q tests/contracts/test_histories.py

# KILLS=200 ORDERS=1000 PURCHASES=200 SEED=… and, as CRASH='--database sqlite' or CRASH=--checkpoints, whatever
# `python -m tests.crash --help` lists
CRASH_TEST = $(if $(KILLS),--kills $(KILLS)) $(if $(ORDERS),--orders $(ORDERS)) \
	$(if $(PURCHASES),--purchases $(PURCHASES)) $(if $(SEED),--seed $(SEED)) $(CRASH)

crash-test: $(READY_DEV)  ## kill processes with -9 while orders and purchases come in, and count what was lost; `KILLS=50 SEED=7`
	@$(BIN)/python -m tests.crash $(CRASH_TEST)

diagrams: $(READY_DEV)  ## draw the diagrams of processes in docs/ anew
	@DRAW_DIAGRAMS=1 $(BIN)/python -m pytest -q tests/contracts/test_diagrams.py

bench: $(READY_DEV)  ## run every benchmark; results as tables and in var/bench/*.json
	@$(BIN)/python -m bench

bench-gateway: $(READY_DEV)  ## run those of the gateway; nginx, HAProxy, wrk and Node have to be installed
	@$(BIN)/python -m bench gateway.run gateway.slow gateway.token_endpoint gateway.limiter

format: $(READY_DEV)  ## format the code and mend what can be mended
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

# --- checks: one line each, and what to do when one fails ---

CHECKS := check-format check-lint check-types check-imports check-house-rules check-contracts check-spelling
.PHONY: $(CHECKS)

check: $(CHECKS)  ## check format, lint, types, imports, house rules, contracts, spelling; `make check-types` runs one

# $(call step,what is looked at,the command,what to do when it fails)
step = @printf '%-18s %s\n' '$@' '$(1)'; \
	seen=$$($(2) 2>&1) || { printf '%s\n\n%s: %s\n' "$$seen" '$@' '$(strip $(3))' >&2; exit 1; }

check-format: $(READY_DEV)
	$(call step,is the code formatted?,$(BIN)/ruff format --check .,run "make format".)

check-lint: $(READY_DEV)
	$(call step,is the code free of known mistakes?,$(BIN)/ruff check .,\
	mend what is listed; "make format" mends some of it by itself.)

check-types: $(READY_DEV)
	$(call step,do the types agree?,$(BIN)/pyright,\
	mend what is listed; an exception needs its rule and its reason on the line.)

check-imports: $(READY_DEV)
	$(call step,do imports only go down the tiers and only to contracts?,$(BIN)/lint-imports --no-logo,\
	an import goes up a tier or into a service; ask for the contract in the constructor instead.)

check-house-rules: $(READY_DEV)
	$(call step,does the code keep the rules of the house?,$(BIN)/python -m tools.house_rules,\
	mend what is listed; tools/house_rules.py says why each rule is there.)

check-contracts: $(READY_DEV)
	$(call step,do openapi/ and the contracts agree and is no promise broken?,$(BIN)/triptych contracts check,\
	"triptych contracts export" writes openapi/ anew; a breaking change needs a new version.)

check-spelling: $(READY_DEV)
	$(call step,is it spelt right?,$(BIN)/codespell,\
	"codespell -w" corrects it; a word that is meant goes into pyproject.toml.)
