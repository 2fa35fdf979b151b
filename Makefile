# `make` alone lists the targets. Each is the whole of what it says, on a fresh machine with python3
# (3.11 or newer), its headers, a C compiler and access to a package index through pip.

PYTHON ?= python3
BIN    := .venv/bin
PIP     = -m pip --disable-pip-version-check -qq install
OUT    ?= proto
# The sizes of `make bench`; a year of a province is CLAIMS=20000000, which takes hours.
MEMBERS ?= 1000000
CLAIMS  ?= 2000000
GROWTH  ?= 10000,1000000,10000000
# How long each half of `make soak` takes.
SECONDS ?= 900
# And `make fuzz`, at the most; what is planted is found sooner.
FUZZ_SECONDS ?= 60
PYTEST := $(BIN)/python -m pytest

COMPILED := setup.py $(shell find engine server -name "*.pyx" -o -name "*.pxd" -o -name "*.pxi")
PROTOS  = $(patsubst proto/%,%,$(shell find proto -name '*.proto'))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup fix check test crash soak simulate fuzz failover years histories debug demo bench bench-setup bench-short proto
.PHONY: coverage-table lock ci clean

help:
	@awk -F ':.*#> ' '/^[a-z-]+:.*#> / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

setup: .venv/built .venv-proto/installed #> environment, pinned and hashed tools, compiled kernel and codec

fix: setup #> repair what can repair itself: imports, layout, simple lint
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/buf format -w

check: setup #> format, lint, types, layers, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint engine server
	PATH="$(CURDIR)/$(BIN):$$PATH" lint-imports --no-logo
	$(BIN)/buf lint
	$(BIN)/buf format -d --exit-code

test: setup #> every test but the long crash series
	@$(PYTEST) -n 2 --dist worksteal -m "not crash"

crash: setup #> the long crash and power-loss series
	@$(PYTEST) -m crash --timeout 1800 -rP

soak: setup #> load and faults, on PostgreSQL with two servers, then on SQLite (SECONDS=900 each)
	@$(BIN)/python -m tests.crash.soak --store postgres --seconds $(SECONDS)
	@$(BIN)/python -m tests.crash.soak --store sqlite --seconds $(SECONDS)

simulate: setup #> a thousand seeds of server, streams, sessions and outboxes on a virtual clock, wire and disk
	@$(BIN)/python -m tests.simulation --count 1000

fuzz: setup .venv/fuzz #> mutated messages through codec, ledger and both kernels (FUZZ_SECONDS=60)
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --plant

failover: setup #> kill the leader of a highly available PostgreSQL under load (needs patroni, etcd)
	@$(BIN)/python -m tests.crash.failover

years: setup #> 50 000 random member-years by both kernels, with what they met
	@GONGJI_MEMBER_YEARS=50000 $(PYTEST) -n 2 tests/property/test_member_years.py -rP

histories: setup #> 10 000 random histories of accounts by both kernels, with what they met
	@GONGJI_ACCOUNT_HISTORIES=10000 $(PYTEST) -n 2 tests/property/test_account_histories.py -rP

debug: setup #> the tests on a kernel and codec with bounds and overflow checks; restores the fast ones
	@rm -f .venv/built
	GONGJI_DEBUG=1 $(BIN)/python $(PIP) --no-build-isolation --no-deps -e .
	@status=0; $(PYTEST) -n 2 --dist worksteal -m "not crash" || status=$$?; \
	$(MAKE) --no-print-directory setup && exit $$status

demo: setup #> a guided tour: server, terminals, a gateway, on made-up people
	@$(BIN)/gongji demo

bench: bench-setup #> every benchmark, then a table of goals, here and in benchmarks/README.md
	@mkdir -p build && rm -f build/bench/*.jsonl
	@$(BIN)/python -m benchmarks.kernel
	@$(BIN)/python -m benchmarks.peers.run
	@$(PYTEST) benchmarks --benchmark-only --benchmark-json=build/benchmark.json --timeout 1800
	@$(BIN)/python -m benchmarks.streams
	@$(BIN)/python -m benchmarks.bulk_file --members $(MEMBERS) --claims $(CLAIMS)
	@$(BIN)/python -m benchmarks.start_up --members $(MEMBERS) --claims $(CLAIMS)
	@$(BIN)/python -m benchmarks.growth --members $(GROWTH) --each 1,5,20 --at-most $(CLAIMS)
	@$(BIN)/python -m benchmarks.report --readme

bench-setup: setup .venv/peers #> the packages that only `make bench` needs: peers of the engine

bench-short: setup #> the same, a quick look, without the peers that are not installed
	@mkdir -p build && rm -f build/bench/*.jsonl
	@$(BIN)/python -m benchmarks.kernel --short
	@$(BIN)/python -m benchmarks.peers.run --short
	@$(PYTEST) benchmarks --benchmark-only --benchmark-json=build/benchmark.json \
		--benchmark-min-rounds=3 --benchmark-max-time=0.3 --benchmark-warmup=off
	@$(BIN)/python -m benchmarks.streams --short
	@$(BIN)/python -m benchmarks.bulk_file --members 2000 --claims 4000
	@$(BIN)/python -m benchmarks.start_up --members 5000 --claims 20000 --rounds 1
	@$(BIN)/python -m benchmarks.growth --members 1000,4000 --each 1,3
	@$(BIN)/python -m benchmarks.report

proto: .venv-proto/installed #> regenerate the Python beside the contracts (OUT=folder: elsewhere)
	@mkdir -p $(OUT)
	@find $(OUT) -name '*_pb2*.py*' -type f -delete
	@PATH="$(CURDIR)/.venv-proto/bin:$$PATH" python -m grpc_tools.protoc -Iproto \
		--python_out=$(OUT) --pyi_out=$(OUT) --grpc_python_out=$(OUT) \
		--mypy_grpc_out=quiet:$(OUT) $(PROTOS)

coverage-table: setup #> write tests/cases/COVERAGE.md again: clause, rule values, worked cases
	@$(BIN)/gongji policy coverage tests/cases/*/*.toml --named tests/cases/coverage.toml \
		--markdown > tests/cases/COVERAGE.md

lock: .venv/installed #> pin requirements/*.in again, keeping pins that still fit
	cd requirements && for set in run dev bench fuzz proto; do \
		../$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		-o $$set.txt $$set.in || exit 1; done

ci: #> what CI runs
	@.ci/run

clean: #> forget everything built, environments included
	rm -rf .venv .venv-proto build *.egg-info; find engine server -name "*.so" -delete
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps: a second `make setup` does nothing until an input changes.

.venv/installed: requirements/dev.txt
	@echo "setup: environment (.venv)"
	@$(PYTHON) -m venv .venv || { echo "make: no venv; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python $(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/peers: .venv/installed requirements/bench.txt
	@echo "setup: peers of the benchmarks (.venv)"
	@$(BIN)/python $(PIP) --require-hashes -r requirements/bench.txt
	@touch $@

.venv/fuzz: .venv/installed requirements/fuzz.txt
	@echo "setup: fuzzer (.venv)"
	@$(BIN)/python $(PIP) --require-hashes -r requirements/fuzz.txt
	@touch $@

.venv/built: .venv/installed pyproject.toml $(COMPILED)
	@echo "setup: compiled kernel and codec"
	@$(BIN)/python $(PIP) --no-build-isolation --no-deps -e . || { \
		echo "make: see above; if the compiler or Python.h is missing, on Debian: apt install gcc python3-dev"; exit 1; }
	@touch $@

.venv-proto/installed: requirements/proto.txt
	@echo "setup: generator of the contracts' Python (.venv-proto)"
	@$(PYTHON) -m venv .venv-proto
	@.venv-proto/bin/python $(PIP) --require-hashes -r requirements/proto.txt
	@touch $@
