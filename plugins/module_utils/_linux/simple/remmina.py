"""Passwords that people saved in Remmina, the remote desktop client. Never read out, only counted and taken away.

Address: `saved-passwords`, a list of "NAME: n in files of Remmina, n in the keyring", one a person who saved any. In a
profile a password is empty, a point (it lies in the person's keyring), or text that Remmina can decrypt by itself:
remmina_file.c of Remmina 1.4.

A change takes all of them out of the profiles, and nothing else. That cannot be undone: no journal has them. What lies
in a keyring stays there, and no profile asks for it any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun, WithheldEdit
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from ..system.dconf_people import Someone, everyone, read_own

NAME = "remmina"
ADDRESSES = re.compile(r"\Asaved-passwords\Z")
ALL = ["saved-passwords"]
# Below somebody's home; the second is that of the Flatpak, the third of versions before 1.2.
FOLDERS = (".local/share/remmina", ".var/app/org.remmina.Remmina/data/remmina", ".remmina")
SAVED = re.compile(rb"^([ \t]*[a-z_]*(?:password|passphrase)[ \t]*=)[ \t]*([^\s][^\r\n]*)", re.MULTILINE)
KEYRING = b"."


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Every profile without its passwords. Raises ChangeRefused, HostError."""
    edits = []
    for change in changes:
        if not ADDRESSES.match(change["address"]) or change["value"] not in ([], ()):
            raise ChangeRefused("saved passwords are taken out, all of them; none can be put in or left")
        for someone, path, content in _profiles(host):
            count = len(SAVED.findall(content))
            if count:
                what = f"{count} saved password{'s' * (count > 1)}"
                edits.append(WithheldEdit(path, someone.home, someone.uid, content, SAVED.sub(rb"\1", content), what))
    return DryRun(edits)


def _read(host: Host, address: str) -> Reading:
    saved: dict[str, list[bytes]] = {}
    for someone, _path, content in _profiles(host):
        saved.setdefault(someone.name, []).extend(text.strip() for _key, text in SAVED.findall(content))
    profiles = []
    for name, texts in saved.items():
        ring = texts.count(KEYRING)
        if texts:
            profiles.append(f"{name}: {len(texts) - ring} in files of Remmina, {ring} in the keyring")
    return reading(NAME, address, value(profiles, "Remmina's profiles in all homes", "list"))


def _profiles(host: Host) -> Iterator[tuple[Someone, str, bytes]]:
    """Whose each profile is, its path and its content. Raises HostError."""
    for someone in everyone(host):
        for folder in FOLDERS:
            for name in host.entries(f"{someone.home}/{folder}"):
                if name.endswith(".remmina"):
                    try:
                        yield someone, f"{someone.home}/{folder}/{name}", read_own(host, someone, f"{folder}/{name}")
                    except FileNotFoundError:
                        continue
