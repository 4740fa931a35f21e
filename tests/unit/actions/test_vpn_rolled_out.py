"""A roll-out of the school's VPN as a whole: certificate first, then the tunnel under a checkpoint, or neither.

The device is a double; what its own code does with certificates is in test_vpn_certificates.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.leeboard.schools.plugins.action import enforce as enforce_module
from ansible_collections.leeboard.schools.plugins.plugin_utils import cut_off as cut_off_module

from leeboard.model.device import device
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from tests.controls.cases import Case, alone
from tests.unit.actions.checkpoint_double import DoubleClock, OneModuleDevice
from tests.unit.actions.test_cut_off_enforced import action
from tests.unit.estate.vpn.declared import WIREGUARD, an_estate
from tests.unit.estate.vpn.test_of_school import the_school
from tests.unit.estate.vpn.test_wireguard import give_addresses

CONTROL = load().control("REM-01")
assert CONTROL is not None
BASELINE = alone(CONTROL)
CERTIFICATE, TUNNEL = "leeboard.schools.vpn_certificate", "leeboard.schools.vpn_tunnel"
WINDOWS_TUNNEL = "leeboard.schools.win_vpn_tunnel"
KEY = "leeboard.schools.vpn_wireguard_key"
BY_HAND = f"lt-1: {enforce_module.BY_HAND}"


class Laptop(OneModuleDevice):
    """A device without its tunnel, until its module makes it.

    `comes` says what becomes of its certificate.
    """

    system, module, place = "linux", TUNNEL, "vpn:tunnel"

    def __init__(self, folder: Path, comes: str, **more: Any) -> None:
        super().__init__(platform=self.system, **more)
        school = the_school(an_estate(folder))
        self.variables = {**school.device_variables(school.devices[0]), "leeboard_enforce": ["REM"]}
        self.variables["leeboard_platform"] = self.system
        self.read = device("lt-1", self.variables, tuple(load().parameters))
        self.baseline, self.wanted = BASELINE, resolve(BASELINE, self.read)
        self.comes, self.tunnel = comes, "none"

    @property
    def observation(self) -> Any:
        return Case("REM-01", {"name": "x", "readings": {self.place: self.tunnel}}).observation()

    def variable(self, name: str) -> Any:
        return self.variables.get(name)

    def takes(self, settings: list[dict[str, Any]]) -> None:
        self.tunnel = settings[0]["value"]


class WindowsLaptop(Laptop):
    """The same with Windows."""

    system, module, place = "windows", WINDOWS_TUNNEL, "vpn_connection:tunnel"
    facts: ClassVar[dict[str, Any]] = {}

    @property
    def observation(self) -> Any:
        readings = {self.place: self.tunnel, "vpn_connection:profiles": []}
        return Case("REM-01", {"name": "x", "facts": {"vpn": [], **self.facts}, "readings": readings}).observation()


WORK = "Work (to vpn.work.example) in rasphone.pbk"


class LaptopWithStray(WindowsLaptop):
    """The same with somebody's profile, which the school has taken away."""

    def __init__(self, folder: Path, comes: str, **more: Any) -> None:
        super().__init__(folder, comes, **more)
        self.variables["leeboard_vpn_profiles"] = "Work: the finance system is reached through it"
        self.read = device("lt-1", self.variables, tuple(load().parameters))
        self.wanted, self.written = resolve(BASELINE, self.read), dict[str, Any]()

    @property
    def observation(self) -> Any:
        readings = {self.place: self.tunnel, "vpn_connection:profiles": []}
        stray = [] if "machine-profiles" in self.written else ["Home (to vpn.stranger.example) in rasphone.pbk"]
        readings |= {"vpn_connection:machine-profiles": [*stray, WORK]}
        return Case("REM-01", {"name": "x", "facts": {"vpn": []}, "readings": readings}).observation()

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module != self.module:
            return super().ask(module, arguments)
        written = {one["address"]: one["value"] for one in arguments["settings"]}
        self.written |= written
        self.tunnel = written.get("tunnel", self.tunnel)
        return {"changed": True, "before": {}, "after": {}, "diff": []}


class Certificates:
    """A double of what brings certificates."""

    def __init__(self, visit: Laptop, variable: Any, changes: list[Any], replace: bool) -> None:
        assert variable["identity"] == "a-1.900001.leeboard.internal" and replace is False
        self._visit, self._changes = visit, changes
        self.ready = visit.comes in ("issued", "the old one stays", "is there")
        self.problems = ["vpn: the request is refused"] if visit.comes in ("refused", "the old one stays") else []
        self.remarks = ["lt-1: a VPN certificate would be issued"] if visit.comes == "would be issued" else []

    def bring(self) -> None:
        self._visit.order.append((CERTIFICATE, self._visit.state))
        if self._visit.comes in ("issued", "would be issued"):
            self._changes.append({"control": "REM-01", "driver": "vpn", "address": "certificate"})


class LaptopOfWireGuard(Laptop):
    """The same where the VPN is WireGuard: a key in the place of a certificate."""

    def __init__(self, folder: Path, comes: str, **more: Any) -> None:
        super().__init__(folder, comes, **more)
        estate = folder / "wireguard"
        estate.mkdir()
        file = an_estate(estate, WIREGUARD, more="level: sensitive\n")
        give_addresses(file)
        school = the_school(file, problems=1)  # another device's level asks for more
        self.variables |= school.own_variables(school.devices[0])
        self.read = device("lt-1", self.variables, tuple(load().parameters))
        self.wanted = resolve(BASELINE, self.read)


class Key:
    """A double of what has a device's key of WireGuard made, and asks its gateway."""

    def __init__(self, visit: Laptop, variable: Any, changes: list[Any]) -> None:
        assert variable["inner"] == ["10.99.0.2"]
        self._visit, self._changes = visit, changes
        self.ready, self.problems = visit.comes == "known", ["vpn: a copy"] if visit.comes == "a copy" else []
        self.remarks = ["lt-1: it waits"] if visit.comes == "waits" else []

    def bring(self) -> None:
        self._visit.order.append((KEY, self._visit.state))
        if self._visit.comes == "waits":
            self._changes.append({"control": "REM-01", "driver": "vpn", "address": "key"})


@pytest.fixture(autouse=True)
def doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enforce_module, "Certificates", Certificates)
    monkeypatch.setattr(enforce_module, "WireGuardKey", Key)


def rolled_out(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[str]]:
    """The outcome, and the warnings."""
    monkeypatch.setattr(cut_off_module, "Clock", laptop.clock)
    enforcing = action(laptop)
    enforcing._families, enforcing._waived = ["REM"], {}
    outcome = enforcing._bring(laptop)
    return outcome, enforcing._remarks


@pytest.mark.parametrize("kind", [Laptop, WindowsLaptop])
@pytest.mark.parametrize(
    ("comes", "made", "addresses", "problem"),
    [
        ("issued", True, ["certificate", "tunnel"], ""),
        ("is there", True, ["tunnel"], ""),
        ("the old one stays", True, ["tunnel"], "vpn: the request is refused"),
        ("refused", False, [], "vpn: the request is refused"),
    ],
)
def test_the_certificate_comes_first_and_the_tunnel_only_with_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Laptop],
    comes: str,
    made: bool,
    addresses: list[str],
    problem: str,
) -> None:
    laptop = kind(tmp_path, comes, clock=DoubleClock())
    outcome, remarks = rolled_out(laptop, monkeypatch)
    assert laptop.order == [(CERTIFICATE, "none"), *([(laptop.module, "armed")] if made else [])]
    assert BY_HAND not in remarks, "a roll-out that is no preview does not say it each time"
    assert laptop.state == ("confirmed" if made else "none")
    changes = json.loads(outcome["leeboard"])["changes"] if addresses else []
    assert [one["address"] for one in changes] == addresses and outcome["changed"] == bool(addresses)
    assert bool(outcome.get("failed")) == bool(problem) and (not problem or outcome["msg"] == problem)


@pytest.mark.parametrize(
    ("comes", "made", "addresses", "problem"),
    [("known", True, ["tunnel"], ""), ("waits", False, ["key"], ""), ("a copy", False, [], "vpn: a copy")],
)
def test_the_tunnel_of_wireguard_comes_only_when_its_gateway_knows_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comes: str, made: bool, addresses: list[str], problem: str
) -> None:
    laptop = LaptopOfWireGuard(tmp_path, comes, clock=DoubleClock())
    outcome, remarks = rolled_out(laptop, monkeypatch)
    assert laptop.order == [(KEY, "none"), *([(TUNNEL, "armed")] if made else [])]
    assert laptop.state == ("confirmed" if made else "none") and laptop.tunnel.startswith("wireguard:") is made
    changes = json.loads(outcome["leeboard"])["changes"] if addresses else []
    assert [one["address"] for one in changes] == addresses and outcome["changed"] == bool(addresses)
    assert outcome.get("msg", "") == problem and remarks == (["lt-1: it waits"] if comes == "waits" else [])


def test_a_preview_says_both_and_makes_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = Laptop(tmp_path, "would be issued", preview=True)
    outcome, remarks = rolled_out(laptop, monkeypatch)
    assert remarks == ["lt-1: a VPN certificate would be issued", "lt-1: then its VPN tunnel would be set up"]
    assert laptop.order == [(CERTIFICATE, "none")] and laptop.state == "none" and outcome["changed"]


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        ({"domain": {"unreadable": "failed", "why": "WMI does not answer"}}, ""),
        (
            {"domain": {"absent": "Win32_ComputerSystem"}},
            "; a device tunnel, which does, takes a member of a domain, and this device is in none",
        ),
        (
            {"domain": "school.example"},
            "; a device tunnel, which does, takes Windows Enterprise or Education, and Leeboard makes none",
        ),
        (
            {"domain": "school.example", "edition": "pro"},
            "; a device tunnel, which does, takes Windows Enterprise or Education, and this is Windows Pro",
        ),
    ],
)
def test_a_preview_for_windows_says_what_the_device_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], more: str
) -> None:
    laptop = WindowsLaptop(tmp_path, "would be issued", preview=True)
    laptop.facts = facts  # type: ignore[misc]
    _outcome, remarks = rolled_out(laptop, monkeypatch)
    assert "does not dial by itself" in BY_HAND and remarks[1:] == [
        BY_HAND + more,
        "lt-1: then its VPN tunnel would be set up",
    ]


@pytest.mark.parametrize("comes", ["issued", "refused"])
def test_strays_go_whatever_becomes_of_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    laptop = LaptopWithStray(tmp_path, comes, clock=DoubleClock())
    rolled_out(laptop, monkeypatch)
    assert laptop.written.pop("machine-profiles") == [WORK]
    assert list(laptop.written) == (["tunnel"] if comes == "issued" else [])


def test_who_has_no_vpn_and_who_is_only_reported_is_asked_for_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = Laptop(tmp_path, "issued")
    for variables, families in (({}, ["REM"]), (laptop.variables, ["LCK"])):
        laptop.variables, enforcing = variables, action(laptop)
        enforcing._families, enforcing._waived = families, {}
        assert enforcing._certified(laptop, laptop.clock.now()) is False
    assert laptop.order == []


def test_who_has_it_no_more_loses_the_tunnel_under_a_checkpoint_and_is_asked_for_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = Laptop(tmp_path, "issued", clock=DoubleClock())
    laptop.variables = {**laptop.variables, "leeboard_vpn": "none"}
    laptop.read = device("lt-1", laptop.variables, tuple(load().parameters))
    laptop.wanted = resolve(BASELINE, laptop.read)
    for tunnel in ("to:0.0.0.0/0 gateway:vpn.example-la.example", "left:/etc/swanctl/private/x.pem"):
        laptop.tunnel, laptop.order = tunnel, []
        rolled_out(laptop, monkeypatch)
        assert (laptop.order, laptop.tunnel) == ([(TUNNEL, "armed")], "none")
    laptop.order = []
    rolled_out(laptop, monkeypatch)
    assert laptop.order == []
