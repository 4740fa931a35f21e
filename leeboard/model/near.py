"""Names that somebody may have meant who misspelt one, for the messages of commands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from leeboard.model.values import plain

MOST = 3  # names that are proposed
MOST_SCHOOLS = 10  # that are listed in one message


def meant(word: str, names: Iterable[str]) -> str:
    """The names nearest to a word, as the end of a message: "; did you mean A-1, A-2 or A-3?", or "" for none."""
    known = {name.casefold(): name for name in names}
    near = [plain(known[name], 60) for name in difflib.get_close_matches(word.casefold(), known, MOST)]
    if not near:
        return ""
    return f"; did you mean {' or '.join(filter(None, (', '.join(near[:-1]), near[-1])))}?"


def schools(word: str, fits: Iterable[str], every: Mapping[str, str], folders: Iterable[str] = ()) -> str:
    """Why a word names no school: how many fit it (their URNs are `fits`), which are near, and which there are.

    `every` has the name of each school by URN. Of many schools that do not fit the first ten are listed.
    """
    several = sorted(fits)
    listed = [f"{urn} {plain(every[urn], 60)}" for urn in several or sorted(every)]
    more = f" and {len(listed) - MOST_SCHOOLS} more" if len(listed) > MOST_SCHOOLS else ""
    there = f"{'; '.join(listed[:MOST_SCHOOLS]) or 'no school at all'}{more}"
    if several:
        return f"{len(several)} schools fit: {there}; give the URN"
    near = meant(word, (*every, *every.values(), *folders))
    return f"0 schools fit{near or ';'} there is: {there}"
