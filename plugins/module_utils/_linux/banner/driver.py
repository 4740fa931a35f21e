"""Texts shown before and after sign-in on a console or by SSH.

Addresses, all with one trailing newline taken off:
`/etc/issue` (str: *configured* is the file, *effective* what a console shows, with its fragments; escapes such as \\n
stay visible), `/etc/issue.net` (str), `motd` (str: what pam_motd shows after sign-in), `motd-scripts` (list of the
scripts in /etc/update-motd.d that would print system details).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, absent, reading, value
from ..engine.safe_read import first_of, read_each, text_or_nothing
from .issue import fragments, shown_on_console
from .motd import FILE as MOTD
from .motd import shown_after_sign_in, talkative_scripts

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

NAME = "banner"
ISSUE, ISSUE_NET = "/etc/issue", "/etc/issue.net"
ADDRESSES = re.compile(r"\A(?:/etc/issue|/etc/issue\.net|motd|motd-scripts)\Z")
LONGEST = 65536  # characters; pam_motd shows no longer text


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    if address == "motd-scripts":
        scripts, source = talkative_scripts(host)
        return reading(NAME, address, value(scripts, source, "list"))
    if address == "motd":
        return reading(NAME, address, shown_after_sign_in(host))
    text = text_or_nothing(host, address)
    configured = absent(address) if text is None else value(without_newline(text), address, "string")
    if address == ISSUE_NET:
        return reading(NAME, address, dict(configured), configured)
    shown, sources = shown_on_console(host)
    effective = value(without_newline(shown), ", ".join(sources), "string") if sources else absent(ISSUE)
    return reading(NAME, address, effective, configured)


def without_newline(text: str) -> str:
    """A text without its one trailing newline."""
    return text[:-1] if text.endswith("\n") else text


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files with the wanted texts. Raises ChangeRefused when something that cannot be changed would still show."""
    from ..engine.overlay_host import OverlayHost  # a check does without

    overlay = OverlayHost(host)
    commands = []
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        if address == "motd-scripts":
            _silence_scripts(host, overlay, wanted)
            continue
        if not isinstance(wanted, str) or len(wanted) > LONGEST:
            raise ChangeRefused(f"{address}: the wanted value must be a text of at most {LONGEST} characters")
        if address == "motd":
            _plan_motd(overlay, wanted)
            continue
        overlay.put(address, wanted + "\n", mode=0o644)
        if address == ISSUE:
            _plan_fragments(overlay, wanted)
            if overlay.changes_something() and first_of(host, ("/usr/sbin/agetty", "/sbin/agetty")):
                commands.append(["agetty", "--reload"])  # a console that already waits shows the new text
    return overlay.result(commands)


def _plan_fragments(overlay: OverlayHost, wanted: str) -> None:
    for path in fragments(overlay, "/etc/issue.d"):
        overlay.remove(path)
    shown, sources = shown_on_console(overlay)
    if without_newline(shown) != wanted:
        rest = [source for source in sources if not source.startswith("/etc/")]
        raise ChangeRefused(
            f"a console would still show {', '.join(rest)} after {ISSUE}, and since util-linux 2.41 nothing in /etc "
            "can hide it; take it away by hand and repeat the roll-out"
        )


def _plan_motd(overlay: OverlayHost, wanted: str) -> None:
    overlay.put(MOTD, wanted + "\n" if wanted else "", mode=0o644)
    for folder in ("/etc/motd.d", "/run/motd.d", "/usr/lib/motd.d"):
        for name in overlay.entries(folder):
            if overlay.link(f"/etc/motd.d/{name}") != "/dev/null":
                overlay.put(f"/etc/motd.d/{name}", "", mode=0o644)  # an empty file hides its namesakes
    if overlay.exists("/run/motd.dynamic"):
        overlay.put("/run/motd.dynamic", "")  # what the scripts said at the last sign-in
    shown = shown_after_sign_in(overlay)
    texts = [shown.get("value", "")] + [other["value"] for other in shown.get("others", [])]
    if any(text != wanted for text in texts):
        raise ChangeRefused(f"PAM would still show another text after sign-in: {shown.get('source', '')[:200]}")


def _silence_scripts(host: Host, overlay: OverlayHost, wanted: Any) -> None:
    if wanted != []:
        raise ChangeRefused("the only value that can be written for motd-scripts is the empty list")
    for path in talkative_scripts(host)[0]:
        mode = host.stat(path).st_mode & 0o7777
        overlay.put_bytes(path, host.read(path), mode=mode & ~0o111)
