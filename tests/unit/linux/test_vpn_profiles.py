"""VPN profiles of NetworkManager that a school does not allow: found, taken away, undone, and never with their secrets.

What nmcli prints is from its manual page; no NetworkManager was run.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint.drivers import CUT_OFF
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.profiles import changes as profiles_changes
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.profiles import driver as profiles_driver
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.profiles import nm_profile
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import charon

from tests.unit.linux.folder import PASSWD, Answers, effective, folder

NM = "/etc/NetworkManager/system-connections"
RUN = "/run/NetworkManager/system-connections"
UUIDS = [f"bcb01d3c-677b-4980-9c0c-97972b70668{n}" for n in range(6)]
OFFICE, WG, LAN = f"{NM}/Head office.nmconnection", f"{NM}/wg.nmconnection", f"{NM}/lan.nmconnection"
TEXT = f"""# typed by ada: hunter2
[connection]
id=Head office
uuid={UUIDS[0]}
type=vpn

[vpn]
service-type=org.freedesktop.NetworkManager.openvpn
remote=vpn.example.sch.uk
key=/etc/openvpn/ada.key
cert-pass-flags=0
password-flags=0
static-challenge-code=hunter2
auth=SHA256

[vpn-secrets]
password=hunter2
cert-pass=hunter2
IPSec secret=hunter2

[ipv4]
method=auto
"""
KEEPS = f"""[connection]
id=Head office
uuid={UUIDS[0]}
type=vpn
[vpn]
service-type=org.freedesktop.NetworkManager.openvpn
remote=vpn.example.sch.uk
key=/etc/openvpn/ada.key
cert-pass-flags=0
password-flags=0
auth=SHA256
[ipv4]
method=auto
"""
KEY = "/hunter2hunter2hunter2hunter2hunter2hunter2=="
WIREGUARD = (
    f"[connection]\nid=wg\nuuid={UUIDS[1]}\ntype=wireguard\n[wireguard]\nprivate-key={KEY}\n"
    f"[wireguard-peer.PUBLICpublicPUBLICpublicPUBLICpublicPUBLICpu=]\nendpoint=192.0.2.1:51820\npreshared-key={KEY}\n"
)
PLAIN = f"[connection]\nid=lan\nuuid={UUIDS[2]}\ntype=ethernet\n"
MADE = f"{RUN}/netplan-NM-{UUIDS[3]}.nmconnection"
YAML = f"/etc/netplan/90-NM-{UUIDS[3]}.yaml"
BY_NETPLAN = TEXT.replace(UUIDS[0], UUIDS[3]).replace("Head office", "Made")
OF_A_PACKAGE = "/usr/lib/NetworkManager/system-connections/eduvpn.nmconnection"
STAYS = f"Head_office (openvpn) in {OFFICE}"


class Manager(Answers):
    """A machine with NetworkManager; `up` are the connections that are up."""

    def __init__(self, up: list[str] | None = None, stubborn: bool = False, runs: bool = True) -> None:
        self.up, self.stubborn, self.ran = list(up or []), stubborn, list[str]()
        super().__init__(
            {
                "RUNNING general": Completed(0, "running\n" if runs else "not running\n", ""),
                "--active": lambda _argv: Completed(0, "".join(f"{one}\n" for one in self.up), ""),
                "xfrm policy": Completed(0, "", ""),
            }
        )

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        if argv[:2] == ["sh", "-c"]:
            self.ran.append(argv[2])
            self.up = [one for one in self.up if one not in argv[2] or self.stubborn]
            return Completed(0, "", "")
        return super().__call__(argv, input, timeout, environment)


def machine(root: Path, runner: Manager | None = None, more: dict[str, str | None] | None = None) -> Host:
    files = {OFFICE: TEXT, WG: WIREGUARD, LAN: PLAIN, "/usr/bin/nmcli": "", "/etc/passwd": PASSWD, **(more or {})}
    host = folder(root, files, runner or Manager())
    for path in (OFFICE, WG, LAN):
        (root / path.lstrip("/")).chmod(0o600)
    return host


def change(*stay: str) -> list[dict[str, Any]]:
    return [{"address": "networkmanager", "value": list(stay)}]


def strays(host: Host) -> Any:
    host.forget()
    return effective(profiles_driver, host, "networkmanager")["value"]


@pytest.fixture(autouse=True)
def under_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """It is armed; the paths that were asked about."""
    asked: set[str] = set()
    monkeypatch.setattr(armed, "require", lambda _host, _driver, _run, paths: asked.update(paths))
    return asked


@pytest.fixture(autouse=True)
def nobody_came(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nobody came by SSH, unless a test says through which device."""

    def through(*devices: str, policy: str = "") -> None:
        monkeypatch.setattr(profiles_changes, "ours", lambda _host: frozenset(devices))
        monkeypatch.setattr(profiles_changes, "we_come_by_a_tunnel", lambda _host: policy)

    through()
    return through


def test_each_file_with_a_vpn_is_named_and_nothing_else(tmp_path: Path) -> None:
    more: dict[str, str | None] = {MADE: BY_NETPLAN, OF_A_PACKAGE: TEXT.replace("Head office", "A: b")}
    assert strays(machine(tmp_path, more=more)) == [
        STAYS, f"wg (wireguard) in {WG}", f"Made (openvpn) in {MADE}", f"A_b (openvpn) in {OF_A_PACKAGE}",
    ]  # fmt: skip
    assert strays(folder(tmp_path / "none")) == []


def test_those_that_are_not_allowed_go_and_come_back_without_their_secrets(
    tmp_path: Path, under_a_checkpoint: set[str]
) -> None:
    runner = Manager(up=[UUIDS[0]])
    host = machine(tmp_path, runner)
    covered = profiles_driver.cover(host, change())
    checked = apply(profiles_driver, host, change(), "run", check=True)
    assert checked["changed"] and len(strays(host)) == 2 and runner.ran == []
    done = apply(profiles_driver, host, change(), "run")
    assert (done["diff"], strays(host)) == (checked["diff"], [])
    assert host.exists(LAN) and under_a_checkpoint == {OFFICE, WG} == set(covered.files)
    assert [f"down uuid {UUIDS[0]}" in runner.ran[0], runner.ran[1:]] == [True, [nm_profile.RELOAD[2]]]
    assert [one.argv[-1] for one in covered.commands[1:]] == [UUIDS[0]]
    journal = Path(host.path(done["journal"])).read_text()
    contents = [base64.b64decode(one["before"]["content"]) for one in json.loads(journal.splitlines()[0])["files"]]
    for secret in (b"hunter2", base64.b64encode(b"hunter2")[:8], b"hunter2".hex().encode()):
        assert secret not in b"".join(contents) + json.dumps(done).encode() + journal.encode()
    assert contents[0].decode() == KEEPS
    assert apply(profiles_driver, host, change(), "again")["changed"] is False
    outcome = undo(host, "run", "undone")
    assert Path(host.path(OFFICE)).read_text() == KEEPS and "hunter2" not in json.dumps(outcome)
    assert (tmp_path / OFFICE.lstrip("/")).stat().st_mode & 0o7777 == 0o600
    assert {one["target"]: one["why"] for one in outcome["left"]} == dict.fromkeys(
        [OFFICE, WG], "it comes back without its passwords and keys, which no journal keeps"
    )
    assert runner.ran[-1] == nm_profile.RELOAD[2]


def test_what_the_school_allows_stays(tmp_path: Path) -> None:
    host = machine(tmp_path)
    apply(profiles_driver, host, change(STAYS), "run")
    assert strays(host) == [STAYS] and Path(host.path(OFFICE)).read_text() == TEXT


def test_a_profile_of_netplan_goes_with_its_source_and_an_undo_says_that_it_cannot(tmp_path: Path) -> None:
    host = machine(tmp_path, more={MADE: BY_NETPLAN, YAML: "network: {hunter2: 1}\n"})
    done = apply(profiles_driver, host, change(), "run")
    assert not host.exists(MADE) and not host.exists(YAML)
    journal = Path(host.path(done["journal"])).read_text()
    assert base64.b64encode(b"network: {hunter2")[:16].decode() not in journal and "hunter2" not in json.dumps(done)
    left = {one["target"]: one["why"] for one in undo(host, "run", "undone")["left"]}
    assert left[YAML] == left[MADE] == "it was taken away with the secret in it, which no journal keeps"


def link(host: Host) -> None:
    Path(host.path(OFFICE)).rename(host.path("/etc/elsewhere"))
    Path(host.path(OFFICE)).symlink_to(host.path("/etc/elsewhere"))


@pytest.mark.parametrize(
    ("more", "make", "words"),
    [
        ({OF_A_PACKAGE: TEXT, OFFICE: PLAIN}, None, "belongs to a package"),
        ({MADE: BY_NETPLAN, OFFICE: PLAIN}, None, f"not from {YAML}"),
        (
            {f"{RUN}/netplan-wg0.nmconnection": WIREGUARD, OFFICE: PLAIN},
            None,
            "made by netplan from a file of somebody",
        ),
        ({}, link, "is a symbolic link"),
    ],
)
def test_what_cannot_go_stays_and_is_named(tmp_path: Path, more: dict[str, str | None], make: Any, words: str) -> None:
    host = machine(tmp_path, more=more)
    Path(host.path(WG)).unlink()
    if make:
        make(host)
    before = strays(host)
    with pytest.raises(ChangeRefused, match=words):
        apply(profiles_driver, host, change(), "run")
    assert strays(host) == before and len(before) == 1
    Path(host.path(WG)).write_text(WIREGUARD)
    host.forget()
    done = apply(profiles_driver, host, change(), "run")
    assert words in done["warnings"][0] and strays(host) == before


@pytest.mark.parametrize(
    ("device", "files", "policy", "refused"),
    [
        ("eth0", {"/sys/class/net/eth0/type": "1\n"}, "", False),
        ("tun0", {"/sys/class/net/tun0/type": "65534\n"}, "", True),
        ("tap0", {"/sys/class/net/tap0/type": "1\n", "/sys/class/net/tap0/tun_flags": "0x1002\n"}, "", True),
        ("ppp0", {"/sys/class/net/ppp0/type": "512\n"}, "", True),
        ("eth0", {"/sys/class/net/eth0/type": "1\n"}, "10.99.0.1/32 to 0.0.0.0/0", True),
    ],
)
def test_the_profile_that_we_come_by_stays(
    tmp_path: Path, nobody_came: Any, device: str, files: dict[str, str | None], policy: str, refused: bool
) -> None:
    nobody_came(device, policy=policy)
    host = machine(tmp_path, Manager(up=[UUIDS[0]]), files)
    done = apply(profiles_driver, host, change(), "run")
    assert strays(host) == ([STAYS] if refused else [])
    assert ("which may be its; come by another way" in str(done.get("warnings"))) is refused


def test_what_stays_up_is_put_back(tmp_path: Path) -> None:
    host = machine(tmp_path, Manager(up=[UUIDS[0]], stubborn=True))
    with pytest.raises(ChangeRefused, match=f"NetworkManager has {UUIDS[0]} up still; .* put back"):
        apply(profiles_driver, host, change(), "run")
    assert Path(host.path(OFFICE)).read_text() == TEXT and len(strays(host)) == 2


def test_where_networkmanager_does_not_run_files_go_all_the_same(tmp_path: Path) -> None:
    host = machine(tmp_path, Manager(up=[UUIDS[0]], runs=False))
    apply(profiles_driver, host, change(), "run")
    assert strays(host) == []


@pytest.mark.parametrize("given", [None, "none", [1], {"a": 1}])
def test_only_a_list_of_texts_can_be_asked_for(tmp_path: Path, given: Any) -> None:
    host = machine(tmp_path)
    with pytest.raises(ChangeRefused, match="a list of texts"):
        profiles_driver.dry_run(host, [{"address": "networkmanager", "value": given}])
    with pytest.raises(ChangeRefused, match="only read"):
        profiles_driver.dry_run(host, [{"address": "only-loaded", "value": []}])
    assert len(strays(host)) == 2


def test_it_is_changed_under_a_checkpoint_only() -> None:
    assert CUT_OFF["vpn_profiles"] is profiles_driver
    assert profiles_driver.cover(Host(), [{"address": "networkmanager", "value": None}]).files == ()


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("remote=vpn.example.sch.uk", True), ("user-cert=/home/ada/ada.pem", True), ("key=/home/ada/ada.key", True),
        ("Password-flags=2", True), ("password-flags=hunter2", False), ("key=hunter2", False), ("otp-seed=x", False),
        ("PSK=hunter2", False), ("private-key=/etc/x", False), ("opaque=" + "A1b2" * 12, False), ("#hunter2", False),
        ("gateway=" + "\xff", True), ("no pair", False),
    ],
)  # fmt: skip
def test_what_the_journal_has_of_a_profile(line: str, stays: bool) -> None:
    kept = nm_profile.without_secrets(f"[vpn]\n{line}\n[802-1x]\nidentity=ada\n".encode())
    assert kept.decode() == f"[vpn]\n{line}\n" if stays else kept == b"[vpn]\n"


def test_bytes_that_are_no_text_are_not_kept() -> None:
    assert nm_profile.without_secrets(b"[vpn]\nremote=\xff\n") == b"[vpn]\n"


def test_a_connection_that_charon_alone_has_is_named(tmp_path: Path) -> None:
    events = "".join(
        f"list-conn event {{\n  {name} {{\n    version = IKEv2\n    local-1 {{\n      class = public key\n    }}\n"
        "  }\n}\n"
        for name in ("leeboard", "office", "written")
    )
    answers = Answers(
        {
            "--list-conns": Completed(0, f"{events}list-conns reply {{\n}}\n", ""),
            "--list-sas": Completed(0, "list-sas reply {\n}\n", ""),
        }
    )
    files = {
        "/etc/swanctl/swanctl.conf": "connections {\n  written {\n    version = 2\n  }\n}\n",
        charon.SOCKET: "",
    }
    host = folder(tmp_path, files, answers)
    for path in (tmp_path / "etc/swanctl/swanctl.conf", tmp_path / "etc/swanctl"):
        os.utime(path, (1, 1))
    assert effective(profiles_driver, host, "only-loaded")["value"] == ["office"]
    assert effective(profiles_driver, folder(tmp_path / "none"), "only-loaded")["value"] == []
