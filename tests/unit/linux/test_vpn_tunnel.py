"""The school's own tunnel: its words, what is written, and what is made of it by other files and by charon.

What swanctl prints was captured from charon-systemd 6.0.1 with this very connection. Tunnels: tests/vm/test_vpn.py.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.loading import loading
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import again as tunnel_again
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import conf as tunnel_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import words as tunnel_words
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import stacks
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.tunnel import changes as tunnel_changes

from tests.unit.linux.folder import Answers, effective, folder
from tests.vm.authority import CLIENT, Authority

AUTHORITY = Authority()
NAME = "lt-014.school.example"
CERTIFICATE, KEY = AUTHORITY.issue(NAME, CLIENT)
TEXT = (
    f"authority:{AUTHORITY.sha256} esp:aes256gcm16-ecp384 "
    "gateway:vpn.school.example@192.0.2.1,2001:db8:1::1 identity:lt-014.school.example "
    "ike:aes256gcm16-prfsha384-ecp384 to:0.0.0.0/0 to:::/0"
)
WANTED = tunnel_words.parse(TEXT)
assert WANTED is not None
OURS = tunnel_conf.conf(WANTED)
THERE = {
    tunnel_conf.CONF: OURS,
    tunnel_conf.OPTIONS: tunnel_conf.OPTIONS_TEXT,
    tunnel_conf.NETWORKD: tunnel_conf.NETWORKD_TEXT,
    **tunnel_again.TEXTS,
}
MAIN = "connections {\n}\ninclude conf.d/*.conf\n"
LOADED = """list-conn event {
  leeboard {
    local_addrs = [
      %any
    ]
    remote_addrs = [
      192.0.2.1
      2001:db8:1::1
    ]
    version = IKEv2
    local-1 {
      id = lt-014.school.example
      class = public key
    }
    remote-1 {
      id = vpn.school.example
      class = public key
      cacerts = [
        CN=Test authority
      ]
    }
    children {
      leeboard {
        mode = TUNNEL
        local-ts = [
          dynamic
        ]
        remote-ts = [
          0.0.0.0/0
          ::/0
        ]
      }
      leeboard-no-ipv6 {
        mode = DROP
        local-ts = [
          2000::/3
        ]
        remote-ts = [
          2000::/3
        ]
      }
    }
  }
}
list-conns reply {
}
"""
RULES = "0:\tfrom all lookup local \n220:\tfrom all lookup 220 \n32766:\tfrom all lookup main \n"
BEFORE = [[*tunnel_changes.LOAD_NETWORKD], ["systemctl", "daemon-reload"], [*tunnel_again.LOAD]]
RELOAD, RESTART = (["systemctl", verb, "strongswan.service"] for verb in ("reload", "restart"))
PAIR = {"/etc/swanctl/x509/a.pem": CERTIFICATE, "/etc/swanctl/private/a.pem": KEY}
FILES = {
    "/etc/swanctl/swanctl.conf": MAIN,
    f"/etc/swanctl/x509ca/leeboard-{AUTHORITY.sha256}.pem": AUTHORITY.certificate,
    "/usr/sbin/charon-systemd": "",
    "/run/systemd/system/x": "",
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    **PAIR,
}


def openssl(argv: list[str], given: str) -> Completed:
    """The real one: a double of it would say what the code hopes."""
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    return Completed(done.returncode, done.stdout, done.stderr)


class Charon(Answers):
    """A machine whose charon, a double, says `loaded` to --list-conns; openssl is the real one."""

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        if argv[0] == "openssl":
            return openssl(argv, input)
        return super().__call__(argv, input, timeout, environment)


def machine(
    root: Path,
    files: dict[str, str | None] | None = None,
    loaded: str = LOADED,
    rules6: str = RULES,
    timer: str = "active",
) -> Host:
    shown = (
        "Id={}\nLoadState=loaded\nActiveState={}\nUnitFileState=enabled\nStateChangeTimestamp=@4102444800\nMainPID=1\n"
    )

    def show(argv: list[str]) -> Completed:
        units = [word for word in argv if word.endswith(".service")]
        said = [shown.format(unit, "active" if unit == stacks.UNIT else "inactive") for unit in units]
        return Completed(0, "\n".join(said), "")

    runner = Charon(
        {
            "ip -4 rule show": Completed(0, RULES, ""),
            "ip -6 rule show": Completed(0, rules6, ""),
            "show --timestamp=unix": show,
            "--list-conns": Completed(0, loaded, ""),
            "--list-sas": Completed(0, "list-sas reply {\n}\n", ""),
            "is-active leeboard-vpn-again.timer": Completed(3 * (timer != "active"), f"{timer}\n", ""),
        }
    )
    return folder(root, {**FILES, "/run/charon.vici": "", **(files or {})}, runner)


def written(root: Path, files: dict[str, str | None] | None = None, loaded: str = LOADED) -> dict[str, Any]:
    """The reading where our file is there."""
    host = machine(root, {**THERE, **(files or {})}, loaded)
    return vpn.observe(host, ["tunnel"])["tunnel"]


def change(text: str = TEXT) -> list[dict[str, Any]]:
    return [{"address": "tunnel", "value": text}]


@pytest.fixture(autouse=True)
def nobody_came(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Nobody came by SSH, unless a test says to which address."""

    def came(own: str) -> None:
        monkeypatch.setattr(tunnel_changes, "came_by", lambda _host: CameBy("192.0.2.9", 999, own, 22))

    monkeypatch.setattr(tunnel_changes, "came_by", lambda _host: None)
    return came


def test_the_words_come_back_as_they_were_whatever_their_order() -> None:
    assert WANTED is not None
    assert tunnel_words.text(WANTED) == TEXT
    assert tunnel_words.parse(" ".join(reversed(TEXT.split()))) == WANTED
    assert tunnel_words.parse("none") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "is no text"),
        ("", "the tunnel has no gateway"),
        (TEXT.replace("esp:", "psk:"), "says nothing of a tunnel"),
        (TEXT.replace("vpn.school.example", "vpn;rm"), "is no name such as"),
        (TEXT.replace("192.0.2.1", "192.0.2.1}"), "is no address"),
        (TEXT.replace("aes256gcm16-ecp384 ", "aes256{ "), "is no proposal"),
        (TEXT.replace("to:0.0.0.0/0", "to:0.0.0.1/0"), "is no network"),
        (TEXT + " gateway:two.school.example", "there is one tunnel at a time"),
        (TEXT + " authority:abc", "is no SHA-256"),
        (TEXT + " revocation:no", "revocation is relaxed or strict"),
    ],
)
def test_what_is_no_tunnel_is_refused_before_anything_else(tmp_path: Path, given: Any, words: str) -> None:
    host = machine(tmp_path)
    with pytest.raises(ChangeRefused, match=words):
        vpn.dry_run(host, change(given))
    assert not host.exists(tunnel_conf.CONF)


def test_what_is_written_reads_as_what_was_asked_for(tmp_path: Path) -> None:
    found = written(tmp_path)
    assert found["effective"]["value"] == TEXT
    assert found["running"]["value"] == TEXT


def test_a_gateway_without_addresses_is_called_by_its_name() -> None:
    named = tunnel_words.parse(TEXT.replace("@192.0.2.1,2001:db8:1::1", ""))
    assert named is not None
    assert "remote_addrs = vpn.school.example\n" in tunnel_conf.conf(named)
    assert "remote_addrs = 192.0.2.1, 2001:db8:1::1\n" in OURS


def test_a_machine_without_it_has_none(tmp_path: Path) -> None:
    host = machine(tmp_path, loaded="list-conns reply {\n}\n")
    (tmp_path / f"etc/swanctl/x509ca/leeboard-{AUTHORITY.sha256}.pem").unlink()
    assert effective(vpn, host, "tunnel")["state"] == "absent"
    assert effective(vpn, folder(tmp_path / "empty"), "tunnel")["state"] == "absent"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("connections { leeboard { proposals = default\n} }\n", "ike:default"),
        ("connections { leeboard { remote { id = %any\n} } }\n", "gateway:%any"),
        ("connections { leeboard { remote { revocation = ifuri\n} } }\n", "revocation:ifuri"),
        ("connections { leeboard { version = 0\n} }\n", "changed:version@/etc/swanctl/conf.d/zz.conf,1"),
        ("connections { leeboard { children { leeboard { start_action = none\n} } } }\n", "leeboard.start_action"),
        ("connections { leeboard { remote2 { auth = psk\n} } }\n", "changed:remote2.auth@"),
        ("connections { leeboard { children { all { mode = pass\nremote_ts = ::/0\n} } } }\n", "children.all.mode@"),
    ],
)  # fmt: skip
def test_a_later_file_that_goes_on_with_our_connection_is_seen_and_refused(tmp_path: Path, text: str, key: str) -> None:
    found = written(tmp_path, {"/etc/swanctl/conf.d/zz.conf": text})
    assert key in found["effective"]["value"] and found["effective"]["value"] != TEXT
    with pytest.raises(ChangeRefused, match=r"would still be changed by .*@/etc/swanctl/conf\.d/zz\.conf,1"):
        vpn.dry_run(machine(tmp_path), change())
    assert (tmp_path / "etc/swanctl/conf.d/leeboard.conf").read_text() == OURS


def test_an_earlier_file_changes_nothing_and_an_include_that_is_gone_is_seen(tmp_path: Path) -> None:
    earlier = {"/etc/swanctl/conf.d/aa.conf": "connections { leeboard { proposals = default\n} }\n"}
    assert written(tmp_path, earlier)["effective"]["value"] == TEXT
    other = written(tmp_path / "other", {"/etc/swanctl/swanctl.conf": "connections {\n}\n"})
    assert other["running"] == {
        "state": "value", "value": "none", "type": "string",
        "source": "/etc/swanctl/conf.d/leeboard.conf is not read by swanctl",
    }  # fmt: skip
    with pytest.raises(ChangeRefused, match=r"put back its line include conf\.d"):
        vpn.dry_run(machine(tmp_path / "other", {"/etc/swanctl/swanctl.conf": "connections {\n}\n"}), change())


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("  leeboard {", "  others {", "charon has not loaded leeboard"),
        ("version = IKEv2", "version = IKEv1/2", "(version)"),
        ("      id = vpn.school.example\n", "", "(the gateway's name)"),
        ("        CN=Test authority\n", "", "(the authorities)"),
        ("          ::/0\n", "", "(what goes through it)"),
        ("    children {\n", "    remote-2 {\n      class = pre-shared key\n    }\n    children {\n", "(another round"),
        ("mode = DROP", "mode = PASS", "(what its child leeboard-no-ipv6 does)"),
        ("mode = TUNNEL", "mode = TRANSPORT", "(what its child leeboard does)"),
    ],
)
def test_what_charon_has_otherwise_is_no_tunnel_that_runs(tmp_path: Path, before: str, after: str, what: str) -> None:
    assert before in LOADED
    found = written(tmp_path, loaded=LOADED.replace(before, after, 1))
    assert found["effective"]["value"] == TEXT
    assert found["running"]["value"] == "none" and what in found["running"]["source"]


def test_a_rule_that_networkd_took_away_is_seen_and_charon_makes_it_again(tmp_path: Path) -> None:
    # Seen on Debian 13: `networkctl reload` takes away the rule of charon, whose tunnel stays up and carries nothing.
    host = machine(tmp_path, {**THERE}, rules6=RULES.replace("220:\tfrom all lookup 220 \n", ""))
    found = vpn.observe(host, ["tunnel"])["tunnel"]
    assert found["running"]["value"] == "none"
    assert "no rule of the kernel leads IPv6 to charon's routes (table 220)" in found["running"]["source"]
    assert vpn.dry_run(host, change()).commands[-1] == ["systemctl", "restart", "strongswan.service"]


def test_a_charon_that_does_not_run_has_none(tmp_path: Path) -> None:
    host = folder(tmp_path, {**FILES, tunnel_conf.CONF: OURS}, Charon({}))
    found = vpn.observe(host, ["tunnel"])["tunnel"]
    assert (found["running"]["value"], found["running"]["source"]) == ("none", "charon does not run")


def test_a_roll_out_writes_and_loads_it_once(tmp_path: Path) -> None:
    plan = vpn.dry_run(machine(tmp_path), change())
    edits = {edit.path: edit.after for edit in plan.edits}
    assert edits == {path: text.encode() for path, text in THERE.items()}
    assert plan.commands == [*BEFORE, RESTART]  # new options
    plan = vpn.dry_run(machine(tmp_path, {**THERE}), change())
    assert [edit for edit in plan.edits if edit.before != edit.after] == [] and plan.commands == []


def test_what_was_not_loaded_is_loaded_again(tmp_path: Path) -> None:
    host = machine(tmp_path, {**THERE}, LOADED.replace("IKEv2", "IKEv1"))
    assert vpn.dry_run(host, change()).commands == [*BEFORE, RELOAD]


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("/usr/sbin/charon-systemd", "charon-systemd and strongswan-swanctl are not installed"),
        pytest.param(
            f"/etc/swanctl/x509ca/leeboard-{AUTHORITY.sha256}.pem", "the certificates come first", id="authority"
        ),
        ("/etc/swanctl/x509/a.pem", f"this device has no certificate for {NAME}"),
        ("/etc/swanctl/private/a.pem", "has no key in /etc/swanctl/private"),
        ("/run/systemd/system/x", "systemd does not run"),
    ],
)
def test_what_the_tunnel_hangs_on_comes_first(tmp_path: Path, missing: str, words: str) -> None:
    host = machine(tmp_path)
    path = tmp_path / missing.lstrip("/")
    path.unlink()
    if missing.startswith("/run"):
        path.parent.rmdir()
    with pytest.raises(ChangeRefused, match=words):
        vpn.dry_run(host, change())
    assert not host.exists(tunnel_conf.CONF)


def test_whoever_came_by_global_ipv6_is_not_cut_off(tmp_path: Path, nobody_came: Callable[[str], None]) -> None:
    nobody_came("2001:db8:9::5")
    with pytest.raises(ChangeRefused, match="we came to 2001:db8:9::5"):
        vpn.dry_run(machine(tmp_path), change())
    some = TEXT.replace(" to:0.0.0.0/0 to:::/0", " to:10.0.0.0/8")
    assert vpn.dry_run(machine(tmp_path), change(some)).edits
    nobody_came("fe80::5%eth0")
    assert vpn.dry_run(machine(tmp_path), change()).edits


def test_only_the_tunnel_is_written(tmp_path: Path) -> None:
    with pytest.raises(ChangeRefused, match="only the school's own tunnel is written"):
        vpn.dry_run(machine(tmp_path), [{"address": "profiles", "value": []}])


def test_an_undo_has_charon_load_what_is_there_again(tmp_path: Path) -> None:
    assert loading(machine(tmp_path), [tunnel_conf.CONF]) == ([RELOAD], [])


@pytest.mark.parametrize("path", tunnel_again.TEXTS)
def test_what_begins_a_refused_tunnel_again_counts_as_well(tmp_path: Path, path: str) -> None:
    for root, is_gone in ((tmp_path / "gone", True), (tmp_path / "changed", False)):
        host = machine(root, {**THERE, path: f"{tunnel_again.TEXTS[path]}#\n"})
        if is_gone:
            (root / path.lstrip("/")).unlink()
        assert f"changed:again@{path},1" in effective(vpn, host, "tunnel")["value"].split()
        plan = vpn.dry_run(host, change())
        assert [edit.path for edit in plan.edits if edit.before != edit.after] == [path]
        assert plan.commands == [*BEFORE, RELOAD]
    assert loading(machine(tmp_path), [path])[0][:2] == [BEFORE[1], BEFORE[2]]


def test_a_timer_that_somebody_stopped_is_seen_and_started_again(tmp_path: Path) -> None:
    host = machine(tmp_path, {**THERE}, timer="inactive")
    found = vpn.observe(host, ["tunnel"])["tunnel"]
    assert found["running"]["value"] == "none" and "that was refused stays down" in found["running"]["source"]
    assert vpn.dry_run(host, change()).commands == [*BEFORE, RELOAD]


@pytest.mark.parametrize(
    ("shown", "begun"),
    [
        ("", True),
        ("leeboard: #1, CONNECTING, IKEv2\n", False),
        ("leeboard: #1, ESTABLISHED, IKEv2\n  leeboard: #2, reqid 1, INSTALLED, TUNNEL\n", False),
        ("leeboard: #1, ESTABLISHED, IKEv2\n", True),  # the gateway refused what was to go through it
    ],
)
def test_the_timers_command_begins_what_is_not_there(tmp_path: Path, shown: str, begun: bool) -> None:
    """The line itself, as systemd takes it apart; swanctl is a double that says `shown` and writes what it was told."""
    line = tunnel_again.SERVICE_TEXT.replace("\\\n", " ").partition("ExecStart=-")[2].partition("\n")[0]
    (tmp_path / "swanctl").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\nprintf "%s" "{shown}"\n')
    (tmp_path / "swanctl").chmod(0o755)
    subprocess.run(shlex.split(line), env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    told = (tmp_path / "told").read_text().splitlines()
    assert told == ["--list-sas --ike leeboard", *(["--initiate --child leeboard --timeout 60"] if begun else [])]
