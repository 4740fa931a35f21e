"""Bundles: written a device at a time, sealed, chained, read within bounds."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import re
import zlib
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain, reader
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles import schema as bundle_schema
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.model.run_id import started_of
from tests import bundle_lines
from tests.unit.evidence.estate import URN, expected, line, observation, run_id, write

AT = started_of(run_id(0))


def read(path: Path) -> tuple[Reader, list[str]]:
    with Reader(path) as found:
        seen = [f"{record.line.asset} {record.line.outcome}" for record in found.devices()]
    return found, seen


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": "unreachable"}
    )
    assert path == tmp_path / URN / f"{run_id(0)}.jsonl.xz"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    found, seen = read(path)
    assert seen == ["LT-1 observed", "LT-2 unreachable"]
    assert not found.broken_off
    assert found.trailer is not None and found.trailer.outcomes == {"observed": 1, "unreachable": 1}
    assert found.header.follows is None and list(found.expected) == ["LT-1", "LT-2"]
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
    headers = [read(path)[0].header for path in paths]
    assert [header.follows for header in headers] == [None, *hashes[:2]]
    assert [header.turn for header in headers] == [1, 2, 3]
    assert len({header.writer for header in headers}) == 1


def test_the_chain_goes_on_when_the_newest_bundle_was_taken_away(tmp_path: Path) -> None:
    first = write(tmp_path, run_id(0), [expected()], {})
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    first.unlink()
    assert read(write(tmp_path, run_id(1), [expected()], {}))[0].header.follows == digest


def test_without_its_note_the_newest_bundle_is_the_last(tmp_path: Path) -> None:
    first = write(tmp_path, run_id(0), [expected()], {})
    (tmp_path / URN / chain.TIP).unlink()
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert read(write(tmp_path, run_id(1), [expected()], {}))[0].header.follows == digest
    (tmp_path / URN / chain.TIP).write_text("{}")
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
    sealed = path.with_suffix(".jsonl.xz")
    assert bundle_lines.content(sealed) == content and not path.exists()
    found, seen = read(sealed)
    assert seen == ["LT-1 observed"] and found.broken_off
    assert read(second)[0].header.follows == hashlib.sha256(sealed.read_bytes()).hexdigest()


def test_a_run_that_died_before_its_header_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / URN
    folder.mkdir()
    (folder / f"{run_id(0)}.jsonl").write_bytes(b'{"kind": "header", "exp')
    (folder / f"{run_id(1)}.jsonl").touch()
    (folder / f".{run_id(1)}.jsonl.gz.tmp").touch()
    (folder / f".{run_id(1)}.jsonl.xz.tmp").touch()
    path = write(tmp_path, run_id(2), [expected()], {})
    assert sorted(one.name for one in folder.iterdir()) == [path.name, chain.TIP, "run.lock"]


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
    assert len(bundle_lines.lines(path)) > 3


def test_an_answer_that_is_too_long_becomes_a_failure(tmp_path: Path) -> None:
    path = write(tmp_path, run_id(0), [expected()], {"LT-001": {"x": "y" * bundle_schema.MOST_LINE_BYTES}})
    with Reader(path) as found:
        (record,) = found.devices()
    device = record.line
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
    path = write(tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": "unreachable", "LT-2": "failed"})
    return bundle_lines.content(path).splitlines(keepends=True)


def rewritten(raw: bytes, **more: object) -> bytes:
    return json.dumps({**json.loads(raw), **more}).encode() + b"\n"


@pytest.mark.parametrize("cut", range(1, 60, 7))
@pytest.mark.parametrize("end", [".gz", ".xz"])
def test_what_is_cut_off_counts_for_the_devices_before_it(tmp_path: Path, cut: int, end: str) -> None:
    content = b"".join(lines_of(tmp_path))
    path = tmp_path / f"{run_id(0)}.jsonl{end}"
    before = content[: content.rindex(b'{"kind":"trailer"')]
    if end == ".gz":
        packer = zlib.compressobj(wbits=31)
        path.write_bytes(packer.compress(before) + packer.flush(zlib.Z_SYNC_FLUSH))
        rest = packer.compress(content[len(before) :]) + packer.flush()
        path.write_bytes(path.read_bytes() + rest[:-cut])
    else:
        # What xz packs is not cut between two lines, but where it likes: so there is more than it holds back.
        many = [before, *[before[before.index(b"\n") + 1 :]] * 4000]
        path.write_bytes(lzma.compress(b"".join(many))[:-cut])
    found, seen = read(path)
    assert seen[:2] == ["LT-1 unreachable", "LT-2 failed"]
    # The trailer itself may have come through whole; then only the checksum is cut.
    assert found.broken_off or (end == ".gz" and cut <= 8)


PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}
JOURNAL = {"lines": 1, "sha256": "0" * 64}
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
    "another schema": (0, {"schema": 4}, "line 1: has schema 4, and this Leeboard reads 1 to 3; update Leeboard"),
    "no writer": (0, {"writer": ""}, "line 1: makes no sense at the line: Value error, a header of schema 3 has"),
    "turn 0": (0, {"turn": 0}, "line 1: makes no sense at the line: Value error, a header of schema 3 has"),
    "a turn that is no number": (0, {"turn": "7"}, "line 1: makes no sense at turn"),
    "a journal of no lines": (
        0,
        {"journal": {"lines": 0, "sha256": "0" * 64}},
        "line 1: makes no sense at journal.lin",
    ),
    "a journal's hash that is none": (
        0,
        {"journal": {"lines": 1, "sha256": "x"}},
        "line 1: makes no sense at journal.sha",
    ),
    "a journal before there was one": (
        0,
        {**{"schema": 2, "writer": "", "turn": 0, "heads": [], "salt": "5a" * 32}, "journal": JOURNAL},
        "line 1: makes no sense at the line: Value error, a header before schema 3 has",
    ),
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
@pytest.mark.parametrize("end", PACK)
def test_what_makes_no_sense_is_refused_with_file_and_line(tmp_path: Path, name: str, end: str) -> None:
    place, change, words = HOSTILE[name]
    rows = lines_of(tmp_path)
    rows[place] = change if isinstance(change, bytes) else rewritten(rows[place], **change)
    path = tmp_path / f"{run_id(0)}.jsonl{end}"
    path.write_bytes(PACK[end](b"".join(rows)))
    with pytest.raises(LeeboardError) as refused:
        read(path)
    assert f"{path}, {words}" in str(refused.value)


@pytest.mark.parametrize("end", [".gz", ".xz"])
def test_what_follows_the_trailer_is_refused(tmp_path: Path, end: str) -> None:
    rows = lines_of(tmp_path)
    path = tmp_path / f"{run_id(0)}.jsonl{end}"
    for content, words in (
        (PACK[end](b"".join([*rows, rows[1]])), "line 5: stands after the trailer"),
        (PACK[end](b"".join([*rows, rows[0]])), "line 5: stands after the trailer"),
        (PACK[end](b"".join(rows)) + b"more", "is followed by something"),
        (PACK[end](b"".join(rows)) + PACK[end](rows[1]), "is followed by something"),
    ):
        path.write_bytes(content)
        with pytest.raises(LeeboardError, match=words):
            read(path)


@pytest.mark.parametrize("end", [".gz", ".xz"])
def test_a_changed_byte_is_refused(tmp_path: Path, end: str) -> None:
    packed = bytearray(PACK[end](b"".join(lines_of(tmp_path))))
    packed[-6] ^= 1  # the checksum
    path = tmp_path / f"{run_id(0)}.jsonl{end}"
    path.write_bytes(packed)
    with pytest.raises(LeeboardError, match="cannot be unpacked"):
        read(path)


PARTS = {
    "another body": (1, lambda row: row.replace(b"600", b"601"), "names other lines than those that come before it"),
    "no body": (1, lambda _row: b"", "names other lines than those that come before it"),
    "a body that nobody names": (2, lambda row: row.replace(b'"body":', b'"body_":'), "makes no sense at body_"),
    "an envelope alone": (2, lambda row: re.sub(rb',"body":"[0-9a-f]*"', b"", row), "names other lines"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_body_that_is_not_the_one_that_was_filed_costs_its_device(tmp_path: Path, name: str) -> None:
    place, change, words = PARTS[name]
    path = write(
        tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": observation()}
    )
    rows = bundle_lines.content(path).splitlines(keepends=True)
    assert [json.loads(row)["kind"] for row in rows] == ["header", "body", "device", "body", "device", "trailer"]
    assert rows[1] == rows[3], "the same facts and readings are the same line"
    changed = change(rows[place])
    assert changed != rows[place]
    rows[place] = changed
    rows[-1] = rewritten(rows[-1], lines=len([row for row in rows if row]) - 1)
    path.write_bytes(lzma.compress(b"".join(rows)))
    with Reader(path) as found:
        one, two = found.devices()
    assert (one.line.outcome, two.line.outcome) == ("failed", "observed")
    assert words in one.line.message


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((0, 1, 3, 2, 4, 5), "line 3: belongs to no device"),
        ((0, 1, 5), "line 3: comes between a device and what it said"),
    ],
)
def test_a_body_without_its_device_is_refused(tmp_path: Path, rows: tuple[int, ...], words: str) -> None:
    path = write(
        tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": observation()}
    )
    every = bundle_lines.content(path).splitlines(keepends=True)
    path.write_bytes(lzma.compress(b"".join(every[row] for row in rows)))
    with pytest.raises(LeeboardError, match=words):
        read(path)


def test_a_body_is_the_same_whatever_the_order_in_which_it_came(tmp_path: Path) -> None:
    there = observation()
    turned = {**{key: there[key] for key in reversed(there)}, "readings": there["readings"][::-1], "observed_at": "x"}
    (_envelope, one), (other, two) = bundle_schema.split(there), bundle_schema.split(turned)
    assert one == two
    assert other["observed_at"] == "x" and not {"facts", "readings"} & set(other)


@pytest.mark.parametrize("end", [".gz", ".xz"])
def test_bombs_are_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    path = tmp_path / f"{run_id(0)}.jsonl{end}"
    path.write_bytes(PACK[end](b" " * (64 * 1024 * 1024)))
    with pytest.raises(LeeboardError, match="line 1: has more than 4194304 bytes"):
        read(path)
    monkeypatch.setattr(reader, "MOST_CONTENT", 1024 * 1024)
    rows = lines_of(tmp_path)
    path.write_bytes(PACK[end](b"".join([rows[0], *[rows[1]] * 10_000])))
    with pytest.raises(LeeboardError, match="unpacks to more than is ever written"):
        read(path)


def test_links_pipes_and_giants_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write(tmp_path, run_id(0), [expected()], {})
    link = tmp_path / f"{run_id(1)}.jsonl.xz"
    link.symlink_to(real)
    with pytest.raises(LeeboardError, match="is a symbolic link"):
        read(link)
    pipe = tmp_path / f"{run_id(2)}.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(LeeboardError, match="is not a plain file"):
        read(pipe)
    with pytest.raises(LeeboardError, match="No such file"):
        read(tmp_path / "none.jsonl")
    monkeypatch.setattr(bundle_files, "MOST_BYTES", 10)
    with pytest.raises(LeeboardError, match="more than the 10 that are read"):
        read(real)


def test_a_link_for_an_open_bundle_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / URN
    folder.mkdir()
    (folder / f"{run_id(0)}.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(LeeboardError, match="is a symbolic link"):
        write(tmp_path, run_id(1), [expected()], {})
    assert not list(folder.glob("*.xz"))
