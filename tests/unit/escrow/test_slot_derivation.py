"""A slot was to get Argon2 and its key is wiped already: it goes, and nothing else does, however often that is cut off.

Every write of cryptsetup at which it is cut off is in test_kill_matrix.py.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import derivation as luks_derivation

from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import CHEAP, PASSPHRASE, cryptsetup, needs_cryptsetup

from .controller import DEVICE, Controller

pytestmark = needs_cryptsetup
WEAK = Credentials(passphrase="the school's own passphrase")
SENSITIVE = DEVICE.model_copy(update={"level": Level.SENSITIVE})
WIPED, ARGON2 = 1, 3  # the slots


@pytest.fixture
def half(controller: Controller) -> Controller:
    """The passphrase has its slot with Argon2, and the one that it takes the place of opens nothing."""
    add(controller, "pbkdf2", WIPED)
    controller.run(WEAK)
    note(controller)
    add(controller, "argon2id", ARGON2)
    area = header(controller)["keyslots"][str(WIPED)]["area"]
    with controller.disk.path.open("r+b") as file:
        file.seek(int(area["offset"]))
        file.write(os.urandom(int(area["size"])))
    return controller


def add(controller: Controller, cost: str, slot: int) -> None:
    said = f"{PASSPHRASE}\n{WEAK.passphrase}"
    cryptsetup("luksAddKey", "-q", *CHEAP[cost], "--new-key-slot", str(slot), str(controller.disk.path), input=said)


def header(controller: Controller) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(controller.disk.path)))
    return said


def mark(controller: Controller) -> Path:
    return controller.disk.folder / "root" / luks_derivation.MARKS.lstrip("/") / f"{controller.disk.uuid}.json"


def note(controller: Controller) -> None:
    """What is written down before the passphrase gets its second slot."""
    found = header(controller)
    there = {str(one): luks_derivation._digest(found, one) for one in luks_derivation._passphrases(found)}
    mark(controller).parent.mkdir(parents=True)
    mark(controller).write_text(json.dumps({"schema": 1, "slot": WIPED, "there": there}))


def run(controller: Controller) -> Outcome:
    return controller.run(WEAK, device=SENSITIVE)


def test_the_slot_that_opens_nothing_goes(half: Controller) -> None:
    before = half.disk.slots()
    outcome = run(half)
    assert f"slot {ARGON2} has Argon2 now" in outcome.summary and not outcome.failed
    assert half.disk.slots() == [one for one in before if one != WIPED] and not mark(half).exists()
    assert (
        half.disk.opens(WEAK.passphrase) and half.disk.opens(PASSPHRASE) and half.disk.opens(half.secret(half.current))
    )
    assert not run(half).changed


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_off_once_more_it_goes_the_time_after(half: Controller, moment: str) -> None:
    half.disk.dies_with = ("luksKillSlot", moment)
    with suppress(Died):
        run(half)
    half.disk.dies_with = None
    assert not run(half).failed and WIPED not in half.disk.slots() and half.disk.opens(WEAK.passphrase)
    assert not run(half).changed


def test_a_slot_that_is_another_one_by_now_stays(half: Controller) -> None:
    """Somebody took the number for a passphrase of their own."""
    cryptsetup("luksKillSlot", "-q", str(half.disk.path), str(WIPED), input="")
    said = f"{PASSPHRASE}\nthe caretaker's"
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], "--new-key-slot", str(WIPED), str(half.disk.path), input=said)
    run(half)
    assert half.disk.opens("the caretaker's", "--key-slot", str(WIPED))


def test_nothing_goes_before_the_passphrase_opens_another_one(half: Controller) -> None:
    cryptsetup("luksKillSlot", "-q", str(half.disk.path), str(ARGON2), input="")
    run(half)
    assert WIPED in half.disk.slots() and mark(half).exists()


def test_another_passphrase_proves_nothing_about_a_slot_that_was_only_begun_with(controller: Controller) -> None:
    """The cut came right after the mark, and the next roll-out is given the passphrase of another slot."""
    add(controller, "pbkdf2", WIPED)
    controller.run(WEAK)
    said = f"{PASSPHRASE}\nthe caretaker's"
    cryptsetup(
        "luksAddKey", "-q", *CHEAP["argon2id"], "--new-key-slot", str(ARGON2), str(controller.disk.path), input=said
    )
    note(controller)
    controller.run(Credentials(passphrase="the caretaker's"), device=SENSITIVE)
    assert controller.disk.opens(WEAK.passphrase, "--key-slot", str(WIPED))


def test_a_mark_that_makes_no_sense_is_said(half: Controller) -> None:
    mark(half).write_text("{}")
    assert "makes no sense" in run(half).summary and WIPED in half.disk.slots()
