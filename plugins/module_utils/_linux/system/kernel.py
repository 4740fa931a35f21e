"""What the kernel was started with, and what its audit system says of itself. Read only.

Addresses:
    cmdline:NAME    str, the value of a boot option as the kernel takes it (the last one counts, - and _ are the same,
                    what follows -- is for the first process); empty for one without a value; absent. What the next
                    start has in its place, by GRUB's menu, stands in `others`
    next:NAME       str, the same of the next start alone; where no menu of GRUB says it, of the running kernel
    audit:NAME      int, a line of `auditctl -s` (enabled, pid, backlog_limit, rate_limit, lost, failure); 2 as enabled
                    is locked, a pid of 0 is nobody who listens
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine, Reading, Readings, absent, reading, value
from ..engine.safe_read import first_of, not_installed, number, read_each, text_or_nothing
from .boot_state import GRUB

NAME = "kernel"
ADDRESSES = re.compile(
    r"\A(?:(?:cmdline|next):[a-z][a-z0-9_.-]{0,60}|audit:(?:enabled|pid|backlog_limit|rate_limit|lost|failure))\Z"
)
CMDLINE = "/proc/cmdline"
KEXEC = "/sys/kernel/kexec_loaded"
WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: a boot option that is wrong can keep a machine from starting."""
    raise ChangeRefused("what the kernel is started with is only reported; change it by hand and restart the machine")


def _read(host: Host, address: str) -> Reading:
    return reading(NAME, address, _aspect(host, address))


def _aspect(host: Host, address: str) -> Aspect:
    kind, _dummy, name = address.partition(":")
    if kind == "audit":
        return _audit(host, name)
    return _next_option(host, name) if kind == "next" else _option(host, name)


def _option(host: Host, name: str) -> Aspect:
    if not host.exists(CMDLINE):
        raise HostError("failed", f"{CMDLINE} is missing, so nobody can say what the kernel was started with")
    now, (later, place) = boot_option(host, name), of_next_start(host, name)
    if now is None:
        return absent(CMDLINE)
    aspect = value(now, CMDLINE, "string")
    if place and later != now:
        aspect["others"] = [{"who": f"the next start ({place})"[:200], "value": later, "type": "string"}]
    return aspect


def _next_option(host: Host, name: str) -> Aspect:
    if (text_or_nothing(host, KEXEC) or "").strip() == "1":
        # `systemctl reboot` starts it (systemctl(1), SYSTEMCTL_SKIP_AUTO_KEXEC).
        raise HostError("failed", "kexec holds another kernel for the next start, and nobody can read its options")
    later, place = of_next_start(host, name)
    if not place:
        later, place = boot_option(host, name), f"{CMDLINE}, since no menu of GRUB says what starts next"
    return absent(place) if later is None else value(later, place, "string")


def of_next_start(host: Host, name: str) -> tuple[str | None, str]:
    """(value or None, place) of an option in the entry that GRUB starts next; no place where it does not say."""
    # GRUB gives each kernel this word of its own; a menu of which this start knows nothing may be a left-over.
    path = first_of(host, GRUB) if boot_option(host, "BOOT_IMAGE") else ""
    if not path:
        return None, ""
    from .grub_menu import next_options  # a machine without GRUB does without

    words = next_options(host, path)
    return (None, "") if words is None else (_option_in(words, name), f"{path}: the entry that starts next")


def boot_option(host: Machine, name: str) -> str | None:
    """The value of a boot option, empty for one without a value; None where the kernel was started without it.

    Raises HostError.
    """
    return _option_in(text_or_nothing(host, CMDLINE) or "", name)


def _option_in(line: str, name: str) -> str | None:
    last = None
    for word in WORD.findall(line):
        if word == "--":
            break
        key, _dummy, text = word.replace('"', "").partition("=")
        if key.replace("-", "_") == name.replace("-", "_"):
            last = text
    return last


def _audit(host: Host, name: str) -> Aspect:
    if not first_of(host, ("/usr/sbin/auditctl", "/sbin/auditctl")):
        return not_installed("auditd")
    if not host.is_root:
        raise HostError("needs_root", "the kernel tells the state of its audit system to root only")
    done = host.query(["auditctl", "-s"])
    if done.rc != 0:
        output = (done.err.strip() or done.out.strip())[:200]
        raise HostError("failed", f"auditctl -s ended with status {done.rc}: {output}")
    if done.out and not done.out.endswith("\n"):
        raise HostError("malformed", f"what auditctl -s says is cut off: {done.out[-60:]!r}")
    for line in done.out.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and number(words[1]) is not None:
            return value(number(words[1]), "auditctl -s", "int")
    raise HostError("malformed", f"auditctl -s says nothing of {name}")
