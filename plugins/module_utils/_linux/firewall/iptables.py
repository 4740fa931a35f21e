"""Rules in the form of iptables-save, from the kernel or from a file, as conditions that a packet meets.

iptables-extensions(8). A word that is not known here becomes a condition that cannot be told.
"""

from __future__ import annotations

import re
import shlex
import socket

from ..engine.host import HostError
from .rules import (
    ACCEPT,
    MOVED,
    NO,
    TRANSLATE,
    UNKNOWN,
    YES,
    Chain,
    ChainKey,
    Condition,
    Rule,
    Ruleset,
    Verdict,
    any_of,
    inverted,
    never,
    particular,
    sometimes,
    unknown,
)
from .values import (
    SYN,
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

# Where the chains that are there from the start hang, and in which order the tables are gone through.
HOOKS = {"PREROUTING": "prerouting", "INPUT": "input", "OUTPUT": "output", "POSTROUTING": "postrouting"}
TABLES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
FINAL = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
PLAIN = (
    "LOG", "NFLOG", "ULOG", "AUDIT", "MARK", "CONNMARK", "TCPMSS", "CT", "NOTRACK", "TRACE", "SECMARK",
    "CONNSECMARK", "CLASSIFY", "TTL", "HL", "DSCP", "TOS", "CHECKSUM", "SET", "ECN", "RATEEST", "IDLETIMER", "LED",
)  # fmt: skip
MARKS = ("MARK", "CONNMARK")
MOVING = ("DNAT", "REDIRECT", "NETMAP")
COUNTERS = re.compile(r"\A\[[0-9]+:[0-9]+\]\s*")  # iptables-save -c writes them before each rule
# What follows the module's name says how often, when, or something that the sender chooses.
SOMETIMES_MODULES = (
    "limit", "hashlimit", "statistic", "time", "connlimit", "quota", "length", "ttl", "hl", "dscp", "tos",
    "connbytes", "ecn", "tcpmss", "nfacct",
)  # fmt: skip
PARTICULAR_MODULES = ("set", "recent", "geoip", "mac", "string", "physdev", "cluster")
NEVER_MODULES = (
    "icmp", "icmp6", "rt", "frag", "ah", "esp", "sctp", "dccp", "igmp", "ipv6header", "mh", "dst", "hbh", "helper",
    "owner",
)  # fmt: skip
NUMBERS = {"tcp": ("tcp", "6"), "udp": ("udp", "17")}


class Words:
    """The words of one rule, taken one after the other."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.negated = False

    def take(self) -> str:
        """The next word, or an empty text."""
        return self.words.pop(0) if self.words else ""

    def option(self) -> str:
        """The next option; an exclamation mark before it is kept in `negated`."""
        word = self.take()
        self.negated = word == "!"
        return self.take() if self.negated else word

    def arguments(self) -> list[str]:
        """All words up to the next option."""
        arguments = []
        while self.words and not self.words[0].startswith("-") and self.words[0] != "!":
            arguments.append(self.take())
        return arguments


def read(text: str, family: str, source: str) -> Ruleset:
    """What iptables-save printed, or such a file. `family` is ip or ip6. Raises HostError."""
    ruleset = Ruleset()
    table, ended = "", True
    for line in text.split("\n"):
        bare = COUNTERS.sub("", line.strip())
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("*"):
            table, ended = bare[1:].strip(), False
        elif bare == "COMMIT":
            ended = True
        elif bare.startswith(":"):
            _chain(ruleset, family, table, bare[1:].split(), source)
        elif bare.startswith(("-A ", "-I ")):
            _rule(ruleset, family, table, bare, source)
        elif bare.startswith("-P "):
            _policy(ruleset, family, table, bare.split(), source)
        elif bare.startswith("-F"):
            for (_source, _family, _table, name), chain in ruleset.chains.items():
                if (_source, _family, _table) == (source, family, table) and name in (bare.split()[1:] or [name]):
                    chain.rules.clear()
        elif not bare.startswith(("-N ", "-X", "-Z")):
            raise HostError("malformed", f"{source} has a line that is no rule: {bare[:80]!r}")
    if not ended:
        raise HostError("malformed", f"{source} breaks off before the end of its table {table}")
    return ruleset


def _chain(ruleset: Ruleset, family: str, table: str, arguments: list[str], source: str) -> None:
    if not arguments:
        raise HostError("malformed", f"{source} has a chain without a name")
    policy = arguments[1].lower() if len(arguments) > 1 and arguments[1] != "-" else ACCEPT
    hook = HOOKS.get(arguments[0], "") if table in TABLES else ""
    if (table, arguments[0]) == ("nat", "PREROUTING"):
        hook = TRANSLATE
    place = f"chain {arguments[0]} in table {family} {table} ({source})"
    ruleset.chains[source, family, table, arguments[0]] = Chain(family, place, hook, TABLES.get(table, 0), policy)


def _policy(ruleset: Ruleset, family: str, table: str, arguments: list[str], source: str) -> None:
    if len(arguments) < 3:
        raise HostError("malformed", f"{source} has a policy without a chain or without a verdict")
    key = (source, family, table, arguments[1])
    if key not in ruleset.chains:
        _chain(ruleset, family, table, arguments[1:2], source)
    ruleset.chains[key].policy = arguments[2].lower()


def _rule(ruleset: Ruleset, family: str, table: str, line: str, source: str) -> None:
    try:
        words = Words(shlex.split(line))
    except ValueError:
        raise HostError("malformed", f"{source} has quotes that do not end: {line[:80]!r}") from None
    words.take()
    name = words.take()
    key = (source, family, table, name)
    if key not in ruleset.chains:
        _chain(ruleset, family, table, [name], source)
    chain = ruleset.chains[key]
    first = int(words.take()) - 1 if line.startswith("-I ") and words.words and words.words[0].isdigit() else 0
    rule = Rule([], [(None, "none", ())], f"rule {len(chain.rules) + 1} of {chain.place}")
    modules: list[str] = []
    of_target = False
    while words.words:
        option = words.option()
        if option in ("-j", "-g", "--jump", "--goto"):
            target = words.take()
            rule.verdicts = [_verdict(option, target, (source, family, table, target))]
            ruleset.marks = ruleset.marks or target in MARKS
            of_target = True
            continue
        if of_target and option.startswith("--"):
            words.arguments()  # it belongs to the target
            continue
        of_target = False
        condition = _condition(option, words, modules, ruleset)
        if condition is not None:
            rule.conditions.append(_negated(condition) if words.negated else condition)
    if line.startswith("-I "):
        chain.rules.insert(first, rule)
    else:
        chain.rules.append(rule)


def _verdict(option: str, target: str, key: ChainKey) -> Verdict:
    if target in FINAL:
        return None, FINAL[target], ()
    if target in MOVING:
        return None, MOVED, ()
    if target in PLAIN:
        return None, "none", ()
    if target in ("QUEUE", "NFQUEUE", "TPROXY", "SYNPROXY", "TARPIT", "CLUSTERIP", "DNPT", "SNPT"):
        return None, "unknown", ()
    return None, "goto" if option in ("-g", "--goto") else "jump", key


def _negated(condition: Condition) -> Condition:
    return lambda packet: inverted(condition(packet))


def _condition(option: str, words: Words, modules: list[str], ruleset: Ruleset) -> Condition | None:
    """The condition of one option; None for one that says nothing by itself."""
    negated = words.negated
    if option in ("-m", "--match"):
        modules.append(words.take())
        return _of_module(modules[-1])
    arguments = words.arguments()
    first = arguments[0] if arguments else ""
    words.negated = negated
    if option in ("-p", "--protocol"):
        return lambda packet: YES if first.lower() in ("all", "0", *NUMBERS[packet.protocol]) else NO
    if option in ("-s", "--source", "-d", "--destination"):
        theirs = option in ("-s", "--source")
        return lambda packet: (from_there if theirs == packet.inbound else to_here)(packet, *ends(first))
    if option in ("-i", "--in-interface", "-o", "--out-interface"):
        pattern = first[:-1] + "*" if first.endswith("+") else first
        into = option in ("-i", "--in-interface")
        return lambda packet: card_like(packet, pattern) if into == packet.inbound else NO
    if option in ("--dport", "--destination-port", "--dports", "--destination-ports", "--ports"):
        return _ports(first, ruleset)
    if option in ("--sport", "--source-port", "--sports", "--source-ports"):
        return sometimes
    if option in ("--src-range", "--dst-range"):
        low, _dash, high = first.partition("-")
        theirs = option == "--src-range"
        return lambda packet: (from_there if theirs == packet.inbound else to_here)(packet, address(low), address(high))
    if option in ("--ctstate", "--state"):
        return lambda _packet: state_is(first.split(","))
    if option in ("--dst-type", "--src-type"):
        kind = kind_of_own if option == "--dst-type" else kind_of_stranger
        return lambda packet: kind(first.split(",")) if packet.inbound else UNKNOWN
    if option == "--pol":
        return lambda _packet: YES if first == "none" else NO  # a stranger does not come out of an IPsec tunnel
    if option == "--pkt-type":
        return lambda _packet: YES if first in ("unicast", "host") else NO
    if option in ("--mark", "--nfmask"):
        return lambda _packet: UNKNOWN if ruleset.marks else YES if _value(first) == 0 else NO
    if option == "--tcp-flags" and len(arguments) == 2:
        mask, wanted = (flag_bits(part.split(",")) for part in arguments)
        if mask is None or wanted is None:
            return unknown
        return lambda _packet: YES if SYN & mask == wanted else NO
    if option in ("--ctstatus", "-f", "--fragment") or (option == "--invert" and modules[-1:] == ["rpfilter"]):
        return never  # not translated, no fragment, and there is a way back to a stranger
    if option == "--ctdir":
        return lambda _packet: YES if first == "ORIGINAL" else NO
    if option == "--syn":
        return lambda packet: YES if packet.protocol == "tcp" else NO
    # The rest of what a module says is covered by what the module itself is.
    known = modules and (modules[-1] in KNOWN_MODULES or _of_module(modules[-1]) is not None)
    return None if known else unknown


KNOWN_MODULES = (
    "comment",
    "addrtype",
    "rpfilter",
    "mark",
    "connmark",
    "policy",
    *SOMETIMES_MODULES,
    *PARTICULAR_MODULES,
    *NEVER_MODULES,
)


def _of_module(name: str) -> Condition | None:
    """What a module alone means; None where its options say it."""
    if name in SOMETIMES_MODULES:
        return sometimes
    if name in PARTICULAR_MODULES:
        return particular
    if name in NEVER_MODULES:
        return never
    plain = (
        "rpfilter",
        "tcp",
        "udp",
        "multiport",
        "conntrack",
        "state",
        "comment",
        "addrtype",
        "iprange",
        "mark",
        "connmark",
        "pkttype",
        "policy",
    )
    return None if name in plain else unknown


def _ports(text: str, ruleset: Ruleset) -> Condition:
    ranges = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        first = _port(low or "0")
        last = _port(high or "65535") if colon else first
        if first is None or last is None:
            return unknown
        ranges.append((first, last))
        if last - first < 10:
            ruleset.ports |= {("", port) for port in range(first, last + 1)}
    return lambda packet: any_of([port_between(packet, first, last) for first, last in ranges])


def _port(text: str) -> int | None:
    """A port by its number or, in a file that somebody wrote, by its name; None for what is none."""
    port = _value(text)
    if port is not None or not text.isascii():
        return port
    try:
        return socket.getservbyname(text)
    except OSError:
        return None


def _value(text: str) -> int | None:
    """A number in decimal or hexadecimal, without its mask; None for what is none."""
    try:
        return int(text.split("/", 1)[0], 0)
    except ValueError:
        return None
