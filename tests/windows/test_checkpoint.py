"""A checkpoint on a Windows machine: armed, confirmed, or put back by its task, whatever happens meanwhile.

The task really runs the script at its triggers (task_service.py). The truth is read with reg.exe and from the disk.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import checkpoint_steps
from .checkpoint_steps import FOLDER, TOKEN
from .machine import WindowsMachine
from .shell import PowerShellError
from .task_service import NAMESPACE, TaskService

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SCRIPTS = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell"
CHANGES = [
    {"address": "UserAuthentication", "value": 1, "type": "dword"},
    {"address": "MaxIdleTime", "value": 300000, "type": "dword"},
    {"address": "fDenyTSConnections", "value": 1, "type": "dword"},
]
NOT_ARMED = "the checkpoint could not be armed: .*; nothing was changed"


class Device:
    """A machine with its tasks, whose Remote Desktop is set under a checkpoint."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine, self.tasks = machine, TaskService(machine)

    def arm(self, run: str = "run-1") -> dict[str, Any]:
        """Arm a checkpoint about CHANGES."""
        script = (
            "$cover = Get-LeeboardCover -Steps $arguments.steps; Enable-LeeboardCheckpoint -RunId $arguments.run"
            " -By 'ada on desk' -TokenDigest $arguments.digest -Covers $cover.Covers"
        )
        steps = [{"driver": "remote_desktop", "settings": CHANGES}]
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        found: dict[str, Any] = self.machine.run(script, timeout=300, steps=steps, run=run, digest=digest)
        return found

    def change(self, run: str = "run-1") -> Any:
        """Make CHANGES."""
        return self.machine.apply("remote_desktop", CHANGES, run_id=run)

    def confirm(self, token: str = TOKEN) -> Any:
        """Confirm it."""
        return self.machine.run("Confirm-LeeboardCheckpoint -Token $arguments.token", timeout=300, token=token)

    def state(self) -> str:
        """The state, from the disk."""
        return checkpoint_steps.state(self.machine)

    def folder(self) -> Path:
        """Where the checkpoint lies."""
        return self.machine.path(FOLDER)

    def values(self) -> list[Any]:
        """The values that CHANGES is about, as reg.exe has them."""
        return [self.machine.reg_query(POLICY, one["address"]) for one in CHANGES]

    def late(self) -> None:
        """Let the time of the checkpoint be over."""
        checkpoint_steps.let_time_be_over(self.machine)

    def clean(self) -> None:
        """As before all of it."""
        checkpoint_steps.forget(self.machine, self.tasks)
        self.machine.call("reg", "delete", POLICY, "/f")
        self.machine.reg_add(POLICY, "MaxIdleTime", "REG_SZ", "0")
        self.machine.reg_add(POLICY, "Stranger", "REG_MULTI_SZ", "one\\0two")


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, with a policy that was set before."""
    found = Device(one)
    found.clean()
    found.before = found.values()  # type: ignore[attr-defined]
    yield found


WRITTEN = [("REG_DWORD", "00000001"), ("REG_DWORD", "000493e0"), ("REG_DWORD", "00000001")]


def test_it_is_confirmed_and_nothing_of_it_is_left(device: Device) -> None:
    with pytest.raises(PowerShellError, match="under an armed checkpoint only, and the device has none"):
        device.change()
    assert device.values() == device.before
    found = device.arm()
    assert (found["state"], found["run_id"], found["drivers"]) == ("armed", "run-1", ["remote_desktop"])
    assert 200 < found["seconds_left"] <= 240
    with pytest.raises(PowerShellError, match="a checkpoint is held by ada on desk, run run-1"):
        device.arm("run-2")
    assert device.change()["changed"]
    assert device.tasks.minute() == [0], "it is not time yet"
    assert (device.state(), device.values()) == ("armed", WRITTEN)
    with pytest.raises(PowerShellError, match="this is not the token of the checkpoint; it is armed, of ada on desk"):
        device.confirm("another")
    assert device.state() == "armed"
    assert device.confirm()["Changed"]
    assert not device.confirm()["Changed"], "its answer may have been lost"
    assert (device.state(), device.values(), device.tasks.tasks()) == ("confirmed", WRITTEN, [])
    assert sorted(path.name for path in device.folder().iterdir()) == ["about", "state.confirmed"]
    assert not device.change()["changed"]


# Typed from the schema of Task Scheduler and what the checkpoint needs: a start without anybody, on battery and without
# a network, each minute without an end, never two at once, and none that hangs for long.
SETTINGS = {
    "MultipleInstancesPolicy": "StopExisting", "DisallowStartIfOnBatteries": "false", "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true", "StartWhenAvailable": "true", "RunOnlyIfNetworkAvailable": "false",
    "RunOnlyIfIdle": "false", "Enabled": "true", "ExecutionTimeLimit": "PT2M",
}  # fmt: skip
# What would end a trigger, or hold it up.
LIMITS = ("Duration", "EndBoundary", "Delay", "RandomDelay", "ExecutionTimeLimit")


def test_the_task_is_system_s_and_fires_whatever_the_machine_is_like(device: Device) -> None:
    device.arm()
    (path,) = device.tasks.tasks()
    task = ET.fromstring(path.read_text(encoding="utf-8").partition("?>")[2])
    settings = {name: task.findtext(f"{NAMESPACE}Settings/{NAMESPACE}{name}") for name in SETTINGS}
    assert settings == SETTINGS and task.find(f".//{NAMESPACE}IdleSettings") is None
    assert [one.text for one in task.iter(f"{NAMESPACE}UserId")] == ["S-1-5-18"]
    triggers = {one.tag.removeprefix(NAMESPACE): one for one in task.findall(f"{NAMESPACE}Triggers/*")}
    assert sorted(triggers) == ["BootTrigger", "RegistrationTrigger", "TimeTrigger"]
    for name, trigger in triggers.items():
        assert trigger.findtext(f"{NAMESPACE}Repetition/{NAMESPACE}Interval") == "PT1M", name
        assert [limit for limit in LIMITS if trigger.find(f".//{NAMESPACE}{limit}") is not None] == [], name
    assert (triggers["TimeTrigger"].findtext(f"{NAMESPACE}StartBoundary") or "9999") < "2016", "years before any clock"


def test_without_a_word_it_puts_itself_back(device: Device) -> None:
    device.arm()
    device.change()
    device.late()
    device.tasks.on_battery = device.tasks.offline = True
    device.tasks.year = 2003
    assert device.tasks.minute() == [0]
    assert (device.state(), device.values(), device.tasks.tasks()) == ("back", device.before, [])
    assert device.machine.reg_query(POLICY, "Stranger"), "what it is not about is left alone"
    with pytest.raises(PowerShellError, match="too late to confirm: the device has put itself back as it was"):
        device.confirm()


def test_a_start_puts_it_back_though_its_time_is_not_over(device: Device) -> None:
    device.arm()
    device.change()
    assert device.tasks.start() == [0]
    assert (device.state(), device.values(), device.tasks.tasks()) == ("back", device.before, [])


@pytest.mark.full
def test_what_cannot_be_put_back_is_named_and_tried_again(device: Device) -> None:
    device.arm()
    device.change()
    plan = device.folder() / "plan"
    good = plan.read_text()
    plan.write_text(good.replace("\tString\t", "\tNoKind\t"))
    device.late()
    assert device.tasks.minute() == [1]
    found = device.machine.run("Get-LeeboardCheckpoint")
    assert (found["state"], len(found["left"])) == ("putting-back", 1)
    assert "MaxIdleTime" in found["left"][0]
    fact = device.machine.run("Get-LeeboardCheckpointFact")
    assert fact["value"][:3] == ["putting-back", "ada on desk", "run-1"]
    with pytest.raises(PowerShellError, match="the device is putting back what ada on desk, run run-1 changed"):
        device.arm("run-2")
    plan.write_text(good)
    assert device.tasks.minute() == [0]
    assert (device.state(), device.values()) == ("back", device.before)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        pytest.param("denied", "refused .Register-ScheduledTask.: Access is denied", marks=pytest.mark.full),
        pytest.param("disabled", "Windows has the task, but it is disabled", marks=pytest.mark.full),
        ("changed", "Windows has the task otherwise than it was registered: StopIfGoingOnBatteries"),
    ],
)
def test_where_windows_has_no_such_task_nothing_is_armed(device: Device, mode: str, words: str) -> None:
    with device.machine.changing("tasks") as state:
        state["behaviour"] = {"mode": mode}
    with pytest.raises(PowerShellError, match=NOT_ARMED.replace(".*", f".*{words}.*")):
        device.arm()
    assert (device.state(), device.values(), device.tasks.tasks()) == ("none", device.before, [])
    assert list(device.folder().iterdir()) == []


def test_where_a_policy_lets_no_script_run_nothing_is_armed(device: Device) -> None:
    with device.machine.changing("tasks") as state:
        state["behaviour"] = {"mode": "asleep"}
    device.machine.reg_add(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell", "ExecutionPolicy", "REG_SZ", "AllSigned"
    )
    device.machine.run("& (Get-Module Arm) { $script:Patience = 1 }")
    try:
        with pytest.raises(PowerShellError, match="did not run its script, since a policy lets PowerShell run no"):
            device.arm()
    finally:
        device.machine.run("& (Get-Module Arm) { $script:Patience = 90 }")
        device.machine.reg_delete(SCRIPTS)
    assert (device.state(), device.values(), device.tasks.tasks()) == ("none", device.before, [])


@pytest.mark.full
def test_ended_at_any_line_it_is_put_back_all_the_same(device: Device) -> None:
    """Lines that the script comes to are where it is ended; the next minute it goes on, and ends as it should."""
    killer = (
        "$hit = { $global:seen += 1; if ($global:seen -eq %d) { [Environment]::Exit(137) } }; "
        "$global:seen = 0; $path = '" + FOLDER + r"\putback.ps1'; "
        "foreach ($line in 1..([IO.File]::ReadAllLines($path).Length)) "
        "{ $null = Set-PSBreakpoint -Script $path -Line $line -Action $hit }; "
        "& $path; exit $LASTEXITCODE"
    )
    at, step = 1, 7
    while True:
        device.clean()
        before = device.values()
        device.arm()
        device.change()
        device.late()
        status = device.tasks.command(["-NoProfile", "-NonInteractive", "-Command", killer % at]).returncode
        for _minute in range(2):
            device.tasks.minute()
        assert (device.state(), device.values(), device.tasks.tasks()) == ("back", before, []), at
        if status != 137:
            break
        at += step
    assert at > 50


@pytest.mark.full
def test_who_is_ended_while_arming_leaves_nothing_armed(device: Device) -> None:
    """At each file that arming writes; the task takes away what is left, or the next arming does."""
    names = ["state.arming", "unfinished", "plan", "about", "putback.ps1", "ran", "until"]
    for name in names:
        device.clean()
        before = device.values()
        device.arm()
        # As if it had been ended right behind that file: what comes after it is not there.
        (device.folder() / "state.armed").rename(device.folder() / "state.arming")
        for later in names[names.index(name) + 1 :]:
            (device.folder() / later).unlink()
        if name in names[:5]:
            for task in device.tasks.tasks():
                task.unlink()
        assert device.machine.run("(Get-LeeboardCheckpoint).state") == "none"
        with pytest.raises(PowerShellError, match="under an armed checkpoint only"):
            device.change()
        if device.tasks.tasks():
            device.tasks.start()
            assert (device.state(), device.tasks.tasks()) == ("none", [])
        assert device.values() == before
        assert device.arm()["state"] == "armed"
