"""An authority for tests of the VPN, made with `cryptography` alone: none of Leeboard's own code signs here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
DAY = timedelta(days=1)


class Authority:
    """One authority that signs by itself: `certificate` in PEM, `issue`, `sign` and `revoked`."""

    def __init__(self, name: str = "Test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP384R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            self._begun(self._name, self._key.public_key(), -DAY, 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(self._key, hashes.SHA384())
        )
        self.certificate = _pem(self._certificate)

    @property
    def sha256(self) -> str:
        """The digest of its certificate in hex."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def issue(
        self, name: str, usage: x509.ObjectIdentifier, first: timedelta = -DAY, last: timedelta = 10 * DAY
    ) -> tuple[str, str]:
        """(certificate, key) in PEM for somebody whose key the authority makes."""
        key = ec.generate_private_key(ec.SECP384R1())
        form = serialization.PrivateFormat.PKCS8
        text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
        return self._issued(name, key.public_key(), usage, first, last), text

    def sign(
        self,
        request: str,
        name: str,
        usage: x509.ObjectIdentifier = CLIENT,
        first: timedelta = -DAY,
        last: timedelta = 10 * DAY,
    ) -> str:
        """A certificate in PEM for the key of a request; all else in it is ignored."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        key = asked.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return self._issued(name, key, usage, first, last)

    def revoked(self, *certificates: str, ended: bool = False) -> str:
        """A list in PEM of these certificates, whose time is over where it `ended`."""
        now = datetime.now(UTC) - (3 * DAY if ended else 0 * DAY)
        listed = x509.CertificateRevocationListBuilder(self._name, now - DAY, now + DAY)
        for text in certificates:
            serial = x509.load_pem_x509_certificate(text.encode()).serial_number
            listed = listed.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, now - DAY).build())
        listed = listed.add_extension(x509.CRLNumber(1), critical=False)
        listed = listed.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        return listed.sign(self._key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM).decode()

    def _issued(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        usage: x509.ObjectIdentifier,
        first: timedelta,
        last: timedelta,
    ) -> str:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._key.public_key()
        return _pem(
            self._begun(subject, key, first, last)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)
            .sign(self._key, hashes.SHA384())
        )

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, first: timedelta, last: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + first)
            .not_valid_after(now + last)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
