"""Machines in trouble: a full disk, packages half installed, a missing tool, garbage, a stranger, a killed roll-out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

import pytest
import yaml

from leeboard.model.observation import text_of
from tests.vm.machine import Machine

from .harness import THERE, Proof, play, recorded, verdicts, wrong_lines
from .machine_run import MachineRun

MachineRuns = Callable[[str], MachineRun]
FILL = "fallocate -l $(($(stat -f -c '%a * %S' /) + 0)) /fill 2>/dev/null; dd if=/dev/zero of=/fill2 bs=64K; sync; true"
DRIFT = "printf 'Debian GNU/Linux 13\\n' >/etc/issue; rm /etc/leeboard/label; rm /etc/profile.d/*leeboard*"


def listing(proof: Proof) -> str:
    """Every file below /etc with its digest: what a run must leave alone."""
    return proof.machine.root("find /etc -xdev -type f -exec sha256sum {} + | sort -k 2").stdout


@pytest.mark.full
@pytest.mark.parametrize("image", ["server"])
def test_a_full_disk_stops_a_roll_out_before_the_first_change(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        proof.machine.root(DRIFT)
        proof.machine.root(FILL, check=False)
        before = listing(proof)
        findings = proof.findings(proof.visit())
        assert verdicts(findings)["LBL-02"] == "drifted", wrong_lines(findings)
        done = proof.roll_out()
        assert done.status == 2
        assert "No space left on device" in done.output
        assert "Traceback" not in done.output
        assert listing(proof) == before
        findings = proof.findings(proof.visit())
        assert {verdicts(findings)[c] for c in ("LBL-01", "LBL-02", "LCK-09")} == {"drifted"}, wrong_lines(findings)
        proof.machine.root("rm -f /fill /fill2")
        assert proof.roll_out().status == 0
        assert verdicts(proof.findings(proof.visit()))["LBL-02"] == "compliant"

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["gnome"])
def test_a_package_manager_at_work_is_seen(machine_run: MachineRuns, image: str) -> None:
    hold = (
        "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
        "open('/run/held', 'w'); time.sleep(600)"
    )

    def work(proof: Proof) -> None:
        proof.machine.root(f'systemd-run --quiet python3 -c "{hold}"; until [ -e /run/held ]; do sleep 0.2; done')
        seen = proof.visit()
        assert seen.facts["package_upgrade"].value is True  # type: ignore[union-attr]
        # AIDE is not installed, and may be among what is being installed.
        expected = {**machine_run(image).about["applies"], "AUD-13": "error"}
        assert verdicts(proof.findings(seen)) == {**verdicts(proof.findings(seen)), **expected}
        # Half-way through, a program that belongs to the packages is not there.
        proof.machine.root("mv /usr/bin/gsettings /usr/bin/gsettings.dpkg-new")
        findings = proof.findings(proof.visit())
        assert verdicts(findings)["LCK-01"] == "error"
        assert "packages are being upgraded" in wrong_lines(findings)
        assert verdicts(findings)["LCK-09"] == verdicts(findings)["LBL-02"] == "compliant", wrong_lines(findings)

    machine_run(image).with_machine(work)


@pytest.mark.parametrize("image", ["gnome"])
def test_a_missing_tool_costs_only_what_needs_it(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        proof.machine.root("mv /usr/bin/gsettings /root")
        findings = proof.findings(proof.visit())
        wrong = {control for control, verdict in verdicts(findings).items() if verdict == "error"}
        lock_and_notice = {"LCK-01", "LCK-02", "LCK-04", "LCK-07", "LCK-08", "LBL-01"}
        assert wrong == {*lock_and_notice, "ENC-14", "REM-06"}, wrong_lines(
            findings
        )  # sleep, and sharing of the desktop
        assert "gsettings" in wrong_lines(findings)
        assert verdicts(findings)["LCK-09"] == verdicts(findings)["LBL-02"] == "compliant", wrong_lines(findings)

    machine_run(image).with_machine(work)


@pytest.mark.parametrize("image", ["server"])
def test_garbage_from_one_device_does_not_stop_another(machine_run: MachineRuns, image: str) -> None:
    garbage = """#!/bin/sh
cat >/dev/null
printf '{"changed": false, "observation": {"schema": 1, "platform": "li'
"""

    def work(proof: Proof) -> None:
        proof.machine.put(garbage.encode(), "/usr/local/bin/python3", mode="755")
        shared = {**proof.machine.inventory(), **proof.variables}
        hosts = {
            "lab": shared,
            "broken": {
                **shared,
                "leeboard_asset": "LAB-broken",
                "ansible_python_interpreter": "/usr/local/bin/python3",
                "leeboard_urn": "900003",
            },
        }
        proof.work.mkdir(parents=True, exist_ok=True)
        inventory = proof.work / "two.yml"
        inventory.write_text(yaml.safe_dump({"lab_school": {"hosts": hosts}}), encoding="utf-8")
        done = play(proof.work, inventory, "drift.yml")
        assert done.status == 2
        assert "Traceback" not in done.output
        assert done.counts["ok"] > 0
        assert done.counts["failed"] == 0
        recorded_now = recorded(proof.work)
        assert {
            c: v for c, v in recorded_now[str(shared["leeboard_asset"])].items() if v != "not_applicable"
        } == machine_run(image).about["applies"]
        assert recorded_now["LAB-broken"] == {}

    machine_run(image).with_machine(work)


@pytest.mark.parametrize("image", ["server"])
def test_another_machine_at_an_address_changes_nothing(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        proof.machine.root(DRIFT)
        before = listing(proof)
        stranger = Proof(proof.machine, proof.work, leeboard_serial="5CG0000001", leeboard_asset="LAB-other")
        done = stranger.roll_out()
        assert done.status == 2
        assert "5CG0000001" in done.output
        assert listing(proof) == before
        _run, findings = stranger.check()
        assert set(findings.values()) - {"not_applicable"} == {"error"}

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["server"])
def test_a_machine_with_another_serial_is_another_machine(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        own = Proof(proof.machine, proof.work / "serial")
        _run, findings = own.check()
        assert "compliant" in findings.values()
        # The board was changed, or another machine got the address: the same asset tag, another serial.
        pins = next((own.work / "var" / "evidence").glob("*/pins.json"))
        text = pins.read_text(encoding="utf-8")
        serial = text_of(own.visit().identity.serial)
        assert serial in text
        pins.write_text(text.replace(serial, "OLD-BOARD-1"), encoding="utf-8")
        done, findings = own.check()
        assert done.status == 2
        assert "another machine" in done.output or serial in done.output
        assert set(findings.values()) - {"not_applicable"} == {"error"}

    machine_run(image).with_machine(work)


# Where the change is cut off: after the journal, with the new file written beside the old one, and after the rename.
KILL = """
import json, os, signal, sys
sys.path.insert(0, {there!r})
from _linux.engine import change
from _linux.engine.host import Host
from _linux.visit import DRIVERS

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

at = {at!r}
if at == "journal":
    change.write = die
elif at == "rename":
    os.replace = die
elif at == "renamed":
    change.sync_folder = die
name, changes = json.load(sys.stdin)
change.apply(DRIVERS[name], Host(), changes, "killed")
"""


ISSUE = ("server", "banner", "/etc/issue", "/etc/issue")
DCONF = ("gnome", "dconf", "/org/gnome/desktop/session/idle-delay", "/etc/dconf/db/local.d")


@pytest.mark.parametrize(
    ("image", "driver", "address", "path", "at"),
    [
        pytest.param(*ISSUE, "journal", marks=pytest.mark.full),
        pytest.param(*ISSUE, "rename"),
        pytest.param(*ISSUE, "renamed", marks=pytest.mark.full),
        pytest.param(*DCONF, "journal", marks=pytest.mark.full),
        pytest.param(*DCONF, "rename", marks=pytest.mark.full),
        pytest.param(*DCONF, "renamed"),
    ],
)
def test_a_killed_change_leaves_a_whole_file(
    machine_run: MachineRuns, image: str, driver: str, address: str, path: str, at: str
) -> None:
    def work(proof: Proof) -> None:
        machine: Machine = proof.machine
        machine.root("printf 'old text\\n' >/etc/issue")
        machine.root(
            "[ ! -d /etc/dconf/db/local.d ] || { find /etc/dconf/db/local.d -maxdepth 1 -type f -exec "
            "sed -i 's/^idle-delay=.*/idle-delay=uint32 3600/' {} + && dconf update; }"
        )
        before = machine.root(f"find {path} -type f ! -name '.leeboard-*' -exec cat {{}} +").stdout
        value, kind = ("new text", "") if driver == "banner" else (300, "uint32")
        request = json.dumps([driver, [{"address": address, "value": value, "type": kind}]])
        killed = machine.root(
            shlex.join(["python3", "-c", KILL.format(there=THERE, at=at)]) + "; echo ended with $?", input=request
        )
        assert killed.stdout == "ended with 137\n"
        after = machine.root(f"find {path} -type f ! -name '.leeboard-*' -exec cat {{}} +").stdout
        assert (after == before) == (at != "renamed")
        journal = machine.root("cat /var/lib/leeboard/journal/killed.jsonl").stdout
        lines = [json.loads(line) for line in journal.splitlines()]
        assert [line["driver"] for line in lines] == [driver]
        assert lines[0]["before"][address]["effective"]["state"] == "value"
        findings = verdicts(proof.findings(proof.mend()))
        assert {c: v for c, v in findings.items() if v != "not_applicable"} == machine_run(image).about["applies"]
        left = machine.root("find /etc /var/lib/leeboard -name '.leeboard-*'").stdout
        assert left == ""

    machine_run(image).with_machine(work)
