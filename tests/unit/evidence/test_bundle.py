"""Bundles: written a device at a time, sealed, chained, read within bounds."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zlib
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence import bundle, bundle_schema, reader
from leeboard.evidence.bundle import Origin, SchoolLock, Writer
from leeboard.evidence.bundle_schema import School
from leeboard.evidence.reader import Reader
from leeboard.model.run_id import started_of
from tests.unit.evidence.estate import URN, expected, line, observation, run_id, write

AT = started_of(run_id(0))


def read(path: Path) -> tuple[Reader, list[str]]:
    with Reader(path) as found:
        seen = [f"{device.asset} {device.outcome}" for _, device in found.devices()]
    return found, seen


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": "unreachable"}
    )
    assert path == tmp_path / URN / f"{run_id(0)}.jsonl.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    found, seen = read(path)
    assert seen == ["LT-1 observed", "LT-2 unreachable"]
    assert not found.broken_off
    assert found.trailer is not None and found.trailer.outcomes == {"observed": 1, "unreachable": 1}
    assert found.header.previous is None and list(found.expected) == ["LT-1", "LT-2"]
    assert not list(path.parent.glob("*.jsonl")) and not list(path.parent.glob("*.tmp"))


def test_every_line_is_on_the_disk_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    path = write(
        tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": "failed", "LT-2": "failed"}, close=False
    )
    sizes = [0]
    for row in path.read_bytes().splitlines(keepends=True):
        sizes.append(sizes[-1] + len(row))
    assert set(sizes[1:]) <= set(synced)


def test_bundles_of_a_school_are_a_chain(tmp_path: Path) -> None:
    paths = [write(tmp_path, run_id(night), [expected()], {"LT-001": observation()}) for night in range(3)]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert [read(path)[0].header.previous for path in paths] == [None, *hashes[:2]]


def test_the_chain_goes_on_when_the_newest_bundle_was_taken_away(tmp_path: Path) -> None:
    first = write(tmp_path, run_id(0), [expected()], {})
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    first.unlink()
    assert read(write(tmp_path, run_id(1), [expected()], {}))[0].header.previous == digest


def test_without_its_note_the_newest_bundle_is_the_last(tmp_path: Path) -> None:
    first = write(tmp_path, run_id(0), [expected()], {})
    (tmp_path / URN / bundle.TIP).unlink()
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert read(write(tmp_path, run_id(1), [expected()], {}))[0].header.previous == digest
    (tmp_path / URN / bundle.TIP).write_text("{}")
    with pytest.raises(LeeboardError, match=r"chain\.json: is damaged; remove it"):
        write(tmp_path, run_id(2), [expected()], {})


def test_a_second_run_of_a_school_is_refused_and_told_which_is_first(tmp_path: Path) -> None:
    held = SchoolLock(tmp_path, URN, run_id(0))
    with pytest.raises(LeeboardError) as refused:
        SchoolLock(tmp_path, URN, run_id(1))
    assert re.fullmatch(
        rf"school 123456: another run is still recording \(process {os.getpid()}, .+ on .+, run {run_id(0)}, "
        r"began .+\); wait for its end or stop it, then start again",
        str(refused.value),
    )
    SchoolLock(tmp_path, "654321", run_id(1)).release()
    held.release()
    SchoolLock(tmp_path, URN, run_id(1)).release()


def test_a_fork_that_outlives_its_run_does_not_hold_the_lock(tmp_path: Path) -> None:
    held = SchoolLock(tmp_path, URN, run_id(0))
    begin, end = os.pipe()
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.write(told, b"1")
        os.read(begin, 1)  # until the parent closes its end
        os._exit(0)
    os.read(ready, 1)
    held.release()
    SchoolLock(tmp_path, URN, run_id(1)).release()
    os.close(end)
    os.waitpid(child, 0)


def test_a_dead_run_is_sealed_by_the_next_and_counts_for_what_it_saw(tmp_path: Path) -> None:
    path = write(tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation()}, close=False)
    with path.open("ab") as file:
        file.write(b'{"kind": "device", "asset": "LT-2", "outc')  # torn off
    content = path.read_bytes()
    second = write(tmp_path, run_id(1), [expected("LT-1")], {})
    sealed = path.with_suffix(".jsonl.gz")
    assert gzip.decompress(sealed.read_bytes()) == content and not path.exists()
    found, seen = read(sealed)
    assert seen == ["LT-1 observed"] and found.broken_off
    assert read(second)[0].header.previous == hashlib.sha256(sealed.read_bytes()).hexdigest()


def test_a_run_that_died_before_its_header_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / URN
    folder.mkdir()
    (folder / f"{run_id(0)}.jsonl").write_bytes(b'{"kind": "header", "exp')
    (folder / f"{run_id(1)}.jsonl").touch()
    (folder / f".{run_id(1)}.jsonl.gz.tmp").touch()
    path = write(tmp_path, run_id(2), [expected()], {})
    assert sorted(one.name for one in folder.iterdir()) == [path.name, bundle.TIP, "run.lock"]


def test_later_plays_add_to_those_expected(tmp_path: Path) -> None:
    lock = SchoolLock(tmp_path, URN, run_id(0))
    writer = Writer(lock, run_id(0), School(urn=URN, name="x"), Origin("1", "check", "", ""), [expected("LT-1")])
    writer.expect([expected("LT-1"), expected("LT-2")])
    writer.expect([expected("LT-2")])
    writer.device(line("LT-2", AT))
    found, seen = read(writer.close(AT, interrupted=True))
    assert seen == ["LT-2 observed"] and list(found.expected) == ["LT-1", "LT-2"]
    assert found.broken_off, "somebody stopped it"


def test_many_expected_devices_take_several_lines(tmp_path: Path) -> None:
    devices = [expected(f"LT-{number}", problem="p" * 1000) for number in range(4000)]
    path = write(tmp_path, run_id(0), devices, {"LT-3999": "failed"})
    found, _ = read(path)
    assert len(found.expected) == 4000
    assert len(gzip.decompress(path.read_bytes()).splitlines()) > 3


def test_an_answer_that_is_too_long_becomes_a_failure(tmp_path: Path) -> None:
    path = write(tmp_path, run_id(0), [expected()], {"LT-001": {"x": "y" * bundle_schema.MOST_LINE_BYTES}})
    with Reader(path) as found:
        ((_, device),) = found.devices()
    assert device.outcome == "failed" and "more than is ever sent" in device.message
    assert found.trailer is not None and found.trailer.outcomes == {"failed": 1}


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = SchoolLock(tmp_path, URN, run_id(0))
    writer = Writer(lock, run_id(0), School(urn=URN, name="x"), Origin("1", "check", "", ""), [expected("LT-1")])
    writer.device(line("LT-1", AT))
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        if len(content) > 20:
            return real(descriptor, content[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        writer.device(line("LT-1", AT, outcome="failed"))
    monkeypatch.setattr(os, "write", real)
    writer.device(line("LT-1", AT, outcome="unreachable"))
    assert read(writer.close(AT))[1] == ["LT-1 observed", "LT-1 unreachable"]


def lines_of(tmp_path: Path) -> list[bytes]:
    path = write(tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": "failed"})
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


def rewritten(raw: bytes, **more: object) -> bytes:
    return json.dumps({**json.loads(raw), **more}).encode() + b"\n"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_gzip_counts_for_the_devices_before_it(tmp_path: Path, cut: int) -> None:
    content = b"".join(lines_of(tmp_path))
    path = tmp_path / f"{run_id(0)}.jsonl.gz"
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(content[: content.rindex(b'{"kind":"trailer"')]) + packer.flush(zlib.Z_SYNC_FLUSH)
    path.write_bytes(whole + (packer.compress(content[-100:]) + packer.flush())[:-cut])
    found, seen = read(path)
    assert seen == ["LT-1 observed", "LT-2 failed"]
    # The trailer itself may have come through whole; then only the checksum is cut.
    assert found.broken_off or cut <= 8


HOSTILE = {
    "not json": (1, b"{nonsense}\n", "line 2: is not JSON"),
    "a number nobody can hold": (1, b'{"kind": "device", "x": NaN}\n', "line 2: is not JSON"),
    "too deep": (1, b'{"kind": ' + b"[" * 200_000 + b"\n", "line 2: is not JSON"),
    "a list": (1, b"[]\n", "line 2: is of no known kind"),
    "an unknown kind": (1, b'{"kind": "gift"}\n', "line 2: is of no known kind"),
    "a kind that is a list": (1, b'{"kind": ["header"]}\n', "line 2: is of no known kind"),
    "a wrong type": (1, {"asset": 7}, "line 2: makes no sense at asset"),
    "an unknown key": (3, {"gift": 7}, "line 4: makes no sense at gift"),
    "a path for an asset": (1, {"asset": "../../etc"}, "line 2: makes no sense at asset"),
    "a device nobody expected": (1, {"asset": "LT-9"}, "line 2: is about LT-9, which the run did not expect"),
    "an unknown key of a header": (0, {"gift": 7}, "line 1: makes no sense at gift"),
    "another schema": (0, {"schema": 3}, "line 1: has schema 3, and this Leeboard reads 1 and 2; update Leeboard"),
    "no schema": (0, {"schema": None}, "line 1: has schema None"),
    "another start": (0, {"started": "2026-01-01T00:00:00Z"}, "line 1: makes no sense"),
    "a device of another school": (
        0,
        {"school": {"urn": "654321", "name": "x"}},
        "line 1: expects LT-1 of school 123456",
    ),
    "no header": (0, b"", "line 1: is no header"),
    "a wrong count": (3, {"lines": 9}, "line 4: says that 9 lines stand before it, and 3 do"),
    "a line taken out": (2, b"", "line 3: says that 3 lines stand before it, and 2 do"),
    "an empty line": (1, b"\n", "line 2: is not JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("packed", [True, False])
def test_what_makes_no_sense_is_refused_with_file_and_line(tmp_path: Path, name: str, packed: bool) -> None:
    place, change, words = HOSTILE[name]
    rows = lines_of(tmp_path)
    rows[place] = change if isinstance(change, bytes) else rewritten(rows[place], **change)
    path = tmp_path / (f"{run_id(0)}.jsonl" + ".gz" * packed)
    path.write_bytes(gzip.compress(b"".join(rows)) if packed else b"".join(rows))
    with pytest.raises(LeeboardError) as refused:
        read(path)
    assert f"{path}, {words}" in str(refused.value)


def test_what_follows_the_trailer_is_refused(tmp_path: Path) -> None:
    rows = lines_of(tmp_path)
    path = tmp_path / f"{run_id(0)}.jsonl.gz"
    for content, words in (
        (gzip.compress(b"".join([*rows, rows[1]])), "line 5: stands after the trailer"),
        (gzip.compress(b"".join([*rows, rows[0]])), "line 5: stands after the trailer"),
        (gzip.compress(b"".join(rows)) + b"more", "is followed by something"),
        (gzip.compress(b"".join(rows)) + gzip.compress(rows[1]), "is followed by something"),
    ):
        path.write_bytes(content)
        with pytest.raises(LeeboardError, match=words):
            read(path)


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"".join(lines_of(tmp_path))))
    packed[-6] ^= 1  # the checksum
    path = tmp_path / f"{run_id(0)}.jsonl.gz"
    path.write_bytes(packed)
    with pytest.raises(LeeboardError, match="cannot be unpacked"):
        read(path)


def test_bombs_are_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{run_id(0)}.jsonl.gz"
    path.write_bytes(gzip.compress(b" " * (64 * 1024 * 1024)))
    with pytest.raises(LeeboardError, match="line 1: has more than 4194304 bytes"):
        read(path)
    monkeypatch.setattr(reader, "MOST_CONTENT", 1024 * 1024)
    rows = lines_of(tmp_path)
    path.write_bytes(gzip.compress(b"".join([rows[0], *[rows[1]] * 2000])))
    with pytest.raises(LeeboardError, match="unpacks to more than is ever written"):
        read(path)


def test_links_pipes_and_giants_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write(tmp_path, run_id(0), [expected()], {})
    link = tmp_path / f"{run_id(1)}.jsonl.gz"
    link.symlink_to(real)
    with pytest.raises(LeeboardError, match="is a symbolic link"):
        read(link)
    pipe = tmp_path / f"{run_id(2)}.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(LeeboardError, match="is not a plain file"):
        read(pipe)
    with pytest.raises(LeeboardError, match="No such file"):
        read(tmp_path / "none.jsonl")
    monkeypatch.setattr(reader, "MOST_BYTES", 10)
    with pytest.raises(LeeboardError, match="more than the 10 that are read"):
        read(real)


def test_a_link_for_an_open_bundle_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / URN
    folder.mkdir()
    (folder / f"{run_id(0)}.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(LeeboardError, match="is a symbolic link"):
        write(tmp_path, run_id(1), [expected()], {})
    assert not list(folder.glob("*.gz"))
