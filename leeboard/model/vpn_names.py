"""The name that stands in a device's certificate where Leeboard's own authority makes it."""

from __future__ import annotations

import hashlib
import re

# A domain that no name server ever has: a name below it is known to the two ends of a tunnel and to nobody else.
DOMAIN = "leeboard.internal"
LONGEST_LABEL = 38  # a common name has 64 characters (RFC 5280, ub-common-name), and the rest is the same everywhere
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")


def device_name(urn: str, asset: str) -> str:
    """The name of a device by the register: lt-014.900001.leeboard.internal.

    An asset tag that is no part of a DNS name gets a digest of itself behind what can be said of it, so that no two
    tags of a school share a name.
    """
    label = asset.casefold()
    if len(label) > LONGEST_LABEL or not LABEL.match(label) or "--" in label:
        digest = hashlib.sha256(label.encode()).hexdigest()[:12]
        readable = re.sub(r"[^a-z0-9]+", "-", label)[: LONGEST_LABEL - 14].strip("-")
        label = f"{readable or 'device'}--{digest}"  # a tag that looks like this itself gets a digest of its own
    return f"{label}.{urn}.{DOMAIN}"
