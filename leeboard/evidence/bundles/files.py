"""The files of bundles: what they are called, and what is in them however they are packed.

An open bundle is plain text, so that each line is on the disk at once; a closed one is packed by xz, which keeps a
night of devices that are much alike in a seventh of what gzip took. What gzip packed stays readable.
"""

from __future__ import annotations

import lzma
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from leeboard.model.run_id import RUN_ID
from leeboard.storage import files

OPEN, CLOSED, CLOSED_BEFORE = ".jsonl", ".jsonl.xz", ".jsonl.gz"
ENDS = (CLOSED, CLOSED_BEFORE)
MOST_BYTES = 512 * 1024 * 1024  # of a file
MOST_MEMORY = 128 * 1024 * 1024  # that unpacking may take; what we pack takes 9 MiB
CHUNK = 256 * 1024


class Damaged(Exception):
    """What a file holds cannot be unpacked, or something follows it that is no part of it."""


def run_of(path: Path) -> str:
    """The id of the run that a bundle is named after, "" for a file that is no bundle."""
    run, dot, end = path.name.partition(".")
    return run if RUN_ID.match(run) and dot + end in (OPEN, *ENDS) else ""


def is_closed(path: Path) -> bool:
    """True for a bundle that is packed: its run has ended."""
    return path.name.endswith(ENDS)


def bundles(folder: Path) -> list[Path]:
    """The bundles in a folder, by name; none where the folder is not there. Raises OSError."""
    return sorted(path for path in folder.iterdir() if run_of(path)) if folder.is_dir() else []


def find(folder: Path, run: str) -> Path | None:
    """A run's bundle in a folder; the closed one where it is being closed at this moment."""
    paths = (folder / f"{run}{end}" for end in (*ENDS, OPEN))
    return next((path for path in paths if path.is_file()), None)


def pack(source: BinaryIO, target: BinaryIO) -> None:
    """Write all of `source`, packed, into `target`."""
    with lzma.LZMAFile(target, "wb") as packed:
        shutil.copyfileobj(source, packed, 1024 * 1024)


def open_bundle(path: Path) -> BufferedReader:
    """A bundle's file as it lies there. Raises LeeboardError or OSError; symbolic links are refused."""
    return os.fdopen(files.open_regular(path, MOST_BYTES), "rb")


def unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    """What an open file of that name holds, in chunks of at most 256 KiB, up to where it is cut off.

    Raises Damaged.
    """
    if name.endswith(".xz"):
        yield from _xz(file)
    elif name.endswith(".gz"):
        yield from _gz(file)
    else:
        while chunk := file.read(CHUNK):
            yield chunk


def _xz(file: BinaryIO) -> Iterator[bytes]:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)
    while not unpacker.eof:
        packed = file.read(CHUNK) if unpacker.needs_input else b""
        if unpacker.needs_input and not packed:
            return  # cut off
        try:
            chunk = unpacker.decompress(packed, CHUNK)
        except (lzma.LZMAError, MemoryError) as problem:
            raise Damaged(f"cannot be unpacked from here on ({problem}); the file is damaged") from None
        if chunk:
            yield chunk
    _nothing_after(file, unpacker.unused_data)


def _gz(file: BinaryIO) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or file.read(CHUNK)
        if not packed:
            return  # cut off
        try:
            chunk = unpacker.decompress(packed, CHUNK)
        except zlib.error as problem:
            raise Damaged(f"cannot be unpacked from here on ({problem}); the file is damaged") from None
        if chunk:
            yield chunk
    _nothing_after(file, unpacker.unused_data)


def _nothing_after(file: BinaryIO, rest: bytes) -> None:
    if rest or file.read(1):
        raise Damaged("is followed by something that is not part of the bundle; somebody added to the file")


def last_line(path: Path) -> bytes:
    """The last whole line of a bundle, b"" where it has none. Raises LeeboardError or OSError."""
    rest, last = b"", b""
    with open_bundle(path) as file, suppress(Damaged):
        for chunk in unpacked(file, path.name):
            *lines, rest = (rest + chunk).split(b"\n")
            last = lines[-1] if lines else last
    return last
