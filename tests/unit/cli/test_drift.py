"""`leeboard drift` as a technician runs it, on this very machine."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible.unchecked import HOST_KEYS, line
from leeboard.cli import main
from leeboard.cli.drift.command import _this_machines_end
from leeboard.evidence.recording import heartbeat
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit import brain
from tests.unit.playing import command, inventory

TABLET = {"leeboard_platform": "other"}  # which nobody connects to


def drift(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command(folder, sys.executable, "-c", "from leeboard.cli.main import main; main()", "drift", *options)


def devices(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The devices of a JSON report by asset tag."""
    return {one["asset"]: one for one in json.loads(done.stdout)["devices"]}


def test_this_machine_is_checked_and_everything_is_written(tmp_path: Path) -> None:
    done = drift(tmp_path, "--this-machine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LBL-02" in done.stdout
    assert "To check a school: leeboard drift -i" in done.stdout
    page = tmp_path / "var" / "drift-this-machine.html"
    assert f"The page: {page}" in done.stdout
    assert "LBL-02" in page.read_text()
    assert (tmp_path / "var" / "leeboard.db").stat().st_size > 0
    assert len(list((tmp_path / "var" / "evidence" / "000000").glob("*.jsonl.xz"))) == 1
    assert heartbeat.last(tmp_path / "var") is None  # no check of an inventory


def test_another_level_asks_for_another_label(tmp_path: Path) -> None:
    done = drift(tmp_path, "--this-machine", "--level", "sensitive")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OFFICIAL-SENSITIVE" in done.stdout


@pytest.mark.parametrize(("code", "status"), [("needs_root", 0), ("timeout", 3)])
def test_what_only_root_can_read_is_named_and_no_failure(
    code: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    wanted = resolve(brain.baseline(brain.control(brain.setting())), brain.device())
    reading = {"address": "/idle", "effective": brain.unreadable(code)}
    findings = evaluate(wanted, brain.observation([reading]), brain.AT)
    device = DeviceStatus(brain.device(), "observed", findings, datetime.now(UTC))
    assert _this_machines_end(EstateStatus((device,), wanted.baseline, datetime.now(UTC)), "table") == status
    assert ("LCK-01: only root can read this. Run it again as root" in capsys.readouterr().out) is (status == 0)


def test_a_check_warns_once_where_nobody_looks_who_answers(tmp_path: Path) -> None:
    """Two schools, an Ansible process each; nothing listens at these ports, and no line of it is an error."""
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    second = {"leeboard_urn": "900002", "leeboard_school": "Example Secondary"}
    source = inventory(
        tmp_path,
        one={**away, "ansible_host_key_checking": False},
        two={**away, **second, "ansible_ssh_common_args": "-o StrictHostKeyChecking=no"},
        three={**away, **second},
    )
    done = drift(tmp_path, "-i", str(source), "--format", "json")
    assert done.returncode == 3, done.stdout + done.stderr
    assert [one for one in done.stderr.splitlines() if "leeboard warns" in one] == [line({HOST_KEYS: 2})]
    assert set(devices(done)) == {"one", "two", "three"}
    quiet = drift(tmp_path, "-i", str(source), "--quiet")
    assert "leeboard warns" not in quiet.stdout + quiet.stderr


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    done = drift(tmp_path, "-i", str(inventory(tmp_path, pc1={})), "--format", "json")
    assert done.returncode == 2, done.stderr
    report = json.loads(done.stdout)
    assert report["exit_code"] == 2
    assert list(devices(done)) == ["pc1"]
    beat = heartbeat.last(tmp_path / "var")
    assert beat is not None and (beat.schools, beat.devices, beat.exit_code) == (1, 1, 2)


def test_a_check_of_one_device_is_no_night(tmp_path: Path) -> None:
    """It visits that device alone, and nobody is told that the whole inventory was checked."""
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    source = inventory(tmp_path, one=away, two=away)
    done = drift(tmp_path, "-i", str(source), "--device", "one", "--format", "json")
    assert done.returncode == 3, done.stdout + done.stderr
    assert list(devices(done)) == ["one"]
    assert heartbeat.last(tmp_path / "var") is None
    assert [path.name for path in (tmp_path / "var").glob("drift*.html")] == [
        f"drift-{devices(done)['one']['asset']}.html"
    ]
    unknown = drift(tmp_path, "-i", str(source), "--device", "three")
    assert unknown.returncode == 1 and "three: there is no such device in" in unknown.stderr


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A run on this machine, on one that sleeps and on one that takes no connection."""
    folder = tmp_path_factory.mktemp("three")
    by_ssh = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
    # Something takes the connection and says nothing, as a machine that fell asleep.
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        silent = {**by_ssh, "ansible_port": asleep.getsockname()[1], "ansible_timeout": 2}
        source = inventory(folder, pc1={}, pc2=silent, pc3={**by_ssh, "ansible_port": 1})
        return drift(folder, "-i", str(source), "--format", "json")


def test_a_silent_device_is_a_gap_and_the_others_go_on(three: subprocess.CompletedProcess[str]) -> None:
    assert three.returncode == 3, three.stderr
    found = devices(three)
    assert found["pc1"]["outcome"] == "observed"
    assert found["pc2"]["outcome"] == "unreachable", found["pc2"]["message"]
    assert {finding["verdict"] for finding in found["pc2"]["findings"]} <= {"missing", "not_applicable"}


def test_a_device_that_refuses_is_no_silent_one(three: subprocess.CompletedProcess[str]) -> None:
    refused = devices(three)["pc3"]
    assert refused["outcome"] == "failed"
    assert "takes no connection on this port" in json.dumps(refused)


def test_an_ssh_that_takes_a_while_to_die_is_asked_again_for_its_reason(tmp_path: Path) -> None:
    # On a busy controller Ansible finds its pipe to ssh broken before ssh has ended, and then never reads why it did.
    dying, died = tmp_path / "ssh", tmp_path / "died"
    dying.write_text(
        f"#!/bin/sh\nif [ -e {died} ]; then cat >/dev/null; else touch {died}; exec <&-; sleep 2; fi\n"
        "echo 'ssh: connect to host pc2 port 22: Connection timed out' >&2\nexit 255\n"
    )
    dying.chmod(0o755)
    silent = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_ssh_executable": str(dying)}
    done = drift(tmp_path, "-i", str(inventory(tmp_path, pc2=silent)), "--format", "json")
    assert died.exists()
    assert devices(done)["pc2"]["outcome"] == "unreachable", devices(done)["pc2"]["message"]


def test_a_tablet_is_counted_and_not_checked(tmp_path: Path) -> None:
    done = drift(tmp_path, "-i", str(inventory(tmp_path, tablet=TABLET)), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert devices(done)["tablet"]["verdict"] == "not_checked"


def test_a_wrong_device_is_an_error_and_stays_in_the_report(tmp_path: Path) -> None:
    source = inventory(tmp_path, tablet=TABLET, pc2={"leeboard_level": "hgih"})
    done = drift(tmp_path, "-i", str(source), "--format", "json")
    assert done.returncode == 3, done.stderr
    assert devices(done)["pc2"]["verdict"] == "error"
    assert "hgih" in devices(done)["pc2"]["message"]


def test_one_school_leaves_the_others_alone(tmp_path: Path) -> None:
    other = {**TABLET, "leeboard_urn": "900002", "leeboard_school": "Example Secondary"}
    source = inventory(tmp_path, pc1={}, pc2=other)
    done = drift(tmp_path, "-i", str(source), "--school", "secondary", "--format", "json")
    assert list(devices(done)) == ["pc2"], done.stderr
    assert not (tmp_path / "var" / "evidence" / "900001").exists()
    assert [path.name for path in (tmp_path / "var").glob("*.html")] == ["drift-900002.html"], "the estate's page stays"
    done = drift(tmp_path, "-i", str(source), "--school", "third")
    assert done.returncode == 1
    assert "0 schools fit; there is: 900001 Example Primary; 900002 Example Secondary" in done.stderr


def test_a_second_run_on_the_same_school_is_refused(tmp_path: Path) -> None:
    source = inventory(tmp_path, tablet=TABLET)
    lock = tmp_path / "var" / "evidence" / "900001" / "run.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = drift(tmp_path, "-i", str(source))
    assert done.returncode == 1
    assert "another run is still recording" in done.stderr
    assert drift(tmp_path, "-i", str(source)).returncode == 0, "a lock that nobody holds is none"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give an inventory with -i, or --this-machine"),
        (("-i", "nowhere"), "nowhere: there is no such inventory"),
        (("--this-machine", "--level", "secret"), "secret"),
        (("--nonsense",), "--nonsense"),
        (("-i", "hosts.yml", "--level", "high"), "go with --this-machine"),
        (("-i", "hosts.yml", "--quiet", "--format", "json"), "--quiet prints what is wrong, as text"),
        (("-i", "hosts.yml", "-q", "--verbose"), "--quiet prints what is wrong, as text"),
    ],
)
def test_wrong_usage_ends_with_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    inventory(tmp_path, pc1={})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "ENDS_A_RUN", ())  # this process goes on
    with pytest.raises(SystemExit) as end:
        main.main(["drift", *options])
    assert end.value.code == 1
    assert words in capsys.readouterr().err


def test_a_broken_inventory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: [")
    done = drift(tmp_path, "-i", "hosts.yml")
    assert done.returncode == 1
    assert "hosts.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_school_as_a_whole_is_in_every_report(tmp_path: Path) -> None:
    school = {"leeboard_platform": "other", "leeboard_level": "high", "leeboard_report_recipients": "SIRO"}
    # Of a day that has begun everywhere, and of accounts that must not be named anywhere.
    name = f"staff-{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}.csv"
    (tmp_path / name).write_text("account,second factor,kind\nzaphod,yes,app\ntrillian,yes,fido2\n")
    source = inventory(tmp_path, tablet={**school, "leeboard_second_factor_export": name})
    done = drift(tmp_path, "-i", str(source), "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (whole,) = report["schools"]
    assert {finding["control"]: finding["verdict"] for finding in whole["findings"]} == {
        "FWD-04": "compliant", "LBL-03": "compliant", "REM-11": "drifted", "REM-13": "compliant"
    }  # fmt: skip
    assert (report["marking"], report["recipients"], whole["level"]) == ("LOCAL HIGH", "SIRO", "high")
    page = (tmp_path / "var" / "drift.html").read_text()
    assert page.count("LOCAL HIGH. For: SIRO") == 2 and "1 of 2 accounts" in page
    table = drift(tmp_path, "-i", str(source))
    assert table.returncode == 0 and table.stdout.startswith("LOCAL HIGH. For: SIRO")
    assert "1 of 2 accounts" in table.stdout
    kept = b"".join(path.read_bytes() for path in (tmp_path / "var").rglob("*") if path.is_file())
    assert not any(person in done.stdout + page + table.stdout for person in ("zaphod", "trillian"))
    latest = (tmp_path / "var" / "drift.html").read_bytes()  # of the second run, which may be of another minute
    assert b"zaphod" not in kept and b"REM-11" not in kept.replace(latest, b"")

    (tmp_path / name).unlink()
    quiet = drift(tmp_path, "-i", str(source), "--quiet")
    assert (quiet.returncode, quiet.stderr) == (3, "")
    lines = quiet.stdout.splitlines()
    assert lines[0] == "LOCAL HIGH. For: SIRO" and lines[-1].endswith("exit 3")
    assert "REM-11" in quiet.stdout and "FWD-04" not in quiet.stdout and "The page" not in quiet.stdout
