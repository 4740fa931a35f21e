"""What is asked of schools as a whole, from a real store and folder, and the same in every report and exit code."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from leeboard.estate.school import SchoolVariables, variables_of
from leeboard.evidence.keeping import retention
from leeboard.evidence.keeping.forgetting import forget
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import forgotten
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.device import Device
from leeboard.model.enums import Level
from leeboard.model.run_id import started_of
from leeboard.policy.load import load
from leeboard.report import json_report, page, protective_marking, terminal
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.report.site.frame import Frame
from leeboard.verdict.status import EstateStatus, SchoolStatus
from tests.unit.evidence.estate import URN, device, expected, observation, run_id, write

OTHER = "654321"
EXPORT = "account,second factor,kind\nFrau Müller,yes,app\nMr O'Neill,no,\n"


class Estate:
    """A store, an evidence folder, and the shipped baseline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence = folder / "evidence"
        self.store = Store(folder / "leeboard.db")

    def night(self, number: int, urn: str = URN) -> Path:
        path = write(self.evidence, run_id(number), [expected("LT-1", urn=urn)], {"LT-1": observation()}, urn=urn)
        ingest(self.store, [self.evidence], load(), at=at(number))
        return path

    def schools(self, at: datetime, *devices: Device, **variables: SchoolVariables) -> dict[str, SchoolStatus]:
        said = {name.removeprefix("of_"): one for name, one in variables.items()}
        found = school_statuses(Sources(self.store, self.evidence, said), load(), devices or (device("LT-1"),), at)
        return {one.urn: one for one in found}


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    made = Estate(tmp_path)
    yield made
    made.store.close()


def verdicts(school: SchoolStatus) -> dict[str, str]:
    return {finding.control: finding.verdict.value for finding in school.findings}


def at(night: float) -> datetime:
    return started_of(run_id(0)) + timedelta(days=night, seconds=30)


def export(folder: Path, content: str = EXPORT, name: str = "staff-2026-11-01.csv") -> SchoolVariables:
    (folder / name).write_text(content)
    return SchoolVariables(export=folder / name)


def test_a_new_school(estate: Estate) -> None:
    estate.night(0)
    (school,) = estate.schools(at(0)).values()
    assert verdicts(school) == {
        "FWD-04": "compliant", "LBL-03": "not_applicable", "REM-11": "drifted", "REM-13": "compliant"
    }  # fmt: skip
    assert {finding.mode for finding in school.findings} == {"report"}


def test_each_school_has_the_level_of_its_most_sensitive_device(estate: Estate) -> None:
    estate.night(0)
    estate.night(0, OTHER)
    devices = device("LT-1"), device("LT-2", level="sensitive"), device("LT-1", urn=OTHER, level="high")
    found = estate.schools(at(0), *devices, of_654321=SchoolVariables(recipients="Head teacher"))
    assert (found[URN].level, found[OTHER].level) == (Level.SENSITIVE, Level.HIGH)
    assert verdicts(found[URN])["LBL-03"] == verdicts(found[OTHER])["LBL-03"] == "compliant"
    named = estate.schools(at(0), device("LT-1", urn=OTHER, level="high"))
    assert verdicts(named[OTHER])["LBL-03"] == "drifted"


def test_a_bundle_that_was_put_away_early_is_missed(estate: Estate) -> None:
    first = estate.night(0)
    for number in (10, 20, 40):
        estate.night(number)
    assert verdicts(estate.schools(at(40))[URN])["FWD-04"] == "compliant"
    first.rename(estate.folder / first.name)
    (early,) = (one for one in estate.schools(at(40))[URN].findings if one.control == "FWD-04")
    archived = next(one for one in early.judged if one.setting == "archived")
    assert (early.verdict, archived.verdict, archived.seen) == ("drifted", "drifted", "30 days")
    # The store still answers for all of it, until it is made anew from what is left.
    assert next(one for one in early.judged if one.setting == "at-hand").verdict == "compliant"
    assert verdicts(estate.schools(at(365 + 11))[URN])["FWD-04"] == "compliant", "a year later that is as it should be"


def test_a_device_that_was_forgotten_is_no_gap_and_is_said(estate: Estate) -> None:
    estate.night(0)
    folder = estate.evidence / URN
    forgotten.add(folder, forgotten.entry_of(URN, "LT-1", {"lt-1"}, ("DPO", "asked"), at(0), (run_id(1), 2), ()))
    forget(estate.store, (URN, "LT-1"))
    estate.night(5)
    assert verdicts(estate.schools(at(5))[URN])["FWD-04"] == "compliant"

    def notes() -> list[str]:
        found = retention.readings(estate.store.bundles([URN]), folder, at(5))
        return [getattr(one.effective, "note", "") for one in found]

    whole = "nothing was taken away since the first run on 2 Nov 2026"
    assert notes() == [f"{whole}; the history of a device was forgotten on request", whole]
    forgotten.add(folder, forgotten.entry_of(URN, "LT-2", (), ("DPO", "asked"), at(1), (run_id(1), 2), ()))
    assert notes()[0] == f"{whole}; the history of a device was forgotten on request (2 times)"
    (folder / forgotten.FILE).write_text("{")
    assert notes() == [f"{whole}; what was forgotten on request cannot be read", whole]


def test_a_store_that_was_made_anew_says_what_the_bundles_say(estate: Estate, tmp_path: Path) -> None:
    first = estate.night(0)
    for number in (10, 20):
        estate.night(number)
    first.unlink()
    with Store(tmp_path / "new.db") as store:
        ingest(store, [estate.evidence], load())
        found = retention.kept(store.bundles([URN]), {run_id(10), run_id(20)})
    assert found == retention.Kept(started_of(run_id(10)), whole=False)


def test_a_run_that_broke_off_leaves_no_gap(estate: Estate) -> None:
    write(estate.evidence, run_id(0), [expected("LT-1")], {"LT-1": observation()}, close=False)
    ingest(estate.store, [estate.evidence], load())
    estate.night(1)
    assert verdicts(estate.schools(at(1))[URN])["FWD-04"] == "compliant"


def test_a_folder_that_cannot_be_read_is_no_good_answer(estate: Estate) -> None:
    estate.night(0)
    (estate.evidence / URN).rename(estate.folder / "away")
    assert verdicts(estate.schools(at(0))[URN])["FWD-04"] == "error"


@pytest.mark.parametrize(
    ("night", "level", "verdict", "code"),
    [(1, "sensitive", "drifted", 0), (1, "standard", "drifted", 0), (130, "sensitive", "stale", 3)],
)
def test_reports_and_exit_code_agree(
    estate: Estate, tmp_path: Path, night: int, level: str, verdict: str, code: int
) -> None:
    estate.night(0)
    estate.night(night)
    it = device("LT-1", level=level, platform="other")
    schools = estate.schools(at(night), it, of_123456=export(tmp_path))
    status = estate_status(estate.store, load(), [it], at(night))
    status = EstateStatus(status.devices, status.baseline, status.at, (), tuple(schools.values()))
    assert status.exit_code == code

    data = json_report.as_json(status)
    found = next(one for one in data["schools"][0]["findings"] if one["control"] == "REM-11")
    assert (found["verdict"], found["mode"], found["since"]) == (verdict, "report", None)
    assert data["counts"][verdict] == sum(one["verdict"] == verdict for one in data["schools"][0]["findings"])
    stream = io.StringIO()
    terminal.show(status, Console(file=stream, width=4000), details=False)
    rendered = page.render(status)
    word = {"drifted": "drifted, report only", "stale": "out of date"}[verdict]
    assert f"REM-11  Staff sign in with a second factor (attested): {word}" in stream.getvalue()
    assert "Staff sign in with a second factor (attested)" in rendered
    for said in (json.dumps(data, ensure_ascii=False), stream.getvalue(), rendered):
        assert "Müller" not in said and "Neill" not in said
        assert "staff-2026-11-01.csv" in said


@pytest.mark.parametrize(("lacking", "said"), [(1, "1 account"), (2, "2 accounts")])
def test_one_account_is_one(estate: Estate, tmp_path: Path, lacking: int, said: str) -> None:
    rows = "".join(f"person-{place},{'no' if place < lacking else 'yes'}\n" for place in range(3))
    named = export(tmp_path, f"account,second factor\n{rows}")
    (school,) = estate.schools(at(0), device("LT-1", level="sensitive"), of_123456=named).values()
    (staff,) = (
        one for finding in school.findings for one in finding.judged if one.address == "second_factor:all-staff"
    )
    assert (staff.seen, staff.reason) == (said, f"{lacking} of 3 accounts")


def test_the_bundle_knows_nothing_of_it(estate: Estate) -> None:
    estate.night(0)
    found = {held.control for held in estate.store.history(URN, "LT-1")}
    assert found and not found & {"FWD-03", "FWD-04", "LBL-03", "REM-11", "REM-13"}


def test_what_could_not_be_read_is_said_once_with_what_to_do(estate: Estate, tmp_path: Path) -> None:
    estate.night(0)
    schools = estate.schools(at(0), of_123456=SchoolVariables(export=tmp_path / "staff-2026-11-01.csv"))
    status = estate_status(estate.store, load(), [device("LT-1")], at(0))
    status = EstateStatus(status.devices, status.baseline, status.at, (), tuple(schools.values()))
    stream = io.StringIO()
    terminal.show(status, Console(file=stream, width=4000), details=False)
    (line,) = (line for line in stream.getvalue().splitlines() if "Age of the export" in line)
    assert line.split("Age of the export: ")[1] == (
        "there is no such file; leeboard_second_factor_export names it; wanted at most 120 days [staff-2026-11-01.csv]"
    )
    assert "Export the list of the identity provider again" in stream.getvalue()
    assert "on the device" not in stream.getvalue().partition("as a whole")[2].partition("\n\n")[0]


# Marking


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("recipients", ["", "Head teacher; SIRO <siro@example.sch.uk>", "Pennaeth Tŷ Gwyn"])
def test_every_report_is_marked(level: Level, recipients: str) -> None:
    assert protective_marking.unmarked_outputs(load(), level, recipients) == []


def test_a_page_that_lost_its_label_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    render = page.render
    for lost in ("OFFICIAL-SENSITIVE", 'class="marking"', "@top-center { content"):
        monkeypatch.setattr(page, "render", lambda status, lost=lost: render(status).replace(lost, "", 1))
        assert protective_marking.unmarked_outputs(load(), Level.SENSITIVE, "") == ["page"]


def test_a_terminal_that_lost_its_label_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "show", lambda status, console, details: console.print("as it was"))
    assert protective_marking.unmarked_outputs(load(), Level.HIGH, "") == ["terminal"]


def test_a_site_that_lost_its_label_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Frame.page
    lost = b'class="marking"'
    monkeypatch.setattr(Frame, "page", lambda *given, **words: made(*given, **words).replace(lost, b"", 1))
    assert protective_marking.unmarked_outputs(load(), Level.HIGH, "") == ["site"]
    monkeypatch.setattr(Frame, "page", made)
    monkeypatch.setattr(Frame, "files", lambda frame, at: {"site.css": b""})
    assert protective_marking.unmarked_outputs(load(), Level.HIGH, "") == ["site"]


def test_json_that_lost_its_recipients_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    as_json = json_report.as_json
    monkeypatch.setattr(json_report, "as_json", lambda status: {**as_json(status), "recipients": ""})
    assert protective_marking.unmarked_outputs(load(), Level.HIGH, "SIRO") == ["json"]
    assert protective_marking.unmarked_outputs(load(), Level.HIGH, "") == []


def test_a_level_without_a_label_marks_nothing() -> None:
    baseline = load()
    levels = {**baseline.levels, Level.HIGH: baseline.levels[Level.HIGH].model_copy(update={"label": " "})}
    assert protective_marking.unmarked_outputs(baseline.model_copy(update={"levels": levels}), Level.HIGH, "") == [
        "page", "terminal", "summary", "site", "json"
    ]  # fmt: skip


# Variables


def test_a_schools_own_variables(tmp_path: Path) -> None:
    hosts = [
        {"leeboard_report_recipients": " SIRO ", "leeboard_second_factor_export": "exports/staff.csv"},
        {"leeboard_report_recipients": "SIRO"},
    ]
    assert variables_of(URN, hosts, tmp_path) == (SchoolVariables("SIRO", tmp_path / "exports/staff.csv"), ())
    assert variables_of(URN, [{}], tmp_path) == (SchoolVariables(), ())
    whole, _ = variables_of(URN, [{"leeboard_second_factor_export": "/srv/staff.csv"}], tmp_path)
    assert whole.export == Path("/srv/staff.csv")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a", "b"], "differs between the school's devices"),
        ([["a"]], "must be text"),
        ([7], "must be text"),
        (["  "], "must be text"),
        (["a\nb"], "one line"),
        (["a\x1b[31m"], "one line"),
        (["a" * 301], "at most 300"),
        (["{{ inventory_dir }}/staff.csv"], "holds a template"),
    ],
)
@pytest.mark.parametrize("variable", ["leeboard_report_recipients", "leeboard_second_factor_export"])
def test_what_is_wrong_with_them_is_said_once(variable: str, values: list[object], words: str, tmp_path: Path) -> None:
    found, problems = variables_of(URN, [{variable: value} for value in values], tmp_path)
    assert found == SchoolVariables()
    (problem,) = problems
    assert problem.startswith(f"school {URN}: {variable} ") and words in problem


def test_what_a_roll_out_may_change_is_said(estate: Estate) -> None:
    told = {f"of_{URN}": SchoolVariables(enforce=("LCK (since 1 Sep 2026, Head teacher)",))}
    (school,) = estate.schools(at(0), **told).values()
    assert school.enforces == "A roll-out may change LCK (since 1 Sep 2026, Head teacher)."
    some = [device("LT-1").model_copy(update={"enforce": families}) for families in (("LCK",), ("AUD", "LCK"))]
    assert estate.schools(at(0), *some)[URN].enforces == "A roll-out may change AUD, LCK."
    assert estate.schools(at(0))[URN].enforces == "A roll-out may change nothing here yet."


def test_reports_say_what_a_roll_out_may_change(estate: Estate) -> None:
    estate.night(0)
    told = {f"of_{URN}": SchoolVariables(enforce=("LCK (since 1 Sep 2026, Head teacher)",))}
    schools = tuple(estate.schools(at(0), **told).values())
    status = estate_status(estate.store, load(), [device("LT-1")], at(0))
    status = EstateStatus(status.devices, status.baseline, status.at, schools=schools)
    words = "A roll-out may change LCK (since 1 Sep 2026, Head teacher)."
    assert words in page.render(status)
    assert json_report.as_json(status)["schools"][0]["enforces"] == words
    two = EstateStatus((*status.devices, *status.devices), status.baseline, status.at, schools=schools)
    stream = io.StringIO()
    terminal.show(two, Console(file=stream, width=200), details=False)
    assert words in stream.getvalue()
