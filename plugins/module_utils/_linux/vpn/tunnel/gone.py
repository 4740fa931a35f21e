"""Taking the school's own tunnel away from a device that has the VPN no more: `none`, said in so many words.

Files first, then the certificate, and its key last. Neither of these two is in the journal: an undo that brought a
certificate back would have to bring its key. Until the checkpoint is confirmed both lie beside it, root's alone.
"""

from __future__ import annotations

from ...engine.edits import ChangeRefused, DryRun, Edit, FileEdit, SecretRemoval
from ...engine.host import Host, HostError
from ...engine.reading import Readings
from ...system.systemd_unit import state
from ...system.units_enabled import enabled
from ..files import has_ipsec
from ..ikev2 import again as tunnel_again
from ..ikev2 import left as tunnel_left
from ..ikev2 import names as tunnel_names
from ..ikev2.conf import CONF, LOAD_NETWORKD, NAME, NETWORKD
from ..strongswan import stacks, swanctl
from ..strongswan.settings import Section
from ..wireguard import changes as wireguard_changes
from .cover import END

ADDRESS = "tunnel"


def plan(host: Host) -> DryRun:
    """The files that go, and the commands that end what they made. Raises ChangeRefused, HostError."""
    edits, commands = wireguard_changes.gone(host)
    more, others = _of_ipsec(host) if has_ipsec(host) else ([], [])
    return DryRun([*edits, *more], [*commands, *others], _not_gone) if [*edits, *more, *commands, *others] else DryRun()


def _of_ipsec(host: Host) -> tuple[list[Edit], list[list[str]]]:
    """The same of the tunnel by IKEv2. Raises ChangeRefused, HostError."""
    public, certificates, keys = (one(host) for one in (tunnel_left.public, tunnel_left.certificates, tunnel_left.keys))
    loaded = tunnel_left.loaded(host)
    if not public and not certificates and not keys and not loaded:
        return [], []
    by = stacks.we_come_by_a_tunnel(host) if loaded else ""
    if by:
        raise ChangeRefused(f"we come through a tunnel ({by}), and it may be the one that goes; come by another way")
    for path in [*public, *certificates, *keys]:
        leads = host.link(path)
        if leads is not None:
            raise ChangeRefused(f"{path} is a symbolic link to {leads}; take it away by hand and repeat the roll-out")
    edits: list[Edit] = [FileEdit(path, host.read(path), None) for path in public]
    edits += [SecretRemoval(path, host.read(path), "a certificate of this device for the VPN") for path in certificates]
    edits += [SecretRemoval(path, host.read(path), "a key of this device for the VPN") for path in keys]
    return edits, _commands(host, public, loaded)


def _commands(host: Host, public: list[str], loaded: bool) -> list[list[str]]:
    commands = [[*LOAD_NETWORKD]] if NETWORKD in public else []
    names = bool({tunnel_names.RULES, tunnel_names.LOADER} & {*public})
    again = bool({*tunnel_again.TEXTS} & {*public})
    commands += [["systemctl", "daemon-reload"]] if names or again else []
    commands += [[*tunnel_names.LOAD]] if names else []
    commands += [[*tunnel_again.LOAD]] if again else []
    runs = state(host, stacks.UNIT)[0]
    had = loaded or CONF in public
    if had and (runs or enabled(host, stacks.UNIT)) and not _others(host):
        # charon was there for this tunnel alone.
        return [*commands, *(["systemctl", verb, stacks.UNIT] for verb in ("stop", "disable"))]
    commands += [["systemctl", "reload", stacks.UNIT]] if runs else []
    return [*commands, [*END]] if loaded else commands


def _others(host: Host) -> bool:
    """Whether the files of swanctl have a connection of somebody else's; what cannot be read counts as one."""
    try:
        parsed = swanctl.settings(host)
    except HostError:
        return True
    connections = parsed.root.sections.get("connections", Section()).sections if parsed else {}
    return bool(set(connections) - {NAME})


def _not_gone(after: Readings) -> str:
    now = after[ADDRESS]["effective"]
    return "" if now["state"] == "absent" else f"the tunnel is still there: {now.get('value') or now.get('why')}"
