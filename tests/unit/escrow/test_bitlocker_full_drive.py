"""No room where the vault lies while a recovery password is sealed: one line, nothing encrypted; then it goes on."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import ledger, vault
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.vault import Vault
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController
from tests.unit.escrow.bitlocker_device import CLEAR, Drive, WindowsDevice
from tests.unit.escrow.vaults import AT, a_vault, bring_back, dying, full_from, keep

NOTES = 40  # lines, so that the ledger is larger than any envelope


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as made:
        yield made


def laptop(kept: Vault) -> WindowsController:
    """A laptop in clear, of one volume."""
    return WindowsController(kept, WindowsDevice(Drive("C:", 0)))


def path_of(kept: Vault) -> Path:
    return kept.places[0].path / ledger.FILE


def refused(controller: WindowsController) -> str:
    """The one line that a run ends with; nothing is encrypted, and nothing added that the ledger does not name."""
    try:
        said = controller.run().failed
    except LeeboardError as problem:
        said = [str(problem)]
    assert len(said) == 1 and "\n" not in said[0], said
    (drive,) = controller.device.drives
    # A last line without an end is in no ledger.
    lines = [
        json.loads(line) for line in path_of(controller.vault).read_bytes().splitlines(True) if line.endswith(b"\n")
    ]
    named = [line["event"] for line in lines if line["event"] in (ledger.SEALED, ledger.COMPARED)]
    assert drive.conversion == CLEAR
    assert named or not drive.protectors
    assert drive.hardware_test == 0 or ledger.COMPARED in named
    return said[0]


def goes_on(controller: WindowsController) -> None:
    """There is room again: the laptop is encrypted in the end, and the vault is whole."""
    for _night in range(3):
        assert controller.run().failed == []
        controller.device.restart()
        controller.device.night()
    assert not controller.run().changed
    controller.whole()
    assert check(vault.open_vault(controller.vault.var), AT).problems == ()


def test_no_room_from_any_write_on(kept: Vault, tmp_path: Path) -> None:
    """Each time that something is to be on the disk while the first password is made and compared."""
    saved = keep(kept, tmp_path)
    with dying(0) as calls:
        laptop(kept).run()
    assert calls[0] > 20, calls
    asked = set()
    for point in range(1, calls[0] + 1):
        bring_back(kept, saved)
        controller = laptop(kept)
        with pytest.MonkeyPatch.context() as patched:
            full_from(point, patched)
            said = refused(controller)
        assert "No space left on device; " in said, (point, said)  # and what to do
        asked.add("protect" in controller.device.steps)
        if point % 6 == 1:
            goes_on(controller)
    assert asked == {False, True}  # before the device knew of a password, and after


@contextmanager
def no_file_longer(size: int) -> Iterator[None]:
    """The kernel writes up to so many bytes of a file, and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 700, "a part of a line"])
def test_what_is_cut_off_in_the_middle_of_a_write(kept: Vault, room: int | str) -> None:
    """The lock's text, an envelope, or a line of the ledger, of which the first bytes are on the disk."""
    with kept.writing(AT) as writer:
        for number in range(NOTES):
            writer.note(ledger.RESUMED, urn=DEVICE.urn, asset="EP-0002", reason=f"firmware {number}")
    path = path_of(kept)
    before = path.read_bytes()
    controller = laptop(kept)
    with no_file_longer(room if isinstance(room, int) else len(before) + 100):
        said = refused(controller)
    assert "File too large; make room" in said
    assert "protect" not in controller.device.steps and controller.device.drive("C:").protectors == []
    after = path.read_bytes()
    assert after.startswith(before) and len(after) - len(before) == (0 if isinstance(room, int) else 100)
    assert not [name for place in kept.places for name in place.names() if name.endswith(".pem") and name[0].isdigit()]
    goes_on(controller)
    assert path.read_bytes() == (kept.places[1].path / ledger.FILE).read_bytes()
    assert os.path.getsize(path) > len(after)
