"""Owner and permissions of the files whose content opens an encrypted volume. No content is ever read.

The address is `open-to-others`: a list of "path owner:group mode" of the key files that others than root may read or
change, [] when all is well. Key files are those that crypttab names, and those where systemd looks by itself.

What a change does is in key_files_changes.
"""

from __future__ import annotations

import re
import stat

from . import luks_keys
from .attempt import attempt, foreign
from .mounts import CRYPTTAB, crypttab
from .people import names
from .reading import reading, value

NAME = "key_files"
ADDRESSES = re.compile(r"\Aopen-to-others\Z")


def observe(host, addresses: list) -> dict:
    """A reading for each address; nothing is raised for a bad machine."""
    return {
        address: attempt(NAME, address, lambda address=address: _read(host, address))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def _read(host, address: str) -> dict:
    found = [f"{path} {_said(host, status)}" for path, status in luks_keys.loose(host, crypttab(host))]
    return reading(NAME, address, value(found, CRYPTTAB, "list"))


def _said(host, status) -> str:
    owner = names(host, "/etc/passwd").get(status.st_uid, str(status.st_uid))
    group = names(host, "/etc/group").get(status.st_gid, str(status.st_gid))
    return f"{owner}:{group} {stat.S_IMODE(status.st_mode):04o}"


def rehearse(host, changes: list):
    """The files that can be closed. Raises ChangeRefused where none of them can, HostError."""
    from . import key_files_changes  # a check does without

    return key_files_changes.rehearse(host, changes)
