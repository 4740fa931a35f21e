"""Who each device was at its first sighting."""

from __future__ import annotations

import json
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.notes import pins
from leeboard.evidence.notes.pins import Sighted, sight
from leeboard.model.observation import Identity
from tests.unit.evidence.estate import URN, aspect, device

AT = datetime(2026, 11, 25, 2, 10, tzinfo=UTC)


def identity(serial: str | None = None, uuid: str | None = None, machine_id: str | None = None) -> Identity:
    said = {"serial": serial, "uuid": uuid, "machine_id": machine_id, "os": "Debian GNU/Linux 13"}
    return Identity.model_validate({key: aspect(value) for key, value in said.items()})


def see(folder: Path, asset: str, said: Identity, register: str | None = None, pin_new: bool = True) -> Sighted:
    return sight(folder, device(asset, serial=register), said, AT, pin_new)


def test_the_first_sighting_pins_and_the_second_changes_nothing(tmp_path: Path) -> None:
    assert see(tmp_path, "LT-1", identity("PF1ABC", None, "a1" * 16)).outcome == "first"
    path = tmp_path / URN / "pins.json"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.stat()
    assert see(tmp_path, "LT-1", identity("PF1ABC", None, "a1" * 16)) == Sighted("same")
    assert path.stat().st_ino == before.st_ino and path.stat().st_mtime_ns == before.st_mtime_ns


def test_another_machine_is_not_pinned_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity("PF1ABC"))
    found = see(tmp_path, "LT-1", identity("PF9XYZ"))
    assert found.outcome == "another_machine"
    assert "its serial is PF9XYZ, and was PF1ABC" in found.message
    assert f"take LT-1 out of {tmp_path / URN / 'pins.json'}" in found.message
    assert see(tmp_path, "LT-1", identity("PF1ABC")).outcome == "same"


def test_a_machine_of_another_asset_is_named(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity("PF1ABC"))
    see(tmp_path, "LT-2", identity("PF2ABC"))
    for asset in ("LT-2", "LT-3"):
        found = see(tmp_path, asset, identity("PF1ABC"))
        assert found.outcome == "another_machine"
        assert "this is LT-1 of the same school" in found.message
    assert "LT-3" not in pins.read(tmp_path / URN / "pins.json")


def test_clones_that_only_show_their_machine_id_cannot_be_told_apart(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity(None, None, "a1" * 16))
    found = see(tmp_path, "LT-2", identity(None, None, "a1" * 16))
    assert found.outcome == "another_machine"
    assert "cloned images share: run as root" in found.message
    assert see(tmp_path, "LT-3", identity("PF3ABC", None, "b2" * 16)).outcome == "first"
    assert see(tmp_path, "LT-4", identity("PF4ABC", None, "b2" * 16)).outcome == "first"


def test_a_field_that_becomes_readable_completes_the_pin(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity(None, None, "a1" * 16))
    assert see(tmp_path, "LT-1", identity("PF1ABC", None, "a1" * 16)).outcome == "same"
    assert see(tmp_path, "LT-1", identity("PF2ABC", None, "a1" * 16)).outcome == "another_machine"
    assert see(tmp_path, "LT-1", identity(None, None, "a1" * 16)).outcome == "same"
    assert pins.read(tmp_path / URN / "pins.json")["LT-1"].sighting.serial == "PF1ABC"


def test_a_reinstalled_machine_is_told_once(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity("PF1ABC", None, "a1" * 16))
    found = see(tmp_path, "LT-1", identity("PF1ABC", None, "b2" * 16))
    assert found.outcome == "reinstalled" and "no longer counts" in found.message
    assert see(tmp_path, "LT-1", identity("PF1ABC", None, "b2" * 16)).outcome == "same"


def test_the_registers_serial_keeps_another_machine_out_at_the_first_sighting(tmp_path: Path) -> None:
    found = see(tmp_path, "LT-1", identity("PF9XYZ"), register="PF1ABC")
    assert found.outcome == "another_machine" and type(found.outcome) is str
    assert "its serial is PF9XYZ, and the register says PF1ABC" in found.message
    assert see(tmp_path, "LT-1", identity("PF1ABC"), register="pf1abc").outcome == "first"


def test_what_was_read_before_counts_only_while_the_file_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / URN / "pins.json"
    see(tmp_path, "LT-1", identity("PF1ABC"))
    assert list(pins.read_unchanged(path)) == ["LT-1"]
    assert pins.read_unchanged(path) is pins.read_unchanged(path)
    see(tmp_path, "LT-2", identity("PF2ABC"))
    assert list(pins.read_unchanged(path)) == ["LT-1", "LT-2"]
    path.write_text(path.read_text().replace("PF2ABC", "PF3ABC"))
    assert see(tmp_path, "LT-2", identity("PF2ABC")).outcome == "another_machine"
    path.unlink()
    assert pins.read_unchanged(path) == {}


def test_looking_only_writes_nothing(tmp_path: Path) -> None:
    assert see(tmp_path, "LT-1", identity("PF1ABC"), pin_new=False).outcome == "first"
    assert not (tmp_path / URN).exists()
    assert see(tmp_path, "LT-1", identity(None)).outcome == "unidentified"
    assert not (tmp_path / URN).exists()


def test_release_forgets_one(tmp_path: Path) -> None:
    see(tmp_path, "LT-1", identity("PF1ABC"))
    see(tmp_path, "LT-2", identity("PF2ABC"))
    assert pins.release(tmp_path, URN, "LT-1")
    assert not pins.release(tmp_path, URN, "LT-1")
    assert see(tmp_path, "LT-1", identity("PF9XYZ")).outcome == "first"
    assert see(tmp_path, "LT-2", identity("PF9ABC")).outcome == "another_machine"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"schema": 2, "pins": {}}', b'{"schema": 1, "pins": []}', b"\xff\xfe",
        b'{"schema": 1, "pins": {"../x": {"first": "", "changed": ""}}}',
        b'{"schema": 1, "pins": {"LT-1": {"serial": 5, "first": "", "changed": ""}}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / URN / "pins.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LeeboardError, match=r"the pins are damaged.*backup"):
        see(tmp_path, "LT-1", identity("PF1ABC"))
    assert path.read_bytes() == content


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / URN / "pins.json"
    path.parent.mkdir()
    path.symlink_to("/etc/passwd")
    with pytest.raises(LeeboardError, match="symbolic link"):
        see(tmp_path, "LT-1", identity("PF1ABC"))


def _one(folder: Path, number: int) -> None:
    for asset in range(number * 10, number * 10 + 10):
        see(folder, f"LT-{asset}", identity(f"PF{asset}ABC"))
    found = see(folder, f"XX-{number}", identity("PFSHARED"))  # all of them claim the same machine
    os._exit(0 if found.outcome == "first" else 7)


def test_many_processes_at_once_lose_nothing_and_pin_one_machine_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_one, args=(tmp_path, number)) for number in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(worker.exitcode or 0 for worker in workers) == [0] + [7] * 11
    found = json.loads((tmp_path / URN / "pins.json").read_text())["pins"]
    assert len(found) == 121
    assert sum(pin["serial"] == "PFSHARED" for pin in found.values()) == 1
    assert [path.name for path in (tmp_path / URN).iterdir() if path.name.endswith(".tmp")] == []
