"""What a roll-out has to know of a device's certificate before it asks for a request. Nothing is signed here.

What counts is the register's: of what the device says of its certificates, only which of them it has and can use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from leeboard.authority import memory
from leeboard.authority.certificates import Registered
from leeboard.authority.memory import Held
from leeboard.authority.records import Certificate, Known, PeerKey, Reason
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.model.vpn_names import device_name
from leeboard.model.vpn_told import Told, digest, root_digest
from leeboard.model.words import day

# Whose device may be in somebody else's hands, or is not to come back: only a person gives it a certificate again.
LASTING = (Reason.STOLEN, Reason.LOST, Reason.COMPROMISED, Reason.RETIRED)


@dataclass(frozen=True)
class Standing:
    """Why a device needs a new certificate ("" where it does not), and what it is then told.

    That is the root's list of revoked authorities (PEM), and the curves of keys that will do, the best first.
    """

    due: str
    revoked: str
    curves: tuple[str, ...]


def standing(var: Path, device: Registered, vpn: Told, shown: Mapping[str, str], at: datetime) -> Standing:
    """How a device stands that shows these certificates: {SHA-256 in hex: what keeps it from being of use}.

    Raises LeeboardError where this controller gives it none.
    """
    known = memory.read(var)[0]
    root = known.beginning.root
    if digest(root.certificate) != root_digest(vpn):
        raise LeeboardError(
            f"the certificates beside the declaration are not those of this controller's authority ({root.id}); where "
            "that is the right one: leeboard vpn chain --to INVENTORY/vpn/authority.pem"
        )
    name = device_name(device.urn, device.asset)
    if name != vpn.identity:
        raise LeeboardError(f"leeboard_vpn says {vpn.identity}, and by the register the device is {name}")
    of_device = memory.held(var, device.urn, device.asset)
    refuse_lasting(of_device)
    held = of_device.certificates
    listed = x509.load_der_x509_crl(bytes.fromhex(known.root_list)).public_bytes(Encoding.PEM).decode()
    # As `request.objection` has it.
    curves = ("P-384",) if known.beginning.level is Level.HIGH else ("P-384", "P-256")
    return Standing(_due(known, held, shown, at), listed, curves)


def refuse_lasting(held: Held) -> None:
    """Raise LeeboardError where a device was revoked for good, and nobody gave it anything since.

    Whichever it had: who stole a laptop with a certificate must not get a key of WireGuard by a roll-out either.
    """
    every: list[Certificate | PeerKey] = [*held.certificates, *held.keys]
    gone = [one for one in every if one.revoked and one.reason in LASTING]
    if not gone:
        return
    last = max(gone, key=lambda one: (one.revoked or one.made, one.made))
    if any(one.revoked is None and last.revoked and one.made >= last.revoked for one in every):
        return
    what = "certificate" if isinstance(last, Certificate) else "key of WireGuard"
    raise LeeboardError(
        f"its {what} was revoked on {day(last.revoked or last.made)} ({last.reason}), so no roll-out gives it another; "
        "once it is safe again: leeboard vpn issue (docs/vpn-authority.md)"
    )


def _due(known: Known, held: tuple[Certificate, ...], shown: Mapping[str, str], at: datetime) -> str:
    """Why a new certificate is due: of those that the register has, none that the device can use lasts long enough."""
    alive = {one.id for one in known.alive(at)}
    why = "it has no certificate of this authority"
    for one in reversed(held):
        wrong = shown.get(digest(one.pem))
        if wrong is None:
            continue
        reason = wrong or _ends(one, alive, at)
        if not reason:
            return ""
        why = reason
    return why


def _ends(one: Certificate, alive: set[str], at: datetime) -> str:
    """Why a certificate that can be used has to be followed by another, "" where it has not."""
    if one.revoked:
        return f"its certificate was revoked on {day(one.revoked)}"
    if one.issuer not in alive:
        return f"its certificate is of {one.issuer}, which signs no more"
    return f"its certificate ends on {day(one.ends)}" if at >= one.due(at) else ""
