"""`leeboard export` as a program is given it: files whole or not there, refusals that change nothing."""

from __future__ import annotations

import csv
import io
import json
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from leeboard.cli import export as command
from leeboard.cli import main
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.recording.heartbeat import Heartbeat, beat
from leeboard.evidence.store.store import Store
from tests.unit.evidence import estate
from tests.unit.evidence.estate import NIGHT, URN, expected, observation, run_id, write
from tests.unit.report import example

OTHER = "123457"


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two schools after two nights, of which the second made one device worse."""
    folder = tmp_path / "var"
    baseline = estate.baseline()
    with Store(folder / "leeboard.db") as store:
        for night, lock in ((0, 600), (1, 1800)):
            for urn in (URN, OTHER):
                said = {"LT-001": observation(lock=lock if urn == URN else 600), "LT-002": observation()}
                write(folder / "evidence", run_id(night), [expected(a, urn=urn) for a in said], said, urn=urn)
        assert not ingest(store, [folder / "evidence"], baseline, folder / "evidence").problems
    monkeypatch.setattr(command, "now", lambda: NIGHT + timedelta(days=1, hours=1))
    monkeypatch.setattr(command, "load", lambda: baseline)
    return folder


def run(var: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["export", *words, "--var", str(var)])
    return int(str(ended.value.code))


def test_onto_standard_output_goes_the_document_alone(var: Path, capsysbinary: Any) -> None:
    assert run(var, "json") == 0
    found = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [[school["urn"] for school in one["schools"]] for one in found] == [[URN], [OTHER]]
    assert run(var, "csv", OTHER) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b"urn,")
    assert {row["urn"] for row in csv.DictReader(io.StringIO(out.decode()))} == {OTHER}


@pytest.mark.parametrize("format", ["xlsx", "csv", "json", "junit", "sarif", "prometheus"])
def test_a_file_is_for_this_account_alone_but_the_figures(var: Path, format: str, tmp_path: Path) -> None:
    path = tmp_path / "out.file"
    assert run(var, format, "--to", str(path)) == 0
    mode = stat.S_IMODE(path.stat().st_mode)
    assert mode == (0o644 if format == "prometheus" else 0o600)
    assert [one.name for one in tmp_path.iterdir() if "out.file" in one.name] == ["out.file"]


def test_into_a_folder_goes_a_file_a_school_and_holds_no_other(var: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for format in ("xlsx", "csv", "json", "junit", "sarif"):
        assert run(var, format, "--to", str(folder)) == 0
    endings = ("csv", "json", "sarif", "xlsx", "xml")
    assert sorted(one.name for one in folder.iterdir()) == sorted(f"{u}.{e}" for u in (URN, OTHER) for e in endings)
    for path in folder.glob(f"{URN}.*"):
        if path.suffix != ".xlsx":
            assert OTHER not in path.read_text()
    cells = [cell for sheet in openpyxl.load_workbook(folder / f"{URN}.xlsx") for row in sheet.values for cell in row]
    assert OTHER not in cells and URN in cells


def test_all_figures_stand_in_one_file_with_the_runs(var: Path, tmp_path: Path) -> None:
    beat(var, Heartbeat(NIGHT + timedelta(days=1, minutes=20), 2, 4, 2))
    assert run(var, "prometheus", "--to", str(tmp_path)) == 0
    text = (tmp_path / "leeboard.prom").read_text()
    found = {one.name: one for one in text_string_to_metric_families(text)}
    runs = {one.labels["urn"]: one.value for one in found["leeboard_last_whole_run_timestamp_seconds"].samples}
    assert runs == dict.fromkeys((URN, OTHER), (NIGHT + timedelta(days=1)).timestamp())
    (night,) = found["leeboard_last_night_timestamp_seconds"].samples
    assert night.value == (NIGHT + timedelta(days=1, minutes=20)).timestamp()


def test_a_run_that_broke_off_is_no_whole_one(var: Path, capsysbinary: Any) -> None:
    devices = [expected("LT-001"), expected("LT-002")]
    write(var / "evidence", run_id(2), devices, {"LT-001": observation()}, close=False)
    with Store(var / "leeboard.db") as store:
        ingest(store, [var / "evidence"], estate.baseline(), var / "evidence")
    assert run(var, "prometheus", URN) == 0
    families = text_string_to_metric_families(capsysbinary.readouterr().out.decode())
    found = {one.name: one.samples[0].value for one in families}
    assert found["leeboard_last_run_timestamp_seconds"] == (NIGHT + timedelta(days=2)).timestamp()
    assert found["leeboard_last_whole_run_timestamp_seconds"] == (NIGHT + timedelta(days=1)).timestamp()
    assert found["leeboard_last_run_broken_off"] == 1


def test_only_what_changed(var: Path, capsysbinary: Any) -> None:
    assert run(var, "json", "--changed-since", run_id(0)) == 0
    found = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [[device["asset"] for device in one["devices"]] for one in found] == [["LT-001"], []]
    assert [one["changed_since"] for one in found] == [run_id(0)] * 2


def test_a_school_without_devices_is_refused_with_the_reason(
    var: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(example.ROOT / "inventories" / "example", tmp_path / "estate")
    register = tmp_path / "estate" / "example-special" / "devices.csv"
    path = tmp_path / "out.csv"
    path.write_text("before")
    words = ["csv", "example-special", "-i", str(tmp_path / "estate"), "--to", str(path)]
    for change, said in (
        (register.unlink, f"{register}: is missing; docs/inventory.md shows what stands in it"),
        (
            lambda: register.write_text("asset,host,platform,form,role\n"),
            "example-special: its devices.csv has no device",
        ),
    ):
        change()
        assert run(var, *words) == 1
        err = " ".join(capfd.readouterr().err.split())
        assert "Example Special School (900003): no device of it is known." in err and said in err
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["xlsx"], "a workbook needs a file: give it with --to"),
        (["sarif", "--changed-since", "2026-11-02"], "sarif is always of all devices"),
        (["csv", "Nowhere"], "Nowhere: 0 schools fit"),
        (["csv", "--changed-since", "soon"], "give a day such as"),
    ],
)
def test_a_refusal_writes_nothing(
    var: Path, tmp_path: Path, words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.file"
    path.write_text("before")
    options = [] if words == ["xlsx"] else ["--to", str(path)]
    assert run(var, *words, *options) == 1
    assert said in " ".join(capfd.readouterr().err.split())
    assert path.read_text() == "before"


def test_a_folder_that_is_not_there_is_no_file_of_all_schools(
    var: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(var, "csv", "--to", f"{tmp_path / 'exports'}/") == 1
    assert "there is no such folder; make it" in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "exports").exists()


def test_figures_of_one_school_never_take_the_place_of_all(
    var: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "leeboard.prom").write_text("before")
    assert run(var, "prometheus", URN, "--to", str(tmp_path)) == 1
    assert "for one of them name a file with --to" in " ".join(capfd.readouterr().err.split())
    assert (tmp_path / "leeboard.prom").read_text() == "before"


def test_a_write_that_fails_leaves_what_was_there(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leeboard.report.export.exporting.write", full)
    assert run(var, "csv", "--to", str(path)) == 1
    assert "No space left on device" in capfd.readouterr().err
    assert path.read_text() == "before" and list(tmp_path.glob(".out*")) == []


def test_an_empty_store_is_no_good_news(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "var", "csv", "--to", str(tmp_path / "out.csv")) == 1
    assert "knows of no school yet" in capfd.readouterr().err
    assert not (tmp_path / "out.csv").exists()
