"""The shipped baseline: what must hold of it beyond being free of problems."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Mode, Platform, Role
from leeboard.policy import schema
from leeboard.policy.controls_page import controls_page
from leeboard.policy.draft import source_files
from leeboard.policy.load import load
from leeboard.policy.resolve import WantedSetting, resolve
from leeboard.policy.source import document
from leeboard.policy.standards import KNOWN_FROM
from leeboard.policy.standards_page import standards_page

ROOT = Path(__file__).parents[3]
BASELINE = load()


def device(level: str = "standard", role: str = "office", platform: str = "linux", **more: Any) -> Device:
    """A desktop of a school."""
    return Device.model_validate(
        {"name": "d1", "asset": "d1", "urn": "100001", "school": "A School", "form": "desktop", "level": level}
        | {"role": role, "platform": platform}
        | more
    )


def wanted(control: str, setting: str, **of: Any) -> WantedSetting | None:
    """What a setting asks of a device, or None."""
    found = resolve(BASELINE, device(**of))
    return next((one for one in found.settings if (one.control.id, one.setting.id) == (control, setting)), None)


# Per family, the controls that are there. Those of the catalogue that lack wait for their drivers.
THERE = {
    "AUD": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    "ENC": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    "FWD": [1, 2, 3, 4, 5],
    "LBL": [1, 2, 3],
    "LCK": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "REM": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
}


def test_the_controls_are_those_that_were_reviewed() -> None:
    assert [control.id for control in BASELINE.controls] == [
        f"{family}-{number:02d}" for family, numbers in THERE.items() for number in numbers
    ]


@pytest.mark.parametrize(
    ("level", "role", "seconds"),
    [
        ("standard", "office", 900),
        ("sensitive", "pupil_shared", 600),
        ("high", "office", 300),
        ("standard", "teaching_display", 1800),
        ("sensitive", "teaching_display", 1800),
        ("high", "teaching_display", 300),
    ],
)
@pytest.mark.parametrize(("platform", "setting"), [("linux", "idle-delay"), ("windows", "inactivity-limit")])
def test_how_long_a_screen_stays_open(platform: str, setting: str, level: str, role: str, seconds: int) -> None:
    found = wanted("LCK-01", setting, platform=platform, level=level, role=role)
    assert found is not None
    assert (found.value, found.write, found.mode) == (seconds, seconds, Mode.ENFORCE)


def test_only_a_teaching_display_below_high_is_excepted() -> None:
    for level, role in product(Level, Role):
        found = wanted("LCK-03", "idle-delay", level=level, role=role)
        assert (found is not None) == (role is Role.TEACHING_DISPLAY and level is not Level.HIGH)


def test_a_pupil_cannot_send_a_shared_device_into_recovery() -> None:
    asked = {
        (level, role)
        for level, role in product(Level, Role)
        if wanted("LCK-05", "device-password-attempts", platform="windows", level=level, role=role)
    }
    assert asked == {(Level.HIGH, Role.STAFF_PORTABLE), (Level.HIGH, Role.OFFICE)}


def test_a_full_disk_stops_servers_of_level_high_only() -> None:
    actions = ("log-full", "disk-full", "disk-error", "space-low", "space-gone")
    stopping = {
        (level, role)
        for level, role, action in product(Level, Role, actions)
        for found in [wanted("AUD-12", action, level=level, role=role)]
        if found is not None and isinstance(found.value, tuple) and {"single", "halt", "keep_logs"} & set(found.value)
    }
    assert stopping == {(Level.HIGH, Role.SERVER)}


def test_recording_is_never_suspended_and_nothing_that_stops_a_machine_is_written() -> None:
    for level, role in product(Level, Role):
        for one in resolve(BASELINE, device(level, role)).settings:
            if one.control.id == "AUD-12" and isinstance(one.value, tuple):
                assert "suspend" not in one.value
                assert one.write in ("rotate", "syslog", "email") or one.mode is Mode.REPORT


def test_pam_is_written_under_a_checkpoint() -> None:
    assert BASELINE.drivers["faillock"].risk == "cut_off"
    ten, numbers = {"pam": True, "deny": 10}, {"unlock_time": 900, "fail_interval": 900}
    root = {"even_deny_root": True, "root_unlock_time": 900}
    for level, wanted in ((Level.STANDARD, ten), (Level.SENSITIVE, ten), (Level.HIGH, {**ten, "deny": 5, **root})):
        found = [one for one in resolve(BASELINE, device(level)).settings if one.setting.driver == "faillock"]
        assert {one.setting.address: one.write for one in found if one.write is not None} == {**wanted, **numbers}
        assert {one.mode for one in found} == {Mode.ENFORCE}


def test_no_volume_is_ever_written_and_no_key_by_a_plan() -> None:
    found = [one for level in Level for one in resolve(BASELINE, device(level)).settings if one.control.family == "ENC"]
    disks = [one for one in found if one.setting.driver in ("luks_volume", "attestation")]
    assert disks
    assert all(one.write is None and one.mode is Mode.REPORT for one in disks)
    planned = {one.control.id for one in found if one.write is not None and one.setting.driver != "escrow"}
    assert planned == {"ENC-11", "ENC-14", "ENC-15"}
    assert BASELINE.drivers["escrow"].module is None, "the action recovery_keys makes keys, and no step of a plan"


def test_drives_and_sleep_are_put_right_where_the_level_asks_for_it() -> None:
    def enforced(control: str, setting: str) -> set[str]:
        asked = product(Level, (Form.PORTABLE, Form.DESKTOP))
        found = [(level, form, wanted(control, setting, level=level, form=form.value)) for level, form in asked]
        return {f"{level} {form}" for level, form, one in found if one is not None and one.mode is Mode.ENFORCE}

    portables = {"sensitive portable", "high portable", "high desktop"}
    assert enforced("ENC-11", "plain-refused") == {*portables, "sensitive desktop"}
    assert enforced("ENC-11", "no-usb-drives-at-high") == {"high portable", "high desktop"}
    assert enforced("ENC-14", "allow-suspend") == enforced("ENC-14", "gnome-sleep-ac-lock") == portables
    assert enforced("ENC-14", "iommu") == set()  # that is in the firmware
    assert len(enforced("ENC-15", "key-files")) == 6


@pytest.mark.parametrize(
    ("level", "role", "words"),
    [
        ("standard", "pupil_shared", {"tpm", "network", "passphrase", "security-key", "tpm-and-pin"}),
        ("sensitive", "pupil_shared", {"tpm", "network", "passphrase", "security-key", "tpm-and-pin"}),
        ("sensitive", "staff_portable", {"passphrase", "security-key", "tpm-and-pin"}),
        ("high", "pupil_shared", {"tpm-and-pin"}),
    ],
)
def test_what_a_disk_may_ask_for(level: str, role: str, words: set[str]) -> None:
    found = wanted("ENC-03", "pre-boot", level=level, role=role)
    assert found is not None
    assert isinstance(found.value, tuple)
    assert set(found.value) == words


def test_smart_cards_lock_always_at_high_and_where_used_at_sensitive() -> None:
    conditions = {
        level: [
            condition.fact
            for one in resolve(BASELINE, device(level)).settings
            if one.setting.address.endswith("/removal-action")
            for condition in one.setting.applies_when
        ]
        for level in Level
    }
    assert conditions == {"standard": [], "sensitive": ["desktops", "smart_cards"], "high": ["desktops"]}


def test_the_label_is_that_of_the_level() -> None:
    for level, (platform, setting) in product(Level, (("linux", "label"), ("windows", "windows-label"))):
        found = wanted("LBL-02", setting, platform=platform, level=level)
        assert found is not None
        assert found.value == BASELINE.levels[level].label


def test_every_value_key_of_a_desktop_that_is_written_is_locked() -> None:
    """A value without a lock is a suggestion (the greeter has no user who could change anything)."""
    for level in Level:
        written = {
            one.setting.address
            for one in resolve(BASELINE, device(level)).settings
            if one.setting.driver == "dconf" and one.write is not None
        }
        values = {address for address in written if address.startswith("/") and not address.endswith("#lock")}
        assert {f"{address}#lock" for address in values} <= written


def test_a_device_is_asked_for_each_lock_whose_value_it_is_asked_for() -> None:
    locks = {address for address in BASELINE.addresses(Platform.LINUX)["dconf"] if address.endswith("#lock")}
    assert len(locks) == 11


def test_windows_is_asked_for_everything_and_all_of_it_is_built() -> None:
    always = {"LCK-01", "LCK-02", "LCK-04", "LCK-05", "LCK-06", "LCK-07", "LBL-01", "LBL-02"}
    for level, form, role in product(Level, Form, Role):
        found = resolve(BASELINE, device(level, role, "windows", form=form.value))
        # Of a recovery password only AD and Entra can say that they have it, and nobody asks them yet. Which folders
        # of a server hold people's files only the school can say.
        planned = {
            f"{one.control.id} {one.setting.id}"
            for one in found.settings
            if BASELINE.drivers[one.setting.driver].state != "built"
        }
        assert planned - {"AUD-09 home-folders"} == {"ENC-07 windows-kept-there"}
        asked = {control.control.id for control in found.controls if control.settings}
        assert asked >= always | {f"AUD-0{number}" for number in range(1, 9)} | {
            f"ENC-0{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9)
        }


def test_what_is_recorded_besides_stays_recorded() -> None:
    found = wanted("AUD-03", "logoff", platform="windows")
    assert found is not None
    assert [found.written(mask) for mask in (None, 0, 1, 2, 3)] == [1, 1, 1, 3, 3]


def test_what_a_person_reads_is_whole_sentences() -> None:
    for control in BASELINE.controls:
        for words in (control.why, control.remedy.linux, control.remedy.windows, control.remedy.controller):
            assert not words or re.fullmatch(r"[A-Z\"].*[.]", words.strip(), re.DOTALL), (control.id, words)
        for setting in control.settings:
            assert not setting.remedy or setting.remedy.endswith((".", "chmod go-w.", "chmod a-x."))
            assert not setting.title.endswith("."), setting.title


def test_the_schemas_are_fresh() -> None:
    assert schema.stale() == []


def test_each_file_names_its_schema_and_keeps_to_it() -> None:
    for source in source_files():
        first = source.content.decode().split("\n", 1)[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert named, source.name
        path = (Path(source.shown).parent / named[1]).resolve()
        assert path.parent == schema.FOLDER.resolve()
        read = document(source.shown, source.content).data
        problems = list(Draft202012Validator(json.loads(path.read_text())).iter_errors(read))
        assert problems == [], source.name


def test_the_schema_sees_a_slip() -> None:
    read = document("x", source_files()[0].content).data
    read["controls"][0]["settings"][0]["acept"] = {}
    assert list(Draft202012Validator(json.loads(schema.schemas()["family.json"])).iter_errors(read))


def test_encryption_of_the_system_disk_alone_fails_in_mode_report_and_only_on_portables() -> None:
    assert {form: BASELINE.fails_in_report(form) for form in Form} == {
        Form.PORTABLE: {"ENC-01"}, Form.DESKTOP: frozenset(), Form.SERVER: frozenset()
    }  # fmt: skip


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs" / "controls.md").read_text(encoding="utf-8") == controls_page(BASELINE)
    assert (ROOT / "docs" / "standards.md").read_text(encoding="utf-8") == standards_page(BASELINE)


def test_each_standard_that_is_asked_for_is_there() -> None:
    assert set(BASELINE.standards) == {"becta-2008", "cyber-essentials", "dfe-cyber"}
    for standard in BASELINE.standards.values():
        assert any(question.controls for question in standard.questions)
        assert any(not question.controls for question in standard.questions), "no school is told that all is answered"


def test_what_was_not_read_is_shown_as_such() -> None:
    page = standards_page(BASELINE)
    for standard in BASELINE.standards.values():
        for question in standard.questions:
            (row,) = [
                line for line in page.splitlines() if line.startswith(f"| {question.reference} | {question.asks}")
            ]
            assert f"| {KNOWN_FROM[question.confidence]} |" in row


def test_the_page_tells_built_from_planned() -> None:
    page = controls_page(BASELINE)
    row = next(line for line in page.split("\n") if line.startswith("| [ENC-01]"))
    assert "3 read only" in row
    row = next(line for line in page.split("\n") if line.startswith("| [LCK-06]"))
    assert "1 planned" in row
    row = next(line for line in page.split("\n") if line.startswith("| [FWD-03]"))
    assert "at most 60 days | at most 60 days | at most 14 days | 1 measured | 1 measured" in row
