"""What is to be said of the files that a forwarder needs for TLS: certificates and keys that are missing or cannot be
read by the account that the forwarder runs as, and from when to when certificates are valid."""

from __future__ import annotations

import os
import stat
import time

from ..engine.host import Host
from .certificate import digests, moment, validities
from .people import accounts
from .people import groups as groups_of

READ, SEARCH = 4, 1
MOST_PERIODS = 5


class Who:
    """The account that opens a file: `name`, its number (None where it is only made when the program starts) and the
    numbers of its groups. No Who means root, who may read everything."""

    def __init__(self, host: Host, name: str, groups: list[str]) -> None:
        self.name = name
        account = next((account for account in accounts(host) if account.name == name), None)
        self.uid = None if account is None else account.uid
        known = [group for group in groups_of(host) if group.gid is not None]
        self.groups = {group.gid for group in known if group.name in groups}
        if account is not None:
            self.groups |= {account.gid, *(group.gid for group in known if name in group.members)}

    def may(self, status: os.stat_result, right: int) -> bool:
        """Whether the permission bits of a file's status give this account a right."""
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.groups else 0
        return bool(status.st_mode >> shift & right)


def authority(host: Host, path: str, who: Who | None) -> list[str]:
    """What is wrong with a file of authorities' certificates, or from when to when they are valid. Raises HostError."""
    if not path:
        return ["no certificate of an authority is named, so nobody can be recognised"]
    return _unreadable(host, path, who) or _validity(host, path, slice(None))


def anchors(host: Host, path: str) -> list[str]:
    """The digests of the certificates of authorities in a file; none of one that is missing. Raises HostError."""
    try:
        return digests(host.text(path), path) if path else []
    except FileNotFoundError:
        return []  # `authority` names it


def client(host: Host, certificate: str, key: str, who: Who | None) -> list[str]:
    """What is wrong with the device's own certificate and its key, and from when to when the first is valid.

    Raises HostError.
    """
    if not certificate or not key:
        return ["the device has no certificate of its own for the collector"]
    faults = _unreadable(host, certificate, who) or _validity(host, certificate, slice(1))
    missing = _unreadable(host, key, who)
    if not missing and host.stat(key).st_mode & 0o007:
        missing = [f"everybody may read or change the key {key}"]
    return faults + missing + _copies(host, certificate, key)


def _copies(host: Host, certificate: str, key: str) -> list[str]:
    """Faults for a key that everybody may read in the certificate's own file, or in another one beside the key."""
    from . import private_keys  # only where the device has a certificate of its own

    folder = key.rpartition("/")[0]
    beside = [f"{folder}/{name}" for name in host.entries(folder)] if _others_get_in(host, folder) else []
    problems = []
    for path in dict.fromkeys([certificate, *beside]):
        try:
            mode = host.stat(path).st_mode
        except FileNotFoundError:
            continue
        if path != key and stat.S_ISREG(mode) and mode & 0o007 and private_keys.in_file(host, path):
            problems.append(f"everybody may read or change the key in {path}")
    return problems


def _others_get_in(host: Host, folder: str) -> bool:
    try:
        return bool(host.stat(folder).st_mode & 0o005)
    except FileNotFoundError:
        return False


def _unreadable(host: Host, path: str, who: Who | None) -> list[str]:
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return [f"{path} is missing"]
    if who is None:
        return []
    parts = path.split("/")
    for folder in ["/".join(parts[:count]) for count in range(2, len(parts))]:
        if not who.may(host.stat(folder), SEARCH):
            return [f"{who.name}, which the program runs as, may not look into {folder}"]
    return [] if who.may(status, READ) else [f"{who.name}, which the program runs as, may not read {path}"]


def _validity(host: Host, path: str, which: slice) -> list[str]:
    """From when to when the certificates of a file are valid, `which` of them: one text, whichever counts.

    The brain says what that comes to (leeboard/verdict/judgements/moments.py): a device asks no clock for it.
    """
    periods = validities(host.text(path), path)[which]
    if not periods:
        return [f"{path} holds no certificate"]
    words = " or ".join(f"from {moment(first)} to {moment(last)}" for first, last in _merged(periods))
    return [f"the certificate in {path} is valid {words}"]


def _merged(periods: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Periods in their order, those that overlap as one: a bundle of authorities has a hundred."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(periods):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged[:MOST_PERIODS]


def ended(host: Host, path: str) -> str:
    """Why none of a file's certificates is valid at this moment, for who is about to rely on it; "" where one is."""
    now = time.time()
    if any(first <= now <= last for first, last in validities(host.text(path), path)):
        return ""
    return f"nothing at this moment: {_validity(host, path, slice(None))[0]}"
