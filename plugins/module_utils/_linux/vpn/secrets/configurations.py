"""Files and folders that say what a VPN does: whoever may change them can lead it elsewhere, or run a command as root.

What holds a secret is in files.py. NetworkManager reads only what belongs to root, so its folder is not asked here.
"""

from __future__ import annotations

from ...engine.host import Host
from ..files import glob, has_ipsec
from ..profiles import others

FOLDERS = (
    "/etc/swanctl", "/etc/swanctl/conf.d", "/etc/strongswan.d", "/etc/strongswan.d/charon", "/etc/ipsec.d",
    "/etc/openvpn", "/etc/openvpn/client", "/etc/openvpn/server", "/etc/ppp", "/etc/ppp/peers",
)  # fmt: skip
IPSEC = ("/etc/strongswan.conf", "/etc/strongswan.d/*.conf", "/etc/strongswan.d/charon/*.conf", "/etc/ipsec.conf")
PPP = ("/etc/ppp/peers/*", "/etc/ppp/options*", others.XL2TPD)


def places(host: Host) -> list[str]:
    """The files and folders that are there, each once. Raises HostError."""
    patterns = [*others.OPENVPN, *PPP, *(pattern for _program, pattern, _mark, _protocol in others.MARKS)]
    paths = [folder for folder in FOLDERS if host.exists(folder)]
    if has_ipsec(host):
        from ..strongswan import swanctl  # only where there is something of IPsec

        parsed = swanctl.settings(host)
        paths += [*parsed.files, *parsed.folders] if parsed else []
        patterns += IPSEC
    paths += [path for pattern in patterns if pattern.startswith("/etc/") for path in glob(host, pattern)]
    return list(dict.fromkeys(paths))
