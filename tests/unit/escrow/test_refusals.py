"""What a roll-out or a restore refuses before it writes anything: one clear line, and disk and vault as they were."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from leeboard.errors import LeeboardError
from leeboard.escrow.disks import restoring
from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.vault import controller_state, vault
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.rekeying import hand_over, opener
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from tests.reliability.points import bench
from tests.reliability.scenarios import FirstKey
from tests.reliability.watched import CONTROLLER
from tests.unit.escrow.test_certificates import signed, usage
from tests.unit.escrow.vaults import AT, custodian, full_from, private
from tests.unit.linux.disks import PASSPHRASE, cryptsetup, needs_cryptsetup
from tests.unit.linux.luks_machine import Disk

from .controller import DEVICE, Controller, used

pytestmark = needs_cryptsetup


def state(controller: Controller) -> dict[str, bytes]:
    """Every byte of the disk and of both places; of what is only locked or looked at nothing changes."""
    return {"disk": controller.disk.path.read_bytes()} | {
        f"{one.copy}/{name}": (one.path / name).read_bytes()
        for one in controller.vault.places
        for name in one.names()
        if name != vault.LOCK
    }


def restore(controller: Controller) -> Outcome:
    opened = vault.open_vault(controller.vault.var)
    secret = opener(opened, private(custodian("head")[1]))
    return restoring.restore(opened, DEVICE, controller.disk.ask, controller.clock, secret)


# Certificates


def test_one_that_ended_makes_no_key_and_leaves_nothing_behind(controller: Controller) -> None:
    controller.at = custodian("head")[0].ends + timedelta(days=1)
    before = state(controller)
    for _night in range(2):
        outcome = controller.run()
        (line,) = outcome.failed
        assert line.endswith(f"no key was made: head: ended on {custodian('head')[0].ends:%d %B %Y}")
        assert not outcome.changed and state(controller) == before


def test_level_high_with_one_custodian_leaves_nothing_behind(controller: Controller) -> None:
    before = state(controller)
    outcome = controller.run(device=DEVICE.model_copy(update={"level": Level.HIGH}))
    assert "a device of level high needs envelopes for 2 custodians" in outcome.summary and outcome.failed
    assert state(controller) == before


def test_a_wrong_passphrase_leaves_nothing_behind(controller: Controller) -> None:
    before = state(controller)
    for _night in range(2):
        assert controller.run(Credentials(passphrase="not this one")).failed and state(controller) == before


BAD: dict[str, Callable[[], Custodian]] = {
    "has 2048 bits": lambda: Custodian("bad", signed(rsa.generate_private_key(65537, 2048))),
    "its key is not RSA": lambda: Custodian("bad", signed(ec.generate_private_key(ec.SECP256R1()))),
    "forbids key encipherment": lambda: Custodian("bad", signed(rsa.generate_private_key(65537, 3072), usage(False))),
}


@pytest.mark.parametrize("words", BAD)
def test_no_vault_is_begun_with_a_bad_certificate_and_none_is_handed_over(
    controller: Controller, tmp_path: Path, words: str
) -> None:
    bad = BAD[words]()
    folders = (tmp_path / "third", tmp_path / "fourth")
    with pytest.raises(LeeboardError, match=f"{words}.*; nothing was made"):
        vault.make(tmp_path / "other-var", folders, [bad], AT)
    assert not any(one.exists() for one in (*folders, tmp_path / "other-var"))
    before = state(controller)
    with pytest.raises(LeeboardError, match=f"{words}.*; nothing was changed"):
        hand_over(controller.vault, [*controller.vault.custodians, bad], AT)
    assert state(controller) == before


@pytest.mark.parametrize("days", [-2, 4000])
def test_nobody_joins_whose_certificate_is_not_valid_now(controller: Controller, days: int) -> None:
    before = state(controller)
    with pytest.raises(LeeboardError, match=r"siro: (is not valid before|ended on) .*; nothing was changed"):
        hand_over(controller.vault, [custodian("siro")[0]], AT + timedelta(days=days))
    assert state(controller) == before


# The vault


def world_readable(controller: Controller) -> None:
    (controller.vault.places[1].path).chmod(0o755)


def readable_ledger(controller: Controller) -> None:
    (controller.vault.places[0].path / "ledger.jsonl").chmod(0o644)


def of_somebody_else(controller: Controller) -> None:
    os.chown(controller.vault.places[1].path / "ledger.jsonl", 65534, -1)


def edited(controller: Controller) -> None:
    for one in controller.vault.places:
        path = one.path / "ledger.jsonl"
        path.write_bytes(path.read_bytes().replace(b"a call", b"b call"))


def shortened(controller: Controller) -> None:
    for one in controller.vault.places:
        path = one.path / "ledger.jsonl"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


REFUSED = {
    world_readable: "others may use it; run chmod 700 on it",
    readable_ledger: "others may use it; run chmod 600 on it",
    of_somebody_else: "belongs to another account",
    edited: "does not follow the line before it|is not as this controller wrote it",
    shortened: "has lost its end",
}


@pytest.mark.parametrize("done", REFUSED, ids=lambda done: done.__name__)
def test_a_vault_that_somebody_touched_is_refused_and_nothing_changes(
    controller: Controller, done: Callable[[Controller], None]
) -> None:
    controller.run()
    used(controller)
    done(controller)
    before = state(controller)
    with pytest.raises(LeeboardError, match=REFUSED[done]) as refused:
        controller.run()
    assert "\n" not in str(refused.value) and state(controller) == before


def test_an_edit_further_up_in_the_ledger_is_found_by_who_reads_all_of_it(controller: Controller) -> None:
    controller.run()
    for one in controller.vault.places:
        path = one.path / "ledger.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"event":"sealed"', b'"event":"opened"', 1))
    before = state(controller)
    with pytest.raises(LeeboardError, match="does not follow the line before it; the ledger was changed"):
        check(vault.open_vault(controller.vault.var), AT)
    assert state(controller) == before


def test_an_envelope_cut_short_in_both_places_does_not_open(controller: Controller) -> None:
    controller.run()
    for one in controller.vault.places:
        path = one.path / controller.current.name
        path.write_bytes(path.read_bytes()[:-200])
    before = state(controller)
    assert len([one for one in check(controller.vault, AT).problems if "is not as the ledger knows it" in one]) == 2
    secret = opener(controller.vault, private(custodian("head")[1]))
    outcome = controller.run(Credentials(opener=secret))
    assert not outcome.changed, "the disk is as it was; the finding says that the copies are not"
    used(controller)
    outcome = controller.run(Credentials(opener=secret))
    assert any("neither copy of it is as the ledger knows it" in one for one in outcome.failed), outcome.summary
    assert state(controller)["disk"] == before["disk"]


# A header of another disk


def swapped(controller: Controller, other: Controller) -> None:
    """Somebody put the other device's header into the place of this one's, in both copies."""
    (mine,), (theirs,) = (
        controller.kept.headers,
        controller_state.records(controller.vault.var, "900001", "EP-0002").headers,
    )
    for one in controller.vault.places:
        shutil.copyfile(one.path / theirs.name, one.path / mine.name)


def known_as_mine(controller: Controller, other: Controller) -> None:
    """The ledger itself says that the other's header is this one's: as a mistake of ours would."""
    (mine,) = controller.kept.headers
    theirs = other.disk.ask("copy_header", uuid=other.disk.uuid, expect=other.now.digest)["header"]
    with controller.vault.writing(AT) as writer:
        writer.keep_header(base64.b64decode(theirs), mine.urn, mine.asset, "zz", mine.disk, mine.binding)


def with_other_slots(controller: Controller, other: Controller) -> None:
    """One of the same disk, that the ledger has for what the disk was like on another day."""
    (mine,) = controller.kept.headers
    cryptsetup(
        "luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", str(controller.disk.path),
        input=f"{PASSPHRASE}\nanother",
    )  # fmt: skip
    later = controller.disk.ask("copy_header", uuid=controller.disk.uuid, expect=controller.now.digest)["header"]
    with controller.vault.writing(AT) as writer:
        writer.keep_header(base64.b64decode(later), mine.urn, mine.asset, "zz", mine.disk, mine.binding)


def another_volume_there(controller: Controller, other: Controller) -> None:
    """In the partition there is another LUKS volume by now."""
    shutil.copyfile(other.disk.path, controller.disk.path)
    controller.disk.uuid = other.disk.uuid


OTHER_HEADERS = {
    swapped: "neither copy of it is as the ledger knows it",
    known_as_mine: "the copy zz is of disk .*, not of .*; nothing was changed",
    with_other_slots: "the copy zz does not hold what opened disk .*; nothing was changed",
    another_volume_there: "is another LUKS volume now .*; nothing was changed",
}


@pytest.fixture
def other(controller: Controller, tmp_path: Path) -> Iterator[Controller]:
    """A second device with a disk of its own and a key."""
    folder = tmp_path / "second"
    folder.mkdir()
    made = Controller(controller.vault, Disk(folder, uuid="0d5e7c1e-2b53-4a0e-9a41-0f4d1be0a002"))
    assert not made.run(device=DEVICE.model_copy(update={"asset": "EP-0002", "name": "office-2"})).failed
    yield made


@pytest.mark.parametrize("done", OTHER_HEADERS, ids=lambda done: done.__name__)
def test_a_header_of_another_disk_is_refused(
    controller: Controller, other: Controller, done: Callable[[Controller, Controller], None]
) -> None:
    controller.run()
    done(controller, other)
    before = state(controller)
    with pytest.raises(LeeboardError, match=OTHER_HEADERS[done]):
        restore(controller)
    assert state(controller) == before


# A disk that is full


def test_no_room_from_any_write_on_is_one_clear_line_and_the_next_run_finishes(tmp_path: Path) -> None:
    with bench(FirstKey(), tmp_path) as begun:
        writes = sum(one.kind == CONTROLLER and "is on the disk" in one.what for one in begun.moments)
        assert writes > 20, writes
        for point in range(1, writes + 1, 4):
            begun.begin_anew()
            with pytest.MonkeyPatch.context() as patched:
                full_from(point, patched)
                try:
                    said = begun.controller.run().failed
                except LeeboardError as problem:
                    said = [str(problem)]
            assert len(said) <= 1 and all("No space left on device" in one and "\n" not in one for one in said), said
            begun.scenario.finish(begun.controller)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Volumes of so many KiB, each a file system of its own."""
    mounted: list[Path] = []

    def volume(kib: int) -> Path:
        path = tmp_path / f"small-{kib}"
        path.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=700", "leeboard", str(path)], capture_output=True
        )
        if done.returncode != 0:
            pytest.skip("needs to mount a small file system")
        mounted.append(path)
        return path

    try:
        yield volume
    finally:
        for path in mounted:
            subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("left", [0, 8, 400])
def test_a_vault_on_a_full_volume_refuses_and_goes_on_when_there_is_room(
    tmp_path: Path, small: Callable[[int], Path], left: int
) -> None:
    """A file system that is really full: nothing is left, a few blocks, or room for a header and not for all of it."""
    volume = small(4096)
    made: Vault = vault.make(tmp_path / "var", (tmp_path / "first", volume / "second"), [custodian("head")[0]], AT)
    controller = Controller(made, Disk(tmp_path))
    free = os.statvfs(volume)
    filler = volume / "filler"
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - left * 1024))
    before = controller.now
    try:
        said = controller.run().failed
    except LeeboardError as problem:
        said = [str(problem)]
    assert len(said) == 1 and "No space left on device; make room" in said[0], said
    assert controller.disk.opens(PASSPHRASE)
    if not any(key.state is State.PROVED for key in controller.kept.keys):
        assert [token.key for token in controller.now.ours] == [] and controller.now.slots == before.slots
    filler.unlink()
    assert not controller.run().failed
    assert not controller.run().changed and controller.disk.opens(controller.secret(controller.current))
    assert check(vault.open_vault(made.var), AT).problems == ()
