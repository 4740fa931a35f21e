"""The store: what all bundles said, ready to be asked. SQLite in a file by default, PostgreSQL by URL.

It can be thrown away and loaded again from the bundles; it is never the only place where something is kept.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.schema import read_part
from leeboard.evidence.store import history, parts
from leeboard.evidence.store.finding_cache import FindingPool
from leeboard.evidence.store.tables import BundleRow, DeviceRow, PartRow, SchoolRow, UnloadedRow, VisitRow
from leeboard.evidence.store.upgrade import SCRIPTS, upgrade
from leeboard.model.device import Device
from leeboard.model.finding import Finding
from leeboard.storage import files

ROWS_AT_ONCE = 200  # of devices, whose findings are long
WAIT_SECONDS = 30.0
NO_COST = {"children": 0, "seconds": 0.0, "cpu_seconds": 0.0}  # the store keeps none


class StoreLost(LeeboardError):
    """The store itself cannot be used: it is locked, full, unreachable or newer than we are."""


@dataclass(frozen=True)
class StoredDevice:
    """A device as the store knows it. `run` is the latest that expected it, `seen` when it was last observed.

    `since` tells, by control, since when its verdict has stood.
    """

    device: Device
    problem: str
    run: str
    outcome: str
    message: str
    changes: tuple[Any, ...]
    observed_run: str | None
    seen: datetime | None
    findings: tuple[Finding, ...]
    since: Mapping[str, datetime]


@dataclass(frozen=True)
class StoredBundle:
    """What the store remembers of a bundle. `place` is its number in the order of the school's bundles."""

    urn: str
    place: int
    run: str
    started: datetime
    sha256: str
    link: Link
    broken_off: bool
    expected: int

    @property
    def file_sha256(self) -> str:
        """The hash of its closed file."""
        return self.link.sha256


class Store:
    """An open store. Close it, or use it in a `with` statement."""

    def __init__(self, where: str | Path, wait: float = WAIT_SECONDS, scripts: Path = SCRIPTS) -> None:
        """Open, making or upgrading the tables. `where` is a file (SQLite) or a URL (postgresql+psycopg://...).

        Raises LeeboardError: it cannot be reached, is locked for longer than `wait` seconds, or is newer than we are.
        """
        self._wait = wait
        text = str(where)
        url = _url(text) if "://" in text else URL.create("sqlite", database=text)
        self.shown = url.render_as_string(hide_password=True).removeprefix("sqlite:///")
        options: dict[str, Any] = {}
        if url.get_backend_name() == "sqlite":
            options["connect_args"] = {"timeout": wait}
            if url.database and url.database != ":memory:":
                self._make_private(Path(url.database).absolute())
        try:
            self.engine = create_engine(url, **options)
        except (NoSuchModuleError, ModuleNotFoundError) as problem:
            raise LeeboardError(
                f"{self.shown}: {problem}; for PostgreSQL install psycopg (pip install 'psycopg[binary]') "
                "and begin the URL with postgresql+psycopg://"
            ) from None
        if url.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        with self._errors():
            upgrade(self.engine, self.shown, scripts)

    @classmethod
    def open(cls, where: str | Path) -> Store:
        """The store at a file or URL, its tables brought up to date. Raises LeeboardError as the constructor."""
        return cls(where)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: all of it or nothing. A second writer waits for its turn."""
        with self._errors(), Session(self.engine) as session, session.begin():
            session.connection(execution_options={"leeboard_write": True})
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One view of the store that does not change meanwhile."""
        with self._errors(), Session(self.engine) as session, session.begin():
            yield session

    def devices(self, urns: Sequence[str] | None = None) -> list[StoredDevice]:
        """Every device that some run expected, of these schools or of all."""
        with self.reading() as session:
            return stored_devices(session, urns)

    def schools(self) -> dict[str, str]:
        """The name of each school that some bundle was about, by URN."""
        with self.reading() as session:
            found = session.execute(select(SchoolRow.urn, SchoolRow.name).order_by(SchoolRow.urn))
            return {row.urn: row.name for row in found}

    def verdicts(self, control: str) -> dict[tuple[str, str], tuple[str, datetime | None]]:
        """The verdict that a control of each device has, and when the device was last seen, by URN and asset."""
        query = select(DeviceRow.urn, DeviceRow.asset, DeviceRow.since, VisitRow.seen).where(
            VisitRow.urn == DeviceRow.urn, VisitRow.asset == DeviceRow.asset
        )
        with self.reading() as session:
            rows = [(row.urn, row.asset, json.loads(row.since), row.seen) for row in session.execute(query)]
        return {(urn, asset): (since[control][1], moment(seen)) for urn, asset, since, seen in rows if control in since}

    def begun(self, urns: Sequence[str]) -> dict[tuple[str, str], datetime]:
        """When each device of these schools was first observed, by URN and asset."""
        with self.reading() as session:
            return {
                (urn, asset): first for urn in urns for asset, first in history.Points(session, urn).first().items()
            }

    def observation(self, urn: str, asset: str) -> dict[str, Any] | None:
        """The latest observation of a device, None when it was never observed. Challenge and cost are in the bundle."""
        query = select(DeviceRow.envelope, DeviceRow.body, VisitRow.observed_at).where(
            DeviceRow.urn == urn, DeviceRow.asset == asset, VisitRow.urn == DeviceRow.urn,
            VisitRow.asset == DeviceRow.asset,
        )  # fmt: skip
        with self.reading() as session:
            row = session.execute(query).one_or_none()
            if row is None or row.body is None:
                return None
            body = read_part(parts.get(session, row.body))
        return {**json.loads(row.envelope), "observed_at": row.observed_at, "cost": NO_COST, **body}

    def history(self, urn: str, asset: str) -> list[history.Held]:
        """All that was ever not well with each setting of a device, by key and time."""
        with self.reading() as session:
            return history.held(session, urn, asset)

    def bundles(
        self,
        urns: Sequence[str] | None = None,
        latest: bool = False,
        runs: Collection[str] | None = None,
        after: int = 0,
    ) -> list[StoredBundle]:
        """The bundles that were loaded, in order of school and place; with `latest`, each school's last one.

        With `runs` those of these runs, with `after` those behind that place.
        """
        query = select(
            BundleRow.urn, BundleRow.place, BundleRow.run, BundleRow.started, BundleRow.sha256, BundleRow.file_sha256,
            BundleRow.heads, BundleRow.turn, BundleRow.writer, BundleRow.action, BundleRow.broken_off,
            BundleRow.expected_count,
        ).order_by(BundleRow.urn, BundleRow.place)  # fmt: skip
        if runs is not None:
            query = query.where(BundleRow.run.in_(runs))
        if after:
            query = query.where(BundleRow.place > after)
        if urns is not None:
            query = query.where(BundleRow.urn.in_(urns))
        if latest:
            last = select(BundleRow.urn, func.max(BundleRow.place).label("place")).group_by(BundleRow.urn).subquery()
            query = query.join(last, (last.c.urn == BundleRow.urn) & (last.c.place == BundleRow.place))
        with self.reading() as session:
            return [
                StoredBundle(
                    row.urn, row.place, row.run, datetime.fromisoformat(row.started), row.sha256,
                    Link(
                        row.run, row.file_sha256, tuple(json.loads(row.heads)), row.turn if row.writer else 0,
                        row.writer, row.action,
                    ),
                    row.broken_off, row.expected_count,
                )
                for row in session.execute(query)
            ]  # fmt: skip

    def unloaded(self) -> dict[str, list[str]]:
        """The runs that the store of an older Leeboard knew, and that were not loaded since, by URN."""
        found: dict[str, list[str]] = {}
        with self.reading() as session:
            for urn, run in session.execute(select(UnloadedRow.urn, UnloadedRow.run).order_by(UnloadedRow.run)):
                found.setdefault(urn, []).append(run)
        return found

    def scrub(self) -> str:
        """Write the file anew, so that nothing that was deleted is left in it; why that was not possible, else "".

        Of PostgreSQL's files only its server knows.
        """
        if self.engine.dialect.name != "sqlite":
            return ""
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return "another process is reading it" if busy else ""
        except sqlite3.Error as problem:
            return str(problem)
        finally:
            connection.close()

    @staticmethod
    def _make_private(path: Path) -> None:
        """Let the file be this account's alone before anything is in it: SQLite gives those beside it the same mode.

        Raises LeeboardError.
        """
        files.make_folder(path.parent)
        try:
            files.make_private(path)
            for beside in map(Path, (f"{path}-wal", f"{path}-shm", f"{path}-journal")):
                if beside.exists():
                    files.make_private(beside)
        except OSError as problem:
            raise StoreLost(f"{path}: the store cannot be used: {problem.strerror}") from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as problem:
            words = str(problem.orig).strip().splitlines() or [""]
            if "database is locked" in words[0]:
                raise StoreLost(
                    f"{self.shown}: another run has kept the store locked for {self._wait:.0f} seconds; nothing is "
                    "lost, the bundles are still there: run `leeboard ingest` again when it has ended"
                ) from None
            raise StoreLost(f"{self.shown}: the store cannot be used: {words[0]}") from None
        except DBAPIError as problem:
            words = str(problem.orig).strip().splitlines() or [""]
            raise LeeboardError(f"{self.shown}: the store refused: {words[0][:200]}; is it a Leeboard store?") from None
        except SQLAlchemyError as problem:
            raise StoreLost(f"{self.shown}: the store cannot be used: {str(problem).splitlines()[0]}") from None


def moment(text: str | None) -> datetime | None:
    """A moment as the store keeps it."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def stored_devices(session: Session, urns: Sequence[str] | None) -> list[StoredDevice]:
    """Every device of these schools, or of all, with its latest findings."""
    expected_in, observed_in = aliased(BundleRow), aliased(BundleRow)
    query = (
        select(
            DeviceRow.urn, DeviceRow.asset, DeviceRow.device, DeviceRow.problem, DeviceRow.message, DeviceRow.changes,
            DeviceRow.since, DeviceRow.judged, DeviceRow.texts, VisitRow.outcome, VisitRow.seen, expected_in.run,
            observed_in.run.label("observed_run"), PartRow.content,
        )
        .join(VisitRow, (VisitRow.urn == DeviceRow.urn) & (VisitRow.asset == DeviceRow.asset))
        .join(expected_in, (expected_in.urn == VisitRow.urn) & (expected_in.place == VisitRow.place))
        .outerjoin(observed_in, (observed_in.urn == VisitRow.urn) & (observed_in.place == VisitRow.observed))
        .outerjoin(PartRow, PartRow.digest == DeviceRow.judged)
        .order_by(DeviceRow.urn, DeviceRow.asset)
    )  # fmt: skip
    if urns is not None:
        query = query.where(DeviceRow.urn.in_(urns))
    pool = FindingPool(lambda digest: parts.get(session, digest))
    # The same controls began at the same moments on many devices: each name and moment is kept once.
    known, began = cache(str), cache(datetime.fromisoformat)
    return [
        StoredDevice(
            device=Device.model_validate_json(row.device),
            problem=row.problem,
            run=row.run,
            outcome=row.outcome,
            message=row.message,
            changes=tuple(json.loads(row.changes)),
            observed_run=row.observed_run,
            seen=moment(row.seen),
            findings=pool.read(zlib.decompress(row.content), row.texts) if row.content else (),
            since={known(control): began(started) for control, (started, *_) in json.loads(row.since).items()},
        )
        for row in session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    ]


def _url(where: str) -> URL:
    try:
        return make_url(where)
    except ArgumentError:
        raise LeeboardError(
            "the store's address is no URL; give a file, or postgresql+psycopg://user@host/name"
        ) from None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that starts to write can be refused without any waiting, so a writer asks for its turn at once.
    writes = connection.get_execution_options().get("leeboard_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
