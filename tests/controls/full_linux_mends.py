"""Each break is mended, after the pass that found it. Takes long, so it runs only where it is named: `make test-full`.

`make test` mends all breaks that do not interact by one roll-out instead (test_linux_combined.py).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .machine_run import MachineRun
from .scripts import Script, tried_scripts

MachineRuns = Callable[[str], MachineRun]


@pytest.mark.parametrize("broken", [s for s in tried_scripts() if s.flips and s.mends], ids=lambda script: script.name)
def test_each_break_is_mended(machine_run: MachineRuns, broken: Script) -> None:
    outcome = machine_run(broken.image).outcome(broken).mended
    assert outcome is not None
    assert not outcome.changed, outcome.words
    wrong = {name: truth for name, truth in outcome.truth.items() if truth.verdict != "compliant"}
    assert not wrong
