"""Where the device's logs go, and how they are protected on the way: by rsyslog, by systemd-journal-upload, or nowhere.

Addresses:
    collector            str, where all messages go: HOST:PORT by rsyslog, https://HOST:PORT by systemd-journal-upload,
                         joined by " and " where there are several; absent when no program sends everything
    tls-driver           str, what protects the way: gtls or ossl (rsyslog), https (systemd-journal-upload); anything
                         else (ptcp, udp, http, a driver without its module) protects nothing
    tls-mode             int, rsyslog's number for it: 1 is TLS, 0 plain text
    tls-check            str, how the collector is recognised: x509/name, x509/fingerprint, x509/certvalid, anon
    tls-peers            list, the names or fingerprints that the collector may have
    tls-authority        list of what is wrong with the certificate that the collector is recognised by
    tls-anchors          list of the digests by which it is recognised, SHA256:AA:BB...: of the certificates of
                         authorities, or where it is recognised by a fingerprint those that are named; absent where
                         nothing is sent by TLS
    client-certificate   list of what is wrong with the device's own certificate and key

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
from .forwarders import MODULES, Sending, Ways
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
        found: Ways | HostError = look(host)
    except HostError as problem:
        found = problem
    return {
        address: attempt(NAME, address, partial(_reading, host, address, found))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def _reading(host: Host, address: str, found: Ways | HostError) -> Reading:
    if isinstance(found, HostError):
        raise found
    aspect = _collector(found) if address == "collector" else _protection(host, address, found)
    if found.note:
        aspect["note"] = found.note
        return reading(NAME, address, aspect, running=unreadable("failed", found.note))
    return reading(NAME, address, aspect)


def _collector(ways: Ways) -> Aspect:
    if not ways.complete:
        return absent("; ".join(dict.fromkeys(ways.reasons))[:1000])
    targets = dict.fromkeys([*ways.complete, *ways.others])
    places = [one.place for one in ways.sendings if one.target in targets]
    return value(" and ".join(targets), ", ".join(places)[:1000], "string")


def _protection(host: Host, address: str, ways: Ways) -> Aspect:
    if not ways.sendings:
        return absent("nothing is sent to another machine")
    if address == "tls-anchors":
        return _anchors(host, ways)
    if address in ("tls-authority", "client-certificate"):
        return _files(host, address, ways)
    said = [(one, _said(address, one)) for one in ways.sendings]
    kind = {"tls-mode": "int", "tls-peers": "list"}.get(address, "string")
    aspect = value(said[0][1], said[0][0].place, kind)
    others = [
        {"who": f"messages to {one.target} ({one.place})", "value": theirs, "type": kind}
        for one, theirs in said[1:]
        if theirs != said[0][1]
    ]
    if others:
        aspect["others"] = others[:100]
    return aspect


def _said(address: str, one: Sending) -> str | int | list[str]:
    known: dict[str, str | int | list[str]] = {
        "tls-driver": one.driver,
        "tls-mode": one.mode,
        "tls-check": one.auth,
        "tls-peers": one.peers,
    }
    return known[address]


def _recognising(ways: Ways) -> list[Sending]:
    """The ways that use TLS and look at who the collector is; what the others lack, the other readings name."""
    return [one for one in ways.sendings if one.driver in TLS and one.mode != 0 and one.auth != "anon"]


def _anchors(host: Host, ways: Ways) -> Aspect:
    from ..system.tls_files import anchors  # only for a way that uses TLS

    ways_by_tls = _recognising(ways)
    if not ways_by_tls:
        return absent("nothing is sent by TLS to a collector that is recognised")
    found = [
        digest
        for one in ways_by_tls
        for digest in (
            [peer.upper() for peer in one.peers] if one.auth.startswith("x509/fingerprint") else anchors(host, one.ca)
        )
    ]
    places = [one.ca or one.place for one in ways_by_tls]
    return value(list(dict.fromkeys(found))[:100], ", ".join(dict.fromkeys(places))[:1000], "list")


def _files(host: Host, address: str, ways: Ways) -> Aspect:
    """The faults of the files of every way that uses TLS; a way without it has none, and the other readings name it."""
    from ..system.tls_files import authority, client  # only for a way that uses TLS

    faults: list[str] = []
    for one in _recognising(ways):
        if address == "tls-authority":
            faults += authority(host, one.ca, one.who)
        else:
            faults += client(host, one.certificate, one.key, one.who)
    return value(list(dict.fromkeys(faults)), ", ".join(one.place for one in ways.sendings)[:1000], "list")


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
