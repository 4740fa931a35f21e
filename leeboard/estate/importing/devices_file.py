"""devices.csv as an import leaves it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from leeboard.errors import LeeboardError
from leeboard.estate.devices import DeviceRow, write_devices
from leeboard.estate.synonyms import COLUMNS
from leeboard.model.problem import Mistake
from leeboard.storage.sheet import columns, guarded, read_sheet, unguarded


def devices_file(devices: Iterable[DeviceRow], before: bytes | None) -> bytes:
    """devices.csv with these devices. Columns of the technician's own keep their cells, by row of the file before.

    Raises LeeboardError when the file before cannot be read as a sheet.
    """
    every = list(devices)
    written = write_devices(every)
    if before is None:
        return written
    try:
        sheet = read_sheet(before)
        known = set(columns(sheet.headings, COLUMNS).values())
    except Mistake as wrong:
        raise LeeboardError(f"devices.csv {wrong.message}; mend it, and import again") from None
    own = [place for place, heading in enumerate(sheet.headings) if place not in known and heading]
    if not own:
        return written
    cells = dict(sheet.rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    head, *rows = csv.reader(io.StringIO(written.decode(), newline=""))
    writer.writerow([*head, *(guarded(sheet.headings[place]) for place in own)])
    for device, row in zip(every, rows, strict=True):
        mine = cells.get(device.row) or [""] * len(sheet.headings)
        writer.writerow([*row, *(guarded(unguarded(mine[place])) for place in own)])
    return text.getvalue().encode()
