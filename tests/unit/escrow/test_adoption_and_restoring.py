"""Keys that somebody knows already, a custodian's private key that opens a disk, and headers that are brought back."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks import restoring
from leeboard.escrow.disks.adoption import adopt
from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.binding import faults, strangers
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.rekeying import Opener, opener
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import AT, custodian, private
from tests.unit.linux.disks import CHEAP, PASSPHRASE, cryptsetup, needs_cryptsetup

from .desk import DEVICE, GIVEN, Desk, used

pytestmark = needs_cryptsetup
WEAK = Credentials(passphrase="the school's own passphrase")
SENSITIVE = DEVICE.model_copy(update={"level": Level.SENSITIVE})


def head(desk: Desk) -> Opener:
    """The head's private key, in this very run."""
    return opener(vault.open_vault(desk.vault.var), private(custodian("head")[1]))


def take(desk: Desk, secret: str) -> Outcome:
    """Keep a key that somebody knows."""
    return adopt(vault.open_vault(desk.vault.var), DEVICE, desk.disk.ask, desk.clock, secret)


def restore(desk: Desk) -> Outcome:
    """Bring the header back, in a run that was started anew."""
    return restoring.restore(vault.open_vault(desk.vault.var), DEVICE, desk.disk.ask, desk.clock, head(desk))


def wreck(desk: Desk, size: int = 64 * 1024) -> None:
    """Somebody wrote over the beginning of the disk: both headers."""
    with desk.disk.path.open("r+b") as disk:
        disk.write(b"\xaa" * size)


# Keys that somebody knows


def test_a_known_passphrase_is_kept_and_the_disk_is_as_it_was(desk: Desk) -> None:
    before = desk.now
    outcome = take(desk, PASSPHRASE)
    assert outcome.changed and not outcome.failed and "it opens slot 0" in outcome.summary
    (key,) = desk.kept.keys
    assert (key.state, key.adopted, key.binding["slot"]) == (State.PROVED, True, 0)
    assert desk.now == before and len(desk.kept.headers) == 1
    assert desk.secret(key) == PASSPHRASE
    again = take(desk, PASSPHRASE)
    assert not again.changed and "is kept already" in again.summary


def test_one_that_opens_nothing_is_not_kept(desk: Desk) -> None:
    outcome = take(desk, "not this one")
    assert "it opens no slot of" in outcome.summary and outcome.failed and desk.kept.keys == ()


def test_a_roll_out_brings_in_one_that_nobody_knows_and_leaves_the_passphrase(desk: Desk) -> None:
    take(desk, PASSPHRASE)
    outcome = desk.run()
    assert not outcome.failed and "was known before it was kept" not in desk.run(dry=True).summary
    assert not desk.current.adopted and desk.disk.opens(desk.secret(desk.current))
    assert desk.disk.opens(PASSPHRASE), "it is what somebody types every morning"
    assert [key.state for key in desk.kept.keys] == [State.RETIRED, State.PROVED]
    assert not desk.run().changed


@pytest.mark.parametrize("secret", ["disk: another", "id: x", "Leeboard recovery key", "mit Ümläut \\ und 'allem'"])
def test_whatever_somebody_types_comes_out_of_its_envelope_as_it_was(desk: Desk, secret: str) -> None:
    cryptsetup("luksAddKey", "-q", *CHEAP["argon2id"], str(desk.disk.path), input=f"{PASSPHRASE}\n{secret}")
    take(desk, secret)
    (key,) = desk.kept.keys
    found = head(desk).key(desk.vault, key)
    assert (found.key.text, found.id, found.adopted) == (secret, key.id, True) and key.disk in found.disk


# Derivation


def weaken(desk: Desk) -> None:
    """The school's passphrase opens a slot without Argon2."""
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], str(desk.disk.path), input=f"{PASSPHRASE}\n{WEAK.passphrase}")


def derivation(desk: Desk, slot: int) -> str:
    dumped = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(desk.disk.path)))
    return str(dumped["keyslots"][str(slot)]["kdf"]["type"])


def test_the_slot_of_a_passphrase_gets_argon2_and_stays_known(desk: Desk) -> None:
    weaken(desk)
    assert "Argon2" not in desk.run(WEAK).summary and derivation(desk, 1) == "pbkdf2", (
        "level standard does not ask for it"
    )
    outcome = desk.run(WEAK, device=SENSITIVE)
    assert "slot 1 has Argon2 now" in outcome.summary and not outcome.failed
    assert derivation(desk, 1) == "argon2id" and desk.disk.opens(WEAK.passphrase) and desk.disk.opens(PASSPHRASE)
    assert faults(desk.current, desk.now) == strangers(desk.current, desk.now) == []
    assert not desk.run(WEAK, device=SENSITIVE).changed


def test_a_slot_of_somebody_else_stays_as_it_is(desk: Desk) -> None:
    weaken(desk)
    assert "Argon2" not in desk.run(GIVEN, device=SENSITIVE).summary
    assert derivation(desk, 1) == "pbkdf2" and derivation(desk, desk.current.binding["slot"]) == "pbkdf2"


# A custodian's private key


def test_the_key_that_is_kept_opens_the_disk_for_its_successor(desk: Desk) -> None:
    desk.run()
    old = desk.current
    used(desk)
    assert "let a custodian run" in desk.run(Credentials()).summary
    outcome = desk.run(Credentials(opener=head(desk)))
    assert outcome.changed and not outcome.failed, outcome.summary
    assert desk.current.id != old.id and desk.disk.opens(desk.secret(desk.current))
    assert not desk.disk.opens(desk.secret(old)) and desk.disk.opens(PASSPHRASE)


def test_a_first_key_cannot_be_made_by_a_custodian(desk: Desk) -> None:
    assert "nothing opens the disk here" in desk.run(Credentials(opener=head(desk))).summary


# Headers


def test_a_header_that_was_written_over_is_brought_back(desk: Desk) -> None:
    desk.run()
    before = desk.now
    wreck(desk)
    assert not desk.disk.opens(PASSPHRASE)
    outcome = restore(desk)
    assert outcome.changed and "opens it" in outcome.summary
    assert desk.now == before and desk.disk.opens(PASSPHRASE) and desk.disk.opens(desk.secret(desk.current))
    assert len(desk.kept.headers) == 1, "what was overwritten is needed no more"
    assert not desk.run().changed and check(desk.vault, AT).problems == ()


def test_a_slot_that_was_killed_by_mistake_comes_back(desk: Desk) -> None:
    desk.run()
    cryptsetup("luksKillSlot", "-q", str(desk.disk.path), "0", input=desk.secret(desk.current))
    assert not desk.disk.opens(PASSPHRASE)
    restore(desk)
    assert desk.disk.opens(PASSPHRASE)


def test_a_disk_that_was_encrypted_anew_is_left_alone(desk: Desk) -> None:
    desk.run()
    cryptsetup(
        "luksFormat", "-q", "--type", "luks2", "--uuid", desk.disk.uuid, "--pbkdf", "pbkdf2",
        "--pbkdf-force-iterations", "1000", str(desk.disk.path), input="its new passphrase",
    )  # fmt: skip
    content = desk.disk.path.read_bytes()
    with pytest.raises(LeeboardError, match="it was encrypted anew since"):
        restore(desk)
    assert desk.disk.path.read_bytes() == content


def test_what_holds_something_else_now_is_left_alone(desk: Desk) -> None:
    desk.run()
    desk.disk.fstype = "ext4"
    with pytest.raises(LeeboardError, match="holds ext4 now; nothing was changed"):
        restore(desk)


def test_another_size_or_partition_is_another_disk(desk: Desk) -> None:
    desk.run()
    content = desk.disk.path.read_bytes()
    with desk.disk.path.open("ab") as disk:
        disk.write(b"\0" * 4096)
    with pytest.raises(LeeboardError, match="has no disk that the copy was taken from"):
        restore(desk)
    desk.disk.path.write_bytes(content)
    desk.disk.partuuid = "p-4"
    with pytest.raises(LeeboardError, match="has no disk that the copy was taken from"):
        restore(desk)


def test_nothing_is_brought_back_where_nothing_is_kept(desk: Desk) -> None:
    with pytest.raises(LeeboardError, match="no copy of a header is kept that a kept key opens"):
        restore(desk)


def test_a_copy_that_makes_no_sense_is_refused_by_the_device(desk: Desk) -> None:
    for wrong in (b"", b"{}\n", b'{"uuid": "x", "partuuid": "p-3", "bytes": 1, "parts": [[0, 9]]}\nLUKS\xba\xbe'):
        with pytest.raises(LeeboardError, match="the copy of the header makes no sense"):
            desk.disk.ask("save_header", copy=base64.b64encode(wrong).decode())


def test_the_file_for_a_rescue_stick_is_what_cryptsetup_takes(desk: Desk, tmp_path: Path) -> None:
    desk.run()
    copy, key = restoring.newest(vault.open_vault(desk.vault.var), DEVICE.urn, DEVICE.asset)
    image = tmp_path / "header"
    image.write_bytes(restoring.image_of(desk.vault, copy, head(desk)))
    wreck(desk)
    cryptsetup("luksHeaderRestore", "-q", "--header-backup-file", str(image), str(desk.disk.path))
    assert key.id == desk.current.id and desk.disk.opens(desk.secret(key)) and desk.disk.opens(PASSPHRASE)
