"""What a judgement is: a pure function from the objects that a driver reports to an ordinary value, with its grounds.

It never sees a reading, of the facts only those that it names, and no clock: the moment is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leeboard.model.observation import Aspect, Found, Unreadable
from leeboard.model.values import Value, plain
from leeboard.verdict.codes import Code


@dataclass(frozen=True)
class Answer:
    """The derived value, and in words what it was derived from. `codes` say what is wrong, where anything may be."""

    value: Value
    grounds: str = ""
    codes: tuple[Code, ...] = ()


class CannotBeTold(Exception):
    """The question has no answer on this device: not_checked, with this reason."""


class DoesNotApply(Exception):
    """The device has nothing of the kind that is asked about: not_applicable, with what was found in its place."""


class UnderWay(Exception):
    """What is asked for has begun and goes on by itself: pending, with how far it has come."""


class MakesNoSense(Exception):
    """What the device reported cannot be judged: error, with this reason and one of the codes of `reading.CODES`."""

    def __init__(self, why: str, code: str = "malformed") -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class Facts:
    """The facts that a judgement named, and the moment for one that asks the time.

    A fact that could not be read matters only to who asks for it.
    """

    def __init__(self, facts: Mapping[str, Aspect], named: tuple[str, ...], at: datetime | None = None) -> None:
        self._facts = {name: facts.get(name) for name in named}
        self._at = at

    @property
    def at(self) -> datetime:
        """The moment at which is judged. Raises RuntimeError where the judgement is not one that `asks_time`."""
        if self._at is None:
            raise RuntimeError("a judgement asks the time, and leeboard/model/judgements.py does not say so")
        return self._at

    def value(self, name: str) -> bool | int | str | list[str] | None:
        """A fact, None where the device has none. Raises MakesNoSense for one that could not be read."""
        fact = self._facts[name]
        if fact is None:
            raise MakesNoSense(f"the device did not say what its {name} is", "no_reading")
        if isinstance(fact, Unreadable):
            raise MakesNoSense(f"{name}: {plain(fact.why)}", fact.code)
        return fact.value if isinstance(fact, Found) else None


Judgement = Callable[[tuple[Any, ...], Facts], Answer]  # may raise CannotBeTold, DoesNotApply, UnderWay, MakesNoSense
