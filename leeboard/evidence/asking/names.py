"""What the store knows of devices by name."""

from __future__ import annotations

from collections.abc import Iterable

from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import DeviceRow
from leeboard.model.device import Device


def device_of(store: Store, keys: Iterable[tuple[str, str]]) -> Device | None:
    """The device under the first of these names (URN and asset tag) that the store has a row of."""
    with store.reading() as session:
        for urn, asset in keys:
            row = session.get(DeviceRow, (urn, asset))
            if row is not None:
                return Device.model_validate_json(row.device)
    return None
