# The front door. Every target is one line of help (`make`); the work is done by the scripts it names.

.DEFAULT_GOAL := help
.PHONY: help drift test test-machines test-full tried reliability bench lint lock docs changes picture archive \
	archive-list map clean

DRIFT_ARGS ?=
TESTS ?=
REAL ?=

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

drift:  ## Check this machine against the baseline; nothing is changed (DRIFT_ARGS='--level high' passes options on)
	@scripts/setup.sh run
	@.venv/bin/leeboard drift --this-machine $(DRIFT_ARGS)

test:  ## Run the tests that need no machine; as root also installs what they need (TESTS='tests/unit -k disk': these)
	@scripts/setup.sh test
	@scripts/test-packages.sh
	@scripts/test.sh $(TESTS)

test-machines:  ## Run those that need a machine, Windows, a server or a browser (an hour; TESTS='...': these)
	@scripts/setup.sh test
	@scripts/test-packages.sh
	@scripts/test-windows.sh
	@scripts/test.sh $(or $(TESTS),machines)

test-full:  ## Do and mend every break, into docs/proof (hours; goes on where it was; TESTS='-k LCK': these)
	@scripts/setup.sh test
	@scripts/test-packages.sh
	@scripts/test-windows.sh
	@LEEBOARD_FULL=1 scripts/test.sh -m "lab or windows or full or hypothesis" \
		tests/controls/test_linux_breaks.py tests/vm/test_molecule.py tests/vm/test_vpn.py tests/vm/test_vpn_wireguard.py \
		tests/vm/test_vpn_names.py tests/vm/test_vpn_rolled_out.py tests/windows/test_bitlocker_looked_after.py \
		tests/school/full_a_school.py tests/controls/full_power_cuts.py tests/controls/test_recovery_keys.py \
		tests/controls/test_empty_disks.py tests/controls/test_tpm.py tests/controls/test_bindings.py \
		tests/controls/test_linux_combined.py tests/controls/test_linux_undo.py tests/controls/test_linux_trouble.py \
		tests/controls/test_reboots.py tests/controls/test_usb_restart.py tests/controls/test_exchanged_programs.py \
		tests/vm/test_lab.py tests/vm/test_checkpoint.py tests/windows/test_undo.py tests/windows/test_checkpoint.py \
		tests/windows/test_checkpoint_wire.py tests/windows/test_bitlocker_change.py tests/windows/test_pester.py \
		tests/windows/test_roll_out.py tests/windows/test_cut_off_ways.py tests/windows/test_firewall_change.py \
		tests/windows/test_vpn_kills.py tests/windows/test_vpn_cut_off_ways.py tests/windows/test_change_kills.py \
		tests/windows/test_undo_kills.py tests/controls/test_windows_undo.py tests/controls/test_ways.py tests/controls/test_cut_off_matrix.py \
		tests/controls/test_encrypted.py tests/controls/full_linux_mends.py tests/controls/test_windows_breaks.py \
		tests/controls/test_windows_encrypted.py tests/credentials tests/services tests/unit tests/house tests/bearing \
		$(TESTS)

tried:  ## Accept what the tests try now as the right list, docs/proof/tried.txt (read the diff before you commit)
	@scripts/setup.sh test
	@PYTHONPATH=collections .venv/bin/python -m tests.controls.tried

reliability:  ## Cut off work on keys at every point, into docs/reliability.md (REAL=1: on a real machine as well, hours)
	@scripts/setup.sh test
	@scripts/test-packages.sh
	@PYTHONPATH=collections .venv/bin/python -m tests.reliability
	@[ -z "$(REAL)" ] || PYTHONPATH=collections .venv/bin/python -m tests.reliability --real

bench:  ## Measure what a night costs, as ratios in one run
	@scripts/setup.sh test
	@scripts/test-packages.sh
	@scripts/test-windows.sh
	@scripts/bench.sh

lint:  ## Run ruff, mypy, yamllint, ansible-lint and shellcheck only
	@scripts/setup.sh test
	@scripts/test.sh tests/house/test_linters.py

lock:  ## Write the exact versions again, after pyproject.toml or requirements/*.in changed (UPGRADE=1 takes newer ones)
	@scripts/lock.sh

docs:  ## Build the documentation into build/site, with a page for each module, plugin and role
	@scripts/setup.sh run
	@scripts/docs.sh

changes:  ## Write CHANGELOG.md from changelogs/ (a change comes with a file in changelogs/fragments)
	@scripts/setup.sh run
	@scripts/docs.sh changes

picture:  ## Draw the pictures in README and docs/site.md again (needs chromium and chromium-driver)
	@scripts/setup.sh test
	@.venv/bin/python -m tests.unit.report.example
	@.venv/bin/python -m tests.unit.cli.example_picture
	@.venv/bin/python -m tests.unit.cli.site_pictures

archive:  ## Build the Galaxy archive and the wheel into dist/
	@scripts/setup.sh test
	@scripts/archive.sh dist

archive-list:  ## Accept the files that the archive now holds as the right ones (read the diff before you commit)
	@scripts/setup.sh test
	@scripts/archive.sh --list > tests/house/archive.txt.new && mv tests/house/archive.txt.new tests/house/archive.txt

map:  ## Accept what each file of the devices' code bears on now as right (read the diff before you commit)
	@scripts/setup.sh test
	@PYTHONPATH=collections .venv/bin/python -m tests.bearing.map

clean:  ## Remove what can be made again: .venv, dist, caches. Evidence in var/ stays
	rm -rf .venv dist build leeboard.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .ansible
	find . -name .git -prune -o -name var -prune -o -name __pycache__ -type d -exec rm -rf {} +
