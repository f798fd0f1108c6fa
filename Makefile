# Callgist on a fresh machine: `make demo`, `make test`. `make help` says what each does.
# Every target uses the release profile, so that the C++ underneath is compiled only once.

.DEFAULT_GOAL := build
.PHONY: build demo test test-encrypted faults deb models help
# Binaries belong into this checkout's target/release, whatever the caller's environment says.
unexport CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_TARGET
# Calls take their time and little else: four times as many tests as cores wait beside each other.
export RUST_TEST_THREADS ?= $(shell expr 4 \* $$(nproc))

alone := .ci/setup alone
build := cargo build --release --locked

build:
	@.ci/setup build
	@$(alone) $(build)
	@echo "callgist: built target/release/callgist and its two ears" >&2

# Built and run under one lock: another clone must not put its own binaries there in between.
demo:
	@.ci/setup demo
	@$(alone) sh -c '$(build) && echo "callgist: a call of about a minute follows, in real time (DEMO=--fast is quicker)" >&2 && target/release/callgist demo $(DEMO)'

test:
	@.ci/setup test
	@echo "callgist: tests (after the build 20 to 40 minutes on two cores, most of it waiting)" >&2
	cargo fmt --check
	$(alone) $(build)
	$(alone) cargo clippy --release --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(alone) cargo doc --release --locked --no-deps --document-private-items
	$(alone) cargo test --release --locked

# In a folder of its own: the binaries in target/release stay what they are.
encrypted := cargo test --release --locked --no-default-features --features sqlcipher --target-dir target/encrypted

test-encrypted:
	@.ci/setup encrypted
	@echo "callgist: tests of the encrypted database (a few minutes; no C++ but SQLCipher's own is compiled)" >&2
	$(alone) $(encrypted) --lib store::
	$(alone) $(encrypted) --test it encrypted::

faults:
	@.ci/setup test
	@$(alone) sh -c '$(build) && .ci/faults --release'

deb:
	@.ci/setup deb
	@$(alone) sh -c '$(build) && .ci/setup package'

models:
	@.ci/setup models

help:
	@echo "make         build callgist and its ears into target/release (first time half an hour to an hour:"
	@echo "             CTranslate2 and oneDNN are C++; later clones take one or two minutes)"
	@echo "make demo    the same, then one simulated call through the real pipeline, and its note"
	@echo "             (about a minute; DEMO=\"--fast\" or other options of \`callgist demo\`)"
	@echo "make test    the same, then everything that continuous integration runs (20 to 40 minutes)"
	@echo "make test-encrypted  the tests of an encrypted database, built with SQLCipher (a few minutes)"
	@echo "make faults  every fault and every call story on the simulated switch, as a table (20 minutes)"
	@echo "make deb     the same as make, then a Debian package in target/debian"
	@echo "make models  only the downloads: libvosk, Whisper base, the Korean Vosk model (227 MB)"
	@echo
	@echo "What is missing is installed: system packages through apt when you are root, all else into"
	@echo "$${CALLGIST_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/callgist} (CALLGIST_CACHE moves it). Every target may be interrupted"
	@echo "and run again, and works offline once its downloads are there."
