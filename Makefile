# SPDX-License-Identifier: Apache-2.0
# Verbs over CMake: `make` builds into build/, programs in build/bin/. The rules themselves are in CMakeLists.txt.
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
PRESET ?= release
BUILD = build$(if $(filter-out release,$(PRESET)),-$(PRESET))
CTEST = ctest --preset $(PRESET) -j $(JOBS)
CMAKE_FLAGS ?=
.PHONY: all setup build demo test check bench fuzz bless lint format docs install clean

all: build                # configure and build; PRESET=dev, asan, tsan or fuzz for the others
setup:                    # install the Debian packages that are missing, or say which
	@tools/setup.sh
build: setup
	@cmake --preset $(PRESET) $(CMAKE_FLAGS) --log-level=WARNING
	@cmake --build $(BUILD) -j $(JOBS) -- --no-print-directory $(if $(V),VERBOSE=1,-s)
demo: build               # the digits classifier reads a PNG and shows what it sees
	@tools/demo.sh $(BUILD)/bin
test: build               # every test, in under a minute
	@$(CTEST)
check: test               # the same under address+undefined and thread sanitizers
	@$(MAKE) --no-print-directory test PRESET=asan
	@$(MAKE) --no-print-directory test PRESET=tsan
bench: build              # how fast: docs/performance.md
	@tools/bench.sh $(BUILD)
fuzz:                     # search for crashes, SECONDS for each target
	@$(MAKE) --no-print-directory build PRESET=fuzz
	@tools/fuzz.sh build-fuzz $(or $(SECONDS),60)
bless: build              # fill the ? of .test files from TensorFlow, rewrite tests/cli/*.stdout; review the diff
	@tools/bless.sh $(BUILD)
lint:
	@tools/setup.sh --lint && $(MAKE) --no-print-directory build PRESET=dev && tools/lint.sh build-dev
format:
	@git ls-files '*.c' '*.h' | xargs clang-format-16 -i
docs: build               # docs/ops.md, docs/cli.md, docs/api.md from the tables and the header
	@tools/docs.sh $(BUILD)
install: build
	@cmake -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(BUILD) --log-level=WARNING >/dev/null
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)
clean:
	@rm -rf build build-dev build-asan build-tsan build-fuzz
