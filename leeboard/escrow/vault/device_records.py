"""What is kept of a device: under its school's URN, and under those that the school had before.

A school that becomes an academy has another URN, and the ledger's lines stay as they were written. What is kept under
an earlier URN counts for the device with the same tag, for LUKS disks with the same UUID and for Windows volumes with
the same GUID. Whatever becomes of such a key is noted under the URN that it was kept under.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.records import Key, Records
from leeboard.model.device import Device


def by_urn(var: Path, device: Device) -> list[tuple[str, Records]]:
    """The records of a device under each URN, the one that it has now last. Raises LeeboardError."""
    owners = (*earlier_owners(device), (device.urn, device.asset))
    return [(urn, controller_state.records(var, urn, asset)) for urn, asset in owners]


def earlier_owners(device: Device) -> tuple[tuple[str, str], ...]:
    """The device as it was registered before, by URN and asset tag."""
    return tuple((urn, device.asset) for urn in device.predecessors if urn != device.urn)


def about(key: Key) -> dict[str, str]:
    """What a line of the ledger says of a key, under the URN that it is kept under."""
    return {"urn": key.urn, "asset": key.asset, "key": key.id, "disk": key.disk}


def records_of(var: Path, device: Device, disks: Container[str] | None = None) -> Records:
    """All that is kept of a device, what has the URN of today last and its windows first. Raises LeeboardError.

    `disks` are the UUIDs of the disks or the GUIDs of the volumes that it has, where they are known: of another machine
    with its tag, in another school at that time, nothing is taken then.
    """
    *earlier, (_urn, own) = by_urn(var, device)
    old = [records for _urn, records in earlier]
    keys = [key for records in old for key in records.keys if disks is None or key.disk in disks]
    keys.sort(key=lambda key: key.made)
    windows = [one for records in old for one in records.windows if disks is None or one.disk in disks]
    # What was opened last decides, whatever the order in which the inventory names URNs.
    windows.sort(key=lambda one: one.opened, reverse=True)
    headers = [header for records in old for header in records.headers if disks is None or header.disk in disks]
    headers.sort(key=lambda header: header.made)
    mine = [one for one in old if disks is None or any(key.disk in disks for key in one.keys)]
    tpm = [token for records in mine for token in records.tpm]
    return own.model_copy(
        update={
            "keys": (*keys, *own.keys),
            "headers": (*headers, *own.headers),
            "tpm": (*tpm, *own.tpm),
            "windows": (*own.windows, *windows),
        }
    )
