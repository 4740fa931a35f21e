"""Fetch the list that is published under an address or in a folder, and verify that one of our authorities signed it.

What comes from there is anybody's until its signature was verified: it is read within a bound of bytes and seconds, and
nothing in it is looked at before.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from leeboard.authority.publishing import Publication
from leeboard.authority.records import Issuer, Reason
from leeboard.errors import LeeboardError
from leeboard.storage import files

MOST_BYTES = 16 * 1024 * 1024  # some 300,000 lines
SECONDS = 15.0  # for all lists together: the authority's lock is held meanwhile
PIECE = 64 * 1024


@dataclass(frozen=True)
class Line:
    """A line of a list: a serial in hexadecimal as the ledger has it, since when and why it counts no more."""

    serial: str
    at: datetime
    reason: Reason


@dataclass(frozen=True)
class Signed:
    """A list that was verified: its number and its lines."""

    content: bytes
    number: int
    lines: tuple[Line, ...]


class NotOurs(LeeboardError):
    """What lies there is no list of this authority's."""


def fetch(publication: Publication, issuer: Issuer, until: float) -> bytes | None:
    """What is published as the list of an authority; None where nothing is. `until`: a moment of the monotonic clock.

    A folder is read as it is. What a command of the school's publishes is fetched as clients do, by the address in the
    certificates. Raises LeeboardError where it cannot be read, NotOurs where no list can be that large.
    """
    if publication.folder is not None:
        return _in_folder(publication.folder, issuer)
    return _by_address(issuer.lists, until) if publication.command else None


def verified(content: bytes, issuer: Issuer, where: str) -> Signed:
    """The list, once it is known that the authority signed it. Raises NotOurs."""
    if len(content) > MOST_BYTES:
        raise NotOurs(f"{where}: has more than {MOST_BYTES} bytes, as no list of ours has")
    try:
        found = x509.load_der_x509_crl(content)
        signer = issuer.x509
        ours = found.issuer == signer.subject and found.is_signature_valid(signer.public_key())  # type: ignore[arg-type]
        if ours:
            number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            lines = tuple(_line(one) for one in found)
            return Signed(content, number, lines)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        raise NotOurs(f"{where}: is no list that makes sense") from None
    raise NotOurs(f"{where}: was not signed by {issuer.id}")


def _line(revoked: x509.RevokedCertificate) -> Line:
    try:
        flag = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        flag = x509.ReasonFlags.unspecified
    # Several words of ours are one on a list. The gravest of them keeps a roll-out from giving the device another.
    serial = f"{revoked.serial_number:040x}"
    if len(serial) > 40:
        raise ValueError("no serial is that long")
    reasons = {one.flag: one for one in (Reason.RETIRED, Reason.REPLACED, Reason.MOVED)}
    return Line(serial, revoked.revocation_date_utc, reasons.get(flag, Reason.COMPROMISED))


def _in_folder(folder: Path, issuer: Issuer) -> bytes | None:
    path = folder / f"{issuer.id}.crl"
    if not folder.is_dir():
        raise LeeboardError(f"{folder} is not there")
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise NotOurs(f"{path}: has more than {MOST_BYTES} bytes, as no list of ours has")
        return files.read_regular(path, MOST_BYTES)
    except OSError as problem:
        raise LeeboardError(f"{path}: {problem.strerror}") from None


def _by_address(address: str, until: float) -> bytes | None:
    """What is under an address, as anybody fetches it. It follows no redirection."""
    opener = urllib.request.build_opener(_Stay())
    left = until - time.monotonic()
    if left <= 0:
        raise LeeboardError(f"{address}: there was no time left for it")
    try:
        with opener.open(address, timeout=left) as answer:
            return _within(answer, address, until)
    except urllib.error.HTTPError as answered:
        if answered.code in (404, 410):
            return None
        raise LeeboardError(f"{address}: answered {answered.code}") from None
    except urllib.error.URLError as problem:
        raise LeeboardError(f"{address}: {problem.reason}") from None
    except (OSError, HTTPException, ValueError) as problem:
        raise LeeboardError(f"{address}: {problem}") from None


def _within(answer: HTTPResponse, address: str, until: float) -> bytes:
    """What an answer has, piece by piece: one that drips must not hold the authority's lock."""
    content = b""
    while piece := answer.read1(PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            raise NotOurs(f"{address}: has more than {MOST_BYTES} bytes, as no list of ours has")
        if time.monotonic() > until:
            raise LeeboardError(f"{address}: had not ended in time")
    return content


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: a list is where the certificates say it is."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """None: the answer stands."""
