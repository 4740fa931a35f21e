"""The rules that will be in the kernel after the next start, from what loads them: nftables.service, our own unit, ufw,
firewalld or netfilter-persistent.

A unit counts when it is enabled and no condition in a drop-in keeps it back; ufw.service is enabled from the day it is
installed, so ufw.conf decides there. The file of nftables is tried in a network namespace of its own, where it changes
nothing.
"""

from __future__ import annotations

import re
import stat

from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing
from ..system.unit_conditions import unmet_condition
from ..system.units_enabled import UNITS, activated, enabled, started_units
from . import nft
from .inbound_probe import Judgement, cards, judge, own_addresses
from .rules import ACCEPT, DROP, MAYBE_ACCEPT, REJECT, Ruleset
from .sources import output

NFT_FILE = "/etc/nftables.conf"
OUR_FILE, OUR_UNIT = "/etc/leeboard/firewall.nft", "leeboard-firewall.service"  # what a roll-out puts there (table.py)
OUR_UNIT_FILE = f"{UNITS[0]}/{OUR_UNIT}"
OUR_UNIT_TEXT = f"""\
# Written by Leeboard (REM-12).
[Unit]
Description=Firewall of Leeboard (nftables, table inet leeboard)
DefaultDependencies=no
RequiresMountsFor={OUR_FILE}
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ProtectSystem=full
ProtectHome=true
ExecStart=/usr/sbin/nft -f {OUR_FILE}
ExecReload=/usr/sbin/nft -f {OUR_FILE}

[Install]
WantedBy=sysinit.target
"""
TRY = 'nft -f "$1" && exec nft -j list ruleset\n'
# A rule may name a card by number (iif), so the cards have to be there.
TRY_WITH_CARDS = 'file=$1; shift; for card; do ip link add "$card" type veth; done 2>/dev/null\nset -- "$file"\n' + TRY
UFW_CHAINS = (
    "before-logging-input",
    "before-input",
    "after-input",
    "after-logging-input",
    "reject-input",
    "track-input",
)
TAKES_AWAY = "seems to take rules away or to let everything in when the machine starts; what is left is not known"
OWN_LOADERS = re.compile(
    r"\b(?:nft|iptables|ip6tables|iptables-restore|ip6tables-restore|iptables-nft|iptables-legacy|ufw)\b"
)
# What takes rules away again, or lets everything in.
OPENERS = re.compile(r"\bflush\b|\s-F\b|--flush|\bINPUT\s+ACCEPT\b|\bufw\b.*\bdisable\b")
EXECUTED = re.compile(r"^[ \t]*Exec[A-Za-z]+[ \t]*=((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)  # with its continued lines
# Other programs that load rules of their own, whose files are not read here.
OTHERS = ("shorewall", "shorewall6", "ferm", "firehol", "arno-iptables-firewall", "foomuuri", "csf", "fwb", "uruk",
          "opensnitch", "portmaster")  # fmt: skip
SCRIPTS = (
    "/etc/network/if-pre-up.d", "/etc/network/if-up.d", "/etc/NetworkManager/dispatcher.d",
    "/etc/NetworkManager/dispatcher.d/pre-up.d", "/etc/networkd-dispatcher/routable.d",
)  # fmt: skip


def after_restart(host: Host, family: str) -> Judgement:
    """What strangers of `family` will meet. Raises HostError."""
    rules = Ruleset()
    loaders: list[str] = []
    reasons: list[str] = []
    zone = None
    if _starts(host, "nftables.service", reasons):
        loaders.append("nftables.service")
        rules.add(tried(host, nftables_file(host)))
    if _ours_starts(host, reasons):
        loaders.append(OUR_UNIT)
        rules.add(tried(host, OUR_FILE))
    allowed = shell_variables(host, "/etc/ufw/ufw.conf").get("ENABLED", "").lower() == "yes"
    if allowed and _starts(host, "ufw.service", reasons):
        loaders.append("ufw")
        rules.add(ufw_chains(host, family))
    if _starts(host, "netfilter-persistent.service", reasons):
        from . import iptables  # only what loads the rules is read

        loaders.append("netfilter-persistent")
        path = "/etc/iptables/rules.v6" if family == "ip6" else "/etc/iptables/rules.v4"
        rules.add(iptables.read(text_or_nothing(host, path) or "", family, path))
    if _starts(host, "firewalld.service", reasons):
        from . import firewalld

        default = shell_variables(host, "/etc/firewalld/firewalld.conf").get("DefaultZone", "public")
        zone = firewalld.zones(host, family, default)
        if zone.verdict not in (ACCEPT, MAYBE_ACCEPT):
            opened = own_loader(host, OPENERS)
            return Judgement(MAYBE_ACCEPT, f"{opened} {TAKES_AWAY}") if opened else zone
        loaders.append(zone.why)
    judgement = judge(rules, family, own_addresses(host, family), cards(host))
    if judgement.verdict in (DROP, REJECT):
        opened = own_loader(host, OPENERS)
        return Judgement(MAYBE_ACCEPT, f"{opened} {TAKES_AWAY}") if opened else judgement
    if zone is not None and zone.verdict == MAYBE_ACCEPT:
        return zone
    own = own_loader(host) or other_program(host)
    if own:
        return Judgement(MAYBE_ACCEPT, f"{own} seems to load rules; what it loads is not known before the next start")
    if not loaders:
        return Judgement(ACCEPT, "; ".join(["nothing loads firewall rules when the machine starts", *reasons]))
    return Judgement(judgement.verdict, f"{', '.join(loaders)}: {judgement.why}")


def _starts(host: Host, unit: str, reasons: list[str]) -> bool:
    """Whether a unit starts with the machine; why one that is enabled does not goes to `reasons`. Raises HostError."""
    if not enabled(host, unit):
        return False
    why = unmet_condition(host, unit)
    reasons += [why] if why else []
    return not why


def _ours_starts(host: Host, reasons: list[str]) -> bool:
    """Whether our table is loaded when the machine starts, by the unit as we wrote it. Raises HostError."""
    if not _our_unit(host) or not _starts(host, OUR_UNIT, reasons):
        return False
    if not host.exists(OUR_FILE):
        reasons.append(f"{OUR_FILE} is missing")
    return host.exists(OUR_FILE)


def _our_unit(host: Host) -> bool:
    return text_or_nothing(host, OUR_UNIT_FILE) == OUR_UNIT_TEXT and not _drop_ins(host, OUR_UNIT)


def nftables_file(host: Host) -> str:
    """The file that nftables.service loads. Raises HostError."""
    path = NFT_FILE
    for file in (f"{UNITS[0]}/nftables.service", *_drop_ins(host, "nftables.service")):
        named = re.findall(r"^ExecStart=.*\s-f\s+(\S+)", text_or_nothing(host, file) or "", re.MULTILINE)
        path = named[-1] if named else path
    return path


def tried(host: Host, path: str) -> Ruleset:
    """The rules that a file of nftables makes where there are none. Raises HostError with nft's own words."""
    return nft.read(listed(host, path)).ruleset


def listed(host: Host, path: str) -> str:
    """What nft lists in JSON where a file of it is all that was loaded. Raises HostError with nft's own words."""
    names = [name for name in host.entries("/sys/class/net") if name != "lo"]
    try:
        return output(host, _apart(TRY, [path]), ("nft",))
    except HostError as problem:
        if "Interface does not exist" not in problem.why:
            raise HostError(problem.code, f"{path} could not be tried: {problem.why}") from None
    try:
        return output(host, _apart(TRY_WITH_CARDS, [path, *names]), ("ip", "nft"))
    except HostError as problem:
        raise HostError(problem.code, f"{path} could not be tried: {problem.why}") from None


def _apart(script: str, arguments: list[str]) -> list[str]:
    return ["unshare", "--net", "sh", "-c", script, "sh", *arguments]


def _drop_ins(host: Host, unit: str) -> list[str]:
    folder = f"{UNITS[0]}/{unit}.d"
    return [f"{folder}/{name}" for name in host.entries(folder) if name.endswith(".conf")]


def ufw_chains(host: Machine, family: str) -> Ruleset:
    """The chains that ufw will put together. Raises HostError."""
    from . import iptables

    kind = "6" if family == "ip6" else ""
    defaults = shell_variables(host, "/etc/default/ufw")
    policy = defaults.get("DEFAULT_INPUT_POLICY", "DROP").upper()
    if kind and defaults.get("IPV6", "").lower() != "yes":
        # Without IPv6, ufw lets nothing of it in (ufw-init-functions of 0.36.2).
        return iptables.read("*filter\n:INPUT DROP\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n", family, "ufw")
    parts = []
    for name in ("before", "after", "user"):
        path = f"/etc/ufw/{name}{kind}.rules"
        text = text_or_nothing(host, path)
        if text is None:
            raise HostError("malformed", f"{path} is missing, so ufw will not start")
        iptables.read(text, family, path)  # a slip is named with its own file
        parts.append(text)
    chains = "".join(f":ufw{kind}-{name}\n-A INPUT -j ufw{kind}-{name}\n" for name in UFW_CHAINS)
    first = f"*filter\n:INPUT {'ACCEPT' if policy == 'ACCEPT' else 'DROP'}\n:ufw{kind}-logging-deny\n{chains}"
    last = f"*filter\n-A ufw{kind}-before-input -j ufw{kind}-user-input\n"
    if policy == "REJECT":
        last += f"-A ufw{kind}-reject-input -j REJECT\n"
    return iptables.read(f"{first}COMMIT\n{''.join(parts)}\n{last}COMMIT\n", family, "ufw")


def shell_variables(host: Machine, path: str) -> dict[str, str]:
    """NAME=value lines of a file that a shell reads; the last of a name counts. Raises HostError."""
    variables = {}
    for line in (text_or_nothing(host, path) or "").split("\n"):
        name, equals, text = line.strip().partition("=")
        if equals and not name.startswith("#"):
            variables[name.strip()] = text.split(" #", 1)[0].strip().strip("\"'")
    return variables


def own_loader(host: Host, also: re.Pattern[str] | None = None, besides: tuple[str, ...] = ()) -> str:
    """A unit or script of the school's own that seems to load rules (in a way that `also` fits), or an empty text.

    Units in `besides` are no matter.

    Raises HostError.
    """
    known = ["nftables.service", "ufw.service", "netfilter-persistent.service", "firewalld.service"]
    known += [OUR_UNIT] if _our_unit(host) or OUR_UNIT in besides else []
    units = dict.fromkeys([*started_units(host), *(unit for _starter, unit in activated(host))])
    started = [name for name in units if name.endswith(".service") and name not in known]
    own = [f"{UNITS[0]}/{name}" for name in started if host.link(f"{UNITS[0]}/{name}") is None]
    scripts = [f"{folder}/{name}" for folder in SCRIPTS for name in host.entries(folder)]
    for path in (*own, *scripts, "/etc/rc.local", "/etc/network/interfaces"):
        text = (text_or_nothing(host, path) or "") if _is_file(host, path) else ""
        lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
        # A unit that only has to come before or after a firewall names it too: what it runs counts.
        lines = EXECUTED.findall("\n".join(lines)) if path in own else lines
        if any(OWN_LOADERS.search(line) and (also is None or also.search(line)) for line in lines):
            return path
    return ""


def _is_file(host: Host, path: str) -> bool:
    try:
        return stat.S_ISREG(host.stat(path).st_mode)
    except FileNotFoundError:
        return False


def other_program(host: Host) -> str:
    """Another firewall program that starts with the machine, or an empty text. Raises HostError."""
    return next((name for name in started_units(host) if name.removesuffix(".service") in OTHERS), "")
