"""What strongSwan's daemon has loaded, and what it has agreed on with its peers: asked of charon through swanctl.

charon tells of a loaded connection all but its proposals. Whether those are the ones in the files is told by time: a
file that is newer than the daemon's last start or reload is not loaded yet, as far as anybody can tell.
"""

from __future__ import annotations

import re
from typing import Any

from ...engine.host import Host, HostError
from ...system import systemd_unit
from ..profile import Profile, Tunnel
from . import settings, swanctl

SOCKET = "/run/charon.vici"
STRONGSWAN_CONF = "/etc/strongswan.conf"
NOT_TOLD = "loaded:proposals"
ONLY_LOADED = "loaded in charon, and in no file of swanctl"
UNITS = ("strongswan.service", "strongswan-starter.service")
CLASSES = {"public key": "certificate", "pre-shared key": "psk", "": "certificate", "EAP_TLS": "certificate"}
VERSIONS = {"IKEv1": "ikev1", "IKEv2": "ikev2", "IKEv1/2": "ikev1-or-ikev2"}
# swanctl prints nothing but these on a good day; a plugin that is not installed is named on standard error.
STEPS = re.compile(r"(?P<open>.+?) \{|(?P<list>.+?) = \[|(?P<key>.+?) = (?P<value>.*)|(?P<close>[}\]])")
ALGORITHMS = {
    "AES_CBC": "aes", "AES_GCM_16": "aes{}gcm16", "AES_GCM_12": "aes{}gcm12", "AES_GCM_8": "aes{}gcm8",
    "CHACHA20_POLY1305": "chacha20poly1305", "CURVE_25519": "curve25519", "CURVE_448": "curve448",
}  # fmt: skip


def socket(host: Host) -> str:
    """Where charon listens for swanctl, when it runs; else an empty text. Raises HostError."""
    path = SOCKET
    try:
        configuration = settings.parse(host, STRONGSWAN_CONF).root
    except FileNotFoundError:
        configuration = settings.Section()
    for name in ("charon", "charon-systemd"):
        section = configuration
        for part in (name, "plugins", "vici"):
            section = section.sections.get(part, settings.Section())
        address = section.text("socket")
        if address.startswith("unix://"):
            path = address[len("unix://") :]
    return path if host.exists(path) else ""


def query(host: Host, what: str) -> list[tuple[str, dict[str, Any]]]:
    """What charon answers to `swanctl --WHAT`: (connection, nested data) for each event. Raises HostError."""
    path = socket(host)
    if not path:
        return []
    done = host.query(["swanctl", f"--{what}", "--pretty", "--uri", f"unix://{path}"])
    if done.rc != 0:
        errors = [line for line in done.err.splitlines() if not line.startswith("plugin ")]
        code = "failed" if host.is_root else "needs_root"
        raise HostError(code, f"charon did not answer swanctl --{what}: {' '.join(errors)[-300:] or done.rc}")
    return events(done.out)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(name, nested data) of what each event in swanctl's output is about. Raises HostError for what is cut off."""
    named: list[tuple[str, dict[str, Any]]] = []
    above: list[dict[str, Any]] = [{}]
    listed: list[str] | None = None
    ended = False
    for line in text.split("\n"):
        bare = line.strip()
        if not bare:
            continue
        if listed is not None and bare != "]":
            listed.append(bare)
            continue
        step = STEPS.fullmatch(bare)
        if step is None:
            continue  # a line of words in between
        if step.group("close"):
            if listed is not None:
                listed = None
            elif len(above) > 1:
                above.pop()
        elif step.group("open"):
            # First comes the event's own brace, then the connection's.
            inner: dict[str, Any] = {}
            if len(above) == 1:
                ended = step.group("open").endswith(" reply")
            elif len(above) == 2:
                named.append((step.group("open"), inner))
            else:
                above[-1][step.group("open")] = inner
            above.append(inner)
        elif len(above) == 1:
            continue
        elif step.group("list"):
            listed = above[-1].setdefault(step.group("list"), [])
        else:
            above[-1][step.group("key")] = step.group("value")
    if len(above) > 1 or listed is not None or not ended:
        raise HostError("malformed", "swanctl's answer is cut off")
    return named


def loaded(host: Host) -> dict[str, Profile]:
    """{name: Profile} of the connections that charon has, without their proposals. Raises HostError."""
    return {name: _loaded(name, connection) for name, connection in query(host, "list-conns")}


def _loaded(name: str, connection: dict[str, Any]) -> Profile:
    profile = Profile(name, "strongSwan", ONLY_LOADED, VERSIONS.get(connection.get("version", ""), "ikev1-or-ikev2"))
    profile.initiates = any(map(swanctl.can_be_called, connection.get("remote_addrs", [])))
    for part, details in connection.items():
        if part.startswith(("local-", "remote-")) and isinstance(details, dict):
            profile.authentication.append(CLASSES.get(details.get("class", ""), "password"))
    profile.ike = [NOT_TOLD]
    for child, details in (connection.get("children") or {}).items():
        profile.tunnels.append(_child(child, details))
    return profile


def _child(name: str, child: dict[str, Any]) -> Tunnel:
    to = child.get("remote-ts", [])
    if child.get("mode") == "PASS":
        return Tunnel(name, notes=[f"the child {name} lets {', '.join(to[:5])} past the tunnel"])
    if child.get("mode") == "DROP":
        return Tunnel(name)
    if str(child.get("mode", "")).startswith("TRANSPORT"):
        return Tunnel(
            name, notes=[f"the child {name} is in transport mode, which carries nothing but its own two ends"]
        )
    return Tunnel(name, to, [NOT_TOLD])


class Association:
    """What is in use now between this device and a peer: `ike` (a proposal) and `children` [(name, esp, to)]."""

    def __init__(self, association: dict[str, Any]) -> None:
        self.ike = _proposal(association)
        self.children: list[tuple[str, str, list[str]]] = [
            (child.get("name", ""), _proposal(child), child.get("remote-ts", []))
            for child in (association.get("child-sas") or {}).values()
            if isinstance(child, dict) and child.get("state") in ("INSTALLED", "REKEYED", "REKEYING")
        ]


def associations(host: Host) -> list[tuple[str, Association]]:
    """(connection, Association) of all that is established. Raises HostError."""
    return [
        (name, Association(association))
        for name, association in query(host, "list-sas")
        if association.get("state") in ("ESTABLISHED", "REKEYING", "REKEYED")
    ]


def _proposal(association: dict[str, Any]) -> str:
    """AES_GCM_16, 128, PRF_HMAC_SHA2_256, ECP_256 in the words of the files: aes128gcm16-prfsha256-ecp256."""
    if association.get("protocol") == "AH":
        return "ah"
    parts = []
    cipher = association.get("encr-alg")
    if cipher:
        size = association.get("encr-keysize", "")
        pattern = ALGORITHMS.get(cipher, cipher.lower())
        parts.append(pattern.format(size) if "{}" in pattern else f"{pattern}{size if pattern == 'aes' else ''}")
    for key in ("integ-alg", "prf-alg", "dh-group"):
        if association.get(key):
            parts.append(_word(association[key]))
    return "-".join(parts)


def _word(algorithm: str) -> str:
    match = re.fullmatch(r"(PRF_)?HMAC_(?:(SHA)2_([0-9]+)(?:_[0-9]+)?|(SHA1|MD5)(?:_[0-9]+)?)", algorithm)
    if match:
        return ("prf" if match.group(1) else "") + (match.group(4) or f"{match.group(2)}{match.group(3)}").lower()
    return ALGORITHMS.get(algorithm, algorithm.lower().replace("_", ""))


def not_loaded_yet(host: Host, files: list[str]) -> str:
    """A sentence when one of the files is newer than what charon was last known to load. Raises HostError."""
    path = socket(host)
    if not path:
        return ""
    try:
        since: float = int(host.stat(path).st_mtime)  # the daemon makes its socket when it starts
    except FileNotFoundError:
        return ""
    for unit in UNITS:
        active, changed = systemd_unit.state(host, unit)
        if active and changed is not None:
            since = max(since, changed)
    for name in files:
        try:
            written = host.stat(name).st_mtime
        except FileNotFoundError:
            continue
        if written >= since + 1:
            return (
                f"{name} was changed after charon last loaded its connections, and charon does not tell with which "
                "proposals it works; systemctl reload strongswan makes it load the file"
            )
    return ""
