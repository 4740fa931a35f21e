"""VPN profiles of the older front ends: /etc/ipsec.conf (strongSwan's starter, libreswan) and /etc/ipsec.secrets.

ipsec.conf(5): sections begin in the first column, what belongs to them is indented, `also=` takes another section in,
and %default holds for all. Without a closing ! strongSwan adds its own proposals to those that are given.
"""

from __future__ import annotations

import posixpath
import re

from ...engine.host import Host, HostError
from ...engine.safe_read import text_or_nothing
from ..files import glob
from ..profile import Profile, Tunnel
from .swanctl import NOBODY

CONF = "/etc/ipsec.conf"
SECRETS = "/etc/ipsec.secrets"
LIBRESWAN = "/usr/libexec/ipsec/pluto"
DEEPEST = 10
KINDS = {"PSK": "psk", "EAP": "password", "XAUTH": "password", "NTLM": "password"}


def profiles(host: Host) -> list[Profile]:
    """The connections of ipsec.conf. Raises HostError."""
    sections = _sections(host, CONF, 0)
    default = sections.pop("%default", {})
    whole = {name: {**default, **_whole(name, sections, ())} for name in sections}
    # Without auto= a section is only there for others to take in.
    return [_profile(host, name, keys) for name, keys in whole.items() if keys.get("auto", "ignore") != "ignore"]


def _lines(host: Host, path: str, depth: int) -> list[tuple[str, str, int]]:
    """(line, path, number) with the includes put in their place, comments and empty lines left out."""
    if depth > DEEPEST:
        raise HostError("malformed", f"{path} is included too deeply, perhaps by itself")
    lines = []
    for count, line in enumerate((text_or_nothing(host, path) or "").split("\n"), 1):
        bare = re.sub(r"(^|\s)#.*", "", line).rstrip()
        included = re.match(r"\s*include\s+[\"']?([^\"']+)", bare)
        if included:
            pattern = posixpath.join(posixpath.dirname(path), included.group(1).strip())
            for name in glob(host, pattern):
                lines += _lines(host, name, depth + 1)
        elif bare:
            lines.append((bare, path, count))
    return lines


def _sections(host: Host, path: str, depth: int) -> dict[str, dict[str, str]]:
    """{connection: {key: text}}; `place` is where it begins. A later value of a key counts."""
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line, file, count in _lines(host, path, depth):
        words = line.split()
        if not line[0].isspace():
            current = {}
            if words[0] == "conn" and len(words) > 1:
                current = sections.setdefault(words[1], {"place": f"{file}, line {count}"})
            continue
        key, equals, value = line.strip().partition("=")
        if not equals:
            raise HostError("malformed", f"{file}, line {count} is no key with a value, so nothing of it is loaded")
        text = value.strip().strip('"')
        if key.strip() == "also":
            current["also"] = f"{current.get('also', '')} {text}"
        else:
            current[key.strip().lower()] = text
    return sections


def _whole(name: str, sections: dict[str, dict[str, str]], above: tuple[str, ...]) -> dict[str, str]:
    own = sections.get(name, {})
    inherited: dict[str, str] = {}
    for other in own.get("also", "").split():
        if other not in above:
            inherited.update(_whole(other, sections, (*above, name)))
    return {**inherited, **own}


def _profile(host: Host, name: str, keys: dict[str, str]) -> Profile:
    libreswan = host.exists(LIBRESWAN)
    profile = Profile(name, "libreswan" if libreswan else "strongSwan (ipsec.conf)", keys["place"], _version(keys))
    profile.initiates = keys.get("right", "%any").split(",")[0] not in NOBODY
    ends = [keys.get(f"{side}{part}") for side in ("left", "right") for part in ("auth", "auth2")]
    usual = keys.get("authby", keys.get("auth-by", "rsasig" if libreswan else "pubkey"))
    profile.authentication = [_method(end or usual) for end in ends[::2]] + [_method(end) for end in ends[1::2] if end]
    profile.ike = ["libreswan:" + keys.get("ike", "default")] if libreswan else _proposals(keys.get("ike"))
    to = [network.strip() for network in keys.get("rightsubnet", "dynamic").split(",") if network.strip()]
    esp = keys.get("esp", keys.get("phase2alg"))
    tunnel = Tunnel(name, to, [f"libreswan:{esp or 'default'}"] if libreswan else _proposals(esp))
    if keys.get("type", "tunnel") in ("passthrough", "pass"):
        tunnel = Tunnel(name, notes=[f"the connection {name} lets {', '.join(to[:5])} past the tunnel"])
    elif keys.get("type") == "transport":
        tunnel.to, tunnel.notes = [], ["it is in transport mode, which carries nothing but its own two ends"]
    profile.tunnels = [tunnel]
    return profile


def _version(keys: dict[str, str]) -> str:
    version = keys.get("keyexchange", keys.get("ikev2", "ike")).lower()
    if version in ("ikev2", "insist", "yes", "propose"):
        return "ikev2"
    return "ikev1" if version in ("ikev1", "no", "never") else "ikev1-or-ikev2"


def _method(method: str) -> str:
    first = method.lower()
    if first in ("psk", "secret"):
        return "psk"
    if first.startswith(("pubkey", "rsa", "ecdsa", "ike:", "ecdsasig")):
        return "certificate"
    return "certificate" if first.startswith("eap-tls") else "password"


def _proposals(text: str | None) -> list[str]:
    if not text:
        return ["default"]
    parts = [part.strip() for part in text.rstrip("!").split(",") if part.strip()]
    return parts if text.rstrip().endswith("!") else [*parts, "default"]


def secret_files(host: Host) -> list[str]:
    """ipsec.secrets and what it includes, as far as they are there. Raises HostError."""
    if not host.exists(SECRETS):
        return []
    return list(dict.fromkeys([SECRETS, *(path for _line, path, _count in _lines(host, SECRETS, 0))]))


def secrets(host: Host) -> list[tuple[str, str, str]]:
    """(kind, file, place) of every secret: psk, password, or passphrase of a key. Raises HostError."""
    kinds = []
    for line, path, count in _lines(host, SECRETS, 0):
        match = re.search(r"(?:^|:)\s*(PSK|EAP|XAUTH|NTLM|RSA|ECDSA|PKCS8|P12|PIN)\b", line, re.IGNORECASE)
        if match:
            kinds.append((KINDS.get(match.group(1).upper(), "passphrase"), path, f"{path}, line {count}"))
    return kinds
