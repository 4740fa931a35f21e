"""Who else keeps a Windows device to a configuration of its own, by what the device says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.planning.authorities import WITH_DSC, authorities
from tests.unit.brain import absent, observation, unreadable, value

SERVER = "osconfig: SecurityBaseline/WS2025/MemberServer"
WITH_SERVER = (
    "OSConfig keeps this device to SecurityBaseline/WS2025/MemberServer, Defender/Antivirus: what it sets is its own "
    "and is left alone; change it there"
)


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (value([]), ()),
        (value(["dsc"]), (WITH_DSC,)),
        (value([SERVER, "osconfig: Defender/Antivirus"]), (WITH_SERVER,)),
        (value(["dsc", SERVER, "osconfig: Defender/Antivirus"]), (WITH_DSC, WITH_SERVER)),
        (value("dsc"), ()),
        (absent(), ()),
        (unreadable(), ()),
    ],
)
def test_each_is_said_in_a_line_of_its_own(fact: dict[str, Any], words: tuple[str, ...]) -> None:
    assert authorities(observation([], facts={"configured_by": fact})) == words


def test_a_device_that_says_nothing_of_it_has_none() -> None:
    assert authorities(observation([])) == ()
