"""Accounts that let anybody in. Read only.

Address: `without-password` (list of user names): ordinary users (uid 1000 to 59999 with a login shell) whose password
field is empty. GNOME shows its shield for such a user but does not lock. Needs root.
"""

from __future__ import annotations

import re

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from ..system.people import accounts, password_fields

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
    fields = password_fields(host)
    open_to_all = {account.name for account in accounts(host) if account.ordinary and fields[account.name] == ""}
    return reading(NAME, "without-password", value(sorted(open_to_all), "/etc/passwd, /etc/shadow", "list"))
