"""The cause of a finding: which settings are not well, and why, as a digest that stays while these stay.

Numbers and names are no part of it (a clock that is 41 seconds late tonight and was 39 yesterday is the same fault), so
a setting whose value changes and stays bad has the same cause; reason codes tell apart what must be told apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable

from leeboard.model.finding import Judged
from leeboard.model.values import TEMPLATES, Value
from leeboard.model.verdicts import Verdict

WELL = (Verdict.NOT_APPLICABLE, Verdict.COMPLIANT)
LENGTH = 16  # hexadecimal digits of a cause
LONGEST = 300  # characters of a value that is kept as it is; a longer one is kept as its digest
MOST_VALUES = 50  # of one setting


def cause(judged: Iterable[Judged]) -> str:
    """The digest of setting, verdict and code of all that is not well; "" where all is well."""
    bad = sorted((result.setting, result.verdict.value, result.code) for result in judged if result.verdict not in WELL)
    return hashlib.sha256(json.dumps(bad).encode()).hexdigest()[:LENGTH] if bad else ""


def alike(first: str, other: str) -> bool:
    """Whether two causes are the same, as far as both are known: an older Leeboard kept none."""
    return first == other or not (first and other)


def stored_values(values: Collection[Value | None]) -> tuple[Value | None, ...]:
    """Values as a finding and a waiver keep them: each once, and what is long or no plain text as its digest."""
    if not values:
        return ()
    distinct = tuple(dict.fromkeys((type(value), _short(value)) for value in values))
    if len(distinct) > MOST_VALUES:
        return (_digest(json.dumps(sorted(json.dumps(value) for _, value in distinct))),)
    return tuple(value for _, value in distinct)


def _short(value: Value | None) -> Value | None:
    if value is None or isinstance(value, bool | int):
        return value
    text = value if isinstance(value, str) else "".join(value)
    # What Ansible would take for a template must not come back from a file of waivers as something else.
    plain = len(text) <= LONGEST and text.isprintable() and not any(mark in text for mark in TEMPLATES)
    return value if plain and len(value) <= LONGEST else _digest(json.dumps(value))


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
