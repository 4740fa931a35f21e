"""What the store knows of schools and devices by name."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import DeviceRow, SchoolRow
from leeboard.model.device import Device


def school_names(store: Store) -> dict[str, str]:
    """The name of each school that some bundle was about, by URN."""
    with store.reading() as session:
        return {row.urn: row.name for row in session.execute(select(SchoolRow.urn, SchoolRow.name))}


def device_of(store: Store, keys: Iterable[tuple[str, str]]) -> Device | None:
    """The device under the first of these names (URN and asset tag) that the store has a row of."""
    with store.reading() as session:
        for urn, asset in keys:
            row = session.get(DeviceRow, (urn, asset))
            if row is not None:
                return Device.model_validate_json(row.device)
    return None
