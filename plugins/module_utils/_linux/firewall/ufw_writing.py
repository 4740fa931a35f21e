"""ufw: the rules with our comments among its user rules, and how ufw itself is let write them.

Its files are its own: ufw(8) writes them, in a copy that is switched off, so that nothing is loaded before all is
known. What comes out are edits like those of any driver, and `ufw reload` loads them.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from ..engine.safe_read import text_or_nothing
from .inbound_probe import cards, judge, own_addresses
from .restart import ufw_chains
from .rules import DROP, REJECT
from .words import IPP, MDNS, MDNS_GROUPS, NEAR, Opening, Rules, networks

MARK = "leeboard-"
DEFAULTS, USER, USER6 = "/etc/default/ufw", "/etc/ufw/user.rules", "/etc/ufw/user6.rules"
# action, protocol, port, destination, source's port, source, direction (with the card): the lines that ufw itself
# reads back (ufw 0.36.2, backend_iptables.py, _read_rules).
TUPLE = re.compile(r"(?m)^### tuple ### (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (in\S*) comment=([0-9a-f]+)$")
EVERYWHERE = ("0.0.0.0/0", "::/0")
PATIENCE = 300  # each rule costs one start of Python; the machine may be an emulated one
TRY = """\
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/etc/default" "$copy/run" "$copy/lib" "$copy/usr/lib"
cp -a /usr/lib/ufw "$copy/usr/lib/ufw"
cp -a /usr/lib/ufw "$copy/lib/ufw"
cp -a /etc/ufw "$copy/etc/ufw"
cp -a /etc/default/ufw "$copy/etc/default/ufw"
sed -i 's/^ENABLED=.*/ENABLED=no/' "$copy/etc/ufw/ufw.conf"
sed -i 's/^IPV6=.*/IPV6=yes/' "$copy/etc/default/ufw"
set -f
while read -r line; do
    ufw --rootdir="$copy" --datadir="$copy" $line >&2 || case $line in *delete*) ;; *) exit 1;; esac
done
for file in default/ufw ufw/user.rules ufw/user6.rules; do
    printf '\\n== /etc/%s\\n' "$file"
    cat "$copy/etc/$file"
done
"""
PARTS = re.compile(r"\n== (/etc/\S+)\n")


def rules_of(texts: Sequence[str]) -> Rules | None:
    """What the rules with our comments let in; None where there are none."""
    management, ports, openings, services, guests = set(), set(), set(), set(), set()
    for text in texts:
        for _action, protocol, port, _to, _sport, source, direction, comment in TUPLE.findall(text):
            what = _comment(comment)
            first, _colon, last = port.partition(":")
            where = "" if source in EVERYWHERE else source
            if what == "management":
                management |= set(networks(source))
                ports.add(int(first))
            elif what == "opening":
                openings.add(Opening(protocol, int(first), int(last or first), where))
            elif what == "guests":
                guests.add(direction.partition("_")[2])
            elif what:
                services.add(what)
    if not (management or openings or services or guests):
        return None
    return Rules(*(tuple(sorted(one)) for one in (management, ports, openings, services, guests)))


def _comment(digits: str) -> str:
    """Which of our comments a rule has, without the mark; empty for another one."""
    text = binascii.unhexlify(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")
    return text[len(MARK) :] if text.startswith(MARK) else ""


def wanted(rules: Rules) -> list[str]:
    """The rules that ufw is to have, as what follows `ufw prepend` but the comment, and the comment's word."""
    lines = [
        f"allow proto tcp from {network} to any port {port}|management"
        for network in rules.management
        for port in rules.ports
    ]
    for opening in rules.openings:
        ports = f"{opening.first}" if opening.first == opening.last else f"{opening.first}:{opening.last}"
        lines.append(f"allow proto {opening.protocol} from {opening.source or 'any'} to any port {ports}|opening")
    if "mdns" in rules.services:
        lines += [f"allow proto udp from any to {group} port {MDNS}|mdns" for group in MDNS_GROUPS]
    if "printing" in rules.services:
        lines += [
            f"allow proto {name} from {near} to any port {IPP}|printing" for near in NEAR for name in ("tcp", "udp")
        ]
    for card in rules.guests:
        lines += [f"allow in on {card} proto udp from any to any port 53,67,547|guests"]
        lines += [f"allow in on {card} proto tcp from any to any port 53|guests"]
    return lines


def _there(texts: Sequence[str]) -> set[str]:
    """Our rules as they are, in the words of `wanted`."""
    lines = set()
    for text in texts:
        for action, protocol, port, to, _sport, source, direction, comment in TUPLE.findall(text):
            what, card = _comment(comment), direction.partition("_")[2]
            if what:
                source, to = ("any" if one in EVERYWHERE else one for one in (source, to))
                way = f"in on {card} " if card else ""
                lines.add(f"{action} {way}proto {protocol} from {source} to {to} port {port}|{what}")
    return lines


def plan(host: Host, overlay: OverlayHost, rules: Rules) -> None:
    """Put ufw's files into `overlay` as ufw writes them for `rules`. Raises ChangeRefused, HostError."""
    there = _there([text_or_nothing(host, path) or "" for path in (USER, USER6)])
    lines = wanted(rules)
    commands = [f"--force delete {line.partition('|')[0]}" for line in sorted(there - set(lines))]
    for line in lines:
        if line not in there:
            rule, _bar, what = line.partition("|")
            commands.append(f"prepend {rule} comment {MARK}{what}")
    if 'DEFAULT_INPUT_POLICY="REJECT"' not in (text_or_nothing(host, DEFAULTS) or ""):
        commands.append("default deny incoming")
    argv = ["unshare", "--net", "sh", "-c", TRY]
    done = host.query(argv, input="".join(f"{line}\n" for line in commands), starts=("ufw",), timeout=PATIENCE)
    parts = PARTS.split(done.out)
    if done.rc != 0 or parts[1::2] != [DEFAULTS, USER, USER6]:
        raise ChangeRefused(f"ufw does not take the rules: {(done.err or done.out).strip()[-300:]}")
    for at in (1, 3, 5):
        overlay.put(parts[at], parts[at + 1])
    for family in ("ip", "ip6"):
        outcome = judge(ufw_chains(overlay, family), family, own_addresses(host, family), cards(host))
        if outcome.verdict not in (DROP, REJECT):
            raise ChangeRefused(
                f"ufw would still let strangers in ({outcome.why}); take that rule out with ufw delete, or name what "
                "it is for in leeboard_firewall_allow"
            )
