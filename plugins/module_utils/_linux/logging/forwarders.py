"""The ways by which messages leave the device, as they are collected from each program that may send some."""

from __future__ import annotations

RSYSLOGD = "/usr/sbin/rsyslogd"
MODULES = {"gtls": "lmnsd_gtls.so", "ossl": "lmnsd_ossl.so"}


class Ways:
    """`sendings` of programs that run or start with the machine, since a way that is not protected counts by either;
    `complete`, targets of everything by programs that do both, `others`, the same by programs that do one of them,
    `reasons` why there are no more, and a `note` when a program is older than its configuration."""

    def __init__(self) -> None:
        self.sendings: list = []
        self.complete: list = []
        self.others: list = []
        self.reasons: list = []
        self.note = ""


def unit_place(place: str, why: str) -> str:
    """Where a way is written, with `why` its program does not both run and start with the machine."""
    return f"{place} ({why})" if why else place
