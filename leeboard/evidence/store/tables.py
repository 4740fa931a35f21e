"""The store's tables. A change here needs a migration in `migrations/versions/`; a test compares the two.

A *place* is the number of a bundle in the order of its school's bundles (order.py), from 1. JSON is kept as ASCII text,
since what devices say may hold characters (NUL, lone surrogates) that no database takes otherwise.
"""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All tables."""


class SchoolRow(Base):
    """A school that some bundle was about."""

    __tablename__ = "school"

    urn: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class TextRow(Base):
    """Text that stays the same from night to night, kept once: lists of expected assets and of controls, by digest."""

    __tablename__ = "text"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class PartRow(Base):
    """What bundles keep in lines of their own, packed by zlib and kept once: bodies, findings and their texts."""

    __tablename__ = "part"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class BundleRow(Base):
    """A bundle that was loaded.

    `sha256` is of its content, `file_sha256` of its closed file, `heads` a JSON list of those that it follows. `run`
    and `started` are what it claims. `expected` is the digest of a list of assets; `points` says who of them was
    observed: JSON [[digest of a list of control ids, bits over `expected` in hexadecimal], ...].
    """

    __tablename__ = "bundle"

    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    run: Mapped[str] = mapped_column(String(25))
    started: Mapped[str] = mapped_column(String(25))
    finished: Mapped[str | None] = mapped_column(String(25))
    writer: Mapped[str] = mapped_column(String(32))
    turn: Mapped[int] = mapped_column(Integer)
    heads: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    file_sha256: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(16))
    baseline: Mapped[str] = mapped_column(Text)
    broken_off: Mapped[bool] = mapped_column(Boolean)
    expected: Mapped[str] = mapped_column(ForeignKey("text.digest"))
    expected_count: Mapped[int] = mapped_column(Integer)
    points: Mapped[str] = mapped_column(Text)


class DeviceRow(Base):
    """A device as it was last expected and last observed, but for what is new each night: that has a row of VisitRow.

    `device`, `problem`, `message` and `changes` are of the latest run that expected it; `identity`, `envelope`, `body`,
    `judged` and `texts` (digests of parts) of the latest that observed it. `since` says, by control, since when its
    verdict has stood: JSON of moments.
    """

    __tablename__ = "device"

    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text)
    identity: Mapped[str | None] = mapped_column(String(16))
    envelope: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(String(64))
    judged: Mapped[str | None] = mapped_column(String(64))
    texts: Mapped[str | None] = mapped_column(String(64))
    since: Mapped[str] = mapped_column(Text)

    __table_args__ = tuple(Index(f"device_{part}", part) for part in ("body", "judged", "texts"))


class VisitRow(Base):
    """The latest run that expected a device and what came of it, and the latest that observed it: `seen` at `observed`.

    `outcome` is that of its line, or not_seen; `observed_at` is what the device's own clock said. The rows are short,
    since each is written anew every night.
    """

    __tablename__ = "visit"

    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    observed: Mapped[int | None] = mapped_column(Integer)
    seen: Mapped[str | None] = mapped_column(String(25))
    observed_at: Mapped[str | None] = mapped_column(Text)

    # In SQLite rows lie in the order of their key, so that a school's are in few pages.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - it is SQLAlchemy's own form


class SpanRow(Base):
    """What was not well with one setting of one device from the place `since` until the place `until` (None: still).

    `element` is the member of a list that it is about, "" for the setting as a whole; `setting` is "" where the control
    as a whole is meant. Compliant is the absence of a span on a night when the device was observed. `late` is for what
    came in after a newer visit was known: it held in the bundle at `since`, and nothing follows from it.
    """

    __tablename__ = "span"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"))
    asset: Mapped[str] = mapped_column(String(64))
    control: Mapped[str] = mapped_column(String(16))
    setting: Mapped[str] = mapped_column(Text)
    element: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(Text)
    since: Mapped[int] = mapped_column(Integer)
    until: Mapped[int | None] = mapped_column(Integer)
    late: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (
        Index("span_device", "urn", "asset", "control"),
        Index("span_open", "urn", "until"),
    )


class UnloadedRow(Base):
    """A run that the store of an older Leeboard knew, and that was not loaded again since."""

    __tablename__ = "unloaded"

    urn: Mapped[str] = mapped_column(String(6), primary_key=True)
    run: Mapped[str] = mapped_column(String(25), primary_key=True)
