"""The throw-away account that sign-in is tried with: a random password, no home, no shell, and gone a moment later.

It has one name everywhere, so that what puts the device back knows it too (`userdel --force`): /etc/passwd is never
brought back from a copy, since somebody may have got an account meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import number, text_or_nothing
from ..system.people import names

NAME = "leeboard-trial"
COMMENT = "Leeboard tries sign-in with it and removes it"
NO_SHELL = "/usr/sbin/nologin"
UNKNOWN = 2  # getent(1): the name is not there
LOGIN = "/proc/self/loginuid"
NOT_SET = 4294967295  # the kernel's -1: nobody signed in


def check(host: Host) -> None:
    """Nobody else has the account's name, in a directory neither. Raises ChangeRefused, HostError."""
    line = _line(host)
    done = None if line else host.query(["getent", "passwd", NAME])
    if done is not None and done.rc not in (0, UNKNOWN):
        raise HostError("failed", f"getent passwd {NAME} ended with status {done.rc}: {done.err.strip()[:200]}")
    found = line or (done.out.strip().split(":") if done is not None and done.rc == 0 else [])
    if found and (len(found) != 7 or found[4] != COMMENT):
        raise ChangeRefused(
            f"there is an account {NAME} here that is not Leeboard's; sign-in is tried with one of that name: rename "
            "or remove it and repeat the roll-out"
        )
    if NAME in names(host, "/etc/group").values():
        raise ChangeRefused(f"there is a group {NAME} here, and userdel would take it along: rename or remove it")


@contextlib.contextmanager
def thrown_away(host: Host) -> Iterator[str]:
    """The account exists as long as this lasts; gives its password. Raises ChangeRefused, HostError."""
    host.forget()
    check(host)
    if _line(host):
        remove(host)  # of a run that was killed
    password = secrets.token_urlsafe(24)
    try:
        _run(host, [
            "useradd", "--no-create-home", "--home-dir", "/nonexistent", "--no-user-group", "--shell", NO_SHELL,
            "--comment", COMMENT, NAME,
        ])  # fmt: skip
        # With a method it makes the hash itself, and no PAM that we are about to try is asked.
        _run(host, ["chpasswd", "--crypt-method", "SHA512"], f"{NAME}:{password}\n")
        yield password
    finally:
        remove(host)


def remove(host: Host) -> None:
    """Take the account away. Raises HostError where it is there still."""
    host.act(["userdel", "--force", NAME])
    host.forget()
    if _line(host):
        raise HostError("failed", f"the account {NAME} could not be removed: run userdel --force {NAME}")


def _run(host: Host, argv: list[str], given: str = "") -> None:
    done = host.act(argv, input=given)
    if done.rc != 0:
        raise HostError("failed", f"{argv[0]} ended with status {done.rc}: {done.err.strip()[-200:]}")


def _line(host: Host) -> list[str]:
    """The account's fields in /etc/passwd; empty where it has no line."""
    text = text_or_nothing(host, "/etc/passwd") or ""
    return next((line.split(":") for line in text.split("\n") if line.startswith(f"{NAME}:")), [])


def managed_by(host: Host) -> str:
    """The account that signed in to this device for this run, or an empty text. Raises HostError."""
    uid = number((text_or_nothing(host, LOGIN) or "").strip())
    if uid is None or uid == NOT_SET:
        return os.environ.get("SUDO_USER", "")
    return names(host, "/etc/passwd").get(uid, "")


def has_password(host: Machine, name: str) -> bool:
    """Whether an account of this device signs in with a password. Raises HostError."""
    for path in ("/etc/passwd", "/etc/shadow"):
        for line in (text_or_nothing(host, path) or "").split("\n"):
            fields = line.split(":")
            if len(fields) > 1 and fields[0] == name and fields[1] != "x":
                return not fields[1].startswith(("!", "*"))
    return False
