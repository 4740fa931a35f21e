"""What Leeboard writes for sshd and what it refuses, with the real sshd in a private copy of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import driver as sshd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import our_file

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.own import run
from tests.unit.linux.sshd_people import INCLUDE, MAIN, OURS, PEOPLE, by_key
from tests.unit.linux.test_sshd_keywords import FILES, shown, sshd_says

HIGH = {
    "PermitRootLogin": "no", "PermitEmptyPasswords": "no", "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no", "PubkeyAuthentication": "yes", "PermitUserEnvironment": "no",
    "MaxAuthTries": 4, "ClientAliveCountMax": 3, "LoginGraceTime": 60, "ClientAliveInterval": 300,
    "ChannelTimeout": 300, "MaxStartups.begin": 10, "MaxStartups.rate": 30, "MaxStartups.full": 60,
}  # fmt: skip
WORST = (
    "PermitRootLogin yes\nPermitEmptyPasswords yes\nPubkeyAuthentication no\nPermitUserEnvironment yes\n"
    "MaxAuthTries 20\nLoginGraceTime 0\nClientAliveCountMax 0\n"
)
SETUP = """
def written(wanted):
    "Write what the dry run says without a checkpoint, which has tests of its own; what was refused, or the commands."
    try:
        result = sshd.dry_run(Host(), [{"address": address, "value": value} for address, value in wanted.items()])
    except ChangeRefused as problem:
        return str(problem)
    for edit in result.edits:
        write(Host(), edit)
    return result.commands

def values(addresses):
    return {address: effective(sshd, address).get("value") for address in addresses}
"""


def machine(tmp_path: Path, files: dict[str, str], script: str, came: str = by_key("ada")) -> dict[str, Any]:
    """What `script` leaves in `found` on a private machine with `files`, to which somebody came as `came` says."""
    begin = f"""
import shutil
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import write
shutil.rmtree("{MAIN}.d", ignore_errors=True)
os.makedirs("{MAIN}.d")
for path, text in {{**{PEOPLE!r}, "{MAIN}": {INCLUDE!r}, "/etc/default/ssh": "", **{files!r}}}.items():
    put(path, text)
"""
    return run(tmp_path, begin + came + SETUP + script, "sshd")  # type: ignore[no-any-return]


def refused(tmp_path: Path, files: dict[str, str], wanted: dict[str, Any], came: str = by_key("ada")) -> str:
    """The words of a refusal, which left every file below /etc/ssh as it was."""
    script = f"""
def tree():
    return {{str(path): path.read_bytes().hex() for path in pathlib.Path("/etc/ssh").rglob("*") if path.is_file()}}
before = tree()
found["said"], found["same"] = written({wanted!r}), tree() == before
"""
    found = machine(tmp_path, files, script, came)
    assert found["same"] is True
    assert isinstance(found["said"], str), "it was not refused"
    return found["said"]


def test_all_of_it_is_written_and_then_nothing_more(tmp_path: Path) -> None:
    script = f"""
found["before"] = values({HIGH!r})
found["first"], found["after"] = written({HIGH!r}), values({HIGH!r})
found["text"], found["mode"] = pathlib.Path("{OURS}").read_text(), oct(os.stat("{OURS}").st_mode)
os.makedirs("/run/sshd")
asked = ["/usr/sbin/sshd", "-T", "-C", "user=root,host=x,addr=10.9.8.7,laddr=10.9.8.1,lport=22"]
said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
found["root"] = [line for line in said if line.split()[0] in ("permitrootlogin", "maxstartups", "channeltimeout")]
found["second"] = [len(sshd.dry_run(Host(), [{{"address": "MaxAuthTries", "value": 4}}]).edits), written({HIGH!r})]
"""
    found = machine(tmp_path, {MAIN: f"{INCLUDE}{WORST}"}, script)
    assert found["before"] != HIGH
    assert found["after"] == HIGH
    assert found["first"] == []
    assert sorted(found["root"]) == ["channeltimeout session*=300", "maxstartups 10:30:60", "permitrootlogin no"]
    assert found["second"] == [0, []]
    assert (found["text"].splitlines()[1], found["mode"]) == ("PermitRootLogin no", "0o100644")


def test_the_banner_and_the_keywords_share_one_file(tmp_path: Path) -> None:
    script = f"""
put("{OURS}", "# somebody's note\\nDebianBanner no\\n")
found["banner"] = change(dropin, "sshd:Banner", "/etc/issue.net")
found["tries"] = written({{"MaxAuthTries": 4}})
found["other banner"] = change(dropin, "sshd:Banner", "/etc/issue")
found["fewer"] = written({{"MaxAuthTries": 3}})
found["text"] = pathlib.Path("{OURS}").read_text()
"""
    found = machine(tmp_path, {}, script)
    assert (found["banner"], found["other banner"], found["tries"], found["fewer"]) == (True, True, [], [])
    assert found["text"].splitlines()[1:] == [
        "Banner /etc/issue", "MaxAuthTries 3", "# somebody's note", "DebianBanner no",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "line"),
    [
        pytest.param("", "channeltimeout session*=300", id="nothing"),
        pytest.param("ChannelTimeout session=300\n", "channeltimeout session*=300", id="as the manual has it"),
        pytest.param("ChannelTimeout *=0 agent-connection=1m\n", "channeltimeout session*=300 agent-connection=1m",
                     id="for ever"),
        pytest.param("ChannelTimeout agent-connection=1m session*=1h\n",
                     "channeltimeout session*=300 agent-connection=1m", id="other channels stay"),
    ],
)  # fmt: skip
def test_idle_sessions_end_and_limits_of_other_channels_stay(tmp_path: Path, before: str, line: str) -> None:
    script = """
found["said"] = written({"ChannelTimeout": 300})
found["value"] = values(["ChannelTimeout"])
os.makedirs("/run/sshd")
said = subprocess.run(["/usr/sbin/sshd", "-T"], capture_output=True, text=True, check=True).stdout
found["line"] = next(line for line in said.splitlines() if line.startswith("channeltimeout"))
"""
    found = machine(tmp_path, {MAIN: INCLUDE + before}, script)
    assert found == {"said": [], "value": {"ChannelTimeout": 300}, "line": line}


def test_only_what_is_asked_for_of_three_numbers_changes(tmp_path: Path) -> None:
    script = (
        "found['said'] = written({'MaxStartups.full': 60})\nfound |= values(['MaxStartups.begin', 'MaxStartups.full'])"
    )
    found = machine(tmp_path, {OURS: "MaxStartups 5:20:100\n"}, script)
    assert found == {"said": [], "MaxStartups.begin": 5, "MaxStartups.full": 60}


def test_a_block_that_is_stricter_may_stay(tmp_path: Path) -> None:
    blocks = "MaxAuthTries 20\nMatch Address 10.0.0.0/8\n MaxAuthTries 2\n"
    found = machine(tmp_path, {MAIN: INCLUDE + blocks}, "found['said'] = written({'MaxAuthTries': 4})")
    assert found["said"] == []


D = f"{MAIN}.d"


@pytest.mark.parametrize(
    ("files", "wanted", "message"),
    [
        pytest.param({MAIN: f"MaxAuthTries 9\n{INCLUDE}"}, {"MaxAuthTries": 4},
                     f"{MAIN}, line 1 would still decide MaxAuthTries", id="above the Include"),
        pytest.param({f"{D}/00-aaa.conf": "# x\nPermitRootLogin yes\n"}, {"PermitRootLogin": "no"},
                     f"{D}/00-aaa.conf, line 2 would still decide PermitRootLogin", id="a lower name"),
        pytest.param({MAIN: f"{INCLUDE}MaxStartups 100:30:200\n", f"{D}/50.conf": "MaxStartups 20:30:200\n"},
                     {"MaxStartups.begin": 10},
                     f"{MAIN}, line 2 would still decide MaxStartups, since sshd takes the last", id="the last counts"),
        pytest.param({MAIN: "UsePAM yes\n"}, {"MaxAuthTries": 4}, f"{MAIN} does not include {D} outside of Match",
                     id="no Include"),
        pytest.param({MAIN: f"Match User bob\n {INCLUDE}"}, {"MaxAuthTries": 4}, f"{MAIN} does not include {D} outside",
                     id="an Include within a block"),
        pytest.param({MAIN: f"{INCLUDE}Match Group pupil\n MaxAuthTries 20\n"}, {"MaxAuthTries": 4},
                     f"Match Group pupil ({MAIN}, line 3) would still decide MaxAuthTries", id="a block"),
        pytest.param({MAIN: f"{INCLUDE}Match User root\n PermitRootLogin yes\n"}, {"PermitRootLogin": "no"},
                     f"Match User root ({MAIN}, line 3) would still decide PermitRootLogin", id="root's block"),
        pytest.param({MAIN: f"{INCLUDE}Match Group empty\n MaxAuthTries 20\n"}, {"MaxAuthTries": 4},
                     f"Match Group empty ({MAIN}, line 2; nobody", id="a block for nobody"),
        pytest.param({MAIN: f"{INCLUDE}Match User bob\n ChannelTimeout none\n"}, {"ChannelTimeout": 300},
                     f"Match User bob ({MAIN}, line 2) would still decide ChannelTimeout (0)", id="an idle limit"),
        pytest.param({MAIN: f"{INCLUDE}Match Address 10.0.0.0/8\n MaxAuthTries 2\n"
                      "Match Address 10.1.0.0/16\n MaxAuthTries 9\nMatch LocalPort 2222\n MaxAuthTries 9\n"},
                     {"MaxAuthTries": 4}, f"Match LocalPort 2222 ({MAIN}, line 6) would still decide",
                     id="blocks that contradict each other"),
        pytest.param({"/etc/default/ssh": "SSHD_OPTS='-oMaxAuthTries=50'\n"}, {"MaxAuthTries": 4},
                     "the option -o MaxAuthTries=50 of sshd's service would still decide MaxAuthTries",
                     id="an option"),
        pytest.param({"/etc/default/ssh": "SSHD_OPTS='-f /etc/x'\n", "/etc/x": ""}, {"MaxAuthTries": 4},
                     f"sshd does not read {D} here, so MaxAuthTries must be set by hand", id="another main file"),
        pytest.param({f"{D}/50.conf": "Port 22\nFrobnicate\n"}, {"MaxAuthTries": 4},
                     "sshd does not take its configuration as it is, and would not start again", id="a bad line"),
        pytest.param({MAIN: f"{INCLUDE}Port 99999\n"}, {"MaxAuthTries": 4}, "put that right first", id="a bad port"),
        pytest.param({MAIN: f"{INCLUDE}Match User x\n MaxStartups 1:1:1\n"}, {"MaxAuthTries": 4},
                     "is not allowed within a Match block", id="a keyword that no block may have"),
        pytest.param({}, {"MaxAuthTries": 0}, "MaxAuthTries 0 would shut people out", id="no try"),
        pytest.param({}, {"LoginGraceTime": 1}, "at least 15 can be written", id="a second to sign in"),
        pytest.param({}, {"MaxAuthTries": "4"}, "must be a number, not '4'", id="text"),
        pytest.param({}, {"PermitRootLogin": "no\nAllowUsers x"}, "nothing that can be written there", id="two lines"),
        pytest.param({}, {"AllowUsers": "x"}, "no address of the driver sshd", id="another keyword"),
    ],
)  # fmt: skip
def test_what_would_still_decide_is_named_and_nothing_is_written(
    tmp_path: Path, files: dict[str, str], wanted: dict[str, Any], message: str
) -> None:
    assert message in refused(tmp_path, files, wanted)


def test_a_link_in_the_place_of_our_file_is_not_written_through_when_it_is_tried(tmp_path: Path) -> None:
    script = f"""
put("/etc/elsewhere.conf", "# theirs\\n")
os.symlink("/etc/elsewhere.conf", "{OURS}")
try:
    found["said"] = len(sshd.dry_run(Host(), [{{"address": "MaxAuthTries", "value": 4}}]).edits)
    sshd.cover(Host(), [{{"address": "MaxAuthTries", "value": None}}])
except ChangeRefused as problem:
    found["cover"] = str(problem)
found["text"] = pathlib.Path("/etc/elsewhere.conf").read_text()
"""
    found = machine(tmp_path, {}, script)
    assert found["said"] == 1
    assert "is reached by a symbolic link" in found["cover"]
    assert found["text"] == "# theirs\n"


def reloading(tmp_path: Path, since: str, state: str = "active", **settings: str) -> tuple[Any, Answers]:
    """A machine whose sshd runs since then and says `settings`; doubles of systemctl and sshd."""
    systemctl = shown("/usr/sbin/sshd -D", since)
    systemctl.out = systemctl.out.replace("ActiveState=active", f"ActiveState={state}")
    answers = Answers({"systemctl show": systemctl, "sshd -T": sshd_says(**settings)})
    return folder(tmp_path, FILES, answers), answers


def test_what_is_right_and_not_loaded_is_only_loaded(tmp_path: Path) -> None:
    host, answers = reloading(tmp_path, "@1", maxauthtries="4")
    result = sshd.dry_run(host, [{"address": "MaxAuthTries", "value": 4}])
    assert ([edit.path for edit in result.edits], result.commands) == ([], [["systemctl", "reload", "ssh.service"]])
    after = sshd.observe(host, ["MaxAuthTries"])
    assert result.confirm is not None
    assert result.confirm(after) == ""
    other = {"MaxAuthTries": {"effective": {"state": "value", "value": 6}}}
    assert result.confirm(other) == "MaxAuthTries is 6 and not 4"
    answers.answers["systemctl show"] = Completed(0, shown("x").out.replace("=active", "=failed"), "")
    host.forget()
    assert result.confirm(after) == "ssh.service does not run any more"


def test_what_is_loaded_already_is_left_alone(tmp_path: Path) -> None:
    host, _answers = reloading(tmp_path, "@9999999999", maxauthtries="4")
    result = sshd.dry_run(host, [{"address": "MaxAuthTries", "value": 4}])
    assert (result.edits, result.commands) == ([], [])


def test_an_sshd_that_was_told_to_reload_just_now_is_told_again(tmp_path: Path) -> None:
    host, _answers = reloading(tmp_path, "@1", "reloading")
    assert our_file.load(host) == [["systemctl", "reload", "ssh.service"]]
    assert our_file.load(reloading(tmp_path, "@1", "inactive")[0]) == []


def test_an_sshd_that_its_socket_started_is_restarted_since_a_reload_would_end_it(tmp_path: Path) -> None:
    host, answers = reloading(tmp_path, "@1", maxauthtries="4")
    socket = {"systemctl show -p ActiveState -- ssh.socket": Completed(0, "ActiveState=active\n", "")}
    answers.answers = {**socket, **answers.answers}
    result = sshd.dry_run(host, [{"address": "MaxAuthTries", "value": 4}])
    assert result.commands == [["systemctl", "restart", "ssh.service"]]
    host.forget()
    answers.answers.update({name: Completed(0, "ActiveState=inactive\n", "") for name in socket})
    assert our_file.load(host) == [["systemctl", "reload", "ssh.service"]]


def test_nothing_is_asked_where_nothing_is_wanted(tmp_path: Path) -> None:
    assert sshd.dry_run(folder(tmp_path), []).commands == []


def test_an_sshd_that_cannot_end_idle_sessions_is_named(tmp_path: Path) -> None:
    # OpenSSH before 9.2 prints no such line.
    host, _answers = reloading(tmp_path, "@9999999999", maxauthtries="4")
    with pytest.raises(ChangeRefused, match=r"ChannelTimeout needs OpenSSH 9\.2 or later"):
        sshd.dry_run(host, [{"address": "ChannelTimeout", "value": 300}])
