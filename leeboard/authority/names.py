"""The names that certificates bear: of a gateway as clients use it, of an authority (a device's: `model.vpn_names`)."""

from __future__ import annotations

import ipaddress
import re

from leeboard.errors import LeeboardError
from leeboard.model.values import plain

HOST = re.compile(r"(?=.{1,64}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\Z")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .'&-]{0,29}\Z")


def gateway_name(text: str) -> str:
    """A gateway's name as clients type it: a host name in full, or an address. Raises LeeboardError."""
    name = text.strip().casefold()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not HOST.match(name):
        raise LeeboardError(
            f"{plain(text, 80)}: is neither a host name in full of at most 64 characters, such as vpn.school.example, "
            "nor an address"
        )
    return name


def authority_name(text: str) -> str:
    """Whose authority it is, as a technician reads it in a certificate. Raises LeeboardError."""
    if not NAME.match(text.strip()):
        raise LeeboardError(
            "--name: give whose authority it is in at most 30 letters, digits, blanks, dots and dashes, such as "
            "Hill Schools"
        )
    return text.strip()
