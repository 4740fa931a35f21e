"""The key `notify`: what is wrong in it is named by file and line, and nothing of it is believed."""

from __future__ import annotations

import pytest

from leeboard.estate.settings import read_estate_file, read_school_file
from leeboard.model.problem import Problem

ESTATE = "plugin: leeboard.schools.estate\nname: My LA\nlevel: standard\nnotify:\n"
SCHOOL = 'plugin: leeboard.schools.estate\nurn: "123456"\nname: Hill\nphase: primary\nnotify:\n'
MAIL = "  mail:\n    from: a@b.example\n    host: smtp.b.example\n"
HOOK = "  webhook:\n    secret: hook.vault\n    url: "


def said(text: str) -> str:
    found = read_estate_file(text.encode(), "estate.yml")
    return str(found) if isinstance(found, Problem) else ""


def test_all_of_it_is_understood() -> None:
    text = (
        f"{ESTATE}{MAIL}    port: 465\n    tls: implicit\n    user: leeboard\n"
        "    password: mail.vault\n    ca: /etc/ca.pem\n"
        f"{HOOK}https://hooks.b.example:8443/leeboard/x-1\n"
        "  operators: [it@b.example]\n  link: https://reports.b.example/{urn}/index.html\n"
    )
    found = read_estate_file(text.encode(), "estate.yml")
    assert not isinstance(found, Problem)
    assert found.notify.mail is not None and found.notify.mail.sender == "a@b.example"
    assert found.notify.webhook is not None and found.notify.operators == ("it@b.example",)
    school = read_school_file(f"{SCHOOL}  mail: [head@hill.example]\n".encode(), "school.yml")
    assert not isinstance(school, Problem) and school.notify.mail == ("head@hill.example",)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (f"{MAIL}    password: x.vault\n", 5, "notify.mail", "has user or password alone"),
        (f"{MAIL}    tls: none\n", 8, "notify.mail.tls", "input should be 'starttls' or 'implicit'"),
        (f"{MAIL}    port: 0\n", 8, "notify.mail.port", "greater than or equal to 1"),
        (f"{MAIL}    user: x\n    password: ../x\n", 9, "notify.mail.password", "the name of a file beside this one"),
        (f"{MAIL}    secret: hunter2\n", 8, "notify.mail.secret", "is no key that is known here"),
        ("  mail: {host: a.example}\n", 5, "notify.mail.from", "is missing"),
        ("  mail:\n    from: a b@c.example\n    host: x\n", 6, "notify.mail.from", "must be an e-mail address"),
        (f"{HOOK}http://hooks.b.example/\n", 7, "notify.webhook.url", "must begin with https://"),
        (f"{HOOK}https://me:hunter2@b.example/\n", 7, "notify.webhook.url", "have no account"),
        (f"{HOOK}https://b.example/?token=hunter2\n", 7, "notify.webhook.url", "question mark"),
        ("  operators: [nobody]\n", 5, "notify.operators.1", "must be an e-mail address"),
        ("  link: javascript:alert(1)\n", 5, "notify.link", "must begin with https:// or file://"),
        ("  link: https://b.example/{school}/\n", 5, "notify.link", "may have {urn} in braces"),
        ("  sms: 1\n", 5, "notify.sms", "is no key that is known here"),
    ],
)
def test_what_makes_no_sense_is_named_by_line(text: str, line: int, column: str, words: str) -> None:
    problem = said(f"{ESTATE}{text}")
    assert problem.startswith(f"estate.yml, line {line}, {column}: "), problem
    assert words in problem


@pytest.mark.parametrize(
    "address", ["head@hill.example\\nBcc: x@y.example", "Head <head@hill.example>", "kopf@schüle.example"]
)
def test_a_school_names_plain_addresses(address: str) -> None:
    found = read_school_file(f'{SCHOOL}  mail: ["{address}"]\n'.encode(), "school.yml")
    assert isinstance(found, Problem)
    assert str(found).startswith("school.yml, line 6, notify.mail.1: ") and "must be an e-mail address" in str(found)
