"""Every way by which messages leave the device, now or after the next start, and what each sends.

rsyslog's part is in log_forwarding_rsyslog.py, systemd-journal-upload's in journal_upload.py.
"""

from __future__ import annotations

RSYSLOGD = "/usr/sbin/rsyslogd"
JOURNAL_UPLOAD = "/usr/lib/systemd/systemd-journal-upload"
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


def look(host) -> Ways:
    """Everything that sends messages away. Raises HostError."""
    ways = Ways()
    if host.exists(RSYSLOGD):
        from . import log_forwarding_rsyslog  # only what is installed is looked at

        log_forwarding_rsyslog.look(host, ways)
    else:
        ways.reasons.append("rsyslog is not installed")
    if host.exists(JOURNAL_UPLOAD):
        from . import journal_upload

        journal_upload.look(host, ways)
    return ways
