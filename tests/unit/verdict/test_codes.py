"""Reason codes: one closed list, that every drift has one of, and that docs explain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import reading

from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.judgements import KINDS, QUESTIONS, TEXTS
from leeboard.model.observation import Observation, Unreadable, measurements
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.policy.resolve import WantedSetting, resolve, resolve_school
from leeboard.verdict.codes import BETWEEN, Code, Fault, joined, of_word
from leeboard.verdict.evaluate import judge
from leeboard.verdict.judgements.registry import JUDGEMENTS, OBJECTS
from tests.unit import brain
from tests.unit.brain import AT

ROOT = Path(__file__).parents[3]
LIST = set(Code)
# Readings of every kind, among them what no setting accepts.
VALUES = (True, False, 0, 1, -1, 99999, "0", "text", "", "x" * 5000, "root:root 777", [], ["text"], ["{}"])


def test_what_a_device_may_say_is_in_the_list() -> None:
    told = Unreadable.model_fields["code"].annotation
    assert set(get_args(told)) == set(reading.CODES) <= LIST


def test_each_question_has_a_judgement_and_each_kind_of_object_a_type() -> None:
    assert (list(QUESTIONS), list(KINDS)) == (list(JUDGEMENTS), sorted({*OBJECTS, *TEXTS}))


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_every_word_of_a_judgement_has_a_code(name: str) -> None:
    question = QUESTIONS[name]
    assert bool(question.answers) == bool(question.prefix)
    assert {of_word(question.prefix, word) for word in question.answers} <= LIST


def test_every_code_is_given_somewhere_and_no_text_stands_for_one() -> None:
    files = [path for path in (ROOT / "leeboard" / "verdict").rglob("*.py") if path.name != "codes.py"]
    source = "\n".join(path.read_text() for path in files)
    words = {of_word(one.prefix, word) for one in QUESTIONS.values() for word in one.answers}
    given = {Code[name] for name in re.findall(r"\bCode\.([A-Z0-9_]+)", source)}
    assert given | words | {Code(code) for code in reading.CODES} == LIST
    assert not re.findall(r"\bcode=[\"']", source)


def test_a_fault_has_a_code_of_the_list() -> None:
    fault = Fault(Code.LUKS1, "LUKS1")
    assert (fault, fault.of("sda3"), fault.of("sda3").code) == ("LUKS1", "sda3: LUKS1", Code.LUKS1)
    with pytest.raises(ValueError, match="is not a valid Code"):
        Fault("strange", "words")  # type: ignore[arg-type]
    assert joined([Code.LUKS1, Code.DENIED, Code.LUKS1]) == "denied+luks1"


def drifts(wanted: WantedSetting, observation: Observation, resolved: object) -> None:
    """Where this reading makes the setting drift, it has codes of the list and the values that are too much."""
    judged = judge(resolved, wanted, observation, AT)  # type: ignore[arg-type]
    if judged.verdict is Verdict.DRIFTED:
        assert judged.values and judged.code, f"{wanted.control.id} {wanted.setting.id}"
    assert set(judged.code.split(BETWEEN)) <= LIST or (not judged.code and judged.verdict is not Verdict.DRIFTED)
    assert type(judged.code) is str, "an enumeration in a result warns once a device"


@pytest.mark.parametrize("platform", [Platform.LINUX, Platform.WINDOWS])
@pytest.mark.parametrize("level", list(Level))
def test_every_setting_of_the_baseline_that_drifts_has_a_code(platform: Platform, level: Level) -> None:
    base = load()
    facts = {
        name: brain.value({"text": "x", "switch": True, "list": ["gnome", "x"]}[fact.type])
        for name, fact in base.facts.items()
        if platform in fact.platforms
    }
    device = brain.device(platform=platform, level=level, form=Form.PORTABLE, role=Role.STAFF_PORTABLE)
    wanted = resolve(base, device)
    school = resolve_school(base, device.urn, device.school, level)
    aspects = [brain.absent(), *(brain.value(one) for one in VALUES)]
    aspects += [brain.value(1, type="qword"), brain.value("x", others=[{"who": "a", "value": "y"}])]
    seen = 0
    for aspect in aspects:
        readings = [
            {"driver": one.setting.driver, "address": one.setting.address, "effective": aspect}
            for one in (*wanted.settings, *school.settings)
        ]
        observation = brain.observation(readings, facts, platform=platform.value)
        for one in wanted.settings:
            drifts(one, observation if one.setting.platform else measurements(observation.readings), wanted)
            seen += 1
        for one in school.settings:
            drifts(one, measurements(observation.readings), school)
    assert seen > 50 * len(aspects) / 2


def test_docs_explain_every_code() -> None:
    text = (ROOT / "docs" / "report-format.md").read_text()
    assert [code for code in Code if f"`{code}`" not in text] == []
