"""What a change of Plasma's lock screen comes to: /etc/xdg/kscreenlockerrc with our values, its group immutable.

Everything else in the file stays as it is, byte for byte. A change that another file would undo is refused, and the
text names the place: a group that kdeglobals makes immutable first, a folder that comes before /etc/xdg, somebody's own
file. The immutable group makes stronger folders count for nothing, so a value that was set there is written as well.
"""

from __future__ import annotations

from typing import Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost, encode
from ..engine.reading import Aspect
from ..system.desktops import desktops
from .ini import Entry, parse, text_of
from .keys import FILE, GROUP, KEYS, SWITCHES
from .view import View, typed

PATH = f"/etc/xdg/{FILE}"
HEADER = b"[Daemon]"
IMMUTABLE = HEADER + b"[$i]"


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The file as it will be. Raises ChangeRefused when that would not have the wanted effect, HostError."""
    if "plasma" not in desktops(host):
        raise ChangeRefused("KDE Plasma is not installed, so there is nothing to change")
    overlay, view = OverlayHost(host), View(host)
    values, lock = {}, False
    for change in changes:
        address, wanted = change["address"], change["value"]
        _file, _dot, name = address.rpartition("Daemon.")
        key, mark, _dummy = name.partition("#")
        if key not in KEYS:
            raise ChangeRefused(f"{address!r} cannot be set")
        if mark and wanted is not True:
            raise ChangeRefused(f"{address}: a lock can only be set, not taken away")
        if not mark and isinstance(wanted, bool) is not (key in SWITCHES):
            raise ChangeRefused(
                f"{address}: the wanted value must be {'true or false' if key in SWITCHES else 'a number'}"
            )
        if not mark and not isinstance(wanted, int):
            raise ChangeRefused(f"{address}: the wanted value must be a number")
        if _holds(view, key, bool(mark), wanted):
            continue
        lock = lock or bool(mark)
        if not mark:
            values[key] = wanted
    if not values and not lock:
        return overlay.result()
    after = _plan(host, overlay, view, values, lock)
    for change in changes:
        key, mark, _dummy = change["address"].rpartition(".")[2].partition("#")
        if not _holds(after, key, bool(mark), change["value"]):
            aspect = after.immutable(key) if mark else after.value(key)
            raise ChangeRefused(f"{change['address']}: {_stronger(aspect)}")
    return overlay.result()


def _holds(view: View, key: str, mark: bool, wanted: Any) -> bool:
    aspect = view.immutable(key) if mark else view.value(key)
    same = aspect.get("value") == wanted and isinstance(aspect.get("value"), bool) is isinstance(wanted, bool)
    return same and "others" not in aspect


def _stronger(aspect: Aspect) -> str:
    if aspect["state"] == "unreadable":
        return str(aspect["why"])
    if "others" in aspect:
        who = aspect["others"][0]["who"]
        return f"{who} would still get something else, from files of that session's own; look there"
    return f"{aspect['source']} would still decide; change it there"


def _plan(host: Host, overlay: OverlayHost, view: View, values: dict[str, Any], lock: bool) -> View:
    """Put the file into `overlay`. Returns the machine as it will be seen."""
    try:
        content = overlay.read(PATH)
    except FileNotFoundError:
        content = b"# Written by Leeboard\n"
    content = with_values(content, {key: encode(_text(wanted)) for key, wanted in values.items()}, lock)
    after = View(host, {PATH: content})
    lost = {}
    for key in KEYS:
        before = view.held(key)
        if lock and key not in values and typed(key, before) != typed(key, after.held(key)) and before:
            lost[key] = encode(text_of(before.value or b""))
    if lost:
        content = with_values(content, lost, lock)
        after = View(host, {PATH: content})
    overlay.put_bytes(PATH, content, mode=0o644, owner=(0, 0))
    return after


def _text(wanted: Any) -> str:
    return str(wanted).lower()


def with_values(content: bytes, values: dict[str, bytes], lock: bool) -> bytes:
    """`content` with `values` ({key: bytes}) in [Daemon]; `lock` makes the group immutable.

    Every other line that says something of a key in this group goes: for a language, deleting it, or given twice.
    """
    lines = content.split(b"\n")
    parsed = parse(content).lines
    last: dict[str, int] = {}
    header = None
    for count, one in parsed.items():
        if one.group == GROUP and isinstance(one, Entry):
            last[text_of(one.key)] = count
        elif one.group == GROUP and header is None:
            header = count
    out = []
    for count, raw in enumerate(lines):
        line = parsed.get(count)
        if line is not None and line.group == GROUP and isinstance(line, Entry) and text_of(line.key) in values:
            key = text_of(line.key)
            if last[key] == count:
                out.append(key.encode() + b"=" + values[key])
            continue
        ours = line is not None and line.group == GROUP and not isinstance(line, Entry)
        out.append(IMMUTABLE if ours and lock else raw)
        if ours and count == header:
            out += [key.encode() + b"=" + text for key, text in values.items() if key not in last]
    if header is None:
        while out and not out[-1].strip():
            out.pop()
        out += [b""] * bool(out) + [IMMUTABLE if lock else HEADER]
        out += [key.encode() + b"=" + text for key, text in values.items()] + [b""]
    return b"\n".join(out)
