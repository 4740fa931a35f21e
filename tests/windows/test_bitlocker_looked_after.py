"""A laptop that a roll-out has looked after is broken in one way, checked, and rolled out to again.

Each break says which controls of ENC it flips, and no other does; what a roll-out leaves of it; and harmless changes
flip none. The visit, the vault and the device code are real, over the state machine of BitLocker.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.escrow.vaults import bring_back, keep

from . import volume_time
from .bitlocker_bench import Bench, State
from .test_bitlocker_action import SEEN, Controller, a_laptop_in_clear, findings

DRIFTED, PENDING, COMPLIANT = "drifted", "pending", "compliant"
RECOVERY, TPM, EXTERNAL, NETWORK = 3, 1, 2, 9


def without(*types: int, letter: str = "C:") -> Callable[[State], object]:
    """Protectors of these types are removed by hand."""

    def broken(state: State) -> None:
        at = found(state, letter)
        at["protectors"] = [one for one in at["protectors"] if one["type"] not in types]

    return broken


def with_one(kind: int, letter: str = "C:", **more: Any) -> Callable[[State], object]:
    """Somebody adds a protector."""
    one = {"id": "{AAAAAAAA-0000-4000-8000-00000000000A}", "type": kind, **more}
    return lambda state: found(state, letter)["protectors"].append(one)


def changed(letter: str = "C:", **more: Any) -> Callable[[State], object]:
    """A volume is otherwise."""
    return lambda state: found(state, letter).update(more)


def found(state: State, letter: str) -> State:
    """What a volume is, to be written to."""
    (one,) = (one["bitlocker"] for one in volume_time.instances(state) if one["DriveLetter"] == letter)
    return one


def typed(state: State) -> None:
    """Somebody types the recovery password of C: at a start."""
    password = next(one for one in found(state, "C:")["protectors"] if one["type"] == RECOVERY)
    volume_time.typed(state, password["id"], "started")


@dataclass(frozen=True)
class Break:
    """What is done by hand, which controls it flips and into what, and what is left after a roll-out and its night."""

    do: Callable[[State], object]
    flips: dict[str, str]
    left: dict[str, str] = field(default_factory=dict)


Settled = tuple[Controller, State, Path, dict[str, str]]
STRANGER = {"password": "000011-" * 7 + "000011"}
BREAKS = {
    "suspended until somebody resumes it": Break(
        changed(clear_key=True, suspended=0), {"ENC-01": DRIFTED, "ENC-09": DRIFTED}),
    "suspended for a restart": Break(changed(clear_key=True, suspended=1), {"ENC-01": DRIFTED, "ENC-09": DRIFTED}),
    # The page file lies on the same volume.
    "being decrypted": Break(changed(conversion=3, percentage=60), {"ENC-01": DRIFTED, "ENC-13": DRIFTED}),
    "encryption that somebody paused": Break(
        changed(conversion=4, percentage=60), {"ENC-01": PENDING, "ENC-13": PENDING}),
    "without its TPM": Break(without(TPM), {"ENC-03": DRIFTED}),
    "without its recovery password": Break(
        without(RECOVERY), {"ENC-06": DRIFTED, "ENC-07": DRIFTED, "ENC-08": DRIFTED}),
    "a recovery password that nobody knows": Break(
        with_one(RECOVERY, **STRANGER), {"ENC-07": DRIFTED}, {"ENC-07": DRIFTED}),
    "a password that was typed": Break(typed, {"ENC-08": DRIFTED}),
    "data suspended": Break(changed("D:", clear_key=True), {"ENC-09": DRIFTED, "ENC-10": DRIFTED}),
    "data being decrypted": Break(changed("D:", conversion=3, percentage=60), {"ENC-10": DRIFTED}),
    "data without its password": Break(
        without(RECOVERY, letter="D:"), {"ENC-06": DRIFTED, "ENC-07": DRIFTED, "ENC-08": DRIFTED}),
    "another cipher": Break(changed(method=3), {"ENC-02": DRIFTED}, {"ENC-02": DRIFTED}),
}  # fmt: skip
HARMLESS: dict[str, Callable[[State], object]] = {
    "protectors in another order": lambda state: found(state, "C:")["protectors"].reverse(),
    "Network Unlock": with_one(NETWORK),
    "a restart": volume_time.restart,
}

# By day one of each kind: the protection, a protector, a key that nobody knows, a data drive.
BY_DAY = (
    "suspended until somebody resumes it", "without its TPM", "a recovery password that nobody knows",
    "data being decrypted", "protectors in another order", "change",
)  # fmt: skip


def shared_out(names: Iterable[str]) -> list[Any]:
    """These names as a test's parameters; what is not in BY_DAY is for the night."""
    return [pytest.param(name, marks=[] if name in BY_DAY else [pytest.mark.full]) for name in names]


def policy() -> list[State]:
    """The policy of such a laptop, and its TPM, as a visit reads them: the verdicts of volumes then stand alone."""
    seen = json.loads((SEEN.parent / "compliant_windows_encryption.json").read_text(encoding="utf-8"))["readings"]
    readings = [one for one in seen if (one["driver"], one["address"]) != ("bitlocker_volume", "volumes")]
    otherwise = {"OSRequireActiveDirectoryBackup": 0, "UseTPM": 2, "UseTPMPIN": 0}  # level standard, with the vault
    for one in readings:
        name = one["address"].rpartition("/")[2]
        if name in otherwise:
            one["effective"] = one["configured"] = {"state": "value", "value": otherwise[name], "source": "a test"}
    return list(readings)


@pytest.fixture(scope="module")
def settled(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settled]:
    """The laptop with its data drive, encrypted and protected; its state, its vault's, and what a check says of it."""
    folder = tmp_path_factory.mktemp("looked-after")
    with a_laptop_in_clear(bench, folder) as controller:
        controller.policy = policy()
        for _night in range(4):
            assert not controller.roll_out()["failed"]
            controller.night()
        well = findings(controller.roll_out(check=True))
        told = {verdict for control, verdict in well.items() if control.startswith("ENC-")}
        assert told == {COMPLIANT, "not_applicable"}, "or a break could not be seen"
        kept = keep(controller.vault, folder / "kept")
        yield controller, copy.deepcopy(controller.device.state), kept, well


@pytest.fixture
def controller(settled: Settled) -> Controller:
    """The controller and its laptop, as they were."""
    made, state, kept, _well = settled
    bring_back(made.vault, kept)
    made.device.state.clear()
    made.device.state.update(copy.deepcopy(state))
    return made


def flipped(controller: Controller, well: dict[str, str]) -> dict[str, str]:
    """What a check says now where it says something else than when all was well."""
    now = findings(controller.roll_out(check=True))
    return {control: verdict for control, verdict in now.items() if verdict != well[control]}


@pytest.mark.parametrize("what", shared_out(BREAKS))
def test_a_break_flips_what_it_breaks_and_a_roll_out_mends_it(
    settled: Settled, controller: Controller, what: str
) -> None:
    well, broken = settled[3], BREAKS[what]
    broken.do(controller.device.state)
    before = copy.deepcopy(controller.device.state)
    assert flipped(controller, well) == broken.flips
    assert controller.device.state == before, "a check changes nothing"
    assert not controller.roll_out()["failed"]
    controller.night()
    controller.night()
    assert flipped(controller, well) == broken.left
    count, keys = len(controller.device.changes), controller.keys
    assert not controller.roll_out()["changed"]
    assert len(controller.device.changes) == count and controller.keys == keys


@pytest.mark.parametrize("what", shared_out(HARMLESS))
def test_a_harmless_change_is_no_drift_and_nothing_is_done_about_it(
    settled: Settled, controller: Controller, what: str
) -> None:
    HARMLESS[what](controller.device.state)
    assert flipped(controller, settled[3]) == {}
    count = len(controller.device.changes)
    outcome = controller.roll_out()
    assert not outcome["changed"] and not outcome["failed"] and len(controller.device.changes) == count


@pytest.mark.parametrize("lost_at", shared_out(["survey", "new_key", "protect", "change"]))
def test_a_repair_whose_connection_is_lost_is_finished_by_the_next(
    settled: Settled, controller: Controller, lost_at: str
) -> None:
    """Before each step. All points, those of controller and power too: tests/unit/escrow/test_bitlocker_kills.py."""
    without(RECOVERY, TPM)(controller.device.state)
    changed(clear_key=True, suspended=0)(controller.device.state)
    lost = controller.roll_out(lost_at=lost_at)
    assert lost["failed"] and "the device was lost" in lost["msg"]
    assert found(controller.device.state, "C:")["clear_key"], "protection comes back over what was compared alone"
    assert not controller.roll_out()["failed"]
    assert flipped(controller, settled[3]) == {}
    assert not controller.roll_out()["changed"]
