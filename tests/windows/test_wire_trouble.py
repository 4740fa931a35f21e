"""What goes wrong on the way to a Windows device ends as one device with words that a technician can act on.

No Windows machine is needed: none of these visits gets as far as PowerShell. Each case is one device of one school,
and all are visited in one run, beside a device that is well.
"""

from __future__ import annotations

import base64
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.windows.wire.certificates import LOOPBACK, Authority
from tests.windows.wire.school import PASSWORD, USER, School, Visit
from tests.windows.wire.secrets import leaks, traces
from tests.windows.wire.server import Endpoint, Trouble

READ = 4  # seconds for an answer; a visit waits for it at most four times: Send, Receive, Signal, Delete
CHECK = 20  # seconds for a whole visit
SLACK = 40  # seconds that a busy machine may lose

SILENT = "unreachable"  # nothing to do while it is within its limit
BROKEN = "failed"  # somebody has to put it right


@dataclass(frozen=True)
class Case:
    """One device in trouble: what became of its visit, and words that its message must hold."""

    outcome: str
    words: tuple[str, ...]
    trouble: Trouble | None = None
    action: str = ""
    certificate: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    authority: str = "known"


CASES = {
    "wrong-password": Case(
        BROKEN,
        ("did not accept the user and password", "ansible_password"),
        variables={"ansible_password": "Wrong 4712 <&> one"},
    ),
    "expired-certificate": Case(
        BROKEN, ("certificate of its WinRM service has expired", "new one"), certificate={"days": -2}
    ),
    "unknown-authority": Case(
        BROKEN, ("authority that this controller does not know", "ansible_winrm_ca_trust_path"), authority="unknown"
    ),
    "self-signed": Case(
        BROKEN,
        ("authority that this controller does not know", "ansible_winrm_ca_trust_path"),
        certificate={"itself": True},
    ),
    "another-name": Case(
        BROKEN, ("certificate of its WinRM service is for another name",), certificate={"name": "pc9.school.example"}
    ),
    "kerberos": Case(
        BROKEN,
        ("Kerberos is asked for", "pykerberos is not installed on this controller"),
        variables={"ansible_winrm_transport": "kerberos"},
    ),
    "kerberos-by-name": Case(
        BROKEN,
        ("Kerberos is asked for", "a user name with @", "pykerberos is not installed on this controller"),
        variables={"ansible_winrm_transport": None, "ansible_user": "technician@school.example"},
    ),
    "credssp": Case(
        BROKEN,
        ("requests-credssp is not installed on this controller",),
        variables={"ansible_winrm_transport": "credssp"},
    ),
    "no-administrator": Case(BROKEN, ("denied it WinRM", "must be an administrator"), Trouble.DENIED, "Create"),
    "no-such-name": Case(
        SILENT,
        ("no address is known for its name", "ansible_host"),
        variables={"ansible_host": "pc9.school.invalid"},
    ),
    "port-closed": Case(BROKEN, ("takes no connection on this port", "WinRM with an HTTPS listener")),
    "plain-http": Case(BROKEN, ("broke off", "WinRM over HTTPS"), variables={"ansible_winrm_scheme": "http"}),
    "off": Case(SILENT, ("does not answer", "switched off"), Trouble.SILENT),
    "asleep-at-create": Case(SILENT, ("stopped answering", "asleep"), Trouble.SILENT, "Create"),
    "asleep-at-command": Case(SILENT, ("stopped answering", "asleep"), Trouble.SILENT, "Command"),
    "asleep-at-send": Case(SILENT, ("stopped answering", "asleep"), Trouble.SILENT, "Send"),
    "asleep-at-receive": Case(SILENT, ("stopped answering", "asleep"), Trouble.SILENT, "Receive"),
    "asleep-at-signal": Case(SILENT, ("stopped answering", "asleep"), Trouble.SILENT, "Signal"),
    "dropped-at-create": Case(BROKEN, ("broke off in the middle", "Run the check again"), Trouble.DROPPED, "Create"),
    "dropped-at-receive": Case(BROKEN, ("broke off in the middle", "Run the check again"), Trouble.DROPPED, "Receive"),
    "page-at-create": Case(BROKEN, ("does not talk WinRM", "ansible_port"), Trouble.PAGE, "Create"),
    "page-at-receive": Case(BROKEN, ("does not talk WinRM",), Trouble.PAGE, "Receive"),
    "rubbish-at-create": Case(BROKEN, ("does not talk WinRM",), Trouble.RUBBISH, "Create"),
    "rubbish-at-receive": Case(BROKEN, ("does not talk WinRM",), Trouble.RUBBISH, "Receive"),
    "endless": Case(BROKEN, ("did not come to an end", "Restart the device"), Trouble.ENDLESS, "Receive"),
    "ends-without-answer": Case(BROKEN, ("PowerShell on it ended without an answer", "-vvv")),
}


def _program(line: str) -> subprocess.Popen[bytes]:
    """Stands where PowerShell would: reads its input and ends without an answer."""
    return subprocess.Popen(
        ["sh", "-c", "cat >/dev/null; exit 3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@dataclass(frozen=True)
class Night:
    """One run over all cases, and the endpoints that it met."""

    school: School
    visit: Visit
    endpoints: dict[str, Endpoint]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The run that all tests here look at."""
    folder = tmp_path_factory.mktemp("school")
    authorities = {name: Authority(folder.parent / f"{folder.name}-{name}") for name in ("known", "unknown")}
    school = School(folder, authorities["known"].path)
    endpoints = {}
    with ExitStack() as stack:
        for name, case in CASES.items():
            context = authorities[case.authority].context(**case.certificate)
            endpoint = stack.enter_context(Endpoint(_program, USER, PASSWORD, context))
            if case.trouble:
                endpoint.strike(case.trouble, case.action)
            port = _closed_port() if name == "port-closed" else endpoint.port
            timeouts = {"ansible_winrm_operation_timeout_sec": READ - 2, "ansible_winrm_read_timeout_sec": READ}
            school.device(name, port, drift_check_timeout=CHECK, **timeouts, **case.variables)
            endpoints[name] = endpoint
        school.host(
            "neighbour",
            ansible_connection="local",
            ansible_python_interpreter="/usr/bin/python3",
            leeboard_platform="linux",
        )
        yield Night(school, school.check(), endpoints)


def _closed_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("name", CASES)
def test_trouble_is_one_device_with_words(night: Night, name: str) -> None:
    line, case = night.visit.lines[name], CASES[name]
    assert line["outcome"] == case.outcome, line["message"]
    for words in case.words:
        assert words in line["message"]
    assert len(line["message"]) < 300, "nothing was cut off"
    assert "observation" not in line
    assert "findings" not in line


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.outcome == BROKEN])
def test_the_report_says_it_too(night: Night, name: str) -> None:
    """On the terminal, for what somebody has to put right."""
    assert night.visit.lines[name]["message"] in night.visit.output


def test_other_devices_get_their_verdicts(night: Night) -> None:
    line = night.visit.lines["neighbour"]
    assert line["outcome"] == "observed"
    assert {"compliant", "drifted"} & {finding["verdict"] for finding in line["findings"]}
    assert set(night.visit.lines) == {*CASES, "neighbour"}


def test_a_run_with_broken_devices_ends_with_3(night: Night) -> None:
    assert night.visit.status == 3


def test_nothing_hangs(night: Night) -> None:
    """The longest is the visit that does not come to an end, and one more answer that is waited for."""
    assert night.visit.seconds < CHECK + READ + SLACK


def test_a_wrong_password_is_tried_once(night: Night) -> None:
    """More would lock the account, on a device with a lock-out of five attempts."""
    assert night.endpoints["wrong-password"].traffic.refused == 1


def test_no_secret_is_left_behind(night: Night) -> None:
    assert not leaks(PASSWORD, night.visit.output, night.school.folder)


def test_no_secret_is_printed_where_everything_is(night: Night) -> None:
    """Someone who looks for the cause of a trouble asks Ansible for all it can say."""
    night.endpoints["asleep-at-receive"].recover()
    names = "wrong-password,expired-certificate,kerberos,ends-without-answer,dropped-at-receive"
    visit = night.school.play("-vvvvvv", f"--limit={names}")
    assert set(visit.lines) == set(names.split(","))
    assert "WINRM OPEN SHELL" in visit.output, "it did say more"
    assert not leaks(PASSWORD, visit.output, night.school.folder)


@pytest.mark.parametrize("name", traces(PASSWORD))
def test_a_planted_secret_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "some.log").write_bytes(b"before" + traces(PASSWORD)[name] + b"after")
    assert leaks(PASSWORD, tmp_path)


def test_a_secret_inside_a_longer_text_is_found() -> None:
    header = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert leaks(PASSWORD, f"Authorization: Basic {header}")
    script = base64.b64encode(f"$p = '{PASSWORD}'".encode("utf-16-le")).decode()
    assert leaks(PASSWORD, f"-EncodedCommand {script}")
