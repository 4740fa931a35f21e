"""Ids of runs, which sort by their start, and moments as evidence writes them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\Z")

RunId = Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$")]


def new_run_id(at: datetime) -> str:
    """A run id that sorts by its start, like 20261125T021000Z-1a2b3c4d."""
    moment = at.astimezone(UTC)
    # Microseconds before chance: a run that follows a killed one within a second still sorts after it.
    return f"{moment:%Y%m%dT%H%M%SZ}-{moment.microsecond:05x}{secrets.token_hex(2)[:3]}"


def started_of(run: str) -> datetime:
    """When a run started, to the second. Raises ValueError for what is no run id."""
    if not RUN_ID.match(run):
        raise ValueError(f"{run!r} is no run id")
    return datetime.strptime(run[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """A UTC moment as a bundle has it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
