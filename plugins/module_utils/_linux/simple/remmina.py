"""Passwords that people saved in Remmina, the remote desktop client. Read only, and never the passwords themselves.

Address: `saved-passwords`, a list of "NAME: n in files of Remmina, n in the keyring", one a person who saved any. In a
profile a password is empty, a point (it lies in the person's keyring), or text that Remmina can decrypt by itself:
remmina_file.c of Remmina 1.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from ..system.dconf_people import Someone, everyone, read_own

NAME = "remmina"
ADDRESSES = re.compile(r"\Asaved-passwords\Z")
ALL = ["saved-passwords"]
# Below somebody's home; the second is that of the Flatpak, the third of versions before 1.2.
FOLDERS = (".local/share/remmina", ".var/app/org.remmina.Remmina/data/remmina", ".remmina")
SAVED = re.compile(r"^\s*[a-z_]*(?:password|passphrase)\s*=[ \t]*(\S+)", re.MULTILINE)
KEYRING = "."


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: what people saved is theirs."""
    raise ChangeRefused("saved passwords are only reported: whoever saved them takes them out in Remmina")


def _read(host: Host, address: str) -> Reading:
    profiles = []
    for someone in everyone(host):
        saved = [password for text in _profiles(host, someone) for password in SAVED.findall(text)]
        if saved:
            ring = saved.count(KEYRING)
            profiles.append(f"{someone.name}: {len(saved) - ring} in files of Remmina, {ring} in the keyring")
    return reading(NAME, address, value(profiles, "Remmina's profiles in all homes", "list"))


def _profiles(host: Host, someone: Someone) -> Iterator[str]:
    for folder in FOLDERS:
        for name in host.entries(f"{someone.home}/{folder}"):
            if name.endswith(".remmina"):
                try:
                    yield read_own(host, someone, f"{folder}/{name}").decode("utf-8", "backslashreplace")
                except FileNotFoundError:
                    continue
