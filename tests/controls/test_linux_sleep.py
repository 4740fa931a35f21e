"""ENC-14 where it is drifted all the same: what a roll-out can put right is right, as logind and people's sessions say.

A lab machine with GNOME has no IOMMU, so that the control's verdict alone would say nothing about its other settings.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .harness import Proof, wrong_lines
from .machine_run import MachineRun

MachineRuns = Callable[[str], MachineRun]
KEYS = ("sleep-inactive-ac-type", "sleep-inactive-battery-type")
PEOPLE = ("technician", "pupil", "teacher")
ASK = "for verb in get writable; do gsettings $verb org.gnome.settings-daemon.plugins.power {key}; done"
# A trolley's batteries were always empty, so it may sleep again, and one teacher has it do so.
SLEEPS = (
    "find /etc/dconf/db/local.d/locks -type f -exec sed -i '/sleep-inactive/d' {} + ; dconf update; "
    "runuser -l teacher -c 'dbus-run-session -- gsettings set org.gnome.settings-daemon.plugins.power "
    "sleep-inactive-battery-type suspend'; "
    "grep -rl ^AllowSuspend /etc/systemd/sleep.conf.d | xargs sed -i 's/^AllowSuspend=.*/AllowSuspend=yes/'"
)


def drifted(proof: Proof) -> set[str]:
    """The settings of ENC-14 that are not right."""
    findings = proof.findings(proof.visit())
    assert findings["ENC-14"].judged, wrong_lines(findings)
    return {result.setting for result in findings["ENC-14"].judged if result.verdict == "drifted"}


def as_people_get_it(proof: Proof) -> set[str]:
    """Value and whether it can be changed, of both keys and each person, by their own shells."""
    said = [
        proof.machine.root(
            f"setpriv --reuid {person} --regid {person} --init-groups --reset-env bash -lc '{ASK.format(key=key)}'"
        ).stdout.split()
        for person in PEOPLE
        for key in KEYS
    ]
    return {" ".join(one) for one in said}


@pytest.mark.parametrize("image", ["gnome"])
def test_a_machine_with_gnome_does_not_sleep_after_a_roll_out(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        assert drifted(proof) == {"iommu"}
        assert as_people_get_it(proof) == {"'nothing' false"}
        truth = proof.truth(["ENC-14"])["ENC-14"].why
        assert "lid poweroff" in truth and "key ignore, sleep no" in truth
        proof.machine.root(SLEEPS)
        locks = {"gnome-sleep-ac-lock", "gnome-sleep-battery-lock"}
        assert drifted(proof) == {"iommu", "allow-suspend", "gnome-sleep-battery", *locks}
        assert "'suspend' true" in as_people_get_it(proof)
        proof.mend()
        assert drifted(proof) == {"iommu"}
        assert as_people_get_it(proof) == {"'nothing' false"}

    machine_run(image).with_machine(work)
