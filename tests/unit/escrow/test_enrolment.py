"""Recovery keys come into real LUKS2 disks, are proved, changed and compared; and whatever dies when, nothing is lost.

The disk lies in a file and is not open: the lab's machines have theirs open, and really restart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.escrow.disks import header
from leeboard.escrow.disks.disk import Credentials
from leeboard.escrow.disks.enrolment import enrol
from leeboard.escrow.keys import envelope
from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.escrow.vault.binding import faults, strangers
from leeboard.escrow.vault.records import Records, State
from leeboard.evidence.store.store import Store
from tests.unit.escrow.vaults import AT, Died, another_volume, custodian, private
from tests.unit.linux.disks import CHEAP, PASSPHRASE, cryptsetup, needs_cryptsetup
from tests.unit.linux.luks_machine import Disk

from .controller import DEVICE, GIVEN, Controller, used

pytestmark = needs_cryptsetup


def test_a_disk_gets_a_key_that_is_kept_first_and_proved(controller: Controller) -> None:
    outcome = controller.run()
    assert outcome.changed and not outcome.failed and not outcome.waiting
    key = controller.current
    assert controller.disk.opens(controller.secret(key), "--key-slot", str(key.binding["slot"]))
    assert controller.disk.opens(PASSPHRASE)
    assert faults(key, controller.now) == []
    assert f"key {key.id} opens slot 1 of disk {controller.disk.uuid}" in outcome.summary
    (token,) = controller.now.ours
    assert (token.key, token.slot, token.assigned) == (key.id, 1, True)


def test_a_second_run_changes_nothing(controller: Controller) -> None:
    controller.run()
    before, kept = controller.now, controller.kept
    outcome = controller.run()
    assert not outcome.changed and "is kept and opens the disk" in outcome.summary
    assert (controller.now, controller.kept) == (before, kept)


def test_the_envelope_says_which_disk_it_is_for(controller: Controller) -> None:
    controller.run()
    owner, secret = custodian("head")
    said = envelope.unseal(controller.vault.envelope(controller.current), owner.certificate, private(secret))
    assert controller.disk.uuid in said.disk and "/srv" in said.disk
    assert said.device == "EP-0001 (office-1)" and said.school == "Hill School (900001)"


def test_a_dry_run_only_says(controller: Controller) -> None:
    before = controller.now
    outcome = controller.run(dry=True)
    assert outcome.changed and "no recovery key of it is kept" in outcome.summary
    assert controller.now == before and controller.kept == Records()


def test_nothing_that_opens_it_is_waited_for(controller: Controller) -> None:
    before = controller.now
    outcome = controller.run(Credentials())
    assert not outcome.changed and "leeboard-authorise" in outcome.summary
    assert controller.now == before and controller.kept == Records()


def test_a_wrong_passphrase_leaves_the_disk_as_it_opens(controller: Controller) -> None:
    outcome = controller.run(Credentials(passphrase="not this one"))
    assert "what should open the volume does not" in outcome.summary and outcome.failed
    assert controller.disk.slots() == [0] and controller.disk.opens(PASSPHRASE)
    assert controller.kept.keys == () and controller.now.tokens == {}, "night after night nothing piles up"
    assert not controller.run().failed
    assert [one.state for one in controller.kept.keys] == [State.PROVED]


def test_a_key_that_was_read_out_is_changed(controller: Controller) -> None:
    controller.run()
    old = controller.current
    with controller.vault.writing(AT) as writer:
        writer.note(ledger.OPENED, urn=old.urn, asset=old.asset, key=old.id, reason="a call")
    secret = controller.secret(old)
    outcome = controller.run()
    assert not outcome.failed
    new = controller.current
    assert new.id != old.id
    assert controller.disk.opens(controller.secret(new)) and controller.disk.opens(PASSPHRASE)
    assert not controller.disk.opens(secret), "the old one opens nothing any more"
    assert {one.id: one.state for one in controller.kept.keys} == {old.id: State.RETIRED, new.id: State.PROVED}
    assert controller.secret(old) == secret, "and stays readable, for old copies of the disk"


def test_only_the_newest_copy_of_the_header_stays_and_brings_the_disk_back(
    controller: Controller, tmp_path: Path
) -> None:
    controller.run()
    (kept,) = controller.kept.headers
    assert kept.binding == controller.now.model_dump(mode="json")
    for place in controller.vault.places:
        assert [name for name in place.names() if name.endswith(".header")] == [kept.name]
    owner, secret = custodian("head")
    content = envelope.unseal_bytes(controller.vault.envelope(kept), owner.certificate, private(secret))
    copy = header.read_copy(content)
    assert len(content) < 700_000, "two slots, and not the 16 MiB of a whole header"
    (tmp_path / "header").write_bytes(copy.image())
    key = controller.secret(controller.current)
    with controller.disk.path.open("r+b") as disk:
        disk.write(bytes(16 * 1024 * 1024))
    assert not controller.disk.opens(key)
    cryptsetup("luksHeaderRestore", "-q", "--header-backup-file", str(tmp_path / "header"), str(controller.disk.path))
    assert controller.disk.opens(key) and controller.disk.opens(PASSPHRASE)


def test_a_disk_of_another_device_with_the_same_key_is_refused(controller: Controller, tmp_path: Path) -> None:
    controller.run()
    clone = DEVICE.model_copy(update={"asset": "EP-0002", "name": "office-2"})
    outcome = controller.run(device=clone)
    assert "is a copy of one of EP-0001 (school 900001)" in outcome.summary and outcome.failed
    assert controller_state.records(controller.vault.var, "900001", "EP-0002").keys == ()


def test_all_slots_taken_is_said(controller: Controller) -> None:
    for number in range(1, 32):
        cryptsetup(
            "luksAddKey",
            "-q",
            *CHEAP["pbkdf2"],
            "--key-slot",
            str(number),
            str(controller.disk.path),
            input=f"{PASSPHRASE}\n{number}",
        )
    before = controller.now
    assert "all 32 slots of its header are taken" in controller.run().summary
    assert controller.now == before


def test_a_header_of_version_1_is_said(tmp_path: Path) -> None:
    with another_volume(tmp_path) as other:
        made = vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)
        controller = Controller(made, Disk(tmp_path, kind="luks1"))
        assert "its header is of version 1: convert it first" in controller.run().summary


# What somebody does to a disk, and what is said of it. Each is found without any key.


def added(controller: Controller) -> None:
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], str(controller.disk.path), input=f"{PASSPHRASE}\nstranger")


def killed(controller: Controller) -> None:
    cryptsetup("luksKillSlot", "-q", str(controller.disk.path), "1")


def formatted(controller: Controller) -> None:
    cryptsetup("luksFormat", "-q", *CHEAP["pbkdf2"], "--uuid", controller.disk.uuid, str(controller.disk.path))


def restored(controller: Controller) -> None:
    """A copy of the header from before the key was added."""
    cryptsetup(
        "luksHeaderRestore",
        "-q",
        "--header-backup-file",
        str(controller.disk.folder / "before"),
        str(controller.disk.path),
    )


def another_header(controller: Controller) -> None:
    """One from when an older key of ours was in the same slot."""
    used(controller)
    controller.run()
    old = controller.disk.folder / "old"
    cryptsetup("luksHeaderBackup", str(controller.disk.path), "--header-backup-file", str(old))
    for _turn in range(2):  # the slots are taken in turn
        used(controller)
        controller.run()
    cryptsetup("luksHeaderRestore", "-q", "--header-backup-file", str(old), str(controller.disk.path))


def costlier(controller: Controller) -> None:
    """One number in the slot's JSON: salt and area stay equal, and the key no longer opens."""
    path = controller.disk.folder / "edited"
    cryptsetup("luksHeaderBackup", str(controller.disk.path), "--header-backup-file", str(path))
    content = path.read_bytes()
    cost = f'"iterations":{controller.now.ours[0].iterations},"salt"'.encode()
    assert content.count(cost) == 2
    raised = cost.replace(b":", b":9", 1)
    halves = [_resealed(content[at : at + 16384], cost, raised) for at in (0, 16384)]
    with controller.disk.path.open("r+b") as disk:
        disk.write(b"".join(halves))


def _resealed(half: bytes, cost: bytes, raised: bytes) -> bytes:
    """A binary header with other JSON, its checksum right again (LUKS2 specification, section 2.1)."""
    import hashlib

    text = half[4096:].rstrip(b"\0").replace(cost, raised).ljust(16384 - 4096, b"\0")
    start = half[:448] + bytes(64) + half[512:4096]
    return half[:448] + hashlib.sha256(start + text).digest().ljust(64, b"\0") + half[512:4096] + text


def ignored(controller: Controller) -> None:
    """The key opens it no longer where it is typed, since nobody names a slot there."""
    cryptsetup("config", "--priority", "ignore", "--key-slot", "1", str(controller.disk.path))


DONE_TO_IT = {
    killed: "slot 1, which key {key} opens, is gone",
    formatted: "its own key is another one than when key {key} was proved",
    restored: "slot 1, which key {key} opens, is gone",
    costlier: "slot 1 is not as it was when key {key} was proved",
    another_header: "an older header was restored",
    ignored: "slot 1 is not as it was when key {key} was proved",
}


@pytest.mark.parametrize("done", DONE_TO_IT, ids=lambda done: done.__name__)
def test_what_was_done_to_a_disk_is_found_without_its_key(controller: Controller, done: Any) -> None:
    cryptsetup(
        "luksHeaderBackup", str(controller.disk.path), "--header-backup-file", str(controller.disk.folder / "before")
    )
    controller.run()
    assert faults(controller.current, controller.now) == []
    done(controller)
    assert not controller.disk.opens(controller.secret(controller.current)), (
        "the case is one where the kept key is of no use"
    )
    (said,) = faults(controller.current, controller.now)
    assert DONE_TO_IT[done].format(key=controller.current.id) in said


@pytest.mark.parametrize(
    "said",
    [
        ["config", "--priority", "prefer", "--key-slot", "1"],
        ["config", "--priority", "prefer", "--key-slot", "0"],
        ["config", "--label", "school", "--subsystem", "office"],
        ["luksHeaderBackup", "--header-backup-file", "{folder}/a-copy"],
    ],
    ids=lambda said: " ".join(said[:3]),
)
def test_what_changes_nothing_about_who_opens_it_is_no_fault(controller: Controller, said: list[str]) -> None:
    controller.run()
    before = controller.now
    cryptsetup(*(one.format(folder=controller.disk.folder) for one in said), str(controller.disk.path))
    assert controller.now == before and faults(controller.current, before) == [] == strangers(
        controller.current, before
    )
    assert controller.disk.opens(controller.secret(controller.current)) and not controller.run().changed


def test_a_slot_that_a_stranger_added_is_found_and_stays_found(controller: Controller) -> None:
    controller.run()
    added(controller)
    assert faults(controller.current, controller.now) == []
    assert strangers(controller.current, controller.now) == ["slot 2 was added since"]
    used(controller)
    outcome = controller.run()
    assert "slot 2 was added since, by nobody that is known here" in outcome.summary
    assert strangers(controller.current, controller.now) == ["slot 2 was added since"], (
        "a new key makes nobody's slot known"
    )


def test_a_token_that_only_says_it_is_ours_hides_nothing(controller: Controller) -> None:
    """Anybody can write such a token, and a slot with the cost that it names."""
    controller.run()
    added(controller)
    token = {
        "type": "systemd-recovery", "keyslots": ["2"], "leeboard-key": "261126-00000000", "leeboard-slot": "2",
        "leeboard-iterations": "1000",
    }  # fmt: skip
    cryptsetup("token", "import", str(controller.disk.path), input=json.dumps(token))
    assert strangers(controller.current, controller.now) == ["slot 2 was added since", "token 1 was added since"]
    used(controller)
    controller.run()
    assert strangers(controller.current, controller.now) == ["slot 2 was added since", "token 1 was added since"]
    assert controller.disk.opens("stranger"), "and what the vault does not know is not removed"


def test_a_number_that_somebody_took_meanwhile_is_left_to_them(controller: Controller) -> None:
    """The run died between token and slot, and a technician then put a passphrase into that very slot."""
    controller.disk.dies_with = ("luksAddKey", "before")
    with pytest.raises(Died):
        controller.run()
    controller.disk.dies_with = None
    (token,) = controller.now.ours
    cryptsetup(
        "luksAddKey", "-q", *CHEAP["argon2id"], "--key-slot", str(token.slot), str(controller.disk.path),
        input=f"{PASSPHRASE}\nthe technician's own",
    )  # fmt: skip
    assert not controller.run().failed
    assert controller.disk.opens("the technician's own") and controller.disk.opens(
        controller.secret(controller.current)
    )
    assert [one.key for one in controller.now.ours] == [controller.current.id]


def test_what_a_device_sends_in_place_of_a_copy_is_refused(controller: Controller) -> None:
    for wrong in ("", "bm8=", "%", json.dumps({})):

        def lying(step: str, wrong: str = wrong, **said: Any) -> dict[str, Any]:
            return {"header": wrong} if step == "copy_header" else controller.disk.ask(step, **said)

        outcome = enrol(controller.vault, DEVICE, lying, controller.clock, GIVEN)
        assert outcome.failed and controller.kept == Records() and controller.disk.slots() == [0]


def test_garbage_in_place_of_volumes_is_an_error(controller: Controller) -> None:
    with pytest.raises(LeeboardError, match="what the device says of its LUKS volumes makes no sense"):
        enrol(controller.vault, DEVICE, lambda *_a, **_k: {"volumes": ["{}"]}, controller.clock, GIVEN)


def test_what_somebody_vouches_for_is_known_and_the_next_is_not(controller: Controller, tmp_path: Path) -> None:
    controller.run()
    added(controller)
    said = _accept(controller, "The head's own passphrase")
    assert "slot 2 was added since" in said
    assert strangers(controller.current, controller.now) == [] == faults(controller.current, controller.now)
    added(controller)
    assert strangers(controller.current, controller.now) == ["slot 3 was added since"]


def test_a_slot_of_the_key_itself_cannot_be_vouched_for(controller: Controller) -> None:
    controller.run()
    costlier(controller)
    with pytest.raises(LeeboardError, match="had nothing that is not known"):
        _accept(controller, "It is quite all right")


def _accept(controller: Controller, reason: str) -> str:
    """`leeboard escrow accept`, after a check that saw the disk as it is now."""
    raw = {"schema": 1, "platform": "linux", "observed_at": "2026-11-26T10:00:00Z"}
    nothing = {"state": "absent", "source": "test"}
    volumes = controller.disk.ask("survey")["volumes"]
    shown = {"state": "value", "value": volumes, "source": "test"}
    raw |= {
        "identity": dict.fromkeys(("serial", "uuid", "machine_id", "os"), nothing), "facts": {},
        "cost": {"children": 0, "seconds": 0.0, "cpu_seconds": 0.0},
        "readings": [{"driver": "luks_volume", "address": "bindings", "effective": shown}],
    }  # fmt: skip
    database = controller.disk.folder / "store.db"
    database.touch()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "observation", lambda *_: raw)
        done = CliRunner().invoke(
            app,
            [
                "escrow",
                "accept",
                "EP-0001",
                "--reason",
                reason,
                "--var",
                str(controller.vault.var),
                "--database",
                str(database),
            ],
        )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output
