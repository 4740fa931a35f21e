"""The words that reports use for people, and the last escape before text reaches a terminal or a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.model.verdicts import Verdict

# Accents piled up on one letter paint over the lines above and below.
PILE = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}")

# What a person reads. Where the word differs from the machine's name, reports show both somewhere (see `both`).
VERDICTS: Mapping[Verdict, str] = {
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.COMPLIANT: "compliant",
    Verdict.WAIVED: "accepted risk",
    Verdict.PENDING: "pending",
    Verdict.STALE: "out of date",
    Verdict.MISSING: "never seen",
    Verdict.NOT_CHECKED: "not checked",
    Verdict.DRIFTED: "drifted",
    Verdict.ERROR: "could not be read",
}

MEANINGS: Mapping[Verdict, str] = {
    Verdict.NOT_APPLICABLE: "does not concern this device, and the reason is named",
    Verdict.COMPLIANT: "is as the baseline wants it",
    Verdict.WAIVED: "differs from the baseline, and a named person has accepted that until a given day",
    Verdict.PENDING: "is set or under way, and does not hold yet: not before a restart, the next sign-in, or what its "
    "reason names",
    Verdict.STALE: "was last seen too long ago to rely on",
    Verdict.MISSING: "the device has never been seen",
    Verdict.NOT_CHECKED: "nobody looked, so nothing is known",
    Verdict.DRIFTED: "differs from what the baseline wants",
    Verdict.ERROR: "was looked for and could not be read, so nothing is known",
}

PLATFORMS: Mapping[Platform, str] = {Platform.LINUX: "Linux", Platform.WINDOWS: "Windows"}  # that are ever checked

# What became of the last run's visit, where it did not simply succeed.
OUTCOMES: Mapping[str, str] = {
    "observed": "seen in the last run",
    "unreachable": "did not answer",
    "failed": "the check failed",
    "another_machine": "another machine answered",
    "not_seen": "was not reached",
    "other": "this kind is never checked",
    "never": "new on the inventory",
}

# Why nothing is known of a device tonight: title, meaning, what to do.
GAPS: Mapping[str, tuple[str, str, str]] = {
    "another_machine": (
        "Another machine answered",
        "A different machine answered at this device's address. Nothing it said has been filed under this device.",
        "Find out where the device is. Correct its address or its serial number in the inventory.",
    ),
    "failed": (
        "The check failed",
        "The check of the device could not begin, or did not come to its end. The message says where it failed: on the "
        "controller (a password that is missing), on the way, or on the device.",
        "Read the message, put right what it names, and run the check again.",
    ),
    "missing": (
        "Never seen",
        "The device is on the inventory, and no run has ever seen it, or none since its history was forgotten on "
        "request.",
        "Switch it on in school and run the check, or take it off the inventory if it has gone.",
    ),
    "stale": (
        "Out of date",
        "The device was seen once, but too long ago for its level. What was found then no longer counts.",
        "Have it switched on and connected, then run the check. If nobody can find it, treat it as lost.",
    ),
    "silent": (
        "Silent, within the limit",
        "The device did not answer in the last run, and was seen recently enough. Its last results still stand.",
        "There is nothing to do yet; it is listed so that it is not forgotten.",
    ),
    "never": (
        "New on the inventory",
        "No run has expected this device yet.",
        "Run the check.",
    ),
    "other": (
        "Never checked",
        "Leeboard does not check this kind of device (a tablet or Chromebook, for example). It is counted, and nothing "
        "is known of it.",
        "Check it by other means, such as its own management service.",
    ),
}

# What to do when a reading failed, by the code that the device gave.
ADVICE: Mapping[str, str] = {
    "needs_root": "Run the check as root (ansible_become: true, or sudo; on Windows an administrator): nobody else may "
    "read this.",
    "denied": "The device refused access, even to root. Look for a security module or a locked-down account.",
    "missing_tool": "Install the program that the reason names, then run the check again.",
    "timeout": "The device was too slow. Run the check again, and look at the device if it stays slow.",
    "malformed": "A file or answer on the device makes no sense to Leeboard. Look at the place that the reason names.",
    "busy": "Something else was using it. Run the check again.",
    "too_large": "It is far larger than it should be. Look at the place that the reason names.",
    "failed": "A command failed on the device. The reason names it.",
    "exchanged": "A program on the device, or a library that is loaded into it, is not the one of its package, so its "
    "answers count for nothing. If the school put it there, name it in leeboard_unpackaged_programs; if nobody knows "
    "of it, treat the device as broken into (docs/exchanged-programs.md).",
    "driver_failed": "Leeboard itself failed here. Please report it, with the reason.",
    "group_policy": "Change it in the group policy or the MDM service that the reason names; what is set here would be "
    "set back.",
    "no_reading": "The device sent no answer for this. Update Leeboard's collection on the controller.",
}

WAIT = "Restart the device, or have its user sign out. A roll-out loads it at once where that is possible."


def clean(text: object, limit: int = 400) -> str:
    """Any text as one printable line of at most `limit` characters; control and direction characters are escaped."""
    words = str(text)
    if words.isascii() and words.isprintable() and len(words) <= limit:
        return words
    return plain(PILE.sub(lambda pile: pile[0].encode("ascii", "backslashreplace").decode(), words[: limit + 1]), limit)


@lru_cache(2048)  # few texts, and each is asked for with every finding
def prose(text: str) -> str:
    """Text of the baseline, with the line ends of its file folded away."""
    return clean(" ".join(text.split()), 2000)


def both(verdict: Verdict) -> str:
    """The word for people, with the machine's name behind it where it is another: "could not be read (error)"."""
    word = VERDICTS[verdict]
    return word if word == verdict.value.replace("_", " ") else f"{word} ({verdict.value})"


def listed(parts: Iterable[str], most: int, more: str = "more") -> str:
    """Parts with commas between; after `most` of them, how many more there are."""
    every = list(parts)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} {more}"


def counted(counts: Mapping[Verdict, int], *, names: bool = False) -> str:
    """Every count that is not nought, the worst first: "3 drifted, 1 pending". `names` adds the machine's names."""
    worst_first = sorted(counts, key=lambda verdict: -verdict.badness)
    words = (f"{counts[v]:,} {both(v) if names else VERDICTS[v]}" for v in worst_first if counts[v])
    return ", ".join(words) or "no findings"
