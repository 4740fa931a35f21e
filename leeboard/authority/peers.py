"""Public keys of WireGuard that devices have: kept in the vault's ledger, since no certificate says whose they are.

Only what a device says over its pinned connection is kept, by a roll-out. A key counts until it is revoked; that takes
it out of what the next export for its gateway has, and no line of ours reaches the gateway by itself.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from leeboard.authority import memory, records
from leeboard.authority.certificates import Registered
from leeboard.authority.records import PeerKey
from leeboard.authority.roll_out import refuse_lasting
from leeboard.authority.session import session
from leeboard.errors import LeeboardError
from leeboard.model.values import plain
from leeboard.model.words import day


def keep(var: Path, device: Registered, public_key: str, at: datetime, by_hand: bool = False) -> bool:
    """Keep a device's public key in the ledger; False where it is there already. Raises LeeboardError.

    Only by hand a device gets one again that was revoked for good. A run that was cut off asks twice, and finds the
    line that it wrote. Of a device's earlier keys none counts any more: see `counting`.
    """
    with session(var, at) as opened:
        try:
            new = PeerKey(public_key=public_key, urn=device.urn, asset=device.asset, made=opened.at)
        except ValidationError:
            raise LeeboardError("what the device says is no public key of WireGuard; nothing was kept") from None
        held = memory.held(var, device.urn, device.asset)
        if not by_hand:
            refuse_lasting(held)
        mine = next((one for one in held.keys if one.public_key == public_key), None)
        if mine is not None and mine.revoked:
            raise LeeboardError(
                f"its key was revoked on {day(mine.revoked)} ({mine.reason}); a roll-out has the device make a new one"
            )
        if mine is not None:
            return False
        owner = memory.owner(var, new.id)
        if owner:
            raise LeeboardError(
                f"its key is known as that of {plain(owner)}; one of the two is a copy of the other (a cloned disk?). "
                "Take /etc/wireguard/leeboard.key away on it, and roll out again"
            )
        opened.note(records.KEY, new, new.id)
        return True


def not_again(var: Path, device: Registered) -> tuple[str, ...]:
    """The public keys of a device that were revoked: one of them is followed by a new one. Raises LeeboardError where
    a roll-out gives it none, since the device may be in somebody else's hands."""
    held = memory.held(var, device.urn, device.asset)
    refuse_lasting(held)
    return tuple(one.public_key for one in held.keys if one.revoked)


def is_kept(var: Path, device: Registered, public_key: str) -> bool:
    """Whether a key of the device is in what the controller remembers, and counts. Raises LeeboardError."""
    return any(
        one.public_key == public_key and not one.revoked for one in memory.held(var, device.urn, device.asset).keys
    )


def counting(var: Path) -> list[PeerKey]:
    """The key of each device that counts: its newest one, where that was not revoked. Raises LeeboardError."""
    newest = (of_device.keys[-1] for of_device in memory.every_device(var) if of_device.keys)
    return [one for one in newest if one.revoked is None]
