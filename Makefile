# Front door.  Meson does the work (meson.build); nothing here lists sources.
BUILD ?= build
MESON_FLAGS ?=
FUZZ_SECONDS ?= 60

.PHONY: all demo check bench fuzz asan install clean help deps

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: | deps
	@CC=$${CC:-gcc} meson setup $(BUILD) $(MESON_FLAGS)

deps:
	@tools/deps

demo: all
	@BUILD=$(BUILD) tools/demo

check:
	@tools/run-checks

bench: all
	@meson test -C $(BUILD) --benchmark --verbose --num-processes 1

fuzz:
	@tools/run-fuzz $(FUZZ_SECONDS)

asan:
	@tools/run-checks asan

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-asan build-fuzz

help:
	@echo 'make          builds $(BUILD)/redoubt, redoubt-enclave and redoubt-launcher'
	@echo 'make demo     what works today, step by step'
	@echo 'make check    all tests: gcc build, then clang with ASan and UBSan'
	@echo 'make asan     the second half of make check'
	@echo 'make bench    the table of figures'
	@echo 'make fuzz     each fuzz target for FUZZ_SECONDS (60)'
	@echo 'make install  DESTDIR is honoured'
	@echo 'make clean    removes the build folders'
