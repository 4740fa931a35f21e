"""`leeboard waiver new` and `pin`: the settings that a waiver names come from what the store has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leeboard.estate.waiver_files import read_folder
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.waiver import Waiver
from leeboard.policy.load import load
from tests.unit.cli.test_waiver import day, run, school
from tests.unit.estate.risks import raw
from tests.unit.estate.test_waived_settings import ssh
from tests.unit.evidence.estate import expected, run_id, write

__all__ = ["school"]  # a fixture
SSH = (
    *("new", "hill", "--control", "REM-10", "--reason", "The old panel signs in so.", "--owner", "Head teacher"),
    *("--approved-by", "Governing body", "--last-day", day(200)),
)


def seen(folder: Path, **devices: dict[str, Any]) -> None:
    """A check of these devices, as EP_0001={keyword: value}, that the store below `folder` has."""
    lines = {
        name.replace("_", "-"): json.loads(ssh(**found).model_dump_json(by_alias=True))
        for name, found in devices.items()
    }
    there = [expected(asset, urn="900001", name=asset.lower(), form="desktop") for asset in lines]
    path = write(folder / "var" / "evidence", run_id(0), there, lines, urn="900001")
    with Store(folder / "var" / "leeboard.db") as store:
        done = ingest(store, [path], load())
        assert (done.problems, done.notes) == ([], [])


def only(school: Path) -> Waiver:
    found = read_folder(school)
    assert found.problems == ()
    (one,) = found.waivers
    return one


def test_new_names_what_the_store_has(school: Path) -> None:
    seen(school.parent, EP_0001={"MaxAuthTries": 6}, EP_0002={"MaxAuthTries": 6, "PermitRootLogin": "yes"})
    done = run(school.parent, *SSH, "--devices", "EP-0001,EP-0002", "--yes")
    assert done.returncode == 0, done.stderr
    assert "It covers root-login: yes; tries: 6. Anything else in REM-10 stays drift" in done.stdout
    assert only(school).settings == Waiver.model_validate(raw(settings={"root-login": ["yes"], "tries": [6]})).settings
    assert 'root-login: ["yes"]' in (school / "waivers.yml").read_text(), "a bare yes is a switch"
    assert run(school.parent, "check", "-i", "hill").returncode == 0
    (told,) = json.loads(run(school.parent, "list", "-i", "hill", "--format", "json").stdout)["waivers"]
    assert (told["covers"], told["covers_everything"]) == ("root-login: yes; tries: 6", False)


def test_values_that_differ_are_named_by_device(school: Path) -> None:
    seen(school.parent, EP_0001={"MaxAuthTries": 6}, EP_0002={"MaxAuthTries": 10})
    done = run(school.parent, *SSH, "--devices", "EP-0001,EP-0002", "--yes")
    assert done.returncode == 0, done.stderr
    (tries,) = only(school).settings
    assert [tries.of(asset) for asset in ("EP-0001", "EP-0002", "EP-0003")] == [(6,), (10,), ()]
    assert run(school.parent, "check", "-i", "hill").returncode == 0


@pytest.mark.parametrize("checked", [False, True])
def test_without_drift_in_the_store_it_covers_everything_and_says_so(school: Path, checked: bool) -> None:
    if checked:
        seen(school.parent, EP_0001={})
    done = run(school.parent, *SSH, "--devices", "EP-0001", "--yes")
    assert done.returncode == 0, done.stderr
    assert "The store has nothing of it that drifted on these devices, so it names no settings." in done.stdout
    assert "It covers everything that this control ever finds. Name them with: leeboard waiver pin" in done.stdout
    assert only(school).settings == ()
    listed = run(school.parent, "list", "-i", "hill").stdout
    assert "no settings named, so everything that this control ever finds is covered" in " ".join(listed.split())


def test_everything_is_covered_where_that_is_asked_for(school: Path) -> None:
    seen(school.parent, EP_0001={"MaxAuthTries": 6})
    done = run(school.parent, *SSH, "--devices", "EP-0001", "--everything", "--yes")
    assert done.returncode == 0 and "It covers everything that this control ever finds.\n" in done.stdout
    assert only(school).settings == ()


def test_pin_names_settings_in_old_waivers_and_changes_nothing_else(school: Path) -> None:
    seen(school.parent, EP_0001={"MaxAuthTries": 6})
    fields = [
        {"control": "REM-10", "devices": ["EP-0001"]},
        {"id": "W-2", "control": "LBL-01", "devices": ["EP-0001"]},
        {"id": "W-3", "control": "REM-10", "devices": ["EP-0002"], "settings": {"tries": [8]}},
        {"id": "W-4", "control": "REM-10", "devices": ["EP-0003"], "last_day": day(-1)},
    ]
    entries = [raw(**{"granted": day(-100), "last_day": day(100), **one}) for one in fields]
    lines = ["# Ours.", "waivers:"]
    for one in entries:
        first, *others = [f"{key}: {json.dumps(value)}" for key, value in one.items()]
        lines += [f"  - {first}  # as it is", *(f"    {other}" for other in others), ""]
    (school / "waivers.yml").write_text("\n".join(lines))
    before = read_folder(school).waivers
    done = run(school.parent, "pin", "hill", "--yes")
    assert done.returncode == 0, done.stderr
    assert "W-2026-001 (REM-10, EP-0001) will cover:\n  tries: 6\n" in done.stdout
    assert "W-2 (LBL-01, EP-0001) stays as it is: the store has nothing of it that drifted" in done.stdout
    assert "W-3" not in done.stdout and "W-4" not in done.stdout
    after = read_folder(school).waivers
    assert after[0].settings[0].values == (6,)
    assert (after[0].model_copy(update={"settings": ()}), *after[1:]) == before
    text = (school / "waivers.yml").read_text()
    assert text.startswith("# Ours.\n") and text.count("# as it is") == 4
    again = run(school.parent, "pin", "hill", "--id", "W-2026-001", "--yes")
    assert again.returncode == 0 and (school / "waivers.yml").read_text() == text


def test_pin_without_anything_to_do(school: Path) -> None:
    done = run(school.parent, "pin", "hill")
    assert (done.returncode, done.stdout) == (
        0,
        "Nothing to pin: every waiver that has not ended names its settings.\n",
    )
    done = run(school.parent, "pin", "hill", "--id", "W-9")
    assert done.returncode == 1 and "there is no waiver W-9 in it" in done.stderr
