"""Who has a second factor, counted from a dated export of the identity provider: what REM-11 is judged by.

An export names people. Nothing of it but counts leaves this file: no account, no line of it, not even in an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from leeboard.errors import LeeboardError
from leeboard.model.observation import Aspect, Found, Nothing, Reading, Unreadable
from leeboard.model.words import date_text, number
from leeboard.storage import files
from leeboard.storage.dated_export import days_since, export_day
from leeboard.storage.tabular import BadTable, Row, plain_name, read_table

DRIVER = "second_factor"
VARIABLE = "leeboard_second_factor_export"
MOST_BYTES = 32 * 1024 * 1024  # 100,000 accounts in Microsoft's own JSON are below it

# Columns by what they say; the first that is there counts. Case, blanks and signs in a column's name do not.
# Microsoft Graph's names are those of the resource type userRegistrationDetails (v1.0); those with blanks stand in the
# report "User registration details" of the Entra admin centre. Capable, unlike registered, means that policy allows it.
ACCOUNT = ("account", "userprincipalname", "id", "user", "email")
CAPABLE = ("secondfactor", "ismfacapable", "mfacapable")
METHODS = ("kind", "methods", "methodsregistered")
STAFF = ("staff",)
SENSITIVE = ("sensitivedata",)
YES = frozenset(("yes", "true", "1", "capable", "y"))
NO = frozenset(("no", "false", "0", "notcapable", "n"))
# Ways to sign in whose secret works for the right site only. Beginnings of names, without case, blanks and signs:
# fido2, fido2SecurityKey, FIDO2 security key, passKeyDeviceBound, windowsHelloForBusiness, ...
PHISHING_RESISTANT = ("fido2", "passkey", "windowshello", "certificate", "x509certificate", "smartcard", "macossecure")

Scope = Literal["sensitive-staff", "all-staff", "phishing-resistant"]
SCOPES: tuple[Scope, ...] = ("sensitive-staff", "all-staff", "phishing-resistant")


@dataclass
class Account:
    """One account; of an account that is listed twice, the weaker answer counts."""

    capable: bool
    resistant: bool
    sensitive: bool


@dataclass(frozen=True)
class Export:
    """The staff of an export, and the day that it is of. `methods`: it says what kind of second factor each has."""

    day: date
    staff: tuple[Account, ...]
    methods: bool


def readings(path: Path | None, at: datetime) -> list[Reading]:
    """The age of an export in days and the accounts without a second factor, by scope; never raises for a bad file."""
    return [Reading(driver=DRIVER, address=address, effective=aspect) for address, aspect in _aspects(path, at).items()]


def read(path: Path) -> Export:
    """The export in a file. Raises BadTable, which names lines and columns only, and LeeboardError for the file."""
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        raise LeeboardError(f"there is no such file; {VARIABLE} names it")
    rows = read_table(content)
    return Export(export_day(path.name, rows), _staff(rows), rows[0].has(*METHODS))


def _aspects(path: Path | None, at: datetime) -> dict[str, Aspect]:
    addresses = ("age", *SCOPES)
    if path is None:
        nothing = Nothing(state="absent", source=VARIABLE, note="no export of the identity provider is named")
        return dict.fromkeys(addresses, nothing)
    try:
        export = read(path)
    except (LeeboardError, BadTable, OSError) as problem:
        # The file's own errors begin with its path, which is the source already.
        why = str(problem).removeprefix(f"{path}: ")
        code: Literal["malformed", "failed"] = "malformed" if isinstance(problem, BadTable) else "failed"
        return dict.fromkeys(addresses, Unreadable(state="unreadable", code=code, why=why, source=path.name))
    return {"age": _age(export, path, at), **{scope: _without(export, path, scope) for scope in SCOPES}}


def _age(export: Export, path: Path, at: datetime) -> Aspect:
    """How many days old the export is."""
    try:
        days = days_since(export.day, at)
    except LeeboardError as problem:
        return Unreadable(state="unreadable", code="missing_tool", why=str(problem), source=path.name)
    if days < 0:
        why = f"it is dated {date_text(export.day)}, which is in the future; correct the date"
        return Unreadable(state="unreadable", code="malformed", why=why, source=path.name)
    return Found(state="value", value=days, source=path.name, note=f"exported on {date_text(export.day)}")


def _without(export: Export, path: Path, scope: Scope) -> Aspect:
    """How many accounts of a scope lack what is asked of it; a scope without anybody says nothing about a school."""
    asked = [one for one in export.staff if scope != "sensitive-staff" or one.sensitive]
    if not asked:
        who = "nobody who handles sensitive data" if export.staff else "no member of staff"
        return Unreadable(state="unreadable", code="malformed", why=f"it lists {who}", source=path.name)
    if scope == "phishing-resistant":
        if not export.methods:
            why = "it has no column that says what kind of second factor somebody has (methodsRegistered, or kind)"
            return Unreadable(state="unreadable", code="malformed", why=why, source=path.name)
        lacking = sum(not (one.capable and one.resistant) for one in asked)
    else:
        lacking = sum(not one.capable for one in asked)
    return Found(state="value", value=lacking, source=path.name, note=f"{lacking:,} of {number(len(asked), 'account')}")


def _staff(rows: list[Row]) -> tuple[Account, ...]:
    found: dict[str, Account] = {}
    for row in rows:
        name = row.text(*ACCOUNT)
        if not name:
            raise BadTable(f"{row.place} names no account")
        if row.has(*STAFF) and not _yes(row, STAFF):
            continue
        one = Account(
            capable=_yes(row, CAPABLE),
            resistant=row.has(*METHODS) and any(_resists(method) for method in row.items(*METHODS)),
            # Without such a column everybody counts: the strict side.
            sensitive=not row.has(*SENSITIVE) or _yes(row, SENSITIVE),
        )
        earlier = found.setdefault(name.casefold(), one)
        earlier.capable &= one.capable
        earlier.resistant &= one.resistant
        earlier.sensitive |= one.sensitive
    return tuple(found.values())


def _yes(row: Row, names: tuple[str, ...]) -> bool:
    word = plain_name(row.text(*names))
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadTable(f"{row.place} says neither yes nor no in the column {row.called(*names)}")


def _resists(method: str) -> bool:
    return plain_name(method).startswith(PHISHING_RESISTANT)
