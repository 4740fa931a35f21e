"""Declarations of a VPN for tests, and an authority whose certificates go beside them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.unit.estate.folders import add_estate, add_school

DAY = date(2026, 11, 26)
ROOT, ISSUING = "Example LA VPN root", "Example LA VPN issuing"
# Every key of a declaration with Leeboard's own authority, a line each so that a mistake can name its own.
VPN = """\
vpn:
  kind: ikev2
  gateways:
    - {name: vpn.example-la.example, addresses: [203.0.113.10, "2001:db8::10"]}
    - {name: vpn2.example-la.example}
  authority: leeboard
  routes: everything
  dns: {servers: [10.20.0.53]}
  home: [10.20.0.0/16]
  devices: {forms: [portable], roles: [exam]}
"""
# A declaration of WireGuard: keys and addresses in the place of certificates and suites. 32 bytes of 1, and of 2.
GATEWAY_KEY, OTHER_KEY = f"{'AQEB' * 10}AQE=", f"{'AgIC' * 10}AgI="
WIREGUARD = f"""\
vpn:
  kind: wireguard
  gateways:
    - {{name: vpn.example-la.example, addresses: [203.0.113.10], public_key: "{GATEWAY_KEY}", port: 51821}}
  routes: everything
  dns: {{servers: [10.20.0.53]}}
  inner: [10.99.0.0/24]
  devices: {{forms: [portable], roles: [exam]}}
"""
WIREGUARD_SPLIT = WIREGUARD.replace("  dns: {servers: [10.20.0.53]}\n", "").replace("everything", "[10.20.0.0/16]")
# The same with networks in the place of everything, where no server is asked.
SPLIT = VPN.replace("  dns: {servers: [10.20.0.53]}\n", "").replace("everything", '[10.0.0.0/8, "2001:db8:1::/48"]')
# The same with an authority that the school has already.
OWN = VPN.replace(
    "authority: leeboard", f'authority: {{root: authority.pem, issuer: "CN={ISSUING}"}}\n  domain: example-la.example'
)
ROWS = (
    "A-1,lt-1,192.0.2.1,linux,portable,staff_portable,,\n"
    "A-2,pc-2,192.0.2.2,linux,desktop,office,,\n"
    "A 3,lt-3,192.0.2.3,windows,portable,staff_portable,high,\n"
    "A-4,pc-4,192.0.2.4,linux,desktop,exam,sensitive,\n"
    "A-5,tb-5,,other,portable,pupil_shared,,\n"
)


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: tuple[str, ec.EllipticCurvePrivateKey],
    days: int = 365,
    ca: bool = True,
) -> x509.Certificate:
    """A certificate of an authority (or of none), valid for so many days from DAY on."""
    begins = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) - timedelta(days=30)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by[0]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30 + days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(by[1], hashes.SHA256())
    )


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key of that name, the same within a test run."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def chain() -> tuple[str, str]:
    """Root and issuing authority, in PEM."""
    root = certificate(ROOT, key(ROOT), (ROOT, key(ROOT)))
    return pem(root), pem(certificate(ISSUING, key(ISSUING), (ROOT, key(ROOT))))


def pem(one: x509.Certificate) -> str:
    """A certificate in PEM."""
    return one.public_bytes(Encoding.PEM).decode()


def pem_of_key(name: str) -> str:
    """A private key in PEM."""
    return key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def add_authority(folder: Path, text: str | None = None) -> Path:
    """Certificates of Leeboard's own authority beside a declaration: the chain, or this text."""
    (folder / "vpn").mkdir(exist_ok=True)
    file = folder / "vpn" / "authority.pem"
    file.write_text("".join(reversed(chain())) if text is None else text)
    return file


def an_estate(folder: Path, vpn: str = VPN, rows: str = ROWS, more: str = "") -> Path:
    """An estate of one school with a declaration in estate.yml; returns estate.yml."""
    file = add_estate(folder, vpn)
    add_authority(folder)
    add_school(folder / "hill", "900001", more, rows)
    return file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
