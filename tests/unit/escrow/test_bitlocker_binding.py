"""`escrow verify` and recovery passwords of BitLocker: the ledger beside what the last check saw of the volumes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.volumes.binding import unbound

OWNER = ("900001", "EP-0001")
C, D = "aaaaaaaa-0000-4000-8000-00000000000c", "aaaaaaaa-0000-4000-8000-00000000000d"
PASSWORD, OTHER = "{11111111-0000-4000-8000-000000000001}", "{22222222-0000-4000-8000-000000000002}"
AT = datetime(2026, 12, 1, 2, tzinfo=UTC)


def key(**changes: Any) -> Key:
    about = {
        "urn": OWNER[0], "asset": OWNER[1], "id": "K-1", "state": State.COMPARED, "digest": "d", "disk": C,
        "made": "2026-11-20T10:00:00Z", "kind": Kind.BITLOCKER, "protector": PASSWORD, "proved": "2026-11-20T10:00:05Z",
    }  # fmt: skip
    return Key(**{**about, **changes})


def volume(guid: str = C, letter: str = "C:", kind: int = 0, **changes: Any) -> dict[str, Any]:
    protectors = [{"id": PASSWORD, "type": 3}, {"id": "{T}", "type": 1}]
    about = {"name": f"\\\\?\\Volume{{{guid}}}\\", "letter": letter, "kind": kind, "conversion": 1, "protection": 1}
    return {**about, "method": 7, "lock": 0, "protectors": protectors, **changes}


def observation(*volumes: dict[str, Any], **effective: Any) -> dict[str, Any]:
    found = {"state": "value", "value": [json.dumps(one) for one in volumes], "source": "WMI"}
    reading = {"driver": "bitlocker_volume", "address": "volumes", "effective": effective or found}
    return {"readings": [{"driver": "registry", "address": "x", "effective": 1}, reading]}


def verify(*keys: Key, said: dict[str, Any] | None, at: datetime | None = AT) -> list[str]:
    return unbound(keys, {OWNER: at}, lambda urn, asset: said if (urn, asset) == OWNER else None)


def test_a_password_that_is_in_its_volume_is_no_problem() -> None:
    assert verify(key(), said=observation(volume())) == []
    assert verify(key(), said=observation(volume()), at=datetime(2026, 11, 1, tzinfo=UTC)) == []
    waits = volume(conversion=0, protection=0, hardware_test=2)
    assert verify(key(state=State.USED), said=observation(waits)) == []


@pytest.mark.parametrize(
    "other", [key(kind=Kind.LUKS, protector=""), key(state=State.RETIRED), key(state=State.UNUSED)]
)
def test_what_is_no_recovery_password_in_use_is_not_looked_for(other: Key) -> None:
    assert verify(other, said=None) == []


GONE = volume(protectors=[{"id": OTHER, "type": 3}])
PROBLEMS: dict[str, tuple[dict[str, Any] | None, str]] = {
    "never checked": (None, "no check has compared its recovery passwords with its volumes yet"),
    "gone": (observation(GONE), f"key K-1, its recovery password {PASSWORD}, is gone from C:"),
    "another type": (
        observation(volume(protectors=[{"id": PASSWORD, "type": 8}])), "is no recovery password on C:, but a password"),
    "a type of tomorrow": (
        observation(volume(protectors=[{"id": PASSWORD, "type": 42}])), "on C:, but a strange protector"),
    "another disk": (observation(volume(D)), f"is of a volume that it did not have ({C})"),
    "locked": (
        observation(volume(conversion=None, protection=2, lock=1, protectors=None)),
        "cannot be compared: the protectors of C: could not be read"),
    "a data drive of its own": (
        observation(volume(), volume(D, "D:", 1)), "D: is encrypted, and no recovery password of it is kept"),
    "refused": (
        observation(state="unreadable", code="denied", why="WMI was refused"),
        "its volumes cannot be compared: WMI was refused"),
    "no BitLocker": (observation(state="absent", source="WMI"), "its volumes cannot be compared: it has no BitLocker"),
    "nonsense": (observation(state="value", value=["{"], source="WMI"), "what the device says of its volumes makes no"),
    "half a reading": (observation(state="value"), "what the device said of them makes no sense"),
    "nothing of it": ({"readings": []}, "the device said nothing of them"),
}  # fmt: skip


@pytest.mark.parametrize("what", PROBLEMS)
def test_what_the_last_check_did_not_find_is_named(what: str) -> None:
    said, words = PROBLEMS[what]
    lines = verify(key(), said=said)
    assert any(words in line for line in lines), lines
    assert all(line.startswith("900001 EP-0001: ") for line in lines)
    assert said is None or all(line.endswith("(seen on 01 December 2026)") for line in lines)


def test_a_check_from_before_the_password_says_nothing_of_it() -> None:
    (line,) = verify(key(), said=observation(GONE), at=datetime(2026, 11, 19, tzinfo=UTC))
    assert "no check has seen it since key K-1 was compared at 2026-11-20T10:00:05Z" in line


def test_volumes_that_nobody_looks_after_are_no_problem() -> None:
    stick = volume(D, "E:", 2)
    bare = volume("aaaaaaaa-0000-4000-8000-00000000000e", "", 1)
    clear = volume("aaaaaaaa-0000-4000-8000-00000000000f", "F:", 1, conversion=0, protectors=[])
    assert verify(key(), said=observation(volume(), stick, bare, clear)) == []
