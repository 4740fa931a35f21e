"""The store's tables. A change here needs a migration in `migrations/versions/`; a test compares the two.

Runs are kept by their ids, whose order as text is their order in time. JSON is kept as ASCII text, since what devices
say may hold characters (NUL, lone surrogates) that no database takes otherwise.
"""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
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


class BundleRow(Base):
    """A bundle that was loaded.

    `sha256` is of its content, `file_sha256` of its closed file. `expected` is the digest of a list of assets; `points`
    says who of them was observed: JSON [[digest of a list of control ids, bits over `expected` in hexadecimal], ...].
    """

    __tablename__ = "bundle"

    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"), primary_key=True)
    run: Mapped[str] = mapped_column(String(25), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(16))
    baseline: Mapped[str] = mapped_column(Text)
    finished: Mapped[str | None] = mapped_column(String(25))
    broken_off: Mapped[bool] = mapped_column(Boolean)
    expected: Mapped[str] = mapped_column(ForeignKey("text.digest"))
    expected_count: Mapped[int] = mapped_column(Integer)
    points: Mapped[str] = mapped_column(Text)


class DeviceRow(Base):
    """A device as it was last expected and last observed.

    `run`, `device`, `problem`, `outcome`, `message` and `changes` are of the latest run that expected it; `outcome` is
    that of its line, or not_seen. `observed_run`, `seen`, `identity`, `observation` and `findings` are of the latest
    run that observed it.
    """

    __tablename__ = "device"

    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), primary_key=True)
    run: Mapped[str] = mapped_column(String(25))
    device: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text)
    observed_run: Mapped[str | None] = mapped_column(String(25))
    seen: Mapped[str | None] = mapped_column(String(25))
    identity: Mapped[str | None] = mapped_column(String(16))
    observation: Mapped[str | None] = mapped_column(Text)
    findings: Mapped[str | None] = mapped_column(Text)


class SpanRow(Base):
    """A verdict and mode that one control of one device had from the run `since` until the run `until` (None: still).

    `cause` is that of its findings, None where all was well, or a Leeboard that kept no cause found it.
    When it was last seen so follows from the bundles' points, so that a quiet night changes no span.
    """

    __tablename__ = "span"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    urn: Mapped[str] = mapped_column(ForeignKey("school.urn"))
    asset: Mapped[str] = mapped_column(String(64))
    control: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(16))
    since: Mapped[str] = mapped_column(String(25))
    until: Mapped[str | None] = mapped_column(String(25))
    cause: Mapped[str | None] = mapped_column(String(16))

    __table_args__ = (Index("span_device", "urn", "asset", "control"),)
