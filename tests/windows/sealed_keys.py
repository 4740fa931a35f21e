"""A PowerShell that has compiled SealedKeys.cs as Ansible compiles it, over a stand-in of volumes, with its logs on.

Script-block logging, module logging and transcription go to files in a folder. PowerShell on Linux hands its logs to
syslog(3), which a small library in front of it writes down.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .requirements import need_powershell
from .shell import PowerShell

_HERE = Path(__file__).parent
SOURCE = _HERE.parents[1] / "plugins" / "module_utils" / "_windows" / "bitlocker" / "SealedKeys.cs"
_PATIENCE = 300  # seconds: a compiler on a busy machine
STANDIN = _HERE / "standins" / "KeyVolume.cs"
VOLUME = "\\\\?\\Volume{00000000-0000-0000-0000-100000000000}\\"
_SYSLOG = r"""
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
static void keep(const char *format, va_list given) {
    FILE *file = fopen(getenv("SYSLOG_FILE"), "a");
    if (!file) return;
    vfprintf(file, format, given);
    fputc('\n', file);
    fclose(file);
}
void syslog(int priority, const char *format, ...) {
    va_list given; va_start(given, format); keep(format, given); va_end(given);
}
void __syslog_chk(int priority, int flag, const char *format, ...) {
    va_list given; va_start(given, format); keep(format, given); va_end(given);
}
"""
# As Ansible loads it, and then what a stand-in replaces.
_LOAD = """
Import-Module $arguments.compiler -Global
Add-CSharpType -References $arguments.sources
Add-Type -TypeDefinition $arguments.standin
[Leeboard.SealedKeys]::Call = [Standins.KeyVolume]::Call
[Leeboard.SealedKeys]::MakeKey = [Standins.KeyVolume]::MakeKey
[Leeboard.SealedKeys]::OpenSeal = [Standins.KeyVolume]::OpenSeal
[Leeboard.SealedKeys]::ForgetKey = [Standins.KeyVolume]::ForgetKey
"""


class SealedKeysProcess:
    """The static methods of Leeboard.SealedKeys and of the stand-in, in one PowerShell; `logs` is where all is written.

    The stand-in's own secrets are fetched through a file, or the answer would be in a log.
    """

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        self._file = folder / "asked"
        self._shell = PowerShell(str(_logging(folder, self.logs)))
        load(self._shell)

    def call(self, method: str, *given: Any) -> Any:
        """What a method answers; PowerShellError with its words where it throws."""
        places = ", ".join(f"$given[{place}]" for place in range(len(given)))
        script = f"$given = @($arguments.given); [Leeboard.SealedKeys]::{method}({places})"
        return self._shell.run(script, timeout=_PATIENCE, given=list(given))

    def standin(self, script: str, **given: Any) -> Any:
        """What some PowerShell about [Standins.KeyVolume], there $v, puts out."""
        return self._shell.run(f"$v = [Standins.KeyVolume]; {script}", timeout=_PATIENCE, **given)

    def secret_of(self, protector: str) -> str:
        """What the stand-in has as the secret of a protector."""
        script = "[IO.File]::WriteAllText($arguments.file, $v::Protectors[$arguments.id])"
        self.standin(script, file=str(self._file), id=f"{VOLUME} {protector}")
        secret = self._file.read_text()
        self._file.unlink()
        return secret

    def close(self) -> None:
        """End the process, so that its logs are whole."""
        self._shell.close()


def load(shell: PowerShell, *more: str) -> None:
    """Have SealedKeys.cs in a PowerShell, over its stand-in, and more C# before it."""
    compiler = f"{ansible()}/module_utils/powershell/Ansible.ModuleUtils.AddType.psm1"
    shell.run(
        _LOAD, compiler=compiler, sources=[*more, SOURCE.read_text("utf-8")], standin=STANDIN.read_text("utf-8"),
        timeout=_PATIENCE,
    )  # fmt: skip


def ansible() -> str:
    """The folder of ansible-core."""
    found = find_spec("ansible")
    assert found is not None and found.submodule_search_locations
    return found.submodule_search_locations[0]


def _logging(folder: Path, logs: Path) -> Path:
    """A program that is PowerShell with all its logs on."""
    need_powershell()
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc, to see what PowerShell hands to syslog")
    shim = folder / "syslog.so"
    build = ["gcc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-x", "c", "-o", str(shim), "-"]
    subprocess.run(build, input=_SYSLOG.encode(), check=True, capture_output=True)
    policies = {
        "ScriptBlockLogging": {"EnableScriptBlockLogging": True, "EnableScriptBlockInvocationLogging": True},
        "ModuleLogging": {"EnableModuleLogging": True, "ModuleNames": ["*"]},
        "Transcription": {
            "EnableTranscripting": True, "EnableInvocationHeader": True, "OutputDirectory": str(logs / "transcripts"),
        },
    }  # fmt: skip
    settings = folder / "powershell.config.json"
    settings.write_text(json.dumps({"LogLevel": "Verbose", "PowerShellPolicies": policies}))
    program = folder / "logging-pwsh"
    program.write_text(
        f'#!/bin/sh\nLD_PRELOAD={shim} SYSLOG_FILE={logs / "syslog"} exec pwsh -SettingsFile {settings} "$@"\n'
    )
    os.chmod(program, 0o700)
    return program
