"""Active Directory is asked whether it has the object of a recovery password: over LDAPS, of a real LDAP server.

It is OpenLDAP's slapd with the attributes and rights that matter. Not shown: a domain controller of Microsoft's, its
schema, which rights it gives, and in which order of bytes Windows writes the GUID.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.volumes import active_directory
from leeboard.escrow.volumes.active_directory import Server, all_ids, forms, named_ids, parse_server
from tests.credentials.door import LOOPBACK, free_port
from tests.credentials.recovery_directory import BASE, BLIND, READER, RecoveryDirectory
from tests.windows.wire.certificates import Authority

PASSWORD, SECRET = "Canary-9040 'reads' <all>", "000011-" * 7 + "000022"
ONE, TWO, GONE = (f"{{AAAAAAAA-1111-4222-8333-00000000000{number}}}" for number in (1, 2, 3))
MANY = {f"{{BBBBBBBB-1111-4222-8333-{number:012X}}}": SECRET for number in range(2500)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RecoveryDirectory, Server]]:
    folder = tmp_path_factory.mktemp("recovery")
    authority = Authority(folder / "authority")
    computers = {"pc-1": {ONE: SECRET}, "pc-2": {TWO: SECRET}, "pc-3": MANY}
    made = RecoveryDirectory(folder / "slapd", authority.issue(), PASSWORD, computers)
    yield made, Server(LOOPBACK, BASE, READER, PASSWORD, made.port, str(authority.path))
    made.close()


def test_one_search_says_what_all_of_it_holds_page_by_page(world: tuple[RecoveryDirectory, Server]) -> None:
    directory, server = world
    found = all_ids(server)
    assert len(found) == len(MANY) + 2 and all(forms(one) & found for one in (ONE, TWO, *MANY))
    assert not forms(GONE) & found
    below = all_ids(replace(server, base=f"cn=pc-1,{BASE}"))
    assert len(below) == 1 and forms(ONE) & below, "a school asks below its own place"
    assert "attr=msFVE-RecoveryGuid" in directory.log, directory.log[-500:]
    assert "msFVE-RecoveryPassword" not in directory.log, "the password itself is never asked for"
    assert SECRET not in directory.log


def test_single_ones_are_asked_for_again(world: tuple[RecoveryDirectory, Server]) -> None:
    _directory, server = world
    found = named_ids(server, [ONE, GONE, "no GUID"])
    assert len(found) == 1 and forms(ONE) & found and forms(ONE.lower().strip("{}")) & found
    assert named_ids(server, [GONE]) == named_ids(server, ["BitLocker"]) == frozenset()


def test_an_account_that_may_not_see_them_gives_no_answer(world: tuple[RecoveryDirectory, Server]) -> None:
    _directory, server = world
    with pytest.raises(LeeboardError, match=r"no recovery information at all below .* the account may not see objects"):
        all_ids(replace(server, user=BLIND))


def test_what_cannot_be_asked_is_an_error_without_a_secret(
    world: tuple[RecoveryDirectory, Server], tmp_path: Path
) -> None:
    _directory, server = world
    stranger = Authority(tmp_path / "stranger")
    for other, words in (
        (replace(server, password="Canary-9041"), "does not accept the account and password"),
        (replace(server, user="nobody"), "it answered 34|does not accept"),
        (replace(server, base="dc=other,dc=school"), "nothing at the base"),
        (replace(server, ca=str(stranger.path)), "its certificate is not trusted"),
        (replace(server, ca=""), "its certificate is not trusted"),
        (replace(server, server="localhost"), "its certificate is not trusted"),
        (replace(server, port=free_port()), "Connection refused"),
        (replace(server, ca=str(tmp_path / "none.pem")), "No such file"),
    ):
        with pytest.raises(LeeboardError, match=words) as problem:
            all_ids(other)
        assert "Canary" not in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x84\xff\xff\xff\xff"])
def test_what_answers_and_is_no_directory_over_tls_is_an_error(said: bytes) -> None:
    with socket.create_server((LOOPBACK, 0)) as listening:

        def answer() -> None:
            connection, _address = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        server = Server(LOOPBACK, BASE, READER, PASSWORD, listening.getsockname()[1])
        with pytest.raises(LeeboardError, match="could not be asked at"):
            all_ids(server)
        thread.join(10)


def test_a_server_that_does_not_answer_costs_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active_directory, "CONNECT", 1)
    with socket.create_server((LOOPBACK, 0)) as listening:
        server = Server(LOOPBACK, BASE, READER, PASSWORD, listening.getsockname()[1])
        with pytest.raises(LeeboardError, match="timed out"):
            all_ids(server)


def test_what_the_inventory_says_is_looked_at_before_anything_is_asked() -> None:
    whole = {"server": "dc1.hill.example", "base": BASE, "user": "reader@hill.example"}
    assert parse_server({**whole, "port": 3269, "ca": "/etc/hill.pem"}, PASSWORD).port == 3269
    assert "Canary" not in repr(parse_server(whole, PASSWORD))
    for given, password, words in (
        ("dc1", PASSWORD, "has to name server, base and user"),
        ({"server": "dc1"}, PASSWORD, "has to name server, base and user"),
        ({**whole, "password": "x"}, PASSWORD, "names 'password'"),
        ({**whole, "port": "636"}, PASSWORD, "names 'port'"),
        ({**whole, "base": " "}, PASSWORD, "names no base"),
        (whole, "", "leeboard_directory_password is not in the school's vault"),
        (whole, 12, "leeboard_directory_password is not in the school's vault"),
    ):
        with pytest.raises(LeeboardError, match=words):
            parse_server(given, password)
