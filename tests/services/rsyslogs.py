"""Real daemons of rsyslog in folders of their own, a collector's certificates, and the text that a roll-out writes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import writing

PATIENCE = 60  # seconds; it takes one where nothing else runs
COLLECTOR = """
global(workDirectory="{work}" defaultNetstreamDriver="{driver}" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{certificate}.key")
module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="{check}"
       {permitted})
input(type="imtcp" port="{port}" address="127.0.0.1")
action(type="omfile" file="{work}/arrived")
"""
DEVICE = """
global(workDirectory="{work}")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="{work}/log" createPath="on")
{ours}
"""


class Rsyslogs:
    """Real daemons in folders of their own; `said` is what one printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, text: str, ready: Callable[[], bool]) -> Path:
        work = self.folder / name
        work.mkdir()
        path = work / "rsyslog.conf"
        path.write_text(text.replace("{work}", str(work)))
        with (work / "said").open("wb") as said:
            argv = ["/usr/sbin/rsyslogd", "-n", "-iNONE", "-f", str(path)]
            self.running.append(subprocess.Popen(argv, stdout=said, stderr=said, stdin=subprocess.DEVNULL))
        wait(ready)
        return work

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(ready: Callable[[], bool], patience: float = PATIENCE) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.1)
    return False


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def collector(rsyslogs: Rsyslogs, certificate: Path, port: int, check: str = "anon") -> Path:
    """Start a collector that shows a certificate, and asks for the device's own by `check`; its folder."""
    text = COLLECTOR.format(
        work="{work}", driver="gtls", ca=certificate.parent / "ca.pem", certificate=certificate, port=port, check=check,
        permitted='permittedPeer=["device"]' if check == "x509/name" else "",
    )  # fmt: skip
    return rsyslogs.start("collector", text, lambda: answers(port))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def ours(monkeypatch: pytest.MonkeyPatch, certificates: Path, port: int, own: bool = False) -> str:
    """The text that a roll-out writes, with the certificates of this test in their places."""
    needs_driver("gtls")
    monkeypatch.setattr(writing, "AUTHORITY", str(certificates / "school/ca.pem"))
    if own:
        monkeypatch.setattr(writing, "CERTIFICATE", str(certificates / "school/device.pem"))
        monkeypatch.setattr(writing, "KEY", str(certificates / "school/device.pem.key"))
    return writing.text(Host(), f"localhost:{port}")


def needs_rsyslogd() -> None:
    if not os.path.exists("/usr/sbin/rsyslogd") or not shutil.which("logger"):
        pytest.skip("rsyslog is not installed on this machine")


def needs_driver(driver: str) -> None:
    if not any(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
        pytest.skip(f"rsyslog has no module {driver} on this machine")


def arrived(collector: Path) -> str:
    path = collector / "arrived"
    return path.read_text() if path.exists() else ""
