# What a person types. Builds and downloads lie outside the clone, in $WEFT_CACHE (default ~/.cache/weft).
#   make demo ARGS="--once --seed 2"      make lab ARGS=--quick

CACHE := $(or $(WEFT_CACHE),$(HOME)/.cache/weft)
export WEFT_CACHE := $(CACHE)
export CARGO_TARGET_DIR ?= $(CACHE)/target
export CARGO_INCREMENTAL ?= 0
# Where deploy/setup.sh puts a Node.js when the machine's own is too old.
export PATH := $(CACHE)/node/node_modules/.bin:$(PATH)
ARGS ?=

# One feature set for all: `-p X` would build the heavy crates anew. `demo`: hot crates optimised, the planner's not.
BUILD := cargo build --locked --workspace --profile demo
BIN := $(CARGO_TARGET_DIR)/demo

.DEFAULT_GOAL := help
.PHONY: help demo lab test score extend bench web setup

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'ARGS="…" is passed on; builds and downloads lie in $(CACHE).'

demo: ## a simulated fabric of 1,024 GPUs, faults injected, weft's verdicts; the page until Ctrl-C
	@deploy/setup.sh demo
	@dashboard/web/build.sh
	@$(BUILD) --bin weft
	@exec $(BIN)/weft demo $(ARGS)

lab: ## a real fabric of network namespaces, real faults, a real broker; judged
	@deploy/setup.sh lab
	@dashboard/web/build.sh
	@$(BUILD) --bin weft --bin weft-lab
	@exec $(BIN)/weft-lab run $(ARGS)

test: ## everything that must hold; what CI calls
	@deploy/setup.sh test
	@tests/run.sh

score: ## what weft finds, on traces that stay the same; writes docs/detection.md (ARGS=--quick: compares alone)
	@deploy/setup.sh test
	@dashboard/web/build.sh
	@cargo build --locked --workspace --bins
	@tests/score/run.py $(ARGS)

extend: ## what a further counter, detector, table, notifier and page cost: tests/extend, each built and tested
	@deploy/setup.sh test
	@dashboard/web/build.sh
	@tests/extend/run.sh $(ARGS)

bench: ## the figures of docs/benchmarks.md (release build: long)
	@deploy/setup.sh bench
	@dashboard/web/build.sh
	@tests/bench.sh $(ARGS)

web: ## the page alone, into dashboard/web/dist
	@deploy/setup.sh web
	@dashboard/web/build.sh

setup: ## all that any target needs, without running one
	@deploy/setup.sh all
