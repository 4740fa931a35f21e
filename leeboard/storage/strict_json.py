"""JSON as RFC 8259 has it, in both directions.

Python's own module also reads and writes NaN, Infinity and -Infinity, reads 1e999 as Infinity, and ends with a
RecursionError where an answer is nested deeply. No other reader takes those, and what was written so could not be read
back: whatever comes from a device, or goes into evidence, passes through here.
"""

from __future__ import annotations

import json
import math
from typing import Any


def loads(text: str | bytes) -> Any:
    """The value in a text. Raises ValueError for everything that is not JSON."""
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dumps(value: Any, canonical: bool = False) -> str:
    """A value as ASCII text without blanks; the same text for equal values where it is `canonical`.

    Raises ValueError for what JSON has no form for.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, sort_keys=canonical)
    except TypeError as problem:
        raise ValueError(str(problem)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is a number that nobody can hold")
    return number
