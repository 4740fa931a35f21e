"""What somebody accepted of data drives (ENC-10) and of the start (ENC-03): what is spared, and who is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.tpm_policy import Way
from leeboard.escrow.volumes.accepted import Risks, of_parts
from leeboard.escrow.volumes.roll_out import Variables, look_after
from leeboard.model.enums import Level
from leeboard.model.observation import Observation, Reading
from leeboard.model.waiver import Waiver, parse
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController, clear
from tests.unit.escrow.vaults import AT, a_vault

BASELINE = load()
RECOVERY, TPM, PIN, STICK = 3, 1, 4, 2


def risk(control: str, settings: dict[str, Any] | None = None, days: int = 30) -> Waiver:
    raw = {
        "id": "W-2026-003", "control": control, "devices": [DEVICE.asset], "reason": "It runs the lift.",
        "owner": "The head", "approved_by": "The board", "siro": True, "granted": f"{AT - timedelta(days=9):%Y-%m-%d}",
        "last_day": f"{AT + timedelta(days=days):%Y-%m-%d}", **({"settings": settings} if settings else {}),
    }  # fmt: skip
    (made,) = parse([raw]).good
    return made


def wanted(*risks: Waiver, level: Level = Level.STANDARD) -> Wanted:
    ours = {"enforce": ("ENC",), "parameters": {"recovery_passwords": "ours"}, "waivers": risks, "level": level}
    return resolve(BASELINE, DEVICE.model_copy(update=ours))


def volume(letter: str, **more: Any) -> dict[str, Any]:
    return {
        "name": f"name of {letter}", "letter": letter, "kind": 0 if letter == "C:" else 1, "conversion": 1,
        "protection": 1, "lock": 0, "protectors": [], **more,
    }  # fmt: skip


def with_ways(*types: int, **more: Any) -> dict[str, Any]:
    return volume("C:", protectors=[{"id": f"{{{one}}}", "type": one} for one in (*types, RECOVERY)], **more)


CLEAR = {"conversion": 0, "protection": 0}
UNTOLD = {"conversion": None, "troubles": {"conversion": {"code": "failed", "why": "GetConversionStatus failed"}}}


def seen(*volumes: dict[str, Any]) -> Observation:
    found = {"state": "value", "value": [json.dumps(one) for one in volumes], "source": "WMI"}
    reading = {"driver": "bitlocker_volume", "address": "volumes", "fingerprint": "f", "effective": found}
    return Observation.model_construct(facts={}, readings=[Reading.model_validate(reading)])


D_IN_CLEAR = {"windows-data-encrypted": ["D:: not encrypted"]}
DRIVES: dict[str, tuple[Waiver, list[dict[str, Any]], list[str]]] = {
    "the drive that is named": (risk("ENC-10", D_IN_CLEAR), [volume("D:", **CLEAR), volume("E:", **CLEAR)], ["D:"]),
    "a waiver that covers everything": (
        risk("ENC-10"), [volume("D:", **CLEAR), volume("E:", **CLEAR)], ["D:", "E:"]),
    "beside one that cannot be told": (
        risk("ENC-10", D_IN_CLEAR), [volume("D:", **CLEAR), volume("E:", **UNTOLD)], ["D:"]),
    "otherwise than it was accepted": (
        risk("ENC-10", D_IN_CLEAR), [volume("D:", conversion=3, percentage=60, protection=0)], []),
    "encrypted and protected by now": (risk("ENC-10", D_IN_CLEAR), [volume("D:")], []),
    "being encrypted": (risk("ENC-10"), [volume("D:", conversion=2, percentage=60, protection=0)], []),
    "a waiver that has ended": (risk("ENC-10", D_IN_CLEAR, days=-2), [volume("D:", **CLEAR)], []),
    "another control": (risk("ENC-13"), [volume("D:", **CLEAR)], []),
    "another setting": (risk("ENC-10", {"policy-data-write": [0]}), [volume("D:", **CLEAR)], []),
    "a drive without a letter": (risk("ENC-10"), [volume("", **CLEAR)], []),
}  # fmt: skip


@pytest.mark.parametrize("what", DRIVES)
def test_a_data_drive_is_left_as_it_was_accepted_and_no_other(what: str) -> None:
    waiver, volumes, left = DRIVES[what]
    found = of_parts(wanted(waiver), seen(volume("C:"), *volumes), AT)
    assert found.drives == tuple(f"name of {letter}" for letter in left)
    accepted = f"ENC-10 is an accepted risk here (W-2026-003, until {waiver.last_day})"
    assert found.said == tuple(f"{accepted}: volume {letter[0]} is left as it is" for letter in left)


TPM_ACCEPTED, STICK_ACCEPTED = ({"windows-pre-boot": [word]} for word in ("tpm", "security-key"))
STARTS: dict[str, tuple[Waiver, dict[str, Any], bool, tuple[Way, ...]]] = {
    "a TPM where a PIN is wanted": (risk("ENC-03", TPM_ACCEPTED), with_ways(TPM), True, (Way.TPM,)),
    "a TPM that is worth more than its PIN": (risk("ENC-03", TPM_ACCEPTED), with_ways(TPM, PIN), True, (Way.TPM,)),
    "a stick": (risk("ENC-03", STICK_ACCEPTED), with_ways(STICK), True, ()),
    "a waiver that covers everything": (risk("ENC-03"), with_ways(STICK), True, (Way.TPM, Way.PIN)),
    "a stick where a TPM was accepted": (risk("ENC-03", TPM_ACCEPTED), with_ways(STICK), False, (Way.TPM,)),
    "as the level wants": (risk("ENC-03", TPM_ACCEPTED), with_ways(PIN), False, (Way.TPM,)),
    "in clear": (risk("ENC-03", TPM_ACCEPTED), with_ways(**CLEAR), False, (Way.TPM,)),
    "in clear, whatever it asks for": (risk("ENC-03"), with_ways(**CLEAR), False, (Way.TPM, Way.PIN)),
    "a waiver that has ended": (risk("ENC-03", TPM_ACCEPTED, days=-2), with_ways(TPM), False, ()),
    "another setting": (risk("ENC-03", {"policy-tpm": [1]}), with_ways(TPM), False, ()),
}


@pytest.mark.parametrize("what", STARTS)
def test_what_is_asked_at_a_start_stays_as_it_was_accepted(what: str) -> None:
    waiver, windows, stays, ways = STARTS[what]
    found = of_parts(wanted(waiver, level=Level.HIGH), seen(windows), AT)
    assert (found.start, found.ways, found.drives) == (stays, ways, ())
    assert len(found.said) == stays and all("at a start stays as it is" in one for one in found.said)


def test_without_a_waiver_or_a_reading_nothing_is_accepted() -> None:
    nothing = Observation.model_construct(facts={}, readings=())
    for risks, observation in ((), seen(with_ways(TPM))), ((risk("ENC-03"), risk("ENC-10")), nothing):
        found = of_parts(wanted(*risks, level=Level.HIGH), observation, AT)
        assert (found.drives, found.start, found.said) == ((), False, ())
    assert of_parts(wanted(), seen(with_ways(TPM)), AT) == Risks()


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[WindowsController]:
    with a_vault(tmp_path) as made:
        yield WindowsController(made, clear())


def told(controller: WindowsController, waiver: Waiver, observation: Observation, **given: str) -> tuple[Any, str]:
    """What the driver was told in a preview, and what a person was."""
    asked = wanted(waiver, level=Level.HIGH)
    said = look_after(
        controller.vault.var, asked, observation, controller.device.ask, controller.clock, Variables(**given), dry=True
    )  # fmt: skip
    return controller.device.wishes[-1], said.summary


def test_the_plan_says_what_is_left_and_the_driver_is_told(controller: WindowsController) -> None:
    wish, said = told(controller, risk("ENC-10", D_IN_CLEAR), seen(with_ways(PIN), volume("D:", **CLEAR)))
    assert wish["left_drives"] == ["name of D:"] and wish["left_start"] is False
    assert "ENC-10 is an accepted risk here (W-2026-003, until 2026-12-26): volume D is left as it is" in said
    # Nobody is asked for a PIN that is not wanted.
    wish, said = told(controller, risk("ENC-03", TPM_ACCEPTED), seen(with_ways(TPM)))
    assert (wish["left_start"], wish["without_pin"]) == (True, False)
    assert "stays as it is" in said and "leeboard_disk_pin" not in said


def test_another_way_than_the_levels_is_taken_where_it_is_accepted_and_asked_for_by_name(
    controller: WindowsController,
) -> None:
    """A roll-out writes what the baseline wants, never what was accepted, unless the inventory says so."""
    waiver, in_clear = risk("ENC-03", TPM_ACCEPTED), seen(with_ways(**CLEAR))
    wish, said = told(controller, waiver, in_clear)
    assert (wish["protector"], wish["left_start"], wish["without_pin"]) == ("tpm-and-pin", False, True)
    wish, said = told(controller, waiver, in_clear, tpm="tpm")
    assert (wish["protector"], wish["left_start"], wish["without_pin"]) == ("tpm", False, False)
    assert "tpm opens the volume of Windows, as leeboard_disk_tpm says" in said
    with pytest.raises(LeeboardError, match="the level asks for tpm-and-pin at a start"):
        told(controller, risk("ENC-03", STICK_ACCEPTED), in_clear, tpm="tpm")
