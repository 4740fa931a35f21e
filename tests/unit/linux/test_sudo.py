"""sudo's log file, with the real sudo, cvtsudoers and visudo in a private copy of this machine's /etc."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.own import run

PROGRAMS = ("sudo", "cvtsudoers", "visudo")
ADDRESS = "sudo:logfile"
# What a sudoers file of a fresh Debian 13 says, and a school's own lines in a file below.
START = """
import os
put("/etc/sudoers", '''Defaults\\tenv_reset
Defaults\\tuse_pty
root\\tALL=(ALL:ALL) ALL
%sudo\\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
''')
os.chmod("/etc/sudoers", 0o440)
for name in os.listdir("/etc/sudoers.d"):
    os.unlink("/etc/sudoers.d/" + name)

def lines(path, text, mode=0o440):
    put(path, text)
    os.chmod(path, mode)

def sudo_logs(path):
    pathlib.Path(path).unlink(missing_ok=True)
    subprocess.run(["sudo", "-n", "-u", "root", "true"], capture_output=True)
    return pathlib.Path(path).exists() and "COMMAND=" in pathlib.Path(path).read_text()
"""


def tried(tmp_path: Path, script: str) -> Any:
    """What `script` leaves in `found`, after START."""
    return run(tmp_path, START + script, *PROGRAMS)


# (what is put into the files, the value that counts, whether sudo itself writes to /run/sudo.log)
SETTINGS = [
    ("", None, False),
    ("lines('/etc/sudoers.d/10-x', 'Defaults logfile=/dev/null\\n')", "", False),
    ("lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\n')", "/run/sudo.log", True),
    ("lines('/etc/sudoers.d/10-x', 'Defaults\\tlogfile = \"/run/sudo.log\"')", "/run/sudo.log", True),
    ("lines('/etc/sudoers.d/10-x', 'Defaults env_reset, \\\\\\n  logfile=/run/sudo.log\\n')", "/run/sudo.log", True),
    ("lines('/etc/sudoers.d/10-x', '# Defaults logfile=/run/sudo.log\\n')", None, False),
    ("lines('/etc/sudoers.d/10.x', 'Defaults logfile=/run/sudo.log\\n')", None, False),
    ("lines('/etc/sudoers.d/10-x~', 'Defaults logfile=/run/sudo.log\\n')", None, False),
    ("lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\n', 0o666)", None, False),
    ("lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\n', 0o660)", "/run/sudo.log", True),
    ("lines('/etc/sudoers.d/10-x', 'Defaults logfile=sudo.log\\n')", None, False),
    (
        "lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\n')\n"
        "lines('/etc/sudoers.d/20-y', 'Defaults logfile=/run/other.log\\n')",
        "/run/other.log",
        False,
    ),
    (
        "lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\n')\n"
        "lines('/etc/sudoers.d/20-y', 'Defaults !logfile\\n')",
        None,
        False,
    ),
    (
        "lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\nDefaults !log_allowed\\n')",
        "",
        False,
    ),
    (
        "lines('/etc/sudoers.d/10-x', '@include more\\n')\n"
        "lines('/etc/sudoers.d/more', 'Defaults logfile=/run/sudo.log\\n')",
        "/run/sudo.log",
        True,
    ),
    (
        "lines('/etc/sudoers.d/10-x', '#include /etc/my.conf\\n')\n"
        "lines('/etc/my.conf', 'Defaults logfile=/run/sudo.log\\n')",
        "/run/sudo.log",
        True,
    ),
]


@pytest.mark.parametrize(("script", "value", "logs"), SETTINGS)
def test_what_counts_is_where_sudo_logs(tmp_path: Path, script: str, value: str | None, logs: bool) -> None:
    found = tried(tmp_path, f"{script}\nfound = [effective(dropin, 'sudo:logfile'), sudo_logs('/run/sudo.log')]")
    assert (found[0]["state"], found[0].get("value")) == ("absent" if value is None else "value", value)
    assert found[1] is logs


def test_who_is_not_logged_is_named(tmp_path: Path) -> None:
    script = "lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\nDefaults:root !logfile\\n')\n"
    found = tried(tmp_path, script + "found = [effective(dropin, 'sudo:logfile'), sudo_logs('/run/sudo.log')]")
    assert found[0]["others"] == [{"who": "username root", "value": "", "type": "string"}]
    assert found[1] is False


GENERAL = "Defaults logfile=/run/sudo.log"
ORDERS = [  # (lines in their order, whether sudo itself logs what root asks of it)
    (["Defaults:root !logfile", GENERAL], True),
    ([GENERAL, "Defaults:root !logfile"], False),
    ([GENERAL, "Defaults:root !logfile", GENERAL], True),
    ([GENERAL, "Defaults:%root !logfile", "Defaults !log_denied"], False),
    (["Defaults>root !logfile", GENERAL], True),
    ([GENERAL, "Defaults>root !logfile"], False),
    (["Defaults@ALL !logfile", GENERAL], True),
    ([GENERAL, "Defaults@ALL !logfile"], False),
    (["Defaults!/usr/bin/true !logfile", GENERAL], False),
    ([GENERAL, "Defaults!/usr/bin/true !logfile"], False),
    (["Cmnd_Alias QUIET = /usr/bin/true", "Defaults!QUIET !logfile", GENERAL], False),
    (["Defaults:root !log_allowed", GENERAL], False),
    (["Defaults:root !log_allowed", "Defaults log_allowed", GENERAL], True),
]


@pytest.mark.parametrize(("said", "logs"), ORDERS)
def test_a_general_line_undoes_an_earlier_one_for_somebody(tmp_path: Path, said: list[str], logs: bool) -> None:
    text = "".join(f"{line}\n" for line in said)
    script = f"lines('/etc/sudoers.d/10-x', {text!r})\n"
    found = tried(tmp_path, script + "found = [effective(dropin, 'sudo:logfile'), sudo_logs('/run/sudo.log')]")
    assert found[0]["value"] == "/run/sudo.log"
    assert [other["value"] for other in found[0].get("others", [])] == ([] if logs else [""])
    assert found[1] is logs


def test_a_file_that_does_not_parse_is_no_answer(tmp_path: Path) -> None:
    script = "lines('/etc/sudoers.d/10-x', 'Defaults logfile=/run/sudo.log\\nroot ALL=(ALL\\n')\n"
    found = tried(tmp_path, script + "found = effective(dropin, 'sudo:logfile')")
    assert found["code"] == "malformed"
    assert "syntax error" in found["why"]


def test_another_file_in_sudo_conf_is_no_answer(tmp_path: Path) -> None:
    script = "lines('/etc/sudo.conf', 'Plugin sudoers_policy sudoers.so sudoers_file=/etc/other\\n')\n"
    found = tried(tmp_path, script + "found = effective(dropin, 'sudo:logfile')")
    assert "/etc/sudo.conf, line 1" in found["why"]


def test_the_log_file_is_set_and_sudo_uses_it(tmp_path: Path) -> None:
    found = tried(
        tmp_path,
        "found['first'] = change(dropin, 'sudo:logfile', '/run/sudo.log')\n"
        "found['logs'] = sudo_logs('/run/sudo.log')\n"
        "found['mode'] = oct(os.stat('/etc/sudoers.d/zz-leeboard').st_mode)\n"
        "found['second'] = change(dropin, 'sudo:logfile', '/run/sudo.log')\n"
        "os.chmod('/etc/sudoers.d/zz-leeboard', 0o666)\n"
        "found['open'] = [effective(dropin, 'sudo:logfile')['state']]\n"
        "found['open'] += [change(dropin, 'sudo:logfile', '/run/sudo.log')]\n"
        "found['again'] = sudo_logs('/run/sudo.log')\n",
    )
    assert found == {
        "first": True,
        "logs": True,
        "mode": "0o100440",
        "second": False,
        "open": ["absent", True],
        "again": True,
    }


REFUSALS = [
    ("lines('/etc/sudoers.d/zzz', 'Defaults !logfile\\n')", "zzz|would still decide"),
    ("lines('/etc/sudoers.d/zzz', 'Defaults:root !logfile\\n')", "Defaults for username root"),
    ("lines('/etc/sudoers', 'root ALL=(ALL) ALL\\n')", "does not read /etc/sudoers.d"),
    ("lines('/etc/sudoers.d/10-x', 'root ALL=(ALL\\n')", "do not parse"),
    ("lines('/etc/sudoers.d/10-x', 'Defaults lecture=sometimes\\n')", "visudo does not accept"),
    ("os.symlink('/usr/share/x', '/etc/sudoers.d/zz-leeboard')", "symbolic link"),
]


@pytest.mark.parametrize(("script", "words"), REFUSALS)
def test_nothing_is_written_where_it_would_break_or_not_count(tmp_path: Path, script: str, words: str) -> None:
    found = tried(
        tmp_path,
        f"{script}\n"
        "from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError\n"
        "try:\n    found['said'] = change(dropin, 'sudo:logfile', '/run/sudo.log')\n"
        "except HostError as problem:\n    found['said'] = problem.why\n"
        "found['there'] = pathlib.Path('/etc/sudoers.d/zz-leeboard').exists()\n",
    )
    assert any(word in str(found["said"]) for word in words.split("|")), found
    assert found["there"] is False


# What no real program can be made to say


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("out", ['{"Defaults": [{"Options": [{"logfi', "[]", '{"Defaults": [{}]}', '{"Defaults": 3}'])
def test_a_cut_off_answer_is_no_answer(tmp_path: Path, out: str) -> None:
    runner = Answers({"cvtsudoers": Completed(0, out, "")})
    files = {"/usr/bin/sudo": "", "/etc/sudoers": "Defaults logfile=/var/log/sudo.log\n"}
    found = effective(dropin, folder(tmp_path, files, runner), ADDRESS)
    assert found["code"] == "malformed"
    assert "cut off" in found["why"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(
    ("link", "leads", "keeps"),
    [
        ("var/log/sudo.log", "/dev/null", False),
        ("var/log/sudo.log", "/dev/full", False),
        ("var/log/sudo.log", "admin/sudo.log", True),
        ("elsewhere", "/dev/null", True),
    ],
)
def test_a_log_that_is_a_link_to_nowhere_keeps_nothing(tmp_path: Path, link: str, leads: str, keeps: bool) -> None:
    logfile = "/var/log/sudo.log"
    said = json.dumps({"Defaults": [{"Options": [{"logfile": logfile}]}]})
    files = {"/usr/bin/sudo": "", "/etc/sudoers": f"Defaults logfile={logfile}\n", "/var/log/admin/sudo.log": ""}
    host = folder(tmp_path, files, Answers({"cvtsudoers": Completed(0, said, "")}))
    (tmp_path / link).symlink_to(leads)
    found = effective(dropin, host, ADDRESS)
    assert found["value"] == (logfile if keeps else "")
    assert ("kept nowhere" in found["source"]) is not keeps


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_files_that_include_each_other_for_ever_are_no_answer(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/bin/sudo": "", "/etc/sudoers": "@include /etc/sudoers\n"})
    assert effective(dropin, host, ADDRESS)["code"] == "malformed"


def test_without_sudo_nothing_is_set(tmp_path: Path) -> None:
    assert effective(dropin, folder(tmp_path), ADDRESS)["source"] == "sudo is not installed"
