"""The endpoint itself, asked by pywinrm: it must behave as a real WinRM does, or the other tests prove nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from tests.windows.wire import messages
from tests.windows.wire.certificates import LOOPBACK, Authority
from tests.windows.wire.server import ENVELOPE_LIMIT, Endpoint

USER, PASSWORD = "Administrator", "pass word"


def _shell(line: str) -> subprocess.Popen[bytes]:
    """A machine whose command lines are those of a POSIX shell."""
    return subprocess.Popen(
        ["sh", "-c", line],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def endpoint(authority: Authority) -> Iterator[Endpoint]:
    with Endpoint(_shell, USER, PASSWORD, authority.context()) as found:
        yield found


def _client(endpoint: Endpoint, authority: Authority, password: str = PASSWORD) -> Protocol:
    return Protocol(
        f"https://{LOOPBACK}:{endpoint.port}/wsman",
        transport="basic",
        username=USER,
        password=password,
        ca_trust_path=str(authority.path),
        operation_timeout_sec=1,
        read_timeout_sec=5,
    )


@pytest.fixture
def client(endpoint: Endpoint, authority: Authority) -> Protocol:
    return _client(endpoint, authority)


def test_a_command_with_input_output_and_status(endpoint: Endpoint, client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "cat; echo bad >&2; exit 7")
    client.send_command_input(shell, command, b"one\n")
    client.send_command_input(shell, command, "für\n".encode(), end=True)
    assert client.get_command_output(shell, command) == ("one\nfür\n".encode(), b"bad\n", 7)
    client.cleanup_command(shell, command)
    client.close_shell(shell)
    assert endpoint.shells.left() == 0
    counted = {"Create": 1, "Command": 1, "Send": 2, "Receive": 1, "Signal": 1, "Delete": 1}
    assert endpoint.traffic.requests == counted
    assert endpoint.traffic.handshakes == 1, "the connection is kept"


def test_arguments_follow_the_command(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "printf", ["%s", "'a b'"])
    assert client.get_command_output(shell, command)[0] == b"a b"


def test_a_receive_with_nothing_to_say_times_out(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "sleep 60")
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    client.cleanup_command(shell, command)


def test_no_answer_is_larger_than_the_client_takes(endpoint: Endpoint, client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "head -c 400000 /dev/zero")
    assert len(client.get_command_output(shell, command)[0]) == 400000
    assert endpoint.traffic.requests["Receive"] >= 4, "153,600 bytes an envelope, in base64"


def test_a_wrong_password_is_401(endpoint: Endpoint, authority: Authority) -> None:
    with pytest.raises(InvalidCredentialsError):
        _client(endpoint, authority, "other").open_shell()
    assert (endpoint.traffic.refused, endpoint.shells.left()) == (1, 0)


def test_what_is_not_there_is_a_fault(client: Protocol) -> None:
    with pytest.raises(WSManFaultError) as caught:
        client.run_command("00000000-0000-0000-0000-000000000000", "true")
    assert caught.value.wsman_fault_code == messages.NO_SUCH_SHELL.code


def test_a_request_that_windows_would_refuse(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "cat >/dev/null")
    with pytest.raises(WSManFaultError):
        client.send_command_input(shell, command, bytes(ENVELOPE_LIMIT), end=True)


def test_a_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(messages.Refused):
        messages.read(bomb)


def test_an_unknown_certificate_is_not_taken(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        _client(endpoint, Authority(tmp_path / "other")).open_shell()
    assert not endpoint.traffic.requests
