"""Sign-in tried through the real libpam and pam_faillock.so, in a folder of its own and not with /etc/pam.d.

A stand-in judges the password (pam_exec with a script that knows it) in the place of pam_unix.
"""

from __future__ import annotations

import ctypes
import glob
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import limit, trial
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock.trial import Outcome

from tests.unit.linux.folder import folder
from tests.unit.linux.test_faillock import AUTHSUCC, COUNTED, MANUAL, RIGHT

MODULES = glob.glob("/usr/lib/*/security/pam_faillock.so")
NAME = "daemon"  # anybody that the machine knows; its own password is never asked for
PASSWORD = "right horse"
SCRIPT = '#!/bin/sh\n[ "$(tr -d "\\000")" = "right horse" ]\n'


def play(tmp_path: Path, auth: str, tries: int = 3, account: str = COUNTED, **more: str) -> list[Outcome]:
    """What the real libpam answers where a service `try` has these lines."""
    if not MODULES:
        pytest.skip("pam_faillock is not installed on this machine")
    if not hasattr(ctypes.CDLL("libpam.so.0"), "pam_start_confdir"):
        pytest.skip("this machine's libpam reads no folder of ours")
    script = tmp_path / "judge"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    services = {"try": auth + account, **more}
    (tmp_path / "pam.d").mkdir()
    (tmp_path / "faillock.conf").write_text(f"deny = 3\nunlock_time = 900\ndir = {tmp_path}/tally\n")
    for name, text in services.items():
        text = text.replace("pam_faillock.so", f"pam_faillock.so conf={tmp_path}/faillock.conf")
        text = text.replace("auth sufficient pam_unix.so", f"auth sufficient pam_exec.so quiet expose_authtok {script}")
        text = text.replace("] pam_unix.so nullok", f"] pam_exec.so quiet expose_authtok {script}")
        text = text.replace("bad] pam_unix.so", f"bad] pam_exec.so quiet expose_authtok {script}")
        text = text.replace("auth optional pam_cap.so\n", "")
        text = text.replace("pam_unix.so", "pam_permit.so")
        (tmp_path / "pam.d" / name).write_text(text)
    return trial.outcomes(
        list(services), NAME, PASSWORD, tries, [f"{tmp_path}/tally/{NAME}"], folder=f"{tmp_path}/pam.d"
    )


WORKS = Outcome("try", True, False, False, True)
STACKS = [
    pytest.param(RIGHT, WORKS, id="pam-auth-update"),
    pytest.param(MANUAL, WORKS, id="manual"),
    pytest.param(AUTHSUCC, WORKS, id="authsucc"),
    pytest.param(RIGHT.split("\n", 1)[1], Outcome("try", True, False, True, True),
                 id="preauth missing"),
    pytest.param(RIGHT.replace("requisite pam_faillock", "optional pam_faillock"),
                 Outcome("try", True, False, True, True), id="preauth optional"),
    pytest.param(RIGHT.replace("auth [default=die] pam_faillock.so authfail\n", "").replace("=2", "=1"),
                 Outcome("try", True, False, True, True), id="authfail missing"),
    pytest.param(RIGHT.replace("[success=2", "[success=1"), Outcome("try", False, False, False, False),
                 id="jump too short"),
    pytest.param("auth sufficient pam_permit.so\n" + RIGHT, Outcome("try", True, True, True, True),
                 id="everybody gets in"),
]  # fmt: skip


@pytest.mark.parametrize(("auth", "outcome"), STACKS)
def test_pam_itself_agrees_with_what_is_read_in_the_file(tmp_path: Path, auth: str, outcome: Outcome) -> None:
    assert play(tmp_path, auth) == [outcome]
    host = folder(tmp_path / "m", {"/etc/pam.d/login": auth + COUNTED})
    assert (limit.judge(host, "login")[0] == "") == (outcome == WORKS)


def test_a_service_that_lets_nobody_in_anyhow_says_nothing(tmp_path: Path) -> None:
    found = play(
        tmp_path, RIGHT, closed="auth required pam_deny.so\n", expired=RIGHT + "account required pam_deny.so\n"
    )
    assert found[1:] == [Outcome(name, False, False, False, False) for name in ("closed", "expired")]
    assert trial.difference(found, found, 3) == ""


def test_two_wrong_passwords_do_not_shut_a_service_that_takes_three(tmp_path: Path) -> None:
    assert play(tmp_path, RIGHT, tries=2) == [Outcome("try", True, False, True, True)]


def test_the_pause_after_a_wrong_password_is_not_waited_for(tmp_path: Path) -> None:
    """A minute each would be longer than a trial may take."""
    assert play(tmp_path, "auth optional pam_faildelay.so delay=60000000\n" + RIGHT) == [WORKS]


RIGHT_IN = Outcome("login", True, False, True, True)
SHUTS = Outcome("login", True, False, False, True)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (RIGHT_IN, SHUTS, ""),
        (SHUTS, SHUTS, ""),
        (RIGHT_IN, SHUTS._replace(right=False, again=False), "sign-in by login refused the right password"),
        (RIGHT_IN, SHUTS._replace(wrong=True), "sign-in by login let a wrong password in"),
        (RIGHT_IN, RIGHT_IN, "sign-in by login still let in after 10 wrong passwords"),
        (RIGHT_IN, SHUTS._replace(again=False), "sign-in by login stayed shut once its count was reset"),
        (SHUTS._replace(right=False), SHUTS, ""),
    ],
)
def test_only_a_difference_counts(before: Outcome, after: Outcome, why: str) -> None:
    assert trial.difference([before], [after], 10) == why
    assert trial.difference([SHUTS, before], [SHUTS, after], 10) == why


def hang() -> Any:
    """A module that waits for somebody who never comes, and whose helper keeps the pipe open."""
    if os.fork() == 0:
        signal.pause()
    signal.pause()


def crash() -> Any:
    """A module that ends the process that it was loaded into."""
    os.kill(os.getpid(), signal.SIGKILL)


def complain() -> Any:
    """A libpam that is not there."""
    os.write(1, b"printed by a module")
    raise OSError("libpam.so.0: cannot open shared object file")


@pytest.mark.parametrize(
    ("work", "seconds", "code", "why"),
    [
        (hang, 0.2, "timeout", "gave no answer within"),
        (crash, 60, "failed", "PAM ended the process that tried sign-in"),
        (complain, 60, "failed", "could not be tried: OSError: libpam"),
    ],
)
def test_what_a_module_does_to_its_process_is_not_done_to_ours(
    work: Any, seconds: float, code: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(HostError, match=why) as problem:
        trial.in_child(work, seconds)
    assert problem.value.code == code
    assert capfd.readouterr().out == ""


class Played(trial.SignInTrial):
    """A trial whose outcomes are given: a double of the account and of libpam."""

    given: list[list[Outcome]]

    def _outcomes(self, tries: int) -> list[Outcome]:
        found = self.given.pop(0)
        if not found:
            raise HostError("failed", "useradd ended with status 1: x")
        return found


def played(tmp_path: Path, *given: list[Outcome]) -> Played:
    one = Played(folder(tmp_path), ["login"], 10, [])
    one.given = [*given]
    return one


def test_a_trial_that_proves_nothing_is_refused_before_the_first_write(tmp_path: Path) -> None:
    shut = SHUTS._replace(right=False, again=False)
    with pytest.raises(ChangeRefused, match="no way in lets a new local account in with its password"):
        played(tmp_path, [shut]).before()
    with pytest.raises(ChangeRefused, match="sign-in by login lets in whoever gives a wrong password"):
        played(tmp_path, [SHUTS._replace(wrong=True)]).before()


def test_a_trial_that_fails_afterwards_counts_as_a_bad_one(tmp_path: Path) -> None:
    one = played(tmp_path, [RIGHT_IN], [])
    one.before()
    assert one.after({}) == "sign-in could not be tried after the change: useradd ended with status 1: x"
