"""The rules of nftables, from `nft -j list ruleset` (libnftables-json(5)), as conditions that a packet meets.

Whatever is not understood becomes a condition that cannot be told, never one that holds or does not.
"""

from __future__ import annotations

import json
from typing import Any

from ..engine.host import HostError
from .rules import (
    ACCEPT,
    MOVED,
    NO,
    SOMETIMES,
    TRANSLATE,
    UNKNOWN,
    YES,
    Chain,
    ChainKey,
    Condition,
    Packet,
    Rule,
    Ruleset,
    Verdict,
    any_of,
    inverted,
    never,
    sometimes,
    unknown,
)
from .values import (
    SYN,
    Address,
    address,
    card_like,
    ends,
    flag_bits,
    from_there,
    kind_of_own,
    kind_of_stranger,
    port_between,
    state_is,
    to_here,
)

PLAIN = ("counter", "log", "mangle", "dup", "meter", "notrack", "flow", "ct helper", "ct timeout", "secmark", "last",
         "ct expectation", "tunnel", "comment", "optstrip")  # fmt: skip
RATES = ("limit", "quota", "ct count", "connlimit")
VERDICTS = ("accept", "drop", "return", "jump", "goto", "reject", "continue", "dnat", "redirect")
CHOSEN = ("ttl", "hoplimit", "length", "id", "dscp", "ecn", "flowlabel", "frag-off", "sport", "sequence", "window",
          "priority", "doff", "checksum", "ackseq", "hdrlength")  # fmt: skip
LAYERS = {"tcp": 6, "udp": 17}
OTHER_LAYERS = ("icmp", "icmpv6", "igmp", "ah", "esp", "comp", "sctp", "dccp", "udplite", "arp", "gre", "vlan")
VERSIONS = {"ip": ("ip", "ipv4", 4, 2048, "0x0800"), "ip6": ("ip6", "ipv6", 10, 34525, "0x86dd")}
MOST_PORTS = 2000
Body = dict[str, Any]  # what stands in one object of the JSON
# How far a stranger comes by a card of a kind (ARPHRD_ETHER and ARPHRD_LOOPBACK).
KINDS_OF_CARD = {"ether": YES, "1": YES, "loopback": NO, "772": NO}


class Reader:
    """Turns the JSON of one ruleset into a Ruleset. `opaque` are the tables with rules that only iptables can tell."""

    def __init__(self, objects: list[tuple[str, Any]]) -> None:
        self.ruleset = Ruleset()
        self.opaque: set[tuple[str, str]] = set()
        self.sets: dict[tuple[str, str, str], list[Any]] = {}
        dormant = set()
        for kind, body in objects:
            if kind == "table" and "dormant" in _list(body.get("flags")):
                dormant.add((body["family"], body["name"]))
            elif kind in ("set", "map"):
                self.sets[body["family"], body["table"], body["name"]] = _list(body.get("elem"))
        for kind, body in objects:
            if kind == "chain" and (body["family"], body["table"]) not in dormant:
                self._chain(body)
        for kind, body in objects:
            if kind == "rule" and (body["family"], body["table"], body["chain"]) in self.ruleset.chains:
                self._rule(body)

    def _chain(self, body: Body) -> None:
        place = f"chain {body['name']} in table {body['family']} {body['table']}"
        hook = body.get("hook", "")
        if body.get("type", "filter") == "nat":
            # Chains that translate addresses do not filter, but they lead packets past the rules for input.
            hook = TRANSLATE if hook == "prerouting" else ""
        elif body.get("type", "filter") != "filter":
            hook = ""
        chain = Chain(body["family"], place, hook, _number(body.get("prio")) or 0, body.get("policy", ACCEPT))
        chain.cards = tuple(_list(body.get("dev")))
        self.ruleset.chains[body["family"], body["table"], body["name"]] = chain

    def _rule(self, body: Body) -> None:
        chain = self.ruleset.chains[body["family"], body["table"], body["chain"]]
        place = f"rule {len(chain.rules) + 1} of {chain.place}"
        conditions, verdicts = [], []
        for part in body.get("expr", []):
            kind, statement = next(iter(part.items()))
            if kind == "match":
                conditions.append(self._match(statement, body))
            elif kind == "vmap":
                verdicts += self._verdict_map(statement, body)
            elif kind in VERDICTS:
                verdicts.append((None, *_verdict(kind, statement, body)))
            elif kind in RATES:
                conditions.append(sometimes)
            elif kind in ("set", "map") and isinstance(statement, dict):
                if any(next(iter(one)) in RATES for one in _list(statement.get("stmt"))):
                    conditions.append(sometimes)
            elif kind == "xt":
                self.opaque.add((body["family"], body["table"]))
                if isinstance(statement, dict) and statement.get("type") == "target":
                    verdicts.append((None, "unknown", ()))
                else:
                    conditions.append(unknown)
            elif kind not in PLAIN:
                verdicts.append((None, "unknown", ()))
            if kind == "mangle" and "mark" in json.dumps(statement.get("key")):
                self.ruleset.marks = True
        chain.rules.append(Rule(conditions, verdicts or [(None, "none", ())], place))

    def _verdict_map(self, statement: Body, body: Body) -> list[Verdict]:
        data = statement.get("data")
        if isinstance(data, str):
            pairs = self.sets.get((body["family"], body["table"], data.lstrip("@")), [])
        else:
            pairs = data.get("set", []) if isinstance(data, dict) else []
        verdicts: list[Verdict] = []
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], dict):
                return [(None, "unknown", ())]
            kind, target = next(iter(pair[1].items()))
            condition = self._compare(statement.get("key"), pair[0], body)
            verdicts.append((condition, *_verdict(kind, target, body)))
        return verdicts

    def _match(self, statement: Body, body: Body) -> Condition:
        condition = self._compare(statement.get("left"), statement.get("right"), body)
        operator = statement.get("op", "==")
        if operator in ("==", "in"):
            return condition
        if operator == "!=":
            field = _field(_inner(statement.get("left")))
            return lambda packet: inverted(condition(packet)) if _of_layer(field[0], packet) else NO
        return self._ordered(statement, operator)

    def _ordered(self, statement: Body, operator: str) -> Condition:
        """Less and greater: only ports can be told."""
        bound = _number(statement.get("right"))
        if bound is None or _field(statement.get("left")) not in (("tcp", "dport"), ("udp", "dport"), ("th", "dport")):
            return unknown
        first, last = {"<": (0, bound - 1), "<=": (0, bound), ">": (bound + 1, 65535), ">=": (bound, 65535)}.get(
            operator, (1, 0)
        )
        layer = statement["left"]["payload"]["protocol"]
        return lambda packet: port_between(packet, first, last) if layer in ("th", packet.protocol) else NO

    def _compare(self, left: Any, right: Any, body: Body) -> Condition:
        """The condition that an expression equals a value, lies in a range, or is in a set."""
        if isinstance(right, str) and right.startswith("@"):
            right = {"set": self.sets.get((body["family"], body["table"], right[1:]), [])}
        values = right["set"] if isinstance(right, dict) and "set" in right else [right]
        values = [_bare(one) for one in _list(values)]
        if isinstance(left, dict) and "concat" in left:
            return self._concat(left["concat"], values, body)
        if isinstance(left, dict) and "&" in left:
            return self._masked(left["&"], values)
        field = _field(left)
        if field[1] == "dport":
            self._name_ports(field[0], values)
        return _condition(field, values, self.ruleset)

    def _concat(self, lefts: list[Any], values: list[Any], body: Body) -> Condition:
        tuples = [
            [self._compare(left, part, body) for left, part in zip(lefts, value["concat"])]  # noqa: B905 - Python 3.9
            for value in values
            if isinstance(value, dict) and "concat" in value
        ]

        def held(packet: Packet) -> int:
            answers = [[condition(packet) for condition in conditions] for conditions in tuples]
            return any_of([NO if NO in parts else max(parts) for parts in answers])

        return held

    def _masked(self, parts: list[Any], values: list[Any]) -> Condition:
        """`tcp flags & mask == value` and marks under a mask."""
        field, mask = _field(parts[0]), parts[1]
        if field == ("tcp", "flags"):
            bits = flag_bits(_bits(mask))
            wanted = [flag_bits(_bits(value)) for value in values]
            if bits is None or None in wanted:
                return unknown
            return lambda packet: NO if packet.protocol != "tcp" else YES if SYN & bits in wanted else NO
        if field[1] == "mark" and all(_number(value) is not None for value in values):
            return self._mark([_number(value) for value in values])
        return sometimes if field[1] in CHOSEN else unknown

    def _mark(self, values: list[Any]) -> Condition:
        return lambda _packet: UNKNOWN if self.ruleset.marks else YES if 0 in values else NO

    def _name_ports(self, layer: str, values: list[Any]) -> None:
        for value in values:
            ports = _range(value)
            if ports and ports[1] - ports[0] < 10 and len(self.ruleset.ports) < MOST_PORTS:
                self.ruleset.ports |= {("" if layer == "th" else layer, port) for port in range(ports[0], ports[1] + 1)}


def _condition(field: tuple[str, str], values: list[Any], ruleset: Ruleset) -> Condition:
    """The condition that a field of the packet is one of `values`."""
    layer, name = field
    if layer == "ct":
        return _tracked(name, values, ruleset)
    if layer == "meta":
        return _meta(name, values, ruleset)
    if layer == "fib":
        kind = {"type daddr": kind_of_own, "type saddr": kind_of_stranger}.get(name)
        if kind:
            return lambda packet: kind(values) if packet.inbound else UNKNOWN
        # Reverse path: there is a way back to a stranger.
        return (lambda _packet: NO) if name.startswith("oif") and values in (["missing"], [False]) else unknown
    if layer in ("th", *LAYERS):
        return _transport(layer, name, values)
    if layer in ("ip", "ip6"):
        return _internet(layer, name, values)
    if layer in OTHER_LAYERS:
        return never
    return {"numgen": sometimes, "tcp option": sometimes, "exthdr": never, "ipsec": never}.get(layer, unknown)


def _transport(layer: str, name: str, values: list[Any]) -> Condition:
    def held(packet: Packet) -> int:
        if layer not in ("th", packet.protocol):
            return NO
        if name == "dport":
            ranges = [_range(value) for value in values]
            return any_of([UNKNOWN if one is None else port_between(packet, *one) for one in ranges])
        if name == "flags":
            wanted = [flag_bits(_bits(value)) for value in values]
            return UNKNOWN if None in wanted else YES if SYN in wanted else NO
        return SOMETIMES if name in CHOSEN else UNKNOWN

    return held


def _internet(layer: str, name: str, values: list[Any]) -> Condition:
    def held(packet: Packet) -> int:
        if packet.family != layer:
            return NO
        if name in ("saddr", "daddr"):
            theirs = (name == "saddr") == packet.inbound
            look = from_there if theirs else to_here
            return any_of([look(packet, *_ends(value)) for value in values])
        if name in ("protocol", "nexthdr"):
            return YES if packet.protocol in values or LAYERS[packet.protocol] in values else NO
        if name == "version":
            return YES if (4 if layer == "ip" else 6) in values else NO
        return SOMETIMES if name in CHOSEN else UNKNOWN

    return held


def _tracked(name: str, values: list[Any], ruleset: Ruleset) -> Condition:
    if name == "state":
        states = [part for value in values for part in _list(value)]
        return lambda _packet: state_is(states)
    if name == "proto-dst":
        # The port that the stranger wrote to, whatever was translated since.
        ranges = [_range(value) for value in values]
        return lambda packet: any_of([UNKNOWN if one is None else port_between(packet, *one) for one in ranges])
    if name == "direction":
        return lambda _packet: YES if "original" in values else NO
    if name == "mark":
        return lambda _packet: UNKNOWN if ruleset.marks else YES if 0 in values else NO
    # A new connection that nobody translated has neither a helper nor such a status.
    return never if name in ("helper", "status") else unknown


def _meta(name: str, values: list[Any], ruleset: Ruleset) -> Condition:
    def held(packet: Packet) -> int:
        if name in ("iif", "iifname", "oif", "oifname"):
            if (name[0] == "i") != packet.inbound:
                return NO
            return any_of([card_like(packet, str(value)) for value in values])
        if name == "l4proto":
            return YES if packet.protocol in values or LAYERS[packet.protocol] in values else NO
        if name in ("nfproto", "protocol"):
            return YES if any(value in VERSIONS[packet.family] for value in values) else NO
        if name == "pkttype":
            return YES if "host" in values or "unicast" in values or 0 in values else NO
        if name == "mark":
            return UNKNOWN if ruleset.marks else YES if 0 in values else NO
        if name in ("iiftype", "oiftype"):
            return KINDS_OF_CARD.get(str(values[0]), UNKNOWN) if len(values) == 1 else UNKNOWN
        if name in ("ipsec", "secpath"):
            return YES if False in values else NO  # a stranger does not come out of an IPsec tunnel
        if name in ("skuid", "skgid"):
            return NO  # an exception for one account
        return SOMETIMES if name in ("length", "time", "hour", "day", "random", "priority", "cpu") else UNKNOWN

    return held


def _of_layer(layer: str, packet: Packet) -> bool:
    """Whether a packet has a header at all; a rule about another header's field does not hold, whatever it compares."""
    if layer in LAYERS:
        return layer == packet.protocol
    if layer in VERSIONS:
        return layer == packet.family
    return layer not in OTHER_LAYERS


def _inner(left: Any) -> Any:
    """The expression under a mask."""
    return left["&"][0] if isinstance(left, dict) and isinstance(left.get("&"), list) and left["&"] else left


def _field(left: Any) -> tuple[str, str]:
    """(layer, name) of an expression; ("", "") for one that is not known here."""
    if not isinstance(left, dict) or not left:
        return "", ""
    kind, details = next(iter(left.items()))
    if kind == "payload" and isinstance(details, dict):
        return str(details.get("protocol", "")), str(details.get("field", ""))
    if kind in ("meta", "ct") and isinstance(details, dict):
        return kind, f"{'reply ' if details.get('dir') == 'reply' else ''}{details.get('key', '')}"
    if kind == "fib" and isinstance(details, dict):
        flags = sorted(_list(details.get("flags")))
        return "fib", f"{details.get('result', '')} {' '.join(str(flag) for flag in flags if flag != 'iif')}".strip()
    return kind if kind in ("numgen", "tcp option", "exthdr", "ipsec") else "", ""


def _verdict(kind: str, statement: Any, body: Body) -> tuple[str, ChainKey]:
    """(verdict, key of the chain it leads to)."""
    if kind in ("jump", "goto"):
        return kind, (body["family"], body["table"], statement.get("target", "") if isinstance(statement, dict) else "")
    return {"continue": "none", "dnat": MOVED, "redirect": MOVED}.get(kind, kind) if kind in VERDICTS else "unknown", ()


def _bare(element: Any) -> Any:
    """An element without its time-out, counter or comment."""
    inner = element.get("elem") if isinstance(element, dict) else None
    return inner.get("val") if isinstance(inner, dict) else element


def _range(element: Any) -> tuple[int, int] | None:
    """First and last number; None for what is none."""
    if isinstance(element, dict) and isinstance(element.get("range"), list) and len(element["range"]) == 2:
        first, last = (_number(end) for end in element["range"])
    else:
        first = last = _number(element)
    return None if first is None or last is None else (first, last)


def _ends(element: Any) -> tuple[Address | None, Address | None]:
    """First and last address of an element."""
    if isinstance(element, dict) and isinstance(element.get("prefix"), dict):
        return ends(f"{element['prefix'].get('addr')}/{element['prefix'].get('len')}")
    if isinstance(element, dict) and isinstance(element.get("range"), list) and len(element["range"]) == 2:
        return address(str(element["range"][0])), address(str(element["range"][1]))
    return ends(str(element))


def _bits(value: Any) -> list[Any]:
    """The names in `syn | ack`, a list, or one name."""
    if isinstance(value, dict) and "|" in value:
        return [name for part in value["|"] for name in _bits(part)]
    return [name for part in value for name in _bits(part)] if isinstance(value, list) else [value]


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def read(text: str) -> Reader:
    """What `nft -j list ruleset` printed. Raises HostError."""
    try:
        objects = [next(iter(item.items())) for item in json.loads(text)["nftables"]]
        return Reader([(kind, body) for kind, body in objects if kind != "metainfo"])
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, RecursionError):
        raise HostError(
            "malformed",
            f"nft -j list ruleset gave what makes no sense, or is cut off: {text[-80:].strip()!r}",
        ) from None
