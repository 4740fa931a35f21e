"""The devices that a run means to see, from inventory variables, wrong ones included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.estate.device import ASSET, CHOICES, URN, device
from leeboard.evidence.lines import Expected
from leeboard.verdict.observation import plain

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
        return Expected.model_validate(device(name, variables, parameter_names).model_dump())
    except LeeboardError as wrong:
        return _stand_in(name, urn, variables, str(wrong))


def _stand_in(name: str, urn: str, variables: Mapping[str, Any], problem: str) -> Expected:
    asset = variables.get("leeboard_asset", name)
    if not isinstance(asset, str) or not ASSET.match(asset):
        asset = re.sub(r"[^A-Za-z0-9._-]", "-", plain(name, 63)).lstrip("._-") or "unnamed"
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
