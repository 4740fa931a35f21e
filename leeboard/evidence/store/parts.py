"""Bodies, findings and texts in the store: packed, and once where they are the same."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leeboard.evidence.store.tables import DeviceRow, PartRow

AT_ONCE = 400  # digests in one question
LEVEL = 6


def put(session: Session, parts: Mapping[str, bytes]) -> None:
    """Keep lines by their digests; those that are there are not packed again."""
    there = _known(session, parts)
    rows = [
        {"digest": digest, "content": zlib.compress(line, LEVEL)}
        for digest, line in parts.items()
        if digest not in there
    ]
    if rows:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(insert(PartRow).on_conflict_do_nothing(), rows)


def get(session: Session, digest: str) -> bytes:
    """The line of a digest. Raises LookupError."""
    content = session.scalar(select(PartRow.content).where(PartRow.digest == digest))
    if content is None:
        raise LookupError(digest)
    return zlib.decompress(content)


def drop_unused(session: Session, digests: Iterable[str | None]) -> None:
    """Remove those of these parts that no device points to any more."""
    used = exists().where(
        or_(DeviceRow.body == PartRow.digest, DeviceRow.judged == PartRow.digest, DeviceRow.texts == PartRow.digest)
    )
    for batch in _batches(sorted({digest for digest in digests if digest})):
        session.execute(delete(PartRow).where(PartRow.digest.in_(batch), ~used))


def _known(session: Session, digests: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for batch in _batches(list(digests)):
        found.update(session.scalars(select(PartRow.digest).where(PartRow.digest.in_(batch))))
    return found


def _batches(digests: list[str]) -> Iterable[list[str]]:
    return (digests[start : start + AT_ONCE] for start in range(0, len(digests), AT_ONCE))
