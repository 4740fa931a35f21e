"""All schools of an LA in one import of the register, by the LA's code."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.estate.estate import read_estate
from tests.unit.cli.test_estate import OLD, estate_with, run
from tests.unit.estate.importing.test_register import register, school

STATUS, KIND, PHASE = "EstablishmentStatus (name)", "TypeOfEstablishment (name)", "PhaseOfEducation (name)"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return estate_with(tmp_path / "estate", "asset,platform,form,role\n")


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    return register(
        tmp_path,
        school("900001", "Dale School"),
        school("900002", "Vale School", **{STATUS: "Open, but proposed to close"}),
        school("900003", "Gone School", **{STATUS: "Closed"}),
        school("900004", "Coming School", **{STATUS: "Proposed to open"}),
        school("900005", "Manor School", **{KIND: "Other independent school"}),
        school("900006", "Odd School", **{PHASE: "Not applicable"}),
        school("900007", "Neighbour School", **{"LA (code)": "998"}),
        school("900009", "Hill School", **{STATUS: "Closed"}),
    )


def urns(estate: Path) -> list[str]:
    return sorted(one.urn for one in read_estate(estate / "estate.yml").schools)


def test_all_open_schools_of_an_la_come_in_one_import(estate: Path, downloaded: Path) -> None:
    arguments = ("import", "register", str(downloaded), "--la", "999")
    done = run(estate, *arguments, "--yes")
    assert done.exit_code == 3  # for the one without a phase, which does not keep the others out
    assert urns(estate) == ["900001", "900002", "900009"]
    assert "not taken: 1 Other independent school, 1 closed, 1 proposed to open" in done.output
    assert "row 7: Odd School (900006): the register says no phase that is known here" in done.output
    words = " ".join(done.output.split())
    assert "the register says that Hill School (900009) closed" in words
    again = run(estate, *arguments, "--yes")
    assert "3 unchanged" in again.output and "written" not in again.output


def test_a_school_that_an_la_leaves_out_comes_by_its_urn(estate: Path, downloaded: Path) -> None:
    arguments = ("import", "register", str(downloaded), "--la", "998", "--urn", "900005", "--yes")
    assert run(estate, *arguments).exit_code == 0
    assert urns(estate) == ["900005", "900007", "900009"]


def test_a_level_that_nobody_said_is_asked_for_once(estate: Path, downloaded: Path) -> None:
    shared = estate / "estate.yml"
    shared.write_text(shared.read_text().replace("level: standard\n", ""))
    (estate / "hill" / "school.yml").write_text(f"{OLD}level: high\n")
    arguments = ("import", "register", str(downloaded), "--la", "999", "--yes")
    assert "estate.yml says no level; give --level" in str(run(estate, *arguments).exception)
    assert urns(estate) == ["900009"]
    assert run(estate, *arguments, "--level", "sensitive").exit_code == 3
    assert len(urns(estate)) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--la", "99"), "is no code of an LA; write three digits"),
        (("--la", "997"), "has none of these schools"),
        (("--la", "999", "--phase", "primary"), "--phase is not that of a whole LA"),
        (("--la", "999", "--successor-of", "900009"), "--successor-of is about one school"),
    ],
)
def test_what_makes_no_sense_of_an_la_is_refused(
    estate: Path, downloaded: Path, options: tuple[str, ...], said: str
) -> None:
    before = sorted(estate.rglob("*"))
    assert said in str(run(estate, "import", "register", str(downloaded), *options, "--yes").exception)
    assert sorted(estate.rglob("*")) == before
