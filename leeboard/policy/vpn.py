"""The VPN of each level, from the shipped baseline alone: whoever reads an estate does not wait for all policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.policy.draft import TABLES, shape_problems
from leeboard.policy.source import document
from leeboard.policy.vpn_model import VpnDefinition

FILE = "vpn.yml"


@cache
def vpn_by_level() -> Mapping[Level, VpnDefinition]:
    """What each level asks of a VPN. Raises LeeboardError when the installed file is damaged."""
    file = resources.files("leeboard.baselines").joinpath(FILE)
    parsed = document(str(file), file.read_bytes())
    try:
        levels: dict[Level, VpnDefinition] = TABLES[FILE].validate_python(parsed.data)
    except ValidationError as wrong:
        raise LeeboardError(f"the baseline is wrong: {shape_problems(parsed, wrong)[0]}") from None
    if len(levels) < len(Level):
        raise LeeboardError(f"the baseline is wrong: {file}: a level is missing; install Leeboard anew")
    return levels
