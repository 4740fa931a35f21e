"""Reading bundles: a line at a time, within bounds, from a file that anybody may have written.

A file that ends too early (a dead run, a torn last line, a cut packed stream) counts for the devices before its end and
is *broken off*. A line that names a device which the run expected, and makes no sense otherwise, costs that device and
no other. Everything else that makes no sense refuses the file, with its line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.estate.journal import Anchor
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles.schema import (
    BODY,
    JUDGED,
    MOST_FINDINGS,
    MOST_LINE_BYTES,
    TEXTS,
    AnyLine,
    BadLine,
    DeviceLine,
    Expected,
    Header,
    History,
    MoreExpected,
    Trailer,
    judged_lines,
    read_line,
    read_part,
    split,
)
from leeboard.evidence.bundles.texts import full
from leeboard.model.values import plain

MOST_CONTENT = 2 * 1024 * 1024 * 1024  # of what it unpacks to
MOST_LINES = 1_500_000
MOST_TEXTS = 10_000  # kinds of devices of a school, each of which has texts of its own


@dataclass(frozen=True)
class Record:
    """A device's line with its number, and the lines that belong to it (None: there is none).

    `body` is the same text for the same facts and readings, whichever schema the bundle has. `texts` has the lines of
    texts that came before, by their hashes.
    """

    number: int
    line: DeviceLine
    body: bytes | None = None
    judged: bytes | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict)

    def observation(self) -> dict[str, Any] | None:
        """The whole observation as it came, None for none. Raises BadLine for a body that is no JSON."""
        if self.body is None or self.line.envelope is None:
            return None
        return {**self.line.envelope, **read_part(self.body)}

    def findings(self) -> list[Any] | None:
        """The findings as they were filed, None for none. Raises BadLine for what is no list of them."""
        if self.judged is None:
            return None
        return read_findings(self.judged, self.texts)


class Reader:
    """A bundle being read: `header` at once, then `devices()`; after that `trailer`, `broken_off`, `sha256`.

    `sha256` is of the content, so that it is the same before and after compression. `expected` grows while reading, and
    `spoiled`: the numbers of lines that make no sense, each of which is read as that of a device which failed.
    `anchors` has, by asset, the journal as it was when the device was expected.
    Raises LeeboardError naming file and line. Use it in a `with` statement.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = bundle_files.open_bundle(path)
        try:
            self._restart()
        except LeeboardError:
            self._file.close()
            raise

    def _restart(self) -> None:
        self._file.seek(0)
        self._hash = hashlib.sha256()
        self._count = 0
        self._ended = False
        self.trailer: Trailer | None = None
        self.expected: dict[str, Expected] = {}
        self.anchors: dict[str, Anchor | None] = {}
        self.spoiled: set[int] = set()
        self._lines = self._split()
        first = next(self._lines, None)
        if first is None:
            raise LeeboardError(f"{self.path}: holds no whole line; nothing was recorded, and the file can be removed")
        header = self._parse(first)
        if not isinstance(header, Header):
            raise LeeboardError(f"{self.path}, line 1: is no header; this is not an evidence bundle")
        self.header = header
        self._expect(header.expected, header.journal)

    def devices(self) -> Iterator[Record]:
        """Each device's line, with what belongs to it. To be read to the end before anything else is asked."""
        return (one for one in self._rest() if isinstance(one, Record))

    def history(self) -> Iterator[History]:
        """What the bundle of a prune keeps of those that were put away. To be read to the end likewise."""
        return (one for one in self._rest() if not isinstance(one, Record))

    def _rest(self) -> Iterator[Record | History]:
        """What comes after the header."""
        parts: dict[bytes, bytes] = {}
        texts: dict[str, bytes] = {}
        for raw in self._lines:
            if self.trailer is not None:
                raise self._error("stands after the trailer; somebody added to the file")
            head = next((head for head in (BODY, JUDGED) if raw.startswith(head)), None)
            if head is not None and self.header.schema_version >= 3:
                if head in parts:
                    raise self._error("belongs to no device")
                parts[head] = raw + b"\n"
                continue
            if raw.startswith(TEXTS) and self.header.schema_version >= 3:
                self._keep(raw + b"\n", texts)
                continue
            line = self._device_or_other(raw, parts)
            if parts and not isinstance(line, DeviceLine):
                raise self._error("comes between a device and what it said")
            if isinstance(line, MoreExpected):
                self._expect(line.expected, line.journal or self.header.journal)
            elif isinstance(line, DeviceLine):
                yield self._record(line, parts, texts)
                parts = {}
            elif isinstance(line, Trailer):
                if line.lines != self._count - 1:
                    raise self._error(f"says that {line.lines} lines stand before it, and {self._count - 1} do")
                self.trailer = line
            elif isinstance(line, Header):
                raise self._error("is a second header")
            elif self.header.pruned is None:
                raise self._error("tells of bundles that were put away, and its header does not")
            else:
                yield line
        self._ended = True

    @property
    def broken_off(self) -> bool:
        """True when the run did not come to its end, or somebody stopped it."""
        return self.trailer is None or self.trailer.interrupted

    @property
    def sha256(self) -> str:
        """The hash of the content up to its end."""
        if not self._ended:
            raise RuntimeError("read all devices first")
        return self._hash.hexdigest()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _record(self, line: DeviceLine, parts: Mapping[bytes, bytes], texts: dict[str, bytes]) -> Record:
        body, judged = parts.get(BODY), parts.get(JUDGED)
        if line.findings is not None:
            judged, told = judged_lines(line.findings)
            self._keep(told, texts)
        if line.observation is not None:
            envelope, body = split(line.observation)
            line = line.model_copy(update={"envelope": envelope, "observation": None, "findings": None})
        return Record(self._count, line, body, judged, texts)

    def _keep(self, line: bytes, texts: dict[str, bytes]) -> None:
        texts[hashlib.sha256(line).hexdigest()] = line
        if len(texts) > MOST_TEXTS:
            raise self._error(f"is one of more than {MOST_TEXTS} kinds of devices")

    def _device_or_other(self, raw: bytes, parts: dict[bytes, bytes]) -> AnyLine:
        """A line after the header; one about a device that makes no sense as the line of a device that failed."""
        try:
            line = read_line(raw)
            wrong = ""
            if isinstance(line, DeviceLine):
                wrong = objection(line, self.expected, self.header) or amiss(line, parts)
            if not wrong:
                return line
        except BadLine as problem:
            wrong = str(problem)
        about = self.expected.get(_asset_of(raw))
        if about is None:
            raise self._error(wrong)
        self.spoiled.add(self._count)
        parts.clear()
        message = plain(f"line {self._count} of its bundle {wrong}", 600)
        return DeviceLine(
            kind="device", asset=about.asset, name=about.name, at=self.header.started, outcome="failed", message=message
        )

    def _expect(self, devices: tuple[Expected, ...], journal: Anchor | None) -> None:
        for device in devices:
            if device.urn != self.header.school.urn:
                raise self._error(f"expects {device.asset} of school {device.urn}, and the bundle is of another school")
            self.expected.setdefault(device.asset, device)
            self.anchors.setdefault(device.asset, journal)

    def _parse(self, raw: bytes) -> AnyLine:
        try:
            return read_line(raw)
        except BadLine as problem:
            raise self._error(str(problem)) from None

    def _error(self, words: str) -> LeeboardError:
        return LeeboardError(f"{self.path}, line {self._count}: {words}")

    def _split(self) -> Iterator[bytes]:
        """Whole lines; what follows the last line end was torn off and is left out."""
        rest = b""
        for chunk in self._unpack():
            self._hash.update(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._count += 1
                if len(line) > MOST_LINE_BYTES or self._count > MOST_LINES:
                    raise self._error("is longer, or the file has more lines, than is ever written")
                yield line
            if len(rest) > MOST_LINE_BYTES:
                self._count += 1
                raise self._error(f"has more than {MOST_LINE_BYTES} bytes, longer than is ever written")

    def _unpack(self) -> Iterator[bytes]:
        total = 0
        try:
            for chunk in bundle_files.unpacked(self._file, self.path.name):
                total += len(chunk)
                if total > MOST_CONTENT:
                    raise self._error("unpacks to more than is ever written")
                yield chunk
        except bundle_files.Damaged as problem:
            raise self._error(str(problem)) from None


def read_findings(judged: bytes, texts: Mapping[str, bytes]) -> list[Any]:
    """What stands in a line of findings, with the texts that it names. Raises BadLine."""
    said = read_part(judged)
    found, named = said.get("findings"), texts.get(str(said.get("texts")))
    if not isinstance(found, list) or len(found) > MOST_FINDINGS or named is None:
        raise BadLine("has no list of findings, too many, or none of the texts that came before")
    try:
        return full(found, read_part(named)["texts"])
    except (KeyError, TypeError, AttributeError) as problem:
        raise BadLine(f"has texts that make no sense ({ascii(str(problem))[:80]})") from None


def objection(line: DeviceLine, expected: Collection[str], header: Header) -> str:
    """Why a device's line does not belong into a bundle that expected these assets; "" where it does."""
    if line.asset not in expected:
        return f"is about {line.asset}, which the run did not expect"
    if line.device is not None and (line.device.asset, line.device.urn) != (line.asset, header.school.urn):
        return f"describes {line.device.asset} of school {line.device.urn} as {line.asset}"
    if line.visit is not None and not header.salt:
        return "has the number of a visit, and its bundle has no salt"
    whole = line.observation is not None or line.findings is not None
    parted = line.envelope is not None or line.body is not None or line.judged is not None
    if whole if header.schema_version >= 3 else parted:
        return f"keeps what the device said otherwise than schema {header.schema_version} does"
    return ""


def amiss(line: DeviceLine, parts: Mapping[bytes, bytes]) -> str:
    """Why the lines before a device's are not those that it names; "" where they are."""
    for head, digest in ((BODY, line.body), (JUDGED, line.judged)):
        found = hashlib.sha256(parts[head]).hexdigest() if head in parts else None
        if found != digest:
            return "names other lines than those that come before it"
    if (line.envelope is None) != (line.body is None):
        return "has an envelope without a body, or a body without one"
    return ""


def _asset_of(raw: bytes) -> str:
    """The asset tag that a line about a device names, read as loosely as Python reads JSON; "" for none."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    asset = said.get("asset") if isinstance(said, dict) and said.get("kind") == "device" else None
    return asset if isinstance(asset, str) else ""
