"""Who has the VPN no more is told so in one word, and only where the school said it in so many words."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.estate.estate import School, read_estate
from leeboard.estate.settings import read_estate_file
from leeboard.model.problem import Problem
from tests.unit.estate.folders import SHARED
from tests.unit.estate.vpn.declared import DAY, VPN, add_authority, an_estate
from tests.unit.estate.vpn.test_of_school import the_school

OWNERS = "forms: [portable], roles: [exam]"


def told(school: School) -> dict[str, str]:
    found = {row.asset: school.own_variables(row).get("leeboard_vpn", "nothing") for row in school.devices}
    return {asset: one if isinstance(one, str) else "the VPN" for asset, one in found.items()}


def of_its_own(folder: Path, owners: str) -> Path:
    """An estate whose school has a declaration of its own."""
    folder.mkdir(exist_ok=True)
    file = an_estate(folder, more=VPN.replace(OWNERS, owners))
    add_authority(folder / "hill")
    return file


def test_who_is_merely_not_named_is_told_nothing(tmp_path: Path) -> None:
    assert set(told(the_school(an_estate(tmp_path))).values()) == {"the VPN", "nothing"}
    (tmp_path / "b").mkdir()
    assert set(told(the_school(an_estate(tmp_path / "b", ""))).values()) == {"nothing"}


def test_a_school_that_says_none_takes_it_from_its_linux_devices(tmp_path: Path) -> None:
    school = the_school(an_estate(tmp_path, more="vpn: none\n"))
    platforms = {row.asset: row.platform.value for row in school.devices}
    assert told(school) == {asset: "none" if one == "linux" else "nothing" for asset, one in platforms.items()}
    assert set(told(school).values()) == {"none", "nothing"}
    origins = {row.asset: school.origins(row).get("leeboard_vpn") for row in school.devices}
    assert origins == {asset: "school.yml" if one == "linux" else None for asset, one in platforms.items()}


def test_a_device_that_is_named_has_it_no_more(tmp_path: Path) -> None:
    school = the_school(of_its_own(tmp_path, f"{OWNERS}, without: [A-4]"))
    assert told(school) == {**told(the_school(of_its_own(tmp_path / "b", OWNERS))), "A-4": "none"}
    assert [row.asset for row in school.vpn.owners(school.devices)] == ["A-1", "A 3"] if school.vpn else False


def test_while_the_certificates_are_wrong_only_who_is_named_loses_it(tmp_path: Path) -> None:
    file = of_its_own(tmp_path, f"{OWNERS}, without: [A-4]")
    add_authority(tmp_path / "hill", "no certificate")
    assert {asset for asset, one in told(the_school(file, problems=1)).items() if one != "nothing"} == {"A-4"}


@pytest.mark.parametrize(
    ("owners", "key", "words"),
    [
        ("forms: [portable], without: [A-9]", "vpn.devices.without", "names A-9, which is no asset tag"),
        ("names: [A-1], without: [A-1]", "vpn.devices.without.1", "has A-1, which stands in names as well"),
        ("without: [A-1]", "vpn.devices", "name nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, owners: str, key: str, words: str) -> None:
    (problem,) = read_estate(of_its_own(tmp_path, owners), DAY).problems
    assert problem.column == key and words in str(problem)


def test_asset_tags_belong_into_a_schools_own_file() -> None:
    text = VPN.replace(OWNERS, f"{OWNERS}, without: [A-1]")
    found = read_estate_file((SHARED + text).encode(), "estate.yml")
    assert isinstance(found, Problem) and found.column == "vpn.devices.without"
