"""What is wanted of BitLocker, from level and inventory."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.tpm_policy import parse_policy
from leeboard.escrow.volumes.keeping import Strangers, Wish
from leeboard.escrow.volumes.wish import POLICY, parse_options, wish_of
from leeboard.model.device import Device
from leeboard.model.observation import Found, Observation, Reading
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve

BASELINE = load()


def observed(method: int | None = None) -> Observation:
    """A device whose policy asks for a method."""
    driver, address = POLICY
    found = [Found(state="value", value=method, source="policy")] if method is not None else []
    readings = [Reading(driver=driver, address=address, effective=one) for one in found]
    return Observation.model_construct(readings=tuple(readings))


def wish(
    level: str = "standard",
    role: str = "office",
    tpm: str = "",
    pin: str = "",
    options: Any = None,
    method: int | None = None,
    manager: str | None = None,
    shared_with: str = "",
) -> tuple[Wish, str]:
    device = Device.model_validate(
        {"name": "d1", "asset": "d1", "urn": "100001", "school": "A School", "form": "portable", "level": level}
        | {"role": role, "platform": "windows", "parameters": {"bitlocker_manager": manager} if manager else {}}
    )
    policy = parse_policy(tpm, pin)
    return wish_of(
        resolve(BASELINE, device), observed(method), policy, pin, parse_options(options), 90, shared_with=shared_with
    )


def test_the_level_says_what_opens_it_and_the_stricter_method_is_taken() -> None:
    found, wrong = wish()
    assert found.driver == {
        "protector": "tpm", "method": 7, "used_space": False, "options": [], "without_pin": False,
        "left_drives": [], "left_start": False,
    }  # fmt: skip
    assert (found.pin, found.strangers, found.lasts, wrong) == ("", Strangers.REPORT, 90, "")
    assert (wish("high", pin="19283746")[0].driver["protector"], wish("high", pin="19283746")[0].pin) == (
        "tpm-and-pin",
        "19283746",
    )
    assert wish("sensitive", "staff_portable")[0].driver["protector"] == "tpm-and-pin"
    assert wish("sensitive")[0].driver["protector"] == "tpm"


@pytest.mark.parametrize(("level", "policy", "method"), [("standard", 6, 6), ("standard", 3, 7), ("high", 6, 7)])
def test_the_policy_of_the_device_is_followed_where_the_level_accepts_it(level: str, policy: int, method: int) -> None:
    assert wish(level, method=policy)[0].driver["method"] == method


def test_the_whole_disk_is_encrypted_unless_a_new_one_is_named() -> None:
    assert wish(options=["used_space"])[0].driver["used_space"] is True
    with pytest.raises(LeeboardError, match="level high asks for the whole disk"):
        wish("high", options=["used_space"])


def test_a_weaker_start_than_the_level_asks_for_is_refused() -> None:
    assert wish("standard", tpm="tpm-and-pin", pin="192837")[0].pin == "192837"
    with pytest.raises(LeeboardError, match="leeboard_disk_tpm is tpm, and the level asks for tpm-and-pin at a start"):
        wish("high", tpm="tpm")


@pytest.mark.parametrize(
    ("level", "pin", "words"),
    [
        ("high", "", "leeboard_disk_pin is not in the school's vault"),
        ("high", "192837", "must have 8 to 64 characters at level high"),
        ("high", "correct horse", "has other characters than digits"),
        ("high", "1" * 21, "has more than 20 digits"),
        ("standard", "12345", "must have 6 to 64 characters at level standard"),
        ("standard", "19283a", "has other characters than digits"),
        ("standard", "-192837", "has other characters than digits"),
        ("standard", "1928.37", "has other characters than digits"),
        # What Python calls digits and no keyboard of a start has.
        ("standard", "\u0661\u0669\u0662\u0668\u0663\u0667", "characters that not every keyboard types"),
        ("standard", "19283\u00b2", "characters that not every keyboard types"),
        ("standard", "192837\n", "characters that not every keyboard types"),
        ("standard", " 192837", "a blank at its end"),
        ("standard", "192837\x00", "characters that not every keyboard types"),
    ],
)
def test_what_is_wrong_with_a_pin_is_said_and_it_is_not_sent(level: str, pin: str, words: str) -> None:
    found, wrong = wish(level, tpm="tpm-and-pin", pin=pin)
    assert words in wrong and found.pin == "" and (not pin or pin not in wrong)


def test_one_pin_for_several_devices_is_not_sent() -> None:
    found, wrong = wish("high", pin="19283746", shared_with="office-2")
    assert "leeboard_disk_pin is that of office-2 too, and a PIN is of one device" in wrong
    assert found.pin == "" and found.driver["without_pin"] is True
    assert wish("standard", pin="19283746", shared_with="office-2")[1] == "", "no PIN is asked for there"


def test_options_are_names_that_are_there() -> None:
    found = wish(options=["remove_strangers", "adopt_passwords", "remove_strangers"])[0]
    assert (found.driver["options"], found.strangers) == (["remove_strangers"], Strangers.ADOPT)
    assert wish(options=["replace_passwords"])[0].strangers is Strangers.REPLACE
    for given, words in (
        ("retry_test", "must be a list of names"),
        (["decrypt"], "names 'decrypt'; there are remove_strangers, retry_test"),
        (["adopt_passwords", "replace_passwords"], "either kept or replaced"),
    ):
        with pytest.raises(LeeboardError, match=words):
            parse_options(given)


@pytest.mark.parametrize(
    ("manager", "options", "takes_over"),
    [
        (None, [], False),
        ("report", [], False),
        ("leave", ["leave_to_manager"], False),
        ("adopt", ["beside_manager"], True),
    ],
)
def test_the_school_says_what_becomes_of_a_device_that_another_service_manages(
    manager: str | None, options: list[str], takes_over: bool
) -> None:
    found = wish(manager=manager)[0]
    assert (found.driver["options"], found.takes_over, found.strangers) == (options, takes_over, Strangers.REPORT)
    both = wish(manager=manager, options=["without_pcr7"])[0]
    assert both.driver["options"] == ["without_pcr7", *options]


def test_another_word_for_a_manager_is_refused() -> None:
    with pytest.raises(LeeboardError, match="leeboard_bitlocker_manager"):
        wish(manager="ignore")
    with pytest.raises(LeeboardError, match="names 'beside_manager'"):
        parse_options(["beside_manager"])
