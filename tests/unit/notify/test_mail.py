"""Mail through a real server: over TLS alone, to whom it is meant for, and counts only."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.estate.notify_settings import Mail
from leeboard.notify.mail import Letter, letter, send
from leeboard.notify.news import SchoolNews
from tests.unit.notify.servers import ACCOUNT, PASSWORD, Authority, MailServer, mail_server

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(authority: Authority) -> Iterator[MailServer]:
    with mail_server(authority.context) as running:
        yield running


def settings(server: MailServer, authority: Authority | None, **more: Any) -> Mail:
    given = {"from": "leeboard@la.example", "host": "localhost", "port": server.port, "ca": None, **more}
    if authority is not None:
        given["ca"] = str(authority.pem)
    return Mail.model_validate({"user": ACCOUNT, "password": "mail.vault", **given})


def news(**more: Any) -> SchoolNews:
    given: dict[str, Any] = {
        "urn": "900001", "name": "Hill School", "marking": "OFFICIAL", "run": "20261125T021000Z-1a2b3c4d",
        "began": datetime(2026, 11, 25, 2, 10, tzinfo=UTC), "broken_off": False, "new": {"critical": 1, "high": 2},
        "mended": 4, "came": 5, "out_of_date": 6, "devices": 120, "clear": 100, "drifted": 12, "unknown": 8,
        "silent": 7, **more,
    }  # fmt: skip
    return SchoolNews(**given)


def told(
    one: Letter, server: MailServer, mail: Mail, password: str | None = PASSWORD
) -> tuple[list[str], list[Letter]]:
    sent: list[Letter] = []
    return send([one], mail, password, AT, sent.append), sent


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage) and not message.defects
    return message


HEAD = ("head@hill.example", "office@hill.example")


def test_a_mail_says_what_is_new_in_counts(server: MailServer, authority: Authority) -> None:
    one = letter(news(), HEAD, "https://reports.la.example/{urn}/")
    problems, sent = told(one, server, settings(server, authority))
    assert (problems, sent) == ([], [one])
    assert server.signed_in == [PASSWORD.encode()] and not server.in_clear
    (message,) = map(read, server.mails)
    assert message["From"] == "leeboard@la.example" and message["To"] == ", ".join(HEAD)
    assert message["Subject"] == "Leeboard: 3 new, 4 mended at Hill School"
    assert message["Auto-Submitted"] == "auto-generated" and message.get_content_type() == "text/plain"
    lines = message.get_content().splitlines()
    assert lines[0] == lines[-1] == "OFFICIAL"
    for wanted in (
        "Hill School (900001), checked 25 Nov 2026, 02:10 UTC",
        "New findings: 3 (1 critical, 2 high)",
        "Mended: 4",
        "Devices that are new on the inventory: 5",
        "Devices whose last answer went out of date: 6",
        "120 devices: 7 not seen in the last run, 8 not fully known, 12 drifted, 100 with all well",
        "The report: https://reports.la.example/900001/",
    ):
        assert wanted in lines


def test_the_same_news_has_the_same_id_and_others_another(server: MailServer, authority: Authority) -> None:
    ids = [letter(news(), HEAD, None).message("a@b.example", AT)["Message-ID"] for _ in range(2)]
    other = letter(news(run="20261126T021000Z-1a2b3c4d"), HEAD, None).message("a@b.example", AT)["Message-ID"]
    assert ids[0] == ids[1] != other


@pytest.mark.parametrize(
    "name", ["Hill\r\nBcc: everybody@evil.example", "Hill\u202e\x00\ud800", "Ysgol Tŷ Gwyn", "=?utf-8?q?x?=", "x" * 900]
)
def test_a_name_stays_within_its_line(server: MailServer, authority: Authority, name: str) -> None:
    from leeboard.report.words import clean

    one = letter(news(name=clean(name, 120)), HEAD[:1], None)
    assert told(one, server, settings(server, authority))[0] == []
    (message,) = map(read, server.mails)
    assert message["Bcc"] is None and message["To"] == HEAD[0]
    assert message.get_content().isascii() or "Tŷ" in message.get_content() or "…" in message.get_content()
    assert [key for key in message if key in ("Subject", "To", "From")] == ["From", "To", "Subject"]


def test_implicit_tls(authority: Authority) -> None:
    with mail_server(authority.context, implicit=True) as server:
        mail = settings(server, authority, tls="implicit", user=None, password=None)
        assert told(letter(news(), HEAD, None), server, mail, None)[0] == []
        assert len(server.mails) == 1


def refused(server: MailServer, mail: Mail, said: str, password: str | None = PASSWORD) -> None:
    with pytest.raises(LeeboardError, match=said) as refusal:
        told(letter(news(), HEAD, None), server, mail, password)
    assert server.mails == [] and server.in_clear == []
    assert password is None or password not in str(refusal.value)


def test_a_server_without_tls_gets_neither_mail_nor_password() -> None:
    with mail_server(None) as server:
        refused(server, settings(server, None), "offers no TLS, or no way to sign in; it was told nothing")
        assert server.signed_in == []


def test_a_certificate_of_an_unknown_authority_is_refused(server: MailServer) -> None:
    refused(server, settings(server, None), "its certificate does not count")
    assert server.signed_in == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    other = Authority(tmp_path, "mail.evil.example")
    with mail_server(other.context) as server:
        refused(server, settings(server, other), "its certificate does not count .*localhost")
        assert server.signed_in == []


def test_a_wrong_password_is_refused_without_naming_it(server: MailServer, authority: Authority) -> None:
    refused(server, settings(server, authority), "does not take the account leeboard", "wrong words")


def test_a_server_that_is_away_is_named() -> None:
    refused(MailServer(port=9), settings(MailServer(port=9), None), "localhost:9: cannot be reached")


def test_an_address_that_is_refused_does_not_keep_the_others_from_being_told(
    server: MailServer, authority: Authority
) -> None:
    server.refuses = {HEAD[1]}
    problems, sent = told(letter(news(), HEAD, None), server, settings(server, authority))
    assert problems == ["office@hill.example: refused by localhost; others were told"]
    assert len(sent) == len(server.mails) == 1


def test_when_nobody_takes_a_mail_the_next_one_goes(server: MailServer, authority: Authority) -> None:
    server.refuses = {HEAD[1]}
    letters = [letter(news(), HEAD[1:], None), letter(news(urn="900002"), HEAD[:1], None)]
    sent: list[Letter] = []
    problems = send(letters, settings(server, authority), PASSWORD, AT, sent.append)
    assert [problem.partition(";")[0] for problem in problems] == ["office@hill.example: refused by localhost"]
    assert sent == letters[1:] and len(server.mails) == 1


def test_a_mail_that_the_server_refuses_is_not_told(server: MailServer, authority: Authority) -> None:
    server.answer = "554 looks like spam\x1b[31m"
    problems, sent = told(letter(news(), HEAD, None), server, settings(server, authority))
    assert problems[0].startswith("localhost refused a mail (554 looks like spam") and problems[0].isprintable()
    assert sent == []


def test_a_server_that_goes_away_ends_it_and_says_what_was_told(server: MailServer, authority: Authority) -> None:
    sent: list[Letter] = []

    def gone(one: Letter) -> None:
        sent.append(one)
        raise smtplib.SMTPServerDisconnected("closed")

    with pytest.raises(LeeboardError, match="ended the connection"):
        send([letter(news(), HEAD, None)] * 2, settings(server, authority), PASSWORD, AT, gone)
    assert len(sent) == 1
