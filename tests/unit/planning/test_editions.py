"""What an edition of Windows cannot have, by the facts of a device and the steps of its plan."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.model.observation import Observation
from leeboard.planning.editions import (
    IN_NO_DOMAIN,
    MAKES_NONE,
    NO_BITLOCKER,
    NO_POLICY,
    NO_REMOTE_DESKTOP,
    NOT_THIS_EDITION,
    WITHIN_REACH,
    device_tunnel,
    edition_of,
    lacking,
    no_bitlocker,
)
from leeboard.planning.plan import Change, Step
from tests.unit.brain import absent, observation, unreadable, value

FVE = r"HKLM\SOFTWARE\Policies\Microsoft\FVE:EncryptionMethodWithXtsOs"
WRITES = r"HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE:RDVDenyWriteAccess"


def seen(**facts: dict[str, Any]) -> Observation:
    return observation([], facts=facts)


def step(driver: str, *addresses: str) -> Step:
    changes = tuple(Change("REM-06", address, 1, "dword", "f") for address in addresses)
    return Step(driver, f"leeboard.schools.win_{driver}", changes)


def test_the_edition_is_what_the_device_says_and_empty_where_that_could_not_be_read() -> None:
    assert edition_of(seen(edition=value("home"))) == "home"
    assert edition_of(seen(edition=unreadable())) == edition_of(seen()) == ""


@pytest.mark.parametrize(
    ("edition", "steps", "words"),
    [
        ("home", [step("remote_desktop", "UserAuthentication")], (NO_REMOTE_DESKTOP,)),
        ("home", [step("remote_desktop", "fAllowToGetHelp", "fAllowUnsolicited")], ()),
        ("home", [step("remote_desktop", "fAllowToGetHelp", "fDisableCdm")], (NO_REMOTE_DESKTOP,)),
        ("home", [step("bitlocker_policy", "startup/UseTPM"), step("registry", FVE)], (NO_POLICY,)),
        ("home", [step("registry", WRITES)], (NO_POLICY,)),
        ("home", [step("registry", r"HKLM\SOFTWARE\Policies\Microsoft\Windows\System:X")], ()),
        ("home", [step("winrm", "Service:AllowBasic"), step("vpn_connection", "tunnel")], ()),
        ("home", [], ()),
        ("pro", [step("remote_desktop", "UserAuthentication"), step("registry", FVE)], ()),
        ("", [step("remote_desktop", "UserAuthentication")], ()),
    ],
)
def test_what_an_edition_lacks_is_said_once_of_the_steps_that_are_about_it(
    edition: str, steps: list[Step], words: tuple[str, ...]
) -> None:
    assert lacking(seen(edition=value(edition)), steps) == words


@pytest.mark.parametrize(
    ("edition", "protected", "words"),
    [
        (value("home"), value(False), NO_BITLOCKER),
        (value("home"), unreadable(), NO_BITLOCKER),
        (value("home"), value(True), ""),
        (value("pro"), value(False), ""),
        (unreadable(), value(False), ""),
    ],
)
def test_bitlocker_is_refused_on_home_unless_device_encryption_has_switched_it_on(
    edition: dict[str, Any], protected: dict[str, Any], words: str
) -> None:
    assert no_bitlocker(seen(edition=edition, bitlocker_os_volume=protected)) == words


@pytest.mark.parametrize(
    ("edition", "domain", "words"),
    [
        (value("enterprise"), absent(), IN_NO_DOMAIN),
        (value("enterprise"), value("school.example"), WITHIN_REACH),
        (value("education"), value("school.example"), WITHIN_REACH),
        (value("pro"), value("school.example"), f"{NOT_THIS_EDITION}Windows Pro"),
        (value("home"), unreadable(), f"{NOT_THIS_EDITION}Windows Home"),
        (value("other"), value("school.example"), MAKES_NONE),
        (unreadable(), value("school.example"), MAKES_NONE),
        (unreadable(), unreadable(), ""),
    ],
)
def test_a_device_tunnel_takes_a_member_of_a_domain_with_the_right_edition(
    edition: dict[str, Any], domain: dict[str, Any], words: str
) -> None:
    assert device_tunnel(seen(edition=edition, domain=domain)) == words
