"""What is wanted of a device, and where each value comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.policy.load import load
from leeboard.policy.show import Shown, ShownSetting, show

BASELINE = load()
ORIGINS = {
    "leeboard_level": "group school_100001",
    "leeboard_role": "device",
    "leeboard_notice_text": "group school_100001",
    "leeboard_overrides": "device",
}


def shown(**more: Any) -> Shown:
    """A teaching display at level sensitive, with changes."""
    fixed = {"name": "d1", "asset": "d1", "urn": "100001", "school": "A School", "platform": "linux", "form": "desktop"}
    return show(
        BASELINE, Device.model_validate({**fixed, "role": "teaching_display", "level": "sensitive", **more}), ORIGINS
    )


def one(found: Shown, control: str, setting: str) -> ShownSetting:
    """One setting."""
    return next(each for each in found.settings if (each.control, each.setting) == (control, setting))


def test_a_value_of_the_role() -> None:
    found = one(shown(), "LCK-01", "idle-delay")
    assert (found.wanted, found.write, found.source) == ("at most 1800 seconds, and not 0", 1800, "role")
    assert found.origin == (
        "role teaching_display, level sensitive (leeboard_level from group school_100001, leeboard_role from device)"
    )


def test_a_value_of_the_level() -> None:
    found = one(shown(role="office"), "LCK-01", "idle-delay")
    assert (found.value, found.source) == (600, "level")
    assert found.origin == "level sensitive (leeboard_level from group school_100001)"


def test_a_value_that_is_the_same_everywhere() -> None:
    found = one(shown(), "LCK-01", "lock-delay")
    assert (found.value, found.source, found.origin) == (5, "baseline", "the same for every device")


def test_a_value_of_the_school() -> None:
    assert one(shown(), "LBL-01", "console-notice").source == "baseline"
    found = one(shown(parameters={"notice_text": "Pupils only"}), "LBL-01", "console-notice")
    assert (found.value, found.write, found.source) == ("Pupils only", "Pupils only", "school")
    assert found.origin == "leeboard_notice_text from group school_100001"


def test_a_value_of_the_device() -> None:
    found = one(shown(overrides={"LCK-01": {"idle-delay": 60}}), "LCK-01", "idle-delay")
    assert (found.value, found.source, found.origin) == (60, "device", "leeboard_overrides from device")


def test_what_a_school_allows_is_not_asked_for() -> None:
    said = {"desktop_sharing": "gnome-remote-desktop: lessons are shown on the pupils' screens"}
    asked = {each.setting for each in shown().settings if each.control == "REM-06"}
    left = {each.setting for each in shown(parameters=said).settings if each.control == "REM-06"}
    assert asked - left == {"gnome-rdp", "gnome-rdp-lock", "gnome-vnc", "gnome-vnc-lock"}
    found = one(shown(parameters=said), "REM-06", "desktop-sharing")
    assert found.wanted == (
        "only what the school allows (gnome-remote-desktop: lessons are shown on the pupils' screens)"
    )
    assert found.writes == "those that the school allows, and no other"


def test_what_cannot_be_given_back_is_changed_only_where_the_school_says_so() -> None:
    assert one(shown(), "REM-09", "remmina").mode == "report"
    assert one(shown(parameters={"remove_saved_passwords": "remmina"}), "REM-09", "remmina").mode == "enforce"


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("desktop_sharing", "x11vnc"),  # no reason
        ("desktop_sharing", "x11vnc:  "),
        ("desktop_sharing", "x11vnc, krfb: lessons"),
        ("desktop_sharing", "allowed"),
        ("desktop_sharing", "x11vnc: lessons\nkrfb: more"),
        ("remove_saved_passwords", "yes"),
        ("remove_saved_passwords", "remmina firefox"),
    ],
)
def test_a_text_that_has_not_its_shape_is_refused_with_how_it_reads(parameter: str, text: str) -> None:
    with pytest.raises(LeeboardError, match=f"d1: leeboard_{parameter} must read none"):
        shown(parameters={parameter: text})


def test_what_is_only_read_has_nothing_to_write() -> None:
    found = one(shown(), "LCK-01", "accounts-without-password")
    assert (found.write, found.mode) == (None, "report")


def test_nothing_is_enforced_before_the_family_is_switched_on() -> None:
    assert not one(shown(), "LCK-01", "idle-delay").switched_on
    found = shown(enforce=["LCK"])
    assert one(found, "LCK-01", "idle-delay").switched_on
    assert not one(found, "LBL-02", "label").switched_on


def test_what_is_not_asked_for_is_named_with_its_reason() -> None:
    reasons = dict(shown(role="office", level="standard").not_asked)
    assert reasons == {
        **dict.fromkeys(("AUD-08", "AUD-09", "AUD-10", "AUD-14"), "not asked for at level standard"),
        "ENC-14": "not asked for at level standard",
        "FWD-04": "asked of the school as a whole",
        "LBL-03": "asked of the school as a whole",
        "REM-11": "asked of the school as a whole",
        "REM-13": "asked of the school as a whole",
        "LCK-03": "not meant for role office at level standard",
        "LCK-08": "not asked for at level standard",
    }


def test_it_is_plain_json() -> None:
    read = json.loads(json.dumps(shown().as_json()))
    assert (read["device"], read["level"], read["role"]) == ("d1", "sensitive", "teaching_display")
    found = next(each for each in read["settings"] if each["setting"] == "idle-action")
    assert (found["value"], found["write"]) == (["ignore", "lock"], "ignore")
