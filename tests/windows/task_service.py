"""What Task Scheduler does with a machine's tasks on Wine: it really runs their commands when their triggers say so.

The tasks are the XML that the stand-in of the cmdlets keeps (standins/ScheduledTasks). It shares no parser with the
device code. Sources: MicrosoftDocs/win32, desktop-src/TaskSchd, task-scheduler-schema and its elements with their
defaults. Seconds do not pass here: a test says that a minute is over, or that Windows starts.
"""

from __future__ import annotations

import shlex
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from . import base
from .machine import WindowsMachine

NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
# What a setting is where the task says nothing.
DEFAULTS = {
    "Enabled": "true", "DisallowStartIfOnBatteries": "true", "StartWhenAvailable": "false",
    "RunOnlyIfNetworkAvailable": "false", "RunOnlyIfIdle": "false",
}  # fmt: skip
LONGEST = 600  # seconds for a command: one that hangs is a finding, and must not hang the tests
AT_A_START, ANY_MINUTE = ("BootTrigger",), ("BootTrigger", "RegistrationTrigger", "TimeTrigger")


class TaskService:
    """The tasks of a machine. `on_battery`, `offline` and `year` are what the machine is like."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine = machine
        self.on_battery = self.offline = False
        self.year = 2026

    def tasks(self) -> list[Path]:
        """The files of the tasks that are registered."""
        return sorted((self.machine.drive / "standins" / "tasks").glob("*.xml"))

    def minute(self) -> list[int]:
        """Another minute is over: the exit status of each task that ran."""
        return list(self._run(ANY_MINUTE))

    def start(self) -> list[int]:
        """Windows is switched off, hard, and starts: the exit status of each task that ran at once."""
        self.machine.restart()
        return list(self._run(AT_A_START))

    def _run(self, triggers: tuple[str, ...]) -> Iterator[int]:
        for path in self.tasks():
            task = ET.fromstring(path.read_text(encoding="utf-8").partition("?>")[2])
            if self._may_run(task) and any(self._fires(task, trigger) for trigger in triggers):
                words = shlex.split(task.findtext(f".//{NAMESPACE}Arguments", ""), posix=False)
                yield self.command([word.strip('"') for word in words]).returncode

    def command(self, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Run what a task names; the Windows PowerShell of its command is another one here."""
        self.machine._on()
        return base.wine(self.machine.prefix, "wine-pwsh", *arguments, check=False, timeout=LONGEST)

    def _may_run(self, task: ET.Element) -> bool:
        settings = {name: task.findtext(f"{NAMESPACE}Settings/{NAMESPACE}{name}", DEFAULTS[name]) for name in DEFAULTS}
        return not (
            settings["Enabled"] == "false"
            or settings["RunOnlyIfIdle"] == "true"
            or (self.on_battery and settings["DisallowStartIfOnBatteries"] == "true")
            or (self.offline and settings["RunOnlyIfNetworkAvailable"] == "true")
        )

    def _fires(self, task: ET.Element, name: str) -> bool:
        """Whether a trigger is one that fires now, and each minute from then on without an end."""
        trigger = task.find(f"{NAMESPACE}Triggers/{NAMESPACE}{name}")
        if trigger is None or trigger.findtext(f"{NAMESPACE}Enabled", "true") == "false":
            return False
        again = trigger.find(f"{NAMESPACE}Repetition")
        begin = int(trigger.findtext(f"{NAMESPACE}StartBoundary", "0000")[:4])
        return (
            again is not None
            and again.findtext(f"{NAMESPACE}Interval") == "PT1M"
            and again.find(f"{NAMESPACE}Duration") is None
            and begin < self.year
        )
