"""Conditions that keep a unit from starting at the next boot, from what lies beside the unit file of its package.

systemd.unit(5): a unit with a condition or an assertion that does not hold is not started, however it is enabled. Those
in the package's own file are its own affair. Drop-ins below /run/systemd/system are gone at the next boot; what a
generator made comes back. The program that judges is `systemd-analyze condition` (systemd-analyze(1), since 246).
"""

from __future__ import annotations

import re

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import by_name, first_of, text_or_nothing
from .inifile import Assignment, systemd_assignments

LOCAL = ("/etc/systemd/system", "/usr/local/lib/systemd/system")
# What is earlier hides its namesakes in what is later (systemd.unit(5), Unit File Load Path).
FOLDERS = (
    "/run/systemd/generator.early", LOCAL[0], "/run/systemd/generator", LOCAL[1], "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
)  # fmt: skip
FAMILIES = ("Condition", "Assert")
# What may be another way at the next boot.
VARYING = re.compile(r"(?:Condition|Assert)(?:FirstBoot|NeedsUpdate|ACPower|\w+Pressure|Credential|Environment)\Z")
PASSING = re.compile(r"\|?!?/+(?:var/+)?(?:run|lock|tmp)(?:/|\Z)|\|?!?/+dev/+shm(?:/|\Z)")


def unmet_condition(host: Machine, unit: str) -> str:
    """Why a unit that is enabled will not be started at the next boot, or "". Raises HostError if nobody can tell."""
    conditions = _conditions(host, unit)
    if not conditions:
        return ""
    for condition in conditions:
        if VARYING.match(condition.key) or PASSING.match(condition.text) or "%" in condition.text:
            condition_holds = f"whether {condition.key}={condition.text} holds at the next boot"
            raise HostError("failed", f"{condition.place}: {condition_holds} cannot be told now"[:300])
    done = host.query(["systemd-analyze", "condition", *(f"{one.key}={one.text}" for one in conditions)])
    if done.rc == 0:
        return ""
    output = f"{done.out}\n{done.err}"
    failed = [condition for condition in conditions if f"{condition.key}={condition.text} failed." in output]
    if not failed:
        text = " ".join(output.split())[:150]
        raise HostError("failed", f"{conditions[0].place}: systemd-analyze ended with status {done.rc}: {text}")
    return f"{failed[0].place}: {failed[0].key}={failed[0].text}"[:250] + " does not start it at the next boot"


def _conditions(host: Machine, unit: str) -> list[Assignment]:
    """The assignments that count; an empty one takes back all of its family that came before it."""
    by_family: dict[str, list[Assignment]] = {family: [] for family in FAMILIES}
    for path in _files(host, unit):
        for assignment in systemd_assignments(text_or_nothing(host, path) or "", path):
            family = next((name for name in FAMILIES if assignment.key.startswith(name)), "")
            if assignment.section == "Unit" and family:
                by_family[family] = [*by_family[family], assignment] if assignment.text else []
    return [one for family in FAMILIES for one in by_family[family]]


def _files(host: Machine, unit: str) -> list[str]:
    own = first_of(host, tuple(f"{folder}/{unit}" for folder in LOCAL))
    stem, _dot, kind = unit.rpartition(".")
    parts = stem.split("-")
    prefixes = [f"{'-'.join(parts[:count])}-.{kind}" for count in range(len(parts) - 1, 0, -1)]
    folders = [f"{folder}/{name}.d" for name in (unit, *prefixes, kind) for folder in FOLDERS]
    return [*([own] if own else []), *by_name(host, folders, ".conf")]
