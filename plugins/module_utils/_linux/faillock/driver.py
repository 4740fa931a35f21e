"""The driver of the guessing limit at sign-in: does PAM really call pam_faillock, and with which numbers.

A mistake in PAM locks everybody out: a change is made under a checkpoint only, and tried with a throw-away account
(`trial`). Addresses: those of `limit`, all of which are read; `pam` is only ever switched on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..engine.edits import Change, DryRun
from ..engine.host import Host
from ..engine.reading import Readings
from ..engine.safe_read import read_each
from .limit import ADDRESSES, NAME, read

if TYPE_CHECKING:
    from ..engine.cover import Cover

CUT_OFF = True
__all__ = ["ADDRESSES", "CUT_OFF", "NAME", "cover", "dry_run", "observe"]


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files as they will be, and the trial that goes with them. Raises ChangeRefused, HostError."""
    from . import changes as changing

    return changing.dry_run(host, changes)


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back from the change. Raises ChangeRefused, HostError."""
    from . import changes as changing

    return changing.cover(host, changes)
