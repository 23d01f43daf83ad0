# make nightly   the main job: every scenario on every device of devices.yaml
# make test      the harness's own tests
# Each sets itself up on a fresh Debian or Ubuntu with Python 3.11+; a second run installs nothing.

SHELL      := /bin/sh
VENV       := .venv
PYTHON     := $(VENV)/bin/python
READY      := $(VENV)/.ready
HOST_READY := $(VENV)/.host-ready
TOOLS_READY := $(VENV)/.test-tools-ready

# The virtual device's shell is Android's own mksh and toybox; the fonts draw its screen.
# tcc compiles the one small program that Android's commands are on it, where there is no compiler.
HOST_PACKAGES := mksh toybox busybox-static uidmap fonts-droid-fallback fonts-dejavu-core tcc
HOST_TOOLS    := mksh toybox busybox newuidmap
# Witnesses that we did not write: our tests ask them, and skip in words where they are missing.
TEST_PACKAGES := adb fastboot aapt apksigner
TEST_TOOLS    := adb fastboot aapt2 apksigner

.PHONY: nightly test lint bench fuzz chaos proof life preparations clean

nightly: $(READY) $(HOST_READY)
	@$(PYTHON) -m pytest $(ARGS)

test: $(READY) $(HOST_READY) $(TOOLS_READY)
	@$(PYTHON) -m pytest -c selftests/pytest.ini -n auto --dist worksteal selftests $(ARGS)

lint: $(READY)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

bench: $(READY) $(HOST_READY) $(TOOLS_READY)
	@$(PYTHON) -m selftests.bench $(ARGS)

fuzz: $(READY)
	@$(PYTHON) -m pip install --quiet atheris
	@$(PYTHON) -m selftests.fuzz.apk $(ARGS)

# Random faults over real scenario runs: ARGS='--seed N --runs 200 --faults 900 --only SESSION'
chaos: $(READY) $(HOST_READY) $(TOOLS_READY)
	@$(PYTHON) -m selftests.chaos $(ARGS)

proof: $(READY) $(HOST_READY)
	@$(PYTHON) -m selftests.proof $(ARGS)

preparations: $(READY) $(HOST_READY) $(TOOLS_READY)
	@$(PYTHON) -m selftests.preparations $(ARGS)

life: $(READY) $(HOST_READY) $(TOOLS_READY)
	@HOLDFAST_LIFE_STEPS=3000 HOLDFAST_WHOLE_LIFE_STEPS=3000 $(PYTHON) -m pytest \
	  -c selftests/pytest.ini -n 0 --log-cli-level=INFO --hypothesis-profile=random \
	  selftests/virtualdevice/system/test_days_of_life.py \
	  selftests/virtualdevice/system/test_days_of_several_users.py \
	  selftests/virtualdevice/system/test_days_of_a_whole_phone.py $(ARGS)

clean:
	rm -rf $(VENV) .holdfast .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The environment is made by the first interpreter that is new enough. Debian splits the venv module
# off into a package of its own, so a failing `-m venv` is answered by installing that package.
$(READY): requirements.txt pyproject.toml
	@set -e; found=; \
	for candidate in $${PYTHON3:-python3} python3.14 python3.13 python3.12 python3.11; do \
	  if command -v $$candidate >/dev/null 2>&1 && \
	     $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "holdfast needs Python 3.11 or newer: install it (Debian, Ubuntu: apt-get install python3)." >&2; \
	  exit 4; fi; \
	if ! $$found -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  $(call install_packages,python3-venv) || { \
	  echo "holdfast needs Python's venv module: install it as root with 'apt-get install python3-venv'." >&2; \
	  exit 4; }; fi; \
	echo "Setting up $(VENV) (once) ..."; \
	$$found -m venv --clear $(VENV); \
	$(PYTHON) -m pip install -qq --disable-pip-version-check -r requirements.txt; \
	$(PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	touch $(READY)

$(HOST_READY): Makefile | $(READY)
	@if $(call have,$(HOST_TOOLS)) && ( command -v gcc || command -v cc || command -v tcc ) >/dev/null \
	    && [ -e /usr/share/fonts/truetype/droid ] && [ -e /usr/share/fonts/truetype/dejavu ]; then :; \
	elif $(call install_packages,$(HOST_PACKAGES)); then :; \
	else \
	  echo "The virtual devices need some packages: install them as root with 'apt-get install $(HOST_PACKAGES)'." >&2; \
	  exit 4; \
	fi
	@touch $@

$(TOOLS_READY): Makefile | $(READY)
	@if $(call have,$(TEST_TOOLS)); then :; \
	elif $(call install_packages,$(TEST_PACKAGES)); then :; \
	else \
	  echo "Some tests will be skipped: they ask 'apt-get install $(TEST_PACKAGES)' for a second opinion." >&2; \
	fi
	@touch $@

# $(call have,TOOLS): each of them is on PATH; one `command -v` looks at its first word alone.
have = ( for tool in $(1); do command -v $$tool >/dev/null 2>&1 || exit 1; done )

# $(call install_packages,NAMES): apt as root or by sudo without a password; fails where neither works.
define install_packages
{ run=; [ "$$(id -u)" = 0 ] || run="sudo -n"; \
  command -v apt-get >/dev/null 2>&1 && { [ -z "$$run" ] || $$run true 2>/dev/null; } && \
  echo "Installing $(1) ..." && \
  { $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null 2>&1 || \
    { $$run apt-get update -qq >/dev/null 2>&1 && \
      $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; }; }; }
endef
