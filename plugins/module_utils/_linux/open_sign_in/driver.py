"""Who is let in without a password: on consoles, by sign-in screens other than GDM, and by services of PAM. Read only.

Addresses (each a list of text, empty where nobody is let in):

    consoles         units that sign somebody in on a terminal, or start a shell there (`consoles`)
    greeters         automatic sign-in of LightDM, SDDM, greetd and others (`greeters`); GDM's is the driver dropin's
    services         lines of PAM that let somebody in who shows nothing (`services`)
    empty-passwords  accounts with a shell whose password is empty, where PAM takes an empty one. Needs root
"""

from __future__ import annotations

import re

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from . import consoles, services

NAME = "open_sign_in"
ADDRESSES = re.compile(r"\A(?:consoles|greeters|services|empty-passwords)\Z")
ALL = ["consoles", "greeters", "services", "empty-passwords"]
SOURCES = {
    "consoles": "units of systemd, and what the kernel is started with",
    "greeters": "files of the sign-in screens",
    "services": "/etc/pam.d",
    "empty-passwords": "/etc/passwd, /etc/shadow, /etc/pam.d",
}
# A sign-in screen counts where its program is there; what a removed package left behind does nothing.
GREETERS = (
    "/usr/sbin/lightdm", "/usr/bin/sddm", "/usr/sbin/greetd", "/usr/bin/greetd", "/usr/sbin/lxdm", "/usr/sbin/nodm",
    "/usr/bin/slim", "/usr/bin/ly", "/usr/bin/ly-dm",
)  # fmt: skip
MOST = 100  # of one list


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, lambda address: _read(host, address))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: whoever signs in that way may have no other."""
    raise ChangeRefused("who is let in without a password is only reported; take it out by hand, where it is named")


def _read(host: Host, address: str) -> Reading:
    found = sorted(set(_found(host, address)))[:MOST]
    return reading(NAME, address, value(found, SOURCES[address], "list"))


def _found(host: Host, address: str) -> list[str]:
    if address == "consoles":
        return consoles.found(host)
    if address == "services":
        return services.found(host)
    if address == "empty-passwords":
        return services.empty_passwords(host)
    programs = [path.rsplit("/", 1)[-1] for path in GREETERS if host.exists(path)]
    if not programs:
        return []
    from . import greeters  # most machines have GDM, or none

    return greeters.found(host, programs)
