"""Bringing a store to the tables of this Leeboard when it is opened, or refusing one that is newer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from leeboard.errors import LeeboardError

SCRIPTS = Path(__file__).with_name("migrations")
LOCK_NUMBER = 0x1EEB0A2D  # PostgreSQL's advisory lock while tables change


def upgrade(engine: Engine, shown: str, scripts: Path = SCRIPTS) -> None:
    """Make or change the tables where needed; all or nothing. `shown` names the store in errors."""
    order = _order(scripts)
    with engine.begin() as connection:
        if _version(connection) == order[-1]:
            return
    with engine.connect().execution_options(leeboard_write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
        version = _version(connection)  # another process may have been quicker
        if version is not None and version not in order:
            raise LeeboardError(
                f"{shown}: the store has tables of version {ascii(version)[:40]}, and this Leeboard knows them up to "
                f"{order[-1]}; update Leeboard here, or name another store"
            )
        if version != order[-1]:
            _run(connection, scripts)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _run(connection: Connection, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def _order(scripts: Path) -> tuple[str, ...]:
    """The versions, oldest first: the numbers that the scripts' names begin with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*_*.py")))
