"""Schools and devices of an inventory: of our own estate files, or of any other, which ansible-inventory reads.

Nobody else's inventory is parsed here. Our own needs no Ansible, which would take minutes to merge 25,000 devices.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from leeboard.ansible.clone import environment
from leeboard.errors import LeeboardError
from leeboard.estate.estate import DEVICES, Estate, is_estate, read_estate
from leeboard.estate.school import SchoolVariables, variables_of
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.recording.expected import expected, told_apart
from leeboard.model import near
from leeboard.model.values import plain
from leeboard.model.waiver import VARIABLE
from leeboard.model.words import date_text, number
from leeboard.verdict import waivers

# What a folder given as -i stands for; Ansible itself would parse every file in it.
FILES = ("estate.yml", "school.yml", "hosts.yml", "hosts.yaml", "hosts.ini", "hosts")


@dataclass(frozen=True)
class EstateInventory:
    """The devices of an inventory.

    A device whose variables are wrong is among them, with its `problem`. `problems` has a line for each host that
    cannot even be counted, since its school is not known, and for each mistake in estate files. `origins` says, by host
    and variable, where a value was given: "device", or "group NAME"; in estate files "devices.csv row 3", "school.yml"
    or "estate.yml". `schools` has what each school says of itself as a whole, by URN. `estate` is what the estate files
    say, and None for any other inventory.
    """

    devices: tuple[Expected, ...]
    problems: tuple[str, ...]
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schools: Mapping[str, SchoolVariables] = field(default_factory=dict)
    estate: Estate | None = None

    def reachable(self, device: Expected) -> bool:
        """False where a device is unreachable by design, as its whole school is."""
        school = self.schools.get(device.urn)
        return school is None or school.reachable

    def mistakes(self, urns: Set[str]) -> tuple[str, ...]:
        """What is wrong with the estate files of these schools: devices may be missing for that."""
        schools = self.estate.schools if self.estate else ()
        return tuple(str(problem) for school in schools if school.urn in urns for problem in school.problems)

    def named(self, device: str, inventory: Path) -> Expected:
        """The device of this name, asset tag or host. Raises LeeboardError unless exactly one has it."""
        matches = [candidate for candidate in self.devices if candidate.name == device]
        # In estate files a name is the host and the school's URN.
        matches = matches or [
            candidate
            for candidate in self.devices
            if device in (candidate.asset, candidate.name.removesuffix(f".{candidate.urn}"))
        ]
        if len(matches) == 1:
            return matches[0]
        if matches:
            several = ", ".join(f"{match.name} ({match.school})" for match in matches[:10])
            raise LeeboardError(f"{plain(device)}: {len(matches)} devices are called so; name one of them: {several}")
        wrong = [problem for problem in self.problems if problem.startswith(f"{device}:")]
        hidden = ""
        if self.problems:
            mistakes = number(len(self.problems), "mistake may hide it", "mistakes may hide it")
            hidden = f"; {mistakes}, the first: {self.problems[0]}"
        names = (alias for one in self.devices for alias in (one.asset, one.name.removesuffix(f".{one.urn}")))
        unknown = f"{plain(device)}: there is no such device in {inventory}{near.meant(device, names)}{hidden}"
        raise LeeboardError(wrong[0] if wrong else unknown)

    def of_school(self, school: str) -> tuple[Expected, ...]:
        """The devices of a school by URN, folder, name, or part of the name that fits only one.

        Raises LeeboardError for none, several, and one without a device.
        """
        estate = self.estate.schools if self.estate else ()
        names = {device.urn: device.school for device in self.devices}
        names |= {one.urn: one.settings.name for one in estate}
        folders = {one.urn: one.folder.name.casefold() for one in estate}
        wanted = school.casefold()
        urns = {urn for urn, name in names.items() if wanted in (urn, name.casefold(), folders.get(urn))}
        urns = urns or {urn for urn, name in names.items() if wanted in name.casefold()}
        if len(urns) != 1:
            raise LeeboardError(f"--school {plain(school, 60)}: {near.schools(school, urns, names, folders.values())}")
        found = tuple(device for device in self.devices if device.urn in urns)
        if not found:
            why = self.mistakes(urns)
            raise LeeboardError(f"--school {school}: it has no device. {why[0] if why else f'Add rows to {DEVICES}.'}")
        return found


def file_of(inventory: Path) -> Path:
    """The file that an inventory folder stands for. Raises LeeboardError when there is none."""
    if inventory.is_file():
        return inventory
    if not inventory.exists():
        raise LeeboardError(f"{inventory}: there is no such inventory; give a file or a folder with -i")
    for name in FILES:
        if (inventory / name).is_file():
            return inventory / name
    raise LeeboardError(f"{inventory}: holds none of {', '.join(FILES)}; name the file with -i")


def read(
    inventory: Path,
    parameter_names: tuple[str, ...] = (),
    extra: Mapping[str, str] | None = None,
    with_origins: bool = False,
) -> EstateInventory:
    """All devices of an inventory file or folder. `extra` are variables that beat the inventory's (Ansible's -e).

    Values come merged by Ansible; only `with_origins` asks a second time, for where each one was given. Estate files
    are read without Ansible. Raises LeeboardError when an inventory cannot be read at all, or holds no device.
    """
    source = file_of(inventory)
    if is_estate(source):
        return _of_estate(read_estate(source), parameter_names, extra or {}, with_origins)
    hostvars = _listing(source, export=False).get("_meta", {}).get("hostvars", {})
    devices: list[Expected] = []
    problems: list[str] = []
    by_school: dict[str, list[Mapping[str, Any]]] = {}
    for name in sorted(hostvars):
        entry = expected(name, {**hostvars[name], **(extra or {})}, parameter_names)
        if entry is not None:
            devices.append(entry)
            by_school.setdefault(entry.urn, []).append(hostvars[name])
        else:
            value = hostvars[name].get("leeboard_urn", "missing")
            problems.append(
                f"{plain(name)}: leeboard_urn is {plain(str(value))}; "
                "set it for the school's group: six digits, in quotes"
            )
    origins = _origins(_listing(source, export=True)) if with_origins else {}
    schools = {}
    counted: dict[str, list[Expected]] = {}
    for device in devices:
        counted.setdefault(device.urn, []).append(device)
    for urn, hosts in by_school.items():
        schools[urn], wrong = variables_of(urn, hosts, source.parent)
        problems += wrong
        problems += waivers.listed(urn, (host.get(VARIABLE) for host in hosts), counted[urn])
    return EstateInventory(tuple(told_apart(devices)), tuple(problems), origins, schools)


def _of_estate(
    estate: Estate, parameter_names: tuple[str, ...], extra: Mapping[str, str], with_origins: bool
) -> EstateInventory:
    """The same from estate files; names and values are those that the plugin leeboard.schools.estate gives Ansible."""
    devices: list[Expected] = []
    problems = [str(problem) for problem in estate.problems]
    origins: dict[str, Mapping[str, str]] = {}
    schools = {}
    for school in estate.schools:
        own: list[Expected] = []
        for row in school.devices:
            name = school.name_of(row)
            device = expected(name, {**school.device_variables(row), **extra}, parameter_names)
            if device is not None:
                own.append(device)
            if with_origins:
                origins[name] = school.origins(row)
        devices += own
        values = [school.device_variables(row).get(VARIABLE) for row in school.devices[:1]]
        problems += waivers.listed(school.urn, values, own)
        variables, wrong = variables_of(school.urn, [school.vars], school.folder)
        schools[school.urn] = replace(
            variables,
            reachable=school.settings.reachable,
            file=school.file,
            predecessors=school.settings.predecessors,
            enforce=tuple(
                f"{entry.family} (since {date_text(entry.since)}, {entry.by})" for entry in school.settings.enforce
            ),
        )
        problems += wrong
    if not devices:
        why = problems[0] if problems else f"Add rows to {DEVICES}."
        raise LeeboardError(f"{estate.file}: no device in this inventory. {why}")
    devices.sort(key=lambda device: device.name)
    return EstateInventory(tuple(devices), tuple(problems), origins, schools, estate)


def _listing(source: Path, export: bool) -> dict[str, Any]:
    # ansible-inventory prints everything in clear, secrets as well: into a pipe, never into a file, nor into the log
    # where there is one. Whoever asks Ansible to say more of a run would find its remarks among the JSON.
    variables = environment(Path("var"))  # which puts our Ansible first on this process's PATH
    quiet = {"ANSIBLE_LOG_PATH": os.devnull, "ANSIBLE_VERBOSITY": "0", "ANSIBLE_DEBUG": "0"}
    variables = {**os.environ, **variables, **quiet}
    command = ["ansible-inventory", "--inventory", str(source.resolve()), "--list", *(["--export"] if export else [])]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, check=False)
    except OSError as problem:
        raise LeeboardError(f"{source}: ansible-inventory cannot be started: {problem.strerror}") from None
    error = done.stderr.decode(errors="backslashreplace")
    why = " ".join(line.strip() for line in error.splitlines() if line.strip())[:600]
    try:
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise LeeboardError(f"{source}: Ansible cannot read this inventory: {why}")
    hosts = _members(answer)
    if not all(host.isprintable() for host in hosts):
        raise LeeboardError(f"{source}: Ansible cannot read this inventory: a host's name has control characters")
    # A broken file is only a warning to Ansible, and leaves an inventory without hosts.
    if not hosts:
        raise LeeboardError(f"{source}: no device in this inventory. {why or 'Add hosts to it.'}")
    return answer


def _members(listed: Mapping[str, Any]) -> set[str]:
    return {
        host
        for name, group in listed.items()
        if name != "_meta" and isinstance(group, dict)
        for host in group.get("hosts", [])
    }


def _origins(listed: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Where Ansible takes each of our variables from: `all` inwards by depth, then priority and name, then the host."""
    groups = {name: group for name, group in listed.items() if name != "_meta" and isinstance(group, dict)}
    hostvars = listed.get("_meta", {}).get("hostvars", {})
    depths = _depths(groups)
    order = sorted(
        groups,
        key=lambda name: (depths.get(name, 0), groups[name].get("vars", {}).get("ansible_group_priority", 1), name),
    )
    holds = _descendants(groups)
    origins: dict[str, dict[str, str]] = {}
    for name in _members(listed):
        layers = [(f"group {group}", groups[group].get("vars", {})) for group in order if name in holds[group]]
        origins[name] = {
            variable: where
            for where, variables in [*layers, ("device", hostvars.get(name, {}))]
            for variable in variables
            if variable.startswith("leeboard_")
        }
    return origins


def _depths(groups: Mapping[str, Any]) -> dict[str, int]:
    depths = {"all": 0}
    queue = ["all"]
    while queue:
        parent = queue.pop(0)
        for child in groups.get(parent, {}).get("children", []):
            if depths.get(child, -1) < depths[parent] + 1 <= len(groups):
                depths[child] = depths[parent] + 1
                queue.append(child)
    return depths


def _descendants(groups: Mapping[str, Any]) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}

    def hosts(name: str, above: frozenset[str]) -> set[str]:
        if name in members:
            return members[name]
        group = groups.get(name, {})
        inside = set(group.get("hosts", []))
        for child in group.get("children", []):
            if child not in above:
                inside |= hosts(child, above | {name})
        members[name] = inside
        return inside

    for name in groups:
        hosts(name, frozenset())
    if "all" in members:
        members["all"] = set().union(*members.values())
    return members
