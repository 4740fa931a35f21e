"""Small things every driver needs: an answer that never raises, and a judgement on what is installed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from .host import HostError
from .reading import Aspect, Machine, Reading, Readings, absent, reading, unreadable

NOT_INSTALLED = " is not installed"  # how a source ends when a program is missing


def attempt(driver: str, address: str, find: Callable[[], Reading]) -> Reading:
    """The reading that `find()` gives. A HostError becomes an `unreadable` one with its code and reason.

    Anything else is a mistake of ours, and shows as `driver_failed` at this address only.
    """
    try:
        return find()
    except HostError as problem:
        return reading(driver, address, unreadable(problem.code, problem.why))
    except Exception as problem:
        return reading(driver, address, unreadable("driver_failed", f"{type(problem).__name__}: {problem}"))


def foreign(driver: str, address: str) -> Reading:
    """The reading of an address that the driver does not know."""
    return reading(driver, address, unreadable("malformed", f"{address!r} is no address of the driver {driver}"))


def read_each(
    driver: str, grammar: re.Pattern[str], addresses: Iterable[str], read: Callable[[str], Reading]
) -> Readings:
    """The reading that `read(address)` gives of each address of the driver's `grammar`, as `attempt` has it."""
    return {
        one: attempt(driver, one, partial(read, one)) if grammar.match(one) else foreign(driver, one)
        for one in addresses
    }


def not_installed(program: str) -> Aspect:
    """An `absent` because `program` is missing. While packages are being upgraded a visit turns it into `busy`."""
    return absent(program + NOT_INSTALLED)


def beside_next_start(now: Aspect, later: Aspect, gone: str) -> Aspect:
    """The aspect `now`, with what counts after the next start beside it (`later`) where that is another value.

    What is good must hold now and then; what is bad counts at either time. `gone` names what lies below /run, and is
    not there any more by then.
    """
    if later.get("value") == now.get("value"):
        return now
    who = f"the time after the next start, when {gone} is gone"
    other = {"who": who, "value": later.get("value"), "type": later.get("type", "")}
    return {**now, "others": [*now.get("others", []), other]}


def first_of(host: Machine, paths: Iterable[str]) -> str:
    """The first of `paths` that is there, or an empty text."""
    for path in paths:
        if host.exists(path):
            return path
    return ""


def by_name(host: Machine, folders: Iterable[str], ending: str) -> list[str]:
    """The files of several folders sorted by name, as systemd and others read them: an earlier folder hides namesakes.

    Raises HostError when a folder cannot be listed.
    """
    chosen: dict[str, str] = {}
    for folder in folders:
        for name in host.entries(folder):
            if name.endswith(ending):
                chosen.setdefault(name, f"{folder}/{name}")
    return [chosen[name] for name in sorted(chosen)]


def text_or_nothing(host: Machine, path: str) -> str | None:
    """The text of a file, None when it is absent. A link to /dev/null is an empty file. Raises HostError."""
    try:
        return host.text(path)
    except FileNotFoundError:
        return None
    except HostError as problem:
        if problem.code == "malformed" and is_null(host, path):
            return ""
        raise


def is_null(host: Machine, path: str) -> bool:
    """True when `path` leads to /dev/null, which is how administrators switch a file off."""
    return host.link(path) == "/dev/null"


def number(text: str) -> int | None:
    """A whole number of at most ten ASCII digits, else None: what a device writes may be of any length and script."""
    return int(text) if len(text) <= 10 and text.isascii() and text.isdigit() else None
