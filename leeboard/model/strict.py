"""The bases of data that nobody changes and that holds nothing unknown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Frozen data without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wire(BaseModel):
    """Frozen data from a device. Types are strict, and unknown keys are refused: a slip cannot hide a reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
