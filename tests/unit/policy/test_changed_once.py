"""What a roll-out changes only once another control is well: ten wrong passwords ask for a key that has to be kept."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.model.device import device
from leeboard.model.enums import Mode
from leeboard.model.observation import Found, Nothing, Observation, Reading, measurements
from leeboard.model.verdicts import Verdict
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.evaluate import evaluate
from tests.unit.policy.breaks import AGE, DOR, GOOD, lint

BASELINE = load()
AT = datetime(2026, 12, 3, 2, tzinfo=UTC)
TRIES = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System:MaxDevicePasswordFailedAttempts"
KEPT, MISSING = {"name": "C:", "faults": []}, {"name": "C:", "faults": ["no recovery password that is in it is kept"]}
OURS = {"leeboard_recovery_passwords": "ours"}


def wanted_of(**more: Any) -> Wanted:
    variables = {
        "leeboard_platform": "windows", "leeboard_form": "portable", "leeboard_role": "staff_portable",
        "leeboard_level": "high", "leeboard_urn": "900001", "leeboard_enforce": ["LCK", "ENC"], **more,
    }  # fmt: skip
    return resolve(BASELINE, device("laptop", variables, tuple(BASELINE.parameters)))


def seen(kept: dict[str, Any], tries: int | None = None) -> Observation:
    """A laptop that is encrypted, with what the vault has of it, and after how many tries Windows asks for the key."""
    value = [json.dumps(kept)]
    found = (
        Found(state="value", value=tries, source="registry") if tries else Nothing(state="absent", source="registry")
    )
    readings = [
        Reading(driver="registry", address=TRIES, effective=found, fingerprint="f"),
        *(
            Reading(driver="bitlocker_escrow", address=one, effective=Found(state="value", value=value, source="vault"))
            for one in ("escrowed", "protectors")
        ),
    ]
    facts = {"bitlocker_os_volume": Found(state="value", value=True, source="test")}
    return measurements(readings).model_copy(update={"facts": facts})


def planned(wanted: Wanted, observation: Observation) -> list[str]:
    return [change.address for step in plan(wanted, observation, ["LCK"], AT) for change in step.changes]


def mode(wanted: Wanted, observation: Observation) -> tuple[Mode, Verdict]:
    (control,) = (one for one in evaluate(wanted, observation, AT) if one.control == "LCK-05")
    (one,) = (one for one in control.judged if one.setting == "device-password-attempts")
    return one.mode, one.verdict


def test_ten_wrong_passwords_are_written_once_the_key_is_kept() -> None:
    wanted = wanted_of(**OURS)
    assert planned(wanted, seen(MISSING)) == [] and mode(wanted, seen(MISSING)) == (Mode.REPORT, Verdict.DRIFTED)
    assert planned(wanted, seen(KEPT)) == [TRIES] and mode(wanted, seen(KEPT)) == (Mode.ENFORCE, Verdict.DRIFTED)
    assert planned(wanted, seen(KEPT, 10)) == [] and mode(wanted, seen(KEPT, 10))[1] is Verdict.COMPLIANT


def test_it_is_only_reported_where_nobody_says_where_keys_are() -> None:
    wanted = wanted_of()
    assert planned(wanted, seen(KEPT)) == [] and mode(wanted, seen(KEPT))[0] is Mode.REPORT


def test_on_a_device_of_many_it_is_not_asked_for() -> None:
    wanted = wanted_of(leeboard_role="pupil_shared", **OURS)
    assert planned(wanted, seen(KEPT)) == []
    assert not [one for one in wanted.settings if one.setting.id == "device-password-attempts"]


def test_controls_that_wait_for_each_other_are_each_named(tmp_path: Path) -> None:
    """A circle of three, and a fourth that only waits for it, which is no part of it."""
    shutil.copytree(GOOD, tmp_path / "baseline")
    waits = {DOR: [("panes", "AGE-01"), ("front-too", "DOR-01")], AGE: [("age", "DOR-02")]}
    for file, settings in waits.items():
        path = tmp_path / "baseline" / file
        for setting, first in settings:
            head = f"      - id: {setting}\n"
            assert path.read_text().count(head) == 1
            path.write_text(path.read_text().replace(head, f"{head}        changed_once: {first}\n"))
    found = {problem.key: problem.message for problem in lint(tmp_path / "baseline") if "in turn" in problem.message}
    assert {key: message.split(",")[0] for key, message in found.items()} == {
        "DOR-01.panes.changed_once": "AGE-01 waits for DOR-01 in turn",
        "DOR-02.front-too.changed_once": "DOR-01 waits for DOR-02 in turn",
        "AGE-01.age.changed_once": "DOR-02 waits for AGE-01 in turn",
    }
    path = tmp_path / "baseline" / DOR
    path.write_text(path.read_text().replace("changed_once: DOR-01", "changed_once: DOR-02"))
    found = {problem.key: problem.message for problem in lint(tmp_path / "baseline") if "in turn" in problem.message}
    assert list(found) == ["DOR-02.front-too.changed_once"]
