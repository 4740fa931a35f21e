"""What journald makes of its own settings: where the journal lies, whether it is compressed, how large it may grow.

What journald does not take it ignores with a warning, so the assignment before it counts (systemd 257,
src/journal/journald-server.c). The values are those in effect, whatever way they are written:

    Journal.Storage        str; persistent also for auto where /var/log/journal exists, else volatile
    Journal.Compress       str, yes or no; a size means yes
    Journal.SystemMaxUse   int, megabytes; journald's own default where it is not set, and never more than the disk has
    Journal.MaxRetentionSec  int, whole days after which messages are deleted; absent where only room counts
    Journal.MaxLevelStore  str, the least severity that is kept, as a word; the kernel's command line comes first
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.reading import Aspect, Machine, absent, value
from ..system.inifile import OFF, ON
from ..system.kernel import CMDLINE, boot_option
from ..system.mounts import kept_in_memory

FOLDER = "/var/log/journal"
SIZE = re.compile(r"\A(?:[ \t]*[0-9]{1,15}(?:\.[0-9]{1,9})?[ \t]*[BKMGTPE]?)+\Z")
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*([BKMGTPE]?)")
UNITS = {unit: 1024**power for power, unit in enumerate("BKMGTPE")}
MEGABYTE = 1024**2
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
STORED = "systemd.journald.max_level_store"
DAY = 24 * 3600
MOST_SECONDS = 2**64 / 1e6  # systemd counts microseconds in 64 bits, and takes nothing longer
# systemd.time(7); a small m is a minute, a capital one a month.
SPAN_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*([A-Za-z]*)")
SPANS = {
    **dict.fromkeys(("us", "usec"), 1e-6), **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1), **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600), **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY), **dict.fromkeys(("M", "month", "months"), 30.44 * DAY),
    **dict.fromkeys(("y", "year", "years"), 365.25 * DAY),
}  # fmt: skip
MOST_BY_DEFAULT = 4 * 1024  # megabytes


InEffect = Callable[[Machine, Aspect], Aspect]


class Rule:
    """One setting: `takes(text)`, `in_effect(host, aspect)` -> aspect, `text(wanted)` -> what is written."""

    def __init__(self, takes: Callable[[str], bool], in_effect: InEffect, text: Callable[[Any], Any]) -> None:
        self.takes = takes
        self.in_effect = in_effect
        self.text = text


def _storage(host: Machine, aspect: Aspect) -> Aspect:
    mode = aspect.get("value", "auto")
    gone = kept_in_memory(host, FOLDER) if mode in ("auto", "persistent") else ""
    if gone:
        source = f"Storage={mode} ({aspect['source']}), and {gone}, so the journal is lost at each restart"
        return {**_kept(aspect), **value("volatile", source, "string")}
    if mode != "auto":
        return aspect
    try:
        exists = stat.S_ISDIR(host.stat(FOLDER).st_mode)
    except FileNotFoundError:
        exists = False
    where = f"{FOLDER} exists; without that folder" if exists else f"{FOLDER} does not exist, so"
    source = f"Storage=auto ({aspect['source']}) and {where} the journal is lost at each restart"
    return {**_kept(aspect), **value("persistent" if exists else "volatile", source, "string")}


def _compress(_host: Machine, aspect: Aspect) -> Aspect:
    if aspect["state"] == "absent":
        return {**_kept(aspect), **value("yes", f"journald's own default ({aspect['source']})", "string")}
    answer = "no" if aspect["value"].lower() in OFF else "yes"
    return {**_kept(aspect), **value(answer, f"{aspect['value']} in {aspect['source']}", "string")}


def _most_use(host: Machine, aspect: Aspect) -> Aspect:
    folder = next((path for path in (FOLDER, "/var/log", "/") if host.exists(path)), "/")
    room = host.megabytes(folder)
    if aspect["state"] == "value":
        limit, source = megabytes(aspect["value"]), f"{aspect['value']} in {aspect['source']}"
        source += f"; there is no room for more where {folder} lies" * (limit > room)
        return {**_kept(aspect), **value(min(limit, room), source, "int")}
    tenth = room // 10
    source = f"journald's own default, a tenth of the file system of {folder} and at most 4 GB ({aspect['source']})"
    return {**_kept(aspect), **value(min(tenth, MOST_BY_DEFAULT), source, "int")}


def _retention(_host: Machine, aspect: Aspect) -> Aspect:
    days = int(seconds(aspect.get("value", "0")) // DAY)
    if aspect["state"] == "absent" or not seconds(aspect["value"]):
        return {**_kept(aspect), **absent(f"{aspect['source']}: messages are kept as long as there is room")}
    return {**_kept(aspect), **value(days, f"{aspect['value']} in {aspect['source']}", "int")}


def _level(host: Machine, aspect: Aspect) -> Aspect:
    at_start = boot_option(host, STORED) or ""
    if _is_level(at_start):
        return {**_kept(aspect), **value(_word_of(at_start), f"{STORED} in {CMDLINE}", "string")}
    source = aspect["source"] if aspect["state"] == "value" else f"journald's own default ({aspect['source']})"
    return {**_kept(aspect), **value(_word_of(aspect.get("value", "debug")), source, "string")}


def _is_level(text: str) -> bool:
    return text in LEVELS or bool(re.match(r"0*[0-7]\Z", text))


def _word_of(level: str) -> str:
    return LEVELS[int(level)] if level.isdigit() else level


def seconds(text: str) -> float:
    """The seconds of a time span as systemd writes it: 1month, 2w 3d, 86400; 0 for "infinity"."""
    if text.strip() == "infinity":
        return 0
    return sum(float(number) * SPANS[unit or "s"] for number, unit in SPAN_PART.findall(text))


def _is_span(text: str) -> bool:
    parts = SPAN_PART.findall(text)
    bare = "".join(number + unit for number, unit in parts)
    known = all(unit in SPANS for _number, unit in parts if unit)
    whole = bool(parts) and known and bare == "".join(text.split())
    return text.strip() == "infinity" or (whole and seconds(text) < MOST_SECONDS)


def _days(wanted: Any) -> str:
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 < wanted < 10**5:
        raise ChangeRefused(f"{wanted!r} is no number of days")
    return f"{wanted}day"


def _kept(aspect: Aspect) -> Aspect:
    return {"note": aspect["note"]} if "note" in aspect else {}


def megabytes(text: str) -> int:
    """The whole megabytes of a size as systemd writes it: 512M, 1G 500M, or bytes."""
    return int(sum(float(number) * UNITS[unit or "B"] for number, unit in PART.findall(text)) // MEGABYTE)


def _word(wanted: Any) -> str:
    if not isinstance(wanted, str) or not wanted.isalpha():
        raise ChangeRefused(f"{wanted!r} is no word that journald takes")
    return wanted


def _size(wanted: Any) -> str:
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 < wanted < 10**9:
        raise ChangeRefused(f"{wanted!r} is no number of megabytes")
    return f"{wanted}M"


def _is_size(text: str) -> bool:
    return bool(SIZE.match(text))


RULES = {
    "systemd/journald.conf:Journal.Storage": Rule(
        lambda text: text in ("auto", "persistent", "volatile", "none"), _storage, _word
    ),
    "systemd/journald.conf:Journal.Compress": Rule(
        lambda text: not text or text.lower() in ON + OFF or _is_size(text), _compress, _word
    ),
    "systemd/journald.conf:Journal.SystemMaxUse": Rule(_is_size, _most_use, _size),
    "systemd/journald.conf:Journal.MaxRetentionSec": Rule(_is_span, _retention, _days),
    "systemd/journald.conf:Journal.MaxLevelStore": Rule(_is_level, _level, _word),
}
