"""Where the running rsyslogd really sends, beside what its files say. With a real daemon: tests/services."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding

from tests.unit.linux.folder import effective
from tests.unit.linux.forwarding import COLLECTOR, RSYSLOGD, RUNS, TLS, D, collector, machine

PID = "4711"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LINE = "   0: {here} {there} {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 20 4 30 10 -1\n"
MINE, OTHERS = "207999", "99"


def line(there: str, state: str = "01", inode: str = MINE, here: str = "0F02000A:CDAA") -> str:
    return LINE.format(here=here, there=there, state=state, inode=inode)


TO_COLLECTOR = line("070200C0:1972")  # 192.0.2.7, port 6514
TO_STRANGER = line("090200C0:0202")  # 192.0.2.9, port 514
UNBOUND = line("00000000:0000", "07", here="00000000:C1E0")


def running(root: Path, files: dict[str, str], tcp: str = "", udp: str = "", since: str = "@9999999999") -> Host:
    """A machine on which rsyslogd has these sockets."""
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, "MainPID": PID, "StateChangeTimestamp": since}}
    tables = {f"/proc/{PID}/net/tcp": HEAD + tcp, f"/proc/{PID}/net/udp": HEAD + udp, f"/proc/{PID}/fd/0": ""}
    host = machine(root, {**files, **tables}, units)
    for number, inode in enumerate((MINE, "5"), 3):
        (root / f"proc/{PID}/fd/{number}").symlink_to(f"socket:[{inode}]")
    host.is_root = True
    return host


def strange(host: Host) -> list[str]:
    """The targets that no file names."""
    said = effective(log_forwarding, host, "tls-driver")
    found = [(said["value"], said["source"]), *((one["value"], one["who"]) for one in said.get("others", []))]
    return [who for value, who in found if value == "unknown"]


FILE = {f"{D}/90.conf": TLS}
PLAIN = {f"{D}/90.conf": "*.* @@192.0.2.9\n"}


@pytest.mark.parametrize(
    ("files", "tcp", "udp", "count"),
    [
        pytest.param(FILE, TO_COLLECTOR, "", 0, id="as its files say"),
        pytest.param(FILE, "", "", 0, id="the collector is off"),
        pytest.param(FILE, TO_COLLECTOR + TO_STRANGER, "", 1, id="somebody besides"),
        pytest.param(FILE, TO_STRANGER, "", 1, id="somebody else"),
        pytest.param(FILE, line("090200C0:0202", "02"), "", 1, id="somebody else who does not answer"),
        pytest.param({}, TO_STRANGER, "", 1, id="although no file sends anything"),
        pytest.param(FILE, line("090200C0:0202", inode=OTHERS), "", 0, id="of another program"),
        pytest.param(FILE, line("090200C0:0035"), "", 0, id="a question for a name"),
        pytest.param(PLAIN, TO_STRANGER, "", 0, id="an address that a file names"),
        pytest.param(PLAIN, line("070200C0:0202"), "", 1, id="another address with that port"),
        pytest.param(FILE, TO_COLLECTOR, UNBOUND, 1, id="by UDP"),
        pytest.param({f"{D}/90.conf": "*.* @192.0.2.9\n"}, "", UNBOUND, 0, id="by UDP, as a file says"),
        pytest.param({**FILE, f"{D}/10.conf": 'module(load="imudp")\n'}, TO_COLLECTOR, UNBOUND, 0, id="UDP comes in"),
        pytest.param(
            {**FILE, f"{D}/10.conf": 'module(load="imtcp")\n'},
            line("00000000:0000", "0A", here="00000000:0202") + line("090200C0:C000", here="0F02000A:0202"), "", 0,
            id="TCP comes in",
        ),
        pytest.param({**FILE, f"{D}/10.conf": 'module(load="ommysql")\n'}, TO_STRANGER, "", 0, id="a database"),
        pytest.param({f"{D}/90.conf": TLS.replace("6514", "syslog-tls")}, TO_COLLECTOR, "", 0, id="a service's name"),
    ],
)  # fmt: skip
def test_connections_beside_files(tmp_path: Path, files: dict[str, str], tcp: str, udp: str, count: int) -> None:
    assert len(strange(running(tmp_path, files, tcp, udp))) == count


def test_a_stranger_is_named_with_its_place(tmp_path: Path) -> None:
    host = running(tmp_path, FILE, TO_COLLECTOR + TO_STRANGER)
    assert collector(host)["value"] == f"{COLLECTOR} and 192.0.2.9:514"
    assert "192.0.2.9:514" in strange(host)[0] and "which its files do not name" in strange(host)[0]
    modes = effective(log_forwarding, host, "tls-mode")
    assert [one["value"] for one in modes["others"]] == [0]


def test_a_daemon_older_than_its_files_is_pending_and_no_stranger(tmp_path: Path) -> None:
    host = running(tmp_path, FILE, TO_STRANGER, since=f"@{int(time.time()) - 1000}")
    assert strange(host) == []
    assert "started before" in log_forwarding.observe(host, ["tls-driver"])["tls-driver"]["running"]["why"]


def test_ipv6_and_bad_tables(tmp_path: Path) -> None:
    mapped = line("0000000000000000FFFF0000090200C0:0202", here="0" * 32 + ":CDAA")
    host = running(tmp_path / "mapped", {f"/proc/{PID}/net/tcp6": HEAD + mapped, **FILE})
    assert "192.0.2.9:514" in strange(host)[0]
    bad = running(tmp_path / "bad", FILE, line("NONSENSE:0202"))
    assert effective(log_forwarding, bad, "collector")["code"] == "malformed"
    large = running(tmp_path / "large", FILE, TO_STRANGER * 10_000)
    assert strange(large) == []
    user = running(tmp_path / "user", FILE, TO_STRANGER)
    user.is_root = False
    assert strange(user) == []
