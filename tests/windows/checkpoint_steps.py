"""What tests do with a checkpoint on a Windows machine besides the change itself: an undo under one, a put-back that is
ended in the middle, and how it stands, from the disk.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .machine import WindowsMachine
from .task_service import TaskService

FOLDER = r"C:\ProgramData\Leeboard\checkpoint"
SCRIPT = FOLDER + r"\putback.ps1"
TOKEN = "a token of the test"
KILLED = 137
_UNDO = "Reset-LeeboardCache; Invoke-LeeboardUndo -RunId $arguments.run -UndoId $arguments.as -Check:$arguments.check"
_ARM_UNDO = (
    "Reset-LeeboardCache; $cover = Get-LeeboardUndoCover -RunId $arguments.run; Enable-LeeboardCheckpoint "
    "-RunId $arguments.as -By 'ada on desk' -TokenDigest $arguments.digest -Covers $cover.Covers"
)


def undo(machine: WindowsMachine, run: str = "run-1", as_: str = "undo-1", *, check: bool = False) -> Any:
    """What the undo of a run came to, without a checkpoint or under the one that is armed: left, broken, ..."""
    return machine.run(_UNDO, timeout=300, run=run, check=check, **{"as": as_})


def arm_undo(machine: WindowsMachine, run: str = "run-1", as_: str = "undo-1") -> Any:
    """Arm a checkpoint for the undo of a run."""
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    return machine.run(_ARM_UNDO, timeout=300, run=run, digest=digest, **{"as": as_})


def undo_under_its_own_checkpoint(machine: WindowsMachine) -> Any:
    """Arm a checkpoint for the undo of run-1, undo, confirm."""
    arm_undo(machine)
    done = undo(machine)
    confirm(machine)
    return done


def confirm(machine: WindowsMachine) -> Any:
    """Confirm the checkpoint that is armed."""
    return machine.run("Confirm-LeeboardCheckpoint -Token $arguments.token", timeout=300, token=TOKEN)


def let_time_be_over(machine: WindowsMachine) -> None:
    """The checkpoint's time is over; the next minute puts the device back."""
    machine.path(FOLDER + r"\until").write_text("0")


def state(machine: WindowsMachine) -> str:
    """The state, from the disk: armed, confirmed, back, ...; none."""
    return " ".join(path.suffix[1:] for path in machine.path(FOLDER).glob("state.*")) or "none"


def end_put_back(tasks: TaskService, command: str, call: int) -> int:
    """Run the script, and end it at a call of one of its commands. Its exit status: KILLED where it came so far."""
    killer = (
        f"$hit = {{ $global:seen += 1; if ($global:seen -eq {call}) {{ [Environment]::Exit({KILLED}) }} }}; "
        f"$global:seen = 0; $null = Set-PSBreakpoint -Script '{SCRIPT}' -Command {command} -Action $hit; & '{SCRIPT}'"
    )
    return tasks.command(["-NoProfile", "-NonInteractive", "-Command", killer]).returncode


def forget(machine: WindowsMachine, tasks: TaskService) -> None:
    """No task and no checkpoint."""
    folder = machine.path(FOLDER)
    for path in [*tasks.tasks(), *(folder.glob("*") if folder.is_dir() else ())]:
        path.unlink()
