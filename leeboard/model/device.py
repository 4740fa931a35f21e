"""A device as the inventory describes it, read from its `leeboard_*` variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.firewall_words import WrongWords, in_words
from leeboard.model.strict import Strict
from leeboard.model.vpn_told import WrongVpn, tunnel
from leeboard.model.waiver import VARIABLE, Waiver, parse

# An asset tag names files and rows: no slashes, no control characters, nothing that starts with a dot or dash.
ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}\Z")
URN = re.compile(r"[0-9]{6}\Z")
CHOICES: dict[str, type[StrEnum]] = {"platform": Platform, "form": Form, "role": Role, "level": Level}
# Variables that have another name now, and what to write instead. Ignored, one would change what a roll-out does.
FORMER = {
    "leeboard_remove_vpn_profiles": (
        "is now leeboard_vpn_profiles, for Linux and Windows alike: none, or NAMES: REASON of those that may stay"
    ),
}


def _matches(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


Asset = Annotated[str, _matches(ASSET, "an asset tag has 1 to 64 letters, digits, blanks, dots and dashes")]
Urn = Annotated[str, _matches(URN, "a school's URN has six digits (put it in quotes)")]

AbsolutePath = Annotated[str, Field(pattern=r"^/[^\x00-\x1f]+$", max_length=255)]


class Device(Strict):
    """One device of one school. `name` is what Ansible calls it; evidence is filed under `asset`.

    `waivers` are the accepted risks that concern it, each narrowed to it, in force or not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=False)

    name: str
    asset: Asset
    urn: Urn
    school: str
    platform: Platform
    form: Form
    role: Role
    level: Level
    serial: str | None = None
    enforce: tuple[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], ...] = ()
    overrides: dict[str, dict[str, bool | int | str | list[str]]] = Field(default_factory=dict)
    parameters: dict[str, str] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    # What the visit is told or goes by, and no part of the evidence.
    unpackaged_programs: tuple[AbsolutePath, ...] = Field(default=(), exclude=True, max_length=200)
    predecessors: tuple[Urn, ...] = Field(default=(), exclude=True)


def device(name: str, variables: Mapping[str, Any], parameter_names: tuple[str, ...]) -> Device:
    """The device called `name` with these inventory variables. Raises LeeboardError that names the variable.

    A waiver that makes no sense is left out and no error of the device: see `leeboard.verdict.waivers.listed`.
    """
    for former, instead in FORMER.items():
        if former in variables:
            raise LeeboardError(f"{name}: {former} {instead}")
    data: dict[str, Any] = {"name": name, "asset": variables.get("leeboard_asset", name)}
    for field in ("urn", "platform", "form", "role", "level"):
        if variables.get(f"leeboard_{field}") is None:
            raise LeeboardError(f"{name}: leeboard_{field} is missing; {_help(field)}")
        data[field] = variables[f"leeboard_{field}"]
    data["school"] = variables.get("leeboard_school", f"school {data['urn']}")
    for field in ("serial", "enforce", "overrides", "unpackaged_programs"):
        if variables.get(f"leeboard_{field}") is not None:
            data[field] = variables[f"leeboard_{field}"]
    data["parameters"] = {
        parameter: _parameter(name, parameter, variables[f"leeboard_{parameter}"], data["platform"])
        for parameter in parameter_names
        if variables.get(f"leeboard_{parameter}") is not None
    }
    data["predecessors"] = _urns(variables.get("leeboard_predecessors"))
    asset, role = str(data["asset"]), str(data["role"])
    data["waivers"] = tuple(
        waiver.narrowed(asset) for waiver in parse(variables.get(VARIABLE)).good if waiver.covers(asset, role)
    )
    try:
        return Device.model_validate(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "device"
        value = ascii(data.get(field))[:60]
        raise LeeboardError(f"{name}: leeboard_{field} is {value}: {_message(field, first['msg'])}") from None


def _urns(stated: Any) -> tuple[str, ...]:
    """Earlier URNs of the school; none where something else stands there, which is said of the school and not here."""
    urns = stated if isinstance(stated, list | tuple) else ()
    return tuple(urn for urn in urns if isinstance(urn, str) and URN.match(urn))


def _parameter(device_name: str, name: str, value: Any, platform: Any) -> Any:
    try:
        found = tunnel(value, platform) if name == "vpn" else in_words(name, value)
        return str(found) if type(found) is int else found  # YAML's 30 is the text that somebody wrote
    except (WrongVpn, WrongWords) as wrong:
        raise LeeboardError(f"{device_name}: leeboard_{name}: {wrong}") from None


def _help(field: str) -> str:
    if field == "urn":
        return "set it for the school's group, in quotes"
    return f"set it to one of {', '.join(CHOICES[field])}"


def _message(field: str, message: str) -> str:
    if field in CHOICES:
        return f"it must be one of {', '.join(CHOICES[field])}"
    return message.removeprefix("Value error, ")
