"""Tokens of the TPM that are there already: kept, replaced, or nobody's to touch; real are the parts of test_tpm.py."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from leeboard.escrow.disks.tpm_policy import TpmPolicy, Way
from leeboard.escrow.vault.binding import strangers
from tests.unit.linux.disks import CHEAP, PASSPHRASE, captured_token, cryptsetup, needs_cryptsetup

from .controller import used
from .tpm_controller import ALONE, OTHER_PIN, WITH_PIN, TpmController
from .vaults import Died

pytestmark = needs_cryptsetup


def test_a_token_without_a_pin_goes_once_one_with_a_pin_is_proved(with_tpm: TpmController) -> None:
    with_tpm.disk.by_hand("--tpm2-pcrs=7")
    assert with_tpm.disk.by_itself()
    # The token itself authorises the first key, and the key in hand the new token.
    outcome = with_tpm.wish(WITH_PIN, passphrase="")
    assert not outcome.failed and not outcome.waiting, outcome.summary
    assert not with_tpm.disk.by_itself()
    with_tpm.good(WITH_PIN)


def test_a_token_that_has_lost_its_slot_goes_too(with_tpm: TpmController) -> None:
    """As a run leaves it that dies between the slot and its token."""
    with_tpm.disk.by_hand("--tpm2-pcrs=7")
    with_tpm.run()
    (token,) = with_tpm.disk.seen().tokens
    cryptsetup("luksKillSlot", "-q", str(with_tpm.disk.path), str(token.slots[0]))
    assert not with_tpm.wish(WITH_PIN).failed
    with_tpm.good(WITH_PIN)


def test_a_token_that_does_is_left_as_it_is(with_tpm: TpmController) -> None:
    with_tpm.disk.by_hand("--tpm2-pcrs=7+8+9")
    with_tpm.run()
    with_tpm.good(ALONE)
    assert with_tpm.kept.tpm == ()


def test_somebody_elses_pin_is_never_tried(with_tpm: TpmController) -> None:
    with_tpm.disk.by_hand("--tpm2-pcrs=7", "--tpm2-with-pin=yes", pin=OTHER_PIN)
    with_tpm.run()
    before = with_tpm.now
    outcome = with_tpm.wish(WITH_PIN)
    assert not outcome.changed and "the TPM opens it by token" in outcome.summary
    assert with_tpm.now == before and with_tpm.disk.by_itself(pin=OTHER_PIN)
    assert not any({"--token-only", "--token-id"} <= {*argv} for argv, _ in with_tpm.disk.ran)


def _measured_otherwise(controller: TpmController) -> None:
    controller.disk.tpm.extend(9)


def _another_board(controller: TpmController) -> None:
    controller.disk.tpm.clear()


@pytest.mark.parametrize(
    ("wanted", "done"), [(ALONE, _measured_otherwise), (ALONE, _another_board), (WITH_PIN, _another_board)]
)
def test_a_token_that_opens_nothing_any_more_is_replaced(
    with_tpm: TpmController, wanted: TpmPolicy, done: Callable[[TpmController], None]
) -> None:
    with_tpm.wish(wanted)
    done(with_tpm)
    assert not with_tpm.disk.by_itself(pin=wanted.pin)
    outcome = with_tpm.wish(wanted)
    assert "of the TPM removed from it" in outcome.summary and not outcome.failed
    with_tpm.good(wanted)


@pytest.mark.parametrize(
    ("pcrs", "measured", "wanted"), [("7", [], WITH_PIN), ("7+8+9", [9], ALONE)], ids=["no PIN", "other PCRs"]
)
def test_a_removal_that_was_cut_off_opens_by_the_other_token_and_is_finished(
    with_tpm: TpmController, monkeypatch: pytest.MonkeyPatch, pcrs: str, measured: list[int], wanted: TpmPolicy
) -> None:
    """The slot is half wiped then. A token that still had it would be given the PIN, and that be the end of it."""
    disk = with_tpm.disk
    disk.by_hand(f"--tpm2-pcrs={pcrs}")
    with_tpm.run()
    (old,) = disk.seen().tokens
    for one in measured:
        disk.tpm.extend(one)
    really = disk.really

    def cut(argv: list[str], *how: Any) -> Any:
        if "luksKillSlot" in argv:
            header = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(disk.path)))
            area = header["keyslots"][argv[-1]]["area"]
            with disk.path.open("r+b") as file:
                file.seek(int(area["offset"]))
                file.write(os.urandom(int(area["size"]) // 2))
            raise Died
        return really(argv, *how)

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(disk, "really", cut)
        with_tpm.wish(wanted)
    assert set(old.slots) < set(disk.slots()) and disk.by_itself(pin=wanted.pin)
    assert not with_tpm.wish(wanted).failed
    with_tpm.good(wanted)


@pytest.mark.parametrize(
    ("before", "after"), [(WITH_PIN, TpmPolicy(Way.PIN, OTHER_PIN)), (WITH_PIN, ALONE), (ALONE, WITH_PIN)]
)
def test_another_wish(with_tpm: TpmController, before: TpmPolicy, after: TpmPolicy) -> None:
    with_tpm.wish(before)
    assert not with_tpm.wish(after).failed
    assert not (before.pin and after.pin and with_tpm.disk.by_itself(pin=before.pin))
    with_tpm.good(after)


def test_a_slot_that_a_stranger_added_stays_a_strangers(with_tpm: TpmController) -> None:
    with_tpm.run()
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], str(with_tpm.disk.path), input=f"{PASSPHRASE}\nstranger")
    assert strangers(with_tpm.current, with_tpm.now) == ["slot 2 was added since"]
    assert not with_tpm.wish(WITH_PIN).failed
    assert strangers(with_tpm.current, with_tpm.now) == ["slot 2 was added since"]


def test_a_new_key_leaves_the_token(with_tpm: TpmController) -> None:
    with_tpm.wish(WITH_PIN)
    old = with_tpm.current
    used(with_tpm)
    outcome = with_tpm.wish(WITH_PIN)
    assert not outcome.failed and with_tpm.current != old
    with_tpm.good(WITH_PIN)


@pytest.mark.parametrize("named", [["0"], ["0", "1"]])
def test_a_slot_that_somebody_may_know_is_not_removed_with_a_token(with_tpm: TpmController, named: list[str]) -> None:
    """A token can name any slots: here those of the passphrase, and of the key."""
    with_tpm.run()
    token = json.loads(captured_token("tpm2_pcr7")) | {"keyslots": named}
    cryptsetup("token", "import", str(with_tpm.disk.path), input=json.dumps(token))
    outcome = with_tpm.wish(WITH_PIN)
    assert "somebody may know what opens it" in outcome.summary and outcome.failed
    assert with_tpm.disk.opens(PASSPHRASE)


def test_a_token_that_was_copied_is_nobodys(with_tpm: TpmController) -> None:
    """A stranger's slot must not become known by a token with an id of ours."""
    with_tpm.wish(WITH_PIN)
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], str(with_tpm.disk.path), input=f"{PASSPHRASE}\nstranger")
    (mine,) = (one for one in with_tpm.now.ours if one.key in with_tpm.kept.tpm)
    copied = json.loads(cryptsetup("token", "export", "--token-id", str(mine.token), str(with_tpm.disk.path)))
    copied |= {"keyslots": ["3"], "leeboard-slot": "3"}
    cryptsetup("token", "import", str(with_tpm.disk.path), input=json.dumps(copied))
    with_tpm.wish(WITH_PIN)
    assert "slot 3 was added since" in strangers(with_tpm.current, with_tpm.now)
    assert with_tpm.disk.opens("stranger"), "and what the vault does not know is not removed"
