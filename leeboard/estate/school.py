"""What the inventory says of a school as a whole: variables that its devices share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leeboard.model.device import URN

RECIPIENTS = "leeboard_report_recipients"
EXPORT = "leeboard_second_factor_export"
PREDECESSORS = "leeboard_predecessors"
LONGEST = 300


@dataclass(frozen=True)
class SchoolVariables:
    """`recipients`: for whom reports are, in one line, or "". `export`: the identity provider's export, if named.

    `reachable` is False for a school that cannot be reached from here: its devices are unreachable by design, and their
    silence says nothing. `file` is the school's own inventory, where it has one: Ansible reads no other school then.
    `predecessors` are the URNs under which the school's evidence was filed before. `enforce` says since when, and by
    whose word, each family may be changed there: "LCK (since 1 Sep 2026, Head teacher)".
    """

    recipients: str = ""
    export: Path | None = None
    reachable: bool = True
    file: Path | None = None
    predecessors: tuple[str, ...] = ()
    enforce: tuple[str, ...] = ()


def variables_of(urn: str, hosts: Iterable[Mapping[str, Any]], folder: Path) -> tuple[SchoolVariables, tuple[str, ...]]:
    """A school's own variables from those of its hosts, and what is wrong with them, in words.

    `folder` is the inventory's: a path is meant from there. What is wrong counts as not said.
    """
    values: dict[str, str] = {}
    problems = []
    every = list(hosts)
    for variable in (RECIPIENTS, EXPORT):
        stated = [host[variable] for host in every if host.get(variable) is not None]
        wrong = _wrong(stated)
        if wrong:
            problems.append(f"school {urn}: {variable} {wrong}")
        elif stated:
            values[variable] = stated[0].strip()
    export = values.get(EXPORT)
    before = [host[PREDECESSORS] for host in every if host.get(PREDECESSORS) is not None]
    wrong = _no_urns(urn, before)
    if wrong:
        problems.append(f"school {urn}: {PREDECESSORS} {wrong}")
    variables = SchoolVariables(
        values.get(RECIPIENTS, ""),
        folder / export if export else None,
        predecessors=() if wrong or not before else tuple(dict.fromkeys(before[0])),
    )
    return variables, tuple(problems)


def _no_urns(urn: str, stated: list[Any]) -> str:
    if not all(
        isinstance(urns, list | tuple) and all(isinstance(each, str) and URN.match(each) for each in urns)
        for urns in stated
    ):
        return "must be a list of URNs, each of six digits in quotes"
    if any(list(urns) != list(stated[0]) for urns in stated):
        return "differs between the school's devices; give it to the school's group"
    return "names the school itself; take that out" if stated and urn in stated[0] else ""


def _wrong(stated: list[Any]) -> str:
    if not all(isinstance(value, str) and value.strip() for value in stated):
        return "must be text that is not empty"
    if len({value.strip() for value in stated}) > 1:
        return "differs between the school's devices; give it to the school's group"
    for value in stated[:1]:
        if len(value) > LONGEST or not value.strip().isprintable():
            return f"must be one line of at most {LONGEST} characters"
        if "{{" in value or "{%" in value:
            return "holds a template, which is not worked out here; write the text itself"
    return ""
