"""The devices that a run means to see, from inventory variables, wrong ones included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import Expected
from leeboard.model.device import ASSET, CHOICES, URN, device
from leeboard.model.values import plain

# What stands in for a variable that is wrong or missing, so that the device is still counted. The strictest level, so
# that nothing is left out; nobody is shown it as if it were so, since every control is `error` with the problem.
STAND_INS = {"platform": "linux", "form": "desktop", "role": "office", "level": "high"}


def expected(
    name: str, variables: Mapping[str, Any], parameter_names: tuple[str, ...], problem: str = ""
) -> Expected | None:
    """The device called `name`; with its problem when its variables are wrong; None when its school is not known.

    `problem` is one that was found before, while the variables were worked out.
    """
    urn = variables.get("leeboard_urn")
    if not isinstance(urn, str) or not URN.match(urn):
        return None
    if problem:
        return _stand_in(name, urn, variables, problem)
    try:
        # Its fields as they are: many devices share one waiver, and none needs a copy of its own.
        return Expected.model_validate(dict(device(name, variables, parameter_names)))
    except LeeboardError as wrong:
        return _stand_in(name, urn, variables, str(wrong))


def told_apart(devices: Iterable[Expected]) -> list[Expected]:
    """The same devices; those of one school with one asset tag get a problem, and all but the first another tag.

    Two machines under one tag would be filed under each other's name, and which of them it belongs to is not ours to
    guess.
    """
    found = list(devices)
    sharing: dict[tuple[str, str], list[str]] = {}
    for one in found:
        names = sharing.setdefault((one.urn, one.asset), [])
        if one.name not in names:
            names.append(one.name)
    apart = []
    for one in found:
        names = sharing[one.urn, one.asset]
        if len(names) > 1:
            words = f"{one.name}: {' and '.join(names)} have the same asset tag {one.asset}; give each its own"
            asset = one.asset if one.name == names[0] else _tag(f"{one.asset}-{one.name}")
            apart.append(one.model_copy(update={"asset": asset, "problem": f"{words} leeboard_asset"}))
        else:
            apart.append(one)
    return apart


def _tag(text: str) -> str:
    """Text as an asset tag."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", plain(text, 63)).lstrip("._-") or "unnamed"


def _stand_in(name: str, urn: str, variables: Mapping[str, Any], problem: str) -> Expected:
    asset = variables.get("leeboard_asset", name)
    if not isinstance(asset, str) or not ASSET.match(asset):
        asset = _tag(name)
    given = {field: variables.get(f"leeboard_{field}") for field in STAND_INS}
    known = {
        field: value if isinstance(value, str) and value in set(CHOICES[field]) else STAND_INS[field]
        for field, value in given.items()
    }
    school = variables.get("leeboard_school")
    return Expected.model_validate(
        {
            **known,
            "name": plain(name),
            "asset": asset,
            "urn": urn,
            "school": plain(school) if isinstance(school, str) else f"school {urn}",
            "problem": plain(problem, 600),
        }
    )
