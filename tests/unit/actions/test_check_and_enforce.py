"""The actions on this very machine, through the real Ansible: what they refuse, and that they change nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

from leeboard.evidence.bundles.challenge import challenge
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Form
from leeboard.model.waiver import Waiver
from leeboard.policy.load import load
from leeboard.verdict import status
from tests import bundle_lines
from tests.unit.estate.risks import raw
from tests.unit.playing import command, inventory, play

CHECK: dict[str, Any] = {"leeboard.schools.check": {}}
ENFORCE: dict[str, Any] = {"leeboard.schools.enforce": {"family": "LBL"}}


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines about devices in the one bundle there is."""
    (bundle,) = (folder / "var" / "evidence" / "900001").glob("*.jsonl.xz")
    return [line for line in bundle_lines.lines(bundle) if line["kind"] == "device"]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a check ended, and its lines about devices."""
    folder = tmp_path_factory.mktemp("checked")
    done = play(folder, inventory(folder, pc1={}), CHECK, "-v")
    return done, lines(folder)


def test_a_check_leaves_evidence_and_drift_is_ok(checked: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    done, (line,) = checked
    assert done["status"] == 0, done["output"]
    assert "changed=0" in done["output"]
    assert (line["asset"], line["outcome"], line["identity"]) == ("pc1", "observed", "first")
    verdicts = {finding["control"]: finding["verdict"] for finding in line["findings"]}
    assert verdicts["LBL-02"] == "drifted", "this machine has no label"


@pytest.mark.parametrize(
    ("form", "mode", "fails"),
    [
        ("portable", "report", True),
        ("portable", "off", False),
        ("desktop", "report", False),
        ("server", "report", False),
        ("server", "enforce", True),
    ],
)
def test_a_laptop_in_clear_fails_in_mode_report_too(form: str, mode: str, fails: bool) -> None:
    in_report_too = load().fails_in_report(Form(form))
    assert status.fails("ENC-01", mode, in_report_too) is fails
    assert not status.fails("LCK-01", "report", in_report_too)


def test_drift_fails_the_task_only_when_that_is_asked_for(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}), {"leeboard.schools.check": {"fail_on_drift": True}})
    assert done["status"] == 2
    assert '"drifted": true' in done["output"]
    assert lines(tmp_path)[0]["outcome"] == "observed", "the evidence is filed all the same"
    longest = max(done["output"].splitlines(), key=len)
    assert len(longest) < 1000, "the evidence of a whole device does not bury why it failed"


def test_an_accepted_risk_fails_no_task_and_is_filed_as_drift(
    checked: tuple[dict[str, Any], list[dict[str, Any]]], tmp_path: Path
) -> None:
    found, (line,) = checked
    drifted = [one["control"] for one in line["findings"] if one["verdict"] == "drifted"]
    assert '"waived": []' in found["output"] and '"drifted": true' in found["output"]
    first, last = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (-2, 2))
    all_of_it = [
        raw(id=f"W-{control}", control=control, devices=["pc1"], siro=True, granted=first, last_day=last)
        for control in drifted
    ]
    source = inventory(tmp_path, pc1={"leeboard_waivers": all_of_it})
    done = play(tmp_path, source, {"leeboard.schools.check": {"fail_on_drift": True}}, "-v")
    assert done["status"] == 0, done["output"]
    (line,) = lines(tmp_path)
    # What nobody could check beside a drift was never accepted, and is not hidden by a waiver for that.
    beyond = {"not_checked", "pending"}
    found_so = [one for one in line["findings"] if one["verdict"] == "drifted"]
    whole = [one for one in found_so if not beyond & {judged["verdict"] for judged in one["judged"]}]
    assert whole and '"drifted": false' in done["output"] and f"{len(whole)} waived" in done["output"]
    assert [one["control"] for one in line["findings"] if one["verdict"] == "drifted"] == drifted


def test_without_the_callback_nothing_is_done(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}), CHECK, ANSIBLE_CALLBACKS_ENABLED="none")
    assert done["status"] == 2
    assert "the callback leeboard.schools.evidence is not enabled" in done["output"]
    assert not (tmp_path / "var").exists()


def test_the_same_machine_under_a_second_tag_is_another_machine(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}, pc2={}), CHECK, "--forks=1")
    assert done["status"] == 2
    first, second = sorted(lines(tmp_path), key=lambda line: line["outcome"] != "observed")
    assert (first["outcome"], second["outcome"]) == ("observed", "another_machine")
    assert first["asset"] in second["message"], "it says whose machine answered"
    assert second.get("observation") is None, "nothing is filed under the wrong name"


def test_a_stored_answer_is_not_tonights(tmp_path: Path) -> None:
    stored, python = tmp_path / "stored", tmp_path / "python"
    script = ["#!/bin/sh", f"if [ -e {stored} ]; then cat >/dev/null; exec cat {stored}; fi"]
    python.write_text("\n".join([*script, f'/usr/bin/python3 "$@" | tee {stored}', ""]))
    python.chmod(0o755)
    source = inventory(tmp_path, pc1={"ansible_python_interpreter": str(python)})
    assert play(tmp_path, source, CHECK)["status"] == 0
    (line,) = lines(tmp_path)
    (tmp_path / "var").rename(tmp_path / "first")
    done = play(tmp_path, source, CHECK)
    assert done["status"] == 2, "the device gave the answer of the first run once more"
    (again,) = lines(tmp_path)
    assert (line["outcome"], again["outcome"]) == ("observed", "failed")
    assert "it does not echo the challenge" in again["message"]
    assert "observation" not in again and not (tmp_path / "var/evidence/900001/pins.json").exists()


def test_a_wrong_clock_is_a_finding_and_no_lost_answer(tmp_path: Path) -> None:
    python = tmp_path / "python"
    last_year = 's/"observed_at": "[0-9-]*T/"observed_at": "2025-01-04T/'
    python.write_text(f"#!/bin/sh\n/usr/bin/python3 \"$@\" | sed '{last_year}'\n")
    python.chmod(0o755)
    done = play(tmp_path, inventory(tmp_path, pc1={"ansible_python_interpreter": str(python)}), CHECK)
    assert done["status"] == 0, done["output"]
    (line,) = lines(tmp_path)
    assert line["outcome"] == "observed" and line["observation"]["observed_at"].startswith("2025-01-04T")
    (clock,) = (one for one in line["findings"] if one["control"] == "FWD-05")
    (offset,) = (one for one in clock["judged"] if one["setting"] == "clock-offset")
    assert (offset["verdict"], offset["mode"]) == ("drifted", "report")
    assert "behind the controller's clock, if that one is right" in offset["reason"]


def test_each_visit_of_a_run_has_a_challenge_of_its_own(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}), {**CHECK, "loop": [1, 2]})
    assert done["status"] == 0, done["output"]
    found = lines(tmp_path)
    (bundle,) = (tmp_path / "var" / "evidence" / "900001").glob("*.jsonl.xz")
    header = bundle_lines.lines(bundle)[0]
    assert header["schema"] == 3 and [line["visit"] for line in found] == sorted({line["visit"] for line in found})
    for line in found:
        due = challenge(header["salt"], header["run"], "900001", "pc1", line["visit"])
        assert line["observation"]["challenge"] == due
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [bundle], load()).notes == []


def test_a_device_of_another_platform_is_named(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={"leeboard_platform": "windows"}), CHECK)
    assert done["status"] == 2
    (line,) = lines(tmp_path)
    assert line["outcome"] == "failed"
    assert "findings" not in line


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "level": ({"leeboard_level": "secret"}, "leeboard_level is 'secret': it must be one of"),
    "weaker": ({"leeboard_overrides": {"LCK-01": {"idle-delay": 3600}}}, "only a stricter value is taken"),
    "unknown": ({"leeboard_overrides": {"LCK-77": {}}}, "LCK-77, which is no control"),
    "notice": ({"leeboard_notice_text": "Welcome to \\S"}, "must not contain"),
}


def test_a_wrong_variable_is_one_line_and_the_other_devices_go_on(tmp_path: Path) -> None:
    hosts = {name: variables for name, (variables, _words) in WRONG.items()}
    done = play(tmp_path, inventory(tmp_path, **hosts, good={}), CHECK)
    assert done["status"] == 2
    found = {line["asset"]: line for line in lines(tmp_path)}
    assert {name: line["outcome"] for name, line in found.items()} == {
        **dict.fromkeys(WRONG, "failed"),
        "good": "observed",
    }
    for name, (_variables, words) in WRONG.items():
        assert words in found[name]["message"]


def test_a_family_that_is_not_switched_on_is_left_alone(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}), ENFORCE)
    assert done["status"] == 0, done["output"]
    assert "LBL is not named in leeboard_enforce everywhere" in " ".join(done["output"].split())
    assert "changed=0" in done["output"]


def test_an_unknown_family_is_named(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={}), {"leeboard.schools.enforce": {"family": "XYZ"}})
    assert done["status"] == 2
    assert "[ERROR]: leeboard: pc1: there is no family XYZ" in done["output"]  # by name, and not only in the result


def test_a_failed_enforce_gives_its_reason_first(tmp_path: Path) -> None:
    """Before its result, which Ansible prints in one line; pc2 is this very machine too, and is told apart."""
    source = inventory(tmp_path, **{name: {"leeboard_enforce": ["LBL"]} for name in ("pc1", "pc2")})
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [ENFORCE]}]))
    together = 'exec "$@" 2>&1'  # as on a terminal
    done = command(
        tmp_path, "sh", "-c", together, "sh", "ansible-playbook", "play.yml", "-i", str(source), "--check", "-f", "1",
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    words = r"another machine answered: this is pc1 of the same school by .*; nothing was changed"
    first, *others = [line for line in done.stdout.splitlines() if "pc2" in line or re.search(words, line)]
    assert re.match(rf"\[ERROR\]: leeboard: pc2: {words}$", first), done.stdout
    assert any(line.startswith("fatal: [pc2]: FAILED!") for line in others), done.stdout
    assert '"findings"' not in done.stdout, "evidence of a device is some 200 kB"


def test_a_preview_shows_every_change_and_makes_none(tmp_path: Path) -> None:
    label = Path("/etc/leeboard/label")
    before = label.read_bytes() if label.exists() else None
    done = play(tmp_path, inventory(tmp_path, pc1={"leeboard_enforce": ["LBL"]}), ENFORCE, "--check", "--diff")
    assert done["status"] == 0, done["output"]
    assert "changed=1" in done["output"]
    for changed in ("/etc/leeboard/label", "/etc/issue", "/etc/issue.net"):
        assert changed in done["output"]
    assert (label.read_bytes() if label.exists() else None) == before


def accepted(settings: dict[str, Any] | None = None, **days: int) -> list[dict[str, Any]]:
    """LBL-02 of pc1 as an accepted risk, its days counted from today."""
    first, last = (f"{datetime.now(UTC) + timedelta(days=days[key]):%Y-%m-%d}" for key in ("granted", "last_day"))
    return [raw(control="LBL-02", devices=["pc1"], granted=first, last_day=last, settings=settings)]


@pytest.mark.parametrize(
    ("days", "waived"),
    [
        ({"granted": -2, "last_day": 2}, True),
        pytest.param({"granted": -9, "last_day": -2}, False, marks=pytest.mark.full),
        pytest.param({"granted": 2, "last_day": 9}, False, marks=pytest.mark.full),
        # There is no label: that was accepted, or another one was.
        pytest.param({"granted": -2, "last_day": 2, "settings": {"label": [None]}}, True, marks=pytest.mark.full),
        ({"granted": -2, "last_day": 2, "settings": {"label": ["Ours"]}}, False),
    ],
)
def test_a_roll_out_leaves_alone_what_is_waived_and_files_the_drift(
    tmp_path: Path, days: dict[str, Any], waived: bool
) -> None:
    given = accepted(**days)  # once: a run may last past midnight
    switched_on = {"leeboard_enforce": ["LBL"], "leeboard_waivers": given}
    done = play(tmp_path, inventory(tmp_path, pc1=switched_on), ENFORCE, "--check", "--diff", "-v")
    assert done["status"] == 0, done["output"]
    assert "/etc/issue" in done["output"], "the other controls of the family go on"
    assert ("after: /etc/leeboard/label" in done["output"]) is not waived
    assert ("accepted risks, left alone: LBL-02 by W-2026-001 until " in done["output"]) is waived
    assert ('"approved_by": "Governing body"' in done["output"].partition('"waived": [')[2]) is waived
    (line,) = lines(tmp_path)
    verdicts = {finding["control"]: finding["verdict"] for finding in line["findings"]}
    assert verdicts["LBL-02"] == "drifted"
    assert [one["id"] for one in line["device"]["waivers"]] == ["W-2026-001"]
    (bundle,) = (tmp_path / "var" / "evidence" / "900001").glob("*.jsonl.xz")
    header = bundle_lines.lines(bundle)[0]
    assert header["expected"][0]["waivers"] == line_of(given)


def line_of(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Waivers as a bundle has them."""
    return [Waiver.model_validate(one).model_dump(mode="json", exclude_defaults=True) for one in given]


def test_days_and_words_come_from_yaml_as_they_stand_there(tmp_path: Path) -> None:
    """Dates are dates in a YAML inventory, and Ansible tags what it reads."""
    source = inventory(tmp_path, pc1={"leeboard_enforce": ["LBL"]})
    listed = json.loads(source.read_text())
    first, last = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (-2, 2))
    source.write_text(
        json.dumps(listed)[:-2]
        + f""", "vars": {{"leeboard_waivers": [
            {{id: W-1, control: LBL-02, school: true, reason: "it's so", owner: Head, approved_by: Governors,
              granted: {first}, last_day: {last}}},
            {{id: W-2, control: LBL-01, school: true, owner: Head}}]}}}}}}"""
    )
    done = play(tmp_path, source, ENFORCE, "--check", "--diff", "-v")
    assert done["status"] == 0, done["output"]
    assert "accepted risks, left alone: LBL-02 by W-1 until " in done["output"]
    (line,) = lines(tmp_path)
    assert line["outcome"] == "observed", "a waiver that makes no sense is no error of the device"


@pytest.mark.parametrize(
    ("version", "words"),
    [(None, "is not installed on the controller"), ("9.9.9", "is version 9.9.9, and this collection is"), ("", "")],
)
def test_another_version_of_the_brain_is_refused(
    version: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brain, "BRAIN_VERSION", brain.VERSION if version == "" else version)
    assert words in brain.missing()
    assert bool(brain.missing()) is bool(words)
