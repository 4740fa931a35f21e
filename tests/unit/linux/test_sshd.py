"""sshd's banner, asked of the real sshd in a private copy of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import files as sshd_files

from tests.unit.linux.folder import PASSWD, Answers, effective, folder
from tests.unit.linux.own import run

ADDRESS = "sshd:Banner"
MAIN = "/etc/ssh/sshd_config"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


def sshd(tmp_path: Path, script: str) -> dict[str, object]:
    return run(tmp_path, script, "sshd")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("files", "value"),
    [
        pytest.param({}, "none", id="stock"),
        pytest.param({f"{MAIN}.d/10.conf": "Banner /a\n", f"{MAIN}.d/9.conf": "Banner /b\n"}, "/a", id="lexical order"),
        pytest.param(
            {MAIN: f"Banner /main\n{INCLUDE}", f"{MAIN}.d/10.conf": "Banner /a\n"}, "/main", id="late include"
        ),
        pytest.param({MAIN: f"{INCLUDE}Banner /main\n", f"{MAIN}.d/10.conf": "Banner /a\n"}, "/a", id="early include"),
        pytest.param({MAIN: "debianbanner no\nbanner=/x\n"}, "/x", id="another key, equals sign, lower case"),
        pytest.param({MAIN: "Match all\n Banner /all\n"}, "/all", id="Match all"),
        pytest.param({MAIN: "Banner /x\nMatch LocalPort 22\n X11Forwarding no\n"}, "/x", id="Match LocalPort"),
        pytest.param({"/etc/default/ssh": 'SSHD_OPTS="-o Banner=/opts -4"\n'}, "/opts", id="options of the service"),
    ],
)
def test_value_in_effect(tmp_path: Path, files: dict[str, str], value: str) -> None:
    script = f"for name, text in {files!r}.items(): put(name, text)\n"
    script += f"before = os.listdir('/run')\nfound = effective(dropin, {ADDRESS!r})\n"
    found = sshd(tmp_path, script + "found['new'] = sorted(set(os.listdir('/run')) - set(before))")
    assert found["value"] == value
    assert "others" not in found
    assert found["new"] == []  # a check leaves nothing behind, /run/sshd included


def test_match_blocks_are_named(tmp_path: Path) -> None:
    text = "Banner /etc/issue.net\nMatch User root\n Banner none\nMatch Group pupils\n Banner /other\n"
    found = sshd(tmp_path, f"put({MAIN!r}, {text!r})\nfound = effective(dropin, {ADDRESS!r})")
    assert found["value"] == "/etc/issue.net"
    assert [(other["who"], other["value"]) for other in found["others"]] == [  # type: ignore[attr-defined]
        ("root from 127.0.0.1", "none"),
        (f"Match User root ({MAIN}, line 2)", "none"),
        (f"Match Group pupils ({MAIN}, line 4)", "/other"),
    ]


def test_bad_line_is_malformed_with_sshds_own_words(tmp_path: Path) -> None:
    found = sshd(tmp_path, f"put('{MAIN}.d/50.conf', 'Frobnicate yes\\n')\nfound = effective(dropin, {ADDRESS!r})")
    assert (found["state"], found["code"]) == ("unreadable", "malformed")
    assert "Bad configuration option: Frobnicate" in str(found["why"])


def test_missing_host_keys_fail(tmp_path: Path) -> None:
    script = "import glob\nfor key in glob.glob('/etc/ssh/ssh_host_*'): os.unlink(key)\n"
    found = sshd(tmp_path, script + f"found = effective(dropin, {ADDRESS!r})")
    assert (found["state"], found["code"]) == ("unreadable", "failed")


def test_write_then_nothing_more_to_do(tmp_path: Path) -> None:
    script = f"""
found["first"] = change(dropin, {ADDRESS!r}, "/etc/issue.net")
found["asked"] = subprocess.run(["sh", "-c", "mkdir /run/sshd; /usr/sbin/sshd -T | grep '^banner'"],
                                capture_output=True, text=True).stdout
found["second"] = change(dropin, {ADDRESS!r}, "/etc/issue.net")
"""
    assert sshd(tmp_path, script) == {"first": True, "asked": "banner /etc/issue.net\n", "second": False}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({MAIN: f"Banner none\n{INCLUDE}"}, "sshd_config, line 1 would still decide", id="late include"),
        pytest.param({MAIN: "UsePAM yes\n"}, "does not include", id="no include"),
        pytest.param(
            {f"{MAIN}.d/00-a.conf": "Banner none\n"}, r"00-a.conf, line 1 would still decide", id="lower name"
        ),
        pytest.param({MAIN: f"{INCLUDE}Match User bob\n Banner none\n"}, "Match User bob (", id="Match block"),
        pytest.param({f"{MAIN}.d/50.conf": "Frobnicate\n"}, "Frobnicate", id="already broken"),
        pytest.param({"/etc/default/ssh": "SSHD_OPTS='-f /etc/x'\n", "/etc/x": ""}, "by hand", id="another file"),
    ],
)
def test_refused_before_anything_is_written(tmp_path: Path, files: dict[str, str], message: str) -> None:
    script = f"""
for name, text in {files!r}.items(): put(name, text)
try:
    found["said"] = change(dropin, {ADDRESS!r}, "/etc/issue.net")
except Exception as problem:
    found["said"] = str(problem)
found["written"] = os.path.exists("{MAIN}.d/00-leeboard.conf")
"""
    found = sshd(tmp_path, script)
    assert message in str(found["said"])
    assert found["written"] is False


def test_without_the_program(tmp_path: Path) -> None:
    assert effective(dropin, folder(tmp_path), ADDRESS)["source"] == "OpenSSH server is not installed"


def test_without_root(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/sbin/sshd": ""})
    host.is_root = False
    assert effective(dropin, host, ADDRESS)["code"] == "needs_root"


def test_one_child_asks_about_everybody(tmp_path: Path) -> None:
    def sshd_says(argv: list[str]) -> Completed:
        """What the loop around sshd prints for the questions in `argv`, as seen with OpenSSH 10.0p1."""
        questions = argv[argv.index("/usr/sbin/sshd") - 1].split(" ")
        return Completed(0, "".join(f"question {one}\nbanner none\nstatus 0\n" for one in questions), "")

    answers = Answers({"sshd -T": sshd_says})
    files = {"/usr/sbin/sshd": "", "/run/sshd/x": "", "/etc/passwd": PASSWD, MAIN: "UsePAM yes\n"}
    effective(dropin, folder(tmp_path, files, answers), ADDRESS)
    usual = "user=ada,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    assert [argv[4] for argv in answers.asked] == [usual]
    effective(dropin, folder(tmp_path, {MAIN: "Match User x\n", "/etc/group": "sudo:x:27:ada\n"}, answers), ADDRESS)
    assert len(answers.asked) == 2
    assert [spec.split(",")[0] for spec in answers.asked[1][4].split(" ")] == [
        "user=leeboard-nobody", "user=root", "user=ada", "user=x",
    ]  # fmt: skip


def test_files_are_followed_in_order(tmp_path: Path) -> None:
    host = folder(
        tmp_path,
        {
            MAIN: "Match User x\n Include sub.d/*.conf\nBanner /after\n",
            "/etc/ssh/sub.d/b.conf": "Banner /b\nMatch User y\nBanner /y\n",
            "/etc/ssh/sub.d/.h.conf": "Banner /hidden\n",
        },
    )
    found = sshd_files.configuration(host)
    assert [(line.text, line.match) for line in found.lines] == [
        ("/b", "User x"),
        ("/y", "User y"),
        ("/after", "User x"),
    ]


def test_an_include_that_includes_itself_is_malformed(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/sbin/sshd": "", MAIN: f"Include {MAIN}\n"})
    assert effective(dropin, host, ADDRESS)["code"] == "malformed"
