"""The school's own tunnel of WireGuard: its words, what is written, and what the kernel has of it.

What `ip` prints was captured beside wg-quick of wireguard-tools 1.0.20210914 with this very file and a tunnel of
wireguard-go, in namespaces of their own. A tunnel of the kernel's: tests/vm/test_vpn_wireguard.py.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.loading import loading
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import conf as tunnel_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.tunnel import cover as tunnel_cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import changes as wireguard_changes
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import conf as wireguard_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import profiles as wireguard
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import words as wireguard_words

from tests.unit.estate.vpn.declared import GATEWAY_KEY, OTHER_KEY
from tests.unit.linux.folder import PASSWD, Answers, folder
from tests.unit.linux.test_vpn_tunnel import TEXT as BY_IKEV2
from tests.wireguard_tools import wg

SOME = f"inner:10.99.0.2 key:{GATEWAY_KEY} port:51820 to:10.20.0.0/16 wireguard:vpn.school.example@192.0.2.1"
ALL = (
    f"dns:10.20.0.53 inner:10.99.0.2 key:{GATEWAY_KEY} port:51821 to:0.0.0.0/0 to:::/0 "
    "wireguard:vpn.school.example@2001:db8::1"
)
BOTH = (
    f"dns:10.20.0.53,2001:db8::53 inner:10.99.0.2 inner:2001:db8:99::2 key:{GATEWAY_KEY} port:51821 to:0.0.0.0/0 "
    "to:::/0 wireguard:vpn.school.example@192.0.2.1"
)
CONF, KEY_FILE, UNIT = wireguard_conf.CONF, wireguard_conf.KEY_FILE, wireguard_conf.UNIT
UP = "/sys/class/net/leeboard/uevent"
WANTS = f"/etc/systemd/system/multi-user.target.wants/{UNIT}"
SECRET = "cGxhbnRlZCBzZWNyZXQgb2YgYSBkZXZpY2Uga2V5IQ="  # of no key that is used anywhere
FILES = {
    "/usr/bin/wg": "", "/usr/bin/wg-quick": "", "/usr/sbin/nft": "", "/run/systemd/system/x": "", "/etc/passwd": PASSWD,
    "/usr/lib/systemd/system/wg-quick@.service": "", KEY_FILE: SECRET,
}  # fmt: skip
ROUTES = {
    SOME: ([{"dst": "10.20.0.0/16", "scope": "link"}, {"type": "local", "dst": "10.99.0.2", "table": "local"}], []),
    ALL: ([{"dst": "default", "table": "51820", "scope": "link"}],
          [{"dst": "default", "table": "51820"}, {"dst": "fe80::/64"}]),
}  # fmt: skip
RULES = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 32765, "not": None, "src": "all", "fwmark": "0xca6c", "table": "51820"},
]


def listed(words: str, without: str = "") -> str:
    """What nft lists of our table, as far as anybody looks, but for a chain."""
    chains = wireguard_conf.chains(wireguard_words.parse(words))
    rules = [{"rule": {"chain": name}} for name, (_hook, those) in chains.items() for _one in those if name != without]
    return json.dumps({"nftables": [{"metainfo": {}}, *({"chain": {"name": name}} for name in chains), *rules]})


class Laptop(Answers):
    """A machine on which commands do what they are for, as far as anybody looks afterwards. `ran` has those that change
    something."""

    def __init__(self, root: Path, words: str = SOME, **more: Completed | Callable[[list[str]], Completed]) -> None:
        self.root, self.ran = root, list[list[str]]()
        peer = wireguard_words.parse(words)
        four, six = ROUTES.get(words, ROUTES[ALL])
        given = {name.replace("_", " "): answer for name, answer in more.items()}
        plain: dict[str, Completed | Callable[[list[str]], Completed]] = {
            "wg show leeboard allowed-ips": Completed(0, f"{peer.key}\t{' '.join(peer.to)}\n", ""),
            "wg show leeboard peers": Completed(0, f"{peer.key}\n", ""),
            "ip -j -4 route": Completed(0, json.dumps(four), ""),
            "ip -j -6 route": Completed(0, json.dumps(six), ""),
            "rule show": Completed(0, json.dumps(RULES), ""),
            "nft -j list table": Completed(0, listed(words), ""),
            "unshare": Completed(0, listed(words), ""),
            "wg pubkey": Completed(0, f"{OTHER_KEY}\n", ""),
            "show -p": Completed(0, "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n", ""),
        }
        super().__init__({**given, **{words: answer for words, answer in plain.items() if words not in given}})

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        name = "enable" if argv[:2] == ["systemctl", "enable"] else "load" if argv == [*wireguard_conf.LOAD] else ""
        ends = [wireguard_changes.WAIT, [*tunnel_conf.LOAD_NETWORKD]]
        if argv in ends or argv[:2] == ["systemctl", "disable"] or name:
            self.ran.append(argv)
            if name == "enable":
                link(self.root)
            if name == "load" and (self.root / CONF.lstrip("/")).exists():
                folder(self.root, {UP: "DEVTYPE=wireguard\nINTERFACE=leeboard\n"})
            elif name == "load":
                (self.root / UP.lstrip("/")).unlink(missing_ok=True)
                (self.root / UP.lstrip("/")).parent.rmdir()
            elif argv[1] == "disable":
                (self.root / WANTS.lstrip("/")).unlink()
            return Completed(0, "", "")
        return super().__call__(argv, input, timeout, environment)


def link(root: Path) -> None:
    path = root / WANTS.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/usr/lib/systemd/system/wg-quick@.service")


def laptop(root: Path, files: dict[str, str | None] | None = None, words: str = SOME, **more: Any) -> Host:
    host = folder(root, {**FILES, **(files or {})}, Laptop(root, words, **more))
    (root / KEY_FILE.lstrip("/")).chmod(0o600)
    return host


def with_tunnel(root: Path, words: str = SOME, files: dict[str, str | None] | None = None, **more: Any) -> Host:
    there = {CONF: wireguard_conf.conf(wireguard_words.parse(words)), UP: "DEVTYPE=wireguard\n"}
    there[tunnel_conf.NETWORKD] = tunnel_conf.NETWORKD_TEXT
    host = laptop(root, {**there, **(files or {})}, words, **more)
    link(root)
    return host


def change(words: str = SOME) -> list[dict[str, Any]]:
    return [{"address": "tunnel", "value": words}]


def reading(host: Host) -> dict[str, Any]:
    host.forget()
    return vpn.observe(host, ["tunnel"])["tunnel"]


@pytest.fixture(autouse=True)
def under_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """It is armed, and covers what the driver asked to have covered; nobody came by SSH."""
    asked: list[str] = []
    monkeypatch.setattr(armed, "require", lambda _host, _driver, _run, paths: asked.extend(paths))
    monkeypatch.setattr(wireguard_changes, "came_by", lambda _host: None)
    return asked


@pytest.mark.parametrize("words", [SOME, ALL, BOTH])
def test_the_words_come_back_as_they_were_whatever_their_order(words: str) -> None:
    assert wireguard_words.text(wireguard_words.parse(words)) == words
    assert wireguard_words.parse(" ".join(reversed(words.split()))) == wireguard_words.parse(words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (SOME.replace("port:", "psk:"), "says nothing of a tunnel"),
        (SOME.replace("51820", "0"), "is no port"),
        (SOME.replace("51820", "65536"), "is no port"),
        (SOME.replace("vpn.school", "vpn$(id)"), "is no name such as"),
        (SOME.replace("@192.0.2.1", ""), "is no address"),
        (SOME.replace("192.0.2.1", "192.0.2.1'"), "is no address"),
        (SOME.replace(GATEWAY_KEY, GATEWAY_KEY[:-1]), "no key of WireGuard"),
        (SOME.replace("10.20.0.0/16", "10.20.0.1/16"), "is no network"),
        (SOME.replace("10.20.0.0/16", "0.0.0.0/0"), "the other would go past the tunnel"),
        (SOME.replace("10.20.0.0/16", "192.0.2.0/24"), "would be led into the tunnel"),
        (SOME.replace("10.20.0.0/16", "2001:db8:5::/48"), "no address of its own to speak to"),
        (f"{SOME} dns:10.20.0.53", "for everything only"),
        (f"{SOME} inner:10.99.0.3", "one address of a family"),
        (f"{SOME} key:{OTHER_KEY}", "it has one key"),
        (SOME.replace("inner:10.99.0.2 ", ""), "the tunnel has no inner"),
    ],
)
def test_what_is_no_tunnel_is_refused_before_anything_else(tmp_path: Path, given: str, words: str) -> None:
    host = laptop(tmp_path)
    with pytest.raises(ChangeRefused, match=words.replace("(", "\\(")):
        vpn.dry_run(host, change(given))
    assert not host.exists(CONF) and host._runner.ran == []


# What is written


def test_the_file_has_no_key_and_wg_takes_it(tmp_path: Path) -> None:
    conf = wireguard_conf.conf(wireguard_words.parse(BOTH))
    assert "PrivateKey" not in conf and "PresharedKey" not in conf
    assert f"PostUp = wg set %i private-key {KEY_FILE} peer {GATEWAY_KEY} persistent-keepalive 25\n" in conf
    file = tmp_path / "leeboard.conf"
    file.write_text(conf)
    file.chmod(0o600)
    assert wg("quick", "strip", str(file)).strip().splitlines()[1:] == [
        "[Interface]", "FwMark = 51820", "", "[Peer]", f"PublicKey = {GATEWAY_KEY}", "Endpoint = 192.0.2.1:51821",
        "AllowedIPs = 0.0.0.0/0, ::/0",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "missing"), [(SOME, ["IPv4", "IPv6"]), (ALL, []), (BOTH, [])])
def test_the_check_of_all_profiles_reads_it_as_what_it_is(tmp_path: Path, words: str, missing: list[str]) -> None:
    """REM-01 to REM-04 judge ours as any other of wg-quick: its protocol, its proof, and what goes past it."""
    host = folder(tmp_path, {CONF: wireguard_conf.conf(wireguard_words.parse(words))})
    (profile,) = wireguard.profiles(host)
    assert (profile.protocol, profile.authentication, profile.stored) == ("wireguard", ["key"], [])
    (tunnel,) = profile.tunnels
    assert tunnel.notes == [] and profile.initiates
    families = {"0.0.0.0/0": "IPv4", "::/0": "IPv6"}
    assert [name for selector, name in families.items() if selector not in tunnel.to] == missing


def test_it_is_written_and_what_is_there_is_left_alone(tmp_path: Path, under_a_checkpoint: list[str]) -> None:
    host = laptop(tmp_path)
    covered = tunnel_cover.cover(host, change())
    checked = apply(vpn, host, change(), "run", check=True)
    assert checked["changed"] and not host.exists(CONF)
    done = apply(vpn, host, change(), "run")
    assert done["diff"] == checked["diff"]
    runner: Any = host._runner
    told = [*tunnel_conf.LOAD_NETWORKD]
    assert runner.ran == [told, ["systemctl", "enable", UNIT], [*wireguard_conf.LOAD], wireguard_changes.WAIT]
    assert "ManageForeignRoutingPolicyRules=no" in host.read(tunnel_conf.NETWORKD).decode()
    assert stat.S_IMODE(os.stat(host.path(CONF)).st_mode) == 0o600
    found = reading(host)
    assert found["effective"]["value"] == SOME == found["running"]["value"]
    assert {*under_a_checkpoint} <= {*covered.files} and covered.units == (UNIT,)
    runner.ran.clear()
    again = apply(vpn, host, change(), "run")
    assert not again["changed"] and runner.ran == []
    # The key was made before, and no journal, diff or file of ours but its own has it.
    assert SECRET not in json.dumps(done)
    journal = tmp_path / done["journal"].lstrip("/")
    assert SECRET not in journal.read_text() and holders(tmp_path) == [KEY_FILE]


def holders(root: Path) -> list[str]:
    """Files that hold the key."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [f"/{path.relative_to(root)}" for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("files", "words", "why"),
    [
        ({KEY_FILE: None}, SOME, "the key comes first"),
        ({"/usr/bin/wg-quick": "GONE"}, SOME, "wireguard-tools is not installed"),
        ({"/usr/sbin/nft": "GONE"}, ALL, "nftables is not installed"),
        ({tunnel_conf.CONF: ""}, SOME, "has the school's tunnel by IKEv2; take it away first"),
        ({UP: ""}, SOME, "an interface leeboard that Leeboard did not make"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    tmp_path: Path, files: dict[str, str | None], words: str, why: str
) -> None:
    given = {**FILES, **{path: text for path, text in files.items() if text != "GONE"}}
    given = {path: text for path, text in given.items() if files.get(path) != "GONE"}
    host = folder(tmp_path, given, Laptop(tmp_path, words))
    if files.get(KEY_FILE, "") is not None:
        (tmp_path / KEY_FILE.lstrip("/")).chmod(0o600)
    with pytest.raises(ChangeRefused, match=why):
        vpn.dry_run(host, change(words))
    assert not host.exists(CONF)


def test_a_key_that_others_could_have_read_is_none(tmp_path: Path) -> None:
    host = laptop(tmp_path)
    (tmp_path / KEY_FILE.lstrip("/")).chmod(0o640)
    with pytest.raises(ChangeRefused, match="others could have read it"):
        vpn.dry_run(host, change())


def test_no_tunnel_by_ikev2_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ChangeRefused, match="the school's tunnel by WireGuard; take it away first"):
        vpn.dry_run(with_tunnel(tmp_path), change(BY_IKEV2))


# What the kernel has of it

ALLOWED = "wg_show_leeboard_allowed-ips"
NO_TABLE = Completed(1, "", "Error: No such file or directory\nlist table inet leeboard_wireguard\n")


@pytest.mark.parametrize(
    ("words", "answers", "files", "why"),
    [
        (SOME, {}, {UP: "GONE"}, "the kernel has no interface leeboard"),
        (SOME, {}, {KEY_FILE: "GONE"}, "the device has no key for it"),
        (SOME, {ALLOWED: f"{OTHER_KEY}\t10.20.0.0/16\n"}, {}, "other peers than the school's"),
        (SOME, {ALLOWED: f"{GATEWAY_KEY}\t10.20.0.0/16\n{OTHER_KEY}\t(none)\n"}, {}, "other peers"),
        (SOME, {ALLOWED: f"{GATEWAY_KEY}\t10.20.0.0/24\n"}, {}, "takes 10.20.0.0/24 from and to"),
        (SOME, {"ip_-j_-4_route": "[]"}, {}, "no route of the kernel leads 10.20.0.0/16 into leeboard"),
        (ALL, {"ip_-j_-6_route": "[]"}, {}, "no route of the kernel leads ::/0 into leeboard"),
        (ALL, {"ip_-j_-4_rule": json.dumps(RULES[:1])}, {}, "no rule of the kernel leads IPv4"),
        (ALL, {"nft_-j_list_table": None}, {}, "no rules that keep all else in the tunnel"),
        (ALL, {"nft_-j_list_table": listed(ALL, without="past")}, {}, "leeboard_wireguard is not as /etc/wireguard"),
        (ALL, {"nft_-j_list_table": listed(ALL).replace("past", "away")}, {}, "is not as /etc/wireguard"),
    ],
)  # fmt: skip
def test_a_tunnel_that_is_not_whole_is_seen_and_loaded_again(
    tmp_path: Path, words: str, answers: dict[str, str | None], files: dict[str, str], why: str
) -> None:
    given: Any = {name: Completed(0, text, "") if text is not None else NO_TABLE for name, text in answers.items()}
    host = with_tunnel(tmp_path, words, **given)
    for path in files:
        (tmp_path / path.lstrip("/")).unlink()
        if path == UP:
            (tmp_path / path.lstrip("/")).parent.rmdir()
    found = reading(host)
    assert found["effective"]["value"] == words
    assert found["running"]["value"] == "none" and why in found["running"]["source"], found["running"]
    if KEY_FILE not in files:
        assert vpn.dry_run(host, change(words)).commands == [[*wireguard_conf.LOAD], wireguard_changes.WAIT]


@pytest.mark.parametrize(
    "answer", [Completed(0, "[]", ""), Completed(0, "", ""), Completed(1, "", "Operation not permitted")]
)
def test_what_nft_does_not_tell_is_no_drift(tmp_path: Path, answer: Completed) -> None:
    more: Any = {"nft_-j_list_table": answer}
    assert reading(with_tunnel(tmp_path, ALL, **more))["effective"]["state"] == "unreadable"


def test_what_does_not_start_with_the_machine_is_seen(tmp_path: Path) -> None:
    host = with_tunnel(tmp_path)
    (tmp_path / WANTS.lstrip("/")).unlink()
    assert "does not start with the machine" in reading(host)["running"]["source"]


@pytest.mark.parametrize(
    "changed",
    [
        "# by hand\n", "[Peer]\nPublicKey = x\n", "PostUp = ip route add default dev eth0\n",
    ],
)  # fmt: skip
def test_a_file_that_somebody_changed_is_drift_and_written_again(tmp_path: Path, changed: str) -> None:
    host = with_tunnel(tmp_path)
    path = tmp_path / CONF.lstrip("/")
    whole = path.read_text()
    path.write_text(whole + changed)
    assert reading(host)["effective"]["value"].split() == [f"changed:{CONF}", *SOME.split()]
    plan = vpn.dry_run(host, change())
    assert {edit.path: edit.after for edit in plan.edits}[CONF] == whole.encode()
    path.write_text("[Interface]\n")
    assert reading(host)["effective"]["value"] == f"changed:{CONF}"


# It goes


def test_all_of_it_goes_and_the_key_is_in_no_journal(tmp_path: Path, under_a_checkpoint: list[str]) -> None:
    host = with_tunnel(tmp_path)
    covered = tunnel_cover.cover(host, change("none"))
    assert {CONF, KEY_FILE} <= {*covered.files}
    done = apply(vpn, host, change("none"), "run")
    runner: Any = host._runner
    assert runner.ran == [
        [*wireguard_conf.LOAD], [*tunnel_conf.LOAD_NETWORKD], ["systemctl", "disable", UNIT],
    ]  # fmt: skip
    assert not host.exists(tunnel_conf.NETWORKD)
    assert reading(host)["effective"]["state"] == "absent" and {*under_a_checkpoint} <= {*covered.files}
    assert holders(tmp_path) == [] and SECRET not in json.dumps(done)
    assert not apply(vpn, host, change("none"), "run")["changed"]
    undone = undo(host, "run", "another")
    assert host.exists(CONF) and not host.exists(KEY_FILE)
    assert SECRET not in json.dumps(undone, default=str)


def test_a_key_that_was_left_alone_is_named_and_goes(tmp_path: Path) -> None:
    host = laptop(tmp_path)
    assert reading(host)["effective"]["value"] == f"left:{KEY_FILE}"
    apply(vpn, host, change("none"), "run")
    assert reading(host)["effective"]["state"] == "absent" and host._runner.ran == []


def test_who_comes_through_it_does_not_take_it_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = with_tunnel(tmp_path)
    monkeypatch.setattr(wireguard_changes, "came_by", lambda _host: CameBy("10.20.0.9", 999, "10.99.0.2", 22))
    with pytest.raises(ChangeRefused, match=r"through the tunnel that is to go \(10.99.0.2\)"):
        vpn.dry_run(host, change("none"))
    assert host.exists(CONF) and host.exists(KEY_FILE)


def test_an_undo_loads_what_is_there_then(tmp_path: Path) -> None:
    host = with_tunnel(tmp_path)
    assert loading(host, [CONF])[0] == [[*wireguard_conf.LOAD]]
    undone = tunnel_cover.cover(host, [{"address": "tunnel", "value": None}])
    assert UNIT in undone.units and wireguard_conf.LOAD in [one.argv for one in undone.commands]
