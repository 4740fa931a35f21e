"""A run leaves nothing in the folder for temporary files, however it ends, and nothing that runs on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.ansible import scratch as folders
from tests.unit.playing import command, inventory

DRIFT = (sys.executable, "-c", "from leeboard.cli.main import main; main()", "drift")
LONG = 240  # seconds that a device may be silent here; a run that only waits for it is noticed


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty folder for temporary files; its path is short, as a socket's has to be."""
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ({"pc1": {}}, 2),
        pytest.param({"pc1": {}, "pc2": {"leeboard_level": "hgih"}}, 3, marks=pytest.mark.full),
        pytest.param(
            {"pc1": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}},
            3,
            marks=pytest.mark.full,
        ),
    ],
    ids=["drift", "a wrong device", "a device that refuses"],
)
def test_a_run_that_ends_by_itself(
    tmp_path: Path, scratch: Path, hosts: dict[str, dict[str, object]], status: int
) -> None:
    source = inventory(tmp_path, **hosts)
    done = command(tmp_path, *DRIFT, "-i", str(source), TMPDIR=str(scratch))
    assert done.returncode == status, done.stdout + done.stderr
    assert list(scratch.iterdir()) == []


def test_a_folder_whose_path_is_too_long_for_ansible_is_named(tmp_path: Path) -> None:
    longest = tmp_path / ("x" * (folders.LONGEST - len(str(tmp_path)) - 1))
    longer = tmp_path / f"{longest.name}y"
    source = inventory(tmp_path, pc1={})
    for folder, status in ((longest, 2), (longer, 1)):
        folder.mkdir()
        done = command(tmp_path, *DRIFT, "-i", str(source), TMPDIR=str(folder))
        assert done.returncode == status, done.stdout + done.stderr
    assert "name a shorter one in TMPDIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_inventory_that_ansible_cannot_read(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: [")
    assert command(tmp_path, *DRIFT, "-i", "hosts.yml", TMPDIR=str(scratch)).returncode == 1
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.full) for one in (signal.SIGINT, signal.SIGHUP))]
)
def test_a_run_that_is_stopped_stops_ansible(tmp_path: Path, scratch: Path, number: int) -> None:
    # Something takes the connection and says nothing, so that the run is in the middle of it.
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        silent = {"ansible_host": "127.0.0.1", "ansible_port": asleep.getsockname()[1], "ansible_timeout": LONG}
        source = inventory(tmp_path, pc1={"ansible_connection": "ssh", **silent})
        environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(Path(__file__).parents[3])}
        with subprocess.Popen(
            [*DRIFT, "-i", str(source)],
            cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=_listens,
        ) as run:  # fmt: skip
            try:
                asleep.settimeout(LONG)
                with asleep.accept()[0]:
                    assert list(scratch.iterdir()), "it uses the folder at all"
                    assert [one for one in _files(scratch) if one.read_bytes()] == [], (
                        "of what it does nothing is there"
                    )
                    run.send_signal(number)  # to this one process, as a service manager may do it
                    said = run.communicate(timeout=LONG / 2)[1]
            finally:
                left = _session(run.pid)
                if left:
                    os.killpg(run.pid, signal.SIGKILL)
    assert (run.returncode, left) == (1, [])
    assert "what was recorded until now is kept" in said
    assert list(scratch.iterdir()) == []
    (bundle,) = (tmp_path / "var" / "evidence" / "900001").glob("*.jsonl*")
    assert bundle.name.endswith(".jsonl.xz"), "Ansible could close it"


def _files(folder: Path) -> list[Path]:
    """The files in it but for our own modules, as Ansible packs them for every device."""
    return [
        one for one in folder.rglob("*") if one.is_file() and not one.match("leeboard-modules-*/ansible_collections.*")
    ]


def test_what_a_killed_run_left_is_swept_by_the_next(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    later = time.time() + folders.YOUNG + 1
    killed = scratch / "leeboard-killed"
    killed.mkdir()
    (killed / folders.LOCK).touch()
    early = scratch / "leeboard-killed-early"
    early.mkdir()
    of_somebody = scratch / "leeboard-copies" / "evidence"
    of_somebody.mkdir(parents=True)
    for name in ("other", "leeboard-a-file"):
        (scratch / name).touch()
    with folders.scratch("undo") as mine:
        folders.sweep(scratch, time.time())
        assert killed.exists() and early.exists(), "they may have been made this moment"
        folders.sweep(scratch, later)
        assert not killed.exists() and not early.exists() and mine.is_dir(), "that one is in use"
    assert of_somebody.is_dir(), "it has no lock of ours"
    assert sorted(one.name for one in scratch.iterdir()) == ["leeboard-a-file", "leeboard-copies", "other"]


AFTERWARDS = """
import os, signal
from leeboard.cli.main import main
try:
    main(["--version"])
except SystemExit:
    pass
try:
    os.kill(os.getpid(), signal.SIGHUP)
    print("goes on")
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    print("ends once")
"""


@pytest.mark.parametrize(("handler", "expected"), [(signal.SIG_IGN, "goes on"), (signal.SIG_DFL, "ends once")])
def test_a_terminal_that_is_closed(handler: signal.Handlers, expected: str) -> None:
    """nohup leaves SIGHUP ignored; without it both the kernel and the shell send one."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", AFTERWARDS],
        env=environment, capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, handler),
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == [expected], done.stderr


def _listens() -> None:
    # A shell that starts the tests in the background has them ignore SIGINT, nohup SIGHUP, and so all that they start.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _session(leader: int) -> list[str]:
    """The processes that are left of what a process started, as long as they did not leave its session."""
    done = subprocess.run(["ps", "-o", "args=", "-s", str(leader)], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
