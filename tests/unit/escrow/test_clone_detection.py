"""Two devices with one disk: a cloned image, one UUID given twice, a disk that was moved. Both are named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import clone_detection, controller_state, ledger
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.records import Records
from leeboard.model.observation import Found
from tests.unit.escrow.vaults import AT
from tests.unit.linux.disks import UUID, cryptsetup, needs_cryptsetup
from tests.unit.linux.luks_machine import Disk

from .controller import DEVICE, Controller
from .nightly_check import observed

pytestmark = needs_cryptsetup
FIRST, SECOND = ("900001", "EP-0001"), ("900002", "EP-0002")
OTHER = DEVICE.model_copy(update={"asset": SECOND[1], "urn": SECOND[0], "name": "office-2"})


@pytest.fixture
def clone(controller: Controller, tmp_path: Path) -> Iterator[Controller]:
    """Another machine of the estate, whose disk somebody made from the first one's."""
    folder = tmp_path / "second-machine"
    folder.mkdir()
    made = Controller(controller.vault, Disk(folder))
    shutil.copy(controller.disk.path, made.disk.path)
    yield made


def night(controller: Controller, device: object = DEVICE) -> str:
    """What ENC-07's first reading says is wrong with the disk, at a check."""
    reading = observed(controller, device).reading("escrow", "escrowed")  # type: ignore[arg-type]
    assert reading is not None and isinstance(reading.effective, Found), reading
    return str(reading.effective.value)


def verified(controller: Controller) -> list[str]:
    return [one for one in check(controller.vault, AT).problems if "EP-000" in one]


def entries(controller: Controller) -> set[str]:
    top = controller.vault.var / clone_detection.DISKS
    return {path.relative_to(top).as_posix() for path in top.glob("*/*")}


def test_a_clone_gets_no_key_and_both_are_named(controller: Controller, clone: Controller) -> None:
    controller.run()
    shutil.copy(controller.disk.path, clone.disk.path)  # the first one's key is in it as well
    before, kept = clone.now, (clone.disk.path.read_bytes(), controller.vault.ledger().mark)
    outcome = clone.run(device=OTHER)
    assert outcome.failed and not outcome.changed
    assert (
        f"disk {UUID} of EP-0002 (school 900002) is a copy of one of EP-0001 (school 900001): what opens one opens the "
        "other. Encrypt one of them anew (cryptsetup reencrypt)" in outcome.summary
    )
    assert clone.now == before and (clone.disk.path.read_bytes(), controller.vault.ledger().mark) == kept
    assert controller_state.records(controller.vault.var, *SECOND) == Records()


def test_a_night_names_the_other_on_both(controller: Controller, clone: Controller) -> None:
    controller.run()
    assert "copy" not in night(controller)
    assert "of EP-0002 (school 900002) is a copy of one of EP-0001 (school 900001)" in night(clone, OTHER)
    assert "of EP-0001 (school 900001) is a copy of one of EP-0002 (school 900002)" in night(controller)
    outcome = controller.run()
    assert (
        outcome.failed and "of EP-0001 (school 900001) is a copy of one of EP-0002 (school 900002)" in outcome.summary
    )


def test_two_clones_without_any_key_are_found_by_who_comes_second(controller: Controller, clone: Controller) -> None:
    assert "copy" not in night(controller)
    assert "is a copy of one of EP-0001 (school 900001)" in night(clone, OTHER)
    for one, device in ((controller, DEVICE), (clone, OTHER)):
        outcome = one.run(device=device)
        assert outcome.failed and "is a copy of one of" in outcome.summary and not outcome.changed
    assert controller.vault.keys() == {}


def test_verify_names_both(controller: Controller, clone: Controller) -> None:
    controller.run()
    night(clone, OTHER)
    (line,) = verified(controller)
    assert line.startswith("EP-0001 (school 900001) and EP-0002 (school 900002): ")
    assert f"disk {UUID} of one is a copy of the other's: what opens one opens the other" in line


def test_a_clone_with_another_uuid_is_one(controller: Controller, clone: Controller) -> None:
    another = UUID.replace("8a4f", "9b5e")
    cryptsetup("luksUUID", "-q", "--uuid", another, str(clone.disk.path))
    clone.disk.uuid = another
    controller.run()
    assert "is a copy of one of EP-0001 (school 900001)" in clone.run(device=OTHER).summary
    night(clone, OTHER)
    (line,) = verified(controller)
    assert UUID in line and another in line and "what opens one opens the other" in line


def test_two_disks_with_one_uuid_are_no_copies_and_refused(controller: Controller, tmp_path: Path) -> None:
    folder = tmp_path / "second-machine"
    folder.mkdir()
    other = Controller(controller.vault, Disk(folder))  # formatted with the UUID of an answer file
    controller.run()
    outcome = other.run(device=OTHER)
    assert outcome.failed and not outcome.changed
    assert f"disk {UUID} of EP-0002 (school 900002) has the UUID of one of EP-0001 (school 900001)" in outcome.summary
    assert "luksUUID" in outcome.summary and other.disk.slots() == [0]
    assert "of EP-0001 (school 900001) has the UUID of one of EP-0002 (school 900002)" in night(controller)
    (line,) = verified(controller)
    assert f"each has a disk with the UUID {UUID}" in line


def test_encrypted_anew_it_is_a_disk_of_its_own(controller: Controller, clone: Controller) -> None:
    controller.run()
    night(clone, OTHER)
    another = UUID.replace("8a4f", "9b5e")
    clone.disk.uuid = another
    cryptsetup(
        "luksFormat", "-q", "--type", "luks2", "--uuid", another, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations",
        "1000", "--key-file", "-", str(clone.disk.path),
    )  # fmt: skip
    assert "copy" not in night(clone, OTHER) and "copy" not in night(controller) and verified(controller) == []
    assert not clone.run(device=OTHER).failed and not controller.run().failed


def test_a_disk_that_was_moved_is_said_to_be_and_gets_its_key(controller: Controller, clone: Controller) -> None:
    controller.run()
    assert "if it was moved from there, say so with leeboard escrow retire EP-0001" in clone.run(device=OTHER).summary
    with controller.vault.writing(AT) as writer:
        writer.note(ledger.RETIRED, urn=FIRST[0], asset=FIRST[1], key=controller.current.id, disk=UUID)
    clone_detection.forget(controller.vault.var, FIRST)
    outcome = clone.run(device=OTHER)
    assert outcome.changed and not outcome.failed, outcome.summary
    assert verified(controller) == []


def test_whoever_retires_a_key_while_the_disk_is_still_shown_is_told_so(
    controller: Controller, clone: Controller
) -> None:
    controller.run()
    with controller.vault.writing(AT) as writer:
        writer.note(ledger.RETIRED, urn=FIRST[0], asset=FIRST[1], key=controller.current.id, disk=UUID)
    night(controller)
    assert "is a copy of one of EP-0001" in clone.run(device=OTHER).summary


def test_what_the_controller_remembers_is_made_again_by_verify(controller: Controller, clone: Controller) -> None:
    controller.run()
    night(clone, OTHER)
    wanted = entries(controller)
    assert len(wanted) == 4, "two names, two devices"
    assert check(controller.vault, AT).disks == 0
    shutil.rmtree(controller.vault.var / clone_detection.DISKS)
    folder = controller.vault.var / clone_detection.DISKS / "000"
    folder.mkdir(parents=True)
    (folder / "900003.EP-0003").touch()  # of nobody
    (folder / "nonsense").touch()
    assert check(controller.vault, AT).disks == 6 and entries(controller) == wanted
    shutil.rmtree(controller.vault.var / clone_detection.SEEN)
    assert check(controller.vault, AT).disks == 2, "of the clone only a check knows"
    assert "is a copy of one of EP-0001 (school 900001)" in night(clone, OTHER), "and says it the next night"
    assert entries(controller) == wanted


def test_what_somebody_wrote_over_is_looked_at_anew(controller: Controller) -> None:
    night(controller)
    path = controller.vault.var / clone_detection.SEEN / "900001" / "EP-0001.json"
    for wrong in (b"", b"{", b"[1]", b'["a", "b", "c"]', b'[["../../x", ""]]'):
        path.write_bytes(wrong)
        night(controller)
        assert clone_detection.seen(controller.vault.var, FIRST) == {(UUID, controller.now.volume_key)}
        assert not (controller.vault.var / "x").exists()


def test_a_device_that_says_many_disks_fills_no_folder(controller: Controller) -> None:
    many = [
        controller.now.model_copy(update={"uuid": f"u-{number}", "volume_key": f"{number:064x}"})
        for number in range(90)
    ]
    clone_detection.record_disks(controller.vault.var, FIRST, many)
    assert len(entries(controller)) == 2 * clone_detection.MOST_DISKS
    clone_detection.record_disks(controller.vault.var, FIRST, [])
    assert entries(controller) == set(), "what it no longer shows is gone"


def test_where_nothing_can_be_remembered_nothing_is_said_to_be_right(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller.run()
    shutil.rmtree(controller.vault.var / clone_detection.SEEN)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(clone_detection.files, "replace", full)
    reading = observed(controller, DEVICE).reading("escrow", "escrowed")
    assert reading is not None and "No space left on device; make room" in str(reading.effective)
    with pytest.raises(LeeboardError, match="No space left on device"):
        controller.run()
