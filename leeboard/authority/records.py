"""What the ledger says of the VPN's authority: its certificates, which of them were revoked, and for which keys.

Of WireGuard, which has no certificates, it has the public keys of devices, and which of them count no more.

The ledger is that of the vault of recovery keys. A certificate stands in its line whole: once the line is there the
certificate is, and whoever asks again with the same key gets it again.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Entry
from leeboard.model.device import Asset, Urn
from leeboard.model.enums import Level, Platform
from leeboard.model.strict import Strict

# What can happen, as the ledger's `event`.
BEGUN, RENEWED, ISSUED, REVOKED = "vpn-begun", "vpn-renewed", "vpn-issued", "vpn-revoked"
KEY = "vpn-key"  # a device said over its pinned connection that this is its public key of WireGuard
TAKEN_OVER = "vpn-taken-over"  # a list that was published says what this ledger did not know
EVENTS = (BEGUN, RENEWED, ISSUED, REVOKED, KEY, TAKEN_OVER)
KEPT_ON_LIST = timedelta(days=7)  # RFC 5280 3.3: a certificate stays on one list more after its end; clocks differ

NONE = "this controller has no VPN authority; begin one with leeboard vpn init"

Serial = Annotated[str, Field(pattern=r"^[0-9a-f]{32,40}$")]
# 32 bytes in base64, in the one way in which they can be written.
PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]


class Reason(StrEnum):
    """Why a certificate is revoked, in the words of a technician."""

    STOLEN = "stolen"
    LOST = "lost"
    COMPROMISED = "compromised"
    RETIRED = "retired"
    REPLACED = "replaced"
    MOVED = "moved"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The reason as a list has it (RFC 5280 5.3.1)."""
        return {
            Reason.RETIRED: x509.ReasonFlags.cessation_of_operation,
            Reason.REPLACED: x509.ReasonFlags.superseded,
            Reason.MOVED: x509.ReasonFlags.affiliation_changed,
        }.get(self, x509.ReasonFlags.key_compromise)


class Kind(StrEnum):
    """Whose certificate it is."""

    DEVICE = "device"
    GATEWAY = "gateway"


class Issuer(Strict):
    """The root, or an issuing authority. `lists` is the address of the list that tells of what it signed."""

    id: str
    certificate: str
    lists: str
    revoked: str = ""  # since when
    reason: Reason | None = None

    @property
    def x509(self) -> x509.Certificate:
        """The certificate itself."""
        return x509.load_pem_x509_certificate(self.certificate.encode())

    @property
    def thumbprint(self) -> str:
        """The SHA-1 of the certificate, by which Windows names one; nothing rests on it."""
        return self.x509.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303

    @property
    def ends(self) -> datetime:
        """The moment from which it is no longer valid."""
        return self.x509.not_valid_after_utc


class Certificate(Strict):
    """One certificate. `key` is the SHA-256 over its public key; `name` what stands in it."""

    serial: Serial
    kind: Kind
    name: str
    platform: Platform = Platform.LINUX
    urn: Urn | None = None
    asset: Asset | None = None
    issuer: str
    made: datetime
    ends: datetime
    key: str
    pem: str
    revoked: datetime | None = None
    reason: Reason | None = None

    def valid(self, at: datetime) -> bool:
        """True while it is neither revoked nor past its end."""
        return self.revoked is None and at < self.ends

    def due(self, at: datetime) -> datetime:
        """From when on it is to be renewed: in the last third of its life."""
        return self.ends - (self.ends - self.made) / 3


class PeerKey(Strict):
    """A device's public key of WireGuard, by which its gateway knows it. It has no end of its own."""

    public_key: PublicKey
    urn: Urn
    asset: Asset
    made: datetime
    revoked: datetime | None = None
    reason: Reason | None = None

    @property
    def id(self) -> str:
        """The SHA-256 of the key in hex: its name in the index of keys, and in the ledger's line."""
        return hashlib.sha256(base64.b64decode(self.public_key)).hexdigest()


class Begun(Strict):
    """The authority's beginning. `root_list` is the list that the root signed, in hexadecimal."""

    name: str
    level: Level
    root: Issuer
    issuing: Issuer
    root_list: str


class Renewed(Strict):
    """A new issuing authority; the one that it follows may have been revoked with it."""

    issuing: Issuer
    root_list: str
    revoked: tuple[str, ...] = ()
    reason: Reason | None = None


class Revocation(Strict):
    """Certificates of one device, or of one gateway (by its name), that were revoked at once.

    `keys` are public keys of WireGuard that its gateway is to know no more.
    """

    serials: tuple[Serial, ...]
    reason: Reason
    keys: tuple[PublicKey, ...] = ()
    urn: Urn | None = None
    asset: Asset | None = None
    gateway: str = ""


class Listed(Strict):
    """A certificate that a list has to name."""

    serial: Serial
    issuer: str
    at: datetime
    ends: datetime
    reason: Reason


class TakenLine(Listed):
    """A line of a published list. Whose certificate it is stands in it where the ledger knows that."""

    urn: Urn | None = None
    asset: Asset | None = None
    gateway: str = ""


class TakenOver(Strict):
    """What lists that were published say and the ledger did not know.

    `root_list` is one of the root's, in hexadecimal, which followed the one in the ledger; `authorities` are the
    issuing authorities that it revokes.
    """

    lines: tuple[TakenLine, ...] = ()
    root_list: str = ""
    authorities: tuple[str, ...] = ()


class Known(Strict):
    """What a controller knows of its authority as a whole. `entry` is the number of the last line that is in it."""

    entry: int = 0
    begun: Begun | None = None
    issuing: tuple[Issuer, ...] = ()
    root_list: str = ""
    gateways: tuple[Certificate, ...] = ()
    revoked: tuple[Listed, ...] = ()

    @property
    def beginning(self) -> Begun:
        """The authority's beginning. Raises LeeboardError where there is none."""
        if self.begun is None:
            raise LeeboardError(NONE)
        return self.begun

    @property
    def current(self) -> Issuer:
        """The issuing authority that signs from now on. Raises LeeboardError where there is none."""
        if not self.issuing:
            raise LeeboardError(NONE)
        return self.issuing[-1]

    def issuer(self, name: str) -> Issuer:
        """An issuing authority by its id."""
        return next(one for one in self.issuing if one.id == name)

    def alive(self, at: datetime) -> list[Issuer]:
        """The issuing authorities whose certificates still count."""
        return [one for one in self.issuing if not one.revoked and at < one.ends]


def payload(event: Strict) -> dict[str, object]:
    """What the ledger's line holds of an event."""
    return event.model_dump(mode="json", exclude_defaults=True)


def begun_of(entry: Entry) -> Begun:
    """The authority's beginning in a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(Begun, entry)


def renewed_of(entry: Entry) -> Renewed:
    """The new issuing authority in a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(Renewed, entry)


def certificate_of(entry: Entry) -> Certificate:
    """The certificate in a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(Certificate, entry)


def peer_key_of(entry: Entry) -> PeerKey:
    """The public key of WireGuard in a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(PeerKey, entry)


def revocation_of(entry: Entry) -> Revocation:
    """What was revoked by a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(Revocation, entry)


def taken_over_of(entry: Entry) -> TakenOver:
    """What was taken over in a line. Raises LeeboardError where the line makes no sense."""
    return _parsed(TakenOver, entry)


def _parsed[Of: Strict](model: type[Of], entry: Entry) -> Of:
    try:
        return model.model_validate(entry.authority)
    except ValidationError:
        raise LeeboardError(
            f"the ledger's line {entry.number} says nothing that makes sense of the VPN's authority; was it written "
            "by a newer Leeboard?"
        ) from None
