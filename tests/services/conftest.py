"""What the tests of services share: daemons of rsyslog, and certificates for both ends of a connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.rsyslogs import Rsyslogs, needs_rsyslogd
from tests.unit.linux.forwarding import authority, signed


@pytest.fixture
def rsyslogs(tmp_path: Path) -> Iterator[Rsyslogs]:
    needs_rsyslogd()
    found = Rsyslogs(tmp_path)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The school's authority, a stranger's, and certificates of both for localhost."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("school", "stranger"):
        (folder / name).mkdir()
        signed(authority(folder / name), "localhost")
    signed(folder / "school" / "ca.pem", "device")
    signed(folder / "school" / "ca.pem", "other.example")
    return folder
