"""Every way by which messages leave the device, now or after the next start, and what each sends.

rsyslog's part is in logging/rsyslog_service.py, systemd-journal-upload's in logging/journal_upload.py.
"""

from __future__ import annotations

from ..engine.host import Host
from .forwarders import RSYSLOGD, Forwarders

JOURNAL_UPLOAD = "/usr/lib/systemd/systemd-journal-upload"


def look(host: Host) -> Forwarders:
    """Everything that sends messages away. Raises HostError."""
    forwarders = Forwarders()
    if host.exists(RSYSLOGD):
        from . import rsyslog_service  # only what is installed is looked at

        rsyslog_service.look(host, forwarders)
    else:
        forwarders.reasons.append("rsyslog is not installed")
    if host.exists(JOURNAL_UPLOAD):
        from . import journal_upload

        journal_upload.look(host, forwarders)
    return forwarders
