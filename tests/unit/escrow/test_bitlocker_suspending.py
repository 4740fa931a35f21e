"""`leeboard escrow suspend`: a window in the ledger, which is opened first, has an end, and is over when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.suspending import Suspension
from leeboard.model.observation import Found
from leeboard.verdict.judgements.answer import DoesNotApply, Facts, MakesNoSense, UnderWay
from leeboard.verdict.judgements.escrowed_keys import KeptSuspension, suspended
from leeboard.verdict.judgements.registry import derive
from tests.unit.escrow.bitlocker_controller import WindowsController, encrypted, looked_after
from tests.unit.escrow.bitlocker_device import ENCRYPTING, Drive
from tests.unit.escrow.test_bitlocker_readings import night
from tests.unit.escrow.vaults import a_vault

FIRMWARE = Suspension(1, "firmware")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as made:
        yield made


@pytest.fixture
def controller(vault: Vault) -> WindowsController:
    return looked_after(vault)


def events(controller: WindowsController) -> list[dict[str, Any]]:
    """The ledger's lines about windows."""
    return [line for line in controller.lines() if line["event"] in ("suspended", "resumed")]


def said(controller: WindowsController) -> tuple[tuple[str, ...], str]:
    """What ENC-09 is told in a night: what is wrong, and the grounds where nothing is."""
    aspect = night(controller)["suspensions"]
    assert isinstance(aspect, Found) and isinstance(aspect.value, list)
    objects = tuple(KeptSuspension.model_validate_json(text) for text in aspect.value)
    answer = suspended(objects, Facts({}, (), controller.clock()))
    assert isinstance(answer.value, tuple)
    return tuple(map(str, answer.value)), answer.grounds


def protection(controller: WindowsController) -> tuple[str, str]:
    """What ENC-01 is told in a night of the protection: pending, drifted or compliant, and in which words."""
    aspect = night(controller)["protection"]
    assert isinstance(aspect, Found)
    try:
        answer = derive("bitlocker_unprotected_without_window", aspect.value, {}, controller.clock())
    except UnderWay as progress:
        return "pending", str(progress)
    assert isinstance(answer.value, tuple)
    return "drifted" if answer.value else "compliant", "; ".join(map(str, answer.value))


def test_a_window_is_opened_and_excused_until_protection_is_back(controller: WindowsController) -> None:
    preview = controller.suspend(FIRMWARE, dry=True)
    assert preview.changed and "it is to be suspended for 1 restart, for at most 3 days" in preview.summary
    assert events(controller) == [] and controller.device.drive("C:").protection == 1
    outcome = controller.suspend(FIRMWARE)
    assert outcome.changed and controller.device.drive("C:").suspended == 1
    assert controller.device.drive("D:").protection == 1, "only the volume of Windows"
    (line,) = events(controller)
    assert (line["reason"], line["restarts"], line["key"]) == ("firmware", 1, controller.kept.keys[0].id)
    assert line["until"][:10] == f"{controller.at + timedelta(days=3):%Y-%m-%d}"
    assert [one["control"] for one in outcome.changes] == ["ENC-09"]
    wrong, grounds = said(controller)
    assert wrong == () and f"C:: suspended until {line['until']} at the latest, for 1 more restart: firmware" in grounds
    assert protection(controller) == (
        "pending",
        "C:: it is not protected now: its key lies beside it in clear, so whoever has the device can read it; "
        "a window is open for that: "
        f"suspended until {line['until']} at the latest, for 1 more restart: firmware",
    )

    again = controller.suspend(FIRMWARE)
    assert not again.changed and "already" in again.summary and len(events(controller)) == 1
    rolled = controller.run()
    assert not rolled.changed and rolled.failed == [] and controller.device.drive("C:").suspended == 1
    controller.device.restart()
    wrong, grounds = said(controller)
    assert wrong == () and "C:: its protection is on again, after the window of" in grounds
    controller.run()
    assert [line["event"] for line in events(controller)] == ["suspended", "resumed"]
    assert events(controller)[1]["reason"] == "its protection is on again"
    assert controller.run().changed is False and len(events(controller)) == 2
    assert protection(controller)[0] == "compliant"
    controller.device.drive("C:").suspended = 1
    wrong, _grounds = said(controller)
    assert "C:: its protection is suspended, for 1 more restart, and no window is open for that" in wrong[0]
    assert "the last one, for firmware, was over at" in wrong[0]


def test_a_window_that_ended_is_drift_and_a_roll_out_ends_the_suspension(controller: WindowsController) -> None:
    controller.suspend(Suspension(2, "Secure Boot's certificates", 1))
    controller.device.restart()
    controller.at += timedelta(days=1, hours=1)
    wrong, _grounds = said(controller)
    assert wrong[0].startswith("C:: its protection is suspended, for 1 more restart, and the window of 2026-11-26T")
    now, words = protection(controller)
    assert now == "drifted" and words.startswith(wrong[0]) and words.endswith("so its key lies beside it in clear")
    assert controller.run().changed and controller.device.drive("C:").protection == 1
    assert events(controller)[-1]["reason"] == "its time was over"
    assert said(controller)[0] == () and not controller.run().changed


@pytest.mark.parametrize(
    ("letter", "left", "words"),
    [
        ("C:", 1, "is suspended, for 1 more restart, and no window is open"),
        ("C:", 0, "is suspended, until somebody resumes it, and no window is open"),
        ("D:", 0, "is suspended, until somebody resumes it, and no window is open"),
    ],
)
def test_what_somebody_suspended_by_hand_is_named_and_ended(
    controller: WindowsController, letter: str, left: int, words: str
) -> None:
    controller.device.watch = lambda: None  # it is not ours
    controller.device.drive(letter).suspended = left
    assert f"{letter}: its protection {words} for that" in said(controller)[0]
    assert protection(controller)[0] == ("drifted" if letter == "C:" else "compliant")
    assert controller.run().changed and controller.device.drive(letter).suspended is None
    assert said(controller)[0] == ()


def test_a_window_is_for_so_many_restarts_and_for_no_more(controller: WindowsController) -> None:
    controller.suspend(FIRMWARE)
    for left, how_long in ((2, "for 2 more restarts"), (0, "until somebody resumes it")):
        controller.device.drive("C:").suspended = left
        (wrong,) = said(controller)[0]
        assert f"is suspended, {how_long}, and the window of" in wrong and "(firmware) is for 1 restart" in wrong
        assert protection(controller) == ("drifted", f"{wrong}, so its key lies beside it in clear")
        with pytest.raises(LeeboardError, match="suspended already, and by no window that is open"):
            controller.suspend(FIRMWARE)
    assert controller.run().changed and controller.device.drive("C:").protection == 1


def test_without_a_compared_password_nothing_is_suspended(vault: Vault) -> None:
    controller = WindowsController(vault, encrypted())
    with pytest.raises(LeeboardError, match="no recovery password that is in it is kept here and was compared"):
        controller.suspend(FIRMWARE)
    assert controller.device.steps == ["survey"] and events(controller) == []
    controller.run()
    drive = controller.device.drive("C:")
    key = next(key for key in controller.kept.keys if key.protector in drive.passwords())
    drive.protectors = [one for one in drive.protectors if one["id"] != key.protector]
    with pytest.raises(LeeboardError, match="no recovery password that is in it is kept here"):
        controller.suspend(FIRMWARE)
    assert "suspend" not in controller.device.steps and events(controller) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda drive: setattr(drive, "conversion", ENCRYPTING), "it is not wholly encrypted and open"),
        (lambda drive: setattr(drive, "conversion", 0), "it is not wholly encrypted and open"),
        (lambda drive: setattr(drive, "suspended", 1), "it is suspended already, and by no window"),
    ],
)
def test_what_cannot_be_suspended_is_refused_before_a_window_is_opened(
    controller: WindowsController, change: Callable[[Drive], None], words: str
) -> None:
    controller.device.watch = lambda: None
    change(controller.device.drive("C:"))
    with pytest.raises(LeeboardError, match=words):
        controller.suspend(FIRMWARE)
    assert events(controller) == []


def test_a_device_that_shows_no_volume_says_why(controller: WindowsController) -> None:
    def managed(step: str, **given: Any) -> dict[str, Any]:
        return {"volumes": [], "plan": {"refusals": ["C: another service manages BitLocker here"]}}

    with pytest.raises(LeeboardError, match="nothing was suspended: C: another service manages BitLocker here"):
        controller.suspend(FIRMWARE, ask=managed)
    with pytest.raises(LeeboardError, match="nothing was suspended: it shows 0 volumes of Windows, and not one"):
        controller.suspend(FIRMWARE, ask=lambda step, **given: {"volumes": [], "plan": {}})
    assert events(controller) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Suspension(0, "firmware"), "--restarts is 1 to 3"),
        (Suspension(4, "firmware"), "--restarts is 1 to 3"),
        (Suspension(1, "firmware", 0), "--days is 1 to 14"),
        (Suspension(1, "firmware", 15), "--days is 1 to 14"),
        (Suspension(1, " "), "--reason"),
        (Suspension(1, "two\nlines"), "--reason"),
    ],
)
def test_what_has_no_end_or_no_reason_is_refused(controller: WindowsController, asked: Suspension, words: str) -> None:
    steps = len(controller.device.steps)
    with pytest.raises(LeeboardError, match=words):
        controller.suspend(asked)
    assert len(controller.device.steps) == steps and events(controller) == []


def test_where_the_device_refuses_the_window_is_closed_at_once(controller: WindowsController) -> None:
    def ask(step: str, **given: Any) -> dict[str, Any]:
        if step == "suspend":
            raise LeeboardError("a policy forbids it")
        return controller.device.ask(step, **given)

    with pytest.raises(LeeboardError, match="a policy forbids it"):
        controller.suspend(FIRMWARE, ask=ask)
    assert [line["event"] for line in events(controller)] == ["suspended", "resumed"]
    controller.device.drive("C:").suspended = 1
    assert "no window is open" in said(controller)[0][0]


def test_what_is_no_time_is_an_error_and_in_clear_nothing_is_asked(controller: WindowsController) -> None:
    with pytest.raises(DoesNotApply):
        suspended((), Facts({}, (), controller.at))
    odd = KeptSuspension(name="C:", left=1, opened="then", until="later", restarts=1)
    with pytest.raises(MakesNoSense, match="C:: later is no moment"):
        suspended((odd,), Facts({}, (), controller.at))


def test_a_clock_that_was_put_back_opens_no_window(controller: WindowsController) -> None:
    controller.suspend(FIRMWARE)
    controller.at -= timedelta(days=2)
    assert "and by this controller's clock the window of" in said(controller)[0][0]
