"""Ways to cut oneself off from a Windows machine: reachable again within its time, with everything as it was.

The machine is changed under a checkpoint, something goes wrong before anybody confirms, and nobody gets in
(wire/door.py). Seconds do not pass here: the time of the checkpoint is let be over. The evidence of a roll-out that
ends so is asked for in test_checkpoint_wire.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from . import clean
from .firewall_device import MANAGEMENT, POLICY, RULES, Device, wish
from .machine import WindowsMachine
from .shell import PowerShellError
from .wire.door import SERVICES, Door

WINRM = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
CLOSING, BASIC_OFF = wish(), [{"address": "Service:AllowBasic", "value": 0}]
PLAIN_OFF = [{"address": "listeners", "value": []}]


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, open to everybody, and by Basic."""
    found = Device(one)
    if one.reg_query(SERVICES + r"\WinRM", "ImagePath") is None:
        # Wine has no WinRM: the program of another service stands in, so that something of that name can be asked for.
        with one.hives() as hives:
            for name, data in {"Start": 3, "Type": 16, "ErrorControl": 1, "ObjectName": "LocalSystem"}.items():
                hives["system"].set(clean.SERVICES + r"\WinRM", name, data)
            path = r"C:\windows\system32\spoolsv.exe"
            hives["system"].set(clean.SERVICES + r"\WinRM", "ImagePath", path, "expand_string")
    found.reset()
    one.call("reg", "delete", WINRM, "/f")
    one.reg_add(SERVICES + r"\WinRM", "Start", "REG_DWORD", 3)
    with one.changing("winrm") as state:
        state["config"]["Service"]["Auth"]["Basic"] = True
    assert Door(one).shut() == ""
    yield found


def close(device: Device) -> None:
    """The firewall, as a roll-out closes it."""
    device.arm(CLOSING)
    device.change(CLOSING)
    assert Door(device.machine).shut() == "", "by the rule that was written first"


def basic_off(device: Device) -> None:
    """Basic off; Windows did not see that we come by it."""
    device.arm(BASIC_OFF, driver="winrm")
    device.change(BASIC_OFF, driver="winrm")


def without_our_port(device: Device) -> None:
    """Another tool takes our rule away."""
    close(device)
    device.machine.reg_delete(RULES, MANAGEMENT)


def for_another_network(device: Device) -> None:
    """The school moved to other addresses, and our rule is about the old ones."""
    close(device)
    device.machine.reg_add(RULES, MANAGEMENT, "REG_SZ", "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5986|"
                           "RA4=10.99.0.0/255.255.0.0|Name=x|")  # fmt: skip


def policy_without_local_rules(device: Device) -> None:
    """A policy arrives by which no rule of the machine's own counts."""
    close(device)
    device.machine.reg_add(POLICY + r"\PublicProfile", "AllowLocalPolicyMerge", "REG_DWORD", 0)


def on_battery(device: Device) -> None:
    """Nobody is there any more, and the laptop is on battery and on no network."""
    without_our_port(device)
    device.tasks.on_battery = device.tasks.offline = True


def clock_set(device: Device) -> None:
    """Somebody sets the clock back by years."""
    basic_off(device)
    device.tasks.year = 2003


SHUT: list[Callable[[Device], None]] = [
    basic_off, without_our_port, for_another_network, policy_without_local_rules, on_battery, clock_set,
]  # fmt: skip


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, id=way.__name__, marks=[] if way is without_our_port else [pytest.mark.full]) for way in SHUT],
)
def test_who_is_shut_out_gets_in_again_when_its_time_is_over(device: Device, way: Callable[[Device], None]) -> None:
    before = device.firewall()
    way(device)
    assert Door(device.machine).shut(), "nobody could confirm"
    assert device.tasks.minute() == [0] and Door(device.machine).shut(), "its time is not over"
    (device.folder / "until").write_text("0")
    assert device.tasks.minute() == [0], device.left()
    assert (Door(device.machine).shut(), (device.folder / "state.back").exists()) == ("", True)
    assert (device.firewall(), device.machine.reg_query(WINRM, "AllowBasic"), device.tasks.tasks()) == (
        before,
        None,
        [],
    )


def test_a_listener_that_we_came_by_unseen_is_on_again_when_its_time_is_over(device: Device) -> None:
    """We came over HTTP, between two questions when Windows was asked, while somebody else was there over HTTPS."""
    device.listen_over_http()
    ours, theirs = Door(device.machine, port=5985, basic=False), Door(device.machine)
    assert (ours.shut(), theirs.shut()) == ("", "")
    device.arm(PLAIN_OFF, driver="winrm")
    device.change(PLAIN_OFF, driver="winrm")
    assert (ours.shut(), theirs.shut()) == ("nothing listens", "")
    assert device.tasks.minute() == [0] and ours.shut(), "its time is not over"
    (device.folder / "until").write_text("0")
    assert device.tasks.minute() == [0], device.left()
    assert (ours.shut(), theirs.shut(), (device.folder / "state.back").exists()) == ("", "", True), device.left()


@pytest.mark.full
@pytest.mark.parametrize("way", [basic_off, without_our_port], ids=lambda way: way.__name__)
def test_a_restart_in_the_middle_lets_us_in_at_once(device: Device, way: Callable[[Device], None]) -> None:
    before = device.firewall()
    way(device)
    assert device.tasks.start() == [0]
    assert (Door(device.machine).shut(), device.firewall()) == ("", before)


@pytest.mark.full
def test_a_controller_that_was_killed_leaves_nothing_half_done(device: Device) -> None:
    """It dies after some of the edits; the way in is there by then, and all of it is taken back."""
    before = device.firewall()
    device.arm(CLOSING)
    device.change(CLOSING[:1] + CLOSING[2:5])
    assert "1" in device.closed() and "0" in device.closed()
    (device.folder / "until").write_text("0")
    assert device.tasks.minute() == [0]
    assert (Door(device.machine).shut(), device.firewall()) == ("", before)


@pytest.mark.full
def test_a_put_back_that_is_ended_goes_on_a_minute_later(device: Device) -> None:
    before = device.firewall()
    without_our_port(device)
    (device.folder / "until").write_text("0")
    script = r"C:\ProgramData\Leeboard\checkpoint\putback.ps1"
    killer = (
        "$hit = { $global:seen += 1; if ($global:seen -eq 3) { [Environment]::Exit(137) } }; $global:seen = 0; "
        f"$null = Set-PSBreakpoint -Script '{script}' -Command Set-NetFirewallProfile -Action $hit; & '{script}'"
    )
    ended = device.tasks.command(["-NoProfile", "-NonInteractive", "-Command", killer]).returncode
    assert (ended, (device.folder / "state.putting-back").exists()) == (137, True)
    assert device.tasks.minute() == [0]
    assert (Door(device.machine).shut(), device.firewall()) == ("", before)


@pytest.mark.full
def test_a_task_that_a_policy_disables_means_that_nothing_is_changed(device: Device) -> None:
    with device.machine.changing("tasks") as state:
        state["behaviour"] = {"mode": "disabled"}
    before = device.firewall()
    with pytest.raises(PowerShellError, match=r"could not be armed: .* it is disabled; nothing was changed"):
        device.arm(CLOSING)
    with pytest.raises(PowerShellError, match="under an armed checkpoint only, and the device has none"):
        device.change(CLOSING)
    assert (device.firewall(), Door(device.machine).shut()) == (before, "")


@pytest.mark.parametrize(
    ("driver", "changes", "why"),
    [
        ("winrm", [{"address": "listeners", "value": "none"}], "none without TLS stays, which is an empty list"),
        ("firewall_profile", [one for one in CLOSING if one["address"] != "management"], "no network is named"),
    ],
)
def test_what_would_surely_shut_us_out_is_refused_beforehand(
    device: Device, driver: str, changes: list[dict[str, object]], why: str
) -> None:
    before = device.firewall()
    with pytest.raises(PowerShellError, match=why):
        device.change(changes, check=True, driver=driver)
    assert (device.firewall(), Door(device.machine).shut()) == (before, "")


def test_basic_stays_on_where_windows_sees_that_we_come_by_it(device: Device) -> None:
    device.machine.run("& (Get-Module OwnWay) { function script:Test-Basic { $true } }")
    with pytest.raises(PowerShellError, match="may have come by Basic authentication"):
        device.change(BASIC_OFF, check=True, driver="winrm")
    assert Door(device.machine).shut() == ""
