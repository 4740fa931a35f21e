"""An export of the ids of recovery keys that Entra has: what is read of it, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.volumes.active_directory import forms
from leeboard.escrow.volumes.entra_export import read

ONE, TWO = "b465e4e8-e4e8-b465-e8e4-65b4e8e465b4", "CC2B1234-0000-4222-8333-000000000001"
SECRET = "000011-" * 7 + "000022"
# As Microsoft Graph lists them (List recoveryKeys, v1.0), with its own values of an example.
GRAPH = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#informationProtection/bitlocker/recoveryKeys",
    "value": [
        {"id": ONE, "createdDateTime": "2026-06-15T13:45:30.0000000Z", "volumeType": "1", "deviceId": "2ff814a6"},
        {"id": TWO, "createdDateTime": "2026-06-16T13:45:30.0000000Z", "volumeType": "2", "deviceId": "2ff814a6"},
    ],
}
CSV = (
    f'"Id","CreatedDateTime","DeviceId","VolumeType"\r\n"{ONE}","15/06/2026 13:45:30","2ff814a6","operatingSystem"\r\n'
)


def written(folder: Path, text: str, name: str = "recoveryKeys_2026-12-01.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ids_and_the_day_are_read_of_graphs_own_json_and_of_csv(tmp_path: Path) -> None:
    found = read(written(tmp_path, json.dumps(GRAPH)))
    assert found.day == date(2026, 12, 1), "not the day on which a key was made"
    assert found.ids == forms(ONE) | forms(TWO)
    of_csv = read(written(tmp_path, CSV, "keys-20261130.csv"))
    assert (of_csv.day, of_csv.ids) == (date(2026, 11, 30), forms(f"{{{ONE.upper()}}}"))


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (json.dumps(GRAPH), "keys.json", "nothing says on which day"),
        (json.dumps({**GRAPH, "@odata.nextLink": "https://x"}), "keys-20261201.json", "one page of several"),
        (CSV.replace('"Id"', '"Key"'), "keys-20261201.csv", "has no column id or"),
        (CSV.replace(ONE, "somebody's"), "keys-20261201.csv", "line 2 has no id of a recovery key in the column Id"),
        (CSV.replace("2ff814a6", SECRET), "keys-20261201.csv", "line 2 holds a recovery password itself; destroy"),
        (json.dumps({"value": [{"id": ONE, "key": [SECRET]}]}), "keys-20261201.json", "holds a recovery password"),
        (CSV[:-10], "keys-20261201.csv", "damaged, or was cut off"),
        ("", "keys-20261201.csv", "it is empty"),
    ],
)
def test_what_cannot_be_relied_on_is_refused_and_quoted_nowhere(
    tmp_path: Path, text: str, name: str, words: str
) -> None:
    with pytest.raises(LeeboardError, match=words) as problem:
        read(written(tmp_path, text, name))
    assert SECRET not in str(problem.value) and ONE not in str(problem.value) and "somebody" not in str(problem.value)


def test_a_file_that_is_not_there_or_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeeboardError, match="there is no such file; leeboard_entra_export names it"):
        read(tmp_path / "keys-20261201.csv")
    with pytest.raises(LeeboardError, match=str(tmp_path)):
        read(tmp_path)
