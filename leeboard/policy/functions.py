"""Pure functions of the present reading that say what to write, for settings where a fixed value would take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leeboard.model.values import Value


@dataclass(frozen=True)
class WriteFunction:
    """`written(current, wanted)` is what to write; current is None where nothing, or nothing usable, is there.

    `samples` are readings for which the linter proves that what comes out is accepted. `description` says it to people.
    """

    written: Callable[[Value | None, Value], Value]
    samples: tuple[Value | None, ...]
    description: str


def _add_bits(current: Value | None, wanted: Value) -> Value:
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise TypeError(f"bits are a number, not {wanted!r}")
    bits = current if isinstance(current, int) and not isinstance(current, bool) else 0
    return bits | wanted


FUNCTIONS = {
    # Somebody who records failures as well as the success that we ask for must not lose them by a roll-out.
    "add_bits": WriteFunction(_add_bits, (None, 0, 1, 2, 3), "what is there, with this added"),
}
