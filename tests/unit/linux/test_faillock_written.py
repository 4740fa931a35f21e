"""What a change of the guessing limit comes to, with the real pam-auth-update on a folder, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, write
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import account, limit, update
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import driver as faillock

from tests.unit.linux import pam_profiles as pam
from tests.unit.linux.folder import PASSWD, Answers
from tests.unit.linux.test_contract import tree
from tests.unit.linux.test_faillock import COUNTED, MANUAL

AUTH = "/etc/pam.d/common-auth"
PAM = {"address": "pam", "value": True}
NUMBERS = [{"address": "deny", "value": 10}, {"address": "unlock_time", "value": 900}]


def refused(host: Any, changes: list[dict[str, Any]]) -> str:
    """Why a change is refused; nothing was written, not even for a moment that is left."""
    root = Path(host.root)
    before = tree(root)
    with pytest.raises(ChangeRefused) as problem:
        faillock.dry_run(host, changes)
    assert tree(root) == before
    assert list((root / "run").iterdir()) == [root / "run/x"]
    return str(problem.value)


def test_debian_s_own_pam(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m")
    before = tree(tmp_path / "m")
    result = faillock.dry_run(host, [PAM, *NUMBERS])
    assert tree(tmp_path / "m") == before
    changed = [edit.path for edit in result.edits if edit.before != edit.after]
    assert changed == [
        "/usr/share/pam-configs/leeboard-faillock",
        "/usr/share/pam-configs/leeboard-faillock-count",
        "/etc/security/faillock.conf",
        "/var/lib/pam/account",
        "/var/lib/pam/auth",
        "/var/lib/pam/seen",
        "/etc/pam.d/common-account",
        AUTH,
    ]
    assert (result.commands, result.warnings) == ([], [])
    assert result.before is not None and result.confirm is not None
    conf = next(edit.after for edit in result.edits if edit.path == limit.CONF)
    assert conf == f"{pam.CONF}deny = 10\nunlock_time = 900\n".encode()


@pytest.mark.parametrize(
    "profiles",
    [
        pytest.param({"sss": pam.SSS}, id="sssd"),
        pytest.param({"winbind": pam.WINBIND}, id="winbind"),
        pytest.param({"krb5": pam.KRB5}, id="krb5"),
        pytest.param({"fprintd": pam.FINGER}, id="fprintd"),
        pytest.param({"sss": pam.SSS, "krb5": pam.KRB5, "fprintd": pam.FINGER}, id="three of them"),
    ],
)
def test_who_else_knows_passwords_stands_between_our_lines(tmp_path: Path, profiles: dict[str, str]) -> None:
    host = pam.machine(tmp_path / "m", {"unix": pam.UNIX, **profiles})
    result = faillock.dry_run(host, [PAM, *NUMBERS])
    after = next(edit.after for edit in result.edits if edit.path == AUTH)
    assert after is not None
    lines = [line.split() for line in after.decode().splitlines() if line.startswith("auth")]
    assert lines[0] == ["auth", "requisite", "pam_faillock.so", "preauth"]
    judges, count = lines[1 : len(profiles) + 2], len(profiles) + 2
    assert lines[len(profiles) + 2] == ["auth", "[default=die]", "pam_faillock.so", "authfail"]
    assert [line[1] for line in judges] == [f"[success={count - at}" for at in range(len(judges))]


def test_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    """sssd alone: its first line asks, and with ours before it it is no longer the first."""
    host = pam.machine(tmp_path / "m", {"sss": pam.SSS})
    why = refused(host, [PAM])
    assert why.startswith("with our profiles sign-in by login would ask nobody for a password: pam_sss.so takes")


def test_a_module_that_our_count_would_keep_from_its_turn(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m", {"unix": pam.UNIX, "ccreds-check": pam.CCREDS})
    assert refused(host, [PAM]) == (
        "/etc/pam.d/login would answer otherwise than now to a wrong password that pam_unix.so judges, so PAM is "
        "left as it is"
    )


def test_somebody_s_line_that_jumps_over_a_fixed_number(tmp_path: Path) -> None:
    # Over the four lines of common-auth and pam_group: with ours there are two more.
    login = "auth [success=4 default=ignore] pam_listfile.so item=user sense=allow file=/etc/kiosk\n"
    login += "@include common-auth\nauth required pam_env.so\nauth required pam_permit.so\n@include common-account\n"
    host = pam.machine(tmp_path / "m", more={"/etc/pam.d/kiosk": login})
    assert refused(host, [PAM]).startswith("/etc/pam.d/kiosk would answer otherwise than now to a ")


BY_HAND = [
    pytest.param("# here are the per", "auth optional pam_warn.so\n# here are the per", None, id="outside the blocks"),
    pytest.param("pam_unix.so nullok", "pam_unix.so nullok nodelay", None, id="an option more"),
    pytest.param(
        "auth\t[success=1 default=ignore]\tpam_unix.so",
        "auth\tsufficient\tpam_u2f.so\nauth\t[success=1 default=ignore]\tpam_unix.so",
        f"{AUTH}, line 17",
        id="a line more",
    ),
    pytest.param("[success=1 default=ignore]\tpam_unix.so", "sufficient pam_unix.so", f"{AUTH}, line 17", id="control"),
    pytest.param(
        "# here's the fallback", "# the fallback", f"{AUTH}, line 18", id="a comment of the program's changed"
    ),
    pytest.param("# end of pam-auth-update config", "# x", f"{AUTH}, line 25", id="its last comment missing"),
]


@pytest.mark.parametrize(("old", "new", "where"), BY_HAND)
def test_what_was_changed_by_hand_is_left(tmp_path: Path, old: str, new: str, where: str | None) -> None:
    host = pam.machine(tmp_path / "m")
    path = tmp_path / "m" / AUTH.lstrip("/")
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    if where is None:
        assert update.changed_by_hand(host) == ""
        after = next(edit.after for edit in faillock.dry_run(host, [PAM]).edits if edit.path == AUTH)
        assert after is not None
        assert new.split("\n")[0].split()[-1] in after.decode()
    else:
        why = refused(host, [PAM])
        assert why.startswith(f"/etc/pam.d/common-* was changed by hand ({where}")
        assert "so pam-auth-update leaves it alone, and so does Leeboard" in why


def test_our_own_line_was_changed_by_hand(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m")
    for edit in faillock.dry_run(host, [PAM]).edits:
        write(host, edit)
    host.forget()
    path = tmp_path / "m" / AUTH.lstrip("/")
    path.write_text(path.read_text().replace("auth\trequisite\t\t\tpam_faillock", "auth optional pam_faillock"))
    why = refused(host, [PAM])
    assert why.startswith(f"/etc/pam.d/common-* was changed by hand ({AUTH}, line 17), so pam-auth-update leaves it")


def test_what_pam_auth_update_wrote_last_is_missing(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m")
    (tmp_path / "m/var/lib/pam/account").unlink()
    assert "(/var/lib/pam/account is missing)" in refused(host, [PAM])


def test_a_system_without_pam_auth_update(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m")
    (tmp_path / "m" / pam.TOOL.lstrip("/")).unlink()
    assert refused(host, [PAM]).startswith("PAM is set up here without pam-auth-update (Debian and Ubuntu have it)")


def test_a_profile_that_cannot_be_read_by_it(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m")
    host._runner = Answers({pam.TOOL: Completed(1, "", "could not read profile: x")})
    assert refused(host, [PAM]) == "pam-auth-update ended with status 1: could not read profile: x"


@pytest.mark.parametrize("word", ["deny=4", "conf=/etc/other.conf"])
@pytest.mark.parametrize("place", ["preauth", "authfail"])
def test_a_line_that_says_a_number_itself(tmp_path: Path, word: str, place: str) -> None:
    stack = MANUAL.replace(place, f"{place} {word}") + COUNTED
    more = {"/etc/pam.d/login": stack, "/etc/other.conf": ""}
    why = refused(pam.machine(tmp_path / "m", more=more), NUMBERS)
    line = 1 if place == "preauth" else 3
    assert why.startswith(f"/etc/pam.d/login, line {line} calls pam_faillock with {word}, which beats {limit.CONF}")


def test_what_calls_it_by_hand_keeps_its_lines(tmp_path: Path) -> None:
    host = pam.machine(tmp_path / "m", more={"/etc/pam.d/login": MANUAL + COUNTED})
    result = faillock.dry_run(host, [PAM, *NUMBERS])
    assert [edit.path for edit in result.edits] == [limit.CONF]


def test_numbers_alone_where_pam_does_not_call_it(tmp_path: Path) -> None:
    why = refused(pam.machine(tmp_path / "m"), NUMBERS)
    assert why.startswith("deny would be PAM does not call pam_faillock")


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("", {"deny": 5}, "deny = 5\n"),
        ("deny=3 # few\naudit\n", {"deny": 5}, "deny = 5\naudit\n"),
        ("deny = 3\n\n# x\ndeny = 4", {"deny": 5}, "deny = 3\n\n# x\ndeny = 5\n"),
        ("deny = many\n", {"deny": 5}, "deny = 5\n"),
        ("local_users_only\n", {"even_deny_root": True}, "local_users_only\neven_deny_root\n"),
        ("even_deny_root\nx\n", {"even_deny_root": False}, "# Leeboard (LCK-05): even_deny_root\nx\n"),
        ("unlock_time = never\n", {"unlock_time": 900, "deny": 5}, "unlock_time = 900\ndeny = 5\n"),
    ],
)
def test_only_our_keys_change(tmp_path: Path, before: str, changes: dict[str, Any], after: str) -> None:
    more = {"/etc/pam.d/login": MANUAL + COUNTED, limit.CONF: before}
    host = pam.machine(tmp_path / "m", more=more)
    (edit,) = faillock.dry_run(host, [{"address": key, "value": value} for key, value in changes.items()]).edits
    assert edit.path == limit.CONF
    assert edit.after.decode() == after


@pytest.mark.parametrize(
    ("address", "value", "why"),
    [
        ("pam", False, "is not offered"),
        ("deny", 0, "from 1 to 100, not 0"),
        ("deny", True, "from 1 to 100"),
        ("deny", "5", "from 1 to 100"),
        ("unlock_time", 0, "from 1 to 604800, not 0"),
        ("root_unlock_time", 604801, "from 1 to 604800"),
        ("even_deny_root", 1, "is true or false"),
        ("dir", "/tmp", "no address"),
    ],
)
def test_values_that_are_not_written(tmp_path: Path, address: str, value: Any, why: str) -> None:
    assert why in refused(pam.machine(tmp_path / "m"), [{"address": address, "value": value}])


OTHERS = [
    pytest.param({"/etc/passwd": f"{PASSWD}leeboard-trial:x:1001:1001:Ada:/home/x:/bin/sh\n"}, None, id="local"),
    pytest.param({}, Completed(0, "leeboard-trial:*:7001:7001:Ada:/home/x:/bin/sh\n", ""), id="in a directory"),
]


@pytest.mark.parametrize(("more", "answer"), OTHERS)
def test_somebody_has_the_name_of_the_trial(tmp_path: Path, more: dict[str, str], answer: Completed | None) -> None:
    stack = {"/etc/pam.d/login": MANUAL + COUNTED}
    host = pam.machine(tmp_path / "m", more={**stack, **more})
    if answer:
        host._runner = Answers({"getent passwd": answer})
    assert "there is an account leeboard-trial here that is not Leeboard's" in refused(host, NUMBERS)


def test_a_group_has_the_name_of_the_trial(tmp_path: Path) -> None:
    more = {"/etc/pam.d/login": MANUAL + COUNTED, "/etc/group": "root:x:0:\nleeboard-trial:x:1001:\n"}
    assert "there is a group leeboard-trial here" in refused(pam.machine(tmp_path / "m", more=more), NUMBERS)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        pytest.param({account.LOGIN: "1000", "/etc/shadow": "ada:$y$x:1::::::\n"}, True, id="with a password"),
        pytest.param({account.LOGIN: "1000", "/etc/shadow": "ada:!:1::::::\n"}, False, id="with a key alone"),
        pytest.param({account.LOGIN: "0", "/etc/shadow": "root:$y$x:1::::::\n"}, False, id="root is not counted"),
        pytest.param({account.LOGIN: "4294967295", "/etc/shadow": "ada:$y$x:1::::::\n"}, False, id="nobody signed in"),
    ],
)
def test_the_account_that_others_could_shut_out_is_named(
    tmp_path: Path, more: dict[str, str], named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    host = pam.machine(tmp_path / "m", more={"/etc/pam.d/login": MANUAL + COUNTED, **more})
    warnings = faillock.dry_run(host, NUMBERS).warnings
    if named:
        (warning,) = warnings
        assert warning.startswith("ada, by which this device is managed, has a password: whoever tries 10 wrong ones ")
        assert "for 900 seconds" in warning
    else:
        assert warnings == []


def test_root_is_named_where_it_is_counted_too(tmp_path: Path) -> None:
    more = {account.LOGIN: "0", "/etc/shadow": "root:$y$x:1::::::\n", "/etc/pam.d/login": MANUAL + COUNTED}
    host = pam.machine(tmp_path / "m", more=more)
    (warning,) = faillock.dry_run(host, [*NUMBERS, {"address": "even_deny_root", "value": True}]).warnings
    assert warning.startswith("root, by which this device is managed")
