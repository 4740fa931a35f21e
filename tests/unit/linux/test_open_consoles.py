"""Consoles that let somebody in without a password: units put together as systemd does, agetty's own words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.open_sign_in import driver, programs
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.inifile import Assignment

from tests.unit.linux.folder import PASSWD, effective, folder

ETC, LIB, RUN = "/etc/systemd/system", "/usr/lib/systemd/system", "/run/systemd/system"
GETTY = "[Service]\nExecStart=-/sbin/agetty -o '-- \\\\u' --noreset --noclear - ${TERM}\nStandardInput=tty\n"
SHELL = "[Service]\nExecStart=/usr/bin/bash\nStandardInput=tty\nTTYPath=/dev/tty9\n"
# As Debian 13 ships them (systemd 257).
STOCK: dict[str, str | None] = {
    "/etc/passwd": PASSWD,
    "/etc/shadow": "root:*:1::::::\nada:$y$j9T$x:1::::::\n",
    f"{LIB}/getty@.service": GETTY,
    f"{LIB}/serial-getty@.service": GETTY,
    f"{LIB}/console-getty.service": GETTY,
    f"{LIB}/debug-shell.service": SHELL,
    f"{LIB}/rescue.service": (
        "[Service]\nEnvironment=HOME=/root\nExecStart=-/usr/lib/systemd/systemd-sulogin-shell rescue\n"
        "StandardInput=tty-force\n"
    ),
    f"{ETC}/getty.target.wants/getty@tty1.service": "",
    "/proc/cmdline": "root=/dev/sda1 quiet\n",
}
AUTOLOGIN = "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin ada --noclear - $TERM\n"
SAYS_ADA = "signs ada in by itself"
GENERATOR = "/run/systemd/generator/getty.target.wants/serial-getty@ttyS0.service"


def consoles(root: Path, more: dict[str, str | None]) -> list[str]:
    found = effective(driver, folder(root, {**STOCK, **more}), "consoles")
    assert found["state"] == "value", found
    return list(found["value"])


def test_a_stock_machine_lets_nobody_in(tmp_path: Path) -> None:
    assert consoles(tmp_path, {GENERATOR: ""}) == []


@pytest.mark.parametrize(
    ("more", "unit", "said"),
    [
        ({f"{ETC}/getty@.service.d/a.conf": AUTOLOGIN}, "getty@.service", f"{ETC}/getty@.service.d/a.conf, line 3"),
        ({f"{ETC}/getty@tty1.service.d/a.conf": AUTOLOGIN}, "getty@tty1.service", SAYS_ADA),
        ({f"{ETC}/getty@tty5.service.d/a.conf": AUTOLOGIN}, "getty@tty5.service", SAYS_ADA),
        ({f"{ETC}/getty@tty1.service": AUTOLOGIN}, "getty@tty1.service", SAYS_ADA),
        ({f"{RUN}/getty@tty1.service.d/a.conf": AUTOLOGIN}, "getty@tty1.service", f"{RUN}/getty@tty1"),
        ({f"{ETC}/console-getty.service.d/a.conf": AUTOLOGIN}, "console-getty.service", SAYS_ADA),
        ({f"{ETC}/console-.service.d/a.conf": AUTOLOGIN}, "console-getty.service", SAYS_ADA),
        ({GENERATOR: "", f"{ETC}/serial-getty@ttyS0.service.d/a.conf": AUTOLOGIN}, "serial-getty@ttyS0", SAYS_ADA),
        ({f"{ETC}/autovt@.service": AUTOLOGIN}, "autovt@.service", SAYS_ADA),
        # Its variables.
        (
            {f"{ETC}/getty@.service.d/a.conf": "[Service]\nEnvironment=\"A=-a ada\"\nExecStart=/sbin/agetty $A -\n"},
            "getty@.service",
            SAYS_ADA,
        ),
        (
            {
                f"{ETC}/getty@.service.d/a.conf": "[Service]\nEnvironmentFile=-/etc/a\nExecStart=/sbin/agetty $A -\n",
                "/etc/a": "# ours\nA='--autologin ada'\n",
            },
            "getty@.service",
            SAYS_ADA,
        ),
        # A unit of another name, started in each of the ways.
        ({f"{ETC}/maintenance.service": SHELL, f"{ETC}/multi-user.target.wants/maintenance.service": ""},
         "maintenance.service", "starts a shell on a terminal (/usr/bin/bash)"),
        ({f"{ETC}/maintenance.service": SHELL, "/sys/fs/cgroup/system.slice/maintenance.service/x": ""},
         "maintenance.service", "starts a shell"),
        ({f"{ETC}/maintenance.service": SHELL, f"{ETC}/ssh.service.d/x.conf": "[Unit]\nWants=maintenance.service\n"},
         "maintenance.service", "starts a shell"),
        ({f"{ETC}/maintenance.service": SHELL, f"{ETC}/maintenance.timer": "[Timer]\nOnBootSec=1\n",
          f"{ETC}/timers.target.wants/maintenance.timer": ""}, "maintenance.service", "starts a shell"),
        ({f"{ETC}/sysinit.target.wants/debug-shell.service": ""}, "debug-shell.service", "starts a shell"),
        ({f"{ETC}/rescue.service.d/a.conf": "[Service]\nExecStart=\nExecStart=-/bin/sh\n"}, "rescue.service", "(/bin"),
        ({f"{ETC}/rescue.service.d/a.conf": "[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n"}, "rescue.service",
         "SYSTEMD_SULOGIN_FORCE is set and root is locked"),
        ({f"{ETC}/rescue.service.d/a.conf": "[Service]\nExecStart=\nExecStart=/sbin/sulogin -e\n"}, "rescue.service",
         "starts a root shell where root is locked"),
        # Credentials, which every getty imports.
        ({"/etc/credstore/agetty.autologin": "ada"}, "/etc/credstore/agetty.autologin", "sign somebody in by"),
        ({"/etc/credstore/tty.virtual.tty2.login.noauth": "yes"}, "/etc/credstore/tty.virtual", "sign somebody in by"),
        ({f"{ETC}/getty@.service.d/a.conf": "[Service]\nSetCredential=agetty.autologin:ada\n"}, "getty@.service",
         "gives agetty.autologin ("),
        # The kernel.
        ({"/proc/cmdline": "quiet systemd.debug_shell\n"}, "debug-shell.service", "(/proc/cmdline)"),
        ({"/proc/cmdline": "quiet systemd.debug-shell=tty3\n"}, "debug-shell.service", "(/proc/cmdline)"),
        ({"/proc/cmdline": "quiet systemd.setenv=SYSTEMD_SULOGIN_FORCE=1\n"}, "rescue.service", "(/proc/cmdline)"),
    ],
)  # fmt: skip
def test_what_lets_somebody_in(tmp_path: Path, more: dict[str, str | None], unit: str, said: str) -> None:
    found = consoles(tmp_path, more)
    assert [one for one in found if one.startswith(unit) and said in one], found
    assert {one.split("@")[0].split(".")[0] for one in found} == {unit.split("@")[0].split(".")[0]}


@pytest.mark.parametrize(
    "more",
    [
        # What is taken back by what comes later, or hidden.
        {f"{ETC}/getty@.service.d/a.conf": AUTOLOGIN, f"{ETC}/getty@.service.d/b.conf": GETTY.replace(
            "ExecStart=-", "ExecStart=\nExecStart=-")},
        {f"{LIB}/getty@.service.d/a.conf": AUTOLOGIN, f"{ETC}/getty@.service.d/a.conf": None},
        {f"{RUN}/getty@.service.d/a.conf": AUTOLOGIN, f"{ETC}/getty@.service.d/a.conf": "[Service]\n"},
        {f"{RUN}/getty@tty1.service": AUTOLOGIN, f"{ETC}/getty@tty1.service": GETTY},
        {f"{ETC}/getty@.service.d/a.conf.bak": AUTOLOGIN},
        {f"{ETC}/getty@.service.d/a.conf": "[Unit]\nExecStart=/sbin/agetty --autologin ada -\n"},
        {f"{ETC}/getty@.service.d/a.conf": "[Service]\n#ExecStart=/sbin/agetty --autologin ada -\n"},
        # What nothing starts.
        {f"{ETC}/maintenance.service": SHELL},
        {f"{ETC}/serial-getty@ttyUSB0.service.d/a.conf": AUTOLOGIN},
        # What is masked.
        {f"{ETC}/debug-shell.service": None, f"{ETC}/sysinit.target.wants/debug-shell.service": ""},
        {f"{ETC}/debug-shell.service": None, "/proc/cmdline": "systemd.debug_shell=1\n"},
        {f"{ETC}/maintenance.service": "", f"{ETC}/multi-user.target.wants/maintenance.service": ""},
        {"/proc/cmdline": "systemd.debug_shell=no\n"},
        # What asks after all, or takes no typing.
        {f"{ETC}/getty@.service.d/a.conf": "[Service]\nExecStart=\nExecStart=/sbin/agetty -n -o '-p -- ada' - $TERM\n"},
        {f"{ETC}/kiosk.service": "[Service]\nExecStart=/bin/bash /usr/local/bin/signs\nStandardInput=tty\n",
         f"{ETC}/multi-user.target.wants/kiosk.service": ""},
        {f"{ETC}/job.service": "[Service]\nExecStart=/bin/bash -c 'date >>/var/log/x'\n",
         f"{ETC}/multi-user.target.wants/job.service": ""},
        {f"{ETC}/rescue.service.d/a.conf": "[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n",
         "/etc/shadow": "root:$y$j9T$x:1::::::\n"},
        {"/etc/credstore/agetty.issue": "x"},
    ],
)  # fmt: skip
def test_what_lets_nobody_in(tmp_path: Path, more: dict[str, str | None]) -> None:
    assert consoles(tmp_path, more) == []


def test_a_drop_in_for_all_services_reaches_every_getty(tmp_path: Path) -> None:
    found = {one.split(":")[0] for one in consoles(tmp_path, {f"{ETC}/service.d/a.conf": AUTOLOGIN})}
    assert found == {
        "getty@.service", "getty@tty1.service", "serial-getty@.service", "console-getty.service", "rescue.service",
    }  # fmt: skip


def test_a_link_to_another_unit_is_that_unit(tmp_path: Path) -> None:
    host = folder(tmp_path, {**STOCK, f"{LIB}/kiosk@.service": AUTOLOGIN})
    (tmp_path / ETC[1:] / "autovt@.service").symlink_to(tmp_path / LIB[1:] / "kiosk@.service")
    assert [one.split(":")[0] for one in effective(driver, host, "consoles")["value"]] == ["kiosk@.service"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({f"{ETC}/getty@.service.d/a.conf": "[Service]\nExecStart=/sbin/agetty --no-such-option -\n"}, "malformed"),
        ({f"{ETC}/getty@.service.d/a.conf": "x" * (1024 * 1024 + 1)}, "too_large"),
        ({f"{ETC}/getty@.service.d/a.conf/x": ""}, "failed"),
    ],
)
def test_what_cannot_be_read_is_an_error(tmp_path: Path, more: dict[str, str | None], code: str) -> None:
    found = effective(driver, folder(tmp_path, {**STOCK, **more}), "consoles")
    assert (found["state"], found["code"]) == ("unreadable", code)
    assert "getty@.service.d/a.conf" in found["why"]


@pytest.mark.parametrize(
    ("command", "terminal", "said"),
    [
        ("-/sbin/agetty -a root -", False, "signs root in by itself"),
        ("-/sbin/agetty -Ja root -", False, "signs root in by itself"),
        ("!!/sbin/agetty --autol=root --local-line=always -", False, "signs root in by itself"),
        ("/sbin/mingetty --autologin ada tty1", False, SAYS_ADA),
        ("/sbin/agetty -n -l /bin/sh -L=never 9600 ttyS0", False, "starts /bin/sh in place of login"),
        ("/sbin/agetty --skip-login --login-program /usr/bin/bash -", False, "starts /usr/bin/bash in place of login"),
        ("/sbin/agetty -o '-p -f root' -", False, "starts login, which is told not to ask (-f)"),
        ("/bin/login -f root", True, "starts login, which is told not to ask (-f)"),
        ("@/bin/bash -bash", True, "starts a shell on a terminal (/bin/bash)"),
        ("/bin/bash --login", True, "starts a shell on a terminal (/bin/bash --login)"),
        ("/usr/bin/openvt -c 9 -- /bin/bash", False, "starts a shell on a terminal (/bin/bash)"),
        ("/bin/sh -c 'exec bash </dev/tty9 >/dev/tty9 2>&1'", False, "starts a shell on a terminal (bash)"),
        ("/bin/su - ada", True, "starts a shell on a terminal (/bin/su - ada)"),
        ("/bin/busybox sh", True, "starts a shell on a terminal (/bin/busybox sh)"),
        ("/bin/bash", False, ""),
        ("/bin/bash -c 'exec /usr/bin/mon'", True, ""),
        ("/sbin/agetty -l /bin/login -o '-- -f' -", True, ""),
        ("/sbin/agetty --show-issue", True, ""),
        ("", True, ""),
    ],
)
def test_command_lines(command: str, terminal: bool, said: str) -> None:
    assert programs.lets_in(programs.words(command, {}), terminal) == said


@pytest.mark.skipif(not shutil.which("agetty"), reason="agetty is not installed: apt-get install util-linux")
def test_agetty_itself_knows_each_of_its_long_options() -> None:
    help = subprocess.run(["agetty", "--help"], capture_output=True, text=True, check=True).stdout
    said = {word.strip(",[]=") for line in help.split("\n") for word in line.split() if word.startswith("--")}
    options = {word.split("[")[0].split("=")[0] for word in said}
    assert len(options) > 20
    for option in options - {"--help", "--version", "--show-issue", "--list-speeds", "--reload"}:
        words = programs.words(f"agetty {option}=x -", {})
        try:
            programs.lets_in(words, False, Assignment("Service", "ExecStart", "", "here"))
        except HostError as problem:
            assert "must not have an argument" in problem.why, option
