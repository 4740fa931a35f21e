"""Accounts that let anybody in. Read only.

Address: `without-password` (list of user names): ordinary users (uid 1000 to 59999 with a login shell) whose password
field is empty. GNOME shows its shield for such a user but does not lock. Needs root.
"""

from __future__ import annotations

import re

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from ..system.people import accounts

NAME = "accounts"
ADDRESSES = re.compile(r"\Awithout-password\Z")
ALL = ["without-password"]


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, lambda _address: _read(host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: only the account's owner or an administrator can choose its password."""
    raise ChangeRefused("a password is not Leeboard's to choose; set one with passwd, or lock the account")


def _read(host: Host) -> Reading:
    people = [account for account in accounts(host) if account.ordinary]
    # "x" sends the reader to /etc/shadow; anything else in /etc/passwd is itself the password.
    shadowed: dict[str, str] = {}
    if any(account.password == "x" for account in people):  # noqa: S105 - a marker, not a password
        try:
            text = host.text("/etc/shadow")
        except FileNotFoundError:
            raise HostError("malformed", "/etc/passwd refers to /etc/shadow, which is missing") from None
        for line in text.split("\n"):
            fields = line.split(":")
            if len(fields) > 1:
                shadowed.setdefault(fields[0], fields[1])
    open_to_all = []
    for account in people:
        # An account that /etc/shadow does not know has no usable password.
        if (shadowed.get(account.name, "!") if account.password == "x" else account.password) == "":  # noqa: S105
            open_to_all.append(account.name)
    return reading(NAME, "without-password", value(sorted(open_to_all), "/etc/passwd, /etc/shadow", "list"))
