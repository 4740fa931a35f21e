"""Puts a finished root file system into a LUKS volume: the disk of a machine whose start asks for a passphrase.

Neither a device mapper nor a loop device is needed here: cryptsetup encrypts the file itself. The disk has two
partitions (an MBR): /boot in clear, and the LUKS volume behind it.
"""

from __future__ import annotations

import shutil
import struct
import tarfile
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

PASSPHRASE = "open the lab"  # public and known, like the passwords of the lab's users
SECOND = "the spare key of the lab"  # in another slot
_NAMES = uuid.UUID("1eeb0a2d-5c00-4a1b-9d5e-00000000c0de")
LUKS_UUID = str(uuid.uuid5(_NAMES, "luks"))
BOOT_UUID = str(uuid.uuid5(_NAMES, "boot"))
BOOT_MB = 256
HEADER_MB = 16  # what is left of --reduce-device-size when the header has its share
_MB = 1024 * 1024
_SECTOR = 512
# Argon2 with the least memory there is: an emulated guest takes half a minute for what a laptop does in two seconds.
CHEAP = ["--pbkdf", "argon2id", "--pbkdf-memory", "19456", "--pbkdf-parallel", "1", "--pbkdf-force-iterations", "4"]

Run = Callable[..., None]


def strip_folder(tar: Path) -> None:
    """Rewrite a tar archive so that what lay in its one folder lies at its top."""
    new = tar.with_suffix(".new")
    with tarfile.open(tar) as source, tarfile.open(new, "w") as target:
        for member in source:
            member.name = member.name.removeprefix("./").partition("/")[2]
            if member.name:
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
    new.replace(tar)


def encrypt(root: Path, boot: Path, disk: Path, run: Run) -> None:
    """Encrypt the file system `root`, and put it behind `boot` on the new `disk`. `root` is gone afterwards.

    `run(command, text)` runs a command with that text on its standard input.
    """
    with root.open("ab") as handle:
        handle.truncate(root.stat().st_size + 2 * HEADER_MB * _MB)
    _cryptsetup(run, ["reencrypt", "--encrypt", "--resilience", "none", "--uuid", LUKS_UUID, "--reduce-device-size",
                      f"{2 * HEADER_MB}M", *CHEAP, "--key-file", "-", str(root)], PASSPHRASE)  # fmt: skip
    key = root.with_suffix(".key")
    key.write_text(SECOND, encoding="utf-8")
    _cryptsetup(run, ["luksAddKey", *CHEAP, "--key-file", "-", str(root), str(key)], PASSPHRASE)
    key.unlink()
    sizes = [boot.stat().st_size, root.stat().st_size]
    with disk.open("wb") as handle:
        handle.write(_table(sizes))
        for part, start in zip((boot, root), _starts(sizes), strict=True):
            handle.seek(start)
            with part.open("rb") as source:
                shutil.copyfileobj(source, handle, 4 * _MB)
    root.unlink()
    boot.unlink()


def _cryptsetup(run: Run, arguments: Sequence[str], text: str) -> None:
    run(["cryptsetup", *arguments, "--batch-mode"], text)


def _starts(sizes: Sequence[int]) -> list[int]:
    """Where each partition begins, in bytes: the first after a megabyte, each next where the one before ends."""
    return [_MB + sum(sizes[:number]) for number in range(len(sizes))]


def _table(sizes: Sequence[int]) -> bytes:
    """A master boot record with partitions of these sizes in bytes, without a boot program."""
    entries = b"".join(
        struct.pack("<B3sB3sII", 0, b"\0\0\0", 0x83, b"\0\0\0", start // _SECTOR, size // _SECTOR)
        for start, size in zip(_starts(sizes), sizes, strict=True)
    )
    return b"\0" * 440 + b"LAB1" + b"\0\0" + entries.ljust(64, b"\0") + b"\x55\xaa"
