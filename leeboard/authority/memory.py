"""What a controller remembers of its VPN authority, in `var/authority`; all but the keys is made again from the ledger.

known.json                 the authority as a whole, and how far in the ledger it goes
devices/URN/ASSET.json     the certificates of one device, and its public keys of WireGuard
by-key/SHA-256             whose public key it is, so that a key is certified for one of them only
keys/ID.pem                the private key of an issuing authority (0600)
lists/ID.crl               the newest list of each authority, as it was published last
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from leeboard.authority import records
from leeboard.authority.profile import Signer, key_of_pem
from leeboard.authority.records import (
    Certificate,
    Issuer,
    Kind,
    Known,
    Listed,
    PeerKey,
    Reason,
    Revocation,
    TakenLine,
    TakenOver,
)
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.controller_state import writing
from leeboard.escrow.vault.ledger import Entry, Mark
from leeboard.model.strict import Strict
from leeboard.storage import files

FOLDER = "authority"
FILE = "known.json"
KEYS, LISTS, DEVICES, BY_KEY = "keys", "lists", "devices", "by-key"
MOST_BYTES = 64 * 1024 * 1024


class _Remembered(Strict):
    mark: dict[str, int | str]
    known: Known


class Held(Strict):
    """The certificates of one device and its keys of WireGuard, the oldest first.

    `entry` is the number of the last line that is in it.
    """

    entry: int = 0
    certificates: tuple[Certificate, ...] = ()
    keys: tuple[PeerKey, ...] = ()


def read(var: Path) -> tuple[Known, Mark]:
    """What the controller remembers, and how far in the ledger that goes. Raises LeeboardError."""
    path = var / FOLDER / FILE
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return Known(), Mark()
    try:
        found = _Remembered.model_validate_json(content)
        mark = found.mark
        return found.known, Mark(int(mark["entries"]), str(mark["tip"]), int(mark["size"]))
    except (ValidationError, KeyError, ValueError):
        raise LeeboardError(
            f"{path}: makes no sense; take it away, and it is made again from the ledger of the vault"
        ) from None


def write(var: Path, known: Known, mark: Mark) -> None:
    """Write what the controller remembers. Raises LeeboardError."""
    path = var / FOLDER / FILE
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, _Remembered(mark=asdict(mark), known=known).model_dump_json().encode() + b"\n")


def held(var: Path, urn: str, asset: str) -> Held:
    """The certificates of a device. Raises LeeboardError."""
    path = _device(var, urn, asset)
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return Held()
    try:
        return Held.model_validate_json(content)
    except ValidationError:
        raise LeeboardError(
            f"{path}: makes no sense; take {var / FOLDER / FILE} away, and both are made again from the ledger"
        ) from None


def every(var: Path) -> list[Certificate]:
    """The certificates of all devices. Raises LeeboardError."""
    return [one for of_device in every_device(var) for one in of_device.certificates]


def every_device(var: Path) -> Iterator[Held]:
    """What each device has, in the order of schools and tags. Raises LeeboardError."""
    for path in sorted((var / FOLDER / DEVICES).glob("*/*.json")):
        yield held(var, path.parent.name, path.stem)


def owner(var: Path, key: str) -> str:
    """Whose a public key is that has a certificate, or is known as a peer's: "URN ASSET", or a gateway's name; "" for
    nobody's."""
    content = files.read_regular(var / FOLDER / BY_KEY / key, 4096)
    return content.decode("utf-8", "replace").strip() if content else ""


def owner_of(certificate: Certificate) -> str:
    """Whose a certificate is, as the index of keys says it."""
    of_device = certificate.kind is Kind.DEVICE
    return f"{certificate.urn} {certificate.asset}" if of_device else f"gateway {certificate.name}"


def after(var: Path, known: Known, entries: Iterable[Entry]) -> Known:
    """What is known after more lines of the ledger; a device's own file is written at once. Raises LeeboardError."""
    for entry in entries:
        if entry.event in records.EVENTS and entry.number > known.entry:
            known = _after(var, known, entry).model_copy(update={"entry": entry.number})
    return known


def signer(var: Path, issuer: Issuer) -> Signer:
    """An issuing authority with its private key. Raises LeeboardError: it is not here, or others could read it."""
    path = key_path(var, issuer.id)
    if not path.exists():
        raise LeeboardError(f"{path}: is not there; a custodian brings it back with leeboard vpn restore")
    descriptor = files.open_regular(path, 64 * 1024)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
            raise LeeboardError(
                f"{path}: others can read or change this key; find out who did, take it as stolen "
                "(docs/vpn-authority.md), or give it back its mode: chmod 600"
            )
        key = key_of_pem(file.read(), str(path))
    if key.public_key() != issuer.x509.public_key():
        raise LeeboardError(f"{path}: is not the key of {issuer.id}; bring it back with leeboard vpn restore")
    return Signer(issuer.x509, key)


def keep_key(var: Path, name: str, content: bytes) -> None:
    """Write the private key of an issuing authority (0600). Raises LeeboardError."""
    path = key_path(var, name)
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, content)


def key_path(var: Path, name: str) -> Path:
    """Where the private key of an issuing authority lies."""
    return var / FOLDER / KEYS / f"{name}.pem"


def drop_keys(var: Path, wanted: Iterable[str]) -> None:
    """Remove the private keys of authorities that never came to be, or that sign no more."""
    kept = {f"{name}.pem" for name in wanted}
    for path in (var / FOLDER / KEYS).glob("*.pem"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def list_path(var: Path, name: str) -> Path:
    """Where the newest list of an authority lies."""
    return var / FOLDER / LISTS / f"{name}.crl"


def keep_list(var: Path, name: str, content: bytes) -> Path:
    """Write the newest list of an authority; where it lies. Raises LeeboardError."""
    path = list_path(var, name)
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, content)
    return path


def _device(var: Path, urn: str, asset: str) -> Path:
    return var / FOLDER / DEVICES / urn / f"{asset}.json"


def _after(var: Path, known: Known, entry: Entry) -> Known:
    if entry.event == records.BEGUN:
        begun = records.begun_of(entry)
        return known.model_copy(update={"begun": begun, "issuing": (begun.issuing,), "root_list": begun.root_list})
    if entry.event == records.RENEWED:
        new = records.renewed_of(entry)
        gone = {"revoked": entry.at, "reason": new.reason}
        before = (one.model_copy(update=gone) if one.id in new.revoked else one for one in known.issuing)
        return known.model_copy(update={"issuing": (*before, new.issuing), "root_list": new.root_list})
    if entry.event == records.ISSUED:
        return _issued(var, known, entry, records.certificate_of(entry))
    if entry.event == records.KEY:
        _peer(var, entry, records.peer_key_of(entry))
        return known
    if entry.event == records.TAKEN_OVER:
        return _taken_over(var, known, entry, records.taken_over_of(entry))
    return _revoked(var, known, entry, records.revocation_of(entry))


def _issued(var: Path, known: Known, entry: Entry, new: Certificate) -> Known:
    _index(var, new.key, owner_of(new))
    if new.kind is Kind.GATEWAY:
        return known.model_copy(update={"gateways": (*known.gateways, new)})
    before = held(var, str(new.urn), str(new.asset))
    if before.entry < entry.number:
        certificates = (*before.certificates, new)
        _write_held(var, before, {"entry": entry.number, "certificates": certificates}, new.urn, new.asset)
    return known


def _peer(var: Path, entry: Entry, new: PeerKey) -> None:
    _index(var, new.id, f"{new.urn} {new.asset}")
    before = held(var, new.urn, new.asset)
    if before.entry < entry.number:
        _write_held(var, before, {"entry": entry.number, "keys": (*before.keys, new)}, new.urn, new.asset)


def _index(var: Path, key: str, owned_by: str) -> None:
    path = var / FOLDER / BY_KEY / key
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, f"{owned_by}\n".encode())


def _revoked(var: Path, known: Known, entry: Entry, gone: Revocation) -> Known:
    at = datetime.fromisoformat(entry.at)

    def marked(certificate: Certificate) -> Certificate:
        named = certificate.serial in gone.serials
        return certificate.model_copy(update={"revoked": at, "reason": gone.reason}) if named else certificate

    certificates: tuple[Certificate, ...]
    if gone.gateway:
        known = known.model_copy(update={"gateways": tuple(map(marked, known.gateways))})
        certificates = known.gateways
    else:
        before = held(var, str(gone.urn), str(gone.asset))
        certificates = tuple(map(marked, before.certificates))
        if before.entry < entry.number:
            revoked = {"revoked": at, "reason": gone.reason}
            keys = tuple(
                one.model_copy(update=revoked) if one.public_key in gone.keys and not one.revoked else one
                for one in before.keys
            )
            new = {"entry": entry.number, "certificates": certificates, "keys": keys}
            _write_held(var, before, new, gone.urn, gone.asset)
    listed = [_listed(one, gone.reason, at) for one in certificates if one.serial in gone.serials]
    still = (one for one in known.revoked if at < one.ends + records.KEPT_ON_LIST)
    return known.model_copy(update={"revoked": (*still, *listed)})


def _taken_over(var: Path, known: Known, entry: Entry, new: TakenOver) -> Known:
    """A line of a list revokes as one of ours does; whose certificate nobody knows is on the list alone."""
    lines = {one.serial: one for one in new.lines}

    def marked(certificate: Certificate) -> Certificate:
        line = lines.get(certificate.serial)
        if line is None or certificate.revoked is not None:
            return certificate
        return certificate.model_copy(update={"revoked": line.at, "reason": line.reason})

    for urn, asset in sorted({(one.urn, one.asset) for one in new.lines if one.urn and one.asset}):
        before = held(var, urn, asset)
        if before.entry < entry.number:
            certificates = tuple(map(marked, before.certificates))
            _write_held(var, before, {"entry": entry.number, "certificates": certificates}, urn, asset)
    gone = {"revoked": entry.at, "reason": Reason.COMPROMISED}
    changes: dict[str, object] = {
        "gateways": tuple(map(marked, known.gateways)),
        "issuing": tuple(one.model_copy(update=gone) if one.id in new.authorities else one for one in known.issuing),
        "revoked": _joined(known, new.lines),
    }
    return known.model_copy(update=changes | ({"root_list": new.root_list} if new.root_list else {}))


def _joined(known: Known, lines: Iterable[TakenLine]) -> tuple[Listed, ...]:
    there = {one.serial for one in known.revoked}
    new = (Listed(**one.model_dump(include=set(Listed.model_fields))) for one in lines if one.serial not in there)
    return (*known.revoked, *new)


def _listed(certificate: Certificate, reason: Reason, at: datetime) -> Listed:
    return Listed(serial=certificate.serial, issuer=certificate.issuer, at=at, ends=certificate.ends, reason=reason)


def _write_held(var: Path, before: Held, changes: Mapping[str, object], urn: str | None, asset: str | None) -> None:
    path = _device(var, str(urn), str(asset))
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, before.model_copy(update=dict(changes)).model_dump_json().encode() + b"\n")
