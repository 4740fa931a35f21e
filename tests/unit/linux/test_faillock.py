"""Does PAM really call pam_faillock: orders, jumps, includes, arguments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import driver as faillock

from tests.unit.linux.folder import effective, folder

LOGIN = "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n@include common-auth\n"
LOGIN += "auth optional pam_group.so\n@include common-account\n"
ACCOUNT = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\n"
ACCOUNT += "account required pam_permit.so\n"
COUNTED = ACCOUNT + "account required pam_faillock.so\n"
END = "auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n"
# As shipped in Debian 13 (pam-auth-update of libpam-runtime 1.7.0).
STOCK = "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n" + END
# What pam-auth-update makes of the two profiles of linux.md, LCK-05 (tried there).
RIGHT = (
    "auth requisite pam_faillock.so preauth\nauth [success=2 default=ignore] pam_unix.so nullok\n"
    "auth [default=die] pam_faillock.so authfail\n" + END
)
# The second example of pam_faillock(8).
MANUAL = (
    "auth required pam_faillock.so preauth\nauth sufficient pam_unix.so\n"
    "auth [default=die] pam_faillock.so authfail\nauth required pam_deny.so\n"
)
# The first example of pam_faillock(8): authsucc in place of preauth and account.
AUTHSUCC = (
    "auth [success=1 default=bad] pam_unix.so\nauth [default=die] pam_faillock.so authfail\n"
    "auth sufficient pam_faillock.so authsucc\nauth required pam_deny.so\n"
)


def machine(tmp_path: Path, auth: str, account: str = COUNTED, conf: str | None = None, **more: str):  # type: ignore[no-untyped-def]
    files = {"/etc/pam.d/login": LOGIN, "/etc/pam.d/common-auth": auth, "/etc/pam.d/common-account": account}
    files |= {f"/etc/pam.d/{name}": text for name, text in more.items()}
    if conf is not None:
        files["/etc/security/faillock.conf"] = conf
    return folder(tmp_path, files)


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(RIGHT, id="pam-auth-update"),
        pytest.param(MANUAL, id="manual, with account"),
        pytest.param(RIGHT.replace("auth requisite pam_faillock", "auth required pam_faillock"), id="required preauth"),
        pytest.param("auth [success=1 \\\n default=ignore] pam_rootok.so\n" + RIGHT, id="a line before, continued"),
        pytest.param(RIGHT.replace("pam_faillock.so", "/usr/lib/security/pam_faillock.so"), id="with a path"),
        pytest.param("auth required pam_faillock.so preauth silent deny=5\n" + RIGHT[39:], id="arguments"),
        pytest.param("# auth required pam_faillock.so authfail\n" + RIGHT, id="a comment besides"),
    ],
)
def test_called_rightly(tmp_path: Path, auth: str) -> None:
    found = effective(faillock, machine(tmp_path, auth), "pam")
    assert (found["value"], found["source"]) == (True, "/etc/pam.d/login")


def test_authsucc_stands_for_preauth_and_account(tmp_path: Path) -> None:
    assert effective(faillock, machine(tmp_path, AUTHSUCC, ACCOUNT), "pam")["value"] is True


@pytest.mark.parametrize(
    ("auth", "account", "why"),
    [
        pytest.param(STOCK, ACCOUNT, "no line calls pam_faillock", id="stock"),
        pytest.param("#" + RIGHT.replace("\n", "\n#"), COUNTED, "no line calls pam_faillock", id="commented out"),
        pytest.param(
            "auth [success=3 default=ignore] pam_unix.so\nauth requisite pam_faillock.so preauth\n"
            "auth [default=die] pam_faillock.so authfail\n" + END,
            COUNTED,
            r"line 2 \(preauth\) is not reached before the password",
            id="preauth after the password",
        ),
        pytest.param(
            "auth requisite pam_faillock.so preauth\nauth [success=2 default=ignore] pam_unix.so\n" + END,
            COUNTED,
            "no line calls pam_faillock authfail",
            id="authfail missing",
        ),
        pytest.param(
            "auth [default=die] pam_faillock.so authfail\n" + RIGHT.replace(" authfail", " preauth"),
            COUNTED,
            "a password is never asked for",
            id="authfail first",
        ),
        pytest.param(
            RIGHT.replace("requisite pam_faillock.so preauth", "[success=1 default=ignore] pam_faillock.so preauth"),
            COUNTED,
            "a password is never asked for",
            id="jumps over the password",
        ),
        pytest.param(
            RIGHT.replace("[success=2 default=ignore] pam_unix", "[success=1 default=ignore] pam_unix"),
            COUNTED,
            "the right password would be refused",
            id="jump too short",
        ),
        pytest.param(
            "auth requisite pam_faillock.so preauth\nauth required pam_unix.so\n"
            "auth optional pam_faillock.so authfail\n",
            COUNTED,
            "counts a right password as a failure",
            id="authfail always",
        ),
        pytest.param(
            RIGHT.replace("auth requisite pam_faillock", "auth optional pam_faillock"),
            COUNTED,
            "is ignored, so a locked account gets in",
            id="preauth optional",
        ),
        pytest.param(
            RIGHT.replace("auth [success=2", "auth requisite pam_unix.so\nauth [success=2"),
            COUNTED,
            r"line 4 \(authfail\) is not reached after",
            id="a requisite line ends the stack",
        ),
        pytest.param(RIGHT, ACCOUNT, "failures are never forgotten", id="no account line"),
        pytest.param(
            RIGHT,
            "account sufficient pam_unix.so\naccount required pam_faillock.so\n",
            "failures are never forgotten",
            id="account line skipped",
        ),
        pytest.param("auth sufficient pam_permit.so\n" + RIGHT, COUNTED, "never asked for", id="everybody gets in"),
    ],
)
def test_not_called_rightly(tmp_path: Path, auth: str, account: str, why: str) -> None:
    host = machine(tmp_path, auth, account)
    found = effective(faillock, host, "pam")
    assert found["value"] is False
    assert re.search(why, found["source"]), found["source"]
    assert effective(faillock, host, "deny")["state"] == "absent"


def test_one_way_in_without_it_is_enough_for_false(tmp_path: Path) -> None:
    found = effective(faillock, machine(tmp_path, RIGHT, sshd=STOCK + COUNTED), "pam")
    assert (found["value"], found["source"]) == (False, "sshd: no line calls pam_faillock")


def test_substack_ends_only_itself(tmp_path: Path) -> None:
    login = "auth substack common-auth\nauth required pam_permit.so\naccount include common-account\n"
    assert effective(faillock, machine(tmp_path, MANUAL, login=login), "pam")["value"] is True


@pytest.mark.parametrize(
    ("login", "why"),
    [
        ("@include missing\n", "which is not there"),
        ("@include login\n", "nested too deeply"),
        ("auth frobnicate pam_unix.so\n", "knows no control"),
        ("auth required\n", "has no module"),
    ],
)
def test_broken_configuration_is_malformed(tmp_path: Path, login: str, why: str) -> None:
    found = effective(faillock, machine(tmp_path, RIGHT, login=login), "pam")
    assert found["code"] == "malformed"
    assert why in found["why"]


CONF = "deny = 10\n# unlock_time = 1\nunlock_time=900 # a comment\n  fail_interval\t900\n"


@pytest.mark.parametrize(
    ("line", "conf", "address", "value"),
    [
        ("", None, "deny", 3),
        ("", None, "unlock_time", 600),
        ("", None, "fail_interval", 900),
        ("", None, "even_deny_root", False),
        ("", None, "root_unlock_time", None),
        ("", CONF, "deny", 10),
        ("", CONF, "unlock_time", 900),
        ("", "unlock_time = never\n", "unlock_time", 0),
        ("", "deny = many\n", "deny", 3),
        ("", "deny = 5\ndeny = many\n", "deny", 5),
        ("", "unlock_time = 604801\n", "unlock_time", 600),
        ("", "deny = 5 tries\n", "deny", 5),
        ("", "deny=0\n", "deny", 0),
        ("deny=4", CONF, "deny", 4),
        ("even_deny_root", CONF, "even_deny_root", True),
        ("even_deny_root", CONF, "root_unlock_time", 900),
        ("", "even_deny_root\nroot_unlock_time = 60\n", "root_unlock_time", 60),
        ("", "even_deny_rooted\n", "even_deny_root", False),
    ],
)
def test_numbers_in_effect(tmp_path: Path, line: str, conf: str | None, address: str, value: object) -> None:
    auth = RIGHT.replace(" preauth", f" preauth {line}")
    assert effective(faillock, machine(tmp_path, auth, conf=conf), address).get("value") == value


def test_configured_is_the_file_even_when_pam_does_not_call_it(tmp_path: Path) -> None:
    found = faillock.observe(machine(tmp_path, STOCK, conf=CONF), ["deny"])["deny"]
    assert found["configured"]["value"] == 10
    assert found["effective"] == {
        "state": "absent",
        "source": "PAM does not call pam_faillock, so faillock.conf has no effect",
    }


def test_ways_in_that_differ_are_named(tmp_path: Path) -> None:
    found = effective(
        faillock, machine(tmp_path, RIGHT, sshd=MANUAL.replace("preauth", "preauth deny=99") + COUNTED), "deny"
    )
    assert found["value"] == 3
    assert found["others"] == [{"who": "sign-in by sshd", "value": 99, "type": "int"}]


def test_a_missing_file_named_on_the_line_is_malformed(tmp_path: Path) -> None:
    auth = RIGHT.replace(" preauth", " preauth conf=/etc/none.conf")
    assert effective(faillock, machine(tmp_path, auth), "deny")["code"] == "malformed"
