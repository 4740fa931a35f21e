"""The JSON: every key is documented, every documented key occurs, and nothing else is printed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from leeboard.model.verdicts import Verdict
from leeboard.report.json_report import as_json, write_json
from tests.unit.report import samples

DOC = Path(__file__).parents[3] / "docs" / "report-format.md"


def paths(value: object, where: str = "") -> set[str]:
    """The keys of some JSON, as docs/report-format.md writes them."""
    if isinstance(value, list):
        return {path for item in value for path in paths(item, f"{where}[]")}
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        name = "<verdict>" if where.endswith("counts") else key
        path = f"{where}.{name}" if where else name
        found |= {path} | paths(inner, path)
    return found


def test_documented_keys_are_exactly_those_that_occur() -> None:
    documented = set(re.findall(r"^\| `([a-z_.\[\]<>]+)` \|", DOC.read_text(), re.MULTILINE))
    assert paths(as_json(samples.mixed())) == documented


def test_every_verdict_outcome_gap_and_code_is_documented() -> None:
    text = DOC.read_text()
    for word in (*Verdict, *samples.OUTCOMES, "silent", "needs_root", "planned", "no_reading"):
        assert f"`{word}`" in text


def test_one_drifted_finding() -> None:
    whole = as_json(samples.mixed())
    device = next(device for device in whole["devices"] if device["asset"] == "EP-0001")
    finding = next(finding for finding in device["findings"] if finding["control"] == "LCK-01")
    assert (whole["schema"], whole["at"], whole["exit_code"]) == (1, "2026-11-25T02:14:00Z", 3)
    assert device["seen"] == "2026-11-24T23:50:00Z"
    assert finding == {
        "control": "LCK-01",
        "verdict": "drifted",
        "mode": "enforce",
        "since": "2026-11-13T02:14:00Z",
        "cause": "",
        "planned_only": False,
        "waiver": None,
        "reason": "",
        "judged": [
            {
                "verdict": "drifted",
                "mode": "enforce",
                "setting": "gnome-idle-delay",
                "title": "Time without use until the screen is blanked",
                "address": "dconf:/org/gnome/desktop/session/idle-delay",
                "seen": "1800 seconds",
                "wanted": "at most 900 seconds, and not 0",
                "source": "/etc/dconf/db/local.d/90-vendor",
                "reason": "configured as 900, but that is not what takes effect",
                "remedy": "Remove the key from 90-vendor and run dconf update, or run leeboard enforce --family LCK.",
            }
        ],
    }


def test_accepted_risks_and_the_findings_that_they_waive() -> None:
    whole = as_json(samples.mixed())
    assert [(one["id"], one["state"], one["days_left"], one["ends_soon"]) for one in whole["waivers"]] == [
        ("W-OVER", "expired", -1, False),
        ("W-SOON", "in_force", 12, True),
        ("W-LATER", "not_yet", 126, False),
        ("W-LBL-02", "in_force", 126, False),
    ]
    waived = [
        (device["asset"], finding["control"], finding["waiver"])
        for device in whole["devices"]
        for finding in device["findings"]
        if finding["verdict"] == "waived" or finding["waiver"] is not None
    ]
    assert waived == [("EP-0005", "LBL-02", "W-LBL-02")]
    assert {one["id"]: one["findings_waived"] for one in whole["waivers"]} == {
        "W-OVER": 0, "W-SOON": 0, "W-LBL-02": 1, "W-LATER": 0
    }  # fmt: skip
    risk = whole["waivers"][3]
    assert (risk["owner"], risk["approved_by"], risk["last_day"]) == ("Head teacher", "Governing body", "2027-03-31")
    assert whole["waivers"][1]["devices"] == ["EP-0007"] and whole["waivers"][1]["roles"] == ["office"]


def test_what_is_printed_is_that_json_and_nothing_else() -> None:
    stream = io.StringIO()
    write_json(samples.mixed(), stream)
    assert json.loads(stream.getvalue()) == as_json(samples.mixed())
    assert stream.getvalue().endswith("}\n")


def test_hostile_text_is_ascii_without_control_characters() -> None:
    stream = io.StringIO()
    write_json(samples.hostile(), stream)
    text = stream.getvalue()
    assert text.isascii()
    assert not set(text) & set("\x1b\x07\x00\x7f")

    def check(value: object) -> None:
        if isinstance(value, dict):
            value = [*value, *value.values()]
        if isinstance(value, list):
            for inner in value:
                check(inner)
        elif isinstance(value, str):
            assert value.isprintable()

    check(json.loads(text))


@pytest.mark.parametrize("make", [samples.mixed, samples.single, samples.hostile, samples.estate])
def test_only_plain_types(make) -> None:
    assert json.loads(json.dumps(as_json(make()))) == as_json(make())
