"""Writing bundles: one file a run and school, on the disk a device at a time, packed when it is closed.

The order of the steps is what makes a crash harmless: pack into a temporary file, note its hash as the tip of the
chain, rename, and only then remove the open file. Whatever is missing is done by the next run that opens the school.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.estate.journal import Anchor
from leeboard.evidence.bundles import chain, reader
from leeboard.evidence.bundles.files import CLOSED, OPEN, open_bundle, pack, run_of
from leeboard.evidence.bundles.schema import (
    BODY,
    JUDGED,
    MESSAGE_LENGTH,
    MOST_LINE_BYTES,
    SCHEMAS,
    BadLine,
    DeviceLine,
    Expected,
    Header,
    History,
    Pruned,
    School,
    judged_lines,
    read_line,
    split,
    write_line,
)
from leeboard.model.run_id import stamp, started_of
from leeboard.model.values import plain
from leeboard.storage import files, lock_owner

LOCK = "run.lock"
HEADER_BYTES = 2 * 1024 * 1024  # of expected devices in one line; the rest follow in lines of their own
# What is left out of a device's line that no reader would take, until one is: what it answered, then all it said.
LEFT_OUT = (("observation", "findings"), ("observation", "findings", "changes"))


@dataclass(frozen=True)
class Origin:
    """What a header says of where a run comes from: a version, check or enforce, two digests, and the school's journal.

    Without a salt its answers were asked for without a challenge.
    """

    leeboard: str
    action: str
    baseline: str
    inventory: str
    salt: str = ""
    journal: Anchor | None = None


class SchoolLock:
    """One school's evidence, held for a whole run, so that the chain of its bundles has no branches."""

    def __init__(self, evidence: Path, urn: str, run: str) -> None:
        """Take it. Raises LeeboardError naming the run that has it, or the folder that cannot be used."""
        self.folder = evidence / urn
        files.make_folder(self.folder)
        text = lock_owner.mine(started_of(run), run=run)
        try:
            self._lock = files.FileLock(self.folder / LOCK, text=text)
        except files.Busy as busy:
            raise LeeboardError(
                f"school {urn}: another run is still recording ({lock_owner.describe(busy.owner)}); "
                "wait for its end or stop it, then start again"
            ) from None
        except OSError as problem:
            raise LeeboardError(f"{self.folder}: {problem.strerror}; give leeboard a folder it may write to") from None

    def release(self) -> None:
        """Let the next run have it."""
        self._lock.release()


class Writer:
    """An open bundle. Every call returns only when its line is on the disk."""

    def __init__(
        self,
        lock: SchoolLock,
        run: str,
        school: School,
        origin: Origin,
        expected: Iterable[Expected],
        received: Iterable[str] = (),
        pruned: Pruned | None = None,
    ) -> None:
        """Seal what a dead run left, then open a bundle. Raises LeeboardError or OSError (disk full).

        `received` are the hashes of bundles that get their place by this one; `pruned` says which are put away by it.
        """
        self._lock = lock
        self.run = run
        self.path = lock.folder / f"{run}{OPEN}"
        seal_leftovers(lock.folder)
        self._expected: set[str] = set()
        self._texts: set[bytes] = set()
        self._outcomes: Counter[str] = Counter()
        self._lines = 0
        self._end = 0
        header = _header(lock.folder, run, school, origin, received)
        if pruned is not None:
            header["pruned"] = pruned.model_dump(mode="json")
        self._header = Header.model_validate({**header, "expected": ()})
        first, *more = _portions(expected)
        self._descriptor = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            self._write({**header, "expected": self._take(first)})
            for portion in more:
                self._write({"kind": "expected", "expected": self._take(portion)})
            files.sync_folder(lock.folder)
        except BaseException:
            # Without its header it holds nothing that the next run could seal.
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            raise

    def expect(self, expected: Iterable[Expected], journal: Anchor | None = None) -> None:
        """Add the devices that a later play of the run means to see; those already expected are left out.

        `journal` is the school's journal as it is by now.
        """
        for portion in _portions(device for device in expected if device.asset not in self._expected):
            if portion:
                self._write({"kind": "expected", "expected": self._take(portion), **_anchored(journal)})

    def expects(self, asset: str) -> bool:
        """True when the bundle says that it means to see this asset."""
        return asset in self._expected

    def device(self, line: dict[str, Any]) -> None:
        """Record one device; `line` has the keys of a device line but for `kind`. Raises OSError (disk full).

        What our own reader would refuse is never written, since it would take the whole bundle with it: the device has
        failed then, with the reason.
        """
        outcome = str(line["outcome"])
        try:
            content = self._readable(line)
        except BadLine as problem:
            outcome = "failed"
            content = self._without_answer(line, f"its answer {problem}; look at what answers there")
        try:
            self._append(content)
        except OSError:
            self._texts.clear()  # whichever went with it may stand there twice, and must not be missing
            raise
        self._outcomes[outcome] += 1

    def history(self, line: History) -> None:
        """Keep a piece of the history of what is put away. Raises OSError (disk full)."""
        self._write(line.model_dump(mode="json"))

    def close(self, finished: datetime, interrupted: bool = False) -> Path:
        """Write the trailer, pack, give back the lock; the closed file. Raises OSError (disk full).

        Whatever goes wrong, what is recorded stays and the lock is free.
        """
        try:
            trailer = {
                "kind": "trailer",
                "finished": stamp(finished),
                "lines": self._lines,
                "outcomes": dict(sorted(self._outcomes.items())),
            }
            self._write({**trailer, "interrupted": True} if interrupted else trailer)
            os.close(self._descriptor)
            self._descriptor = -1
            return seal(self.path)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Stop writing and free the school. The next run seals the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._lock.release()

    def _readable(self, line: dict[str, Any]) -> bytes:
        """A device's lines as they stand in the file. Raises BadLine for one that a reader would refuse."""
        said = {key: value for key, value in line.items() if key not in ("observation", "findings")}
        parts: dict[bytes, bytes] = {}
        told = b""
        try:
            if line.get("observation") is not None:
                said["envelope"], parts[BODY] = split(line["observation"])
                said["body"] = hashlib.sha256(parts[BODY]).hexdigest()
            if line.get("findings") is not None:
                parts[JUDGED], told = judged_lines(line["findings"])
                said["judged"] = hashlib.sha256(parts[JUDGED]).hexdigest()
            content = write_line({"kind": "device", **said})
        except (ValueError, AttributeError) as problem:
            raise BadLine(f"makes no sense ({ascii(str(problem))[:80]})") from None
        longest = max(map(len, (content, told, *parts.values())))
        if longest > MOST_LINE_BYTES:
            raise BadLine(f"has {longest} bytes, more than is ever sent")
        found = read_line(content)
        wrong = (
            reader.objection(found, self._expected, self._header) if isinstance(found, DeviceLine) else "is no device"
        )
        if wrong:
            raise BadLine(wrong)
        return b"".join((*self._new_texts(told), *parts.values(), content))

    def _new_texts(self, line: bytes) -> list[bytes]:
        """The line of texts, where it does not stand in the bundle yet."""
        digest = hashlib.sha256(line).digest()
        if not line or digest in self._texts:
            return []
        self._texts.add(digest)
        return [line]

    def _without_answer(self, line: dict[str, Any], message: str) -> bytes:
        """The line of a device that failed, with as much of what was said of it as can be read again."""
        failed = {**line, "outcome": "failed", "message": plain(message, MESSAGE_LENGTH)}
        for left_out in LEFT_OUT:
            with suppress(BadLine):
                return self._readable({key: value for key, value in failed.items() if key not in left_out})
        return self._readable({key: failed[key] for key in ("asset", "name", "at", "outcome", "message")})

    def _take(self, portion: list[Expected]) -> list[dict[str, Any]]:
        self._expected.update(device.asset for device in portion)
        return [expected_json(device) for device in portion]

    def _write(self, line: dict[str, Any]) -> None:
        self._append(write_line(line))

    def _append(self, content: bytes) -> None:
        """Add whole lines only: what a full disk took of one is cut off again."""
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            raise
        self._end += len(content)
        self._lines += content.count(b"\n")


def _header(folder: Path, run: str, school: School, origin: Origin, received: Iterable[str]) -> dict[str, Any]:
    """The header of a school's next bundle, without the devices that it expects."""
    before = chain.tip(folder)
    return {
        "kind": "header",
        "schema": SCHEMAS[-1],
        "run": run,
        "started": stamp(started_of(run)),
        **{name: value for name, value in vars(origin).items() if name != "journal" and (value or name != "salt")},
        **_anchored(origin.journal),
        "school": school.model_dump(mode="json"),
        "writer": chain.writer_of(folder.parent),
        "turn": before.turn + 1 if before else 1,
        "heads": [*([before.sha256] if before else []), *received],
    }


def _anchored(journal: Anchor | None) -> dict[str, Any]:
    return {"journal": journal.model_dump()} if journal else {}


def expected_json(device: Expected) -> dict[str, Any]:
    """An expected device as it stands in a bundle."""
    return device.model_dump(mode="json", exclude_defaults=True)


def seal(path: Path) -> Path:
    """Pack an open bundle as it is and put the closed file in its place. The school's lock must be held."""
    closed = path.with_suffix(CLOSED)
    temporary = path.with_name(f".{closed.name}.tmp")
    with open_bundle(path) as source, open(temporary, "wb", opener=_private) as target:
        pack(source, target)
        target.flush()
        os.fsync(target.fileno())
    with reader.Reader(path) as opened:
        turn = opened.header.turn
    if not turn:  # an older Leeboard began it
        before = chain.tip(path.parent)
        turn = before.turn + 1 if before else 1
    chain.note_tip(path.parent, chain.Tip(run_of(path), chain.file_digest(temporary), turn))
    os.replace(temporary, closed)
    files.sync_folder(path.parent)
    path.unlink()
    files.sync_folder(path.parent)
    return closed


def seal_leftovers(folder: Path) -> list[Path]:
    """Seal what dead runs left open in a school's folder. The school's lock must be held."""
    for temporary in folder.glob(".*.jsonl.?z.tmp"):
        temporary.unlink()
    sealed = []
    for path in sorted(folder.glob(f"*{OPEN}")):
        if not has_header(path):
            path.unlink()  # the run died before its header was on the disk, and that comes before any device
            continue
        sealed.append(seal(path))
    return sealed


def has_header(path: Path) -> bool:
    """False for an open bundle that does not hold one whole line."""
    with open_bundle(path) as file:
        return b"\n" in file.read(MOST_LINE_BYTES + 1)


def _portions(expected: Iterable[Expected]) -> list[list[Expected]]:
    """The devices in lists that fit into a line; at least one list."""
    portions: list[list[Expected]] = [[]]
    size = 0
    for device in expected:
        length = len(write_line(expected_json(device)))
        if size + length > HEADER_BYTES:
            portions.append([])
            size = 0
        portions[-1].append(device)
        size += length
    return portions


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
