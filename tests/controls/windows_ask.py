"""What the truths of a Windows machine ask in common: values of its registry, from Wine's own reg.exe."""

from __future__ import annotations

import re

from tests.windows.machine import WindowsMachine


def number(machine: WindowsMachine, key: str, name: str) -> int | None:
    """A number as reg.exe exports it, kept as REG_DWORD or as text; None for anything else."""
    value = machine.reg_query(key, name)
    if value is None:
        return None
    kind, data = value
    if kind == "REG_DWORD":
        return int(data, 16)
    return int(data) if kind == "REG_SZ" and re.fullmatch(r"\d+", data.strip()) else None


def text(machine: WindowsMachine, key: str, name: str) -> str:
    """Text, or the text of several lines, without outer blanks; empty for anything else."""
    kind, data = machine.reg_query(key, name) or ("", "")
    if kind == "REG_MULTI_SZ":
        data = bytes.fromhex(data).decode("utf-16-le").replace("\0", "\n")
    return data.strip() if kind in ("REG_SZ", "REG_MULTI_SZ") else ""


def texts(machine: WindowsMachine, key: str) -> dict[str, str]:
    """Every text of a key by its name, as `reg.exe query` prints them; empty where there is no such key."""
    output = machine.call("reg", "query", key).stdout.decode("utf-8", "replace")
    return {match[1]: match[2] for match in re.finditer(r"^ {4}(\S.*?) {4}REG_SZ {4}([^\r\n]*)", output, re.MULTILINE)}
