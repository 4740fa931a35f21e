"""A Windows machine with VPN profiles, whose phonebook is the truth, and what is done to it under a checkpoint.

Wine has no keys, so the school's own profile is made and changed by the cmdlets that the driver uses; profiles that a
school does not allow are taken away by the driver itself.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from . import checkpoint_steps
from .machine import WindowsMachine
from .task_service import TaskService

BOOK = r"C:\ProgramData\Microsoft\Network\Connections\Pbk\rasphone.pbk"
GATEWAY = "vpn.lab.example"
ADD = "Add-VpnConnection -Name '{}' -ServerAddress vpn.lab.example -TunnelType Ikev2 -AllUserConnection"
TUNNEL, STRAYS = {"address": "tunnel", "value": ""}, {"address": "machine-profiles", "value": []}
ARM = (
    "Reset-LeeboardCache; $step = @{ driver = 'vpn_connection'; settings = $arguments.settings }; "
    "$cover = Get-LeeboardCover -Steps @($step); "
    "if ($cover.LeftOut.Count) { throw [string]@($cover.LeftOut.Values)[0] }; "
    "Enable-LeeboardCheckpoint -RunId run-1 -By ada -TokenDigest $arguments.digest -Covers $cover.Covers"
)


class VpnDevice:
    """A machine with its tasks and its phonebook."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine, self.tasks = machine, TaskService(machine)
        self.book = machine.path(BOOK)

    def reset(self) -> None:
        """No task, no checkpoint and no phonebook."""
        checkpoint_steps.forget(self.machine, self.tasks)
        self.book.unlink(missing_ok=True)

    def arm(self, *settings: dict[str, Any]) -> Any:
        """Arm a checkpoint about the school's own profile, or about other changes."""
        digest = hashlib.sha256(checkpoint_steps.TOKEN.encode()).hexdigest()
        return self.machine.run(ARM, timeout=300, settings=list(settings or (TUNNEL,)), digest=digest)

    def take_strays(self) -> Any:
        """Take all profiles away but the school's own, as a roll-out does."""
        return self.machine.apply("vpn_connection", [STRAYS], run_id="run-1")

    def bytes(self) -> bytes:
        """The phonebook, empty where there is none."""
        return self.book.read_bytes() if self.book.exists() else b""

    def way_in(self, name: str) -> str:
        """Why nobody gets to the school's gateway by a profile; an empty text where one does."""
        entries = re.split(r"(?m)^(?=\[)", self.bytes().decode("utf-8"))
        entry = next((one for one in entries if one.startswith(f"[{name}]")), "")
        words = dict(line.split("=", 1) for line in entry.splitlines() if "=" in line)
        if not entry:
            return "there is no such profile"
        if words.get("PhoneNumber") != GATEWAY:
            return "it leads elsewhere"
        return "" if words.get("VpnStrategy") == "7" else "it speaks another protocol"

    def late(self) -> None:
        """Let the time of the checkpoint be over."""
        checkpoint_steps.let_time_be_over(self.machine)

    def state(self) -> str:
        """The state, from the disk."""
        return checkpoint_steps.state(self.machine)
