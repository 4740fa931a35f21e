"""A second store beside the evidence, to load bundles into once more; it is removed at its end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.store.store import Store
from leeboard.storage import files

PLACE = ".verify"  # in the evidence folder


@contextmanager
def second_store(evidence: Path) -> Iterator[Store]:
    """An empty store, this account's alone, and not in memory, since an estate has gigabytes of it.

    What a killed run left of one is removed. Raises LeeboardError where somebody else has one at this moment.
    """
    place, lock = evidence / PLACE, evidence / f"{PLACE}.lock"
    try:
        held = files.FileLock(lock)
    except files.Busy:
        raise LeeboardError(f"{lock}: evidence is being verified or pruned at this moment; wait for its end") from None
    try:
        shutil.rmtree(place, ignore_errors=True)
        files.make_folder(place)
        with Store(place / "anew.db") as store:
            yield store
    finally:
        shutil.rmtree(place, ignore_errors=True)
        held.release()
