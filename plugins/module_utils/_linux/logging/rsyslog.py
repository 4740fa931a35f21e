"""What rsyslog sends to other machines: each action of its configuration that does, and which messages reach it.

All messages leave when actions for one target are certain to meet every facility from severity emerg to info. What may
be thrown away before (`stop`, `~`) or stands behind a filter on anything but facility and severity is not certain.
"""

from __future__ import annotations

import operator

from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import number
from .forwarders import EVERYTHING, NOTHING, RSYSLOGD, Mask, Sending
from .rainerscript import Configuration, Parameters, Statement, configuration

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "bsd_security", "console", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
FACILITY_NAMES: dict[str, tuple[int, ...]] = {name: (at,) for at, name in enumerate(FACILITIES)}
FACILITY_NAMES.update({"*": tuple(range(24)), "security": (4,), "mark": ()})
SEVERITIES = {
    "emerg": 0, "panic": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warning": 4, "warn": 4, "notice": 5,
    "info": 6, "debug": 7,
}  # fmt: skip
TO_INFO = 0x7F  # the severities emerg to info
# Output modules that send to another machine and are not omfwd.
OTHER_SENDERS = (
    "omrelp", "omdtls", "omudpspoof", "omgssapi", "omhttp", "omhttpfs", "omelasticsearch", "omclickhouse", "omkafka",
    "omrabbitmq", "omamqp1", "omhiredis", "ommongodb", "omazureeventhubs", "omsnmp", "omczmq", "omtcl",
)  # fmt: skip
# What makes an action send only now and then, or only when another one failed.
NOT_ALWAYS = (
    "action.execonlywhenpreviousissuspended", "action.execonlyeverynthtime", "action.execonlyonceeveryinterval",
    "actionexeconlywhenpreviousissuspended", "actionexeconlyeverynthtime", "actionexeconlyonceeveryinterval",
)  # fmt: skip
OFF = ("", "off", "no", "false", "0", "1")
# Complaints of `rsyslogd -N1` about files that this driver reports on itself, by rsyslog's number for them: a file for
# TLS that is not there (2039), a spelling that this version takes without using it (2175).
REPORTED_ELSEWHERE = ("/e/2039 ]", "/e/2175 ]")


class Rsyslog:
    """What the files come to: `sendings` that some message may meet, `lost` (places where messages may be thrown away)
    and the `configuration` itself."""

    def __init__(self, configuration: Configuration, sendings: list[Sending], lost: list[str]) -> None:
        self.configuration = configuration
        self.sendings = sendings
        self.lost = lost


def read(host: Machine, path: str) -> Rsyslog:
    """What the configuration that starts at `path` sends where. Raises HostError."""
    parsed = configuration(host, path)
    walk = _Walk(parsed)
    walk.run(parsed.rulesets.get(parsed.default, []), EVERYTHING, EVERYTHING, 0)
    return Rsyslog(parsed, walk.sendings, walk.lost)


def complaint(host: Host, path: str) -> str:
    """What rsyslogd itself says is wrong with its configuration, or an empty text. Raises HostError.

    After a mistake rsyslogd starts with a part of its configuration, and nobody can tell from the files with which.
    """
    done = host.query([RSYSLOGD, "-N1", "-f", path])
    if done.rc == 0:
        return ""
    lines = [line.strip() for line in done.err.split("\n") if "[v" in line]
    serious = [line.split(" [v")[0] for line in lines if not line.endswith(REPORTED_ELSEWHERE)]
    if serious or not lines:
        return " / ".join(serious)[:400] or f"rsyslogd -N1 ended with status {done.rc}"
    return ""


def complete(sendings: list[Sending]) -> list[str]:
    """The targets that are certain to get everything, each once."""
    masks: dict[str, Mask] = {}
    for sending in sendings:
        masks[sending.target] = _either(masks.get(sending.target, NOTHING), sending.certain)
    return [target for target, mask in masks.items() if all(part & TO_INFO == TO_INFO for part in mask)]


class _Walk:
    """Goes through a ruleset with two sets of messages: those that certainly get here, and those that may."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.sendings: list[Sending] = []
        self.lost: list[str] = []

    def run(self, block: list[Statement], certain: Mask, possible: Mask, depth: int) -> tuple[Mask, Mask]:
        """Returns what is left of both sets after the block. Raises HostError for rulesets that call each other."""
        if depth > 30:
            raise HostError("malformed", "rsyslog's rulesets call each other without end")
        for statement in block:
            if statement.kind == "action":
                self.action(statement, certain, possible)
            elif statement.kind == "stop":
                self.lost.append(statement.place)
                return NOTHING, NOTHING
            elif statement.kind == "call":
                called = self.configuration.rulesets.get(statement.text, [])
                certain, possible = self.run(called, certain, possible, depth + 1)
            elif statement.kind == "selector":
                certain, possible = self.selector(statement, certain, possible, depth)
            else:
                certain = self.unknown(statement, certain, possible, depth)
        return certain, possible

    def selector(self, statement: Statement, certain: Mask, possible: Mask, depth: int) -> tuple[Mask, Mask]:
        mask = selected(statement.text, statement.place)
        ends = []
        for inside, block in ((mask, statement.block), (tuple(~one & 0xFF for one in mask), statement.otherwise)):
            parts = (_both(certain, inside), _both(possible, inside))
            ends.append(self.run(block, *parts, depth + 1) if any(parts[1]) else parts)
        return _either(ends[0][0], ends[1][0]), _either(ends[0][1], ends[1][1])

    def unknown(self, statement: Statement, certain: Mask, possible: Mask, depth: int) -> Mask:
        """A filter that may hold or not: whatever it throws away may be anything."""
        before = len(self.lost)
        for block in (statement.block, statement.otherwise):
            self.run(block, NOTHING, possible, depth + 1)
        return certain if len(self.lost) == before else NOTHING

    def action(self, statement: Statement, certain: Mask, possible: Mask) -> None:
        if not any(possible):
            return
        read_action = _old if statement.text else _new
        sendings = read_action(statement, self.configuration.globals)
        for one in sendings:
            seldom = any(str(statement.parameters.get(name, "")).lower() not in OFF for name in NOT_ALWAYS)
            one.certain = NOTHING if seldom else certain
            self.sendings.append(one)


def _both(first: Mask, second: Mask) -> Mask:
    return tuple(map(operator.and_, first, second))


def _either(first: Mask, second: Mask) -> Mask:
    return tuple(map(operator.or_, first, second))


def address(name: str, port: str) -> str:
    """HOST:PORT, with an IPv6 address in brackets."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def selected(text: str, place: str) -> Mask:
    """The severities, as bits, that a selector such as `*.*;auth,authpriv.none` takes of each facility."""
    mask = [0] * 24
    for part in text.split(";"):
        names, _dummy, priority = part.strip().lower().rpartition(".")
        bits, removes = _severities(priority, place)
        for name in names.split(","):
            at = number(name)
            chosen = FACILITY_NAMES.get(name, (at,) if at is not None and at < 24 else None)
            if chosen is None:
                raise HostError("malformed", f"{place}: rsyslog knows no facility {name!r}")
            for facility in chosen:
                mask[facility] = mask[facility] & ~bits if removes else mask[facility] | bits
    return tuple(mask)


def _severities(priority: str, place: str) -> tuple[int, bool]:
    """The bits of a priority, and whether they are taken away."""
    removes = priority.startswith("!")
    rest = priority[1:] if removes else priority
    alone = rest.startswith("=")
    name = rest[1:] if alone else rest
    if name in ("*", "none"):
        return 0xFF, removes != (name == "none")
    at = SEVERITIES.get(name, number(name))
    if at is None or at > 7:
        raise HostError("malformed", f"{place}: rsyslog knows no severity {name!r}")
    return (1 << at) if alone else (2 << at) - 1, removes


def _new(statement: Statement, defaults: Parameters) -> list[Sending]:
    """The sendings of an action() object; none where it sends nowhere."""
    parameters = statement.parameters
    kind = str(parameters.get("type", "")).lower()
    hosts = parameters.get("target", parameters.get("targetsrv", parameters.get("server", "")))
    hosts = hosts if isinstance(hosts, list) else [hosts]
    if kind in OTHER_SENDERS:
        return [Sending(f"{host or kind}", statement.place, kind) for host in hosts]
    if kind != "omfwd":
        return []
    ports = parameters.get("port", "514")
    ports = ports if isinstance(ports, list) else [ports]
    sendings = []
    for at, name in enumerate(hosts):
        target = address(name, ports[min(at, len(ports) - 1)])
        tcp = str(parameters.get("protocol", "udp")).lower() == "tcp"
        driver = parameters.get("streamdriver") or parameters.get("streamdriver.name") if tcp else "udp"
        one = Sending(target, statement.place, str(driver or _default(defaults, "") or "ptcp"))
        # streamdriver.mode and streamdriver.authmode are taken by 8.2504 without any effect (tried): not read here.
        one.mode = number(str(parameters.get("streamdrivermode", "0"))) or 0
        peers = str(parameters.get("streamdriverpermittedpeers", "")).split(",")
        _protect(one, defaults, str(parameters.get("streamdriverauthmode", "")), [peer for peer in peers if peer], name)
        one.ca = str(parameters.get("streamdriver.cafile", one.ca))
        one.certificate = str(parameters.get("streamdriver.certfile", one.certificate))
        one.key = str(parameters.get("streamdriver.keyfile", one.key))
        expired = str(parameters.get("streamdriver.permitexpiredcerts", "off")).lower()
        if expired != "off":
            one.auth += f" with expired certificates ({expired})"
        sendings.append(one)
    return sendings


def _old(statement: Statement, defaults: Parameters) -> list[Sending]:
    """The sending of a line such as `@@host:port`, with the directives that stood before it."""
    line, parameters = statement.text, statement.parameters
    if line.startswith(":"):
        kind, _dummy, rest = line[1:].partition(":")
        return [Sending(rest.split(";")[0], statement.place, kind)] if kind.lower() in OTHER_SENDERS else []
    if not line.startswith("@"):
        return []
    tcp = line.startswith("@@")
    rest = line.lstrip("@")
    if rest.startswith("("):
        rest = rest.partition(")")[2]
    rest = rest.split(";")[0].split("#")[0].split()[0] if rest.strip() else ""
    if rest.startswith("["):
        name, _dummy, port = rest[1:].partition("]")
        port = port.lstrip(":")
    else:
        name, _dummy, port = rest.partition(":")
    one = Sending(address(name, port or "514"), statement.place, "udp")
    if tcp:
        one.driver = str(parameters.get("actionsendstreamdriver") or _default(defaults, "") or "ptcp")
        one.mode = number(str(parameters.get("actionsendstreamdrivermode", "0"))) or 0
    auth = str(parameters.get("actionsendstreamdriverauthmode", ""))
    _protect(one, defaults, auth, list(parameters.get("actionsendstreamdriverpermittedpeer", [])), name)
    return [one]


def _default(defaults: Parameters, what: str) -> str:
    return str(defaults.get(f"defaultnetstreamdriver{what}", ""))


def _protect(one: Sending, defaults: Parameters, auth: str, peers: list[str], name: str) -> None:
    """Without a mode of checking rsyslog compares names, and without permitted peers with the target's (tried)."""
    one.auth = auth.lower() or "x509/name"
    one.peers = peers or [name]
    one.ca = _default(defaults, "cafile")
    one.certificate = _default(defaults, "certfile")
    one.key = _default(defaults, "keyfile")
