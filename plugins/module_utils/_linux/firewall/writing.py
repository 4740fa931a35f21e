"""What a roll-out makes of a firewall: nothing comes in but what is named, with what the machine uses already.

ufw where it is switched on, firewalld where it is enabled, a table of nftables of our own elsewhere. Two at once are
refused, since each closes what the other opens, and so is whatever else loads rules: nobody could tell what remains.
"""

from __future__ import annotations

from typing import Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.overlay_host import OverlayHost
from ..engine.safe_read import first_of, text_or_nothing
from ..system.came_by import CameBy, came_by
from ..system.mounts import mounted
from ..system.units_enabled import enabled
from . import nft, ours, table
from .guests import guests
from .inbound_probe import cards, judge, own_addresses
from .ours import FIREWALLD, NFTABLES, UFW
from .restart import nftables_file, other_program, own_loader, shell_variables, tried
from .rules import DROP, REJECT, Ruleset
from .sources import LIST, NFT, loaded, output
from .way_in import address_of, management_ports, within
from .words import Rules, networks, openings, services

RUNS = "/run/systemd/system"
KEPT_OUT = (DROP, REJECT, "off")
TRY_HERE = ["unshare", "--net", "sh", "-c", "nft -f - && exec nft -j list ruleset\n"]
PERSISTENT = "netfilter-persistent.service"


def plan(host: Host, changes: list[Change]) -> DryRun:
    """The files and commands that keep strangers out. Raises ChangeRefused, HostError."""
    if not changes:
        return DryRun()
    wanted = {change["address"]: change["value"] for change in changes}
    _known(wanted)
    if not host.is_root:
        raise HostError("needs_root", "only root may change the firewall")
    if not host.exists(RUNS):
        raise ChangeRefused(
            "systemd does not run on this machine, so nothing would load the firewall at its next start"
        )
    _writable(host)
    kind = used(host)
    came = came_by(host)
    rules = _rules(host, wanted, came)
    if came and not within(came, rules.management):
        raise ChangeRefused(
            f"the management networks ({' '.join(rules.management)}) do not contain {address_of(came)}, which we come "
            "from, so nobody could come back; name its network in leeboard_management_networks"
        )
    overlay = OverlayHost(host)
    if kind == NFTABLES:
        return overlay.result(_nftables(host, overlay, rules))
    if kind == UFW:
        from . import ufw_writing

        ufw_writing.plan(host, overlay, rules)
        return overlay.result(_loading(host, overlay, [["ufw", "reload"]]))
    from . import firewalld_policy

    firewalld_policy.plan(host, overlay, rules)
    return overlay.result(_loading(host, overlay, [["firewall-cmd", "--check-config"], ["firewall-cmd", "--reload"]]))


def used(host: Host) -> str:
    """The firewall that this machine uses. Raises ChangeRefused where there are two, or one that is not known here."""
    there = {}
    if shell_variables(host, "/etc/ufw/ufw.conf").get("ENABLED", "").lower() == "yes":
        there[UFW] = "ufw"
    if enabled(host, "firewalld.service"):
        there[FIREWALLD] = "firewalld"
    if host.exists(table.FILE):
        there[NFTABLES] = f"{table.FILE} of Leeboard's own"
    elif first_of(host, NFT) and _closes(host):
        there[NFTABLES] = f"nftables.service with {nftables_file(host)}"
    other = PERSISTENT if enabled(host, PERSISTENT) else other_program(host) or own_loader(host, besides=(table.UNIT,))
    if other:
        raise ChangeRefused(f"{other} loads rules of its own, and Leeboard does not write for it; take it out first")
    if len(there) > 1:
        raise ChangeRefused(
            f"there are two firewalls at once, {' and '.join(there.values())}: each closes what the other opens; "
            "switch one of them off"
        )
    return next(iter(there), NFTABLES)


def _closes(host: Host) -> bool:
    """Whether nftables.service loads more than the empty chains of the file as it is shipped. Raises ChangeRefused."""
    if not enabled(host, "nftables.service"):
        return False
    try:
        ruleset = tried(host, nftables_file(host))
    except HostError as problem:
        raise ChangeRefused(f"{problem.why}; put it right first, or nothing in it is loaded") from None
    return any(chain.rules or chain.policy != "accept" for chain in ruleset.chains.values())


def _known(wanted: dict[str, Any]) -> None:
    for address, value in wanted.items():
        if address.startswith("outbound"):
            raise ChangeRefused("what leaves the machine is only reported")
        if address.startswith(("inbound", "after-restart")) and value not in KEPT_OUT:
            raise ChangeRefused(f"{address}: strangers are kept out from here and never let in, so not {value!r}")


def _writable(host: Host) -> None:
    over = [mount for mount in mounted(host) if mount.point in ("/", "/etc")]
    last = max(over, key=lambda mount: len(mount.point))
    if "ro" in last.options:
        raise ChangeRefused(f"{last.point} is mounted read-only, so no firewall can be written")


def _rules(host: Host, wanted: dict[str, Any], came: CameBy | None) -> Rules:
    """What is to be let in: what the inventory says, else what is let in now. Raises ChangeRefused, HostError."""
    present = ours.written(host)
    now = present.rules if present and present.rules else Rules()
    rules = Rules(
        networks(wanted["management"]) if "management" in wanted else now.management,
        management_ports(host, came),
        openings(wanted["openings"]) if "openings" in wanted else now.openings,
        services(wanted["services"]) if "services" in wanted else now.services,
        guests(host),
    )
    if not rules.management:
        raise ChangeRefused(
            "no management network is declared, so nobody could come here any more; set leeboard_management_networks "
            "for the school"
        )
    return rules


def _nftables(host: Host, overlay: OverlayHost, rules: Rules) -> list[list[str]]:
    """Put our table's file and unit into `overlay`. Returns the commands that load it."""
    if not first_of(host, NFT):
        raise ChangeRefused("nftables is not installed; the role firewall installs it")
    drop_ins = host.entries(f"{table.UNIT_FILE}.d")
    if drop_ins:
        raise ChangeRefused(f"{table.UNIT_FILE}.d/{drop_ins[0]} changes the unit of our firewall; take it out")
    content = table.text(rules)
    listing = host.query(TRY_HERE, input=content, starts=("nft",))
    if listing.rc != 0:
        raise ChangeRefused(f"nft does not take the rules: {listing.err.strip()[-300:]}")
    _judged(host, nft.read(listing.out).ruleset, rules)
    overlay.put(table.FILE, content, mode=0o644)
    overlay.put(table.UNIT_FILE, table.UNIT_TEXT, mode=0o644)
    new_unit = text_or_nothing(host, table.UNIT_FILE) != table.UNIT_TEXT
    starts = not new_unit and enabled(host, table.UNIT)
    commands = [["systemctl", "daemon-reload"]] if new_unit else []
    commands += [] if starts else [["systemctl", "enable", table.UNIT]]
    kernel = ours.table_of(output(host, LIST))
    if commands or overlay.changes_something() or kernel != ours.table_of(listing.out):
        commands.append(["systemctl", "restart", table.UNIT])
    return commands


def _judged(host: Host, own: Ruleset, rules: Rules) -> None:
    """Refuse a table that would not do, with what others have in the kernel now and load at the next start.

    Raises ChangeRefused, HostError.
    """
    later = Ruleset()
    if enabled(host, "nftables.service"):
        later.add(tried(host, nftables_file(host)))
    for when, ruleset in (("now", loaded(host).ruleset), ("after the next start", later)):
        ruleset.add(own)
        for family in ("ip", "ip6"):
            outcome = judge(ruleset, family, own_addresses(host, family), cards(host))
            if outcome.verdict not in (DROP, REJECT):
                raise ChangeRefused(
                    f"strangers would still get in {when} ({outcome.why}); leeboard_firewall_allow opens too much, or "
                    "a rule of the machine's own passes it by"
                )
        why = ours.closed(ruleset, rules, host)
        if why:
            raise ChangeRefused(f"{why} ({when}); take that rule out first")


def _loading(host: Host, overlay: OverlayHost, commands: list[list[str]]) -> list[list[str]]:
    """The commands that load what is in `overlay`, where anything of it is not loaded yet."""
    now = ours.in_effect(host)
    idle = now is None or bool(now.problem) or _open_now(host)
    return commands if overlay.changes_something() or idle else []


def _open_now(host: Host) -> bool:
    ruleset = loaded(host).ruleset
    return any(
        judge(ruleset, family, own_addresses(host, family), cards(host)).verdict not in (DROP, REJECT)
        for family in ("ip", "ip6")
    )
