"""A change of remote access is put back, and the power goes at each call of that: it ends in one of two whole states.

What could cut off is undone under a checkpoint of the undo's own. Ended anywhere, the device puts back what the undo
has done so far, at the next start or when its time is over: the change stands whole again, the checkpoint says that it
is back and whose it was, and the same undo starts from there. What has no checkpoint stays half undone; the same undo,
or the next roll-out, goes on from that and says what was done already. Where the power can go is found by watching.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from . import checkpoint_steps
from .firewall_device import Device
from .machine import WindowsMachine
from .power_cut import CHANGES, CLIENT, cut_at, died, opened, truth
from .vpn_device import ADD, VpnDevice

pytestmark = pytest.mark.full

RUN, NEVER = "run-1", -1
# Ends PowerShell before an edit of the registry, counted from 0, and once they are all made before it says so.
CUT_WITHOUT_CHECKPOINT = """
& (Get-Module Undo) {
    $script:Edits, $script:End, $script:All = -1, $arguments.at, $arguments.all
    function script:Save-LeeboardRunning([string]$Path) {
        if (++$script:Edits -eq $script:End) { [Environment]::Exit(137) }
        RegistryStart\\Save-LeeboardRunning $Path
    }
    function script:Reset-LeeboardCache {
        if ($script:Edits + 1 -eq $script:All -and $script:End -eq $script:All) { [Environment]::Exit(137) }
        Host\\Reset-LeeboardCache
    }
}
"""


@dataclass
class Changed:
    """A machine on which a run has changed something and confirmed it, and what is true of it now."""

    device: Device | VpnDevice
    truth: Callable[[], Any]
    before: Any


@pytest.fixture(params=sorted([*CHANGES, "vpn_connection"]))
def changed(request: pytest.FixtureRequest, one: WindowsMachine) -> Iterator[Changed]:
    """The file's machine after a run of one driver."""
    one.call("cmd", "/c", "rmdir", "/s", "/q", r"C:\ProgramData\Leeboard\journal")
    if request.param == "vpn_connection":
        yield changed_profiles(one)
        return
    device, changes = opened(one), CHANGES[request.param]
    before = truth(device)
    device.arm(changes, run=RUN, driver=request.param)
    device.change(changes, run=RUN, driver=request.param)
    device.confirm()
    yield Changed(device, lambda: truth(device), before)


def changed_profiles(machine: WindowsMachine) -> Changed:
    """Two stray profiles are taken away, and the school's own is made: by hand, since Wine has no keys."""
    device = VpnDevice(machine)
    device.reset()
    for name in ("Home office", "Old gateway"):
        machine.run(ADD.format(name))
    before = entries(device)
    device.arm({"address": "machine-profiles", "value": []}, {"address": "tunnel", "value": ""})
    device.take_strays()
    machine.run(ADD.format("Leeboard"))
    made = machine.visit({"vpn_connection": ["tunnel"]})["readings"][0]["effective"]
    edit = {"Target": "tunnel", "Before": {"state": "absent"}, "After": {**made, "type": "string"}}
    machine.run(
        "$null = Write-LeeboardJournal -RunId $arguments.run -Driver vpn_connection -Before @{} "
        "-Edits @($arguments.edit) -Changes @(@{ address = 'tunnel' })",
        run=RUN,
        edit=edit,
    )
    checkpoint_steps.confirm(machine)
    return Changed(device, lambda: entries(device), before)


def entries(device: VpnDevice) -> list[bytes]:
    """The profiles of the phonebook, in any order."""
    return sorted(one.strip() for one in re.split(rb"(?m)^(?=\[)", device.bytes()) if one.strip())


def undone(machine: WindowsMachine, at: int, as_: str) -> Any:
    """Undo the run under a checkpoint; what came of it, or None where the power went."""
    armed = checkpoint_steps.arm_undo(machine, RUN, as_)
    assert (armed["state"], armed["run_id"]) == ("armed", as_)
    cut_at(machine, "Undo", at)
    try:
        return checkpoint_steps.undo(machine, RUN, as_)
    except RuntimeError:
        assert died(machine), machine.noise
        return None


def put_back_by_itself(changed: Changed, at: int) -> None:
    """Windows starts anew, or the time of the checkpoint is over."""
    device = changed.device
    if at % 2:
        assert device.tasks.start() == [0], at
    else:
        device.late()
        assert device.tasks.minute() == [0], at


def test_the_power_goes_at_any_call_of_an_undo_and_the_change_stands_whole_again(changed: Changed) -> None:
    machine, after = changed.device.machine, changed.truth()
    assert after != changed.before
    preview = checkpoint_steps.undo(machine, RUN, "undo-0", check=True)
    places = sorted(one["target"] for one in preview["put_back"])
    assert len(places) > 1 and preview["left"] == [], preview["left"]
    half_done = 0
    # It asks for each place whether that is covered, then before each call, and once more after the last.
    for at in (0, *range(len(places), 2 * len(places) + 1)):
        assert undone(machine, at, f"undo-{at}") is None, at
        now = changed.truth()
        half_done += now not in (after, changed.before)
        fact = machine.run("Get-LeeboardCheckpointFact")
        assert fact["value"][:3] == ["armed", "ada on desk", f"undo-{at}"], "the next visit says who was here"
        put_back_by_itself(changed, at)
        seen = machine.run("Get-LeeboardCheckpoint")
        assert (changed.truth(), seen["state"], seen["run_id"], changed.device.tasks.tasks()) == (
            after, "back", f"undo-{at}", [],
        ), at  # fmt: skip
    assert half_done == len(places) - 1, "two of these are before the first call, and one after the last"
    done = undone(machine, NEVER, "undo-last")
    assert (sorted(one["target"] for one in done["put_back"]), done["left"], done["broken"]) == (places, [], "")
    checkpoint_steps.confirm(machine)
    assert (changed.truth(), changed.device.state()) == (changed.before, "confirmed")
    again = checkpoint_steps.undo(machine, RUN, "undo-again")
    assert (again["changed"], len(again["already"]), again["left"]) == (False, len(places), [])


@pytest.fixture
def client(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, on which nothing is said yet of what the client of Remote Desktop may keep and carry."""
    yield opened(one)


def change_client(device: Device, run: str) -> Any:
    """What a roll-out changes of the client: it has no checkpoint."""
    return device.change(CLIENT, run=run, driver="registry")


@pytest.mark.parametrize("ends_by", ["undo", "roll-out"])
def test_what_has_no_checkpoint_goes_on_from_where_the_power_went(client: Device, ends_by: str) -> None:
    before = truth(client)
    for at in range(len(CLIENT) + 1):
        run = f"run-{ends_by}-{at}"
        assert change_client(client, run)["changed"]
        after = truth(client)
        client.machine.run(CUT_WITHOUT_CHECKPOINT, at=at, all=len(CLIENT))
        with pytest.raises(RuntimeError):
            checkpoint_steps.undo(client.machine, run, f"undo-{run}")
        assert died(client.machine), client.machine.noise
        client.machine.restart()
        half = truth(client)
        assert (half == after, half == before) == (at == 0, at == len(CLIENT)), at
        if ends_by == "roll-out":
            assert change_client(client, f"{run}-again")["changed"] == (at > 0)
            assert truth(client) == after
            continue_from = f"{run}-again" if at else run
            checkpoint_steps.undo(client.machine, continue_from, f"undo-{run}-2")
            checkpoint_steps.undo(client.machine, run, f"undo-{run}-3")
        else:
            done = checkpoint_steps.undo(client.machine, run, f"undo-{run}-2")
            assert (len(done["already"]), len(done["put_back"]), done["left"]) == (at, len(CLIENT) - at, [])
        assert truth(client) == before
