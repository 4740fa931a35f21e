"""Where the device's logs go, and how they are protected on the way: by rsyslog, by systemd-journal-upload, or nowhere.

Addresses:
    collector            str, where all messages go: HOST:PORT by rsyslog, https://HOST:PORT by systemd-journal-upload,
                         joined by " and " where there are several; absent when no program sends everything
    tls-driver           str, what protects the way: gtls or ossl (rsyslog), https (systemd-journal-upload); anything
                         else (ptcp, udp, http, a driver without its module) protects nothing
    tls-mode             int, rsyslog's number for it: 1 is TLS, 0 plain text
    tls-check            str, how the collector is recognised: x509/name, x509/fingerprint, x509/certvalid, anon
    tls-peers            list, the names or fingerprints that the collector may have
    tls-authority        list of what is wrong with the certificate that the collector is recognised by, and from
                         when to when it is valid
    tls-anchors          list of the digests by which it is recognised, SHA256:AA:BB...: of the certificates of
                         authorities, or where it is recognised by a fingerprint those that are named; absent where
                         nothing is sent by TLS
    client-certificate   list of what is wrong with the device's own certificate and key, likewise

All but the first are of everything that is sent, also of a single facility; the first way that is found is the value,
the others are `others`. They are absent when nothing is sent.

The school's collector gets the logs when the program that sends them runs *and* is started at boot. Any other way
counts when its program runs *or* is started at boot: it is one now, or at the next start. So does a connection of the
running rsyslogd that its files do not name (logging/connections.py).
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, unreadable, value
from ..engine.safe_read import attempt, foreign
from .forwarders import MODULES, Forwarders, Sending
from .senders import look

NAME = "log_forwarding"
ALL = (
    "collector", "tls-driver", "tls-mode", "tls-check", "tls-peers", "tls-authority", "tls-anchors",
    "client-certificate",
)  # fmt: skip
ADDRESSES = re.compile(rf"\A(?:{'|'.join(ALL)})\Z")
TLS = (*MODULES, "https")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    try:
        forwarders: Forwarders | HostError = look(host)
    except HostError as problem:
        forwarders = problem
    return {
        address: attempt(NAME, address, partial(_reading, host, address, forwarders))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def _reading(host: Host, address: str, forwarders: Forwarders | HostError) -> Reading:
    if isinstance(forwarders, HostError):
        raise forwarders
    aspect = _collector(forwarders) if address == "collector" else _protection(host, address, forwarders)
    if forwarders.note:
        aspect["note"] = forwarders.note
        return reading(NAME, address, aspect, running=unreadable("failed", forwarders.note))
    return reading(NAME, address, aspect)


def _collector(forwarders: Forwarders) -> Aspect:
    if not forwarders.complete:
        return absent("; ".join(dict.fromkeys(forwarders.reasons))[:1000])
    targets = dict.fromkeys([*forwarders.complete, *forwarders.others])
    places = [sending.place for sending in forwarders.sendings if sending.target in targets]
    return value(" and ".join(targets), ", ".join(places)[:1000], "string")


def _protection(host: Host, address: str, forwarders: Forwarders) -> Aspect:
    if not forwarders.sendings:
        return absent("nothing is sent to another machine")
    if address == "tls-anchors":
        return _anchors(host, forwarders)
    if address in ("tls-authority", "client-certificate"):
        return _files(host, address, forwarders)
    values = [(sending, _value_of(address, sending)) for sending in forwarders.sendings]
    kind = {"tls-mode": "int", "tls-peers": "list"}.get(address, "string")
    aspect = value(values[0][1], values[0][0].place, kind)
    others = [
        {"who": f"messages to {sending.target} ({sending.place})", "value": theirs, "type": kind}
        for sending, theirs in values[1:]
        if theirs != values[0][1]
    ]
    if others:
        aspect["others"] = others[:100]
    return aspect


def _value_of(address: str, sending: Sending) -> str | int | list[str]:
    values: dict[str, str | int | list[str]] = {
        "tls-driver": sending.driver,
        "tls-mode": sending.mode,
        "tls-check": sending.auth,
        "tls-peers": sending.peers,
    }
    return values[address]


def _recognising(forwarders: Forwarders) -> list[Sending]:
    """The ways that use TLS and look at who the collector is; what the others lack, the other readings name."""
    return [one for one in forwarders.sendings if one.driver in TLS and one.mode != 0 and one.auth != "anon"]


def _anchors(host: Host, forwarders: Forwarders) -> Aspect:
    from ..system.tls_files import anchors  # only for a way that uses TLS

    by_tls = _recognising(forwarders)
    if not by_tls:
        return absent("nothing is sent by TLS to a collector that is recognised")
    digests = [
        digest
        for sending in by_tls
        for digest in (
            [peer.upper() for peer in sending.peers]
            if sending.auth.startswith("x509/fingerprint")
            else anchors(host, sending.ca)
        )
    ]
    places = [sending.ca or sending.place for sending in by_tls]
    return value(list(dict.fromkeys(digests))[:100], ", ".join(dict.fromkeys(places))[:1000], "list")


def _files(host: Host, address: str, forwarders: Forwarders) -> Aspect:
    """What is to be said of the files of every way that uses TLS; of a way without it the other readings do."""
    from ..system.tls_files import authority, client  # only for a way that uses TLS

    faults: list[str] = []
    for sending in _recognising(forwarders):
        if address == "tls-authority":
            faults += authority(host, sending.ca, sending.who)
        else:
            faults += client(host, sending.certificate, sending.key, sending.who)
    return value(list(dict.fromkeys(faults)), ", ".join(one.place for one in forwarders.sendings)[:1000], "list")


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Our own configuration of rsyslog, whichever of its values is to change. Raises ChangeRefused, HostError."""
    from ..engine.overlay_host import OverlayHost
    from .writing import plan  # a check does without

    for change in changes:
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
    overlay = OverlayHost(host)
    commands = plan(host, overlay, {change["address"]: change["value"] for change in changes})
    return overlay.result(commands)
