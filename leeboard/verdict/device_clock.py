"""The clock of a device beside this controller's: the reading that FWD-05 judges it by.

It is taken on the controller from the moment that an answer claims, and filed with what the device said. An answer to
the right challenge is tonight's, whatever clock it was stamped by: a flat battery costs a finding, and no answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leeboard.model.enums import Platform
from leeboard.model.observation import Found, Observation, Reading

DRIVERS = {Platform.LINUX: "clock_offset", Platform.WINDOWS: "windows_clock_offset"}
ADDRESS = "minutes"
SOURCE = "this controller's clock"


def reading(observation: Observation, asked: datetime, answered: datetime) -> Reading:
    """How many whole minutes the device's clock lies outside the time in which it answered, which the controller took.

    Whole minutes, so that the same clock gives the same reading each night.
    """
    device_time = observation.observed_at
    device_time = device_time if device_time.tzinfo is not None else device_time.replace(tzinfo=UTC)
    behind, ahead = asked - device_time, device_time - answered
    minutes = max(behind, ahead, timedelta(0)) // timedelta(minutes=1)
    way = "behind" if behind > ahead else "ahead of"
    note = f"it is {way} the controller's clock, if that one is right" if minutes else ""
    aspect = Found(state="value", value=minutes, type="int", source=SOURCE, note=note)
    return Reading(driver=DRIVERS[Platform(observation.platform)], address=ADDRESS, effective=aspect)


def place(platform: str) -> tuple[str, str]:
    """Driver and address of the reading on a platform."""
    return DRIVERS[Platform(platform)], ADDRESS


def is_in(observation: Observation) -> bool:
    """True where the reading is there already: who filed the answer compared the clocks."""
    return observation.reading(*place(observation.platform)) is not None
