"""Services of PAM that let somebody in who shows nothing, empty passwords, and automatic sign-in of sign-in screens."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.open_sign_in import driver

from tests.unit.linux.folder import PASSWD, effective, folder

# As Debian 13 ships them (pam 1.7.0, shadow 4.17, util-linux 2.41).
AUTH = (
    "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\t\t\tpam_deny.so\n"
    "auth\trequired\t\t\tpam_permit.so\nauth\toptional\t\t\tpam_cap.so\n"
)
COMMON = "@include common-auth\n"
LIGHTDM = (
    "auth requisite pam_nologin.so\nauth sufficient pam_succeed_if.so user ingroup nopasswdlogin\n"
    f"{COMMON}-auth optional pam_gnome_keyring.so\n"
)
STOCK: dict[str, str | None] = {
    "/etc/passwd": f"{PASSWD}bob:x:1001:1001::/home/bob:/bin/bash\nbackup:x:34:34::/var/backups:/usr/sbin/nologin\n",
    "/etc/shadow": "root:*:1::::::\nada:$y$j9T$x:1::::::\nbob:!:1::::::\nbackup:*:1::::::\n",
    "/etc/group": "root:x:0:\nsudo:x:27:ada\nada:x:1000:\nnopasswdlogin:x:110:\n",
    "/etc/pam.d/common-auth": AUTH,
    "/etc/pam.d/common-auth.pam-old": "auth sufficient pam_permit.so\n",
    "/etc/pam.d/other": COMMON,
    "/etc/pam.d/su": f"auth sufficient pam_rootok.so\n# auth sufficient pam_wheel.so trust\n{COMMON}",
    "/etc/pam.d/su-l": "auth include su\n",
    "/etc/pam.d/login": f"auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n{COMMON}",
    "/etc/pam.d/chsh": f"auth required pam_shells.so\nauth sufficient pam_rootok.so\n{COMMON}",
    "/etc/pam.d/runuser": "auth sufficient pam_rootok.so\nsession optional pam_keyinit.so revoke\n",
    "/etc/pam.d/gdm-password": (
        f"auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n{COMMON}"
    ),
    "/etc/pam.d/gdm-autologin": "auth required pam_permit.so\n",
    "/etc/pam.d/gdm-launch-environment": "auth required pam_permit.so\n",
    "/etc/pam.d/lightdm": LIGHTDM,
    "/etc/pam.d/lightdm-greeter": "auth required pam_permit.so\n",
    "/etc/pam.d/sudo": COMMON,
    "/usr/lib/pam.d/polkit-1": COMMON,
}
SUDO = "/etc/pam.d/sudo"
AT_SUDO = f"{SUDO}, line 1: "


def services(root: Path, more: dict[str, str | None], address: str = "services") -> list[str]:
    found = effective(driver, folder(root, {**STOCK, **more}), address)
    assert found["state"] == "value", found
    return list(found["value"])


def test_a_stock_machine_lets_nobody_in(tmp_path: Path) -> None:
    assert services(tmp_path, {}) == []
    assert services(tmp_path, {}, "empty-passwords") == []
    assert services(tmp_path, {}, "greeters") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth sufficient pam_permit.so\n", "pam_permit.so lets in anybody (sudo)"),
        ("auth [success=done default=ignore] pam_permit.so\n", "pam_permit.so lets in anybody (sudo)"),
        ("auth sufficient \\\n pam_permit.so\n", "pam_permit.so lets in anybody (sudo)"),
        ("auth sufficient /usr/lib/security/pam_permit.so\n", "pam_permit.so lets in anybody (sudo)"),
        ("auth sufficient pam_succeed_if.so user = bob\n", "pam_succeed_if.so lets in bob (sudo)"),
        ("auth sufficient pam_succeed_if.so quiet user ingroup sudo\n", "pam_succeed_if.so lets in ada (sudo)"),
        ("auth sufficient pam_succeed_if.so uid >= 1000\n", "pam_succeed_if.so lets in"),
        ("auth sufficient pam_succeed_if.so uid ge 1000 user in ada:eve\n", "pam_succeed_if.so lets in ada (sudo)"),
        ("auth sufficient pam_succeed_if.so user =~ b*\n", "pam_succeed_if.so lets in bob (sudo)"),
        ("auth sufficient pam_succeed_if.so tty =~ tty*\n", "pam_succeed_if.so lets in anybody (sudo)"),
        ("auth sufficient pam_wheel.so trust group=sudo\n", "pam_wheel.so lets in ada (sudo)"),
        ("auth sufficient pam_wheel.so trust use_uid\n", "pam_wheel.so lets in root (sudo)"),
        ("auth sufficient pam_localuser.so\n", "pam_localuser.so lets in ada, bob, root (sudo)"),
        ("auth sufficient pam_usertype.so isregular\n", "pam_usertype.so lets in"),
        ("auth sufficient pam_listfile.so item=user sense=allow file=/etc/l onerr=fail\n", "pam_listfile.so lets in"),
        ("auth sufficient pam_listfile.so item=group sense=allow file=/etc/l\n", "pam_listfile.so lets in ada"),
        ("auth sufficient pam_listfile.so item=user sense=allow file=/etc/x onerr=succeed\n", "pam_listfile.so lets"),
        ("auth sufficient pam_rhosts.so\n", "pam_rhosts.so lets in anybody (sudo)"),
        ("auth sufficient pam_exec.so /usr/local/bin/yes\n", "pam_exec.so lets in anybody (sudo)"),
    ],
)  # fmt: skip
def test_a_line_that_lets_somebody_in(tmp_path: Path, text: str, said: str) -> None:
    (found,) = services(tmp_path, {SUDO: text + COMMON, "/etc/l": "bob\nsudo\n"})
    assert found.startswith(AT_SUDO + said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth required pam_permit.so\n", f"{AT_SUDO}pam_permit.so lets in anybody (sudo)"),
        ("auth optional pam_permit.so\n", f"{AT_SUDO}pam_permit.so lets in anybody (sudo)"),
        ("auth optional pam_unix.so\nauth required pam_permit.so\n", "line 2: pam_permit.so lets in anybody"),
        # Over pam_unix and pam_deny, to the line that says yes.
        (f"auth [success=2 default=ignore] pam_succeed_if.so user = ada\n{AUTH}", "pam_succeed_if.so lets in ada"),
        ("auth substack open\n", "/etc/pam.d/open, line 1: pam_permit.so lets in anybody (open, sudo)"),
        ("auth include open\n", "/etc/pam.d/open, line 1: pam_permit.so lets in anybody (open, sudo)"),
        ("@include open\n", "/etc/pam.d/open, line 1: pam_permit.so lets in anybody (open, sudo)"),
    ],
)  # fmt: skip
def test_a_stack_that_lets_somebody_in(tmp_path: Path, text: str, said: str) -> None:
    more = {"/etc/pam.d/open": "auth required pam_permit.so\n"} if "open" in text else {}
    (found,) = services(tmp_path, {SUDO: text, **more})
    assert said in found


@pytest.mark.parametrize(
    "text",
    [
        "#auth sufficient pam_permit.so\n",
        "session sufficient pam_permit.so\n",
        "account required pam_permit.so\n",
        "auth optional pam_permit.so\n",
        "auth required pam_permit.so\n",
        "auth sufficient pam_succeed_if.so user ingroup nopasswdlogin\n",
        "auth sufficient pam_succeed_if.so user = nobody\n",
        "auth sufficient pam_succeed_if.so service = su\n",
        "auth sufficient pam_succeed_if.so user ingroup sudo user = bob\n",
        "auth sufficient pam_wheel.so\nauth required pam_wheel.so\n",
        "auth sufficient pam_wheel.so trust group=nopasswdlogin\n",
        "auth sufficient pam_rootok.so\n",
        "auth sufficient pam_fprintd.so\n",
        "auth sufficient pam_ours.so\n",
        "auth sufficient pam_exec.so expose_authtok /usr/local/bin/ask\n",
        "auth sufficient pam_listfile.so item=user sense=allow file=/etc/x onerr=fail\n",
        "auth required pam_listfile.so item=user sense=deny file=/etc/l onerr=succeed\n",
        "auth requisite pam_deny.so\nauth sufficient pam_permit.so\n",
        "auth required pam_faillock.so preauth\nauth required pam_access.so\nauth required pam_shells.so\n",
        "auth [success=1 default=ignore] pam_succeed_if.so user ingroup nopasswdlogin\n",
    ],
)
def test_a_line_that_lets_nobody_in(tmp_path: Path, text: str) -> None:
    assert services(tmp_path, {SUDO: text + COMMON, "/etc/l": "bob\n"}) == []


def test_one_line_of_many_services_is_named_once(tmp_path: Path) -> None:
    text = AUTH.replace("auth\trequisite", "# auth\trequisite")
    place = "/etc/pam.d/common-auth, line 3: pam_permit.so"
    assert services(tmp_path, {"/etc/pam.d/common-auth": text}) == [
        f"{place} lets in anybody (chsh, common-auth, gdm-password and 7 more)"
    ]


def test_lightdm_lets_in_those_of_its_group(tmp_path: Path) -> None:
    groups = "root:x:0:\nnopasswdlogin:x:110:bob\n"
    assert services(tmp_path, {"/etc/group": groups}) == [
        "/etc/pam.d/lightdm, line 2: pam_succeed_if.so lets in bob (lightdm)"
    ]


def test_who_has_no_shell_is_not_let_in(tmp_path: Path) -> None:
    text = f"auth sufficient pam_succeed_if.so user = backup\n{COMMON}"
    assert services(tmp_path, {SUDO: text}) == []
    passwd = "root:x:0:0::/root:/bin/bash\nbackup:x:34:34::/var/backups:/bin/sh\n"
    assert services(tmp_path, {SUDO: text, "/etc/passwd": passwd}) == [
        f"{AT_SUDO}pam_succeed_if.so lets in backup (sudo)"
    ]


def test_a_folder_of_the_packages_is_read_too_and_etc_comes_first(tmp_path: Path) -> None:
    opened = {"/usr/lib/pam.d/kiosk": "auth required pam_permit.so\n"}
    assert services(tmp_path, opened) == ["/usr/lib/pam.d/kiosk, line 1: pam_permit.so lets in anybody (kiosk)"]
    assert services(tmp_path, {**opened, "/etc/pam.d/kiosk": COMMON}) == []


def test_a_service_that_leads_nowhere_is_none(tmp_path: Path) -> None:
    host = folder(tmp_path, STOCK)
    (tmp_path / "etc/pam.d/smartcard").symlink_to(tmp_path / "etc/alternatives/smartcard")
    assert effective(driver, host, "services")["value"] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("auth enough pam_unix.so\n", "PAM knows no control"),
        ("@include not-there\n", "includes not-there, which is not there"),
        ("@include sudo\n", "nested too deeply"),
        ("auth required\n", "has no module"),
    ],
)
def test_what_cannot_be_understood_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    host = folder(tmp_path, {**STOCK, SUDO: text})
    found = effective(driver, host, "services")
    assert (found["state"], found["code"]) == ("unreadable", "malformed")
    assert why in found["why"]


# Empty passwords

EMPTY = "root:*:1::::::\nada:$y$j9T$x:1::::::\nbob::1::::::\nbackup::1::::::\n"


def test_an_empty_password_that_pam_takes(tmp_path: Path) -> None:
    assert services(tmp_path, {"/etc/shadow": EMPTY}, "empty-passwords") == ["bob"]
    passwd = "root::0:0::/root:/bin/bash\n"
    assert services(tmp_path / "root", {"/etc/passwd": passwd}, "empty-passwords") == ["root"]


def test_an_empty_password_that_no_service_takes(tmp_path: Path) -> None:
    asks = {"/etc/pam.d/common-auth": AUTH.replace(" nullok", "")}
    assert services(tmp_path, {"/etc/shadow": EMPTY, **asks}, "empty-passwords") == []
    for taking in ("nullok", "nullok_secure"):
        more = {**asks, "/etc/shadow": EMPTY, "/etc/pam.d/login": AUTH.replace("nullok", taking)}
        assert services(tmp_path, more, "empty-passwords") == ["bob"]


def test_an_account_with_a_shell_of_the_system_counts_as_well(tmp_path: Path) -> None:
    passwd = "root:x:0:0::/root:/bin/bash\nbackup:x:34:34::/var/backups:/bin/sh\n"
    assert services(tmp_path, {"/etc/passwd": passwd, "/etc/shadow": EMPTY}, "empty-passwords") == ["backup"]


def test_without_shadow_nobody_can_tell(tmp_path: Path) -> None:
    host = folder(tmp_path, {name: text for name, text in STOCK.items() if name != "/etc/shadow"})
    assert effective(driver, host, "empty-passwords")["code"] == "malformed"


# Sign-in screens

D, MAIN = "/etc/lightdm/lightdm.conf.d", "/etc/lightdm/lightdm.conf"
LIGHT, SDDM, GREETD = "/usr/sbin/lightdm", "/usr/bin/sddm", "/usr/sbin/greetd"
SEAT, TOML = "[Seat:*]\nautologin-user=bob\n", "/etc/greetd/config.toml"
ASKS = '[terminal]\nvt = 1\n[default_session]\ncommand = "agreety --cmd sway"\nuser = "_greetd"\n'


@pytest.mark.parametrize(
    ("program", "files", "said"),
    [
        (LIGHT, {MAIN: SEAT}, f"lightdm: signs bob in by itself ({MAIN}, line 2)"),
        (LIGHT, {"/usr/share/lightdm/lightdm.conf.d/x.conf": SEAT}, "lightdm: signs bob in"),
        (LIGHT, {f"{D}/x.conf": SEAT, MAIN: "[Seat:*]\n#autologin-user=\n"}, f"({D}/x.conf, line 2)"),
        (LIGHT, {f"{D}/x.conf": "[SeatDefaults]\nautologin-user = bob\n"}, "lightdm: signs bob in"),
        (LIGHT, {MAIN: "[Seat:seat0]\nautologin-user=bob\n"}, "lightdm: signs bob in"),
        (LIGHT, {MAIN: "[Seat:*]\nautologin-guest=true\n"}, "lightdm: signs a guest in"),
        (SDDM, {"/etc/sddm.conf": "[Autologin]\nUser=bob\nSession=plasma\n"}, "signs bob in by itself (/etc/sddm"),
        (SDDM, {"/etc/sddm.conf.d/kde": "[Autologin]\nUser=bob # ours\n"}, "sddm: signs bob in by itself"),
        (SDDM, {"/usr/lib/sddm/sddm.conf.d/x.conf": "[Autologin]\nUser=bob\n"}, "sddm: signs bob in"),
        (GREETD, {TOML: f'{ASKS}[initial_session]\ncommand = "sway"\nuser = "bob"\n'}, "greetd: signs bob in"),
        (GREETD, {TOML: f'{ASKS}[ initial_session ]\nuser = \'bob\'\n'}, "greetd: signs bob in"),
        (GREETD, {TOML: 'initial_session = {command = "sway", user = "bob"}\n'}, "greetd: signs bob in"),
        (GREETD, {TOML: 'initial_session.user = "bob"\n'}, "greetd: signs bob in"),
        (GREETD, {TOML: '[default_session]\ncommand = "sway"\nuser = "bob"\n'}, "greetd: signs bob in"),
        ("/usr/sbin/lxdm", {"/etc/lxdm/lxdm.conf": "[base]\nautologin=bob\n"}, "lxdm: signs bob in"),
        ("/usr/sbin/nodm", {"/etc/default/nodm": "NODM_ENABLED=true\nNODM_USER=bob\n"}, "nodm: signs bob in"),
        ("/usr/bin/slim", {"/etc/slim.conf": "default_user  bob\nauto_login\tyes\n"}, "slim: signs bob in"),
        ("/usr/bin/ly", {"/etc/ly/config.ini": "auto_login_user = bob\n"}, "ly: signs bob in"),
    ],
)  # fmt: skip
def test_a_sign_in_screen_that_signs_somebody_in(
    tmp_path: Path, program: str, files: dict[str, str], said: str
) -> None:
    assert services(tmp_path, {**files}, "greeters") == []  # left by a package that is gone
    (found,) = services(tmp_path / "there", {program: "", **files}, "greeters")
    assert said in found


@pytest.mark.parametrize(
    ("program", "files"),
    [
        (LIGHT, {f"{D}/x.conf": SEAT, MAIN: "[Seat:*]\nautologin-user=\n"}),
        (LIGHT, {f"{D}/a.conf": SEAT, f"{D}/b.conf": "[SeatDefaults]\nautologin-user=\n"}),
        (LIGHT, {"/usr/share/lightdm/lightdm.conf.d/z.conf": SEAT, f"{D}/a.conf": "[Seat:*]\nautologin-user=\n"}),
        (LIGHT, {f"{D}/x.conf.old": SEAT}),
        (LIGHT, {MAIN: "[Seat:*]\n#autologin-user=bob\nautologin-session=xfce\n[XDMCPServer]\nautologin-user=bob\n"}),
        (SDDM, {"/etc/sddm.conf.d/a": "[Autologin]\nUser=bob\n", "/etc/sddm.conf": "[Autologin]\nUser=\n"}),
        (SDDM, {"/etc/sddm.conf": "[Autologin]\nSession=plasma\n[Users]\nUser=bob\n"}),
        (GREETD, {TOML: f'{ASKS}#[initial_session]\n#user = "bob"\n'}),
        ("/usr/sbin/lxdm", {"/etc/lxdm/lxdm.conf": "[base]\n# autologin=bob\n"}),
        ("/usr/sbin/nodm", {"/etc/default/nodm": "NODM_ENABLED=false\nNODM_USER=bob\n"}),
        ("/usr/bin/slim", {"/etc/slim.conf": "default_user  bob\n#auto_login yes\n"}),
        ("/usr/bin/ly", {"/etc/ly/config.ini": "auto_login_user = null\n"}),
    ],
)
def test_a_sign_in_screen_that_asks(tmp_path: Path, program: str, files: dict[str, str]) -> None:
    assert services(tmp_path, {program: "", **files}, "greeters") == []


def test_a_file_of_a_sign_in_screen_that_cannot_be_read(tmp_path: Path) -> None:
    host = folder(tmp_path, {LIGHT: "", f"{MAIN}/x": ""})
    assert effective(driver, host, "greeters")["code"] in ("malformed", "failed")
