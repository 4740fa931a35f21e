"""How xrdp lets people in and what it lets them carry out: /etc/xrdp/xrdp.ini. Read only.

Addresses:
    security_layer      str, tls, rdp or negotiate, as xrdp.ini(5) has it; without the key it is negotiate
    rdpdr, cliprdr      bool, whether drives and the clipboard pass between the two machines

xrdp reads the file for each connection, so what is written there counts from the next one.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import not_installed, read_each

NAME = "xrdp"
ADDRESSES = re.compile(r"\A(?:security_layer|rdpdr|cliprdr)\Z")
ALL = ["security_layer", "rdpdr", "cliprdr"]
PROGRAM = "/usr/sbin/xrdp"
FILE = "/etc/xrdp/xrdp.ini"
ON = ("1", "true", "on", "yes")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: a slip would cut off whoever works through xrdp."""
    raise ChangeRefused("xrdp is only reported: a slip would cut off whoever works through it")


def _read(host: Host, address: str) -> Reading:
    if not host.exists(PROGRAM):
        return reading(NAME, address, not_installed("xrdp"))
    try:
        text = host.text(FILE)
    except FileNotFoundError:
        raise HostError("malformed", f"{FILE} is missing, so xrdp does not start") from None
    assignments = _assignments(text)
    if address == "security_layer":
        layer, line = assignments.get(("globals", "security_layer"), ("negotiate", 0))
        return reading(NAME, address, value(layer.lower(), _place(line), "string"))
    allowed, line = assignments.get(("globals", "allow_channels"), ("true", 0))
    if allowed.lower() in ON:
        # A channel that is not in the list is blocked.
        allowed, line = assignments.get(("channels", address), ("false", 0))
    return reading(NAME, address, value(allowed.lower() in ON, _place(line), "bool"))


def _place(line: int) -> str:
    return f"{FILE}, line {line}" if line else f"{FILE} does not say it"


def _assignments(text: str) -> dict[tuple[str, str], tuple[str, int]]:
    """{(section, key): (text, line)} in lower case; the last of a key counts."""
    assignments: dict[tuple[str, str], tuple[str, int]] = {}
    section = ""
    for count, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare.startswith("["):
            section = bare.strip("[]").strip().lower()
            continue
        key, equals, setting = bare.partition("=")
        if equals:
            assignments[section, key.strip().lower()] = (setting.strip(), count)
    return assignments
