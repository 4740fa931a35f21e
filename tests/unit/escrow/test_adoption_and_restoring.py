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

from .controller import DEVICE, GIVEN, Controller, used

pytestmark = needs_cryptsetup
WEAK = Credentials(passphrase="the school's own passphrase")
SENSITIVE = DEVICE.model_copy(update={"level": Level.SENSITIVE})


def head(controller: Controller) -> Opener:
    """The head's private key, in this very run."""
    return opener(vault.open_vault(controller.vault.var), private(custodian("head")[1]))


def take(controller: Controller, secret: str) -> Outcome:
    """Keep a key that somebody knows."""
    return adopt(vault.open_vault(controller.vault.var), DEVICE, controller.disk.ask, controller.clock, secret)


def restore(controller: Controller) -> Outcome:
    """Bring the header back, in a run that was started anew."""
    return restoring.restore(
        vault.open_vault(controller.vault.var), DEVICE, controller.disk.ask, controller.clock, head(controller)
    )


def wreck(controller: Controller, size: int = 64 * 1024) -> None:
    """Somebody wrote over the beginning of the disk: both headers."""
    with controller.disk.path.open("r+b") as disk:
        disk.write(b"\xaa" * size)


# Keys that somebody knows


def test_a_known_passphrase_is_kept_and_the_disk_is_as_it_was(controller: Controller) -> None:
    before = controller.now
    outcome = take(controller, PASSPHRASE)
    assert outcome.changed and not outcome.failed and "it opens slot 0" in outcome.summary
    (key,) = controller.kept.keys
    assert (key.state, key.adopted, key.binding["slot"]) == (State.PROVED, True, 0)
    assert controller.now == before and len(controller.kept.headers) == 1
    assert controller.secret(key) == PASSPHRASE
    again = take(controller, PASSPHRASE)
    assert not again.changed and "is kept already" in again.summary


def test_one_that_opens_nothing_is_not_kept(controller: Controller) -> None:
    outcome = take(controller, "not this one")
    assert "it opens no slot of" in outcome.summary and outcome.failed and controller.kept.keys == ()


def test_a_roll_out_brings_in_one_that_nobody_knows_and_leaves_the_passphrase(controller: Controller) -> None:
    take(controller, PASSPHRASE)
    outcome = controller.run()
    assert not outcome.failed and "was known before it was kept" not in controller.run(dry=True).summary
    assert not controller.current.adopted and controller.disk.opens(controller.secret(controller.current))
    assert controller.disk.opens(PASSPHRASE), "it is what somebody types every morning"
    assert [key.state for key in controller.kept.keys] == [State.RETIRED, State.PROVED]
    assert not controller.run().changed


@pytest.mark.parametrize("secret", ["disk: another", "id: x", "Leeboard recovery key", "mit Ümläut \\ und 'allem'"])
def test_whatever_somebody_types_comes_out_of_its_envelope_as_it_was(controller: Controller, secret: str) -> None:
    cryptsetup("luksAddKey", "-q", *CHEAP["argon2id"], str(controller.disk.path), input=f"{PASSPHRASE}\n{secret}")
    take(controller, secret)
    (key,) = controller.kept.keys
    found = head(controller).key(controller.vault, key)
    assert (found.key.text, found.id, found.adopted) == (secret, key.id, True) and key.disk in found.disk


# Derivation


def weaken(controller: Controller) -> None:
    """The school's passphrase opens a slot without Argon2."""
    cryptsetup(
        "luksAddKey", "-q", *CHEAP["pbkdf2"], str(controller.disk.path), input=f"{PASSPHRASE}\n{WEAK.passphrase}"
    )


def derivation(controller: Controller, slot: int) -> str:
    dumped = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(controller.disk.path)))
    return str(dumped["keyslots"][str(slot)]["kdf"]["type"])


def test_the_slot_of_a_passphrase_gets_argon2_and_stays_known(controller: Controller) -> None:
    weaken(controller)
    assert "Argon2" not in controller.run(WEAK).summary and derivation(controller, 1) == "pbkdf2", (
        "level standard does not ask for it"
    )
    outcome = controller.run(WEAK, device=SENSITIVE)
    assert "slot 1 has Argon2 now" in outcome.summary and not outcome.failed
    assert (
        derivation(controller, 1) == "argon2id"
        and controller.disk.opens(WEAK.passphrase)
        and controller.disk.opens(PASSPHRASE)
    )
    assert faults(controller.current, controller.now) == strangers(controller.current, controller.now) == []
    assert not controller.run(WEAK, device=SENSITIVE).changed


def test_a_slot_of_somebody_else_stays_as_it_is(controller: Controller) -> None:
    weaken(controller)
    assert "Argon2" not in controller.run(GIVEN, device=SENSITIVE).summary
    assert (
        derivation(controller, 1) == "pbkdf2" and derivation(controller, controller.current.binding["slot"]) == "pbkdf2"
    )


# A custodian's private key


def test_the_key_that_is_kept_opens_the_disk_for_its_successor(controller: Controller) -> None:
    controller.run()
    old = controller.current
    used(controller)
    assert "let a custodian run" in controller.run(Credentials()).summary
    outcome = controller.run(Credentials(opener=head(controller)))
    assert outcome.changed and not outcome.failed, outcome.summary
    assert controller.current.id != old.id and controller.disk.opens(controller.secret(controller.current))
    assert not controller.disk.opens(controller.secret(old)) and controller.disk.opens(PASSPHRASE)


def test_a_first_key_cannot_be_made_by_a_custodian(controller: Controller) -> None:
    assert "nothing opens the disk here" in controller.run(Credentials(opener=head(controller))).summary


# Headers


def test_a_header_that_was_written_over_is_brought_back(controller: Controller) -> None:
    controller.run()
    before = controller.now
    wreck(controller)
    assert not controller.disk.opens(PASSPHRASE)
    outcome = restore(controller)
    assert outcome.changed and "opens it" in outcome.summary
    assert (
        controller.now == before
        and controller.disk.opens(PASSPHRASE)
        and controller.disk.opens(controller.secret(controller.current))
    )
    assert len(controller.kept.headers) == 1, "what was overwritten is needed no more"
    assert not controller.run().changed and check(controller.vault, AT).problems == ()


def test_a_slot_that_was_killed_by_mistake_comes_back(controller: Controller) -> None:
    controller.run()
    cryptsetup("luksKillSlot", "-q", str(controller.disk.path), "0", input=controller.secret(controller.current))
    assert not controller.disk.opens(PASSPHRASE)
    restore(controller)
    assert controller.disk.opens(PASSPHRASE)


def test_a_disk_that_was_encrypted_anew_is_left_alone(controller: Controller) -> None:
    controller.run()
    cryptsetup(
        "luksFormat", "-q", "--type", "luks2", "--uuid", controller.disk.uuid, "--pbkdf", "pbkdf2",
        "--pbkdf-force-iterations", "1000", str(controller.disk.path), input="its new passphrase",
    )  # fmt: skip
    content = controller.disk.path.read_bytes()
    with pytest.raises(LeeboardError, match="it was encrypted anew since"):
        restore(controller)
    assert controller.disk.path.read_bytes() == content


def test_what_holds_something_else_now_is_left_alone(controller: Controller) -> None:
    controller.run()
    controller.disk.fstype = "ext4"
    with pytest.raises(LeeboardError, match="holds ext4 now; nothing was changed"):
        restore(controller)


def test_another_size_or_partition_is_another_disk(controller: Controller) -> None:
    controller.run()
    content = controller.disk.path.read_bytes()
    with controller.disk.path.open("ab") as disk:
        disk.write(b"\0" * 4096)
    with pytest.raises(LeeboardError, match="has no disk that the copy was taken from"):
        restore(controller)
    controller.disk.path.write_bytes(content)
    controller.disk.partuuid = "p-4"
    with pytest.raises(LeeboardError, match="has no disk that the copy was taken from"):
        restore(controller)


def test_nothing_is_brought_back_where_nothing_is_kept(controller: Controller) -> None:
    with pytest.raises(LeeboardError, match="no copy of a header is kept that a kept key opens"):
        restore(controller)


def test_a_copy_that_makes_no_sense_is_refused_by_the_device(controller: Controller) -> None:
    for wrong in (b"", b"{}\n", b'{"uuid": "x", "partuuid": "p-3", "bytes": 1, "parts": [[0, 9]]}\nLUKS\xba\xbe'):
        with pytest.raises(LeeboardError, match="the copy of the header makes no sense"):
            controller.disk.ask("save_header", copy=base64.b64encode(wrong).decode())


def test_the_file_for_a_rescue_stick_is_what_cryptsetup_takes(controller: Controller, tmp_path: Path) -> None:
    controller.run()
    copy, key = restoring.newest(vault.open_vault(controller.vault.var), DEVICE.urn, DEVICE.asset)
    image = tmp_path / "header"
    image.write_bytes(restoring.image_of(controller.vault, copy, head(controller)))
    wreck(controller)
    cryptsetup("luksHeaderRestore", "-q", "--header-backup-file", str(image), str(controller.disk.path))
    assert (
        key.id == controller.current.id
        and controller.disk.opens(controller.secret(key))
        and controller.disk.opens(PASSPHRASE)
    )
