"""Recovery passwords of BitLocker: kept first, compared, changed, adopted; what is refused, and what is never told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.keeping import Strangers, Wish
from tests.unit.escrow.bitlocker_controller import PLAIN, WindowsController, clear, encrypted
from tests.unit.escrow.bitlocker_device import CLEAR, ENCRYPTED, TPM_AND_PIN
from tests.unit.escrow.vaults import AT, a_vault
from tests.windows.wire.secrets import leaks


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as made:
        yield made


def rolled_out(kept: Vault, wish: Wish = PLAIN) -> WindowsController:
    """A laptop in clear, brought to the end by runs, a restart and nights."""
    controller = WindowsController(kept, clear(), wish)
    for _time in range(2):
        outcome = controller.run()
        assert not outcome.failed, outcome
        controller.device.restart()
        controller.device.night()
    return controller


def test_a_laptop_in_clear_is_encrypted_with_its_password_kept_first(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    outcome = controller.run()
    assert outcome.changed and "C: its hardware test waits for a restart" in outcome.waiting
    assert controller.device.steps == ["survey", "new_key", "protect", "change"]
    assert controller.states() == [State.COMPARED]
    assert controller.device.drive("C:").conversion == CLEAR
    controller.device.restart()
    controller.device.night()
    controller.run()
    controller.device.night()
    outcome = controller.run()
    assert [one.conversion for one in controller.device.drives] == [ENCRYPTED, ENCRYPTED]
    assert not outcome.changed and not outcome.waiting and not outcome.failed, outcome
    controller.whole()
    events = [line["event"] for line in controller.lines()][1:]
    assert events == ["sealed", "compared"] * 2


def test_a_preview_changes_nothing_and_makes_no_key(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    before = controller.lines()
    outcome = controller.run(dry=True)
    assert outcome.changed and outcome.done == [
        "volume C: no recovery password of it is kept: a recovery password is to be made"
    ]
    assert controller.device.steps == ["survey"] and controller.lines() == before


def test_a_password_that_was_read_out_is_changed(kept: Vault) -> None:
    controller = rolled_out(kept)
    old = controller.kept.keys[0]
    controller.read_out(old)
    outcome = controller.run()
    assert f"key {old.id} was read out" in outcome.summary
    assert [key.state for key in controller.kept.keys if key.disk == old.disk] == [State.RETIRED, State.COMPARED]
    controller.whole()
    assert not controller.run().changed


def test_a_password_lasts_as_long_as_the_school_says(kept: Vault) -> None:
    controller = rolled_out(kept)
    controller.wish = Wish(lasts=30)
    controller.at = AT + timedelta(days=30)
    assert not controller.run().changed
    controller.at = AT + timedelta(days=32)
    outcome = controller.run()
    assert "days old" in outcome.summary and "lasts 30" in outcome.summary
    controller.whole()
    controller.at = AT - timedelta(days=1)
    outcome = controller.run()
    assert not outcome.changed and "put the clock right" in outcome.waiting[0]


def test_strangers_stay_are_adopted_or_replaced_as_the_school_says(kept: Vault) -> None:
    controller = WindowsController(kept, encrypted())
    theirs = {one.letter: set(one.passwords()) for one in controller.device.drives}
    controller.run()
    assert all(theirs[one.letter] < set(one.passwords()) for one in controller.device.drives)
    assert controller.states() == [State.COMPARED] * 2
    controller.wish = Wish(strangers=Strangers.ADOPT)
    outcome = controller.run()
    assert outcome.changed and not outcome.failed
    assert sum(key.adopted for key in controller.kept.keys) == 2
    controller.whole()
    assert not controller.run().changed
    # One that was adopted is known, and no stranger any more.
    controller.wish = Wish(strangers=Strangers.REPLACE)
    assert not controller.run().changed


def test_strangers_are_replaced_only_once_ours_is_compared(kept: Vault) -> None:
    controller = WindowsController(kept, encrypted(), Wish(strangers=Strangers.REPLACE))
    controller.device.reads_wrong = True
    outcome = controller.run()
    assert len(outcome.failed) == 2 and "nothing relies on it" in outcome.failed[0]
    assert all(controller.before[one.name] < set(one.passwords()) for one in controller.device.drives)
    assert "remove" not in controller.device.steps
    controller.device.reads_wrong = False
    assert not controller.run().failed
    controller.whole()
    assert not any(controller.before[one.name] & set(one.passwords()) for one in controller.device.drives)
    assert controller.states().count(State.DROPPED) == 2


def test_a_device_that_never_reads_back_what_it_was_given_is_not_filled(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    controller.device.reads_wrong = True
    for _night in range(3):
        assert "nothing relies on it" in controller.run().failed[0]
    made = len(controller.kept.keys)
    outcome = controller.run()
    assert "3 recovery passwords were added, and none could be compared" in outcome.failed[0]
    assert len(controller.kept.keys) == made == len(controller.device.drive("C:").protectors) == 3
    assert controller.device.drive("C:").hardware_test == 0


def test_one_that_was_read_out_before_it_was_compared_is_removed_as_well(kept: Vault) -> None:
    controller = WindowsController(kept, encrypted())
    controller.device.reads_wrong = True
    controller.run()
    controller.device.reads_wrong = False
    for key in controller.kept.keys:
        controller.read_out(key)
    assert not controller.run().failed
    assert all(len(one.passwords()) == 2 for one in controller.device.drives), "theirs and ours"
    assert controller.states() == [State.DROPPED] * 2 + [State.COMPARED] * 2


def test_after_a_test_that_failed_the_password_was_never_used_and_nobody_tries_again_by_himself(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    controller.run()
    controller.device.restart(passes=False)
    outcome = controller.run()
    assert controller.states() == [State.UNUSED]
    assert "its hardware test failed; ask for another try by name" in outcome.failed[0]
    steps = len(controller.device.steps)
    controller.device.drive("C:").hardware_test = 0  # what Windows says after the next restart
    outcome = controller.run()
    assert outcome.failed and not outcome.changed and controller.states() == [State.UNUSED]
    assert controller.device.steps[steps:] == ["survey", "change"]
    controller.wish = Wish(driver={"options": ["retry_test"]})
    assert not controller.run().failed
    assert controller.states() == [State.UNUSED, State.COMPARED]
    controller.wish = Wish()
    controller.device.restart()
    assert not controller.run().failed


def test_a_password_that_vanished_from_an_encrypted_volume_is_retired_and_made_anew(kept: Vault) -> None:
    controller = rolled_out(kept)
    drive = controller.device.drive("D:")
    mine = next(key for key in controller.kept.keys if key.disk in drive.name)
    drive.protectors = [one for one in drive.protectors if one["id"] != mine.protector]
    controller.device.watch = lambda: None  # somebody else broke the rule
    controller.run()
    states = [key.state for key in controller.kept.keys if key.disk == mine.disk]
    assert states == [State.RETIRED, State.COMPARED]
    controller.whole()


def test_what_the_device_refuses_is_said_and_nothing_is_encrypted(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    controller.device.code = 2150695004
    outcome = controller.run()
    assert "ProtectKeyWithNumericalPassword returned 0x8031005c" in outcome.failed[0]
    assert controller.states() == [State.DROPPED]
    drive = controller.device.drive("C:")
    assert not drive.protectors and drive.hardware_test == 0
    assert "volume C: it has no recovery protector" in outcome.waiting


def test_a_pin_goes_sealed_and_only_after_a_password_is_compared(kept: Vault) -> None:
    wish = Wish(driver={"protector": "tpm-and-pin"}, pin="73194628")
    controller = WindowsController(kept, clear(), replace(wish, pin=""))
    outcome = controller.run()
    assert "volume C: it has no pin protector" in outcome.waiting
    controller.wish = wish
    outcome = controller.run()
    assert "volume C: TPM and PIN open it" in outcome.done
    drive = controller.device.drive("C:")
    assert [one["secret"] for one in drive.protectors if one["type"] == TPM_AND_PIN] == [wish.pin]
    assert drive.hardware_test == 2
    assert wish.pin not in repr(wish)


def test_a_vault_that_refuses_costs_nothing_on_the_device(kept: Vault) -> None:
    controller = WindowsController(kept, clear())
    controller.at = AT + timedelta(days=4000)
    outcome = controller.run()
    assert "no key was made: head: ended on" in outcome.failed[0]
    assert not controller.kept.keys and not controller.device.drive("C:").protectors
    assert "new_key" not in controller.device.steps


def test_no_secret_is_sent_or_said_in_clear(kept: Vault) -> None:
    controller = WindowsController(kept, encrypted(), Wish(strangers=Strangers.ADOPT))
    outcome = controller.run()
    secrets = [secret for one in controller.device.drives for secret in one.passwords().values()]
    assert len(secrets) == 4
    said = [*controller.device.sent, outcome.summary, *map(str, outcome.changes), *map(str, controller.lines())]
    for secret in secrets:
        assert not leaks(secret, *said)
    assert leaks(secrets[0], *said, secrets[0])


def test_ledger_says_the_kind_and_the_protector(kept: Vault) -> None:
    controller = rolled_out(kept)
    lines = [line for line in controller.lines() if line["event"] in (ledger.SEALED, ledger.COMPARED)]
    assert all(line["kind"] == "bitlocker" for line in lines if line["event"] == ledger.SEALED)
    for line in lines[1::2]:
        drive = next(one for one in controller.device.drives if line["disk"] in one.name)
        assert line["protector"] in drive.passwords()
