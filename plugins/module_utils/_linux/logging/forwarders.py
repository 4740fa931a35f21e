"""The ways by which messages leave the device, as they are collected from each program that may send some."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..system.tls_files import Who

RSYSLOGD = "/usr/sbin/rsyslogd"
MODULES = {"gtls": "lmnsd_gtls.so", "ossl": "lmnsd_ossl.so"}
# The severities, as bits, of each of syslog's facilities.
Mask = tuple[int, ...]
EVERYTHING: Mask = (0xFF,) * 24
NOTHING: Mask = (0,) * 24


class Sending:
    """One way by which messages leave: `target` (host:port), where it is written (`place`), and how it is protected.

    `driver` is gtls, ossl, ptcp, udp or another module's name, `mode` rsyslog's number for it, `auth` how the other end
    is checked, `peers` the names it may have, `ca`, `certificate` and `key` are paths or empty; `who` opens them.
    """

    def __init__(self, target: str, place: str, driver: str) -> None:
        self.target = target
        self.place = place
        self.driver = driver
        self.mode = 0
        self.auth = ""
        self.peers: list[str] = []
        self.ca = ""
        self.certificate = ""
        self.key = ""
        self.who: Who | None = None
        self.certain: Mask = NOTHING


class Forwarders:
    """`sendings` of programs that run or start with the machine, since a way that is not protected counts by either;
    `complete`, targets of everything by programs that do both, `others`, the same by programs that do one of them,
    `reasons` why there are no more, and a `note` when a program is older than its configuration."""

    def __init__(self) -> None:
        self.sendings: list[Sending] = []
        self.complete: list[str] = []
        self.others: list[str] = []
        self.reasons: list[str] = []
        self.note = ""


def unit_place(place: str, why: str) -> str:
    """Where a way is written, with `why` its program does not both run and start with the machine."""
    return f"{place} ({why})" if why else place
