"""Overrides of the inventory only ever narrow what the baseline accepts, whatever they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.operators import OPERATORS, WrongType
from leeboard.model.values import Value
from leeboard.policy.load import load
from leeboard.policy.resolve import WantedSetting, resolve

BASELINE = load()
PLACES = [(control.id, setting.id) for control in BASELINE.controls for setting in control.settings]
WORDS = st.sampled_from(
    (
        *("", "lock", "ignore", "lock-screen", "force-logout", "none", "OFFICIAL", "/etc/issue.net", "1", "900"),
        *("root:root 0600", "root:root 0644", "root:root 0777", "daemon:root 0600", "Debian 13", "\\S"),
    )
)
NUMBERS = st.integers(-2, 2000)
VALUES = st.booleans() | NUMBERS | WORDS | st.lists(WORDS, max_size=3)
DEVICES = st.builds(
    dict,
    level=st.sampled_from(Level),
    form=st.sampled_from(Form),
    role=st.sampled_from(Role),
    platform=st.sampled_from((Platform.LINUX, Platform.WINDOWS)),
)


def device(where: dict[str, Any], overrides: dict[str, Any]) -> Device:
    """A device of a school with these overrides."""
    fixed = {"name": "d1", "asset": "d1", "urn": "100001", "school": "A School"}
    return Device.model_validate({**fixed, **where, "overrides": overrides})


def find(place: tuple[str, str], of: Device) -> WantedSetting | None:
    """What is wanted at one place."""
    found = resolve(BASELINE, of).settings
    return next((one for one in found if (one.control.id, one.setting.id) == place), None)


def accepts(operator: str, found: Value, demand: Value) -> bool:
    """Whether a reading would be compliant."""
    try:
        return OPERATORS[operator].holds(found, demand)
    except WrongType:
        return False


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(where=DEVICES, place=st.sampled_from(PLACES), override=VALUES, readings=st.lists(VALUES, max_size=8))
def test_an_override_accepts_nothing_that_the_baseline_does_not(
    where: dict[str, Any], place: tuple[str, str], override: Any, readings: list[Any]
) -> None:
    usual = find(place, device(where, {}))
    assume(usual is not None)
    assert usual is not None
    try:
        narrowed = find(place, device(where, {place[0]: {place[1]: override}}))
    except LeeboardError:
        return
    assert narrowed is not None
    assert narrowed.mode is usual.mode
    assert (narrowed.write is None) == (usual.write is None)
    candidates = [override, usual.value, usual.write, *readings, True, False, 0, 1, -1, "", 5, 300, 600, 900, 1800]
    for raw in candidates:
        found = tuple(raw) if isinstance(raw, list) else raw
        if found is not None and accepts(usual.operator, found, narrowed.value):
            assert accepts(usual.operator, found, usual.value), (found, narrowed.value)
    if narrowed.write is not None:
        assert accepts(usual.operator, narrowed.write, narrowed.value)


def test_an_override_is_written() -> None:
    where = {"level": "standard", "form": "desktop", "role": "office", "platform": "linux"}
    found = find(("LCK-01", "idle-delay"), device(where, {"LCK-01": {"idle-delay": 120}}))
    assert found is not None
    assert (found.value, found.write) == (120, 120)


def test_of_a_list_one_member_is_written() -> None:
    where = {"level": "high", "form": "desktop", "role": "office", "platform": "linux"}
    found = find(("LCK-08", "removal-action"), device(where, {"LCK-08": {"removal-action": ["force-logout"]}}))
    assert found is not None
    assert (found.value, found.write) == (("force-logout",), "force-logout")


@pytest.mark.parametrize("weaker", [901, 0, -1, "never", True, ["900"]])
def test_a_weaker_override_is_refused(weaker: Any) -> None:
    where = {"level": "standard", "form": "desktop", "role": "office", "platform": "linux"}
    with pytest.raises(LeeboardError, match=r"LCK-01 idle-delay .* only a stricter value is taken"):
        find(("LCK-01", "idle-delay"), device(where, {"LCK-01": {"idle-delay": weaker}}))


def test_a_number_is_no_switch() -> None:
    where = {"level": "standard", "form": "desktop", "role": "office", "platform": "linux"}
    with pytest.raises(LeeboardError, match="LCK-01 lock-enabled"):
        find(("LCK-01", "lock-enabled"), device(where, {"LCK-01": {"lock-enabled": 1}}))
