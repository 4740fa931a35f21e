"""`--map "Column=key"`: what a technician says that a column of a list is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leeboard.estate.importing.problems import quoted
from leeboard.model.problem import Mistake
from leeboard.storage.tabular import plain_name

Pair = tuple[str, str]  # a column as it was typed, and what it is to us
SHOWN = 30  # columns that a refusal lists


def pair(text: str) -> Pair:
    """The column and key of "Column=key"; a column may hold a sign of equality. Raises Mistake."""
    column, sign, key = text.rpartition("=")
    if not sign or not plain_name(column) or not key.strip():
        raise Mistake("--map takes a column and a key, such as --map 'Used by=role'")
    return column.strip(), key.strip().casefold()


def with_mapped(known: Mapping[str, tuple[str, ...]], pairs: Sequence[Pair]) -> dict[str, tuple[str, ...]]:
    """The names of columns by key, where a column of `pairs` is what was said of it and nothing else.

    An unknown key is left out: `check` refuses it, with the columns that there are.
    """
    said = {plain_name(column): key for column, key in pairs}
    names = {key: tuple(name for name in options if said.get(name, key) == key) for key, options in known.items()}
    for column, key in said.items():
        if key in names:
            names[key] = (column, *names[key])
    return names


def check(pairs: Sequence[Pair], keys: Collection[str], headings: Sequence[str]) -> None:
    """Refuse a column or key that does not exist, or is named twice. Raises Mistake with the list of both."""
    columns = {plain_name(heading) for heading in headings}
    both = (
        f"its columns are {', '.join(quoted(heading) for heading in headings[:SHOWN] if heading) or 'none'}; "
        f"the keys are {', '.join(keys)}"
    )
    for place, (column, key) in enumerate(pairs):
        if plain_name(column) not in columns:
            raise Mistake(f"has no column {quoted(column)} for --map; {both}")
        if key not in keys:
            raise Mistake(f"--map: {quoted(key)} is no key; {both}")
        for other, another in pairs[:place]:
            if plain_name(other) == plain_name(column) or another == key:
                raise Mistake(
                    f"--map: {quoted(f'{column}={key}')} and {quoted(f'{other}={another}')} are about one; {both}"
                )
