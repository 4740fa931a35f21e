"""Keys that are to be changed for their age: what a night says of them, what a roll-out does, and clocks that lie."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leeboard.escrow.disks.disk import Credentials
from leeboard.escrow.disks.readings import lasts
from leeboard.escrow.vault.records import SLACK, State
from leeboard.model.device import Device
from leeboard.model.finding import Judged
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.unit.linux.disks import PASSPHRASE, needs_cryptsetup

from .desk import DEVICE, Desk
from .night import observed

pytestmark = needs_cryptsetup
YEAR = DEVICE.model_copy(update={"overrides": {"ENC-08": {"age": 365}}})
ONE = timedelta(days=1)


def age(desk: Desk, at: datetime, device: Device = YEAR) -> Judged:
    """What the finding on ENC-08 says of the key's age, at a moment."""
    findings = evaluate(resolve(load(), device), observed(desk, device, at))
    (found,) = (one for one in findings if one.control == "ENC-08")
    return next(one for one in found.judged if one.setting == "age")


def test_how_long_a_key_lasts_is_what_the_school_says() -> None:
    assert lasts(resolve(load(), DEVICE)) == 3650
    assert lasts(resolve(load(), YEAR)) == 365


def test_a_key_is_as_old_as_the_clock_says(desk: Desk) -> None:
    desk.run()
    made = datetime.fromisoformat(desk.current.made)
    found = age(desk, made + 365 * ONE + timedelta(hours=23))
    assert (str(found.verdict), found.seen) == ("compliant", "365 days")
    found = age(desk, made + 366 * ONE)
    assert (str(found.verdict), found.seen) == ("drifted", "366 days")
    assert f"key {desk.current.id} was made at {desk.current.made}" in found.reason
    assert str(age(desk, made + 366 * ONE, DEVICE).verdict) == "compliant", "nobody asked for it"


def test_an_old_key_is_changed_by_the_next_roll_out(desk: Desk) -> None:
    desk.run()
    old, secret = desk.current, desk.secret(desk.current)
    desk.at += 365 * ONE
    assert not desk.run(lasts=365).changed, "on its last day it is good"
    desk.at += ONE
    before = desk.now
    assert f"key {old.id} is 366 days old (made at {old.made}), and lasts 365" in desk.run(lasts=365, dry=True).summary
    assert desk.now == before and desk.current == old
    outcome = desk.run(lasts=365)
    assert outcome.changed and not outcome.failed, outcome.summary
    assert desk.current.id != old.id and desk.disk.opens(desk.secret(desk.current)) and desk.disk.opens(PASSPHRASE)
    assert not desk.disk.opens(secret) and desk.secret(old) == secret, "gone from the disk, and readable in the vault"
    assert {one.id: one.state for one in desk.kept.keys}[old.id] is State.RETIRED
    assert not desk.run(lasts=365).changed


def test_without_anything_that_opens_the_disk_it_is_said_and_stays(desk: Desk) -> None:
    desk.run()
    old = desk.current
    desk.at += 400 * ONE
    before = desk.now
    outcome = desk.run(Credentials(), lasts=365)
    assert not outcome.changed and not outcome.failed
    (said,) = outcome.waiting
    assert f"key {old.id} is 400 days old" in said and "have somebody run leeboard-authorise" in said
    assert desk.now == before and desk.current == old


def test_for_ever_is_for_ever(desk: Desk) -> None:
    desk.run()
    desk.at += 40_000 * ONE
    assert not desk.run().changed


@pytest.mark.parametrize("back", [timedelta(hours=2), 400 * ONE])
def test_a_clock_that_was_put_back_is_said_and_nothing_changes(desk: Desk, back: timedelta) -> None:
    desk.run()
    old, before = desk.current, desk.now
    desk.at -= back
    outcome = desk.run(lasts=365)
    assert not outcome.changed and not outcome.failed
    assert f"key {old.id} was made at {old.made}, and by this controller's clock" in outcome.summary
    assert desk.now == before and desk.current == old
    found = age(desk, datetime.fromisoformat(old.made) - back)
    assert str(found.verdict) == "error" and "put the clock right" in found.reason


def test_a_clock_that_is_put_back_a_little_is_no_trouble(desk: Desk) -> None:
    desk.run()
    found = age(desk, datetime.fromisoformat(desk.current.made) - SLACK)
    assert (str(found.verdict), found.seen) == ("compliant", "0 days")


def test_before_the_first_key_there_is_no_age(desk: Desk) -> None:
    found = age(desk, desk.at)
    assert str(found.verdict) == "not_checked" and "no key that opens it is kept" in found.reason
