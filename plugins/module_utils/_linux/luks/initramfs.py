"""The files in an initramfs, read from the image itself: several cpio archives one after the other, packed or not.

The form is the kernel's (Documentation/driver-api/early-userspace/buffer-format.rst): archives of the "newc" kind, each
plain or packed as a whole, with zeros between them. The standard library unpacks gzip, xz and bzip2; zstd and lz4 are
unpacked by the programs of that name, which the image was made with.
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import time
import zlib
from collections.abc import Callable
from typing import IO, Protocol

from ..engine.host import Host, HostError

TIMEOUT = 60  # seconds for the whole image
MOST_BYTES = 3 * 1024 * 1024 * 1024  # unpacked; the kernel would not fit it into memory
MOST_FILES = 100_000
MOST_CONTENT = 64 * 1024  # bytes kept of one file
BLOCK = 256 * 1024
MOST_UNPACKED = 4 * 1024 * 1024  # at a time
PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"BZh", "bzip2"),
    (b"\x5d\x00\x00", "lzma"),
)
CPIO = (b"070701", b"070702")
PROGRAMS = {"zstd": ["zstd", "-d", "-c", "-q"], "lz4": ["lz4", "-d", "-c", "-q"]}


class Image:
    """`names` of all files without a leading slash, and `contents` of those that were wanted (a link: its target)."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.contents: dict[str, bytes] = {}


def read(host: Host, path: str, wanted: Callable[[str], bool]) -> Image:
    """The image at `path`; `wanted(name)` says if a content is kept. Raises HostError, FileNotFoundError."""
    image = Image()
    deadline = time.monotonic() + TIMEOUT
    try:
        with open(host.path(path), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise HostError("malformed", f"{path} is not a regular file")
            size = os.fstat(stream.fileno()).st_size
            if not size:
                raise HostError("malformed", f"{path} is empty")
            _archives(host, path, stream, size, image, wanted, deadline)
    except FileNotFoundError:
        raise
    except PermissionError:
        raise HostError("denied" if host.is_root else "needs_root", f"{path} may not be read") from None
    except OSError as problem:
        raise HostError("failed", f"{path}: {problem.strerror}") from None
    except (ValueError, EOFError, zlib.error, lzma.LZMAError) as problem:
        raise HostError("malformed", f"{path} is damaged or cut off: {str(problem)[:150]}") from None
    return image


def _archives(
    host: Host, path: str, stream: IO[bytes], size: int, image: Image, wanted: Callable[[str], bool], deadline: float
) -> None:
    while True:
        start = _after_zeros(stream)
        head = stream.read(6)
        stream.seek(start)
        if not head:
            return
        if head in CPIO:
            _cpio(_Source(stream.read, deadline), image, wanted, whole=False)
            continue
        kind = next((name for magic, name in PACKED if head.startswith(magic)), "")
        if not kind:
            raise ValueError(f"what begins at byte {start} is no archive")
        if kind in PROGRAMS:
            with host.stream(PROGRAMS[kind], path, start, max(deadline - time.monotonic(), 1)) as program:
                _cpio(_Source(program.output.read, deadline), image, wanted, whole=True)
                ended = program.finish()
                if program.timed_out:
                    raise HostError("timeout", f"{path} could not be unpacked within {TIMEOUT} s")
                if not ended:
                    raise ValueError(f"{kind} cannot unpack all of it")
            return
        unpacked = _Unpacked(stream, kind)
        _cpio(_Source(unpacked.read, deadline), image, wanted, whole=True)
        stream.seek(size - unpacked.left if unpacked.left else size)


def _after_zeros(stream: IO[bytes]) -> int:
    """Go to the first byte that is not zero, and say where it lies."""
    while True:
        start = stream.tell()
        block = stream.read(BLOCK)
        stripped = block.lstrip(b"\0")
        if stripped or not block:
            start += len(block) - len(stripped)
            stream.seek(start)
            return start


class _Unpacker(Protocol):
    """What the standard library's unpackers have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Unpacked:
    """A packed archive as a stream that unpacks a few megabytes at a time. `left`: bytes of the file behind its end."""

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        self._stream = stream
        unpackers: dict[str, Callable[[], _Unpacker]] = {
            "gzip": lambda: zlib.decompressobj(wbits=31),
            "xz": lzma.LZMADecompressor,
            "lzma": lzma.LZMADecompressor,
            "bzip2": bz2.BZ2Decompressor,
        }
        self._unpacker = unpackers[kind]()
        self._ready = b""
        self._at = 0
        self.left = 0

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        while self._at >= len(self._ready) and not self._unpacker.eof:
            # zlib hands back what it did not take, the others keep it.
            block = getattr(self._unpacker, "unconsumed_tail", b"")
            if not block and getattr(self._unpacker, "needs_input", True):
                block = self._stream.read(BLOCK)
                if not block:
                    raise ValueError("it ends in the middle")
            self._ready, self._at = self._unpacker.decompress(block, MOST_UNPACKED), 0
            if self._unpacker.eof:
                here = self._stream.tell()
                self.left = len(self._unpacker.unused_data) + self._stream.seek(0, os.SEEK_END) - here
        content = self._ready[self._at : self._at + count]
        self._at += len(content)
        return content


class _Source:
    """Exact reads with limits: a hostile image must not fill the memory or take the night."""

    def __init__(self, read_some: Callable[[int], bytes], deadline: float) -> None:
        self._read = read_some
        self._deadline = deadline
        self._total = 0

    def take(self, count: int) -> bytes:
        """Up to `count` bytes, fewer only at the end."""
        if time.monotonic() > self._deadline:
            raise HostError("timeout", f"the initramfs could not be read within {TIMEOUT} s")
        content = b""
        while len(content) < count:
            block = self._read(count - len(content))
            if not block:
                break
            content += block
        self._total += len(content)
        if self._total > MOST_BYTES:
            raise HostError("too_large", f"the initramfs unpacks to more than {MOST_BYTES} bytes")
        return content

    def exactly(self, count: int) -> bytes:
        content = self.take(count)
        if len(content) != count:
            raise ValueError("it ends in the middle")
        return content

    def skip(self, count: int) -> None:
        while count > 0:
            count -= len(self.exactly(min(count, BLOCK)))


def _cpio(source: _Source, image: Image, wanted: Callable[[str], bool], whole: bool) -> None:
    """Read one archive; with `whole`, all that follow in the same stream as well."""
    while True:
        head = source.take(6)
        while whole and head and not head.strip(b"\0"):
            head = _next_head(source, head)
        if not head and whole:
            return
        if head not in CPIO:
            raise ValueError("a header of an archive is missing")
        fields = source.exactly(104)
        size, name_size = _hex(fields, 6), _hex(fields, 11)
        if not 1 <= name_size <= 4096:
            raise ValueError("a file's name has no sensible length")
        name = source.exactly(name_size)[:-1].decode("utf-8", "backslashreplace")
        source.skip(-(110 + name_size) % 4)
        if name == "TRAILER!!!":
            source.skip(-size % 4 + size)
            if not whole:
                return
            continue
        name = name[2:] if name.startswith("./") else name.lstrip("/")
        image.names.add(name)
        if len(image.names) > MOST_FILES:
            raise HostError("too_large", f"the initramfs holds more than {MOST_FILES} files")
        if size and size <= MOST_CONTENT and wanted(name):
            image.contents[name] = source.exactly(size)
        else:
            source.skip(size)
        source.skip(-size % 4)


def _next_head(source: _Source, zeros: bytes) -> bytes:
    """Six bytes that are not all zero, behind the zeros that fill a block."""
    rest = source.take(6)
    joined = (zeros + rest).lstrip(b"\0") if rest.strip(b"\0") else rest
    return joined + source.take(6 - len(joined)) if joined and joined.strip(b"\0") else joined


def _hex(fields: bytes, place: int) -> int:
    return int(fields[place * 8 : place * 8 + 8], 16)
