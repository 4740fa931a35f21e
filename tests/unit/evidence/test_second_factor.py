"""Exports of the identity provider as people hand them in: every encoding, every kind of damage, and no name told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

from leeboard.evidence import second_factor
from leeboard.evidence.second_factor import read, readings
from leeboard.model.observation import Aspect, Found, Unreadable
from leeboard.storage import dated_export
from leeboard.storage.tabular import MOST_ROWS

AT = datetime(2026, 11, 25, 2, 10, tzinfo=UTC)
NAMES = ("müller", "o'neill", "head@example")
HEAD = "account,second factor,kind\n"
ROWS = "Frau Müller,yes,fido2\nMr O'Neill,no,\nhead@example.sch.uk,yes,app\n"
PLAIN = HEAD + ROWS
GRAPH = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#reports/authenticationMethods/userRegistrationDetails",
    "value": [
        {"id": "1", "userPrincipalName": "head@example.sch.uk", "isMfaCapable": True, "methodsRegistered": ["fido2"]},
        {"id": "2", "userPrincipalName": "o'neill@example.sch.uk", "isMfaCapable": False, "methodsRegistered": []},
    ],
}


def asked(
    folder: Path, content: bytes | str, name: str = "staff-2026-11-20.csv", at: datetime = AT
) -> dict[str, Aspect]:
    """What is measured of an export with this content, by address."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {one.address: one.effective for one in readings(path, at)}


def counts(found: dict[str, Aspect]) -> dict[str, object]:
    """The values; of what could not be read, why."""
    return {address: one.value if isinstance(one, Found) else getattr(one, "why", "") for address, one in found.items()}


FINE = {"age": 5, "sensitive-staff": 1, "all-staff": 1, "phishing-resistant": 2}


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        "#TYPE Selected.System.Management.Automation.PSCustomObject\r\n" + PLAIN,
        '"account","second factor","kind"\n' + ROWS,
        "\n\n" + PLAIN + "\n,,\n",
        "Account, Second Factor ,KIND\n" + ROWS.replace("yes", " Yes ").replace("no", "FALSE"),
        PLAIN.replace("Frau Müller", '"Frau\nMüller, ""die Chefin"""'),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("cp1252"),
        b"\xff\xfe" + PLAIN.encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN + ROWS,
    ],
    ids=["plain", "no last line end", "crlf", "semicolons", "tabs", "sep line", "powershell", "quoted", "blank lines",
         "capitals", "line end in a cell", "utf-8 with mark", "windows-1252", "utf-16", "utf-16 big endian",
         "listed twice"],
)  # fmt: skip
def test_the_same_list_however_it_is_written(content: bytes | str, tmp_path: Path) -> None:
    assert counts(asked(tmp_path, content)) == FINE


def test_microsofts_json(tmp_path: Path) -> None:
    expected = {"age": 5, "sensitive-staff": 1, "all-staff": 1, "phishing-resistant": 1}
    assert counts(asked(tmp_path, json.dumps(GRAPH))) == expected
    assert counts(asked(tmp_path, json.dumps(GRAPH["value"]))) == expected
    undated = asked(tmp_path, json.dumps({**GRAPH, "exported": "2026-11-20T08:00:00Z"}), "staff.json")
    assert counts(undated) == expected


@pytest.mark.parametrize(
    "method",
    ["fido2", "fido2SecurityKey", "FIDO2 security key", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator",
     "windowsHelloForBusiness", "Windows Hello for Business", "Certificate-based authentication", "certificate",
     "email, fido2", "mobilePhone;windowsHelloForBusiness", "smart card"],
)  # fmt: skip
def test_what_withstands_phishing(method: str, tmp_path: Path) -> None:
    assert counts(asked(tmp_path, f'{HEAD}a,yes,"{method}"\n'))["phishing-resistant"] == 0


@pytest.mark.parametrize(
    "method",
    ["", "mobilePhone", "email", "microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless",
     "softwareOneTimePasscode", "hardwareOneTimePasscode", "temporaryAccessPass", "securityQuestion", "not fido2"],
)  # fmt: skip
def test_what_does_not(method: str, tmp_path: Path) -> None:
    assert counts(asked(tmp_path, f'{HEAD}a,yes,"{method}"\n'))["phishing-resistant"] == 1


def test_a_key_that_policy_does_not_allow_is_no_second_factor(tmp_path: Path) -> None:
    assert counts(asked(tmp_path, f"{HEAD}a,no,fido2\n"))["phishing-resistant"] == 1


def test_of_two_answers_on_one_account_the_weaker_counts(tmp_path: Path) -> None:
    found = counts(asked(tmp_path, f"{HEAD}a,yes,fido2\nA,no,\n"))
    assert (found["all-staff"], found["phishing-resistant"]) == (1, 1)


CUT = PLAIN[: PLAIN.index("no,") + 1]
BAD = {
    "empty": (b"", "it is empty"),
    "blank": (b" \r\n\t\n", "it is empty"),
    "only a head": (HEAD, "it lists nobody"),
    "cut off in a row": (CUT, "line 3 has 2 cells under 3 columns; it is damaged, or was cut off there"),
    "cut off in a word": (PLAIN[: PLAIN.rindex("s,app")], "line 4 has 2 cells under 3 columns"),
    "cut off in a quoted cell": (HEAD + '"Frau Müller,yes', "line 2 is no CSV"),
    "cut off in JSON": (json.dumps(GRAPH)[:-40], "no whole JSON"),
    "one page of JSON": (json.dumps({**GRAPH, "@odata.nextLink": "https://graph"}), "one page of several"),
    "deep JSON": ("[" * 100_000, "no whole JSON"),
    "JSON of something else": ('{"value": "Frau Müller"}', "no list of accounts"),
    "a list of text": ('["Frau Müller"]', "no list of accounts"),
    "a list where a word is meant": ('[{"account": ["Frau Müller"], "second factor": true}]', "has a list"),
    "cut off in UTF-16": (b"\xff\xfe" + PLAIN.encode("utf-16-le")[:-1], "no UTF-16-LE text"),
    "UTF-16 without a mark": (PLAIN.replace("ü", "u").encode("utf-16-le"), "NUL characters"),
    "a workbook": (b"PK\x03\x04" + b"\x14\x00" * 40, "save the sheet as CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\x00" * 40, "save the sheet as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "no UTF-8 text"),
    "no accounts": ("name of the person,second factor\nFrau Müller,yes\n", "no column account or userprincipalname"),
    "no answers": ("account,kind\nFrau Müller,fido2\n", "no column secondfactor or ismfacapable"),
    "neither yes nor no": (f"{HEAD}Frau Müller,perhaps,app\n", "line 2 says neither yes nor no in the column second f"),
    "no answer": (f"{HEAD}Frau Müller,,app\n", "line 2 says neither yes nor no"),
    "an account without a name": (f"{HEAD} ,yes,app\n", "line 2 names no account"),
    "a column twice": ("account,Account,second factor\na,b,yes\n", "two of its columns have the same name"),
    "too many rows": (HEAD + "a,yes,app\n" * (MOST_ROWS + 1), "more than 200,000 rows"),
    "a cell without end": (HEAD + "a" * 200_000 + ",yes,app\n", "line 2 is no CSV"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said_and_names_nobody(name: str, tmp_path: Path) -> None:
    content, words = BAD[name]
    found = asked(tmp_path, content)
    assert set(found) == set(FINE)
    for aspect in found.values():
        assert isinstance(aspect, Unreadable) and aspect.code == "malformed"
        assert words in aspect.why
        assert len(aspect.why) <= 160, "longer than a report shows"
        assert not any(part in json.dumps(aspect.model_dump(), ensure_ascii=False).casefold() for part in NAMES)


def test_an_export_without_kinds_says_nothing_of_phishing_and_all_else(tmp_path: Path) -> None:
    found = counts(asked(tmp_path, "account,second factor\na,yes\nb,no\n"))
    assert found["all-staff"] == 1
    assert "no column that says what kind" in str(found["phishing-resistant"])


@pytest.mark.parametrize(
    ("column", "scope", "words"),
    [("staff", "all-staff", "it lists no member of staff"),
     ("sensitive data", "sensitive-staff", "it lists nobody who handles sensitive data")],
)  # fmt: skip
def test_a_group_without_anybody_is_no_good_answer(column: str, scope: str, words: str, tmp_path: Path) -> None:
    found = counts(asked(tmp_path, f"account,second factor,kind,{column}\na,yes,fido2,no\n"))
    assert found[scope] == words


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("exportUserRegistrationDetails_2026-9-3.csv", date(2026, 9, 3)),
        ("staff-2026-11-20.csv", date(2026, 11, 20)),
        ("20261120 staff (1).csv", date(2026, 11, 20)),
        ("2026-11-20 of 2026-11-18.csv", date(2026, 11, 18)),
        ("2026-13-40 2026-11-20.csv", date(2026, 11, 20)),
    ],
)
def test_the_day_stands_in_the_name(name: str, day: date, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PLAIN)
    assert read(tmp_path / name).day == day


def test_the_older_of_two_days_counts(tmp_path: Path) -> None:
    path = tmp_path / "staff-2026-11-20.csv"
    path.write_text("account,second factor,exported\na,yes,2026-03-01\nb,yes,2026-03-02\n")
    assert read(path).day == date(2026, 3, 1)


@pytest.mark.parametrize("name", ["staff.csv", "staff-2026-13-01.csv", "staff-120261120.csv", "staff-20-11-2026.csv"])
def test_without_a_day_nothing_can_be_said(name: str, tmp_path: Path) -> None:
    assert "on which day it was exported" in str(counts(asked(tmp_path, PLAIN, name))["age"])


def test_the_time_of_the_file_is_no_day_of_the_export(tmp_path: Path) -> None:
    """A copy is always young."""
    assert counts(asked(tmp_path, PLAIN, "staff-2020-01-01.csv"))["age"] == 2520


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "2026-11-20").mkdir()
    (tmp_path / "link-2026-11-20.csv").symlink_to("/etc/passwd")
    huge = tmp_path / "huge-2026-11-20.csv"
    with huge.open("wb") as file:
        file.truncate(second_factor.MOST_BYTES + 1)
    for name, words in (
        ("2026-11-20", "is not a plain file"),
        ("link-2026-11-20.csv", "is a symbolic link"),
        ("huge-2026-11-20.csv", "more than the"),
        ("none-2026-11-20.csv", "there is no such file; leeboard_second_factor_export names it"),
    ):
        for one in readings(tmp_path / name, AT):
            assert isinstance(one.effective, Unreadable) and one.effective.code == "failed"
            assert words in one.effective.why and str(tmp_path) not in one.effective.why


def test_nobody_is_named_in_what_is_measured(tmp_path: Path) -> None:
    said = str(asked(tmp_path, PLAIN)).casefold()
    assert not any(name in said for name in NAMES)


def test_a_controller_without_time_zones_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(dated_export, "ZoneInfo", unknown)
    assert "install the package tzdata" in str(counts(asked(tmp_path, PLAIN))["age"])
