"""Authorities for tests: a vault that the head can open, an authority on it, and requests as devices make them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from leeboard.authority import session
from leeboard.authority.certificates import Issued, Registered, issue_device, issue_gateway
from leeboard.authority.records import Known
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import AT, a_vault, custodian, private

LISTS = "http://lists.school.example/vpn"
GATEWAY = "vpn.school.example"
LAPTOP = Registered("900001", "LT-014")
DAY = timedelta(days=1)
BOTH = ("head", "other")  # custodians


def key_of_device() -> ec.EllipticCurvePrivateKey:
    """A key as a device makes it."""
    return ec.generate_private_key(ec.SECP384R1())


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "whatever it says") -> bytes:
    """A request for a certificate, in PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    return builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM)


@dataclass
class Authority:
    """A controller with an authority; `at` is its clock."""

    vault: Vault
    at: datetime = AT

    @property
    def var(self) -> Path:
        return self.vault.var

    @property
    def known(self) -> Known:
        """What the ledger says."""
        with session.session(self.var, self.at) as opened:
            return opened.known

    def issue(self, device: Registered = LAPTOP, key: ec.EllipticCurvePrivateKey | None = None) -> Issued:
        return issue_device(self.var, device, request(key or key_of_device()), self.at)

    def gateway(self, name: str = GATEWAY) -> Issued:
        return issue_gateway(self.var, name, request(key_of_device()), self.at)


def head() -> rsa.RSAPrivateKey:
    """The private key of the custodian."""
    return private(custodian("head")[1])


@contextmanager
def an_authority(
    folder: Path, level: Level = Level.SENSITIVE, at: datetime = AT, custodians: Sequence[str] = ("head",)
) -> Iterator[Authority]:
    """An authority that was just begun; level high needs two custodians."""
    with a_vault(folder, custodians) as vault:
        session.begin(vault.var, "Hill Schools", level, LISTS, at)
        yield Authority(vault, at)
