"""Bringing back the header of a disk: the newest copy of it whose key is kept, with a custodian's private key.

    what is there now goes into the vault -> the copy is written -> a kept key opens it -> proved in the ledger

Slots of keys that were retired after the copy was made are back then; `enrolment.enrol` removes them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome, binding_of, copy_id, header_of
from leeboard.escrow.disks.header import read_copy
from leeboard.escrow.vault import controller_state, ledger
from leeboard.escrow.vault.binding import Binding, faults
from leeboard.escrow.vault.device_records import records_of
from leeboard.escrow.vault.records import Header, Key, Records, State
from leeboard.escrow.vault.rekeying import Opener
from leeboard.escrow.vault.vault import Vault
from leeboard.model.device import Device

SAVED = "before-restore"  # in the binding of what a restore was about to overwrite


def newest(vault: Vault, urn: str, asset: str, disk: str | None = None) -> tuple[Header, Key]:
    """The newest copy of a header, and the key that opens the disk with it. Raises LeeboardError.

    `disk` is a LUKS UUID; without one the device may have one disk only.
    """
    return _newest(controller_state.records(vault.var, urn, asset), asset, disk)


def _newest(records: Records, asset: str, disk: str | None) -> tuple[Header, Key]:
    fits = [
        (header, key)
        for header in records.headers
        for key in records.keys
        if disk in (None, header.disk) and _opens(key, header)
    ]
    disks = sorted({header.disk for header, _key in fits})
    if not fits:
        raise LeeboardError(f"{asset}: no copy of a header is kept that a kept key opens")
    if len(disks) > 1:
        raise LeeboardError(f"{asset}: it has the disks {', '.join(disks)}; name one with --disk")
    return fits[-1]


def restore(
    vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], opener: Opener, disk: str | None = None,
    dry: bool = False,
) -> Outcome:  # fmt: skip
    """Bring back the header of a disk, and prove that its key opens it. What it overwrites is kept until then.

    With `dry` nothing is changed. Raises LeeboardError.
    """
    outcome = Outcome()
    # The disk says nothing of itself now; the device writes a copy onto the partition that it is of alone.
    header, key = _newest(records_of(vault.var, device), device.asset, disk)
    content = opener.header(vault, header)
    copy = read_copy(content)
    if copy.uuid != header.disk:
        raise LeeboardError(f"the copy {header.id} is of disk {copy.uuid}, not of {header.disk}; nothing was changed")
    if copy.slots() != header.binding.get("slots"):
        raise LeeboardError(f"the copy {header.id} does not hold what opened disk {header.disk}; nothing was changed")
    secret = opener.key(vault, key).key.text
    sent = base64.b64encode(content).decode()
    saved = ask("save_header", copy=sent)
    outcome.changed = True
    if dry:
        outcome.done.append(f"disk {header.disk}: the copy of {header.made} is to be brought back")
        return outcome
    before = copy_id(header.disk, clock())
    overwritten = header_of(saved, "the device did not give what the restore would overwrite")
    read_copy(overwritten)
    with vault.writing(clock()) as writer:
        writer.keep_header(overwritten, device.urn, device.asset, before, header.disk, {SAVED: header.id})
    answer = ask("restore_header", copy=sent, expect=saved.get("digest"), slot=key.binding["slot"], key=secret)
    if binding_of(answer).model_dump(mode="json") != header.binding:
        raise LeeboardError(f"disk {header.disk} is not as in the copy of {header.made}; look at it")
    with vault.writing(clock()) as writer:
        # Slots that were added since the key was proved are back as well, and are no better known than before.
        writer.note(
            ledger.RESTORED, urn=device.urn, asset=device.asset, key=header.id, disk=header.disk,
            reason=f"key {key.id} opens it",
        )  # fmt: skip
        for older in writer.records(device.urn, device.asset).headers:
            if older.id == before:
                writer.destroy_header(older)
    outcome.done.append(f"disk {header.disk}: the header of {header.made} is back, and key {key.id} opens it")
    outcome.change("ENC-07", "escrow", "header-backup", None, header.id)
    return outcome


def _opens(key: Key, header: Header) -> bool:
    """Whether a key opens the disk once this copy of its header is back."""
    if key.disk != header.disk or key.state not in (State.PROVED, State.USED):
        return False
    try:
        return not faults(key, Binding.model_validate(header.binding))
    except ValidationError:
        return False  # what a restore was about to overwrite


def image_of(vault: Vault, header: Header, opener: Opener) -> bytes:
    """The file for `cryptsetup luksHeaderRestore` on a machine that does not start. Raises LeeboardError."""
    return read_copy(opener.header(vault, header)).image()
