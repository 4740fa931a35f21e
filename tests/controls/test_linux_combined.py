"""Many breaks at once: the real check names exactly their controls, the real roll-out mends them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from .harness import Proof, verdicts, wrong_lines
from .machine_run import MachineRun
from .scripts import FOLDER, IMAGES, read

MachineRuns = Callable[[str], MachineRun]
COMBINED = yaml.safe_load((FOLDER / "combined.yml").read_text(encoding="utf-8"))


# In `make test` on the machine with most controls.
MACHINES = [pytest.param(image, marks=() if image == "gnome" else pytest.mark.full) for image in IMAGES]


@pytest.mark.parametrize("image", MACHINES)
def test_one_roll_out_mends_many_breaks(machine_run: MachineRuns, image: str) -> None:
    scripts = [read(FOLDER / f"{name}.sh") for name in COMBINED[image]]
    assert all(script.image == image and script.mends for script in scripts)
    applies = machine_run(image).about["applies"]

    def work(proof: Proof) -> None:
        for script in scripts:
            proof.run(script)
        done, findings = proof.check()
        assert done.status == 0, done.output
        broken = {control for script in scripts for control in script.flips}
        wanted = {control: "drifted" if control in broken else verdict for control, verdict in applies.items()}
        assert {control: verdict for control, verdict in findings.items() if verdict != "not_applicable"} == wanted
        first = proof.roll_out()
        assert first.status == 0, first.output
        now = proof.findings(proof.visit())
        assert {c: v for c, v in verdicts(now).items() if v != "not_applicable"} == applies, wrong_lines(now)
        enforced = [control for control in sorted(broken) if applies[control] == "compliant"]
        wrong = {name: truth for name, truth in proof.truth(enforced).items() if truth.verdict != "compliant"}
        assert not wrong

    machine_run(image).with_machine(work)
