"""The packages of programs for PPTP and L2TP, and when they may not be taken away. What ip prints was seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import our_devices
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.profiles import old_packages, others

from tests.unit.linux.folder import Answers, effective, folder

ADDRESSES = json.dumps(
    [
        {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1"}]},
        {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "192.0.2.2"}]},
        {"ifname": "ppp0", "addr_info": [{"family": "inet", "local": "10.9.0.2"}]},
    ]
)


def machine(root: Path, device: str, addresses: str = ADDRESSES, status: int = 0) -> Answers:
    return Answers(
        {
            "addr show": Completed(status, addresses, "ip: no"),
            "route get": Completed(0, json.dumps([{"dst": "198.51.100.9", "dev": device}]), ""),
        }
    )


def came(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    found = CameBy("198.51.100.9", 999, own, 22) if own else None
    monkeypatch.setattr(our_devices, "came_by", lambda _host: found)


def test_programs_and_packages_are_one_list(tmp_path: Path) -> None:
    host = folder(tmp_path, dict.fromkeys(others.PROGRAMS, ""))
    assert effective(vpn, host, "old-programs")["value"] == list(others.PROGRAMS)
    assert old_packages.installed(host) == sorted(others.PROGRAMS.values())
    assert old_packages.installed(folder(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("own", "leaves_by", "refused"),
    [("", "ppp0", False), ("192.0.2.2", "eth0", False), ("192.0.2.2", "ppp0", True), ("10.9.0.2", "eth0", True)],
)
def test_what_we_come_through_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, leaves_by: str, refused: bool
) -> None:
    came(monkeypatch, own)
    found = old_packages.refusal(folder(tmp_path, {}, machine(tmp_path, leaves_by)))
    assert bool(found) is refused
    assert not refused or found.startswith("we come through ppp0")


@pytest.mark.parametrize(("printed", "status"), [("{", 0), ("{}", 0), ("[1]", 0), ("", 1)])
def test_what_ip_does_not_say_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, status: int
) -> None:
    came(monkeypatch, "192.0.2.2")
    with pytest.raises(HostError, match="ip -j addr"):
        old_packages.refusal(folder(tmp_path, {}, machine(tmp_path, "eth0", printed, status)))
