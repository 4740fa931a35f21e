"""VPN profiles of strongSwan's swanctl: /etc/swanctl/swanctl.conf and what it includes."""

from __future__ import annotations

from ...engine.reading import Machine
from ..profile import Profile, Tunnel
from . import settings as vpn_settings
from .settings import Section

CONF = "/etc/swanctl/swanctl.conf"
SHARED = ("ike", "eap", "xauth", "ntlm")  # sections of `secrets` that hold what both sides know
NOBODY = ("", "%any", "%any4", "%any6", "0.0.0.0", "::", "0::0")  # noqa: S104


def settings(host: Machine) -> vpn_settings.Parsed | None:
    """What swanctl would load, or None without a configuration. Raises HostError where swanctl would stop."""
    try:
        return vpn_settings.parse(host, CONF)
    except FileNotFoundError:
        return None


def profiles(host: Machine) -> list[Profile]:
    """The connections of the files. Raises HostError."""
    parsed = settings(host)
    if parsed is None:
        return []
    connections = parsed.root.sections.get("connections", Section())
    return [_profile(name, section) for name, section in connections.sections.items()]


def _profile(name: str, section: Section) -> Profile:
    version = section.text("version", "0")
    profile = Profile(
        name,
        "strongSwan",
        section.place,
        {"1": "ikev1", "2": "ikev2"}.get(version, "ikev1-or-ikev2"),
    )
    profile.initiates = any(map(can_be_called, words(section.text("remote_addrs", "%any"))))
    profile.authentication = _authentication(section)
    profile.ike = words(section.text("proposals", "default")) or ["default"]
    for child, keys in section.sections.get("children", Section()).sections.items():
        profile.tunnels.append(_tunnel(child, keys))
    return profile


def words(text: str) -> list[str]:
    """A list as swanctl takes it: parted by commas, blanks around each taken away."""
    return [word.strip() for word in text.split(",") if word.strip()]


def can_be_called(address: str) -> bool:
    """True for an address or a name that can be called; ranges and networks only say who may call."""
    return (
        address.lower() not in NOBODY and "/" not in address and not (address.count("-") == 1 and address[:1].isdigit())
    )


def _authentication(section: Section) -> list[str]:
    methods = []
    for side in ("local", "remote"):
        rounds = [part for name, part in section.sections.items() if name.lower().startswith(side)]
        # Without a section charon takes what it has: a certificate, where no secret is stored (which is asked about).
        methods += [_method(part) for part in rounds] or ["certificate"]
    return methods


def _method(section: Section) -> str:
    method = section.text("auth", "pubkey")
    if method.startswith(("pubkey", "rsa", "ecdsa", "ike:")):
        return "key" if section.text("pubkeys") and not section.text("certs") else "certificate"
    if method.lower() == "psk":
        return "psk"
    return "certificate" if method.lower().split(":")[0] == "eap-tls" else "password"


def _tunnel(name: str, section: Section) -> Tunnel:
    mode = section.text("mode", "tunnel").lower()
    tunnel = Tunnel(name, words(section.text("remote_ts", "dynamic")))
    if mode in ("pass", "drop"):
        tunnel.notes = [f"the child {name} lets {', '.join(tunnel.to[:5])} past the tunnel"] if mode == "pass" else []
        tunnel.to = []
        return tunnel
    tunnel.esp = words(section.text("esp_proposals"))
    if section.text("ah_proposals"):
        tunnel.esp.append("ah")  # signed and not encrypted
    tunnel.esp = tunnel.esp or ["default"]
    if mode.startswith("transport"):
        tunnel.notes = [f"the child {name} is in transport mode, which carries nothing but its own two ends"]
        tunnel.to = []
    return tunnel


def secrets(host: Machine) -> list[tuple[str, str, str]]:
    """(kind, file, place) of every secret in the files: psk, password, or passphrase of a key. Raises HostError."""
    parsed = settings(host)
    if parsed is None:
        return []
    kinds = []
    for name, section in parsed.root.sections.get("secrets", Section()).sections.items():
        # A secret of EAP or XAuth has its own key; the others call it `secret`, and a token's is `pin`.
        for key in ("secret", "pin"):
            entry = section.keys.get(key)
            if entry is None or not entry.text:
                continue
            kind = "psk" if name.lower().startswith("ike") else "password"
            if not name.lower().startswith(SHARED):
                kind = "passphrase"
            kinds.append((kind, entry.path, f"{entry.place}: secrets.{name}"))
    return kinds
