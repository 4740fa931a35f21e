"""How sshd lets people in, asked of the real sshd in a private copy of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import driver as sshd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd.files import configuration
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd.people import for_blocks, may_be_root
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.own import run

MAIN = "/etc/ssh/sshd_config"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"
PEOPLE = {
    "/etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\n"
        "ada:x:1000:1000::/home/ada:/bin/bash\ncarol:x:1002:100::/home/carol:/bin/bash\n"
        "bob:x:1001:2000::/home/bob:/bin/bash\n"
        "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
    ),
    "/etc/group": "root:x:0:\nsudo:x:27:ada\nada:x:1000:\npupil:x:2000:\nempty:x:2001:\n",
}


def readings(tmp_path: Path, variants: dict[str, dict[str, str]]) -> dict[str, Any]:
    """{variant: {address: effective aspect}} of the real sshd with each variant's files; one private machine."""
    script = f"""
import shutil
for name, files in {variants!r}.items():
    shutil.rmtree("{MAIN}.d", ignore_errors=True)
    for path, text in {{**{PEOPLE!r}, "{MAIN}": "", "/etc/default/ssh": "", **files}}.items():
        put(path, text)
    host = Host()
    found[name] = {{address: reading["effective"] for address, reading in sshd.observe(host, sshd.ALL).items()}}
    found[name]["children"] = host.children
"""
    return run(tmp_path, script, "sshd")  # type: ignore[no-any-return]


def said(aspects: dict[str, Any], *addresses: str) -> list[Any]:
    return [aspects[address].get("value", aspects[address]) for address in addresses]


def others(aspect: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(other["who"].replace(MAIN, "MAIN"), other["value"]) for other in aspect.get("others", [])]


def test_values_in_effect(tmp_path: Path) -> None:
    found = readings(
        tmp_path,
        {
            "stock": {},
            "lower name": {
                MAIN: f"{INCLUDE}PermitRootLogin no\n",
                f"{MAIN}.d/00-a.conf": "PermitRootLogin yes\n",
                f"{MAIN}.d/10-b.conf": "PermitRootLogin no\n",
            },
            "times": {
                MAIN: "ClientAliveInterval=5m\nLoginGraceTime 1m\nChannelTimeout agent-connection=1m session*=1h\n"
            },
            "never": {MAIN: 'ChannelTimeout "session*=0" *=5m\nClientAliveInterval 0\n'},
            "any channel": {MAIN: "channeltimeout *=5m\n"},
            "all channels": {MAIN: "ChannelTimeout session:*=20m global=10m\n"},
            "one number": {MAIN: "MaxStartups 20\n"},
            "options": {MAIN: "PermitRootLogin no\n", "/etc/default/ssh": 'SSHD_OPTS="-o PermitRootLogin=yes"\n'},
            "other file": {MAIN: "MaxAuthTries 3\n", "/etc/default/ssh": "SSHD_OPTS='-f /etc/x'\n", "/etc/x": ""},
        },
    )
    assert said(found["stock"], *sshd.ALL) == [
        "without-password", "no", "yes", "yes", "yes", "no", 6, 3, 120, 0, 0, 10, 30, 100,
    ]  # fmt: skip
    assert found["stock"]["children"] == 1
    assert said(found["lower name"], "PermitRootLogin") == ["yes"]
    assert said(found["times"], "ClientAliveInterval", "LoginGraceTime", "ChannelTimeout") == [300, 60, 3600]
    assert said(found["never"], "ClientAliveInterval", "ChannelTimeout") == [0, 0]
    assert said(found["any channel"], "ChannelTimeout") == [300]
    assert said(found["all channels"], "ChannelTimeout") == [600]
    assert said(found["one number"], "MaxStartups.begin", "MaxStartups.rate", "MaxStartups.full") == [20, 30, 20]
    assert said(found["options"], "PermitRootLogin") == ["yes"]
    assert said(found["other file"], "MaxAuthTries") == [6]


def test_each_match_block_is_really_tried(tmp_path: Path) -> None:
    blocks = (
        "PermitRootLogin no\nMaxAuthTries 4\nPasswordAuthentication no\n"
        "Match Group pupil\n PasswordAuthentication yes\n"
        "Match Address 10.0.0.0/8,!10.9.0.0/16 User root\n PermitRootLogin yes\n"
        "Match LocalPort 2222\n MaxAuthTries 20\n"
        "Match Host *.school.example LocalAddress 2001:db8::/32\n MaxAuthTries 9\n"
        "Match Invalid-User\n MaxAuthTries 7\n"
        "Match User=te?cher*\n PermitRootLogin yes # root is not meant here\n"
        "Match Group empty\n PasswordAuthentication yes\n PermitRootLogin yes\n"
    )
    found = readings(tmp_path, {"blocks": {MAIN: blocks}})["blocks"]
    assert found["children"] == 1
    assert found["PermitRootLogin"]["value"] == "no"
    assert others(found["PermitRootLogin"]) == [
        ("Match Address 10.0.0.0/8,!10.9.0.0/16 User root (MAIN, line 6)", "yes"),
    ]
    assert others(found["MaxAuthTries"]) == [
        ("Match LocalPort 2222 (MAIN, line 8)", 20),
        ("root by Match LocalPort 2222 (MAIN, line 8)", 20),
        ("Match Host *.school.example LocalAddress 2001:db8::/32 (MAIN, line 10)", 9),
        ("root by Match Host *.school.example LocalAddress 2001:db8::/32 (MAIN, line 10)", 9),
        ("Match Invalid-User (MAIN, line 12)", 7),
    ]
    assert others(found["PasswordAuthentication"]) == [
        ("Match Group pupil (MAIN, line 4)", "yes"),
        ("Match Group empty (MAIN, line 16; nobody here is meant by it, so it was not tried)", "yes"),
    ]


def test_an_earlier_block_decides_and_root_alone_counts_for_root(tmp_path: Path) -> None:
    found = readings(
        tmp_path,
        {
            "mended": {MAIN: "PermitRootLogin yes\nMatch User root\n PermitRootLogin no\n"},
            "first": {
                MAIN: "Match Address 10.0.0.0/8\n MaxAuthTries 4\nMatch Address 10.1.0.0/16\n MaxAuthTries 9\n"
                "Match All\n MaxAuthTries 4\n"
            },
        },
    )
    assert (found["mended"]["PermitRootLogin"]["value"], others(found["mended"]["PermitRootLogin"])) == ("no", [])
    assert (found["first"]["MaxAuthTries"]["value"], others(found["first"]["MaxAuthTries"])) == (4, [])


def test_an_idle_limit_counts_outside_of_match_blocks_only(tmp_path: Path) -> None:
    # Tried with 10.0p1: sshd -T -C prints the block's value, and the session stays open.
    found = readings(
        tmp_path,
        {
            "block": {MAIN: "Match User *\n ChannelTimeout session*=5m\n"},
            "all": {MAIN: "Match User ada\n PermitTTY no\nMatch all\n ChannelTimeout session*=5m\n"},
            "longer": {MAIN: "ChannelTimeout session*=5m\nMatch Group pupil\n ChannelTimeout none\n"},
            "port": {MAIN: "ChannelTimeout session*=5m\nMatch LocalPort 2222\n ChannelTimeout none\n"},
        },
    )
    assert found["block"]["ChannelTimeout"]["value"] == 0
    assert found["block"]["ChannelTimeout"]["source"] == "sshd -T for everybody, outside of Match blocks"
    assert found["all"]["ChannelTimeout"]["value"] == 300
    assert found["longer"]["ChannelTimeout"]["value"] == 300
    assert others(found["longer"]["ChannelTimeout"]) == [("Match Group pupil (MAIN, line 2)", 0)]
    assert found["port"]["ChannelTimeout"].get("value") == 300, found["port"]["ChannelTimeout"]
    assert ("Match LocalPort 2222 (MAIN, line 2)", 0) in others(found["port"]["ChannelTimeout"])
    assert found["longer"]["children"] == 1
    assert "write session*=TIME" not in str(found["longer"]["ChannelTimeout"])


def test_the_manuals_way_is_named(tmp_path: Path) -> None:
    said_by = {"channeltimeout": "agent-connection=1m session=15m"}
    answers = Answers({"systemctl show": shown("/usr/sbin/sshd -D"), "-T": sshd_says(**said_by)})
    assert "write session*=TIME" in effective(sshd, folder(tmp_path, FILES, answers), "ChannelTimeout")["note"]


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    found = readings(
        tmp_path,
        {
            "bad line": {f"{MAIN}.d/50.conf": "Frobnicate yes\n", MAIN: INCLUDE},
            "bad match": {MAIN: 'Match exec "true"\n PermitRootLogin yes\n'},
            "in a block": {MAIN: "Match User x\n MaxStartups 1:1:1\n"},
        },
    )
    for name, words in (
        ("bad line", "Bad configuration option: Frobnicate"),
        ("bad match", "Unsupported Match attribute exec"),
        ("in a block", "is not allowed within a Match block"),
    ):
        for address in sshd.ALL:
            assert found[name][address]["code"] == "malformed"
            assert words in found[name][address]["why"]


def shown(argv: str, since: str = "@9999999999") -> Completed:
    """systemctl's answer for every unit, each started with `argv`."""
    unit = f"ActiveState=active\nStateChangeTimestamp={since}\nExecStart={{ path=x ; argv[]={argv} ; pid=1 }}\n"
    return Completed(0, "\n".join(unit for _unit in UNITS), "")


def sshd_says(**settings: str) -> Any:
    lines = "".join(f"{key} {text}\n" for key, text in settings.items())
    return lambda argv: Completed(
        0, "".join(f"question {one}\n{lines}status 0\n" for one in argv[argv.index("/usr/sbin/sshd") - 1].split()), ""
    )


FILES = {"/usr/sbin/sshd": "", "/run/sshd/x": "", "/run/systemd/system/x": "", MAIN: "UsePAM yes\n",
         "/usr/lib/systemd/system/ssh.service": "", "/etc/passwd": PEOPLE["/etc/passwd"]}  # fmt: skip


def test_options_of_a_units_drop_in_count(tmp_path: Path) -> None:
    answers = Answers(
        {"systemctl show": shown("/usr/sbin/sshd -D -o PermitRootLogin=yes $SSHD_OPTS"), "-T": sshd_says(x="y")}
    )
    host = folder(tmp_path, {**FILES, "/etc/default/ssh": "SSHD_OPTS=-oMaxAuthTries=9\n"}, answers)
    effective(sshd, host, "PermitRootLogin")
    assert answers.asked[-1][-4:] == ["-o", "PermitRootLogin=yes", "-o", "MaxAuthTries=9"]


def test_another_program_is_not_guessed_about(tmp_path: Path) -> None:
    answers = Answers({"systemctl show": shown("/opt/ssh/sbin/sshd -D"), "-T": sshd_says(permitrootlogin="no")})
    found = effective(sshd, folder(tmp_path, FILES, answers), "PermitRootLogin")
    assert found["code"] == "failed"
    assert "/opt/ssh/sbin/sshd" in found["why"]


def test_a_daemon_older_than_its_files_is_pending(tmp_path: Path) -> None:
    answers = Answers({"systemctl show": shown("/usr/sbin/sshd -D", "@1"), "-T": sshd_says(permitrootlogin="no")})
    found = sshd.observe(folder(tmp_path, FILES, answers), ["PermitRootLogin"])["PermitRootLogin"]
    assert found["effective"]["value"] == "no"
    assert found["running"]["state"] == "unreadable"
    assert "next reload" in found["running"]["why"]


@pytest.mark.parametrize(
    ("settings", "address", "value"),
    [
        pytest.param({"channeltimeout": "session*=15m"}, "ChannelTimeout", 900, id="OpenSSH 9.6 and 10.0"),
        # Tried with 10.0p1: none of these ends an idle shell and an idle command.
        pytest.param({"channeltimeout": "session=15m"}, "ChannelTimeout", 0, id="as the manual has it"),
        pytest.param({"channeltimeout": "session:shell=5m"}, "ChannelTimeout", 0, id="commands stay"),
        pytest.param({"channeltimeout": "session:shell=0 session*=5m"}, "ChannelTimeout", 0, id="shells stay"),
        pytest.param({"channeltimeout": "session:shell=5m session*=9m"}, "ChannelTimeout", 540, id="the longer one"),
        pytest.param({"channeltimeout": "session:shell=5m global=9m"}, "ChannelTimeout", 540, id="global for the rest"),
        pytest.param({"x": "y"}, "ChannelTimeout", 0, id="before OpenSSH 9.2 there is none"),
        pytest.param({"permitrootlogin": "prohibit-password"}, "PermitRootLogin", "without-password", id="one word"),
        pytest.param(
            {"permituserenvironment": "LANG,Lc_*"}, "PermitUserEnvironment", "LANG,Lc_*", id="names keep case"
        ),
    ],
)
def test_forms_of_other_versions(tmp_path: Path, settings: dict[str, str], address: str, value: Any) -> None:
    host = folder(tmp_path, FILES, Answers({"systemctl show": shown("/usr/sbin/sshd -D"), "-T": sshd_says(**settings)}))
    assert effective(sshd, host, address)["value"] == value


@pytest.mark.parametrize("said", ["maxauthtries nine", "maxauthtries", "other 1"])
def test_an_answer_that_is_no_number_is_malformed(tmp_path: Path, said: str) -> None:
    key, _dummy, text = said.partition(" ")
    host = folder(
        tmp_path, FILES, Answers({"systemctl show": shown("/usr/sbin/sshd -D"), "-T": sshd_says(**{key: text})})
    )
    assert effective(sshd, host, "MaxAuthTries")["code"] == "malformed"


def test_an_answer_that_was_cut_off_is_no_answer(tmp_path: Path) -> None:
    cut = Completed(0, "question user=ada,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22\nmaxauthtries 4\n", "")
    host = folder(tmp_path, FILES, Answers({"systemctl show": shown("/usr/sbin/sshd -D"), "-T": cut}))
    found = effective(sshd, host, "MaxAuthTries")
    assert (found["code"], "gave 0 answers to 1 questions" in found["why"]) == ("failed", True)


def test_a_slow_sshd_is_a_timeout(tmp_path: Path) -> None:
    def slow(_argv: list[str]) -> Completed:
        raise HostError("timeout", "sh gave no answer within 20 s")

    host = folder(tmp_path, FILES, Answers({"systemctl show": shown("/usr/sbin/sshd -D"), "-T": slow}))
    assert effective(sshd, host, "MaxAuthTries")["code"] == "timeout"


def test_without_root_and_without_sshd(tmp_path: Path) -> None:
    host = folder(tmp_path, FILES)
    host.is_root = False
    assert effective(sshd, host, "MaxAuthTries")["code"] == "needs_root"
    assert effective(sshd, folder(tmp_path / "empty"), "MaxAuthTries")["source"] == "OpenSSH server is not installed"


@pytest.mark.parametrize(
    ("line", "spec"),
    [
        ("User bob", "user=bob,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"),
        ("Group sudo,!pupil", "user=ada,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"),
        ("User *,!ada,!bob,!carol,!root", "user=sshd,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"),
        ("Address *,!127.0.0.0/8", "user=ada,host=localhost,addr=203.0.113.77,laddr=127.0.0.1,lport=22"),
        ("Address 192.168.*.*", "user=ada,host=localhost,addr=192.168.77.66,laddr=127.0.0.1,lport=22"),
        ("Address 172.16.4.?", "user=ada,host=localhost,addr=172.16.4.1,laddr=127.0.0.1,lport=22"),
        ("RDomain vrf*", "user=ada,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22,rdomain=vrf"),
        ("Group nosuch", None),
        ("Address 999.1.1.1", None),
        ("LocalPort 22 LocalPort 23", None),
    ],
)
def test_somebody_is_found_whom_a_block_means(tmp_path: Path, line: str, spec: str | None) -> None:
    host = folder(tmp_path, {**PEOPLE, MAIN: f"Match {line}\n"})
    asked = [question.spec for question in for_blocks(host, configuration(host).blocks) if question.user != "root"]
    assert asked == ([] if spec is None else [spec])


@pytest.mark.parametrize(("line", "root"), [("User teacher", False), ("Group root", True), ("User *", True)])
def test_who_may_be_root(tmp_path: Path, line: str, root: bool) -> None:
    host = folder(tmp_path, {**PEOPLE, MAIN: f"Match {line}\n"})
    assert may_be_root(host, configuration(host).blocks[0]) is root
