"""What a packet meets in a set of firewall rules, whoever wrote them (nftables or iptables).

A rule is a list of conditions and a verdict. A condition takes a packet and says how far it holds:

    YES         for this packet
    NO          not for this packet
    SOMETIMES   for some of its kind: the sender may choose (a source port), or it depends on rate or time
    PARTICULAR  for particular senders only that cannot be told from here (an ipset, a MAC address)
    UNKNOWN     it cannot be told what it means

A chain gives the verdicts that are possible for packets of the kind, each with the place that gave it. `accept?` and
`drop?` are verdicts that hang on a condition which cannot be told.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Optional

YES, NO, SOMETIMES, PARTICULAR, UNKNOWN = range(5)
ACCEPT, DROP, REJECT, THROUGH = "accept", "drop", "reject", "through"
MAYBE_ACCEPT, MAYBE_DROP = "accept?", "drop?"
MOVED = "moved"  # to another address or port, by a rule at the hook TRANSLATE
TRANSLATE = "translate"
PRIVATE = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
DEEPEST = 32  # the kernel allows 16 jumps


class Packet:
    """The first packet of a connection: `family` ip or ip6, `protocol` tcp or udp, `port` it goes to.

    `stranger` is the address of the other machine, `own` those of this one, `card` the interface. `inbound` is false
    for what leaves this machine.
    """

    def __init__(
        self, family: str, protocol: str, port: int, stranger: str, own: tuple[str, ...], card: str, inbound: bool
    ) -> None:
        self.family = family
        self.protocol = protocol
        self.port = port
        self.stranger = stranger
        self.own = own
        self.card = card
        self.inbound = inbound

    def text(self) -> str:
        """The packet in words a technician follows. Its address is a sample, and may be that of somebody real."""
        if self.inbound:
            return f"{self.protocol.upper()} to port {self.port} by {self.card} from {self._whence()}"
        return f"{self.protocol.upper()} by {self.card} to {self._whence()}, port {self.port}"

    def _whence(self) -> str:
        """Where the other machine is, as RFC 1918, 4193 and 4291 divide addresses."""
        where = ipaddress.ip_address(self.stranger)
        if where.is_link_local:
            return "the same link"
        home = next((one for one in PRIVATE if where.version == one.version and where in one), None)
        return f"the private network {home}" if home else "the Internet"


# A condition says how far it holds for a packet.
Condition = Callable[[Packet], int]
ChainKey = tuple[str, ...]  # empty for none
Verdict = tuple[Optional[Condition], str, ChainKey]
Outcomes = dict[str, str]  # {verdict: place}


class Rule:
    """`conditions`, then `verdicts`: (condition or None, verdict, chain's key) of which the first that holds counts.

    A verdict is accept, drop, reject, return, jump, goto, moved, none (go on) or unknown.
    """

    def __init__(self, conditions: list[Condition], verdicts: list[Verdict], place: str) -> None:
        self.conditions = conditions
        self.verdicts = verdicts
        self.place = place


class Chain:
    """`rules` in their order. A base chain has a `hook`, a `priority`, a `policy` and perhaps `cards`."""

    def __init__(self, family: str, place: str, hook: str = "", priority: int = 0, policy: str = ACCEPT) -> None:
        self.family = family
        self.place = place
        self.hook = hook
        self.priority = priority
        self.policy = policy
        self.cards: tuple[str, ...] = ()
        self.rules: list[Rule] = []


class Ruleset:
    """Chains by a key of their own, and the `ports` that rules name: (protocol or "", number)."""

    def __init__(self) -> None:
        self.chains: dict[ChainKey, Chain] = {}
        self.ports: set[tuple[str, int]] = set()
        self.marks = False  # whether a rule sets a mark, so that other rules' questions about marks cannot be told

    def add(self, other: Ruleset) -> None:
        """Take the chains of `other` in as well."""
        self.chains.update(other.chains)
        self.ports |= other.ports
        self.marks = self.marks or other.marks

    def size(self) -> int:
        """How many rules there are."""
        return sum(len(chain.rules) for chain in self.chains.values())

    def meets(self, packet: Packet, hooks: tuple[str, ...]) -> tuple[str, str]:
        """(verdict, place) of a packet on its way through the base chains at `hooks`.

        The verdict is accept, drop, reject, or accept? where that cannot be told; a drop in any base chain is final.
        """
        bases = [chain for chain in self.chains.values() if chain.hook in hooks and self._concerns(chain, packet)]
        bases.sort(key=lambda chain: (hooks.index(chain.hook), chain.priority))
        known: dict[int, Outcomes] = {}
        accepted, doubt = "there is no rule for it", ""
        for base in bases:
            outcomes = dict(self._run(base, packet, known, 0))
            if THROUGH in outcomes:
                outcomes.setdefault(base.policy, f"the policy of {base.place}")
            if ACCEPT in outcomes and MAYBE_DROP not in outcomes:
                accepted = outcomes[ACCEPT]
            elif ACCEPT in outcomes or MAYBE_ACCEPT in outcomes:
                doubt = doubt or outcomes.get(MAYBE_ACCEPT) or outcomes[MAYBE_DROP]
            elif DROP in outcomes:
                return DROP, outcomes[DROP]
            else:
                return REJECT, outcomes[REJECT]
        return (MAYBE_ACCEPT, doubt) if doubt else (ACCEPT, accepted)

    def moved(self, packet: Packet) -> str:
        """The rule that gives a packet another address or port before the hook input sees it, or an empty text."""
        bases = [chain for chain in self.chains.values() if chain.hook == TRANSLATE and self._concerns(chain, packet)]
        places = [self._run(base, packet, {}, 0).get(MOVED, "") for base in bases]
        moved_at = next((place for place in places if place), "")
        return moved_at if moved_at and self.meets(packet, ("ingress", "prerouting"))[0] not in (DROP, REJECT) else ""

    def _concerns(self, chain: Chain, packet: Packet) -> bool:
        if chain.cards and packet.card not in chain.cards:
            return False
        return chain.family in ("inet", "netdev", packet.family)

    def _run(self, chain: Chain, packet: Packet, known: dict[int, Outcomes], depth: int) -> Outcomes:
        """{verdict: place} of what may become of the packet in a chain."""
        if id(chain) in known:
            return known[id(chain)]
        if depth > DEEPEST:
            return {MAYBE_ACCEPT: f"{chain.place} jumps too deep"}
        outcomes: Outcomes = {}
        for rule in chain.rules:
            held = _all_hold(rule.conditions, packet)
            if held != NO and self._apply(rule, held, packet, known, depth, outcomes):
                break
        else:
            outcomes.setdefault(THROUGH, chain.place)
        known[id(chain)] = outcomes
        return outcomes

    def _apply(
        self,
        rule: Rule,
        held: int,
        packet: Packet,
        known: dict[int, Outcomes],
        depth: int,
        outcomes: Outcomes,
    ) -> bool:
        """Add what a rule does with the packet; true when nothing after it matters."""
        for condition, verdict, target in rule.verdicts:
            now = _worse(held, YES if condition is None else condition(packet))
            if now == NO:
                continue
            if verdict in ("jump", "goto"):
                sub = self.chains.get(target)
                reached = self._run(sub, packet, known, depth + 1) if sub else {MAYBE_ACCEPT: rule.place}
            else:
                name = {"return": THROUGH, "none": "", "unknown": MAYBE_ACCEPT}.get(verdict, verdict)
                reached = {name: rule.place} if name else {}
            goes_on = verdict in ("none", "unknown") or (verdict == "jump" and THROUGH in reached)
            for name, place in reached.items():
                if name == THROUGH and verdict == "jump":
                    continue
                if name == ACCEPT and now in (PARTICULAR, UNKNOWN):
                    outcomes.setdefault(MAYBE_ACCEPT, rule.place)
                elif name in (DROP, REJECT) and now == UNKNOWN:
                    outcomes.setdefault(MAYBE_DROP, rule.place)
                elif name not in (DROP, REJECT) or now == YES:
                    outcomes.setdefault(name, place)
            if now == YES:
                return not goes_on
        return False


def _all_hold(conditions: list[Condition], packet: Packet) -> int:
    held = YES
    for condition in conditions:
        held = _worse(held, condition(packet))
        if held == NO:
            break
    return held


def _worse(first: int, second: int) -> int:
    """How far two conditions hold together."""
    return NO if NO in (first, second) else max(first, second)


def inverted(held: int) -> int:
    """How far the opposite of a condition holds."""
    return {YES: NO, NO: YES}.get(held, held)


def any_of(answers: list[int]) -> int:
    """How far one of several holds."""
    if YES in answers:
        return YES
    return max((held for held in answers if held != NO), default=NO)


def always(_packet: Packet) -> int:
    """A condition that holds."""
    return YES


def sometimes(_packet: Packet) -> int:
    """A condition that depends on rate, time or what the sender chooses."""
    return SOMETIMES


def never(_packet: Packet) -> int:
    """A condition that no such packet meets."""
    return NO


def particular(_packet: Packet) -> int:
    """A condition about particular senders."""
    return PARTICULAR


def unknown(_packet: Packet) -> int:
    """A condition that cannot be told."""
    return UNKNOWN
