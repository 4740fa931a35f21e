"""Arming: all of it or nothing, root's alone, and read back before it counts."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint import arm as arming
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint.arm import Held
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.cover import Cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError

from tests.unit.killed import dies
from tests.unit.linux.checkpoint.machine import BY, COVER, DROP_IN, HERE, RUN, Machine

SYSTEM = "etc/systemd/system"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_says_whose_it_is_and_when_the_device_puts_itself_back(machine: Machine) -> None:
    found = machine.arm(COVER._replace(longest=40), more=Cover(longest=20))
    assert 230 <= found.pop("seconds_left") <= 240, "three minutes after the longest of all steps together"
    assert found == {"state": "armed", "run_id": RUN, "by": BY, "drivers": ["writer", "more"], "left": []}
    assert "OnActiveSec=240\nAccuracySec=1s\n" in machine.at(f"{SYSTEM}/leeboard-checkpoint.timer").read_text()


def test_arming_changes_nothing_that_is_not_its_own(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    ours = set(machine.ours())
    assert {name: found for name, found in machine.files().items() if name.lstrip("/") not in ours} == before


def test_all_of_it_is_roots_alone(machine: Machine) -> None:
    os.umask(0o022)
    machine.arm()
    here = machine.root / HERE
    assert stat.S_IMODE(here.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in here.iterdir()} == {0}
    for path in machine.root.glob(f"{SYSTEM}/leeboard-*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_the_start_up_unit_comes_before_all_that_opens_the_device(machine: Machine) -> None:
    machine.arm()
    text = machine.at(f"{SYSTEM}/leeboard-checkpoint-start.service").read_text()
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert lines["DefaultDependencies"] == "no" and lines["WantedBy"] == "sysinit.target"
    assert {"/var/lib/leeboard/checkpoint", "/etc"} <= set(lines["RequiresMountsFor"].split())
    assert set(lines["Before"].split()) >= {
        "network-pre.target", "nftables.service", "ufw.service", "firewalld.service", "netfilter-persistent.service",
        "sockets.target", "ssh.socket", "ssh.service", "systemd-networkd.service", "NetworkManager.service",
    }  # fmt: skip
    assert 0 < int(lines["TimeoutStartSec"]) <= 120
    link = machine.at(f"{SYSTEM}/sysinit.target.wants/leeboard-checkpoint-start.service")
    assert os.readlink(link) == f"/{SYSTEM}/leeboard-checkpoint-start.service"


def nothing_left(machine: Machine) -> bool:
    return machine.ours() == [] and machine.read()["state"] == "none"


def test_a_device_without_systemd_is_refused(machine: Machine) -> None:
    machine.at("/run/systemd/system/.keep").unlink()
    machine.at("/run/systemd/system").rmdir()
    before = machine.files()
    with pytest.raises(ChangeRefused, match="systemd does not run on this machine, so nothing could put it back"):
        machine.arm()
    assert machine.files() == before and nothing_left(machine)


def test_a_folder_that_cannot_be_written_to_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = machine.files(), os.statvfs

    def read_only(place: str) -> os.statvfs_result:
        found = list(real(place))
        return os.statvfs_result([*found[:8], found[8] | os.ST_RDONLY, *found[9:]] if place.endswith("/etc") else found)

    monkeypatch.setattr(os, "statvfs", read_only)
    with pytest.raises(ChangeRefused, match="/etc cannot be written to, so nothing could be put back there"):
        machine.arm()
    assert machine.files() == before and nothing_left(machine)


def test_a_second_checkpoint_is_refused_with_who_holds_the_first_until_when(machine: Machine) -> None:
    machine.arm()
    before = machine.files()
    with pytest.raises(Held, match=rf"held by {BY}, run {RUN}; .* puts itself back in 2[34]\d seconds") as problem:
        machine.arm(run="20261201T020500Z-00000000")
    assert problem.value.found["run_id"] == RUN
    assert machine.files() == before and machine.read()["run_id"] == RUN


def test_a_device_that_puts_itself_back_is_refused_with_what_is_not_back(machine: Machine) -> None:
    machine.arm()
    machine.change()
    machine.write("/double/units/ssh.service.broken", "")
    assert machine.script("timer").returncode == 1
    with pytest.raises(
        Held, match=rf"putting back what {BY}, run {RUN} changed; not back yet: ssh.service does not run"
    ):
        machine.arm()


@pytest.mark.parametrize("ended", ["back", "confirmed"])
def test_the_next_one_follows_one_that_has_ended(machine: Machine, ended: str) -> None:
    machine.arm()
    if ended == "back":
        machine.script("timer")
    else:
        (machine.root / HERE / "state.armed").rename(machine.root / HERE / "state.confirmed")
    assert machine.read()["state"] == ended
    assert machine.arm(run="next")["run_id"] == "next"
    assert sorted(path.name for path in (machine.root / HERE).glob("state.*")) == ["state.armed"]


# What could not be put back is not covered at all.
REFUSED: list[tuple[str, Callable[[Machine], object], Cover]] = [
    ("is neither a file nor a link", lambda machine: None, Cover(files=("/etc/ssh",))),
    ("is neither a file nor a link", lambda machine: os.mkfifo(machine.at("/etc/pipe")), Cover(files=("/etc/pipe",))),
    ("is no folder", lambda machine: None, Cover(folders=(DROP_IN,))),
    ("no plain absolute path", lambda machine: None, Cover(files=("/etc/../etc/passwd",))),
    ("no unit of systemd", lambda machine: None, Cover(units=("--now",))),
    ("no plain name", lambda machine: None, Cover(state={"../x": b""})),
    (
        "is a mount of its own",
        lambda machine: machine.write(
            "/proc/self/mountinfo", f"1 1 8:1 / / rw - ext4 a rw\n2 1 8:1 /x {DROP_IN} rw - ext4 a rw\n"
        ),
        Cover(files=(DROP_IN,)),
    ),
]


@pytest.mark.parametrize(("why", "given", "cover"), REFUSED)
def test_what_could_not_be_put_back_is_refused(
    machine: Machine, why: str, given: Callable[[Machine], object], cover: Cover
) -> None:
    given(machine)
    before = machine.files()
    with pytest.raises(ChangeRefused, match=why):
        machine.arm(cover)
    assert machine.files() == before and nothing_left(machine)


@pytest.mark.parametrize("call", ["mkdir", "write", "rename", "symlink", "setxattr", "fsync"])
def test_a_disk_that_fills_up_while_arming_leaves_nothing(
    machine: Machine, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.setxattr(machine.at(DROP_IN), "user.note", b"kept")
    before = machine.files()
    real, count = getattr(os, call), 0

    def counted(*given: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == wanted:
            raise OSError(28, "No space left on device")
        return real(*given, **named)

    for wanted in range(1, 90):
        count = 0
        with monkeypatch.context() as patch:
            patch.setattr(os, call, counted)
            try:
                machine.arm()
            except ChangeRefused as problem:
                assert str(problem) == "the checkpoint could not be armed: the disk is full; nothing was changed"
            else:
                break
        assert machine.files() == before and nothing_left(machine), wanted
    assert 1 < wanted < 89, "each of its calls failed once, until it was armed"


@pytest.mark.parametrize("asked", ["daemon-reload", "restart leeboard-checkpoint.timer", "show"])
def test_a_manager_that_does_not_do_as_told_leaves_nothing(machine: Machine, asked: str) -> None:
    double = machine.at("/usr/bin/systemctl")
    refusing = f'#!/bin/sh\ncase "$*" in {asked.replace(" ", "?")}*) echo "no such thing" >&2; exit 1 ;; esac\n'
    double.write_text(refusing + double.read_text())
    before = machine.files()
    with pytest.raises((ChangeRefused, HostError), match="ended with status 1: no such thing"):
        machine.arm()
    assert machine.files() == before and nothing_left(machine)


def test_a_timer_that_does_not_run_is_no_checkpoint(machine: Machine) -> None:
    double = machine.at("/usr/bin/systemctl")
    double.write_text(double.read_text().replace('        : >"$units/$1"\n', ""))
    with pytest.raises(ChangeRefused, match=r"systemd does not run leeboard-checkpoint\.timer"):
        machine.arm()
    assert nothing_left(machine)


def test_a_copy_that_is_not_like_its_file_is_no_checkpoint(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = arming.units_before

    def meanwhile(*given: object) -> object:
        machine.write(DROP_IN, "somebody else was here\n")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(arming, "units_before", meanwhile)
    with pytest.raises(ChangeRefused, match=f"the copy of {DROP_IN} is not like it"):
        machine.arm()
    assert nothing_left(machine)


CALLS = ("mkdir", "write", "symlink", "replace", "rename", "fsync")


@pytest.mark.parametrize("call", CALLS)
def test_killed_while_arming_nothing_is_armed_and_the_next_one_is_whole(tmp_path: Path, call: str) -> None:
    machine = Machine(tmp_path)
    before = machine.files()
    nth = 0
    while True:
        nth += 1
        if not dies(machine.arm, call, nth):
            break
        state = machine.read()["state"]
        at = machine.root / HERE
        assert state in ("none", "armed"), "never half of one"
        # The timer or the next start find what there is, and leave no part of it.
        if (at / "put-back").exists():
            assert machine.script("timer").returncode == 0
            assert machine.files() == before, nth
            assert machine.read()["state"] == ("back" if state == "armed" else "none")
    assert machine.files() != before
    assert machine.script("timer").returncode == 0
    assert machine.files() == before
    assert nth > 1
