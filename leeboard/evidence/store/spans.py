"""What was not well with each setting of a device, from when to when. Pure.

A span has a key (control, setting, element), a verdict and a reason code, and begins and ends at places in the order of
a school's bundles. Only what is not well has one: compliant is the absence of a span where the device was observed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from leeboard.evidence.notes.member_salt import digest
from leeboard.model.finding import Finding, Judged, best_route
from leeboard.model.operators import OPERATORS
from leeboard.model.values import Value
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Baseline
from leeboard.verdict.cause import WELL

MOST_ELEMENTS = 200  # of a setting
REST = "and more"  # the element that stands for those beyond
LONGEST = 200  # characters of an element; a longer one is known by its digest

Key = tuple[str, str, str]  # control, setting, element
State = tuple[str, str]  # verdict, code


@dataclass(frozen=True)
class Change:
    """What a new observation does to the open spans of a device: keys that end, and those that begin."""

    ends: tuple[Key, ...]
    begins: Mapping[Key, State]


def listed(baseline: Baseline) -> dict[tuple[str, str], bool]:
    """The settings, by control and id, of which each member of a list is right or wrong by itself.

    True for those whose members may name people.
    """
    return {
        (control.id, setting.id): baseline.drivers[setting.driver].members == "people"
        for family in baseline.families
        for control in family.controls
        for setting in control.settings
        if OPERATORS[setting.accept.operator].rest is not None
    }


def states(findings: Iterable[Finding], lists: Mapping[tuple[str, str], bool], salt: str) -> dict[Key, State]:
    """What is not well, by key; `lists` are the settings whose members count one by one, as digests where True.

    A way to fulfil a control that is not needed, since another one does, is no trouble.
    """
    found: dict[Key, State] = {}
    for finding in findings:
        fulfilled = best_route(finding.judged) is Verdict.COMPLIANT
        bad = [one for one in finding.judged if one.verdict not in WELL and not (one.route and fulfilled)]
        for judged in bad:
            people = lists.get((finding.control, judged.setting))
            for element in _members(judged, salt if people else "") if people is not None else [""]:
                key = (finding.control, judged.setting, element)
                found[key] = max(found.get(key, ("", "")), (judged.verdict.value, judged.code))
        if not bad and finding.verdict not in WELL:
            found[finding.control, "", ""] = (finding.verdict.value, "")
    return found


def change(before: Mapping[Key, State], now: Mapping[Key, State], controls: Collection[str]) -> Change:
    """From what was not well to what is not well now, where these controls were judged: others are left as they are."""
    ends = tuple(key for key, state in before.items() if key[0] in controls and not _alike(state, now.get(key)))
    return Change(ends, {key: state for key, state in now.items() if not _alike(state, before.get(key))})


def _alike(one: State, other: State | None) -> bool:
    """The same verdict for the same reason. An older Leeboard gave few reasons: an update is no news."""
    return other is not None and one[0] == other[0] and (one[1] == other[1] or not (one[1] and other[1]))


def _members(judged: Judged, salt: str) -> list[str]:
    """The members of a list that are not accepted, as digests where there is a salt; [""] where they are not known."""
    texts = {_element(value) for value in judged.values if value is not None}
    found = sorted(digest(salt, text) if salt else text for text in texts) or [""]
    return found if len(found) <= MOST_ELEMENTS else [*found[:MOST_ELEMENTS], REST]


def _element(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= LONGEST:
        return text
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
