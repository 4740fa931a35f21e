"""What loads the audit rules when the machine starts: audit-rules.service of auditd 4, auditd.service itself before.

Only augenrules reads /etc/audit/rules.d. A unit that somebody replaced may load another file, or nothing.
"""

from __future__ import annotations

from ..engine.reading import Machine
from ..engine.safe_read import by_name, first_of, is_null, text_or_nothing
from ..system.inifile import systemd_assignments
from ..system.unit_conditions import unmet_condition

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
UNITS = ("audit-rules.service", "auditd.service")
COMMANDS = ("ExecStart", "ExecStartPre", "ExecStartPost")


def not_loaded(host: Machine) -> str:
    """Why nothing loads /etc/audit/rules.d at the start, or "" where augenrules does or no unit says anything."""
    for unit in UNITS:
        path = file_of(host, unit)
        if not path:
            continue
        if is_null(host, path) or not text_or_nothing(host, path):
            # systemd takes an empty file for a mask as well.
            return f"{unit} is masked, so nothing loads the rules when the machine starts"
        commands = _commands(host, [path, *_drop_ins(host, unit)])
        if commands and not any("augenrules" in command and "--load" in command for command in commands):
            text = "; ".join(commands)[:150]
            return f"{unit} does not run augenrules --load when the machine starts, so these files are not read: {text}"
        reason = unmet_condition(host, unit)
        return f"{unit} loads nothing when the machine starts: {reason}" if reason else ""
    return ""


def file_of(host: Machine, unit: str) -> str:
    """The file that systemd takes a unit from, empty where there is none."""
    return first_of(host, tuple(f"{folder}/{unit}" for folder in FOLDERS))


def _drop_ins(host: Machine, unit: str) -> list[str]:
    return by_name(host, [f"{folder}/{unit}.d" for folder in FOLDERS], ".conf")


def _commands(host: Machine, paths: list[str]) -> list[str]:
    """What the unit runs at its start; an empty assignment takes back those before it."""
    by_key: dict[str, list[str]] = {name: [] for name in COMMANDS}
    for path in paths:
        for assignment in systemd_assignments(text_or_nothing(host, path) or "", path):
            if assignment.section == "Service" and assignment.key in COMMANDS:
                by_key[assignment.key] = [*by_key[assignment.key], assignment.text] if assignment.text else []
    return [command for name in COMMANDS for command in by_key[name]]
