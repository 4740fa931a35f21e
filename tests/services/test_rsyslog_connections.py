"""What a running rsyslogd does after its file was set back: its connections are seen."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import connections as rsyslog_connections
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import rsyslog

from tests.services.rsyslogs import DEVICE, PATIENCE, Rsyslogs, wait


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to see another's sockets")
@pytest.mark.parametrize(("protocol", "named"), [("@@", "127.0.0.1"), ("@", rsyslog_connections.BY_UDP)])
def test_what_a_real_daemon_does_after_its_file_was_set_back(
    rsyslogs: Rsyslogs, tmp_path: Path, protocol: str, named: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        text = f'*.* {protocol}127.0.0.1:{port}\naction(type="omfile" file="{{work}}/kept")\n'
        log = rsyslogs.folder / "device" / "log"
        work = rsyslogs.start("device", DEVICE.replace("{ours}", text), log.exists)
        listener.settimeout(1)

        def connected() -> bool:
            # A daemon whose connection failed in a busy moment tries again after 30 s, and then only for another line.
            subprocess.run(["logger", "-u", str(log), "a line"], check=True, timeout=60)
            try:
                accepted.append(listener.accept()[0])
            except TimeoutError:
                return False
            return True

        accepted: list[socket.socket] = []
        assert protocol == "@" or wait(connected, PATIENCE + 30), (work / "said").read_text()
        subprocess.run(["logger", "-u", str(log), "a line"], check=True, timeout=60)
        assert wait((work / "kept").exists)
        pid = str(rsyslogs.running[0].pid)

        def targets() -> list[Any]:
            daemon = rsyslog.read(Host(), str(work / "rsyslog.conf"))
            sent = rsyslog_connections.strangers(Host(), pid, daemon.configuration, daemon.sendings)
            return [one.target for one in sent]

        assert targets() == []
        path = work / "rsyslog.conf"
        path.write_text(path.read_text().replace(f"{protocol}127.0.0.1:{port}", "@@logs.school.example:6514"))
        assert wait(lambda: bool(targets()))
        assert targets() == [f"{named}:{port}" if protocol == "@@" else named]
