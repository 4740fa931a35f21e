"""What firewalld lets strangers do after the next start: its zones, services, policies and direct rules, as files.

firewalld.zone(5): a packet belongs to the zone of its source, then to that of its card, else to the default zone. A
file in /etc hides its namesake in /usr/lib. What a zone lets in besides single ports counts as letting strangers in.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing
from .inbound_probe import PORTS, STRANGERS, Judgement, cards
from .rules import ACCEPT, DROP, MAYBE_ACCEPT, NO, REJECT
from .values import ends, within

FOLDERS = ("/etc/firewalld", "/usr/lib/firewalld")
CONNECTIONS = tuple(f"{place}/NetworkManager/system-connections" for place in ("/etc", "/run", "/usr/lib"))
TUNNELS = ("vpn", "wireguard", "tun", "ip-tunnel", "dummy", "loopback")  # cards by which no stranger comes
YES_WORDS = ("yes", "true")
DEEPEST = 10
FAMILIES = {"ip": "ipv4", "ip6": "ipv6"}


def zones(host: Machine, family: str, default: str) -> Judgement:
    """What the zones come to in which strangers of `family` land. Raises HostError."""
    used = _used(host, family, default)
    first = _before_zones(host, family, used)
    if first:
        return first
    for name in used:
        zone = _file(host, "zones", name)
        if zone is None:
            raise HostError("malformed", f"firewalld's zone {name!r} has no file")
        why = _lets_in(host, zone, family)
        if why:
            return Judgement(ACCEPT, f"firewalld's zone {name} {why}")
    for policy in _names(host, "policies"):
        element = _file(host, "policies", policy)
        if element is None or not _for_strangers(element, used):
            continue
        why = _lets_in(host, element, family)
        if why:
            return Judgement(ACCEPT, f"firewalld's policy {policy} {why}")
    direct = f"{FOLDERS[0]}/direct.xml"
    if re.search(r"\bACCEPT\b|\bDNAT\b|\bREDIRECT\b", text_or_nothing(host, direct) or ""):
        return Judgement(MAYBE_ACCEPT, f"{direct} has rules of its own, which are not known before the next start")
    zone = _file(host, "zones", default)
    drops = zone is not None and zone.get("target") == "DROP"
    return Judgement(DROP if drops else REJECT, f"firewalld's zones {', '.join(used)}")


def _before_zones(host: Machine, family: str, used: list[str]) -> Judgement | None:
    """What the policies come to that are asked before the zones, where one of them drops all the rest.

    The lowest priority is asked first (firewalld.policy(5)). Raises HostError.
    """
    early = [
        (_priority(element), policy, element)
        for policy in _names(host, "policies")
        if (element := _file(host, "policies", policy)) is not None and _for_strangers(element, used)
    ]
    for priority, policy, element in sorted(early, key=lambda one: one[:2]):
        if priority >= 0:
            break
        why = _lets_in(host, element, family)
        if why:
            return Judgement(ACCEPT, f"firewalld's policy {policy} {why}")
        from_anywhere = "ANY" in [zone.get("name") for zone in element.findall("ingress-zone")]
        if element.get("target") in ("DROP", "REJECT") and from_anywhere:
            return Judgement(DROP if element.get("target") == "DROP" else REJECT, f"firewalld's policy {policy}")
    return None


def _priority(policy: ElementTree.Element) -> int:
    text = policy.get("priority", "-1")  # what firewalld takes where none is given
    return int(text) if re.fullmatch(r"-?[0-9]{1,5}", text) else 0


def _used(host: Machine, family: str, default: str) -> list[str]:
    """The default zone, and every zone to which a card, a stranger or a network of NetworkManager is bound."""
    names = [default]
    for name in _names(host, "zones"):
        zone = _file(host, "zones", name)
        if zone is None:
            continue
        by_card = any(element.get("name") in cards(host) for element in zone.findall("interface"))
        by_source = any(_is_stranger(element.get("address", ""), family) for element in zone.findall("source"))
        if by_card or by_source:
            names.append(name)
    for folder in CONNECTIONS:
        for name in host.entries(folder):
            names += _zone_of(text_or_nothing(host, f"{folder}/{name}") or "")
    return list(dict.fromkeys(names))


def _zone_of(connection: str) -> list[str]:
    """The zone to which a connection of NetworkManager binds its card, if any, and if strangers come by that card."""
    settings = {
        name: next(iter(re.findall(rf"(?m)^[ \t]*{name}[ \t]*=[ \t]*(\S+)", connection)), "")
        for name in ("type", "zone")
    }
    return [settings["zone"]] if settings["zone"] and settings["type"] not in TUNNELS else []


def _names(host: Machine, kind: str) -> list[str]:
    names = {name for folder in FOLDERS for name in host.entries(f"{folder}/{kind}")}
    return [name[: -len(".xml")] for name in sorted(names) if name.endswith(".xml")]


def _file(host: Machine, kind: str, name: str) -> ElementTree.Element | None:
    """The element of a zone, service or policy; None where it has no file. Raises HostError."""
    for folder in FOLDERS:
        path = f"{folder}/{kind}/{name}.xml"
        text = text_or_nothing(host, path)
        if text is None:
            continue
        try:
            return ElementTree.fromstring(text)  # noqa: S314 - only root writes there, and expat refuses bombs
        except ElementTree.ParseError as problem:
            raise HostError("malformed", f"{path} does not parse ({problem})") from None
    return None


def _is_stranger(source: str, family: str, inverted: bool = False) -> bool:
    """Whether a source is strangers as well; `inverted` for all but the source."""
    first, last = ends(source)
    if first is None:
        return inverted
    return any((within(one, first, last) == NO) is inverted for one in STRANGERS[family])


def _for_strangers(policy: ElementTree.Element, used: list[str]) -> bool:
    """Whether a policy is about what goes from a stranger's zone to this machine."""
    names = [[element.get("name") for element in policy.findall(kind)] for kind in ("ingress-zone", "egress-zone")]
    return bool({"ANY", *used} & set(names[0])) and "HOST" in names[1]


def _lets_in(host: Machine, element: ElementTree.Element, family: str) -> str:
    """Why a zone, policy or rule lets strangers in, in words; empty when it lets in single ports at most."""
    if element.get("target") == "ACCEPT":
        return "lets everything in"
    for part in (*element.findall("port"), *element.findall("forward-port")):
        if _wide(part.get("port", "")):
            what = "opens" if part.tag == "port" else "passes on"
            return f"{what} {part.get('protocol')} {part.get('port')}"
    for part in element.findall("source-port"):
        return f"lets in whatever comes from {part.get('protocol')} port {part.get('port')}, which the sender chooses"
    for part in element.findall("protocol"):
        if part.get("value") in ("tcp", "udp", "all"):
            return f"lets in all of {part.get('value')}"
    for part in element.findall("service"):
        why = _service_lets_in(host, part.get("name", ""), family, 0)
        if why:
            return f"has the service {part.get('name')}, which {why}"
    for part in element.findall("rule"):
        why = _rule_lets_in(host, part, family)
        if why:
            return why
    return ""


def _service_lets_in(host: Machine, name: str, family: str, depth: int) -> str:
    """Why a service lets strangers in, with those that it includes; empty where it does not. Raises HostError."""
    service = _file(host, "services", name) if name else None
    if service is None:
        return ""
    if depth > DEEPEST:
        raise HostError("malformed", f"firewalld's service {name} includes too many others, perhaps itself")
    included = [_service_lets_in(host, one.get("service", ""), family, depth + 1) for one in service.findall("include")]
    return next((why for why in (_lets_in(host, service, family), *included) if why), "")


def _rule_lets_in(host: Machine, rule: ElementTree.Element, family: str) -> str:
    """Why a rich rule lets strangers in; empty where it does not. Raises HostError."""
    passes_on = rule.find("forward-port") is not None
    if (rule.find("accept") is None and not passes_on) or rule.get("family", FAMILIES[family]) != FAMILIES[family]:
        return ""
    source = rule.find("source")
    if source is not None:
        inverted = source.get("invert", "").lower() in YES_WORDS
        known = source.get("address") is not None or inverted
        if not known or not _is_stranger(source.get("address", ""), family, inverted):
            return ""
    plain = {child.tag for child in rule} <= {"accept", "source", "destination", "log", "audit", "nflog"}
    if not plain:
        return _lets_in(host, rule, family)
    return "" if _elsewhere(rule.find("destination")) else "lets everything in by a rich rule"


def _elsewhere(destination: ElementTree.Element | None) -> bool:
    """Whether a destination is none of this machine: announcements in the network go to such addresses."""
    first, _last = ends(destination.get("address", "")) if destination is not None else (None, None)
    return first is not None and first.is_multicast


def _wide(ports: str) -> bool:
    """Whether a range of ports has one in it that nobody would open by itself."""
    low, dash, high = ports.partition("-")
    return bool(dash) and low.isdigit() and high.isdigit() and any(int(low) <= port <= int(high) for port in PORTS)
