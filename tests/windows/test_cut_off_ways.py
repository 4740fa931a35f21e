"""Ways to cut oneself off from a Windows machine: reachable again within its time, with everything as it was.

The machine is changed under a checkpoint, something goes wrong before anybody confirms, and nobody gets in
(wire/door.py). Seconds do not pass here: the time of the checkpoint is let be over. What somebody else took away
meanwhile stays theirs, and ours is back all the same. The evidence of a roll-out that ends so is asked for in
test_checkpoint_wire.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from . import accounts, winrm_service
from .checkpoint_steps import KILLED, end_put_back
from .firewall_device import MANAGEMENT, POLICY, RULES, Device, wish
from .machine import WindowsMachine
from .shell import PowerShellError
from .wire import listener_certificate
from .wire.certificates import Authority
from .wire.door import SERVICES, Door

WINRM = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
CLOSING, BASIC_OFF = wish(), [{"address": "Service:AllowBasic", "value": 0}]
PLAIN_OFF = [{"address": "listeners", "value": []}]
DENY, ACCESS = "SeDenyNetworkLogonRight", "SeNetworkLogonRight"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The school's authority, which the controller trusts."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def device(one: WindowsMachine, authority: Authority) -> Iterator[Device]:
    """The file's machine, open to everybody, and by Basic, with a certificate of the school's authority."""
    found = Device(one)
    winrm_service.give(one)
    found.reset()
    one.call("reg", "delete", WINRM, "/f")
    one.reg_add(SERVICES + r"\WinRM", "Start", "REG_DWORD", 3)
    with one.changing("winrm") as state:
        state["config"]["Service"]["Auth"]["Basic"] = True
    accounts.set_up(one)
    listen_with(found, listener_certificate.install(one, authority))
    assert Door(one).shut() == ""
    yield found


def listen_with(device: Device, thumbprint: str) -> None:
    """Give the listener over HTTPS a certificate by its thumbprint."""
    with device.machine.changing("winrm") as state:
        state["listeners"][0]["CertificateThumbprint"] = thumbprint


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
    device.late()
    assert device.tasks.minute() == [0], device.left()
    assert (Door(device.machine).shut(), device.state()) == ("", "back")
    assert (device.firewall(), device.machine.reg_query(WINRM, "AllowBasic"), device.tasks.tasks()) == (
        before,
        None,
        [],
    )


def certificate_gone(device: Device, authority: Authority) -> str:
    """Somebody tidies the machine's store of certificates, with that of the listener."""
    device.machine.reg_delete(rf"{listener_certificate.STORE}\{thumbprint_of(device)}")
    return "the listener's certificate is not in the store"


def certificate_ended(device: Device, authority: Authority) -> str:
    """Nobody renewed it, and it ends tonight."""
    listen_with(device, listener_certificate.install(device.machine, authority, days=-1))
    return "the client refuses the listener's certificate: certificate has expired"


def certificate_of_another_name(device: Device, authority: Authority) -> str:
    """The machine was renamed, and made itself a listener with its new name."""
    listen_with(device, listener_certificate.install(device.machine, authority, name="pc-new.school.example"))
    return "the client refuses the listener's certificate: IP address mismatch"


def denied_from_the_network(device: Device, authority: Authority) -> str:
    """A policy after CIS 2.2.16 arrives: no local account comes from the network."""
    with device.machine.changing("secedit") as state:
        state["Privilege Rights"][DENY].append(f"*{accounts.LOCAL}")
    return "the account is denied access from the network"


def without_the_right(device: Device, authority: Authority) -> str:
    """A policy names who may come from the network, and forgot the administrators."""
    with device.machine.changing("secedit") as state:
        state["Privilege Rights"][ACCESS] = ["*S-1-5-32-555"]
    return "the account has no access from the network"


def no_administrator(device: Device, authority: Authority) -> str:
    """A policy of restricted groups sets who is an administrator, without our account."""
    with device.machine.changing(accounts.NAME) as state:
        state["groups"][accounts.ADMINISTRATORS].remove(accounts.TECHNICIAN)
    return "the account is no administrator"


def switched_off(device: Device, authority: Authority) -> str:
    """Somebody switches the account off."""
    with device.machine.changing(accounts.NAME) as state:
        state["enabled"].remove(accounts.TECHNICIAN)
    return "the account is switched off"


OF_OTHERS: list[Callable[[Device, Authority], str]] = [
    certificate_gone, certificate_ended, certificate_of_another_name, denied_from_the_network, without_the_right,
    no_administrator, switched_off,
]  # fmt: skip
ALL_BY_DAY = (certificate_gone, denied_from_the_network, no_administrator)


def thumbprint_of(device: Device) -> str:
    """The certificate that the listener over HTTPS names."""
    return str(device.machine.state("winrm")["listeners"][0]["CertificateThumbprint"])


def put_right(device: Device, authority: Authority) -> None:
    """Somebody makes good what was taken away from the account and the listener."""
    accounts.set_up(device.machine)
    with device.machine.changing("secedit") as state:
        state["Privilege Rights"].update({DENY: ["Guest"], ACCESS: [f"*{accounts.ADMINISTRATORS}"]})
    listen_with(device, listener_certificate.install(device.machine, authority))


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, id=way.__name__, marks=[] if way in ALL_BY_DAY else [pytest.mark.full]) for way in OF_OTHERS],
)
def test_what_another_took_away_meanwhile_is_theirs_and_ours_is_back_in_its_time(
    device: Device, authority: Authority, way: Callable[[Device, Authority], str]
) -> None:
    before = device.firewall()
    close(device)
    why = way(device, authority)
    assert Door(device.machine).shut().startswith(why), "nobody could confirm"
    device.late()
    assert device.tasks.minute() == [0], device.left()
    assert (device.firewall(), device.state(), device.tasks.tasks()) == (before, "back", [])
    assert Door(device.machine).shut().startswith(why), "that is not Leeboard's to change"
    put_right(device, authority)
    assert Door(device.machine).shut() == "", "nothing else stands in the way"


def test_a_listener_that_we_came_by_unseen_is_on_again_when_its_time_is_over(device: Device) -> None:
    """We came over HTTP, between two questions when Windows was asked, while somebody else was there over HTTPS."""
    device.listen_over_http()
    ours, theirs = Door(device.machine, port=5985, basic=False), Door(device.machine)
    assert (ours.shut(), theirs.shut()) == ("", "")
    device.arm(PLAIN_OFF, driver="winrm")
    device.change(PLAIN_OFF, driver="winrm")
    assert (ours.shut(), theirs.shut()) == ("nothing listens", "")
    assert device.tasks.minute() == [0] and ours.shut(), "its time is not over"
    device.late()
    assert device.tasks.minute() == [0], device.left()
    assert (ours.shut(), theirs.shut(), device.state()) == ("", "", "back"), device.left()


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
    device.late()
    assert device.tasks.minute() == [0]
    assert (Door(device.machine).shut(), device.firewall()) == ("", before)


@pytest.mark.full
def test_a_put_back_that_is_ended_goes_on_a_minute_later(device: Device) -> None:
    before = device.firewall()
    without_our_port(device)
    device.late()
    ended = end_put_back(device.tasks, "Set-NetFirewallProfile", 3)
    assert (ended, device.state()) == (KILLED, "putting-back")
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
        ("user_right", [{"address": DENY, "value": [accounts.LOCAL]}], "whoever loses it could be cut off"),
        ("user_right", [{"address": ACCESS, "value": ["S-1-5-32-555"]}], "whoever loses it could be cut off"),
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
