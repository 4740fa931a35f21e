"""The ends of a checkpoint: a token confirms it, a timer does not wait, and of both at once one alone has it."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint import ending
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint.ending import confirm, put_back
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError

from tests.unit.killed import dies
from tests.unit.linux.checkpoint.machine import BY, DROP_IN, HERE, RUN, TOKEN, Machine


def state(machine: Machine) -> list[str]:
    return sorted(path.name for path in (machine.root / HERE).glob("state.*"))


def test_confirmed_the_change_stays_and_all_else_goes(machine: Machine) -> None:
    machine.arm()
    machine.write(DROP_IN, "changed\n")
    changed, found = confirm(machine.host, TOKEN)
    assert changed and (found["state"], found["run_id"], found["seconds_left"]) == ("confirmed", RUN, 0)
    assert machine.at(DROP_IN).read_text() == "changed\n"
    assert machine.ours() == [f"{HERE}/manifest", f"{HERE}/state.confirmed"]
    assert "stop -- leeboard-checkpoint.timer" in machine.asked()
    assert not (machine.root / "var/lib/leeboard/journal" / f"{RUN}.back").exists()


def test_an_answer_that_was_lost_can_be_had_again(machine: Machine) -> None:
    machine.arm()
    confirm(machine.host, TOKEN)
    assert confirm(machine.host, TOKEN)[0] is False


def test_another_token_confirms_nothing(machine: Machine) -> None:
    machine.arm()
    before = machine.files(), machine.ours()
    with pytest.raises(ChangeRefused, match=f"this is not the token of the checkpoint; it is armed, of {BY}"):
        confirm(machine.host, "another one")
    assert (machine.files(), machine.ours()) == before and state(machine) == ["state.armed"]


def test_without_a_checkpoint_there_is_nothing_to_confirm(machine: Machine) -> None:
    with pytest.raises(ChangeRefused, match="the device has no checkpoint to confirm"):
        confirm(machine.host, TOKEN)
    assert machine.ours() == []


def test_too_late_is_said(machine: Machine) -> None:
    machine.arm()
    machine.script("timer")
    with pytest.raises(ChangeRefused, match="too late to confirm: the device has put itself back as it was"):
        confirm(machine.host, TOKEN)
    assert state(machine) == ["state.back"]


def test_too_late_while_it_is_being_put_back(machine: Machine) -> None:
    machine.arm()
    machine.change()
    machine.write("/double/units/ssh.service.broken", "")
    machine.script("timer")
    with pytest.raises(ChangeRefused, match=r"too late to confirm: the device is putting back what .* does not run"):
        confirm(machine.host, TOKEN)
    assert state(machine) == ["state.putting-back"]


def test_it_is_on_the_disk_before_it_is_answered(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.arm()
    order: list[str] = []
    real_rename, real_fsync = os.rename, os.fsync

    def rename(source: str, target: str) -> None:
        order.append(f"rename {os.path.basename(target)}")
        real_rename(source, target)

    def fsync(handle: int) -> None:
        order.append(f"fsync {os.path.basename(os.readlink(f'/proc/self/fd/{handle}'))}")
        real_fsync(handle)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(ending, "_script", lambda *_given: order.append("clean"))
    confirm(machine.host, TOKEN)
    assert order == ["rename state.confirmed", "fsync checkpoint", "clean"]


@pytest.mark.parametrize("first", ["confirm", "timer"])
def test_of_a_timer_and_a_confirmation_one_has_it(
    machine: Machine, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at the state while it is armed, and comes second with its rename, has lost."""
    machine.arm()
    machine.write(DROP_IN, "changed\n")
    if first == "timer":
        real = os.rename

        def late(source: str, target: str) -> None:
            assert machine.script("timer").returncode == 0
            real(source, target)

        monkeypatch.setattr(os, "rename", late)
        with pytest.raises(ChangeRefused, match="too late"):
            confirm(machine.host, TOKEN)
        wanted, text = "state.back", "PermitRootLogin prohibit-password\n"
    else:
        armed_file, confirmed = (machine.root / HERE / f"state.{one}" for one in ("armed", "confirmed"))
        machine.write(
            "/usr/bin/mv",
            f'#!/bin/sh\n[ ! -e "{armed_file}" ] || /bin/mv "{armed_file}" "{confirmed}"\nexec /bin/mv "$@"\n',
        )
        machine.at("/usr/bin/mv").chmod(0o755)
        assert machine.script("timer").returncode == 0
        machine.at("/usr/bin/mv").unlink()
        wanted, text = "state.confirmed", "changed\n"
    assert state(machine) == [wanted]
    assert machine.at(DROP_IN).read_text() == text


def test_many_races_have_one_winner_each(tmp_path: Path) -> None:
    for number in range(8):
        machine = Machine(tmp_path / str(number))
        machine.arm()
        machine.write(DROP_IN, "changed\n")
        timer = threading.Thread(target=machine.script, args=("timer",))
        timer.start()
        try:
            won = confirm(machine.host, TOKEN)[0]
        except (ChangeRefused, HostError):
            won = False
        timer.join()
        assert state(machine) == ["state.confirmed" if won else "state.back"]
        assert (machine.at(DROP_IN).read_text() == "changed\n") is won


@pytest.mark.parametrize("call", ["rename", "fsync", "open"])
def test_killed_while_confirming_it_is_armed_or_confirmed(tmp_path: Path, call: str) -> None:
    machine, nth = Machine(tmp_path), 0
    while True:
        nth += 1
        machine.arm(run=f"run-{nth}")
        machine.write(DROP_IN, "changed\n")
        if not dies(lambda: confirm(machine.host, TOKEN), call, nth):
            break
        is_confirmed = state(machine) == ["state.confirmed"]
        assert is_confirmed or state(machine) == ["state.armed"]
        assert machine.script("timer").returncode == 0
        assert (machine.at(DROP_IN).read_text() == "changed\n") is is_confirmed
        assert machine.ours() == [f"{HERE}/manifest", f"{HERE}/state.{'confirmed' if is_confirmed else 'back'}"]
        machine.write(DROP_IN, "PermitRootLogin prohibit-password\n")
    assert nth > 1


def test_put_back_on_request_waits_until_it_is(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    machine.change()
    changed, found = put_back(machine.host)
    assert changed and found["state"] == "back" and machine.files() == before
    assert "start leeboard-checkpoint.service" in machine.asked(), "as a service: it goes on when we are cut off"
    assert put_back(machine.host)[0] is False


def test_put_back_on_request_without_a_manager_that_answers(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    machine.change()
    double = machine.at("/usr/bin/systemctl")
    double.write_text('#!/bin/sh\ncase "$*" in "start leeboard"*) exit 1 ;; esac\n' + double.read_text())
    found = put_back(machine.host)[1]
    assert found["state"] == "back" and {**machine.files(), "/usr/bin/systemctl": 0} == {
        **before,
        "/usr/bin/systemctl": 0,
    }


# On a terminal -------------------------------------------------------------------


def typed(machine: Machine, word: str) -> tuple[int, str]:
    """The command on the device, on a terminal: (exit status, what it printed)."""
    ours, theirs = pty.openpty()
    argv = [machine.shell, str(machine.root / HERE / "put-back"), word]
    done = subprocess.run(argv, stdin=theirs, capture_output=True, text=True, check=False, timeout=60)
    os.close(ours)
    os.close(theirs)
    return done.returncode, done.stdout


def session(machine: Machine, microseconds: int) -> None:
    machine.write("/double/began", f"{microseconds}\n")


LATER = 2**50  # microseconds since the machine's start


def test_a_person_confirms_from_a_fresh_sign_in(machine: Machine) -> None:
    machine.arm()
    machine.write(DROP_IN, "changed\n")
    session(machine, LATER)
    assert typed(machine, "confirm") == (0, f"confirmed: the changes of {BY} (run {RUN}) stay\n")
    assert state(machine) == ["state.confirmed"]
    assert machine.ours() == [f"{HERE}/manifest", f"{HERE}/state.confirmed"]


REFUSED: list[tuple[str, Any]] = [
    ("this session began before the change", lambda machine: session(machine, 1000)),
    ("it is not known when this session began", lambda machine: machine.write("/proc/self/cgroup", "0::/init.scope\n")),
    ("it is not known when this session began", lambda machine: machine.write("/double/began", "\n")),
]


@pytest.mark.parametrize(("words", "given"), REFUSED)
def test_a_person_who_was_signed_in_before_confirms_nothing(machine: Machine, words: str, given: Any) -> None:
    machine.arm()
    session(machine, LATER)
    given(machine)
    status, said = typed(machine, "confirm")
    assert status == 1 and words in said
    assert state(machine) == ["state.armed"]


@pytest.mark.parametrize("word", ["confirm", "rollback"])
def test_without_a_terminal_nothing_is_done(machine: Machine, word: str) -> None:
    machine.arm()
    session(machine, LATER)
    done = machine.script(word)
    assert (done.returncode, done.stdout) == (1, "this needs a terminal\n")
    assert state(machine) == ["state.armed"]


def test_a_person_puts_it_back(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    machine.change()
    status, said = typed(machine, "rollback")
    assert (status, said.splitlines()[-1]) == (0, "the checkpoint is back")
    assert machine.files() == before


def test_status_says_whose_it_is_and_what_is_left(machine: Machine) -> None:
    machine.arm()
    assert typed(machine, "status")[1].startswith(f"armed: armed by {BY} (run {RUN}) for writer\n")
    machine.change()
    machine.write("/double/units/ssh.service.broken", "")
    machine.script("timer")
    assert typed(machine, "status")[1].endswith("not back yet: ssh.service does not run\n")


def test_the_command_on_the_path_is_the_script(machine: Machine) -> None:
    machine.arm()
    text = machine.at("/usr/local/sbin/leeboard-checkpoint").read_text()
    assert text.splitlines()[-1] == 'exec /bin/sh /var/lib/leeboard/checkpoint/put-back "$@"'
    assert machine.at("/usr/local/sbin/leeboard-checkpoint").stat().st_mode & 0o777 == 0o755


# Time ----------------------------------------------------------------------------


def test_the_clock_that_people_set_has_no_effect(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.arm()
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.gmtime", lambda *_given: (_ for _ in ()).throw(AssertionError("nobody asks the clock")))
    assert 200 < machine.read()["seconds_left"] <= 240


def test_of_an_earlier_start_no_time_is_left(machine: Machine) -> None:
    machine.arm()
    machine.restart()
    assert (machine.read()["state"], machine.read()["seconds_left"]) == ("armed", 0)


def test_a_folder_that_others_could_write_is_not_believed(machine: Machine) -> None:
    machine.arm()
    (machine.root / HERE).chmod(0o777)
    with pytest.raises(HostError, match="is no folder that is root's alone, so nothing in it is believed"):
        armed.read(machine.host)
