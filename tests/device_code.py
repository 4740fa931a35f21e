"""Where the code of devices lies, in folders of any depth, and how tests take it to a machine."""

from __future__ import annotations

from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
LINUX = PLUGINS / "module_utils" / "_linux"
WINDOWS = PLUGINS / "module_utils" / "_windows"


def linux_files(folder: Path = LINUX, package: str = LINUX.name) -> dict[Path, str]:
    """The files for Linux in a folder, with their places in the package on a machine."""
    return {path: f"{package}/{path.relative_to(folder).as_posix()}" for path in sorted(folder.rglob("*.py"))}


def windows_files(folder: Path = WINDOWS) -> list[Path]:
    """The modules of PowerShell in a folder."""
    return sorted(folder.rglob("*.psm1"))
