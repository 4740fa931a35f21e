"""What brings the VPN back from a change of ours: our files, charon's unit, and what charon had loaded before."""

from __future__ import annotations

from ...engine.cover import Command, Cover, Proof
from ...engine.edits import Change, ChangeRefused
from ...engine.host import Host
from ..files import has_ipsec
from ..ikev2.again import LOAD as LOAD_AGAIN
from ..ikev2.conf import FILES, LOAD_NETWORKD, NAME
from ..ikev2.names import LOAD as LOAD_NAMES
from ..ikev2.words import NONE
from ..strongswan import charon
from ..strongswan.stacks import UNIT
from ..wireguard import changes as wireguard_changes
from ..wireguard import key as wireguard_key
from ..wireguard import words as wireguard_words

LONGEST = 180  # seconds, on an emulated machine: charon is reloaded, and calls the gateway
# A connection that charon no longer has from a file lives on in it until it is told to go.
END = ("sh", "-c", f"swanctl --terminate --ike {NAME} --force --timeout 5 >/dev/null 2>&1; true")
DAEMON = ("systemctl", "daemon-reload")
LOAD = ("sh", "-c", f"! systemctl -q is-active {UNIT} || systemctl reload {UNIT}")
GONE = ("sh", "-c", f"! swanctl --list-conns 2>/dev/null | grep -q '^{NAME}:'")
THERE = ("sh", "-c", f"swanctl --list-conns 2>/dev/null | grep -q '^{NAME}:'")


def cover(host: Host, changes: list[Change]) -> Cover:
    """All that a change of the tunnel may touch, of either kind. Raises ChangeRefused, HostError."""
    values = [change.get("value") for change in changes]
    if any(wireguard_words.is_meant(one) for one in values):
        return wireguard_changes.cover(host, with_key=False)
    # An undo comes without values: what it puts back may be of either.
    may_come = None in values and wireguard_key.installed(host)
    if not may_come and not ({None, NONE} & {*values} and wireguard_changes.left(host)):
        return _of_ipsec(host, changes)
    first = wireguard_changes.cover(host, with_key=True)
    if not has_ipsec(host):
        return first
    second = _of_ipsec(host, changes)
    return Cover(
        files=tuple(dict.fromkeys([*first.files, *second.files])),
        units=(*first.units, *second.units),
        commands=tuple(dict.fromkeys([*first.commands, *second.commands])),
        proofs=(*first.proofs, *second.proofs),
        longest=first.longest + second.longest,
    )


def _of_ipsec(host: Host, changes: list[Change]) -> Cover:
    files: tuple[str, ...] = FILES
    if any(change.get("value") == NONE for change in changes):
        files = tuple(dict.fromkeys([*FILES, *_left(host)]))
    for path in files:
        if host.link(path) is not None:
            raise ChangeRefused(f"{path} is a symbolic link; put a regular file in its place")
    if not host.exists("/run/systemd/system"):
        raise ChangeRefused("systemd does not run on this machine, so nothing would put the VPN back")
    running = bool(charon.socket(host))
    had = running and NAME in dict(charon.query(host, "list-conns"))
    commands = [Command(DAEMON), Command(LOAD_NETWORKD), Command(LOAD_NAMES), Command(LOAD_AGAIN), Command(LOAD, 60)]
    if not had:
        commands.insert(0, Command(END, 30))
    return Cover(
        files=files,
        units=(UNIT,),
        commands=tuple(commands),
        proofs=(Proof(THERE if had else GONE),),
        longest=LONGEST,
    )


def _left(host: Host) -> list[str]:
    """The files that go with the tunnel, its key among them: it comes back with all else, or goes for good."""
    from ..ikev2 import left as tunnel_left  # few tunnels go

    return [*tunnel_left.public(host), *tunnel_left.certificates(host), *tunnel_left.keys(host)]
