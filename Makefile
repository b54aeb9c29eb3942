# SPDX-License-Identifier: Apache-2.0
# The same verbs for people and for continuous integration; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .build/venv

.PHONY: help demo build release test lint bench fuzz soak races packages python clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## install, build, train, publish, serve and predict; ONCE=1 stops the daemon again
	@scripts/demo $(if $(ONCE),--once)

build: ## debug build of everything
	@scripts/install-packages build
	swift build --build-tests

release: ## optimised, self-contained executables in .build/release/
	@scripts/install-packages build
	swift build -c release --static-swift-stdlib

test: ## everything that continuous integration runs
	@scripts/install-packages build test
	@scripts/check

lint: ## layout, laws, image and manifests, without the long tests
	@scripts/install-packages build test
	@scripts/check python format dependencies tidy image manifests

bench: ## measure against nginx and other libraries in the same run
	@scripts/install-packages build bench
	@Benchmarks/run

fuzz: ## new inputs for every parser, SECONDS_EACH=60 each
	@scripts/install-packages build
	@Fuzz/run $(or $(SECONDS_EACH),60)

soak: ## the lifecycle tests over and over: MINUTES=60
	@scripts/install-packages build test
	@scripts/soak $(or $(MINUTES),60)

races: ## the end-to-end tests with ThreadSanitizer
	@scripts/install-packages build test
	@scripts/python-environment
	@scripts/races

packages: ## install what is missing for build, test and bench
	@scripts/install-packages build test bench

python: ## the virtual environment of the end-to-end tests
	@scripts/python-environment

clean: ## remove what the builds left
	rm -rf .build .build-*
