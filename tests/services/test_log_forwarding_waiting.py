"""While the collector is away: what a real rsyslogd does with the very file that a roll-out writes.

It goes on logging to the device's own files, rests, ends when it is told to, keeps what was not sent, and sends it when
the collector is back. Away means here: nobody listens, somebody takes connections and says nothing, or packets are
dropped.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.rsyslogs import (
    DEVICE,
    PATIENCE,
    Rsyslogs,
    arrived,
    collector,
    free_port,
    ours,
    wait,
)

MANY = 1500  # more than a queue of an action holds in memory when nothing is said: 1000
# Seconds. Nothing is logged and nothing ends while an attempt computes: half a second where nothing else runs, and 20
# on a machine that a lab keeps busy.
ENDS = 30  # one to two where nothing else runs; systemd kills after 90
LOGGED = 40
BACK = 60  # it tries every 20
RESTS = 5  # seconds in which the processor's time is measured
LOCAL = '\naction(type="omfile" file="{work}/kept" template="RSYSLOG_FileFormat")\n'


class Away:
    """A place where a collector should be, on a port of its own; `close` frees the port for the real one."""

    def __init__(self, how: str) -> None:
        self.port = free_port()
        self._open: list[socket.socket] = []
        if how == "refuses":
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0 if how == "drops" else 50)
        self._open.append(listener)
        if how == "drops":
            for _ in range(3):  # whoever comes after these meets a full queue, and Linux drops his packets
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", self.port))
                self._open.append(one)

    def close(self) -> None:
        for one in self._open:
            one.close()


@pytest.fixture(params=["refuses", "says nothing", "drops"])
def away(request: pytest.FixtureRequest) -> Iterator[Away]:
    place = Away(request.param)
    yield place
    place.close()


@pytest.fixture
def refuses() -> int:
    return free_port()


def device(rsyslogs: Rsyslogs, text: str) -> Path:
    """Start the device, also once more in the same folder."""
    work = rsyslogs.folder / "device"
    (work / "log").unlink(missing_ok=True)
    if not work.exists():
        return rsyslogs.start("device", DEVICE.replace("{ours}", text + LOCAL), (work / "log").exists)
    argv = ["/usr/sbin/rsyslogd", "-n", "-iNONE", "-f", str(work / "rsyslog.conf")]
    with (work / "said").open("ab") as said:
        rsyslogs.running.append(subprocess.Popen(argv, stdout=said, stderr=said, stdin=subprocess.DEVNULL))
    assert wait((work / "log").exists)
    return work


def log(work: Path, first: int, after: int) -> None:
    """Log lines with these numbers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(PATIENCE)
        sender.connect(str(work / "log"))
        for number in range(first, after):
            sender.send(b"<38>Nov 25 10:00:00 school: line %d of many" % number)


def numbers(text: str) -> list[int]:
    return [int(one) for one in re.findall(r"line (\d+) of many", text)]


def kept(work: Path) -> list[int]:
    path = work / "kept"
    return numbers(path.read_text()) if path.exists() else []


def wait_for(count: int, get: Callable[[], list[int]], patience: float = LOGGED) -> int:
    """How many different lines there are, as soon as there are `count`, or when patience is at an end."""
    wait(lambda: len(set(get())) >= count, patience)
    return len(set(get()))


def ends(rsyslogs: Rsyslogs) -> float:
    """Tell the device to end. Returns the seconds that took; raises TimeoutExpired."""
    process = rsyslogs.running[-1]
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(ENDS)
    return time.monotonic() - begun


def used(rsyslogs: Rsyslogs) -> float:
    """Seconds of the processor that the device has used."""
    fields = Path(f"/proc/{rsyslogs.running[-1].pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_logs_to_its_own_files_rests_and_ends_and_keeps_what_waits(
    rsyslogs: Rsyslogs, certificates: Path, monkeypatch: pytest.MonkeyPatch, away: Away
) -> None:
    text = ours(monkeypatch, certificates, away.port)
    work = device(rsyslogs, text)
    log(work, 0, MANY)
    assert wait_for(MANY, lambda: kept(work)) == MANY, "the device's own files wait for the collector"
    before = used(rsyslogs)
    time.sleep(RESTS)
    assert used(rsyslogs) - before < RESTS / 4
    log(work, MANY, MANY + 1)
    assert wait_for(MANY + 1, lambda: kept(work)) == MANY + 1
    ends(rsyslogs)
    said = (work / "said").read_text()
    assert said.count("cannot connect") <= 5, "many attempts at its end, each of which may take long"
    away.close()
    folder = collector(rsyslogs, certificates / "school/localhost.pem", away.port)
    device(rsyslogs, text)
    # The one that was being sent when it ended is lost (rsyslog before its commit 29aaf61).
    found = wait_for(MANY, lambda: numbers(arrived(folder)), BACK)
    assert found >= MANY
    assert MANY in numbers(arrived(folder)), "the last one is not the one that was being sent"


def test_it_connects_again_by_itself_and_nothing_is_lost(
    rsyslogs: Rsyslogs, certificates: Path, monkeypatch: pytest.MonkeyPatch, refuses: int
) -> None:
    work = device(rsyslogs, ours(monkeypatch, certificates, refuses))
    log(work, 0, 20)
    # The first two attempts follow each other at once.
    assert wait(lambda: (work / "said").read_text().count("cannot connect") >= 2, LOGGED)
    folder = collector(rsyslogs, certificates / "school/localhost.pem", refuses)
    assert wait_for(20, lambda: numbers(arrived(folder)), BACK) == 20


def test_what_waits_outlives_a_daemon_that_is_killed(
    rsyslogs: Rsyslogs, certificates: Path, monkeypatch: pytest.MonkeyPatch, refuses: int
) -> None:
    text = ours(monkeypatch, certificates, refuses)
    work = device(rsyslogs, text)
    log(work, 0, 105)
    assert wait_for(105, lambda: kept(work)) == 105
    rsyslogs.running[-1].kill()
    rsyslogs.running[-1].wait()
    folder = collector(rsyslogs, certificates / "school/localhost.pem", refuses)
    device(rsyslogs, text)
    # What came after the queue was last written down is lost: up to ten.
    assert wait_for(95, lambda: numbers(arrived(folder)), BACK) >= 95


def test_a_queue_that_is_full_holds_nothing_up(
    rsyslogs: Rsyslogs, certificates: Path, monkeypatch: pytest.MonkeyPatch, refuses: int
) -> None:
    text = ours(monkeypatch, certificates, refuses)
    assert '"200m"' in text
    work = device(rsyslogs, text.replace('"200m"', '"1m"'))
    log(work, 0, 5000)
    assert wait_for(5000, lambda: kept(work)) == 5000
    queue = sum(path.stat().st_size for path in work.glob("leeboard.0*"))
    assert 500_000 < queue < 2_500_000
    ends(rsyslogs)
