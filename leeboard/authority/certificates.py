"""Issue and revoke certificates. What stands in one is from the register; of a request only the public key counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from leeboard.authority import memory, profile, records
from leeboard.authority.records import Certificate, Issuer, Kind, PeerKey, Reason, Revocation
from leeboard.authority.request import RequestedKey, requested_key
from leeboard.authority.session import Session, session
from leeboard.errors import LeeboardError
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.model.vpn_names import device_name

SOON = timedelta(days=7)  # a new certificate that ended before that would help nobody


@dataclass(frozen=True)
class Registered:
    """A device as the register has it: the only source of what stands in its certificate."""

    urn: str
    asset: str
    platform: Platform = Platform.LINUX


@dataclass(frozen=True)
class Issued:
    """A certificate with what the other end needs to believe it. `again`: it was there already."""

    certificate: Certificate
    issuing: str
    root: str
    again: bool = False

    @property
    def chain(self) -> str:
        """The certificate and the issuing authority's, in PEM."""
        return self.certificate.pem + self.issuing


@dataclass(frozen=True)
class Gone:
    """What of a device was revoked at once."""

    certificates: tuple[Certificate, ...]
    keys: tuple[PeerKey, ...]


def issue_device(var: Path, device: Registered, request: bytes, at: datetime) -> Issued:
    """A certificate for the key of a device that the register has. Raises LeeboardError; then nothing was issued.

    The key that it has a certificate for already gets the same one again, until that is due to be renewed: a run that
    was cut off asks twice. The one before goes on until its end.
    """
    with session(var, at) as opened:
        key = requested_key(request, opened.known.beginning.level)
        held = memory.held(var, device.urn, device.asset).certificates
        return _issue(opened, key, Kind.DEVICE, device_name(device.urn, device.asset), held, device)


def issue_gateway(var: Path, name: str, request: bytes, at: datetime) -> Issued:
    """A certificate for a gateway's key, under the name that clients use. Raises LeeboardError."""
    with session(var, at) as opened:
        key = requested_key(request, opened.known.beginning.level)
        held = tuple(one for one in opened.known.gateways if one.name == name)
        return _issue(opened, key, Kind.GATEWAY, name, held)


def revoke_device(var: Path, urn: str, asset: str, reason: Reason, at: datetime) -> Gone:
    """Revoke every certificate of a device that still counts, and every key of WireGuard, by one line of the ledger.

    Raises LeeboardError where there is neither.
    """
    with session(var, at) as opened:
        held = memory.held(var, urn, asset)
        keys = tuple(one for one in held.keys if one.revoked is None)
        certificates = tuple(one for one in held.certificates if one.valid(opened.at))
        if not keys:
            _serials(certificates, opened.at, f"{plain(asset)}: has no certificate")
        gone = Revocation(
            serials=tuple(one.serial for one in certificates), reason=reason, urn=urn, asset=asset,
            keys=tuple(one.public_key for one in keys),
        )  # fmt: skip
        opened.note(records.REVOKED, gone)
        return Gone(certificates, keys)


def revoke_gateway(var: Path, name: str, reason: Reason, at: datetime) -> tuple[Certificate, ...]:
    """Revoke every certificate of a gateway that still counts; those. Raises LeeboardError where there is none."""
    with session(var, at) as opened:
        held = tuple(one for one in opened.known.gateways if one.name == name)
        gone = _serials(held, opened.at, f"{plain(name)}: no gateway of this name has a certificate")
        opened.note(records.REVOKED, Revocation(serials=gone, reason=reason, gateway=name))
        return tuple(one for one in held if one.serial in gone)


def _issue(
    opened: Session,
    key: RequestedKey,
    kind: Kind,
    name: str,
    held: Sequence[Certificate],
    device: Registered | None = None,
) -> Issued:
    issuer, signer = opened.signer()
    if issuer.ends - opened.at < SOON:
        raise LeeboardError(
            f"the issuing authority {issuer.id} ends on {issuer.ends:%d %B %Y}, and so would this certificate; a "
            "custodian makes the next one with leeboard vpn renew"
        )
    identity = profile.key_id(key)
    again = _again(opened, identity, kind, name, held, issuer)
    if again is not None:
        return Issued(again, issuer.certificate, opened.known.beginning.root.certificate, again=True)
    make = profile.make_device if kind is Kind.DEVICE else profile.make_gateway
    made = make(name, key, signer, issuer.lists, opened.at)
    certificate = Certificate(
        serial=f"{made.serial_number:040x}", kind=kind, name=name, issuer=issuer.id,
        made=opened.at, ends=made.not_valid_after_utc, key=identity, pem=profile.pem_of(made),
        urn=device.urn if device else None, asset=device.asset if device else None,
        platform=device.platform if device else Platform.LINUX,
    )  # fmt: skip
    opened.note(records.ISSUED, certificate, certificate.serial)
    return Issued(certificate, issuer.certificate, opened.known.beginning.root.certificate)


def _again(
    opened: Session, key: str, kind: Kind, name: str, held: Sequence[Certificate], issuer: Issuer
) -> Certificate | None:
    """The certificate that this key has and that will do; None where a new one is due. Raises LeeboardError."""
    mine = [one for one in held if one.key == key]
    owner = memory.owner(opened.var, key)
    if owner and not mine:
        raise LeeboardError(
            f"the request for {plain(name)} is refused: its key has a certificate of {plain(owner)}; one of the two is "
            "a copy of the other (a cloned disk?). Make a new key on it"
        )
    if any(one.revoked for one in mine):
        raise LeeboardError(
            f"the request for {plain(name)} is refused: a certificate for this key was revoked; make a new key on the "
            f"{kind}"
        )
    fits = (one for one in reversed(mine) if one.issuer == issuer.id and opened.at < one.due(opened.at))
    return next(fits, None)


def _serials(held: Sequence[Certificate], at: datetime, none: str) -> tuple[str, ...]:
    gone = tuple(one.serial for one in held if one.valid(at))
    if not gone:
        raise LeeboardError(f"{none} that still counts; leeboard vpn list shows all")
    return gone
