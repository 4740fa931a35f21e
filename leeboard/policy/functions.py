"""Pure functions of the present reading that say what to write, for settings where a fixed value would take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leeboard.model.operators import allowed, items
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


def _those_allowed(current: Value | None, wanted: Value) -> Value:
    if not isinstance(wanted, str):
        raise TypeError(f"what a school allows is a text, not {wanted!r}")
    return tuple(sorted(member for member in items(current or ()) if allowed(member, wanted)))


FUNCTIONS = {
    # Somebody who records failures as well as the success that we ask for must not lose them by a roll-out.
    "add_bits": WriteFunction(_add_bits, (None, 0, 1, 2, 3), "what is there, with this added"),
    # The device gets what may stay, word for word, and needs no rule of its own to tell it from the rest.
    "those_allowed": WriteFunction(
        _those_allowed,
        (None, (), ("x11vnc (TCP 5900 on every address)", "anydesk.service (starts with the machine)")),
        "those that the school allows, and no other",
    ),
}
