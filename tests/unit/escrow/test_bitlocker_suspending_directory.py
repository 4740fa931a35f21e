"""`leeboard escrow suspend` where a directory keeps the recovery passwords: its word is above the device's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.disks.readings import DIRECTORY
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.holdings import held_there, lacking
from leeboard.escrow.volumes.suspending import Suspension, suspend
from leeboard.model.observation import Found, Reading, Unreadable, measurements
from leeboard.verdict.judgements.kept_there import HeldThere
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController, looked_after
from tests.unit.escrow.vaults import a_vault

STRANGE = "{12345678-0000-4000-8000-000000000000}"
ASKED = {"place": "ad", "volumes": (), "known_from": "dc1.example was asked"}
UNASKED = HeldThere(place="ad", volumes=(), why="leeboard_directory names no server that could be asked")


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[WindowsController]:
    with a_vault(tmp_path) as made:
        yield looked_after(made)


def suspended(one: WindowsController, taken: list[str], there: HeldThere | None) -> Outcome:
    """A suspension of a device that says that its directory took these passwords."""

    def ask(step: str, **given: Any) -> dict[str, Any]:
        if step != "survey":
            return one.device.ask(step, **given)
        assert given["wish"]["place"] == "ad" and "kept" not in given["wish"]
        return {**one.device.ask(step, wish={**given["wish"], "kept": []}), "taken": taken}

    vault: Vault = one.vault
    return suspend(vault, DEVICE, ask, one.clock, Suspension(1, "firmware"), place="ad", there=there)


@pytest.mark.parametrize("says", [True, False], ids=["taken", "no event left"])
def test_what_the_directory_has_is_relied_on(controller: WindowsController, says: bool) -> None:
    (mine,) = controller.device.drive("C:").passwords()
    outcome = suspended(controller, [mine] if says else [], HeldThere(held=(STRANGE, mine), **ASKED))
    assert f"its directory (ad) has its recovery password {mine}" in outcome.summary
    assert controller.device.drive("C:").suspended == 1


@pytest.mark.parametrize("held", [(), (STRANGE,)])
def test_what_it_has_not_is_refused_whatever_the_device_says(
    controller: WindowsController, held: tuple[str, ...]
) -> None:
    (mine,) = controller.device.drive("C:").passwords()
    lines = controller.lines()
    with pytest.raises(LeeboardError, match=r"has no recovery password that is in it \(dc1.example was asked\)"):
        suspended(controller, [mine], HeldThere(held=held, **ASKED))
    assert controller.device.drive("C:").suspended is None and controller.lines() == lines, "no window was opened"


@pytest.mark.parametrize("there", [None, UNASKED], ids=["could not be asked", "not asked"])
def test_where_nobody_asked_it_goes_by_the_device_and_says_so(
    controller: WindowsController, there: HeldThere | None
) -> None:
    (mine,) = controller.device.drive("C:").passwords()
    with pytest.raises(LeeboardError, match="took no recovery password that is in it, as far as the device shows"):
        suspended(controller, [STRANGE], there)
    assert "as the device says" in suspended(controller, [mine], there).summary


def test_the_reading_of_the_visit_is_what_is_asked() -> None:
    found = HeldThere(held=(STRANGE,), **ASKED)
    for address, aspect, wanted in (
        ("active-directory", Found(state="value", value=[found.model_dump_json()], source="Active Directory"), found),
        ("active-directory", Unreadable(state="unreadable", code="failed", why="no answer", source="x"), None),
    ):
        seen = measurements([Reading(driver=DIRECTORY, address=address, effective=aspect)])
        assert held_there(seen) == wanted and lacking(seen) == []
    assert held_there(measurements([])) is None
