"""Taking VPN profiles of NetworkManager away that the school does not allow. Journal and undo have none of its secrets.

A profile that is up is ended. Where we come through a device that a VPN could have made, one that is up stays, since
NetworkManager does not say which device belongs to which.
"""

from __future__ import annotations

import re
import stat

from ...engine.cover import Command, Cover, Proof
from ...engine.edits import Change, ChangeRefused, DryRun, Edit, FileEdit, SecretRemoval
from ...engine.host import Host, HostError
from ...engine.reading import Readings
from ...engine.safe_read import first_of, text_or_nothing
from ...system.our_devices import ours
from ..strongswan.stacks import we_come_by_a_tunnel
from .networkmanager import FOLDERS, Stray, strays
from .nm_profile import NMCLI, RELOAD, RUNS, without_secrets

ADDRESS = "networkmanager"
LONGEST = 120  # seconds: NetworkManager ends what is up
NETPLAN = re.compile(r"/run/NetworkManager/system-connections/netplan-(NM-[0-9a-f-]{36})(?:-[^/]*)?\.nmconnection\Z")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
# Numbers of if_arp.h of devices that carry others' traffic: ppp, none (tun, WireGuard), tunnels, GRE.
TUNNELS = ("512", "65534", "768", "769", "776", "778", "823")


class _Left(Exception):
    """Why one profile stays."""


def plan(host: Host, changes: list[Change]) -> DryRun:
    """The files that go, and the commands. Raises ChangeRefused where none of them may, HostError."""
    if not changes:
        return DryRun()
    allowed = _allowed(changes)
    found = strays(host)
    gone = [one for one in found if one.text not in allowed]
    up = _up(host) if gone else frozenset()
    through = _our_tunnel(host) if any(one.uuid in up for one in gone) else ""
    edits: list[Edit] = []
    left: dict[str, str] = {}
    ended: list[str] = []
    for one in gone:
        try:
            if through and one.uuid in up:
                raise _Left(f"{one.path} is up, and we come through {through}, which may be its; come by another way")
            edits += _edits(host, one)
        except _Left as problem:
            left[one.path] = str(problem)
            continue
        ended += [one.uuid] if one.uuid in up and one.uuid not in ended else []
    if left and not edits:
        raise ChangeRefused("; ".join(left.values()))
    if not edits:
        return DryRun()
    commands = [["sh", "-c", f"! {RUNS} || nmcli connection down uuid {uuid} || true"] for uuid in ended]
    commands += [[*RELOAD]] if first_of(host, NMCLI) else []
    stay = {one.text for one in found if one.text in allowed or one.path in left}
    done = DryRun(edits, commands, lambda after: _not_gone(host, after, stay, ended))
    done.warnings = list(left.values())
    return done


def cover(host: Host, changes: list[Change]) -> Cover:
    """All that a change may touch. An undo has no value: what it writes its journal names. Raises HostError,
    ChangeRefused."""
    files: list[str] = []
    up: list[str] = []
    if any(change.get("value") is not None for change in changes):
        allowed = _allowed(changes)
        active = _up(host)
        for one in strays(host):
            if one.text in allowed:
                continue
            try:
                files += [edit.path for edit in _edits(host, one)]
            except _Left:
                continue
            up += [one.uuid] if one.uuid in active and one.uuid not in up else []
    commands = [Command(RELOAD, 60)]
    # What was up comes up again as far as its secrets are to be had; nobody may be there to be asked.
    commands += [Command(("nmcli", "--wait", "60", "connection", "up", "uuid", uuid), 90) for uuid in up]
    proofs = [Proof(("sh", "-c", f"! {RUNS} || nmcli connection show uuid {uuid} >/dev/null")) for uuid in up]
    return Cover(files=tuple(dict.fromkeys(files)), commands=tuple(commands), proofs=tuple(proofs), longest=LONGEST)


def _allowed(changes: list[Change]) -> frozenset[str]:
    """The texts of the profiles that stay. Raises ChangeRefused."""
    if [change["address"] for change in changes] != [ADDRESS]:
        raise ChangeRefused(f"of VPN profiles only those of {ADDRESS} are changed; what charon has is only read")
    wanted = changes[0]["value"]
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(one, str) for one in wanted):
        raise ChangeRefused("the profiles that stay are a list of texts, as the reading has them")
    return frozenset(wanted)


def _edits(host: Host, one: Stray) -> list[Edit]:
    """The removal of a profile. Raises _Left, HostError."""
    if one.path.startswith(f"{FOLDERS[2]}/"):
        raise _Left(f"{one.path} belongs to a package; remove the package")
    if host.link(one.path) is not None:
        raise _Left(f"{one.path} is a symbolic link; take it away by hand")
    if not stat.S_ISREG(host.stat(one.path).st_mode):
        raise _Left(f"{one.path} is no regular file")
    if one.path.startswith(f"{FOLDERS[0]}/"):
        content = host.read(one.path)
        return [FileEdit(one.path, content, None, kept=without_secrets(content))]
    what = f"the profile {one.name}, with what is secret in it"
    made = NETPLAN.match(one.path)
    paths = [one.path]
    if made:
        # netplan keeps one file for each profile that NetworkManager made; others may hold more than one.
        source = f"/etc/netplan/90-{made.group(1)}.yaml"
        if not host.exists(source) or host.link(source) is not None:
            raise _Left(f"{one.path} is made by netplan, and not from {source}; take it out of the file that has it")
        paths = [source, one.path]
    elif "/netplan-" in one.path:
        raise _Left(f"{one.path} is made by netplan from a file of somebody's; take it out below /etc/netplan")
    return [SecretRemoval(path, host.read(path), what) for path in paths]


def _up(host: Host) -> frozenset[str]:
    """The UUIDs of the connections that are up; none where NetworkManager does not run. Raises HostError."""
    if not first_of(host, NMCLI):
        return frozenset()
    runs = host.query(["nmcli", "--terse", "--fields", "RUNNING", "general"])
    if runs.out.strip() != "running":
        return frozenset()
    done = host.query(["nmcli", "--terse", "--fields", "UUID", "connection", "show", "--active"])
    if done.rc != 0:
        raise HostError("failed", f"nmcli connection show ended with status {done.rc}: {done.err.strip()[:200]}")
    return frozenset(line.strip() for line in done.out.splitlines() if UUID.match(line.strip()))


def _our_tunnel(host: Host) -> str:
    """What we come through that a VPN could have made; empty for a card of the machine's. Raises HostError."""
    by = we_come_by_a_tunnel(host)
    if by:
        return f"a tunnel of IPsec ({by})"
    for device in sorted(ours(host)):
        about = f"/sys/class/net/{device}"
        kind = (text_or_nothing(host, f"{about}/type") or "").strip()
        if kind in TUNNELS or host.exists(f"{about}/tun_flags"):
            return device
    return ""


def _not_gone(host: Host, after: Readings, stay: set[str], ended: list[str]) -> str:
    """Why the change has no effect, by the reading afterwards and by what is up."""
    now = after[ADDRESS]["effective"]
    if now["state"] != "value":
        return f"the profiles cannot be read any more: {now.get('why')}"
    more = sorted(set(now["value"]) - stay)
    if more:
        return f"{more[0]} is there again"
    still = sorted(_up(host) & {*ended})
    return f"NetworkManager has {still[0]} up still" if still else ""
