"""What journald makes of its own settings: where the journal lies, whether it is compressed, how large it may grow.

What journald does not take it ignores with a warning, so the assignment before it counts (systemd 257,
src/journal/journald-server.c). The values are those in effect, whatever way they are written:

    Journal.Storage        str; persistent also for auto where /var/log/journal exists, else volatile
    Journal.Compress       str, yes or no; a size means yes
    Journal.SystemMaxUse   int, megabytes; journald's own default where it is not set
"""

from __future__ import annotations

import re
import stat

from .change import ChangeRefused
from .reading import value

FOLDER = "/var/log/journal"
ON, OFF = ("1", "yes", "y", "true", "t", "on"), ("0", "no", "n", "false", "f", "off")
SIZE = re.compile(r"\A(?:[ \t]*[0-9]{1,15}(?:\.[0-9]{1,9})?[ \t]*[BKMGTPE]?)+\Z")
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*([BKMGTPE]?)")
UNITS = {unit: 1024**power for power, unit in enumerate("BKMGTPE")}
MEGABYTE = 1024**2
MOST_BY_DEFAULT = 4 * 1024  # megabytes


class Rule:
    """One setting: `takes(text)`, `in_effect(host, aspect)` -> aspect, `text(wanted)` -> what is written."""

    def __init__(self, takes, in_effect, text) -> None:
        self.takes = takes
        self.in_effect = in_effect
        self.text = text


def _storage(host, aspect: dict) -> dict:
    said = aspect.get("value", "auto")
    if said != "auto":
        return aspect
    try:
        kept = stat.S_ISDIR(host.stat(FOLDER).st_mode)
    except FileNotFoundError:
        kept = False
    where = f"{FOLDER} exists; without that folder" if kept else f"{FOLDER} does not exist, so"
    source = f"Storage=auto ({aspect['source']}) and {where} the journal is lost at each restart"
    return {**_kept(aspect), **value("persistent" if kept else "volatile", source, "string")}


def _compress(_host, aspect: dict) -> dict:
    if aspect["state"] == "absent":
        return {**_kept(aspect), **value("yes", f"journald's own default ({aspect['source']})", "string")}
    said = "no" if aspect["value"].lower() in OFF else "yes"
    return {**_kept(aspect), **value(said, f"{aspect['value']} in {aspect['source']}", "string")}


def _most_use(host, aspect: dict) -> dict:
    if aspect["state"] == "value":
        return {**_kept(aspect), **value(megabytes(aspect["value"]), f"{aspect['value']} in {aspect['source']}", "int")}
    folder = next((path for path in (FOLDER, "/var/log", "/") if host.exists(path)), "/")
    tenth = host.megabytes(folder) // 10
    source = f"journald's own default, a tenth of the file system of {folder} and at most 4 GB ({aspect['source']})"
    return {**_kept(aspect), **value(min(tenth, MOST_BY_DEFAULT), source, "int")}


def _kept(aspect: dict) -> dict:
    return {"note": aspect["note"]} if "note" in aspect else {}


def megabytes(text: str) -> int:
    """The whole megabytes of a size as systemd writes it: 512M, 1G 500M, or bytes."""
    return int(sum(float(number) * UNITS[unit or "B"] for number, unit in PART.findall(text)) // MEGABYTE)


def _word(wanted) -> str:
    if not isinstance(wanted, str) or not wanted.isalpha():
        raise ChangeRefused(f"{wanted!r} is no word that journald takes")
    return wanted


def _size(wanted) -> str:
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
}
