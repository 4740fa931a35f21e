"""Taking the school's own tunnel away from a device that has the VPN no more: all of it, the key last."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import again as tunnel_again
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import conf as tunnel_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import names as tunnel_names
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import stacks
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.tunnel import cover as tunnel_cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.tunnel import gone as tunnel_gone

from tests.unit.linux.folder import folder
from tests.unit.linux.test_vpn_tunnel import AUTHORITY, CERTIFICATE, FILES, KEY, LOADED, TEXT, THERE, Charon

PAIR = "leeboard-vpn-0123456789abcdef.pem"
CERT_FILE, KEY_FILE = f"/etc/swanctl/x509/{PAIR}", f"/etc/swanctl/private/{PAIR}"
AUTHORITY_FILE = f"/etc/swanctl/x509ca/leeboard-{AUTHORITY.sha256}.pem"
WAITS = "/var/lib/leeboard/vpn/next.key"
NONE = [{"address": "tunnel", "value": "none"}]
OTHERS = {  # of the school's own VPN, made by hand
    "/etc/swanctl/x509/a.pem": CERTIFICATE,
    "/etc/swanctl/private/a.pem": KEY,
    "/etc/swanctl/x509ca/school.pem": AUTHORITY.certificate,
    "/etc/swanctl/x509ca/leeboard-note.pem": "",
    "/etc/swanctl/swanctl.conf": "connections {\n}\ninclude conf.d/*.conf\n",
}
OURS = {
    **THERE,
    tunnel_names.RULES: tunnel_names.rules(("10.0.0.53",)),
    tunnel_names.LOADER: tunnel_names.LOADER_TEXT,
    CERT_FILE: CERTIFICATE,
    KEY_FILE: KEY,
    WAITS: KEY,
    AUTHORITY_FILE: AUTHORITY.certificate,
    "/etc/swanctl/x509crl/leeboard.pem": "a list\n",
}
WITHHELD = [CERT_FILE, KEY_FILE, WAITS]
BY_HAND = "connections { office { version = 2\n remote_addrs = 192.0.2.9\n} }\n"
SHOWN = "Id={}\nLoadState=loaded\nActiveState={}\nUnitFileState=enabled\nStateChangeTimestamp=@4102444800\nMainPID=1\n"
OFF = [["systemctl", verb, stacks.UNIT] for verb in ("stop", "disable")]
STATES = {
    True: "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n",
    False: "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n",
}
NO_CONNS = "list-conns reply {\n}\n"


class Laptop(Charon):
    """A machine on which commands do what they are for, as far as anybody looks afterwards."""

    def __init__(self, loaded: bool = True, stays: bool = False) -> None:
        self.loaded, self.stays, self.ran = loaded, stays, list[list[str]]()
        self.on = True
        super().__init__(
            {
                "show --timestamp=unix": self._show,
                "show -p": lambda _argv: Completed(0, STATES[self.on], ""),
                "--list-conns": lambda _argv: Completed(0, LOADED if self.loaded else NO_CONNS, ""),
                "--list-sas": Completed(0, "list-sas reply {\n}\n", ""),
                "rule show": Completed(0, "220:\tfrom all lookup 220 \n", ""),
                "xfrm policy": Completed(0, "", ""),
            }
        )

    def _show(self, argv: list[str]) -> Completed:
        units = [word for word in argv if word.endswith(".service")]
        return Completed(0, "\n".join(SHOWN.format(one, "active" if self.on else "inactive") for one in units), "")

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        change = argv[0] == "systemctl" and argv[1] != "show"
        if change or argv[0] == "sh":
            self.ran.append(argv)
            if argv[-1] == stacks.UNIT:
                self.loaded = self.stays
                self.on = argv[1] not in ("disable", "stop")
            return Completed(0, "", "")
        return super().__call__(argv, input, timeout, environment)


def laptop(root: Path, files: dict[str, str | None] | None = None, runner: Laptop | None = None) -> Host:
    plain = {path: text for path, text in FILES.items() if path != AUTHORITY_FILE}
    given: dict[str, str | None] = {**plain, **OTHERS, "/run/charon.vici": "", **(OURS if files is None else files)}
    return folder(root, given, runner or Laptop())


@pytest.fixture(autouse=True)
def under_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """It is armed, and covers what the driver asked to have covered; the paths that were asked about."""
    asked: list[str] = []

    def require(host: Host, _driver: str, _run: str, paths: list[str]) -> None:
        asked.extend(paths)

    monkeypatch.setattr(armed, "require", require)
    return asked


def there(host: Host) -> set[str]:
    """All files but what the machine is and what the journal has."""
    root = Path(host.root)
    found = {f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith(("/var/lib/leeboard/journal", "/run", "/usr", "/etc/passwd"))}


def reading(host: Host) -> Any:
    host.forget()
    return vpn.observe(host, ["tunnel"])["tunnel"]["effective"]


def test_all_of_ours_goes_and_nothing_else(tmp_path: Path, under_a_checkpoint: list[str]) -> None:
    runner = Laptop()
    host = laptop(tmp_path, runner=runner)
    covered = tunnel_cover.cover(host, NONE)
    checked = apply(vpn, host, NONE, "run", check=True)
    assert (checked["changed"], there(host)) == (True, {*OTHERS, *OURS})
    done = apply(vpn, host, NONE, "run")
    assert done["diff"] == checked["diff"]
    assert (there(host), reading(host)["state"]) == ({*OTHERS}, "absent")
    assert set(under_a_checkpoint) <= set(covered.files) and covered.units == (stacks.UNIT,)
    assert runner.ran[-2:] == OFF
    assert [*tunnel_again.LOAD] in runner.ran
    assert [*tunnel_names.LOAD] in runner.ran and [*tunnel_conf.LOAD_NETWORKD] in runner.ran
    assert apply(vpn, host, NONE, "again")["changed"] is False


def test_the_key_is_the_last_that_goes(tmp_path: Path) -> None:
    paths = [edit.path for edit in vpn.dry_run(laptop(tmp_path), NONE).edits]
    assert paths[-3:] == WITHHELD and set(paths) == {*OURS}


def test_no_key_is_in_the_journal_or_the_diff_in_any_form(tmp_path: Path) -> None:
    host = laptop(tmp_path)
    done = apply(vpn, host, NONE, "run")
    journal = Path(host.path(done["journal"])).read_text()
    for secret in (KEY, CERTIFICATE):
        body = "".join(secret.split("-----")[2].split())
        for form in (body, body[:40], base64.b64encode(secret.encode()).decode()[:60], secret.encode().hex()[:60]):
            assert form not in journal + json.dumps(done)
    assert json.loads(journal.splitlines()[0])["withheld"] == WITHHELD
    assert {one["after"] for one in done["diff"] if one["before_header"] in WITHHELD} == {"# taken away\n"}


def test_an_undo_brings_the_rest_back_and_says_what_it_cannot(tmp_path: Path) -> None:
    runner = Laptop()
    host = laptop(tmp_path, runner=runner)
    apply(vpn, host, NONE, "run")
    host.forget()
    outcome = undo(host, "run", "undone")
    assert there(host) == {*OTHERS, *OURS} - {*WITHHELD}
    assert [argv[1:] for argv in runner.ran[-2:]] == [["enable", stacks.UNIT], ["start", stacks.UNIT]]
    left = {one["target"]: one["why"] for one in outcome["left"]}
    assert left == dict.fromkeys(WITHHELD, "it was taken away with the secret in it, which no journal keeps")


def test_somebody_elses_connection_keeps_its_charon(tmp_path: Path) -> None:
    runner = Laptop()
    host = laptop(tmp_path, {**OURS, "/etc/swanctl/conf.d/office.conf": BY_HAND}, runner)
    apply(vpn, host, NONE, "run")
    assert runner.ran[-2:] == [["systemctl", "reload", stacks.UNIT], [*tunnel_cover.END]]
    assert host.exists("/etc/swanctl/conf.d/office.conf")


def test_files_that_nobody_can_read_keep_charon_running(tmp_path: Path) -> None:
    host = laptop(tmp_path, {**OURS, "/etc/swanctl/conf.d/broken.conf": "connections {\n"})
    assert ["systemctl", "reload", stacks.UNIT] in tunnel_gone.plan(host).commands


@pytest.mark.parametrize(
    "left",
    [CERT_FILE, KEY_FILE, WAITS, AUTHORITY_FILE, tunnel_conf.OPTIONS, tunnel_names.RULES],
    ids=["certificate", "key", "waiting", "authority", "options", "names"],  # the authority's name is of a random key
)
def test_what_a_broken_off_removal_left_is_seen_and_ended(tmp_path: Path, left: str) -> None:
    host = laptop(tmp_path, {left: OURS[left]}, Laptop(loaded=False))
    assert reading(host)["value"] == f"left:{left}"
    apply(vpn, host, NONE, "run")
    assert (there(host), reading(host)["state"]) == ({*OTHERS}, "absent")


def test_a_connection_that_charon_has_still_is_ended(tmp_path: Path) -> None:
    runner = Laptop()
    host = laptop(tmp_path, {}, runner)
    assert reading(host)["value"] == "left:charon"
    apply(vpn, host, NONE, "run")
    assert runner.ran == OFF


def test_a_machine_that_never_had_one_is_left_alone(tmp_path: Path) -> None:
    host = laptop(tmp_path, {}, Laptop(loaded=False))
    assert (reading(host)["state"], vpn.dry_run(host, NONE).commands) == ("absent", [])
    assert apply(vpn, host, NONE, "run")["changed"] is False


def test_what_does_not_go_is_put_back_key_and_all(tmp_path: Path) -> None:
    host = laptop(tmp_path, runner=Laptop(stays=True))
    with pytest.raises(ChangeRefused, match=r"the tunnel is still there: left:charon; .* put back"):
        apply(vpn, host, NONE, "run")
    assert there(host) == {*OTHERS, *OURS}
    assert Path(host.path(KEY_FILE)).read_text() == KEY
    body = "".join(KEY.split("-----")[2].split())[:40]
    journal = Path(host.path("/var/lib/leeboard/journal/run.jsonl")).read_text()
    contents = [one["before"].get("content", "") for line in journal.splitlines() for one in json.loads(line)["files"]]
    assert body not in "".join(base64.b64decode(one).decode().replace("\n", "") for one in contents)


def test_who_comes_through_a_tunnel_does_not_lose_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "we_come_by_a_tunnel", lambda _host: "10.99.0.1/32 to 0.0.0.0/0")
    with pytest.raises(ChangeRefused, match="we come through a tunnel"):
        vpn.dry_run(laptop(tmp_path), NONE)


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    host = laptop(tmp_path)
    Path(host.path(KEY_FILE)).unlink()
    Path(host.path(KEY_FILE)).symlink_to("a.pem")
    with pytest.raises(ChangeRefused, match="is a symbolic link"):
        vpn.dry_run(host, NONE)
    with pytest.raises(ChangeRefused, match="is a symbolic link"):
        tunnel_cover.cover(host, NONE)


def test_a_tunnel_that_stays_has_no_copy_of_its_key_made(tmp_path: Path) -> None:
    covered = tunnel_cover.cover(laptop(tmp_path), [{"address": "tunnel", "value": TEXT}])
    assert covered.files == tunnel_conf.FILES
