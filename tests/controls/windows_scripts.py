"""The PowerShell scripts that break a Windows machine, or change it harmlessly: `<ID>/windows/{breaks,harmless}/*.ps1`.

Their head comments are data, as in the shell scripts (scripts.py): the first line is the story, then

    # kind: value         one of scripts.KINDS
    # level: standard     only if the verdicts of another level than the machine's are meant; likewise `role`
    # flips: LCK-01       every control that must leave compliant
    # expect: drifted     or error, or pending
    # pending: LCK-01     controls of which nobody can tell before the next start, since their key was touched
    # restart: yes        the machine is restarted after the script
    # alone: yes          it gets in the way of others
    # mends: no           a roll-out cannot, or must not, put it back
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .scripts import FOLDER, KINDS, AnyScript, head_of, share

KEYS = ("kind", "level", "role", "flips", "expect", "pending", "restart", "mends", "alone")
HEAD = re.compile(rf"# ({'|'.join(KEYS)}): (.+)\Z")


@dataclass(frozen=True)
class WindowsScript(AnyScript):
    """One for the Windows machine."""

    role: str
    pending: tuple[str, ...]
    restart: bool

    @property
    def meets(self) -> set[str]:
        """Those whose key it touches, too."""
        return {*self.asked, *self.pending}

    @property
    def together(self) -> tuple[str, ...]:
        """That, and the role of the machine."""
        return (self.role, *super().together)

    @property
    def expected(self) -> dict[str, str]:
        """Every control that must leave compliant, and what it becomes."""
        return {**dict.fromkeys(self.pending, "pending"), **dict.fromkeys(self.flips, self.expect)}


def read(path: Path) -> WindowsScript:
    """The script in a file. Raises ValueError that names the file and what is wrong with its head."""
    lines = path.read_text(encoding="utf-8").split("\n")
    head = head_of(lines[1:], HEAD)
    harmless = path.parent.name == "harmless"
    wanted = {"kind"} if harmless else {"kind", "flips", "expect"}
    if not lines[0].startswith("# ") or not wanted <= head.keys() or (harmless and "flips" in head):
        raise ValueError(f"{path}: the first line says what a person did, and the head has {', '.join(sorted(wanted))}")
    if head["kind"] not in KINDS or head.get("expect", "drifted") not in ("drifted", "error", "pending"):
        raise ValueError(f"{path}: kind is one of {', '.join(KINDS)}; expect is drifted, error or pending")
    return WindowsScript(
        path=path,
        story=lines[0][2:],
        kind=head["kind"],
        level=head.get("level", ""),
        role=head.get("role", ""),
        flips=tuple(head.get("flips", "").split()),
        expect=head.get("expect", "compliant"),
        pending=tuple(head.get("pending", "").split()),
        restart=head.get("restart") == "yes",
        alone=head.get("restart") == "yes" or head.get("alone") == "yes",
        mends=head.get("mends", "yes") == "yes",
    )


def all_windows_scripts() -> list[WindowsScript]:
    """Every break and every harmless change, by name."""
    folders = ("breaks", "harmless")
    return [read(path) for folder in folders for path in sorted(FOLDER.glob(f"*/windows/{folder}/*.ps1"))]


def tried_windows_scripts() -> list[WindowsScript]:
    """Those that a test run does to the Windows machine."""
    return share(all_windows_scripts(), lambda _script: "")
