"""drivers.yml and facts.yml say the same as the code that goes to the devices."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from leeboard.escrow.disks import readings
from leeboard.model.enums import Platform
from leeboard.policy.load import load
from leeboard.verdict.device_clock import DRIVERS as CLOCK

BASELINE = load()
ROOT = Path(__file__).parents[3]
DEVICE_CODE = "ansible_collections.leeboard.schools.plugins.module_utils._linux"
# The controller answers for these.
CONTROLLERS = {readings.DRIVER, readings.ON_WINDOWS, readings.DIRECTORY, *CLOCK.values()}


def built(platform: Platform) -> list[str]:
    """The drivers that devices of a platform have."""
    of_devices = ((name, one) for name, one in BASELINE.drivers.items() if name not in CONTROLLERS)
    return sorted(name for name, one in of_devices if one.state == "built" and one.platform is platform)


BUILT = built(Platform.LINUX)
# Near misses: what a grammar that is only nearly the same would judge otherwise.
NEAR = [
    "", "label", "label ", "labels", "motd", "motd-script", "TMOUT", "TMOUT#lock", "TMOUT#readonly", "other-shells",
    "/etc/issue", "/etc/issue.net", "/etc/issueXnet", "/etc/profile", "/etc/profile.d/*.sh", "/etc/../shadow", "/etc/",
    "/etc/a/..", "/etc/a/../b", "/etc/a.b", "/usr/bin/x", "/etc/a b", "/org", "/org/gnome/x", "/org/gnome/x#lock",
    "/org/gnome/x#locks", "gdm:/org/gnome/x", "sddm:/org/gnome/x", "/org//x", "/org/gnome/", "environment",
    "environments", "sshd:Banner", "sshd:Port", "systemd/logind.conf:Login.IdleAction", "systemd/logind.conf:Login",
    "gdm:daemon.AutomaticLoginEnable", "gdm:daemon.AutomaticLogin", "lightdm:Seat:*.greeter-hide-users", "pam", "pams",
    "lightdm:Seat:0.greeter-hide-users", "deny", "unlock_time", "without-password", "without_password", "label\n",
    "kscreenlockerrc:Daemon.Timeout", "kscreenlockerrc:Daemon.Timeout#immutable", "kscreenlockerrc:Daemon#immutable",
    "kscreenlockerrc:Greeter.Timeout", "kscreenlockerrc:Daemon.LockOnStart", "kdeglobals:Daemon.Timeout",
    "auditd:num_logs", "auditd:num_logs*max_log_file", "auditd:num_logs_max_log_file", "auditd:tcp_listen_port",
    "auditd:space_left", "auditd:space_left-admin_space_left", "auditd:", "sudo:logfile", "sudo:log_file", "audit-logs",
    "audit-log", "auditd:installed", "auditd", "lib32-x:installed", "auditd.service:enabled", "auditd.service",
    "getty@tty1.service:active", "systemd-fsck@dev-x\\x2d1.service:active", "auditd:active", "next:audit",
    "next:", "cmdline:audit", "cmdline:", "audit:pid", "audit:pids",
    "auditd:installed\n", "auditd.service:active\n", "audit:pid\n",
    "volumes", "volume", "key-files", "open-to-others", "open-to-all", "tpm", "tpm2", "iommu", "thunderbolt", "plain",
    "luks", "usb-storage", "loop",
    "profiles", "profile", "shared-secrets", "networkmanager", "only-loaded", "old-programs", "profiles\n",
    "saved-passwords", "saved",
    "PermitRootLogin", "permitrootlogin", "MaxStartups", "MaxStartups.begin", "MaxStartupsXbegin", "inbound-ipv4",
    "inbound-ipv5", "forward-ipv4", "desktop-sharing", "xrdp", "xrdp\n", "security_layer", "security-layer",
    "privileged", "privilege", "sudo-logs", "sudo-log", "locked", "-e 2", "-F path=/etc/x -F perm=wa", "-S open,close",
    "-w /etc/x", "-S  open", "-F path=/etc/x -p wa", "-C uid!=euid -S execve", "-F path=/etc/a b", "-F",
]  # fmt: skip


def device_code(name: str) -> ModuleType:
    """A file of the device's half."""
    return importlib.import_module(f"{DEVICE_CODE}.{name}")


DRIVERS = device_code("visit").DRIVERS


def takes(name: str, address: str) -> bool:
    """Whether the driver itself knows an address."""
    if name == "dconf":
        return address == "environment" or bool(device_code("dconf.sessions").ADDRESS.match(address))
    return bool(DRIVERS[name].ADDRESSES.match(address))


def test_the_same_drivers_are_built() -> None:
    assert sorted(DRIVERS) == BUILT


@pytest.mark.parametrize("name", BUILT)
def test_the_grammars_agree(name: str) -> None:
    own = [setting.address for one in BASELINE.controls for setting in one.settings if setting.driver == name]
    assert own
    grammar = re.compile(BASELINE.drivers[name].address)
    for address in {*own, *NEAR}:
        assert bool(grammar.fullmatch(address)) == takes(name, address), address


@pytest.mark.parametrize("name", BUILT)
def test_the_module_is_there(name: str) -> None:
    assert (ROOT / "plugins" / "modules" / f"{BASELINE.drivers[name].module}.py").is_file()


class Nothing:
    """A machine on which nothing is there."""

    def __getattr__(self, _name: str) -> object:
        raise FileNotFoundError


def test_the_facts_are_those_that_devices_give() -> None:
    known = {name for name, fact in BASELINE.facts.items() if Platform.LINUX in fact.platforms}
    assert set(device_code("facts").observe(Nothing())) == known


VISIT = ROOT / "plugins/module_utils/_windows/Visit.psm1"


def test_windows_has_the_same_drivers_and_their_modules() -> None:
    functions = re.findall(r"^    (\w+) = '(Read-Leeboard\w+)'$", VISIT.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _function in functions) == built(Platform.WINDOWS)
    modules = {BASELINE.drivers[name].module for name in built(Platform.WINDOWS)} - {None}
    for name in (f"{module}{end}" for module in modules for end in (".ps1", ".yml")):
        assert (ROOT / "plugins" / "modules" / name).is_file(), name


def test_what_an_action_changes_has_that_action() -> None:
    named = {action for driver in BASELINE.drivers.values() for action in driver.action.values()}
    assert named
    for name in named:
        assert (ROOT / "plugins" / "action" / f"{name}.py").is_file(), name


def test_the_devices_ask_for_a_checkpoint_where_the_plan_arms_one() -> None:
    risky = {name for name, driver in BASELINE.drivers.items() if driver.risk == "cut_off" and name in BUILT}
    assert risky == set(device_code("checkpoint.drivers").CUT_OFF)


def test_windows_asks_for_a_checkpoint_where_the_plan_arms_one() -> None:
    risky = {name for name in built(Platform.WINDOWS) if BASELINE.drivers[name].risk == "cut_off"}
    table = (VISIT.parent / "checkpoint/CutOff.psm1").read_text("utf-8")
    assert risky == set(re.findall(r"^    (\w+) = 'Get-Leeboard\w+Cover'$", table, re.MULTILINE))
