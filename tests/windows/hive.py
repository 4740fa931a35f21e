"""A registry hive in Wine's text format, read and written by ourselves: while a machine is off, this is its registry.

Format: the files system.reg, user.reg of a Wine prefix, and whatever RegSaveKey writes there. A key is
`[Software\\\\Name] <time>` with `#time=<FILETIME in hex>` below it, then `"name"=<value>` or `@=<value>`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

Data = str | int | bytes | list[str]
_HEAD = "WINE REGISTRY Version 2\n;; All keys relative to {root}\n\n#arch=win64\n"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Hive:
    """The keys of one hive. Names are kept as they are and found in any case, as Windows does."""

    def __init__(self, root: str) -> None:
        self._head = _HEAD.format(root=root)
        self._keys: dict[str, tuple[str, list[str]]] = {}

    @classmethod
    def read(cls, path: Path) -> Hive:
        """The hive in `path`."""
        head, *sections = re.split(r"\n(?=\[)", path.read_text(encoding="utf-8"))
        hive = cls("")
        hive._head = head
        for section in sections:
            lines = _joined(section.rstrip("\n").split("\n"))
            name = lines[0][1 : lines[0].rindex("]")].replace("\\\\", "\\")
            hive._keys[name.lower()] = (name, lines)
        return hive

    def write(self, path: Path) -> None:
        """Write the hive so that the old file or the new one is there, whole. Nobody else may have it loaded."""
        sections = ["\n".join(lines) + "\n" for _name, lines in self._keys.values()]
        temporary = path.with_name(path.name + ".new")
        temporary.write_text("\n".join([self._head, *sections]), encoding="utf-8")
        temporary.replace(path)

    def key(self, name: str, written: datetime | None = None) -> list[str]:
        """The lines of a key, made where it is missing; `written` sets its last write time."""
        found = self._keys.get(name.lower())
        if found is None:
            header = "[" + name.replace("\\", "\\\\") + "] 0"
            found = self._keys[name.lower()] = (name, [header])
        if written is not None:
            ticks = int((written - _EPOCH).total_seconds() * 10_000_000)
            found[1][:] = [line for line in found[1] if not line.startswith("#time=")]
            found[1].insert(1, f"#time={ticks:x}")
        return found[1]

    def set(self, key: str, name: str, data: Data, kind: str = "") -> None:
        """Set a value. `kind`: dword, string, expand_string, multi_string, qword, binary; else what `data` suggests."""
        lines = self.key(key)
        self.delete(key, name)
        lines.append(f"{_quoted(name) if name else '@'}={_written(data, kind)}")

    def delete(self, key: str, name: str) -> None:
        """Remove a value if it is there."""
        lines = self._keys.get(key.lower(), ("", []))[1]
        start = f"{_quoted(name) if name else '@'}=".lower()
        lines[:] = [line for line in lines if not line.lower().startswith(start)]

    def delete_key(self, key: str) -> None:
        """Remove a key with all below it."""
        for name in [name for name in self._keys if name == key.lower() or name.startswith(key.lower() + "\\")]:
            del self._keys[name]

    def raw(self, key: str, name: str) -> str | None:
        """A value as the file has it, `dword:00000384` or `"text"`; None where it is absent."""
        start = f"{_quoted(name) if name else '@'}=".lower()
        lines = self._keys.get(key.lower(), ("", []))[1]
        return next((line[len(start) :] for line in lines if line.lower().startswith(start)), None)

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        return key.lower() in self._keys


def _joined(lines: list[str]) -> list[str]:
    """Long hexadecimal values go over several lines, each but the last ending with a backslash."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith(",\\"):
            joined[-1] = joined[-1][:-1] + line.strip()
        else:
            joined.append(line)
    return joined


def _quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    shown = (escapes.get(one, one if " " <= one <= "~" else _hexadecimal(one)) for one in text)
    return '"' + "".join(shown) + '"'


def _hexadecimal(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\x{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _written(data: Data, kind: str) -> str:
    if isinstance(data, int):
        if kind == "qword":
            return "hex(b):" + data.to_bytes(8, "little").hex(",")
        return f"dword:{data:08x}"
    if isinstance(data, bytes):
        return "hex:" + data.hex(",")
    if isinstance(data, list):
        return "str(7):" + _quoted("".join(f"{one}\0" for one in data))
    return ("str(2):" if kind == "expand_string" else "") + _quoted(data)
