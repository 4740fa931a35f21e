"""Which entry of GRUB's menu starts next: grub.cfg as grub-mkconfig writes it, and the environment block beside it.

GRUB's manual, "Simple configuration" (GRUB_DEFAULT) and `grub-reboot`: an entry is named by its number, its title or
its id, those in a submenu with > between them. What names no entry is the first one of its menu (normal/menu.c). What
the environment block says is set as a variable (`load_env`), and may stand in an entry.
"""

from __future__ import annotations

import re

from ..engine.host import Host
from ..engine.safe_read import number, text_or_nothing

DEFAULT = re.compile(r"^\s*set\s+default=[\"']?([^\"'\n]*)", re.MULTILINE)
ENTRY = re.compile(r"\s*(?:menuentry|submenu)\s+(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")(?P<rest>.*)\{\s*\Z")
ID = re.compile(r"(?:\$\{?menuentry_id_option\}?|--id)[ =]+[\"']?(?P<id>[^\"'\s]+)")
LINUX = re.compile(r"^\s*linux(?:efi|16)?\s+\S+[ \t]*(?P<words>.*)$", re.MULTILINE)
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))")
CUSTOM = "custom.cfg"  # read at the end, where it is there (41_custom of grub-mkconfig)
FOR_ONCE, SAVED = "next_entry", "saved_entry"


class Entry:
    """One entry or submenu: `title`, `id`, its own `lines`, and the `entries` of a submenu."""

    def __init__(self, title: str, name: str) -> None:
        self.title = title
        self.id = name
        self.lines: list[str] = []
        self.entries: list[Entry] = []


def next_entry(host: Host, path: str) -> Entry | None:
    """The entry of the grub.cfg at `path` that starts next; None where it has no entries. Raises HostError."""
    text = _text(host, path)
    menu = _menu(text)
    if not menu.entries:
        return None
    wanted = _default(text, _environment(host, path))
    while menu.entries:
        part, _dummy, wanted = wanted.partition(">")
        menu = _named(menu.entries, part.strip())
    return menu


def next_options(host: Host, path: str) -> str | None:
    """What the entry of the grub.cfg at `path` that starts next tells the kernel; None where it starts no Linux.

    Raises HostError.
    """
    entry = next_entry(host, path)
    kernels = LINUX.findall("\n".join(entry.lines)) if entry else []
    if not kernels:
        return None
    variables = _environment(host, path)
    for name, text in re.findall(r"(?m)^\s*set\s+(\w+)=[\"']?([^\"'\n]*)", _text(host, path)):
        variables.setdefault(name, text)
    return VARIABLE.sub(lambda match: variables.get(match["braced"] or match["plain"], ""), kernels[-1])


def _text(host: Host, path: str) -> str:
    text = text_or_nothing(host, path) or ""
    custom = text_or_nothing(host, f"{path.rpartition('/')[0]}/{CUSTOM}") if CUSTOM in text else None
    return f"{text}\n{custom}" if custom else text


def _environment(host: Host, path: str) -> dict[str, str]:
    """The variables of the environment block that lies beside a grub.cfg."""
    block = text_or_nothing(host, f"{path.rpartition('/')[0]}/grubenv") or ""
    return dict(line.split("=", 1) for line in block.split("\n") if "=" in line and not line.startswith("#"))


def _menu(text: str) -> Entry:
    open_ones = [Entry("", "")]
    for line in text.split("\n"):
        bare = line.strip()
        if bare == "}" and len(open_ones) > 1:
            open_ones.pop()
        elif bare.endswith("{") and not bare.startswith("#"):
            entry = _begun(line)
            if entry is not None:
                open_ones[-1].entries.append(entry)
            # The end of a function must not be taken for an entry's.
            open_ones.append(entry or Entry("", ""))
        else:
            open_ones[-1].lines.append(line)
    return open_ones[0]


def _begun(line: str) -> Entry | None:
    """The entry or submenu that begins with a line; None where it is something else that does."""
    match = ENTRY.match(line)
    if match is None:
        return None
    known = ID.search(match["rest"])
    return Entry(match["single"] or match["double"] or "", known["id"] if known else "")


def _default(text: str, kept: dict[str, str]) -> str:
    entries = [entry for entry in DEFAULT.findall(text) if FOR_ONCE not in entry]
    if FOR_ONCE in text and kept.get(FOR_ONCE):
        return kept[FOR_ONCE]
    chosen = entries[-1] if entries else ""
    return kept.get(SAVED, "") if SAVED in chosen else chosen


def _named(entries: list[Entry], name: str) -> Entry:
    at = number(name)
    if at is not None and at < len(entries):
        return entries[at]
    return next((entry for entry in entries if name and name in (entry.id, entry.title)), entries[0])
