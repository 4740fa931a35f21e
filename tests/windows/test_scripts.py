"""PowerShell outside plugins/ keeps to what Windows PowerShell 5.1 has as well, and its help can be read.

What such a script calls is its own affair: it is no device code, and an administrator reads it before running it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from .requirements import need_powershell
from .test_syntax import findings

_ROOT = Path(__file__).parents[2]
_FILES = [
    _ROOT / "scripts" / "prepare-windows.ps1",
    *sorted((_ROOT / "playbooks" / "files").glob("windows_acceptance*.ps1")),
]


def test_scripts_keep_to_5_1() -> None:
    need_powershell()
    found = [one for one in findings(_FILES) if "allowed-commands.txt" not in str(one["what"])]
    assert not found, "\n".join(f"{one['file']}:{one['line']}: {one['what']}" for one in found)


def test_scripts_are_ascii() -> None:
    """Windows PowerShell reads a file without a byte-order mark in the machine's own code page."""
    assert [file.name for file in _FILES if not file.read_bytes().isascii()] == []


def test_help_names_every_parameter() -> None:
    need_powershell()
    script = (
        f"$help = Get-Help -Full '{_FILES[0]}';"
        "$help.parameters.parameter | Where-Object { -not $_.description -and $_.name -notin 'WhatIf', 'Confirm' } |"
        "ForEach-Object { $_.name }"
    )
    done = subprocess.run(["pwsh", "-NoProfile", "-Command", script], capture_output=True, text=True, timeout=600)
    assert (done.stdout, done.stderr) == ("", "")
