"""Whatever dies when while the TPM is enrolled: a machine at any command that changes something, a controller or a
machine at any write.

The points are counted on a run that goes through, never typed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from leeboard.escrow.binding import faults, strangers
from leeboard.escrow.records import State
from tests.unit.escrow.vaults import Died, bring_back, dying, keep
from tests.unit.linux.disks import PASSPHRASE, needs_cryptsetup

from .tpm_desk import ABLE, DRACUT, IMAGE, PIN, WITH_PIN, TpmDesk

pytestmark = needs_cryptsetup


def replaced(desk: TpmDesk) -> None:
    """A weaker token is there, and the image has to be made anew."""
    desk.disk.by_hand("--tpm2-pcrs=7")
    desk.run()
    desk.disk.pack(DRACUT)


def first(desk: TpmDesk) -> None:
    """Nothing is there but the key."""
    desk.run()


# A point takes seconds: one in so many in each run, and all of them in the full proof.
SOME_COMMANDS = 3
SOME_WRITES = 13
ALL = [
    pytest.param(before, moment, 1, marks=pytest.mark.full)
    for before in (replaced, first)
    for moment in ("before", "after")
]
NAMES = ("before", "moment", "every")


def said(one: object) -> str:
    """A parameter in the name of a test."""
    return getattr(one, "__name__", str(one))


@pytest.mark.parametrize(NAMES, [(replaced, "before", SOME_COMMANDS), *ALL], ids=said)
def test_a_machine_that_dies_at_any_command(
    with_tpm: TpmDesk, before: Callable[[TpmDesk], None], moment: str, every: int
) -> None:
    _points(with_tpm, before, moment, every, by_command=True)


@pytest.mark.parametrize(NAMES, [(replaced, "before", SOME_WRITES), *ALL], ids=said)
def test_whoever_dies_at_any_write(
    with_tpm: TpmDesk, before: Callable[[TpmDesk], None], moment: str, every: int
) -> None:
    _points(with_tpm, before, moment, every, by_command=False)


def _points(desk: TpmDesk, before: Callable[[TpmDesk], None], moment: str, every: int, by_command: bool) -> None:
    before(desk)
    saved = keep(desk.vault, desk.disk.folder)
    boot = desk.disk.folder / "root/boot"
    shutil.copy(desk.disk.path, saved / "disk")
    shutil.copytree(boot, saved / "boot")
    points = _run(desk, by_command, 0, moment)
    assert points > 5, points
    for point in range(1, points + 1, every):
        bring_back(desk.vault, saved)
        shutil.copy(saved / "disk", desk.disk.path)
        shutil.rmtree(boot)
        shutil.copytree(saved / "boot", boot)
        with suppress(Died):
            _run(desk, by_command, point, moment)
        desk.disk.dies_at = None
        _whole(desk, point)


def _run(desk: TpmDesk, by_command: bool, point: int, moment: str) -> int:
    """A roll-out during which something dies at its `point`th command or write; how many there were."""
    if by_command:
        desk.disk.commands, desk.disk.dies_at = 0, (point, moment)
        desk.wish(WITH_PIN)
        return desk.disk.commands
    with dying(point, moment) as calls:
        desk.wish(WITH_PIN)
    return calls[0]


def _whole(desk: TpmDesk, point: int) -> None:
    """What opened the disk opens it, the machine's image is whole, and the next run finishes."""
    assert desk.disk.opens(PASSPHRASE), point
    for key in desk.kept.keys:
        if key.state in (State.PROVED, State.USED) and not faults(key, desk.now):
            assert desk.disk.opens(desk.secret(key)), point
    seen = desk.disk.seen()
    was = [one for one in seen.tokens if not one.pin and one.slots]
    assert not was or desk.disk.by_itself(), f"the TPM opened it by a token that is still there ({point})"
    assert desk.disk.packed() in (set(DRACUT), set(ABLE)), point

    outcome = desk.wish(WITH_PIN)
    assert not outcome.failed and not outcome.waiting, (point, outcome.words)
    again = desk.wish(WITH_PIN)
    assert not again.changed, (point, again.words)
    (token,) = desk.disk.seen().tokens
    assert desk.disk.by_itself("--token-id", str(token.id), pin=PIN), point
    assert desk.disk.opens(PASSPHRASE) and desk.disk.opens(desk.secret(desk.current)), point
    assert desk.disk.slots() == sorted([0, desk.current.binding["slot"], *token.slots]), point
    assert len(desk.now.tokens) == 2 and strangers(desk.current, desk.now) == [], point
    assert sorted(os.listdir(desk.disk.folder / "root/boot")) == ["grub", Path(IMAGE).name], point
    assert len(desk.kept.headers) == 1, point
