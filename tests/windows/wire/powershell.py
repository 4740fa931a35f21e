"""Start a winrs command line on a Wine machine, where PowerShell is the Windows build of PowerShell 7."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from tests.windows.base import environment

from .commands import Start

# ansible-core starts the interpreter again if it is not this one, and Wine's own powershell.exe is an empty shell.
INTERPRETER = "Z:/opt/powershell-win/pwsh.exe"


def on_wine(prefix: Path) -> Start:
    """What starts command lines on the machine in this Wine prefix. Any other program is not found."""

    def start(line: str) -> subprocess.Popen[bytes]:
        program, *arguments = shlex.split(line)
        if program not in ("powershell", INTERPRETER):
            raise FileNotFoundError(program)
        return subprocess.Popen(
            ["nice", "-n", "19", "wine-pwsh", *arguments],
            env=environment(prefix),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    return start
