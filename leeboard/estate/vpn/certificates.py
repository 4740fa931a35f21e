"""The certificates of the authority whose certificates a VPN goes by, read from beside the declaration.

A school's own lie in the file that `authority.root` names, Leeboard's in `vpn/authority.pem`: they are public.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from leeboard.errors import LeeboardError
from leeboard.estate.vpn.declaration import Vpn
from leeboard.model.problem import Mistake
from leeboard.model.values import plain
from leeboard.storage import files

OURS = Path("vpn") / "authority.pem"
MOST_BYTES = 64 * 1024
MOST = 10


@dataclass(frozen=True)
class Chain:
    """Certificates in PEM from the root on, and the subject of the one that issues."""

    certificates: tuple[str, ...] = ()
    issuer: str = ""


def read_chain(folder: Path, vpn: Vpn, today: date) -> Chain:
    """The certificates of the declaration in this folder. Raises Mistake, whose column is a key below `vpn`."""
    if vpn.kind != "ikev2":
        return Chain()
    own = vpn.authority
    file, key = (folder / own.root, "authority.root") if own else (folder / OURS, "authority")
    try:
        content = files.read_regular(file, MOST_BYTES)
        if content is None:
            raise Mistake("is missing; put the root's certificate there, and those below it down to the issuing one")
        found = _authorities(content, today)
        ordered = _from_the_root(found)
    except Mistake as wrong:
        raise Mistake(f"{file.relative_to(folder)} {wrong.message}", key) from None
    except (LeeboardError, OSError) as wrong:
        reason = wrong.strerror or "" if isinstance(wrong, OSError) else str(wrong).removeprefix(f"{file}: ")
        raise Mistake(f"{file.relative_to(folder)} {reason}", key) from None
    if own:
        _is_among(own.issuer, ordered)
    issuer = own.issuer if own else ordered[-1].subject.rfc4514_string()
    return Chain(tuple(one.public_bytes(Encoding.PEM).decode() for one in ordered), issuer)


def _authorities(content: bytes, today: date) -> list[x509.Certificate]:
    if b"PRIVATE KEY" in content:
        raise Mistake("holds a private key; leave the certificates there alone, and take the key away")
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError:
        raise Mistake("holds no certificates in PEM") from None
    if len(found) > MOST:
        raise Mistake(f"holds {len(found)} certificates; leave the root and those down to the issuing one")
    for certificate in found:
        name = _subject(certificate)
        if not _is_authority(certificate):
            raise Mistake(f"holds {name}, which is no authority's certificate; take it out")
        ends = certificate.not_valid_after_utc.date()
        if ends < today:
            raise Mistake(f"holds {name}, which ended on {ends}; put in its successor")
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _from_the_root(found: list[x509.Certificate]) -> list[x509.Certificate]:
    """In order from the root on: each is signed by the one before it. Raises Mistake."""
    ordered = [one for one in found if one.subject == one.issuer and _signed(one, one)]
    if len(ordered) != 1:
        raise Mistake(f"holds {len(ordered)} roots, and not one")
    left = [one for one in found if one not in ordered]
    while left:
        following = next((one for one in left if _signed(one, ordered[-1])), None)
        if following is None:
            raise Mistake(f"holds {_subject(left[0])}, which the one above it has not signed; leave one chain there")
        ordered.append(following)
        left.remove(following)
    return ordered


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_among(issuer: str, chain: list[x509.Certificate]) -> None:
    try:
        wanted = x509.Name.from_rfc4514_string(issuer)
    except ValueError:
        message = f"is {issuer[:80]!r}: must be a subject such as CN=Example Issuing CA,O=Example"
        raise Mistake(message, "authority.issuer") from None
    if wanted not in [one.subject for one in chain]:
        listed = "; ".join(_subject(one) for one in chain)
        raise Mistake(f"is {issuer[:80]!r}, and the file that root names holds {listed}", "authority.issuer")


def _subject(certificate: x509.Certificate) -> str:
    return plain(certificate.subject.rfc4514_string(), 80)
