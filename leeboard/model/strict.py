"""The bases of data that nobody changes and that holds nothing unknown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Strict(BaseModel):
    """Frozen data without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def first_mistake(problem: ValidationError, whole: str) -> tuple[str, str]:
    """The first place that makes no sense, printable (`whole` where it is all of it), and what is wrong there."""
    first = problem.errors(include_input=False, include_url=False)[0]
    return ".".join(ascii(str(step)[:40])[1:-1] for step in first["loc"]) or whole, first["msg"][:150]


class Wire(BaseModel):
    """Frozen data from a device. Types are strict, and unknown keys are refused: a slip cannot hide a reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
