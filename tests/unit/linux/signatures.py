"""What a disk may hold, written to it by real programs, or as specifications have it where a program is not at hand."""

from __future__ import annotations

import struct
import subprocess
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.unit.linux.disks import CHEAP, cryptsetup
from tests.unit.linux.spare_disk import SIZE

MIB = 1024 * 1024


def put(offset: int, content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset if offset >= 0 else SIZE + offset)
            file.write(content)

    return write


def made(*argv: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        subprocess.run([*argv, str(path)], check=True, capture_output=True)

    return run


def luks(path: Path) -> None:
    cryptsetup("luksFormat", "-q", *CHEAP["pbkdf2"], "--key-file", "-", str(path))


def table_of_partitions(path: Path) -> None:
    """A GPT with one partition, and its copy at the end (UEFI 2.10, 5.3)."""
    last = SIZE // 512 - 1
    entries = (uuid.uuid4().bytes * 2 + struct.pack("<QQQ", 2048, 4096, 0)).ljust(128 * 128, b"\0")
    for here, there, table in ((1, last, 2), (last, 1, last - 32)):
        header = bytearray(struct.pack("<8sIIIIQQQQ", b"EFI PART", 0x10000, 92, 0, 0, here, there, 34, last - 33))
        header += bytes(16) + struct.pack("<QIII", table, 128, 128, zlib.crc32(entries))
        struct.pack_into("<I", header, 16, zlib.crc32(bytes(header)))
        put(here * 512, bytes(header))(path)
        put(table * 512, entries)(path)
    put(446, struct.pack("<B3sB3sII", 0, b"", 0xEE, b"", 1, last) + bytes(48) + b"\x55\xaa")(path)


def bios_table(path: Path) -> None:
    put(446, struct.pack("<B3sB3sII", 0, b"", 0x83, b"", 2048, 4096) + bytes(48) + b"\x55\xaa")(path)


def backup_of_a_table(path: Path) -> None:
    """Somebody wiped the beginning."""
    table_of_partitions(path)
    put(0, bytes(MIB))(path)


def raid(path: Path) -> None:
    """A superblock of version 1.2 lies at 4 KiB (the kernel's Documentation/admin-guide/md.rst, md_p.h)."""
    block_ = bytearray(1024)
    struct.pack_into("<II", block_, 0, 0xA92B4EFC, 1)
    block_[16:32] = uuid.uuid4().bytes
    struct.pack_into("<Q", block_, 144, 8)  # super_offset, in sectors
    struct.pack_into("<I", block_, 216, 0)
    total = sum(struct.unpack("<64I", bytes(block_[:256])))
    struct.pack_into("<I", block_, 216, (total & 0xFFFFFFFF) + (total >> 32))
    put(4096, bytes(block_))(path)


def old_raid(path: Path) -> None:
    """One of version 0.90, 64 KiB from the end."""
    block_ = bytearray(4096)
    struct.pack_into("<III", block_, 0, 0xA92B4EFC, 0, 90)
    block_[20:24] = b"abcd"
    put(-64 * 1024, bytes(block_))(path)


def lvm(path: Path) -> None:
    """The label of a physical volume is in the second sector (lib/format_text/layout.h of LVM2)."""
    content = bytearray(512)
    content[:8] = b"LABELONE"
    struct.pack_into("<QII", content, 8, 1, 0, 32)
    content[24:32] = b"LVM2 001"
    content[32:64] = b"a" * 32
    put(512, bytes(content))(path)


def ntfs(path: Path) -> None:
    """The fields of a boot sector of NTFS that tell it (Microsoft, "How NTFS works")."""
    sector = bytearray(512)
    sector[:11] = b"\xeb\x52\x90NTFS    "
    struct.pack_into("<HBH", sector, 11, 512, 8, 0)
    sector[21] = 0xF8
    struct.pack_into("<Q", sector, 40, SIZE // 512 - 1)
    struct.pack_into("<QQ", sector, 48, 4, 8)
    sector[64], sector[68] = 0xF6, 1
    sector[510:] = b"\x55\xaa"
    put(0, bytes(sector))(path)
    put(4 * 8 * 512, b"FILE0")(path)
