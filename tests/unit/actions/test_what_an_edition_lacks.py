"""A preview of a roll-out to Windows says what the device's edition cannot have, before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.model.device import device
from leeboard.planning.editions import NO_REMOTE_DESKTOP
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from tests.controls.cases import Case, alone
from tests.unit.actions.checkpoint_double import DoubleClock, OneModuleDevice
from tests.unit.actions.test_vpn_rolled_out import rolled_out

CONTROL = load().control("REM-06")
MODULE, ADDRESS = "leeboard.schools.win_remote_desktop", "UserAuthentication"
SAID = f"pc-1: {NO_REMOTE_DESKTOP}"
PC = {
    "leeboard_urn": "900001", "leeboard_asset": "PC-1", "leeboard_platform": "windows", "leeboard_form": "desktop",
    "leeboard_role": "office", "leeboard_level": "standard", "leeboard_school": "Hill", "leeboard_enforce": ["REM"],
}  # fmt: skip
GOOD = {
    "fDenyTSConnections": 1, "SecurityLayer": 2, "MinEncryptionLevel": 3, "fPromptForPassword": 1,
    "fEncryptRPCTraffic": 1,
}  # fmt: skip


class Computer(OneModuleDevice):
    """A Windows device that asks nobody who he is before it shows a desktop."""

    module = MODULE

    def __init__(self, edition: str, **more: Any) -> None:
        super().__init__(platform="windows", **more)
        self.read = device("pc-1", PC, tuple(load().parameters))
        assert CONTROL is not None
        self.baseline = alone(CONTROL)
        self.wanted = resolve(self.baseline, self.read)
        self.edition, self.values = edition, {**GOOD, ADDRESS: 0}

    @property
    def observation(self) -> Any:
        readings = {f"remote_desktop:{name}": value for name, value in self.values.items()}
        return Case("REM-06", {"name": "x", "facts": {"edition": self.edition}, "readings": readings}).observation()

    def takes(self, settings: list[dict[str, Any]]) -> None:
        self.values |= {one["address"]: one["value"] for one in settings}


@pytest.mark.parametrize(("edition", "said"), [("home", [SAID]), ("pro", []), ("other", [])])
def test_a_preview_says_it_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch, edition: str, said: list[str]
) -> None:
    computer = Computer(edition, preview=True)
    outcome, remarks = rolled_out(computer, monkeypatch)  # type: ignore[arg-type]
    assert remarks[: len(said)] == said and (SAID in remarks) is bool(said)
    assert not outcome.get("failed") and computer.values[ADDRESS] == 0


def test_what_would_be_written_is_written_all_the_same_and_not_said_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computer = Computer("home", clock=DoubleClock())
    outcome, remarks = rolled_out(computer, monkeypatch)  # type: ignore[arg-type]
    assert not outcome.get("failed"), outcome
    assert (computer.values[ADDRESS], computer.state, remarks) == (1, "confirmed", [])
