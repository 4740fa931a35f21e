"""A device that takes the connection and then says nothing more: it is silent, and holds its fork for a short time.

One is a socket on which nobody answers. The other is a real sshd that lets the visit in and is stopped, as all of a
machine is that hangs: the kernel takes what is sent for a while, and nobody reads it.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.credentials.door import LOOPBACK, free_port, wait_for
from tests.credentials.night import Folder, Night

pytestmark = pytest.mark.service
SSHD = "/usr/sbin/sshd"
MOST = 300  # seconds for all of a check on a busy machine, of which 40 are the limit; it was 600
# Stops the sshd that runs it. What was stopped, and itself, are to be ended by the test.
FREEZE = """#!/bin/sh
echo $PPID $$ >> {folder}/stopped
kill -STOP $PPID
exec sleep 900
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Night, float]]:
    """One check of both, and the seconds that it took."""
    if os.geteuid() != 0 or not Path(SSHD).exists():
        pytest.skip("needs root and openssh-server")
    folder = tmp_path_factory.mktemp("frozen")
    port, server = _serve(folder)
    try:
        with socket.create_server((LOOPBACK, 0)) as mute:
            school = Folder(folder / "school")
            hosts = {"frozen": {"ansible_port": port}, "mute": {"ansible_port": mute.getsockname()[1]}}
            source = school.hosts(
                hosts,
                ansible_host=LOOPBACK,
                ansible_user=getpass.getuser(),
                ansible_ssh_private_key_file=f"{folder}/user",
                ansible_ssh_common_args=f"-F none -o IdentityAgent=none -o UserKnownHostsFile={folder}/known_hosts",
                ansible_ssh_control_path_dir=f"{folder}/cp",
            )
            began = time.monotonic()
            found = school.drift(source)
            yield found, time.monotonic() - began
            assert (folder / "stopped").read_text(), "no sshd was stopped"
    finally:
        server.terminate()
        for number in (folder / "stopped").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
        server.wait(20)


def _serve(folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    """An sshd, and its port."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    (folder / "known_hosts").write_text(f"[{LOOPBACK}]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "stopped").touch()
    (folder / "freeze").write_text(FREEZE.format(folder=folder))
    (folder / "freeze").chmod(0o755)
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress {LOOPBACK}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
        f"StrictModes no\nPasswordAuthentication no\nUsePAM no\nPidFile none\nForceCommand {folder}/freeze\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([SSHD, "-D", "-f", folder / "sshd_config"])

    def listens() -> bool:
        assert server.poll() is None, "sshd did not start"
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, port)) == 0

    wait_for(listens)
    return port, server


@pytest.mark.parametrize("name", ["frozen", "mute"])
def test_it_is_silent(night: tuple[Night, float], name: str) -> None:
    assert name in night[0].lines, night[0].output[-2000:]
    line = night[0].lines[name]
    assert line["outcome"] == "unreachable", line["message"]
    assert "it does not answer, or stopped answering" in line["message"]


def test_it_holds_a_fork_for_a_short_time(night: tuple[Night, float]) -> None:
    assert night[1] < MOST
