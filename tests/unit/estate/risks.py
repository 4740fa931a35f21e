"""Waivers for tests: one that is right, and the words of what is wrong."""

from __future__ import annotations

from typing import Any

from leeboard.model.waiver import Waiver

RIGHT: dict[str, Any] = {
    "id": "W-2026-001",
    "control": "LCK-01",
    "devices": ["A-1"],
    "reason": "The projector machine of the hall must not lock during assemblies.",
    "owner": "Head teacher",
    "approved_by": "Governing body",
    "granted": "2026-09-01",
    "last_day": "2027-07-20",
}


def raw(**changes: Any) -> dict[str, Any]:
    """The fields of a waiver; None takes one out."""
    return {key: value for key, value in {**RIGHT, **changes}.items() if value is not None}


def waiver(**changes: Any) -> Waiver:
    """A waiver that makes sense."""
    return Waiver.model_validate(raw(**changes))


def for_school(**changes: Any) -> Waiver:
    """One for the whole school."""
    return waiver(devices=None, school=True, **changes)
