"""Texts before and after sign-in: agetty's and pam_motd's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.banner import driver as banner
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.own import run

NEW = Answers({"agetty --version": Completed(0, "agetty from util-linux 2.41.5 (flow control, hints, issue)\n", "")})
OLD = Answers({"agetty --version": Completed(0, "agetty from util-linux 2.39.3\n", "")})
# Debian 13's, without comments.
PAM_LOGIN = "session optional pam_motd.so motd=/run/motd.dynamic\nsession optional pam_motd.so noupdate\n"
LOGIN = {"/etc/pam.d/login": PAM_LOGIN}
ALL = {
    "/etc/issue": "ETC\n",
    "/etc/issue.d/a.issue": "a-etc\n",
    "/run/issue": "RUN\n",
    "/run/issue.d/b.issue": "b-run\n",
    "/usr/lib/issue": "LIB\n",
    "/usr/lib/issue.d/a.issue": "a-lib\n",
}


def without(*names: str) -> dict[str, str]:
    return {name: text for name, text in ALL.items() if name not in names}


@pytest.mark.parametrize(
    ("files", "new", "old"),
    [  # the column `new` was seen with agetty 2.41.5, `old` is agetty(8)'s note on versions 2.35 to 2.40
        pytest.param(ALL, "ETC a-etc RUN b-run LIB a-lib", "ETC a-etc", id="all"),
        pytest.param(without("/etc/issue"), "RUN b-run LIB a-lib", "RUN b-run", id="no /etc/issue"),
        pytest.param(without("/etc/issue", "/run/issue"), "b-run LIB a-lib", "b-run", id="only fragments in /run"),
        pytest.param(
            {"/etc/issue": "E\n", **{f"/etc/issue.d/{name}": f"{name}\n" for name in
             ("10.issue", "9.issue", "x.txt", ".h.issue", ".issue", "z.issue~")}},
            "E 9.issue 10.issue", "E 9.issue 10.issue", id="names and order",
        ),
        pytest.param({"/etc/issue": "E\n", "/etc/issue.d/c.issue": None}, "E", "E", id="a link to null is empty"),
    ],
)  # fmt: skip
def test_what_a_console_shows(tmp_path: Path, files: dict[str, str | None], new: str, old: str) -> None:
    for runner, expected in ((NEW, new), (OLD, old)):
        where = tmp_path / runner.answers["agetty --version"].out[22:26]  # type: ignore[union-attr]
        found = effective(banner, folder(where, files, runner), "/etc/issue")
        assert found["value"].split("\n") == expected.split(" ")


def test_agetty_itself_agrees(tmp_path: Path) -> None:
    script = f"""
for name, text in {without("/usr/lib/issue", "/usr/lib/issue.d/a.issue")!r}.items(): put(name, text)
found["ours"] = effective(banner, "/etc/issue")["value"]
found["shown"] = subprocess.run(["script", "-qec", "agetty --show-issue", "/dev/null"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True).stdout.replace("\\r", "").rstrip("\\n")
"""
    found = run(tmp_path, script, "agetty", "script")
    assert found["ours"] == found["shown"] == "ETC\na-etc\nRUN\nb-run"


def test_escapes_stay_visible_and_one_newline_goes(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "Debian GNU/Linux 13 \\n \\l\n\n"})
    assert effective(banner, host, "/etc/issue")["value"] == "Debian GNU/Linux 13 \\n \\l\n"


def test_configured_is_the_file_and_effective_the_console(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "N\n", "/etc/issue.d/a.issue": "kernel \\r\n"})
    found = banner.observe(host, ["/etc/issue"])["/etc/issue"]
    assert found["configured"]["value"] == "N"
    assert found["effective"]["value"] == "N\nkernel \\r"
    assert found["effective"]["source"] == "/etc/issue, /etc/issue.d/a.issue"


def test_agetty_that_cannot_be_asked_is_never_absent(tmp_path: Path) -> None:
    assert effective(banner, folder(tmp_path, ALL), "/etc/issue")["code"] == "missing_tool"


def test_write_removes_fragments_of_etc(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "old\n", "/etc/issue.d/a.issue": "kernel \\r\n"})
    outcome = apply(banner, host, [{"address": "/etc/issue", "value": "For the school\nonly"}], "run")
    assert outcome["after"]["/etc/issue"]["effective"]["value"] == "For the school\nonly"
    assert host.text("/etc/issue") == "For the school\nonly\n"
    assert not host.exists("/etc/issue.d/a.issue")


def test_text_outside_etc_is_a_refusal_where_agetty_shows_it(tmp_path: Path) -> None:
    host = folder(tmp_path / "new", ALL, NEW)
    with pytest.raises(ChangeRefused, match=r"still show /run/issue, .*take it away by hand"):
        apply(banner, host, [{"address": "/etc/issue", "value": "N"}], "run")
    assert host.text("/etc/issue") == "ETC\n"
    apply(banner, folder(tmp_path / "old", ALL, OLD), [{"address": "/etc/issue", "value": "N"}], "run")


def test_a_linked_fragment_is_a_refusal(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "old\n", "/run/cockpit/issue": "x\n"})
    (tmp_path / "etc/issue.d").mkdir()
    (tmp_path / "etc/issue.d/cockpit.issue").symlink_to("../../run/cockpit/issue")
    with pytest.raises(ChangeRefused, match="symbolic link to /run/cockpit/issue"):
        apply(banner, host, [{"address": "/etc/issue", "value": "N"}], "run")


@pytest.mark.parametrize(
    ("files", "value"),
    [
        pytest.param({}, None, id="no file"),
        pytest.param({"/etc/motd": ""}, "", id="an empty file"),
        pytest.param({"/etc/motd": "m\n", "/run/motd": "r\n"}, "m", id="first file only"),
        pytest.param({"/run/motd": "r\n", "/usr/lib/motd": "l\n"}, "r", id="falls back"),
        pytest.param({"/run/motd.dynamic": "Linux box 6.12\n", "/etc/motd": "m\n"}, "Linux box 6.12\nm", id="dynamic"),
        pytest.param(
            {"/etc/motd.d/a": "a\n", "/usr/lib/motd.d/a": "x\n", "/run/motd.d/b": "b\n"}, "a\nb", id="folders"
        ),
        pytest.param({"/etc/motd": "m\n", "/etc/motd.d/a": None, "/usr/lib/motd.d/a": "x\n"}, "m", id="silenced"),
    ],
)
def test_motd(tmp_path: Path, files: dict[str, str | None], value: str | None) -> None:
    assert effective(banner, folder(tmp_path, LOGIN | files), "motd").get("value") == value


def test_motd_by_ssh_is_named_where_it_differs(tmp_path: Path) -> None:
    ssh = {"/etc/pam.d/sshd": "session optional pam_motd.so motd=/etc/ssh/motd\n", "/etc/ssh/motd": "kernel 6.12\n"}
    found = effective(banner, folder(tmp_path, LOGIN | ssh | {"/etc/motd": "m\n"}), "motd")
    assert found["value"] == "m"
    assert found["others"] == [{"who": "sign-in by SSH", "value": "kernel 6.12", "type": "string"}]


def test_motd_written_empty_silences_everything(tmp_path: Path) -> None:
    files = {"/etc/motd": "m\n", "/etc/motd.d/a": "a\n", "/usr/lib/motd.d/b": "b\n", "/run/motd.dynamic": "Linux\n"}
    host = folder(tmp_path, LOGIN | files)
    outcome = apply(banner, host, [{"address": "motd", "value": ""}], "run")
    assert outcome["after"]["motd"]["effective"]["value"] == ""
    assert host.text("/usr/lib/motd.d/b") == "b\n"
    assert apply(banner, host, [{"address": "motd", "value": ""}], "run")["changed"] is False


def test_talkative_scripts_lose_their_execute_bits_only(tmp_path: Path) -> None:
    scripts = {"10-uname": "#!/bin/sh\nuname -snrvm\n", "20-note": "#!/bin/sh\necho hello\n", "30-off": "uname\n"}
    host = folder(tmp_path, LOGIN | {f"/etc/update-motd.d/{name}": text for name, text in scripts.items()})
    for name in ("10-uname", "20-note"):
        (tmp_path / "etc/update-motd.d" / name).chmod(0o755)
    assert effective(banner, host, "motd-scripts")["value"] == ["/etc/update-motd.d/10-uname"]
    outcome = apply(banner, host, [{"address": "motd-scripts", "value": []}], "run")
    assert outcome["after"]["motd-scripts"]["effective"]["value"] == []
    assert host.text("/etc/update-motd.d/10-uname") == scripts["10-uname"]
    assert (tmp_path / "etc/update-motd.d/10-uname").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "etc/update-motd.d/20-note").stat().st_mode & 0o777 == 0o755


def test_scripts_that_pam_never_runs_tell_nothing(tmp_path: Path) -> None:
    host = folder(
        tmp_path, {"/etc/pam.d/login": "session optional pam_motd.so noupdate\n", "/etc/update-motd.d/1": "uname"}
    )
    (tmp_path / "etc/update-motd.d/1").chmod(0o755)
    assert effective(banner, host, "motd-scripts")["value"] == []


def test_a_pipe_in_place_of_a_file_is_malformed(tmp_path: Path) -> None:
    import os

    host = folder(tmp_path, {"/etc/x": ""})
    os.mkfifo(tmp_path / "etc/issue")
    assert effective(banner, host, "/etc/issue")["code"] == "malformed"
