"""What Active Directory and Entra hold of a device's recovery passwords: asked once, judged by ids at each visit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.readings import DIRECTORY
from leeboard.escrow.volumes import active_directory, holdings
from leeboard.escrow.volumes.active_directory import Server, forms
from leeboard.escrow.volumes.holdings import MOST_DAYS, Directories, lacking, of_directory, source_of
from leeboard.model.device import device
from leeboard.model.finding import Finding
from leeboard.model.observation import Found, Observation, Reading, measurements
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.evaluate import evaluate

BASELINE = load()
SERVER = {"server": "dc1.hill.example", "base": "DC=hill,DC=example", "user": "reader@hill.example"}
SAID = {"leeboard_directory": SERVER, "leeboard_directory_password": "Canary-9050"}
ONE, TWO, DATA = (f"{{AAAAAAAA-1111-4222-8333-00000000000{number}}}" for number in (1, 2, 3))
AT = datetime(2026, 12, 3, 2, tzinfo=UTC)


class World:
    """A directory that has these passwords, and how often it was asked. `wrong`: why it cannot be."""

    def __init__(self, *ids: str) -> None:
        self.ids, self.wrong = set(ids), ""
        self.asked: list[Any] = []

    def all_ids(self, server: Server) -> frozenset[bytes]:
        self.asked.append("all")
        if self.wrong:
            raise LeeboardError(self.wrong)
        return frozenset(key for one in self.ids for key in forms(one))

    def named_ids(self, server: Server, protectors: Iterable[str]) -> frozenset[bytes]:
        self.asked.append(sorted(protectors))
        return self.all_ids(server) & frozenset(key for one in protectors for key in forms(one))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(ONE, DATA)
    monkeypatch.setattr(active_directory, "all_ids", made.all_ids)
    monkeypatch.setattr(active_directory, "named_ids", made.named_ids)
    return made


def wanted_of(place: str) -> Wanted:
    variables = {
        "leeboard_platform": "windows", "leeboard_form": "portable", "leeboard_role": "office",
        "leeboard_level": "standard", "leeboard_urn": "900001", "leeboard_enforce": ["ENC"],
        "leeboard_recovery_passwords": place,
    }  # fmt: skip
    return resolve(BASELINE, device("laptop", variables, tuple(BASELINE.parameters)))


def drive(letter: str, *passwords: str, conversion: int = 1, **more: Any) -> dict[str, Any]:
    kind = 0 if letter == "C:" else 1
    ways = [{"id": one, "type": 3} for one in passwords] + [{"id": "{T}", "type": 1}]
    return {
        "name": f"volume {letter}", "letter": letter, "kind": kind, "conversion": conversion,
        "protection": conversion, "lock": 0, "protectors": ways, **more,
    }  # fmt: skip


def took(*passwords: str, place: str = "ad") -> dict[str, Any]:
    """What the device says that it gave away."""
    backups = [{"id": one, "where": place, "done": True} for one in passwords]
    return {"kept": {"joined": [place], "backups": backups}}


def seen(*drives: dict[str, Any]) -> Observation:
    found = Found(state="value", value=[json.dumps(one) for one in drives], source="test")
    return measurements([Reading(driver="bitlocker_volume", address="volumes", effective=found)])


def judged(
    observation: Observation, place: str = "ad", said: dict[str, Any] | None = None, folder: Path = Path(),
    directories: Directories | None = None, at: datetime = AT,
) -> tuple[Verdict, str]:  # fmt: skip
    """The verdict of the setting of a place, with what was seen and its reason."""
    wanted = wanted_of(place)
    taken = of_directory(observation, wanted, SAID if said is None else said, folder, directories or Directories(), at)
    (finding,) = (
        one for one in evaluate(wanted, measurements([*observation.readings, *taken]), at) if one.control == "ENC-07"
    )
    assert isinstance(finding, Finding)
    (one,) = (one for one in finding.judged if one.setting == f"windows-kept-{place}")
    return one.verdict, f"{one.seen}; {one.reason}"


def test_one_search_answers_for_all_devices_of_a_run(world: World) -> None:
    directories = Directories()
    for number in range(20):
        verdict, reason = judged(seen(drive("C:", ONE), drive("D:", DATA)), directories=directories)
        assert verdict is Verdict.COMPLIANT, (number, reason)
    assert world.asked == ["all"]
    assert f"C:: Active Directory has its recovery password {ONE} (dc1.hill.example was asked)" in reason


def test_what_it_does_not_have_is_drift_whatever_the_device_says(world: World) -> None:
    verdict, reason = judged(seen(drive("C:", TWO, **took(TWO))))
    assert verdict is Verdict.DRIFTED and f"does not have its recovery password {TWO}, which the device says" in reason
    assert world.asked == ["all", [TWO], "all"], "it was asked once more, as a roll-out may have given it away since"
    verdict, reason = judged(seen(drive("C:", ONE), drive("D:", TWO)))
    assert verdict is Verdict.DRIFTED and "D:: Active Directory does not have" in reason and "says" not in reason


def test_one_that_was_given_away_since_the_search_counts(world: World) -> None:
    directories = Directories()
    assert judged(seen(drive("C:", ONE)), directories=directories)[0] is Verdict.COMPLIANT
    world.ids.add(TWO)
    assert judged(seen(drive("C:", TWO, **took(TWO))), directories=directories)[0] is Verdict.COMPLIANT
    assert world.asked[:2] == ["all", [TWO]]


def test_one_password_of_a_volume_is_enough(world: World) -> None:
    assert judged(seen(drive("C:", TWO, ONE)))[0] is Verdict.COMPLIANT


def test_what_cannot_be_asked_is_an_error_once_and_never_compliant(world: World) -> None:
    world.wrong = "Active Directory could not be asked at dc1.hill.example:636: timed out"
    directories = Directories()
    for _device in range(3):
        verdict, reason = judged(seen(drive("C:", ONE, **took(ONE))), directories=directories)
        assert verdict is Verdict.ERROR and "timed out" in reason
    assert world.asked == ["all"], "a server that hangs costs a run its time once"
    verdict, reason = judged(seen(drive("C:", ONE)), said={**SAID, "leeboard_directory_password": None})
    assert verdict is Verdict.ERROR and "is not in the school's vault" in reason and "Canary" not in reason


def test_where_nobody_is_named_the_devices_own_word_is_not_enough(world: World) -> None:
    verdict, reason = judged(seen(drive("C:", ONE, **took(ONE))), said={})
    assert verdict is Verdict.NOT_CHECKED and "leeboard_directory names no server that could be asked" in reason
    verdict, reason = judged(seen(drive("C:", ONE, kept={"joined": [], "backups": []})), said={})
    assert verdict is Verdict.DRIFTED and "the device is a member of no domain" in reason
    assert world.asked == []


def test_a_laptop_in_clear_asks_nobody(world: World) -> None:
    world.wrong = "timed out"
    assert judged(seen(drive("C:", conversion=0)))[0] is Verdict.COMPLIANT
    assert judged(seen(drive("C:")))[0] is Verdict.DRIFTED, "encrypted, with nothing that could be kept"
    assert world.asked == []


def test_a_volume_that_cannot_be_read_is_an_error_and_none_is_no_answer(world: World) -> None:
    trouble = {"protectors": None, "troubles": {"protectors": {"code": "denied", "why": "it was refused"}}}
    verdict, reason = judged(seen({**drive("C:"), **trouble}))
    assert verdict is Verdict.ERROR and "it was refused" in reason
    taken = of_directory(measurements([]), wanted_of("ad"), SAID, Path(), Directories(), AT)
    assert [one.effective.state for one in taken] == ["unreadable"]
    assert judged(seen(drive("C:", "no GUID")))[0] is Verdict.DRIFTED


def export(folder: Path, day: datetime, *ids: str) -> dict[str, Any]:
    name = f"keys-{day:%Y%m%d}.json"
    (folder / name).write_text(json.dumps({"value": [{"id": one.strip("{}").lower()} for one in ids]}))
    return {"leeboard_entra_export": name}


def test_an_export_of_entra_counts_for_a_month(tmp_path: Path) -> None:
    device = seen(drive("C:", ONE, **took(ONE, place="entra")))
    for days, expected in (
        (0, Verdict.COMPLIANT),
        (MOST_DAYS, Verdict.COMPLIANT),
        (MOST_DAYS + 1, Verdict.NOT_CHECKED),
    ):
        said = export(tmp_path, AT - timedelta(days=days), ONE)
        verdict, reason = judged(device, "entra", said, tmp_path)
        assert verdict is expected, (days, reason)
    assert f"is {MOST_DAYS + 1} days old, and at most {MOST_DAYS} count" in reason
    verdict, reason = judged(device, "entra", export(tmp_path, AT, TWO), tmp_path)
    assert verdict is Verdict.DRIFTED and f"Entra does not have its recovery password {ONE}" in reason
    verdict, reason = judged(device, "entra", export(tmp_path, AT + timedelta(days=2), ONE), tmp_path)
    assert verdict is Verdict.ERROR and "in the future" in reason
    verdict, reason = judged(device, "entra", {"leeboard_entra_export": "none-20261201.csv"}, tmp_path)
    assert verdict is Verdict.ERROR and "there is no such file" in reason
    verdict, reason = judged(device, "entra", {}, tmp_path)
    assert verdict is Verdict.NOT_CHECKED and "leeboard_entra_export names no export" in reason


def test_each_word_of_the_school_asks_its_own(world: World, tmp_path: Path) -> None:
    both = {**SAID, **export(tmp_path, AT, TWO)}
    assert source_of(wanted_of("entra"), both, tmp_path) == tmp_path / both["leeboard_entra_export"]
    assert isinstance(source_of(wanted_of("ad"), both, tmp_path), Server)
    for place in ("ours", "elsewhere"):
        assert source_of(wanted_of(place), both, tmp_path) is None
        assert of_directory(seen(drive("C:", ONE)), wanted_of(place), both, tmp_path, Directories(), AT) == []


def test_a_worker_knows_what_was_asked_before_it_was_forked(world: World) -> None:
    directories = Directories()
    source = source_of(wanted_of("ad"), SAID, Path())
    assert source is not None
    directories.ask([source])
    child = os.fork()
    if not child:
        verdict, _reason = judged(seen(drive("C:", ONE)), directories=directories)
        os._exit(0 if verdict is Verdict.COMPLIANT and world.asked == ["all"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_is_filed_is_the_same_each_night_and_no_more_than_is_judged(world: World) -> None:
    device = seen(drive("C:", ONE, method=7, **took(ONE)))
    first, second = (
        of_directory(device, wanted_of("ad"), SAID, Path(), Directories(), AT + timedelta(days=days)) for days in (0, 1)
    )
    assert first == second
    text = first[0].model_dump_json()
    assert "Canary" not in text and "method" not in text and "{T}" not in text


def test_a_roll_out_is_told_what_is_not_there(world: World) -> None:
    for observation, expected in (
        (seen(drive("C:", ONE, TWO, **took(TWO)), drive("D:", DATA)), [TWO]),
        (seen(drive("C:", ONE)), []),
    ):
        taken = of_directory(observation, wanted_of("ad"), SAID, Path(), Directories(), AT)
        assert lacking(measurements(taken)) == expected
    unnamed = of_directory(seen(drive("C:", TWO)), wanted_of("ad"), {}, Path(), Directories(), AT)
    assert lacking(measurements(unnamed)) == lacking(measurements([])) == []
    assert {one.driver for one in unnamed} == {DIRECTORY}


def test_the_variables_are_those_that_are_documented() -> None:
    assert holdings.VARIABLES == ("leeboard_directory", "leeboard_directory_password", "leeboard_entra_export")
