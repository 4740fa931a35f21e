"""The TPM opens a real LUKS2 disk where the school wants it: swtpm, systemd-cryptenroll and cryptsetup are real.

The disk lies in a file and is not open; tests/controls/test_tpm.py starts a machine by what a roll-out enrolled.
"""

from __future__ import annotations

import pytest

from leeboard.escrow.binding import faults, strangers
from tests.unit.linux.disks import PASSPHRASE, needs_cryptsetup

from .tpm_desk import ALONE, WITH_PIN, TpmDesk

pytestmark = needs_cryptsetup


@pytest.mark.parametrize("wanted", [ALONE, WITH_PIN], ids=["alone", "with a PIN"])
def test_the_tpm_opens_the_disk_after_its_key_is_kept(with_tpm: TpmDesk, wanted: object) -> None:
    desk = with_tpm
    outcome = desk.wish(wanted)
    assert outcome.changed and not outcome.failed and not outcome.waiting, outcome.words
    (token,) = desk.disk.seen().tokens
    pin = wanted.pin
    assert (token.pin, token.pcrs) == (bool(pin), (7,) if pin else (7, 8, 9))
    assert desk.disk.by_itself(pin=pin)
    assert desk.disk.opens(PASSPHRASE) and desk.disk.opens(desk.secret(desk.current))
    assert faults(desk.current, desk.now) == [] == strangers(desk.current, desk.now)
    assert [one.binding for one in desk.kept.headers] == [desk.now.model_dump(mode="json")]
    before, kept = desk.now, desk.kept
    again = desk.wish(wanted)
    assert not again.changed and "the TPM opens it by token" in again.words, again.words
    assert (desk.now, desk.kept) == (before, kept)
