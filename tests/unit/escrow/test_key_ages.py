"""Keys that are to be changed for their age: what a night says of them, what a roll-out does, and clocks that lie."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leeboard.escrow.disks.disk import Credentials
from leeboard.escrow.disks.readings import lasts
from leeboard.escrow.vault.records import State
from leeboard.model.device import Device
from leeboard.model.finding import Judged
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.judgements.escrowed_keys import SLACK
from tests.unit.linux.disks import PASSPHRASE, needs_cryptsetup

from .controller import DEVICE, Controller
from .nightly_check import observed

pytestmark = needs_cryptsetup
YEAR = DEVICE.model_copy(update={"overrides": {"ENC-08": {"age": 365}}})
ONE = timedelta(days=1)


def age(controller: Controller, at: datetime, device: Device = YEAR) -> Judged:
    """What the finding on ENC-08 says of the key's age, at a moment."""
    findings = evaluate(resolve(load(), device), observed(controller, device), at)
    (found,) = (one for one in findings if one.control == "ENC-08")
    return next(one for one in found.judged if one.setting == "age")


def test_how_long_a_key_lasts_is_what_the_school_says() -> None:
    assert lasts(resolve(load(), DEVICE)) == 3650
    assert lasts(resolve(load(), YEAR)) == 365


def test_a_key_is_as_old_as_the_clock_says(controller: Controller) -> None:
    controller.run()
    made = datetime.fromisoformat(controller.current.made)
    found = age(controller, made + 365 * ONE + timedelta(hours=23))
    assert (str(found.verdict), found.seen) == ("compliant", "365 days")
    found = age(controller, made + 366 * ONE)
    assert (str(found.verdict), found.seen) == ("drifted", "366 days")
    assert f"key {controller.current.id} was made at {controller.current.made}" in found.reason
    assert str(age(controller, made + 366 * ONE, DEVICE).verdict) == "compliant", "nobody asked for it"


def test_an_old_key_is_changed_by_the_next_roll_out(controller: Controller) -> None:
    controller.run()
    old, secret = controller.current, controller.secret(controller.current)
    controller.at += 365 * ONE
    assert not controller.run(lasts=365).changed, "on its last day it is good"
    controller.at += ONE
    before = controller.now
    assert (
        f"key {old.id} is 366 days old (made at {old.made}), and lasts 365"
        in controller.run(lasts=365, dry=True).summary
    )
    assert controller.now == before and controller.current == old
    outcome = controller.run(lasts=365)
    assert outcome.changed and not outcome.failed, outcome.summary
    assert (
        controller.current.id != old.id
        and controller.disk.opens(controller.secret(controller.current))
        and controller.disk.opens(PASSPHRASE)
    )
    assert not controller.disk.opens(secret) and controller.secret(old) == secret, (
        "gone from the disk, and readable in the vault"
    )
    assert {one.id: one.state for one in controller.kept.keys}[old.id] is State.RETIRED
    assert not controller.run(lasts=365).changed


def test_without_anything_that_opens_the_disk_it_is_said_and_stays(controller: Controller) -> None:
    controller.run()
    old = controller.current
    controller.at += 400 * ONE
    before = controller.now
    outcome = controller.run(Credentials(), lasts=365)
    assert not outcome.changed and not outcome.failed
    (said,) = outcome.waiting
    assert f"key {old.id} is 400 days old" in said and "have somebody run leeboard-authorise" in said
    assert controller.now == before and controller.current == old


def test_for_ever_is_for_ever(controller: Controller) -> None:
    controller.run()
    controller.at += 40_000 * ONE
    assert not controller.run().changed


@pytest.mark.parametrize("back", [timedelta(hours=2), 400 * ONE])
def test_a_clock_that_was_put_back_is_said_and_nothing_changes(controller: Controller, back: timedelta) -> None:
    controller.run()
    old, before = controller.current, controller.now
    controller.at -= back
    outcome = controller.run(lasts=365)
    assert not outcome.changed and not outcome.failed
    assert f"key {old.id} was made at {old.made}, and by this controller's clock" in outcome.summary
    assert controller.now == before and controller.current == old
    found = age(controller, datetime.fromisoformat(old.made) - back)
    assert str(found.verdict) == "error" and "put the clock right" in found.reason


def test_a_clock_that_is_put_back_a_little_is_no_trouble(controller: Controller) -> None:
    controller.run()
    found = age(controller, datetime.fromisoformat(controller.current.made) - SLACK)
    assert (str(found.verdict), found.seen) == ("compliant", "0 days")


def test_before_the_first_key_there_is_no_age(controller: Controller) -> None:
    found = age(controller, controller.at)
    assert str(found.verdict) == "not_checked" and "no key that opens it is kept" in found.reason
