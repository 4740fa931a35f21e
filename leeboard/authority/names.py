"""The names that certificates bear: of a device by the register, of a gateway as clients use it."""

from __future__ import annotations

import hashlib
import ipaddress
import re

from leeboard.errors import LeeboardError
from leeboard.model.values import plain

# A domain that no name server ever has: a name below it is known to the two ends of a tunnel and to nobody else.
DOMAIN = "leeboard.internal"
LONGEST_LABEL = 38  # a common name has 64 characters (RFC 5280, ub-common-name), and the rest is the same everywhere
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
HOST = re.compile(r"(?=.{1,64}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\Z")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .'&-]{0,29}\Z")


def device_name(urn: str, asset: str) -> str:
    """The name in a device's certificate, by which a gateway tells it from others: lt-014.900001.leeboard.internal.

    An asset tag that is no part of a DNS name gets a digest of itself behind what can be said of it, so that no two
    tags of a school share a name.
    """
    label = asset.casefold()
    if len(label) > LONGEST_LABEL or not LABEL.match(label) or "--" in label:
        digest = hashlib.sha256(label.encode()).hexdigest()[:12]
        said = re.sub(r"[^a-z0-9]+", "-", label)[: LONGEST_LABEL - 14].strip("-")
        label = f"{said or 'device'}--{digest}"  # a tag that looks like this itself gets a digest of its own
    return f"{label}.{urn}.{DOMAIN}"


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
