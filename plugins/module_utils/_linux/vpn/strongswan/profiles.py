"""strongSwan's VPN profiles as they count: the files of swanctl beside what charon has loaded and agreed on.

A connection that charon has otherwise than the files say, though no file is newer, was changed in the daemon, or in a
file whose date was set back. It counts both as loaded, which is so now, and as written, which is so after the next
start: a second profile stands for what is loaded. What was never written into a file counts too.
"""

from __future__ import annotations

from ...engine.host import Host
from ..profile import Profile
from . import charon, ipsec, swanctl


def profiles(host: Host) -> list[Profile]:
    """All profiles, those of ipsec.conf included. Raises HostError."""
    written = {profile.name: profile for profile in [*ipsec.profiles(host), *swanctl.profiles(host)]}
    loaded = charon.loaded(host)
    newer = charon.not_loaded_yet(host, _files(host))
    now = {}
    for name, profile in loaded.items():
        if newer:
            break  # what charon has is what the files said before
        differs = _differences(written[name], profile) if name in written else []
        if differs:
            now[name] = _as_loaded(written[name], profile, differs)
        elif name not in written:
            written[name] = profile
    for name, association in charon.associations(host):
        if name in written:
            _as_agreed(now.get(name, written[name]), association)
    return [*written.values(), *now.values()]


def has(host: Host, name: str) -> bool:
    """Whether the files of swanctl have a connection of that name. Raises HostError."""
    parsed = swanctl.settings(host)
    connections = parsed.root.sections.get("connections") if parsed else None
    return connections is not None and name in connections.sections


def secrets(host: Host) -> list[tuple[str, str, str]]:
    """(kind, file, place) of every secret in the files: psk, password, or passphrase of a key. Raises HostError."""
    return [*swanctl.secrets(host), *ipsec.secrets(host)]


def secret_files(host: Host) -> list[str]:
    """The files that hold secrets, each once. Raises HostError."""
    return [*dict.fromkeys(path for _kind, path, _place in swanctl.secrets(host)), *ipsec.secret_files(host)]


def waiting(host: Host) -> str:
    """What charon has not taken up yet, as a sentence; empty when nothing waits, or charon does not run."""
    if not charon.socket(host):
        return ""
    newer = charon.not_loaded_yet(host, _files(host))
    if newer:
        return newer
    loaded = charon.loaded(host)
    missing = [profile.name for profile in swanctl.profiles(host) if profile.name not in loaded]
    if missing:
        return f"charon has not loaded {', '.join(missing[:5])}; swanctl --load-conns says why"
    return ""


def _files(host: Host) -> list[str]:
    """What charon's connections come from. A file that was taken away shows in its folder's time only."""
    parsed = swanctl.settings(host)
    return [*parsed.files, *parsed.folders] if parsed is not None else []


def _differences(written: Profile, loaded: Profile) -> list[str]:
    """What the daemon has otherwise than the file, in words."""
    differs = []
    if written.protocol != loaded.protocol:
        differs.append(f"{loaded.protocol} where the file says {written.protocol}")
    if set(written.authentication) != set(loaded.authentication) and "key" not in written.authentication:
        differs.append("another authentication")
    children = {tunnel.name: tunnel for tunnel in written.tunnels}
    for child in loaded.tunnels:
        mine = children.get(child.name)
        if mine is None:
            differs.append(f"the child {child.name}")
        elif sorted(mine.to) != sorted(child.to):
            differs.append(f"other addresses for {child.name}")
    return differs


def _as_loaded(written: Profile, loaded: Profile, differs: list[str]) -> Profile:
    """The profile for what the daemon has, with the proposals of the file, since charon does not tell its own."""
    loaded.where = f"{written.where}; loaded in charon with {', '.join(differs[:5])}"
    loaded.ike = written.ike
    if "key" in written.authentication:
        loaded.authentication = written.authentication
    proposals = {tunnel.name: tunnel.esp for tunnel in written.tunnels}
    for child in loaded.tunnels:
        child.esp = proposals.get(child.name, child.esp)
    return loaded


def _as_agreed(written: Profile, association: charon.Association) -> None:
    if association.ike:
        written.agreed = sorted({*written.agreed, association.ike})
    children = {tunnel.name: tunnel for tunnel in written.tunnels}
    for name, proposal, to in association.children:
        tunnel = children.get(name)
        if tunnel is None:
            continue
        if proposal:
            tunnel.agreed = sorted({*tunnel.agreed, proposal})
        if to and sorted(to) != sorted(tunnel.to):
            tunnel.notes.append(f"the peer agreed to {', '.join(to[:5])} only for the child {name}")
            tunnel.to = to
