"""What this computer needs so that the tests can run PowerShell and a Windows machine on Wine, and how to get it."""

from __future__ import annotations

import os
import shutil

import pytest

VARIABLE = "LEEBOARD_WINDOWS"
COMPILER = "x86_64-w64-mingw32-gcc"
_INSTALL = (
    "PowerShell is in no Debian package: with its archives in the folder that LEEBOARD_TOOLS names (else "
    "../shared/tools), CI=true make test-machines installs all of it as root"
)


def need_powershell() -> None:
    """Skip the test where there is no PowerShell 7 for Linux with Pester."""
    _need(None if shutil.which("pwsh") else f"there is no pwsh here. {_INSTALL}")


def need_machine() -> None:
    """Skip the test where no Windows machine can be made."""
    missing = [name for name in ("wine", "wineserver", "wine-pwsh", COMPILER) if shutil.which(name) is None]
    _need(f"the suite's Windows machine on Wine lacks {', '.join(missing)}. {_INSTALL}" if missing else None)


def _need(problem: str | None) -> None:
    """Skip for `problem`; fail where LEEBOARD_WINDOWS=required; skip in any case where it is off."""
    wish = os.environ.get(VARIABLE, "")
    if wish not in ("", "required", "off"):
        pytest.fail(f"{VARIABLE}={wish}: it takes required or off", pytrace=False)
    if wish == "off":
        pytest.skip(f"{VARIABLE}=off")
    if problem and wish == "required":
        pytest.fail(problem, pytrace=False)
    if problem:
        pytest.skip(problem)
