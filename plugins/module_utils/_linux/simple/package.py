"""Which packages are installed, from dpkg's own database. Read only: roles bring packages.

Address: `NAME:installed` (bool; true when the package is unpacked and configured, absent when it is not). What is
unpacked only, half-installed, or removed with its configuration left behind is not installed.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, value
from ..engine.safe_read import NOT_INSTALLED, not_installed, read_each

NAME = "package"
ADDRESSES = re.compile(r"\A[a-z0-9][a-z0-9.+-]{1,100}:installed\Z")
UNKNOWN = "no packages found matching"
FORMAT = "${Package}\\t${Architecture}\\t${db:Status-Status}\\t${db:Status-Eflag}\\t${Version}\\n"


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    names = sorted({_name(address) for address in addresses if ADDRESSES.match(address)})
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host, names))


def _read(host: Host, names: list[str], address: str) -> Reading:
    return reading(NAME, address, _state(host, names, _name(address)))


def _name(address: str) -> str:
    return address.split(":", 1)[0]


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: a role brings packages, with the package manager and its questions."""
    raise ChangeRefused("packages are not installed from here; the roles name those that they need")


def _state(host: Host, names: list[str], name: str) -> Aspect:
    """The aspect of one package; one question to dpkg answers for all of `names`. Raises HostError."""
    done = host.query(["dpkg-query", "-W", "-f", FORMAT, *names])
    # 1 says that some are unknown; it prints the others, and names those.
    if done.rc not in (0, 1) or (done.rc == 1 and UNKNOWN not in done.err):
        raise HostError("failed", f"dpkg-query ended with status {done.rc}: {done.err.strip()[:200]}")
    rows = []
    for line in done.out.splitlines():
        fields = line.split("\t")
        if len(fields) != 5:
            raise HostError("malformed", f"dpkg-query gave a line that makes no sense: {line[:100]!r}")
        if fields[0] == name:
            rows.append(fields[1:])
    if not rows and (done.rc == 0 or (done.out and not done.out.endswith("\n"))):
        raise HostError("malformed", f"dpkg-query said nothing of {name}, and not that it is unknown")
    for architecture, status, flag, version in rows:
        if status == "installed" and flag == "ok":
            return value(True, f"dpkg: {name} {version} ({architecture})", "bool")
    for _architecture, status, _flag, _version in rows:
        if status not in ("not-installed", "config-files"):
            return absent(f"dpkg: the package is {status} only, so {name}{NOT_INSTALLED}")
    return not_installed(name)
