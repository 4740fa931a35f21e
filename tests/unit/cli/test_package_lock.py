"""`make drift` while apt runs: it waits a little, and then says so in one line."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leeboard.cli.drift import command as drift
from leeboard.cli.drift import package_lock
from leeboard.cli.main import app
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit import brain


def machine(root: Path, lock: str = "lock-frontend", row: str = "1: POSIX  ADVISORY  WRITE 4711 {place} 0 EOF") -> Path:
    """A machine on which the process 4711 holds a lock."""
    for folder in ("var/lib/dpkg", "proc/4711"):
        (root / folder).mkdir(parents=True)
    (root / "proc/4711/comm").write_text("unattended-upgr\n")
    path = root / "var/lib/dpkg" / lock
    path.touch()
    found = path.stat()
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    (root / "proc/locks").write_text(row.format(place=place) + "\n")
    return root


@pytest.mark.parametrize("lock", ["lock-frontend", "lock"])
def test_who_holds_the_lock_is_named(tmp_path: Path, lock: str) -> None:
    assert package_lock.lock_owner(machine(tmp_path, lock)) == "unattended-upgr (process 4711)"


def test_a_name_that_could_do_harm_is_not_printed(tmp_path: Path) -> None:
    machine(tmp_path)
    (tmp_path / "proc/4711/comm").write_text("\x1b[2J\n")
    assert package_lock.lock_owner(tmp_path) == "apt or dpkg (process 4711)"


@pytest.mark.parametrize(
    "row", ["", "1: -> POSIX ADVISORY WRITE 4711 {place} 0 EOF", "1: POSIX ADVISORY WRITE 4711 00:00:1 0 EOF"]
)
def test_a_lock_that_nobody_holds_keeps_nobody(tmp_path: Path, row: str) -> None:
    assert package_lock.lock_owner(machine(tmp_path, row=row)) == ""


def test_a_machine_without_dpkg_waits_for_nothing(tmp_path: Path) -> None:
    assert package_lock.lock_owner(tmp_path) == ""


def test_it_goes_on_when_the_lock_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_lock, "PAUSE", 0.0)
    looks, said = iter(["apt (process 1)", "apt (process 1)", ""]), list[str]()
    assert package_lock.wait(said.append, lambda: next(looks)) == ""
    assert said == ["Packages are being changed by apt (process 1); waiting for 30 seconds at most"]
    assert package_lock.wait(said.append, lambda: "") == "" and len(said) == 1


def test_after_a_while_it_says_so_in_one_line_and_checks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(package_lock, "wait", lambda tell: "apt (process 4711)")
    monkeypatch.setattr(drift, "check_schools", lambda *rest: pytest.fail("nothing could be told"))
    done = CliRunner().invoke(app, ["drift", "--this-machine"], standalone_mode=False)
    assert done.return_value == 3
    assert done.stderr.strip() == (
        "apt (process 4711) is still changing packages on this machine, so that little could be told of it; "
        "run it again when that has ended"
    )


def test_an_upgrade_that_began_meanwhile_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = resolve(brain.baseline(brain.control(brain.setting())), brain.device())
    reading = {"address": "/idle", "effective": brain.unreadable("busy")}
    device = DeviceStatus(
        brain.device(), "observed", evaluate(wanted, brain.observation([reading]), brain.AT), datetime.now(UTC)
    )
    assert drift._this_machines_end(EstateStatus((device,), wanted.baseline, datetime.now(UTC)), "table") == 3
    assert "1 control could not be read since something was at work meanwhile (LCK-01)" in capsys.readouterr().out


def test_a_real_lock_is_seen(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    lock = tmp_path / "var/lib/dpkg/lock"
    hold = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    with subprocess.Popen(
        ["/usr/bin/python3", "-c", hold, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "1\n"
        (tmp_path / "proc").symlink_to("/proc")
        assert package_lock.lock_owner(tmp_path).endswith(f"(process {process.pid})")
        process.communicate("\n")
    assert package_lock.lock_owner(tmp_path) == ""
