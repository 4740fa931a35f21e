"""The text that a change leaves in key files, lock files and profiles. Pure: text in, text out."""

from __future__ import annotations

import re

from ..system.dconf_variant import Typed, printed
from .keyfiles import BadKeyFile, assignments

OURS = "zz-leeboard"  # sorts after the names that people give, so its values win within a database
HEAD = (
    "# Written by Leeboard (the school's security baseline). A change made here is put back by the next roll-out;\n"
    "# to set other keys, use a file of your own beside this one and run dconf update.\n"
)


def key_file(text: str | None, wanted: dict[str, Typed]) -> str:
    """Our own key file with `wanted` {path: Typed} in it, and what it held before."""
    values = {**_readable(text or ""), **wanted}
    lines, group = [HEAD], None
    for path in sorted(values, key=lambda path: path.rpartition("/")[::2]):
        folder, _slash, key = path.rpartition("/")
        if folder != group:
            lines.append(f"\n[{folder.strip('/')}]\n")
            group = folder
        lines.append(f"{key}={printed(values[path])}\n")
    return "".join(lines)


def _readable(text: str) -> dict[str, Typed]:
    """What can be understood of our own file, line by line, should somebody have damaged it."""
    values, group = {}, ""
    for line in text.split("\n"):
        if line.startswith("["):
            group = line
            continue
        try:
            for each in assignments(f"{group}\n{line}\n", OURS):
                values[each.path] = each.typed
        except BadKeyFile:
            continue
    return values


def lock_file(text: str | None, wanted: list[str]) -> str:
    """Our own lock file with the paths `wanted` in it, and those it held before."""
    locks = {line for line in (text or "").split("\n") if line.startswith("/")}
    return HEAD + "".join(f"{path}\n" for path in sorted(locks | set(wanted)))


def without(text: str, path: str, file: str) -> str:
    """Somebody's key file without the lines that set `path`; every other line stays as it is."""
    gone = {each.line for each in assignments(text, file) if each.path == path}
    return "\n".join(line for number, line in enumerate(text.split("\n"), 1) if number not in gone)


def with_value(text: str, path: str, typed: Typed, file: str) -> str:
    """Somebody's key file with `path` set: its last assignment replaced, or a line added to its group."""
    folder, _slash, key = path.rpartition("/")
    lines = text.split("\n")
    new = f"{key}={printed(typed)}"
    held = [each for each in assignments(text, file) if each.path == path]
    if held:
        written = lines[held[-1].line - 1]
        # The key may stand in a shorter group ("desktop/session/idle-delay" below [org/gnome]).
        lines[held[-1].line - 1] = f"{written.partition('=')[0].strip()}={printed(typed)}"
        return "\n".join(lines)
    heading = re.compile(r"\s*\[" + re.escape(folder.strip("/")) + r"\][ \t]*\r?\Z")
    for number, line in enumerate(lines):
        if heading.match(line):
            lines.insert(number + 1, new)
            return "\n".join(lines)
    end = text if not text or text.endswith("\n") else text + "\n"
    return f"{end}\n[{folder.strip('/')}]\n{new}\n"


def with_database(text: str, name: str, last: bool = False) -> str:
    """A profile with `system-db:NAME`: right after the user's own database, or as the last line."""
    line = f"system-db:{name}"
    lines = text.split("\n") if text else []
    while lines and not lines[-1].strip():
        lines.pop()
    sources = [
        number for number, each in enumerate(lines) if re.match(r"\s*(user|service|system|file)-db:[^#\s]", each)
    ]
    if not sources:
        lines += ["user-db:user", line]
    elif last:
        lines.append(line)
    else:
        own = re.match(r"\s*(user|service)-db:", lines[sources[0]])
        lines.insert(sources[0] + 1 if own else sources[0], line)
    return "\n".join(lines) + "\n"
