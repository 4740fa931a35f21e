"""The certificates with which this device can prove itself to the school's gateway, as the nightly check reads them.

Of several certificates for its name charon takes the first one whose key it has, and does not ask until when that
holds: so each of them has to be right. From when to when is said, and never for how long: days that are left would be
others each night, so the brain counts them (leeboard/verdict/judgements/moments.py has the form of the texts).
"""

from __future__ import annotations

import re

from ...engine.host import Host, HostError
from ...engine.reading import Reading, reading, value
from ...engine.safe_read import text_or_nothing
from ...system.certificate import moment
from ..files import AUTHORITIES, CERTIFICATES, KEYS, OWN_CONF
from ..ikev2.conf import authority_file
from ..ikev2.state import as_wanted, is_there, section
from .pair import FIRST, OURS, Certificate, key_for, look, pem_of, unfit

ADDRESS = "certificate"
MOST = 20  # certificates in one reading
LONGEST = 400
REFUSED = re.compile(r"error \d+ at \d+ depth lookup: ?(?P<why>[^\n]*)")


def read(host: Host, driver: str) -> Reading:
    """The reading of `certificate`. Raises HostError."""
    found = section(host)
    if found is None:
        texts, source = [f"{OWN_CONF} is not read by swanctl, so nothing says which certificate counts"], OWN_CONF
    else:
        wanted = as_wanted(found)
        texts = about(host, wanted.identity.lower(), wanted.authorities)
        source = f"{CERTIFICATES}, for {wanted.identity}"
    return reading(driver, ADDRESS, value([text[:LONGEST] for text in texts[:MOST]], source, "list"))


def about(host: Host, identity: str, authorities: tuple[str, ...]) -> list[str]:
    """A text for each certificate that charon may take for `identity`: its period, or what is wrong with it.

    A certificate that Leeboard put there for another name is said too: whoever has this device could pose as the other.
    Raises HostError.
    """
    every = _every(host)
    mine = [one for one in every if identity in one.names]
    with_key = [one for one in mine if key_for(host, one.public_key)]
    texts = [_text(host, one, authorities) for one in with_key]
    texts += [
        f"{one.path} is for {', '.join(one.names) or 'nobody'}, not for {identity}"
        for one in every
        if OURS.match(one.path.rpartition("/")[2]) and identity not in one.names
    ]
    if not with_key:
        texts += [f"{one.path} has no key in {KEYS}" for one in mine]
    return texts or [f"there is no certificate for {identity} in {CERTIFICATES}"]


def _every(host: Host) -> list[Certificate]:
    """All certificates that charon takes from its folder; a file of Leeboard's without one is no plain matter."""
    found = []
    for name in host.entries(CERTIFICATES):
        path = f"{CERTIFICATES}/{name}"
        pem = pem_of(host, path)
        if pem:
            found.append(look(host, pem, path))
        elif OURS.match(name):
            raise HostError("malformed", f"{path} holds no certificate")
    return found


def _text(host: Host, one: Certificate, authorities: tuple[str, ...]) -> str:
    problem = unfit(one) or not_signed(host, one, authorities)
    return problem or f"{one.path} is valid from {moment(one.first)} to {moment(one.last)}"


def not_signed(host: Host, one: Certificate, authorities: tuple[str, ...]) -> str:
    """Why a certificate does not lead to an authority that the tunnel trusts, empty where it does. Raises HostError.

    At which time that holds is not asked: this device's clock is the last that should decide it.
    """
    trusted = [f"{AUTHORITIES}/{authority_file(digest)}" for digest in authorities if is_there(host, digest)]
    if not trusted:
        return f"{one.path} cannot be held against the school's authority, which is not in {AUTHORITIES}"
    between = [path for path in _authorities(host) if path not in trusted]
    argv = ["openssl", "verify", "-no_check_time"]
    for option, paths in (("-trusted", trusted), ("-untrusted", between)):
        for path in paths:
            argv += [option, host.path(path)]
    done = host.query(argv, input=pem_of(host, one.path))
    if done.rc == 0:
        return ""
    refused = REFUSED.search(f"{done.err}\n{done.out}")
    if refused is None:
        raise HostError("failed", f"openssl verify ended with status {done.rc}: {' '.join(done.err.split())[:200]}")
    return f"{one.path} is of {one.issuer[:100]}, and of no authority that the tunnel trusts ({refused['why'].strip()})"


def _authorities(host: Host) -> list[str]:
    """The files that openssl can take for authorities in between: what Leeboard put there is in PEM."""
    paths = [f"{AUTHORITIES}/{name}" for name in host.entries(AUTHORITIES)]
    return [path for path in paths if FIRST.search(text_or_nothing(host, path) or "")]
