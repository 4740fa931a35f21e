"""What a roll-out writes so that the logs leave the device: one file for rsyslog, with TLS to the school's collector.

The file is read before all others, so that nothing is thrown away before. Messages wait in a queue on disk while the
collector cannot be reached (a laptop at home), up to a size; docs/decisions/0006 says why the queue is as it is. The
configuration is tried by rsyslogd itself before it is started again.
"""

from __future__ import annotations

import re
from typing import Any

from ..dropin.systemd import plan as plan_dropin
from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from ..system.systemd_unit import service
from ..system.tls_files import anchors, ended
from . import rsyslog
from .forwarders import MODULES, RSYSLOGD
from .rainerscript import MAIN
from .rsyslog_service import UNIT, fed_by, main_file, module_file
from .senders import look

# Not ossl: that of rsyslog 8.2504, when it ends, sends what waits to whoever is there and has a certificate of the
# authority, whatever his name (tried; compare rsyslog's issue 6350).
DRIVER = "gtls"
OURS = "/etc/rsyslog.d/00-leeboard.conf"
AUTHORITY = "/etc/leeboard/collector-ca.pem"
CERTIFICATE = "/etc/leeboard/collector-client.pem"
KEY = "/etc/leeboard/collector-client.key"
TARGET = re.compile(r"\A([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,39}\]):([1-9][0-9]{0,4})\Z")
# Of rsyslog 8.2504 with gtls (all tried): each attempt to connect computes new parameters for Diffie-Hellman, and until
# that is done nothing is logged anywhere, nor does rsyslogd end. So attempts must be few, though soon enough. A queue
# in memory with a disk behind it ("linkedList") has two workers, makes hundreds of attempts when it ends, and once it
# is full waits 50 ms for each message, which holds up the local files too. On an end while the collector is away the
# batch in hand is lost, so a batch is one message. What is too much for the disk is dropped, and waits for nothing.
TEXT = """\
# Written by Leeboard (FWD-01, FWD-02): all messages go to the school's collector, encrypted, and to nobody else.
action(type="omfwd" name="leeboard" target="{host}" port="{port}" protocol="tcp"
       tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
       streamDriver="{driver}" streamDriverMode="1"
       streamDriverAuthMode="x509/name" streamDriverPermittedPeers="{host}"
       streamDriver.CAFile="{authority}"{client}
       queue.type="disk" queue.filename="leeboard" queue.maxDiskSpace="200m" queue.size="1000000"
       queue.timeoutEnqueue="0" queue.dequeueBatchSize="1" queue.checkpointInterval="10"
       action.resumeRetryCount="-1" action.resumeInterval="20" action.resumeIntervalMax="20")
"""
CLIENT = """
       streamDriver.CertFile="{certificate}" streamDriver.KeyFile="{key}\""""


def plan(host: Host, overlay: OverlayHost, wanted: dict[str, Any]) -> list[list[str]]:
    """Put our file into `overlay`. Returns the commands that load it. Raises ChangeRefused, HostError."""
    if not host.exists(RSYSLOGD):
        raise ChangeRefused("rsyslog is not installed; the role log_forwarding installs it")
    target = _target(host, wanted)
    wrong = ended(host, AUTHORITY) if host.exists(AUTHORITY) else f"{AUTHORITY} is missing"
    if wrong:
        raise ChangeRefused(
            f"{wrong}; put the certificate of the authority that signed the collector's there (the role's "
            "log_forwarding_ca does it), or nobody could be recognised"
        )
    _the_schools_own(host, wanted.get("tls-anchors"))
    commands: list[list[str]] = []
    path = main_file(host)
    overlay.put(OURS, text(host, target), mode=0o644)
    after = rsyslog.read(overlay, path)
    _alone(after, host, target, path)
    if fed_by(host, after.configuration)[0]:
        commands += plan_dropin(host, overlay, "systemd/journald.conf:Journal.ForwardToSyslog", "yes")
        missing = fed_by(overlay, after.configuration)[0]
        if missing:
            raise ChangeRefused(f"{missing}; put that right by hand")
    idle = service(host, UNIT).why
    if idle and host.exists("/run/systemd/system"):
        commands += [["systemctl", "unmask", UNIT], ["systemctl", "enable", UNIT]]
    if overlay.changes_something() or idle or look(host).note:
        commands += [[RSYSLOGD, "-N1", "-f", path]]
        commands += [["systemctl", "restart", UNIT]] if host.exists("/run/systemd/system") else []
    return commands


def _the_schools_own(host: Host, named: Any) -> None:
    """Refuse to send anything to whom a stranger's certificate recognises. `named` are digests with blanks between."""
    if not isinstance(named, (str, list)):
        return
    digests = {str(digest).casefold() for digest in (named.split() if isinstance(named, str) else named)}
    for digest in anchors(host, AUTHORITY):
        if digest.casefold() not in digests:
            raise ChangeRefused(
                f"{AUTHORITY} holds a certificate that leeboard_log_collector_ca does not name ({digest}); put the "
                "school's own there (the role's log_forwarding_ca does it)"
            )


def text(host: Host, target: str) -> str:
    """Our file for a collector HOST:PORT. Raises ChangeRefused, HostError."""
    match = TARGET.match(target)
    if not match or int(match.group(2)) > 65535:
        raise ChangeRefused(f"the collector must be named as HOST:PORT, not {target[:100]!r}")
    if not module_file(host, MODULES[DRIVER]):
        raise ChangeRefused("rsyslog has no module for TLS that recognises its collector; install rsyslog-gnutls")
    own = ""
    if host.exists(CERTIFICATE) and host.exists(KEY):
        own = CLIENT.format(certificate=CERTIFICATE, key=KEY)
    name = match.group(1).strip("[]")
    return TEXT.format(host=name, port=match.group(2), driver=DRIVER, authority=AUTHORITY, client=own)


def _target(host: Host, wanted: dict[str, Any]) -> str:
    """The collector that is wanted, or else the one that everything goes to now. Raises ChangeRefused, HostError."""
    target = wanted.get("collector", wanted.get("tls-peers"))
    if target is None:
        now = look(host).complete
        target = now[0] if len(now) == 1 else ""
    if not isinstance(target, str) or not target:
        raise ChangeRefused("no collector is named; set leeboard_log_collector for the school")
    if "://" in target:
        raise ChangeRefused(
            f"{target[:100]} is a collector for systemd-journal-upload, which Leeboard checks and does not set up"
        )
    return target


def _alone(after: rsyslog.Rsyslog, host: Host, target: str, path: str) -> None:
    """Refuse where another file would still send messages away, or would throw them away before ours."""
    if path != MAIN:
        raise ChangeRefused(f"rsyslogd is started with {path}; Leeboard writes for {MAIN} only")
    if OURS not in after.configuration.paths:
        raise ChangeRefused(f"{MAIN} does not include /etc/rsyslog.d/*.conf, so the collector must be named by hand")
    for one in after.sendings:
        if not one.place.startswith(OURS + ","):
            raise ChangeRefused(f"{one.place} sends messages to {one.target} as well; take it out there")
    if rsyslog.complete(after.sendings) != [target]:
        lost = after.lost[0] if after.lost else "a filter"
        raise ChangeRefused(f"{lost} keeps messages from {OURS}; take it out there")
    for one in look(host).sendings:
        if "://" in one.target:
            raise ChangeRefused(
                f"systemd-journal-upload sends the journal to {one.target} as well; switch one of them off"
            )
