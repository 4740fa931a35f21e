"""What came back from a device: hostile text until it has passed through here.

The wire form is described in `plugins/module_utils/_linux/engine/reading.py` and `visit.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.strict import Wire
from leeboard.model.values import plain

MOST_BYTES = 4 * 1024 * 1024  # of one observation; the largest honest one seen is below 200 kB


Text = Annotated[str, Field(max_length=8192)]
WireValue = bool | int | Text | list[Text]


class Other(Wire):
    """The same setting as somebody else gets it (a user, root by SSH). Without a value: it is not set for them."""

    who: Text
    value: WireValue | None = None
    type: Text = ""


class Found(Wire):
    """A value that was read. `length` and `sha256` are given when the text was cut."""

    state: Literal["value"]
    value: WireValue
    type: Text = ""
    source: Text
    note: Text = ""
    length: int | None = None
    sha256: str | None = None
    others: list[Other] = Field(default=[], max_length=100)


class Nothing(Wire):
    """It was looked for and is not there."""

    state: Literal["absent"]
    source: Text
    note: Text = ""
    others: list[Other] = Field(default=[], max_length=100)


class Unreadable(Wire):
    """It could not be read; `code` is one of `reading.CODES`."""

    state: Literal["unreadable"]
    code: Literal[
        "needs_root", "denied", "missing_tool", "timeout", "malformed", "busy", "too_large", "failed", "driver_failed",
        "exchanged",
    ]  # fmt: skip
    why: Text
    source: Text = ""


Aspect = Annotated[Found | Nothing | Unreadable, Field(discriminator="state")]


class Reading(Wire):
    """One address, as it is configured, effective and running. A step names the fingerprint it was planned from.

    `owner` says in words who else sets this, and would set it again (a group policy, an MDM service).
    """

    driver: Text
    address: Text
    effective: Aspect
    configured: Aspect | None = None
    running: Aspect | None = None
    fingerprint: Text = ""
    owner: Text = ""


class Identity(Wire):
    """What tells one machine from another."""

    serial: Aspect
    uuid: Aspect
    machine_id: Aspect
    os: Aspect


class Cost(Wire):
    """What the visit took on the device. NaN and Infinity, which Python takes for numbers, are refused."""

    children: int
    seconds: FiniteFloat
    cpu_seconds: FiniteFloat


class Observation(Wire):
    """All readings of one visit. `challenge` is what the visit was asked to echo; empty where nothing was."""

    schema_version: Literal[1] = Field(alias="schema")
    platform: Literal["linux", "windows"]
    observed_at: Annotated[datetime, Field(strict=False)]
    challenge: Text = ""
    identity: Identity
    facts: dict[str, Aspect]
    readings: list[Reading] = Field(max_length=5000)
    cost: Cost

    def reading(self, driver: str, address: str) -> Reading | None:
        """The reading of an address, or None when the device gave none."""
        return self._index.get((driver, address))

    def with_reading(self, *taken: Reading) -> Observation:
        """The same with readings of the controller's in place of all of their drivers; nothing is validated anew."""
        drivers = {reading.driver for reading in taken}
        readings = [*(reading for reading in self.readings if reading.driver not in drivers), *taken]
        return Observation.model_construct(**{**dict(self), "schema": self.schema_version, "readings": readings})

    @cached_property
    def _index(self) -> dict[tuple[str, str], Reading]:
        return {(reading.driver, reading.address): reading for reading in self.readings}


def with_readings(answer: dict[str, Any], taken: Sequence[Reading]) -> dict[str, Any]:
    """An answer, which could be parsed, with readings of the controller's. What a device says of these never counts."""
    drivers = {reading.driver for reading in taken}
    others = [entry for entry in answer["readings"] if entry["driver"] not in drivers]
    return {**answer, "readings": others + [reading.model_dump(mode="json", exclude_none=True) for reading in taken]}


def parse(answer: Any) -> Observation:
    """The observation in a device's answer. Raises LeeboardError naming the first place that makes no sense."""
    try:
        return Observation.model_validate(answer)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(plain(str(step), 40) for step in first["loc"]) or "the answer"
        raise LeeboardError(
            f"the device's answer is not an observation: {place}: {plain(first['msg'], 200)}; "
            "update Leeboard's collection on the controller, or look at the device: something else answers there"
        ) from None


def measurements(readings: Sequence[Reading]) -> Observation:
    """Readings that the controller took, in the form that a visit has; without a machine there is nothing else."""
    return Observation.model_construct(facts={}, readings=list(readings))


def text_of(aspect: Aspect) -> str:
    """An aspect in one line for a person."""
    if isinstance(aspect, Found):
        shown = plain(aspect.value) or "(empty)"
        return f"{shown} ({aspect.length} characters)" if aspect.length else shown
    if isinstance(aspect, Nothing):
        return "not set"
    return f"could not be read: {plain(aspect.why)}"


__all__ = ["Aspect", "Cost", "Found", "Identity", "Nothing", "Observation", "Other", "Reading", "Unreadable"]
