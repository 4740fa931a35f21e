"""Charts of the last days as bars, with the numbers that they are drawn from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leeboard.evidence.asking.day_by_day import Day
from leeboard.model.words import date_text

DAYS = 28
WIDTH, HEIGHT, FOOT = 308, 80, 14  # of a chart, in its own units; the foot is for the days
GAP = 2.0


@dataclass(frozen=True)
class Bar:
    """A day's bar: where it stands, how high it is, and its number (None: no run was kept by then)."""

    day: str
    number: int | None
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """One chart. `top` is the number that the full height stands for, `look` the class of its bars."""

    id: str
    title: str
    said: str
    look: str
    top: int
    bars: tuple[Bar, ...]

    @property
    def known(self) -> tuple[Bar, ...]:
        """The days of which there is a number."""
        return tuple(bar for bar in self.bars if bar.number is not None)


def charts(days: Sequence[Day], devices: int) -> tuple[Chart, ...]:
    """How many devices answered, then on how many something had drifted, of so many."""
    return (
        _chart("answered", "Devices that answered, day by day", "good", days, [day.answered for day in days], devices),
        _chart(
            "drifted", "Devices that had drifted, day by day", "bad", days,
            [day.drifted for day in days], devices,
        ),
    )  # fmt: skip


def added(several: Iterable[Sequence[Day]]) -> list[Day]:
    """The days of schools added up; a day is unknown only where no school knows it."""
    return [
        Day(same[0].day, _sum(day.answered for day in same), _sum(day.drifted for day in same))
        for same in zip(*several, strict=True)
    ]


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _chart(id: str, title: str, look: str, days: Sequence[Day], numbers: Sequence[int | None], devices: int) -> Chart:
    step = WIDTH / max(len(days), 1)
    room, top = HEIGHT - FOOT - 10, max([devices, *(number or 0 for number in numbers)], default=0)
    bars = []
    for place, (day, number) in enumerate(zip(days, numbers, strict=True)):
        height = round(room * (number or 0) / top, 1) if top else 0.0
        bars.append(
            Bar(
                date_text(day.day), number, round(place * step + GAP / 2, 1), round(HEIGHT - FOOT - height, 1),
                round(step - GAP, 1), height,
            )
        )  # fmt: skip
    known = [number for number in numbers if number is not None]
    said = "No run is kept yet."
    if known:
        first = next(day.day for day, number in zip(days, numbers, strict=True) if number is not None)
        said = f"{known[0]:,} on {date_text(first)}, {known[-1]:,} on {date_text(days[-1].day)}, of {devices:,} now."
    return Chart(id, title, said, look, top, tuple(bars))
