"""Take the facts about a real Windows that the tests use from public repositories into windows_facts.json.

Run by hand where a fact is missing: `python -m tests.windows.take_facts PSSCRIPTANALYZER WMI`, two git repositories
(bare ones will do) of PowerShell/PSScriptAnalyzer and microsoft/wmi. The file has the names and types that our own code
or the stand-ins use, and nothing else; facts.py says what it is for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .facts import BY_HAND, FILE, read, used_classes, used_commands, used_words

COMMANDS = "Engine/Settings/desktop-5.1.14393.206-windows.json"
VERSIONS = ("server2019", "server23h2")
_FIELD = re.compile(r"^\t(\w+) +(\S+)$", re.MULTILINE)
_METHOD = re.compile(r"^func \(instance \*\w+\) (\w+)\(", re.MULTILINE)
_PARAMETER = re.compile(r'<param name="(\w+)" type="([^"]+)"')


def show(repository: Path, path: str) -> str:
    """The text of a file as the repository has it; empty where it has none."""
    done = subprocess.run(["git", "-C", str(repository), "show", f"HEAD:{path}"], capture_output=True, text=True)
    return done.stdout


def commit(repository: Path) -> str:
    """Which state of the repository the facts are from."""
    asked = ["git", "-C", str(repository), "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def commands(repository: Path, names: set[str]) -> dict[str, list[str]]:
    """Parameters of each command, without those that every command has."""
    found: dict[str, list[str]] = {}
    words = used_words()
    for module in json.loads(show(repository, COMMANDS))["Modules"]:
        exported = module["ExportedCommands"] or []
        for one in [exported] if isinstance(exported, dict) else exported:
            if one["Name"] in names:
                parameters = re.findall(r"(?<![\w.])-(\w+)", one["ParameterSets"] or "")
                found[one["Name"]] = sorted(set(parameters) & words)
    return found


def described(repository: Path, folder: str, name: str) -> dict[str, Any] | None:
    """Properties and methods of a class with those that it inherits, or None where this Windows has no such class."""
    text = show(repository, f"{folder}/{name}.go")
    body = re.search(rf"^type {name} struct {{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL)
    if body is None:
        return None
    parent = re.search(r"^\t\*(\w+)$", body[1], re.MULTILINE)
    inherited = (described(repository, folder, parent[1]) if parent else None) or {"properties": {}, "methods": {}}
    methods = {}
    for found in _METHOD.finditer(text):
        # What stands above a method is a block for what it is given, and one for what it answers.
        above = text[: found.start()].rpartition("}\n")[2].strip("\n")
        given, _, answered = above.rpartition("\n\n")
        if _PARAMETER.search(answered):
            methods[found[1]] = {"in": dict(_typed(given)), "out": dict(_typed(answered))}
    properties = {field: _type(kind) for field, kind in _FIELD.findall(body[1])}
    return {
        "properties": dict(sorted((inherited["properties"] | properties).items())),
        "methods": dict(sorted((inherited["methods"] | methods).items())),
    }


def _typed(text: str) -> list[tuple[str, str]]:
    return [(name, _type(kind)) for name, kind in _PARAMETER.findall(text)]


def _type(kind: str) -> str:
    """A type as the repository writes it; an integer with names is `enumeration`, another instance `reference`."""
    plain = kind.replace(" ", "")
    listed = "[]" in plain
    plain = plain.replace("[]", "")
    known = re.fullmatch(r"u?int(8|16|32|64)|string|bool|float(32|64)", plain)
    other = "reference" if re.match(r"(Win32|CIM|MSFT)_|Vpn", plain) else "enumeration"
    return (plain if known else other) + ("[]" if listed else "")


def classes(repository: Path, wanted: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Classes by namespace; each with what all versions that have it agree about, and which those are."""
    found: dict[str, dict[str, Any]] = {}
    words = used_words()
    for namespace, names in sorted(wanted.items()):
        for name in sorted(names):
            by_version = {one: described(repository, f"{one}/{namespace}", name) for one in VERSIONS}
            there = {one: each for one, each in by_version.items() if each}
            if not there:
                continue
            first, *others = there.values()
            merged: dict[str, Any] = {"versions": list(there)}
            for part in ("properties", "methods"):
                merged[part] = {
                    each: kind
                    for each, kind in first[part].items()
                    if each in words and all(each in other[part] for other in others)
                }
            found.setdefault(namespace, {})[name] = merged
    return found


def main() -> None:
    """Write the file."""
    analyzer, wmi = map(Path, sys.argv[1:])
    facts = {
        **{part: read()[part] for part in BY_HAND},
        "sources": {
            "commands": f"github.com/PowerShell/PSScriptAnalyzer, {COMMANDS}, {commit(analyzer)}",
            "classes": f"github.com/microsoft/wmi, {' and '.join(VERSIONS)}, {commit(wmi)}",
        },
        "commands": commands(analyzer, used_commands()),
        "classes": classes(wmi, used_classes()),
    }
    FILE.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
