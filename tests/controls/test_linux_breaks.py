"""Each break is found, and nothing else; each harmless change is not. On real machines, beside an independent truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .machine_run import MachineRun
from .scripts import CHECKED, SEEN, Script, tried_scripts

SCRIPTS = tried_scripts()
MACHINES = (*SEEN, *CHECKED)
MachineRuns = Callable[[str], MachineRun]


@pytest.mark.parametrize("image", MACHINES)
def test_a_stock_machine_gets_the_verdicts_that_were_reviewed(machine_run: MachineRuns, image: str) -> None:
    seen = machine_run(image).enforced()
    assert seen.stock == machine_run(image).about["stock"], seen.stock_words


@pytest.mark.full
@pytest.mark.parametrize("image", MACHINES)
def test_the_truth_of_a_stock_machine_is_no_better_than_its_verdicts(machine_run: MachineRuns, image: str) -> None:
    seen = machine_run(image).enforced()
    assert seen.stock_truth
    wrong = {name: truth for name, truth in seen.stock_truth.items() if truth.verdict != seen.stock[name]}
    assert not wrong


@pytest.mark.parametrize("image", MACHINES)
def test_the_roll_out_brings_a_machine_to_its_baseline(machine_run: MachineRuns, image: str) -> None:
    seen = machine_run(image).enforced()
    if image in CHECKED:
        assert seen.first is None  # a technician set it up by hand
    else:
        assert seen.first is not None
        assert seen.first.status == 0, seen.first.output
        assert seen.first.counts["changed"] > 0
    applies = {control: verdict for control, verdict in seen.verdicts.items() if verdict != "not_applicable"}
    assert applies == machine_run(image).about["applies"], seen.words


@pytest.mark.full
@pytest.mark.parametrize("image", MACHINES)
def test_after_the_roll_out_the_machine_itself_says_so(machine_run: MachineRuns, image: str) -> None:
    truths = machine_run(image).enforced().truth
    assert truths
    wrong = {name: truth for name, truth in truths.items() if truth.verdict != "compliant"}
    assert not wrong


@pytest.mark.full
@pytest.mark.parametrize("image", SEEN)
def test_a_second_roll_out_changes_nothing(machine_run: MachineRuns, image: str) -> None:
    second = machine_run(image).enforced().second
    assert second is not None
    assert (second.status, second.counts["changed"]) == (0, 0), second.output


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.flips], ids=lambda script: script.name)
def test_a_break_is_found_and_nothing_else(machine_run: MachineRuns, script: Script) -> None:
    outcome = machine_run(script.image).outcome(script)
    for control in script.flips:
        truth = outcome.truth[control]
        assert truth.verdict == ("pending" if script.expect == "pending" else "drifted"), f"{control}: {truth.why}"
    changed = {control: after for control, (_before, after) in outcome.changed.items()}
    assert changed == script.becomes, outcome.words


@pytest.mark.parametrize("script", [s for s in SCRIPTS if not s.flips], ids=lambda script: script.name)
def test_a_harmless_change_is_not_reported(machine_run: MachineRuns, script: Script) -> None:
    outcome = machine_run(script.image).outcome(script)
    assert outcome.truth[script.control].verdict == "compliant", outcome.truth[script.control].why
    # It may bring something that is looked at from now on, and is right: a first VPN profile.
    changed = {control: after for control, (_before, after) in outcome.changed.items()}
    assert changed == script.also, outcome.words
