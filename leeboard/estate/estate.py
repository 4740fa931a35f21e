"""An estate in files: `estate.yml`, and a folder a school with `school.yml`, `devices.csv` and `waivers.yml`.

The inventory plugin and `leeboard` itself both read it here. A mistake costs its row or its school and is a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from leeboard.errors import LeeboardError
from leeboard.estate import connection, devices, editing, waiver_files
from leeboard.estate.devices import DeviceRow
from leeboard.estate.group_vars_check import check_group_vars
from leeboard.estate.settings import (
    GATEWAYS,
    PLUGIN,
    Connection,
    EstateFile,
    SchoolFile,
    read_estate_file,
    read_school_file,
)
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.of_school import SchoolVpn
from leeboard.estate.vpn.reading import Declarations
from leeboard.model.enums import Level, Platform
from leeboard.model.problem import Mistake, Problem
from leeboard.model.values import plain
from leeboard.model.vpn_told import NONE as NO_VPN
from leeboard.model.waiver import Waiver
from leeboard.storage import files
from leeboard.storage.yaml_reader import has_tagged

ESTATE, SCHOOL, DEVICES, WAIVERS = "estate.yml", editing.SCHOOL, devices.FILE, waiver_files.FILE
OURS = re.compile(rb"^plugin:[ \t]*[\"']?" + re.escape(PLUGIN.encode()) + rb"[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE)
MOST_BYTES = 1024 * 1024  # of a YAML file
MOST_BYTES_OF_DEVICES = 32 * 1024 * 1024
LONDON = "Europe/London"
MISSING = "is missing; docs/inventory.md shows what stands in it"


@dataclass(frozen=True)
class School:
    """One school that could be read. `problems` are those of its rows and of its other files.

    `waivers` are those of waivers.yml that make sense: leeboard.verdict.waivers says what they do.
    `enforce` are the families whose day has come. `vpn` is its own declaration, or the estate's.
    """

    folder: Path
    settings: SchoolFile
    shared: EstateFile | None
    devices: tuple[DeviceRow, ...]
    waivers: tuple[Waiver, ...] = ()
    enforce: tuple[str, ...] = ()
    vpn: SchoolVpn | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def file(self) -> Path:
        """Its school.yml."""
        return self.folder / SCHOOL

    @property
    def vault(self) -> Path | None:
        """Its file of secrets, which only Ansible opens."""
        return self.folder / self.settings.vault if self.settings.vault else None

    @property
    def urn(self) -> str:
        """Its unique reference number."""
        return self.settings.urn

    @cached_property
    def level(self) -> Level:
        """The level of a device that says none; a school for which nobody said one is not read."""
        return self.settings.level or (self.shared.level if self.shared else None) or Level.HIGH

    @cached_property
    def connection(self) -> Connection:
        """How its devices are reached, with what the estate says where it says nothing."""
        shared = self.shared.connection if self.shared else Connection()
        return connection.merged(shared, self.settings.connection)

    @cached_property
    def vars(self) -> dict[str, Any]:
        """`vars` of estate and school, the school's own first."""
        return {**(self.shared.vars if self.shared else {}), **self.settings.vars}

    @cached_property
    def variables(self) -> dict[str, Any]:
        """What all its devices share, `vars` apart: `leeboard_*` variables."""
        variables: dict[str, Any] = {
            "leeboard_urn": self.urn,
            "leeboard_school": self.settings.name,
            "leeboard_enforce": list(self.enforce),
        }
        if self.waivers:
            variables["leeboard_waivers"] = [waiver_files.plain_data(waiver) for waiver in self.waivers]
        if self.settings.predecessors:
            variables["leeboard_predecessors"] = list(self.settings.predecessors)
        if self.settings.canary:
            variables["leeboard_canary"] = list(self.settings.canary)
        if not self.settings.reachable:
            variables["leeboard_reachable"] = False
        if self.vpn:
            variables[GATEWAYS] = self.vpn.declared.places
        return variables

    def name_of(self, device: DeviceRow) -> str:
        """What Ansible calls a device. It ends in the school's URN, so that no other school can have the same name.

        Always, and not only where two schools clash: the name must be the same when this school is read alone.
        """
        return f"{device.host}.{self.urn}"

    def level_of(self, device: DeviceRow) -> Level:
        """The device's own level, or the school's."""
        return device.level or self.level

    def connection_variables(self, platform: Platform) -> dict[str, Any]:
        """Ansible's connection variables for a platform, without those that `vars` say."""
        variables = connection.variables(platform, self.connection, self.settings.network)
        return {name: value for name, value in variables.items() if name not in self.vars}

    def own_variables(self, device: DeviceRow) -> dict[str, Any]:
        """What a device shares with no other."""
        own: dict[str, Any] = {"ansible_host": device.address or device.host, "leeboard_asset": device.asset}
        if device.serial:
            own["leeboard_serial"] = device.serial
        vpn = self.vpn.variable(device) if self.vpn else None
        if self.vpn and vpn:
            own["leeboard_vpn"] = vpn
            if inner := self.vpn.inner.get(device.asset):
                own["leeboard_inner_address"] = inner
        elif self.takes_vpn_away(device):
            own["leeboard_vpn"] = NO_VPN
        return own

    def takes_vpn_away(self, device: DeviceRow) -> bool:
        """Whether the school says, in so many words, that a Linux device has the VPN no more.

        A device that the declaration merely does not name is told nothing: a slip in it must not take every tunnel.
        """
        if device.platform is not Platform.LINUX:
            return False
        if self.vpn:
            return device.asset in self.vpn.declared.devices.without
        return "vpn" in self.settings.model_fields_set and self.settings.vpn is None

    def device_variables(self, device: DeviceRow) -> dict[str, Any]:
        """The `leeboard_*` variables of a device, the school's included: what evidence and policy go by."""
        variables = {
            **self._plain_vars,
            **self.variables,
            "leeboard_platform": device.platform.value,
            "leeboard_form": device.form.value,
            "leeboard_role": device.role.value,
            "leeboard_level": self.level_of(device).value,
            **self.own_variables(device),
        }
        del variables["ansible_host"]
        return variables

    def origins(self, device: DeviceRow) -> dict[str, str]:
        """In words, where each `leeboard_*` variable of a device comes from."""
        own = set(self.settings.vars)
        origins = {name: SCHOOL if name in own else ESTATE for name in self._plain_vars}
        origins |= dict.fromkeys(self.variables, SCHOOL)
        if "leeboard_waivers" in origins:
            origins["leeboard_waivers"] = WAIVERS
        row = f"{DEVICES} row {device.row}"
        origins |= dict.fromkeys(("leeboard_asset", "leeboard_platform", "leeboard_form", "leeboard_role"), row)
        origins["leeboard_level"] = row if device.level else SCHOOL if self.settings.level else ESTATE
        if device.serial:
            origins["leeboard_serial"] = row
        if self.takes_vpn_away(device):
            origins["leeboard_vpn"] = self.vpn.file.name if self.vpn else SCHOOL
        if self.vpn:
            origins[GATEWAYS] = self.vpn.file.name
            if self.vpn.variable(device):
                origins["leeboard_vpn"] = self.vpn.file.name
                if device.asset in self.vpn.inner:
                    origins["leeboard_inner_address"] = addresses.FILE.name
        return origins

    @cached_property
    def _plain_vars(self) -> dict[str, Any]:
        return {
            name: value for name, value in self.vars.items() if name.startswith("leeboard_") and not has_tagged(value)
        }


@dataclass(frozen=True)
class Estate:
    """All schools that could be read, by folder name, or one. `problems` has those of the schools' rows as well."""

    file: Path
    settings: EstateFile | None
    schools: tuple[School, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def name(self) -> str:
        """The estate's name; that of the school where there is no estate.yml."""
        return self.settings.name if self.settings else next((school.settings.name for school in self.schools), "")


def is_estate(file: Path) -> bool:
    """True for an estate.yml or school.yml that is meant for `leeboard.schools.estate`, right or wrong."""
    if file.name not in (ESTATE, SCHOOL) or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            return OURS.search(opened.read(MOST_BYTES)) is not None
    except OSError:
        return False


def read_estate(file: Path, today: date | None = None) -> Estate:
    """What an estate.yml (all schools) or a school.yml (that one, and what estate.yml above it shares) describes.

    `today` decides which lines of `enforce` hold, by default the day in London. Raises LeeboardError when estate.yml
    itself cannot be read: nothing of the schools would be as it should.
    """
    today = today or datetime.now(UTC).astimezone(ZoneInfo(LONDON)).date()
    if file.name == SCHOOL:
        above = file.absolute().parent.parent / ESTATE
        shared = _shared(above) if is_estate(above) else None
        declarations = Declarations(above, shared, today)
        school, problems = _school(file.parent, shared, today, declarations)
        if school and school.vpn and school.vpn.file == above:
            problems += declarations.problems
        return Estate(file, shared, (school,) if school else (), problems)
    shared = _shared(file)
    declarations = Declarations(file, shared, today)
    schools: dict[str, School] = {}
    all_problems = [*check_group_vars(file.parent), *declarations.problems]
    for folder in _folders(file.parent):
        school, problems = _school(folder, shared, today, declarations)
        all_problems += problems
        if school is None:
            continue
        first = schools.setdefault(school.urn, school)
        if first is not school:
            message = (
                f"{school.urn} is the URN of {first.folder.name} as well; give each school its own, and one folder"
            )
            all_problems.append(Problem(_shown(folder / SCHOOL), message, column="urn"))
    return Estate(file, shared, tuple(schools.values()), tuple(all_problems))


def _shared(file: Path) -> EstateFile:
    try:
        content = _content(file, MOST_BYTES)
    except Mistake as wrong:
        raise LeeboardError(str(wrong.problem(_shown(file)))) from None
    parsed = read_estate_file(content, _shown(file))
    if isinstance(parsed, Problem):
        raise LeeboardError(str(parsed))
    return parsed


def _folders(estate: Path) -> list[Path]:
    """The schools' folders: those with a school.yml, and those that hold something else of a school and lack it."""
    try:
        folders = sorted(folder for folder in estate.iterdir() if not folder.name.startswith(".") and folder.is_dir())
    except OSError as wrong:
        raise LeeboardError(f"{_shown(estate)}: {wrong.strerror}; make the folder readable for this account") from None
    return [folder for folder in folders if any((folder / name).exists() for name in (SCHOOL, DEVICES, WAIVERS))]


def _school(
    folder: Path, shared: EstateFile | None, today: date, declarations: Declarations
) -> tuple[School | None, tuple[Problem, ...]]:
    file = folder / SCHOOL
    try:
        settings = read_school_file(_content(file, MOST_BYTES), _shown(file))
    except Mistake as wrong:
        return None, (wrong.problem(_shown(file)),)
    if isinstance(settings, Problem):
        return None, (settings,)
    if settings.level is None and (shared is None or shared.level is None):
        message = "is missing here and in estate.yml; write level: standard, sensitive or high"
        return None, (Problem(_shown(file), message, column="level"),)
    try:
        vpn, tunnel = declarations.of_school(file, settings)
    except Mistake as wrong:
        return None, (wrong.problem(_shown(file)),)
    rows, problems = _devices(folder / DEVICES)
    waivers = waiver_files.read_folder(folder)
    families = dict.fromkeys(entry.family for entry in settings.enforce if entry.since <= today)
    vault = _vault(folder / settings.vault) if settings.vault else ()
    own = (*_encrypted(settings.vars, file), *_no_device(settings, rows, file))
    tunnel += tuple(vpn.problems(rows)) if vpn else ()
    all_problems = (*own, *tunnel, *vault, *problems, *waivers.problems, *check_group_vars(folder))
    return School(folder, settings, shared, rows, waivers.waivers, tuple(families), vpn, all_problems), all_problems


def _encrypted(variables: Mapping[str, Any], file: Path) -> list[Problem]:
    message = "is encrypted, or !unsafe; Leeboard reads it before Ansible does: write the value itself"
    names = [name for name, value in variables.items() if name.startswith("leeboard_") and has_tagged(value)]
    return [Problem(_shown(file), message, column=f"vars.{name}") for name in names]


def _no_device(settings: SchoolFile, rows: tuple[DeviceRow, ...], file: Path) -> list[Problem]:
    """Names in `canary` that no device of the school has: a roll-out would silently begin with another."""
    message = "names {}, which is no asset tag in devices.csv"
    return [
        Problem(_shown(file), message.format(plain(name, 60)), column="canary")
        for name in settings.canary
        if name not in {row.asset for row in rows}
    ]


def _vault(file: Path) -> tuple[Problem, ...]:
    """What is wrong with a vault file as a file; its content is Ansible's to open."""
    try:
        if not _content(file, MOST_BYTES).startswith(b"$ANSIBLE_VAULT;"):
            raise Mistake(f"lies there in clear; run ansible-vault encrypt {file.name}")
    except Mistake as wrong:
        return (wrong.problem(_shown(file)),)
    return ()


def _devices(file: Path) -> tuple[tuple[DeviceRow, ...], tuple[Problem, ...]]:
    try:
        content = _content(file, MOST_BYTES_OF_DEVICES)
    except Mistake as wrong:
        missing = Mistake(f"{wrong.message}; leeboard estate import devices makes it from a list (docs/import.md)")
        return (), ((missing if wrong.message == MISSING else wrong).problem(_shown(file)),)
    return devices.read_devices(content, _shown(file))


def _content(file: Path, most: int) -> bytes:
    """The bytes of a file. Raises Mistake."""
    try:
        content = files.read_regular(file, most)
    except (LeeboardError, OSError) as wrong:
        reason = wrong.strerror or "" if isinstance(wrong, OSError) else str(wrong).removeprefix(f"{file}: ")
        raise Mistake(reason) from None
    if content is None:
        raise Mistake(MISSING)
    return content


def _shown(path: Path) -> str:
    """A path as it stands in a problem: short, and printable."""
    return plain(str(path), 300)
