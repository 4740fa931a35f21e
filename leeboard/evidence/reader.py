"""Reading bundles: a line at a time, within bounds, from a file that anybody may have written.

A file that ends too early (a dead run, a torn last line, a cut gzip stream) counts for the devices before its end and
is *broken off*. A line that names a device which the run expected, and makes no sense otherwise, costs that device and
no other. Everything else that makes no sense refuses the file, with its line.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

from leeboard.errors import LeeboardError
from leeboard.evidence.bundle_schema import (
    MOST_LINE_BYTES,
    BadLine,
    DeviceLine,
    Expected,
    Header,
    MoreExpected,
    Trailer,
    read_line,
)
from leeboard.model.values import plain
from leeboard.storage import files

MOST_BYTES = 512 * 1024 * 1024  # of a file
MOST_CONTENT = 2 * 1024 * 1024 * 1024  # of what it unpacks to
MOST_LINES = 500_000
CHUNK = 256 * 1024


class Reader:
    """A bundle being read: `header` at once, then `devices()`; after that `trailer`, `broken_off`, `sha256`.

    `sha256` is of the content, so that it is the same before and after compression. `expected` grows while reading, and
    `spoiled`: the numbers of lines that make no sense, each of which is read as that of a device which failed.
    Raises LeeboardError naming file and line. Use it in a `with` statement.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.fdopen(files.open_regular(path, MOST_BYTES), "rb")
        self._packed = path.name.endswith(".gz")
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
        self.spoiled: set[int] = set()
        self._lines = self._split()
        first = next(self._lines, None)
        if first is None:
            raise LeeboardError(f"{self.path}: holds no whole line; nothing was recorded, and the file can be removed")
        header = self._parse(first)
        if not isinstance(header, Header):
            raise LeeboardError(f"{self.path}, line 1: is no header; this is not an evidence bundle")
        self.header = header
        self._expect(header.expected)

    def devices(self) -> Iterator[tuple[int, DeviceLine]]:
        """Each device line with its number. To be read to the end before anything else is asked."""
        for raw in self._lines:
            line = self._device_or_other(raw)
            if self.trailer is not None:
                raise self._error("stands after the trailer; somebody added to the file")
            if isinstance(line, MoreExpected):
                self._expect(line.expected)
            elif isinstance(line, DeviceLine):
                yield self._count, line
            elif isinstance(line, Trailer):
                if line.lines != self._count - 1:
                    raise self._error(f"says that {line.lines} lines stand before it, and {self._count - 1} do")
                self.trailer = line
            else:
                raise self._error("is a second header")
        self._ended = True

    def again(self) -> None:
        """Go back to the start of the same open file. `sha256` then tells whether it still says the same."""
        self._restart()

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

    def _device_or_other(self, raw: bytes) -> Header | MoreExpected | DeviceLine | Trailer:
        """A line after the header; one about a device that makes no sense as the line of a device that failed."""
        try:
            line = read_line(raw)
            wrong = ""
            if isinstance(line, DeviceLine):
                wrong = objection(line, self.expected, self.header.school.urn, bool(self.header.salt))
            if not wrong:
                return line
        except BadLine as problem:
            wrong = str(problem)
        about = self.expected.get(_asset_of(raw))
        if about is None:
            raise self._error(wrong)
        self.spoiled.add(self._count)
        message = plain(f"line {self._count} of its bundle {wrong}", 600)
        return DeviceLine(
            kind="device", asset=about.asset, name=about.name, at=self.header.started, outcome="failed", message=message
        )

    def _expect(self, devices: tuple[Expected, ...]) -> None:
        for device in devices:
            if device.urn != self.header.school.urn:
                raise self._error(f"expects {device.asset} of school {device.urn}, and the bundle is of another school")
            self.expected.setdefault(device.asset, device)

    def _parse(self, raw: bytes) -> Header | MoreExpected | DeviceLine | Trailer:
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
        if not self._packed:
            while chunk := self._file.read(CHUNK):
                yield chunk
            return
        unpacker = zlib.decompressobj(wbits=31)
        total = 0
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or self._file.read(CHUNK)
            if not packed:
                return  # cut off
            try:
                chunk = unpacker.decompress(packed, CHUNK)
            except zlib.error as problem:
                raise self._error(f"cannot be unpacked from here on ({problem}); the file is damaged") from None
            total += len(chunk)
            if total > MOST_CONTENT:
                raise self._error("unpacks to more than is ever written")
            if chunk:
                yield chunk
        if unpacker.unused_data or self._file.read(1):
            raise self._error("is followed by something that is not part of the bundle; somebody added to the file")


def objection(line: DeviceLine, expected: Collection[str], urn: str, salted: bool = True) -> str:
    """Why a device's line does not belong into the bundle of a school that expected these assets; "" where it does.

    `salted`: whether the bundle's header has the salt that visits are numbered for.
    """
    if line.asset not in expected:
        return f"is about {line.asset}, which the run did not expect"
    if line.device is not None and (line.device.asset, line.device.urn) != (line.asset, urn):
        return f"describes {line.device.asset} of school {line.device.urn} as {line.asset}"
    if line.visit is not None and not salted:
        return "has the number of a visit, and schema 1 has none"
    return ""


def _asset_of(raw: bytes) -> str:
    """The asset tag that a line about a device names, read as loosely as Python reads JSON; "" for none."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    asset = said.get("asset") if isinstance(said, dict) and said.get("kind") == "device" else None
    return asset if isinstance(asset, str) else ""
