"""The named option for formatting: the inventory variable `leeboard_format_disks`, and what it may say.

    leeboard_format_disks:
      - {device: EP-0001, disk: /dev/disk/by-id/wwn-0x5000c500a1b2c3d4, mount: /srv/data, label: data}

A disk is named by what its maker gave it, so that no other disk ever answers to the name: never by /dev/sdb, which is
another disk after the next start, and never by a word for several. `device` is the asset tag of the device that it is
in: a variable of a school holds for all its devices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.device import Asset
from leeboard.model.strict import Strict
from leeboard.model.values import plain

VARIABLE = "leeboard_format_disks"
FORMATS = "formats"  # in the ledger, beside a key that was made with its disk: the disk's name
MOST = 200  # disks of one school
# What udev makes of a maker's words: no slash, no blank, nothing that starts with a dot.
DISK = re.compile(r"/dev/disk/by-id/[A-Za-z0-9#+:=@_-][A-Za-z0-9#+.:=@_-]{0,199}\Z")
PARTITION = re.compile(r"-part[0-9]+\Z")
# The device mapper's and RAID's names in that folder lead to what lies on disks.
NO_DISK = ("dm-", "lvm-", "md-")
MOUNT = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){1,8}\Z")
# The system's own places: a file system over one of them would hide what the machine needs to start, or to be reached.
SYSTEM = (
    "/bin", "/boot", "/dev", "/efi", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/proc", "/root",
    "/run", "/sbin", "/sys", "/tmp", "/usr",  # noqa: S108 - a mount point
)  # fmt: skip
WHOLE = ("/home", "/opt", "/var")  # never the folder itself; one inside it may be
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,15}\Z")  # ext4 has room for 16


def _disk(value: str) -> str:
    if not DISK.match(value) or value.removeprefix("/dev/disk/by-id/").startswith(NO_DISK):
        raise ValueError(
            "is no disk's own name: write one of ls -l /dev/disk/by-id, such as /dev/disk/by-id/wwn-0x5..."
        )
    if PARTITION.search(value):
        raise ValueError("is a partition: only whole disks are formatted")
    return value


def _mount(value: str) -> str:
    if not MOUNT.match(value):
        raise ValueError("is no path of plain letters, digits, dots, dashes and underscores, such as /srv/data")
    if value in WHOLE or value in SYSTEM or value.startswith(tuple(f"{folder}/" for folder in SYSTEM)):
        raise ValueError("belongs to the system: mount the disk below /srv, /mnt, /home or /var")
    return value


def _label(value: str) -> str:
    if value and not LABEL.match(value):
        raise ValueError("is no label: it has at most 16 letters, digits, dots, dashes and underscores")
    return value


class EmptyDisk(Strict):
    """A disk that may be formatted if it is empty: its name below /dev/disk/by-id, and where it is to be mounted.

    Without a `device` it is a disk of whichever device has the variable.
    """

    disk: Annotated[str, AfterValidator(_disk)]
    mount: Annotated[str, AfterValidator(_mount)]
    label: Annotated[str, AfterValidator(_label)] = ""
    device: Asset | None = None


class _Options(Strict):
    disks: Annotated[tuple[EmptyDisk, ...], Field(max_length=MOST)]


MESSAGES = {
    "extra_forbidden": "is no key that is known here; there are device, disk, mount and label",
    "missing": "is missing",
    "string_type": "must be text",
    "model_type": "must be a disk with its mount point: {disk: /dev/disk/by-id/..., mount: /srv/data}",
    "tuple_type": "must be a list of disks, each with disk and mount",
    "too_long": f"has more than {MOST} disks",
}


def parse(value: Any, asset: str) -> tuple[EmptyDisk, ...]:
    """The disks of the device with this asset tag; none where the variable is empty or not there.

    Raises LeeboardError that says where it is wrong, for an entry about another device too.
    """
    if value is None:
        return ()
    try:
        disks = _Options.model_validate({"disks": value}).disks
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = [f"entry {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"][1:]]
        # A key that is not known may be a secret that slipped into the wrong line: it is named, not its value.
        shown = f" {ascii(first['input'])[:80]}" if first["type"] == "value_error" else ""
        message = MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise LeeboardError(f"{', '.join([VARIABLE, *map(plain, where)])}:{shown} {message}") from None
    mine = tuple(disk for disk in disks if disk.device is None or disk.device.casefold() == asset.casefold())
    _once("disk", [disk.disk for disk in disks])
    _once("mount", [disk.mount for disk in mine])
    for disk in mine:
        for other in mine:
            if disk.mount.startswith(f"{other.mount}/"):
                raise LeeboardError(f"{VARIABLE}: {disk.mount} lies below {other.mount}, and needs that disk first")
    return mine


def _once(what: str, values: Sequence[str]) -> None:
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise LeeboardError(f"{VARIABLE}: the {what} {twice} is named twice")
