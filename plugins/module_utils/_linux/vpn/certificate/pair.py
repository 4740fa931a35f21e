"""The certificate with which this device proves itself to the VPN's gateway, and its key, as openssl reads them.

Both lie where charon looks by itself, each under a name of its own for each certificate, so that an old pair and a new
one are there side by side while one is made sure of.
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from ...engine.host import Host, HostError
from ...engine.safe_read import text_or_nothing
from ...system.certificate import digests, validities
from ..files import CERTIFICATES, KEYS

OURS = re.compile(r"leeboard-vpn-[0-9a-f]{16}\.pem\Z")
EXTENSIONS = "subjectAltName,extendedKeyUsage,basicConstraints"
PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", re.DOTALL)
FIRST = re.compile(r"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)
CUT_OFF = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
CLIENT = "TLS Web Client Authentication"
IKE = "ipsec Internet Key Exchange"  # 1.3.6.1.5.5.7.3.17, which some authorities give instead


class Certificate(NamedTuple):
    """What a certificate says: digest (SHA-256 in hex), names, who signed it, and from when to when it holds."""

    path: str
    sha256: str
    names: tuple[str, ...]
    issuer: str
    serial: str
    usages: tuple[str, ...]
    first: int
    last: int
    public_key: str
    is_authority: bool

    def as_data(self) -> dict[str, object]:
        """What crosses the wire: nothing of it is secret."""
        return {
            "path": self.path, "sha256": self.sha256, "names": list(self.names), "issuer": self.issuer,
            "serial": self.serial, "usages": list(self.usages), "first": self.first, "last": self.last,
        }  # fmt: skip


def look(host: Host, pem: str, path: str) -> Certificate:
    """What the first certificate of a PEM text says. Raises HostError for what is none."""
    asked = ["-noout", "-pubkey", "-issuer", "-serial", "-nameopt", "RFC2253", "-ext", EXTENSIONS]
    text = _openssl(host, ["x509", *asked], pem)
    whole = digests(pem, path)
    if not whole:
        raise HostError("malformed", f"{path} holds no certificate")
    first, last = validities(pem, path)[0]
    return Certificate(
        path,
        whole[0].replace("SHA256:", "").replace(":", "").lower(),
        # Names mind no capitals, and an authority may write them as the machine spells itself.
        tuple(re.findall(r"(?:dns|ip address|email):([^,\s]+)", _extension(text, "Subject Alternative Name").lower())),
        _field(text, "issuer"),
        _field(text, "serial"),
        tuple(one.strip() for one in _extension(text, "Extended Key Usage").split(",") if one.strip()),
        first,
        last,
        "".join(PUBLIC_KEY.findall(text)),
        "CA:TRUE" in _extension(text, "Basic Constraints"),
    )


def ours(host: Host) -> list[Certificate]:
    """The certificates that Leeboard put there. Raises HostError."""
    paths = [f"{CERTIFICATES}/{name}" for name in host.entries(CERTIFICATES) if OURS.match(name)]
    return [look(host, text_or_nothing(host, path) or "", path) for path in paths]


def pem_of(host: Host, path: str) -> str:
    """The first certificate of a file in PEM, which is all that charon takes of one; empty where it holds none.

    charon takes DER as well, in which AD CS hands certificates out. Raises HostError.
    """
    try:
        content = host.read(path)
    except FileNotFoundError:
        return ""
    if content[:1] == b"\x30":
        body = base64.encodebytes(content).decode()
        return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    text = content.decode("utf-8", "backslashreplace")
    match = FIRST.search(text)
    if match is None and CUT_OFF.search(text):
        raise HostError("malformed", f"{path} holds a certificate that is cut off")
    return f"{match.group()}\n" if match else ""


def of_a_school(host: Host, identity: str, issuer: str, usage: str) -> list[Certificate]:
    """The certificates for `identity` that the school's own authority put there, by issuer and usage. Raises HostError.

    Leeboard makes none of them and renews none.
    """
    found = []
    for name in host.entries(CERTIFICATES):
        path = f"{CERTIFICATES}/{name}"
        pem = "" if OURS.match(name) else pem_of(host, path)
        if pem:
            found.append(look(host, pem, path))
    return [one for one in found if one.issuer == issuer and usage in one.usages and identity in one.names]


def usable(host: Host, identity: str, now: float) -> str:
    """Why charon could not prove itself as `identity` now, empty where it could. Raises HostError."""
    reasons = []
    for name in host.entries(CERTIFICATES):
        path = f"{CERTIFICATES}/{name}"
        pem = pem_of(host, path)
        if not pem:
            continue
        one = look(host, pem, path)
        if identity in one.names:
            problem = wrong(host, one, now)
            if not problem:
                return ""
            reasons.append(problem)
    return reasons[0] if reasons else f"this device has no certificate for {identity}"


def wrong(host: Host, one: Certificate, now: float) -> str:
    """What keeps a certificate of this device from proving anything now, empty for nothing. Raises HostError."""
    if one.last < now:
        return f"{one.path} has ended"
    if one.first > now:
        return f"{one.path} does not hold yet; look at this device's clock"
    if not key_for(host, one.public_key):
        return unfit(one) or f"{one.path} has no key in {KEYS}"
    return unfit(one)


def unfit(one: Certificate) -> str:
    """What keeps a certificate from proving a device at any time, its key aside; empty for nothing."""
    if one.is_authority:
        return f"{one.path} is an authority's, not a device's"
    if one.usages and not {CLIENT, IKE} & set(one.usages):
        return f"{one.path} is not for client authentication"
    return ""


def key_for(host: Host, public_key: str, folder: str = KEYS) -> str:
    """The file of the private key that goes with a public one, empty without one. Raises HostError."""
    for name in host.entries(folder):
        path = f"{folder}/{name}"
        done = host.query(["openssl", "pkey", "-in", host.path(path), "-pubout", "-passin", "pass:"])
        if done.rc == 0 and done.out.split() == public_key.split():
            return path
    return ""


def same_name(path: str) -> str:
    """The other file of a pair: a certificate's key, or a key's certificate."""
    folder, _slash, name = path.rpartition("/")
    return f"{KEYS if folder == CERTIFICATES else CERTIFICATES}/{name}"


def file_name(sha256: str) -> str:
    """The name of both files of a pair."""
    return f"leeboard-vpn-{sha256[:16]}.pem"


def _openssl(host: Host, arguments: list[str], given: str) -> str:
    done = host.query(["openssl", *arguments], input=given)
    if done.rc != 0:
        raise HostError("malformed", f"openssl {arguments[0]} ended with status {done.rc}: {done.err.strip()[:200]}")
    return done.out


def _field(text: str, name: str) -> str:
    match = re.search(rf"(?m)^{name}\s*=\s*(.*)$", text)
    return match.group(1).strip() if match else ""


def _extension(text: str, name: str) -> str:
    match = re.search(rf"X509v3 {name}:[^\n]*\n\s+([^\n]*)", text)
    return match.group(1) if match else ""
