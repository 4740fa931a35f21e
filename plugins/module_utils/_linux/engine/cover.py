"""What brings a device back from a change that could cut its technician off, said by a driver before the change.

A driver of such changes has, beside `observe` and `dry_run`,

    CUT_OFF = True
    cover(host, changes)    -> Cover; changes nothing, raises ChangeRefused where the device could not be brought back

The checkpoint writes all of it to the device's disk before the first change (docs/decisions/0028-checkpoint.md).
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A fixed command of putting back. `{state}` in an argument is the folder that holds the cover's `state`.

    It runs whatever the one before it returned, for at most `seconds`. At a start-up that finds a checkpoint
    unconfirmed no daemon is waited for: there only commands that are marked `at_start` run.
    """

    argv: tuple[str, ...]
    seconds: int = 30
    at_start: bool = False


class Proof(NamedTuple):
    """A command that tells whether the device is back: it ends with 0, and prints `prints` where that is given."""

    argv: tuple[str, ...]
    prints: bytes | None = None
    seconds: int = 30


class Cover(NamedTuple):
    """All that one driver's change may touch.

    `files` (absolute paths) are copied with owner, mode, ACL and extended attributes, or noted as absent. Of `folders`
    the same goes for each file below them, and a file that came since is removed. `units` get back whether they were
    enabled, masked and active; one that is named in `restart` is restarted, or started, after the files are back.
    `state` (name: bytes) is what lies in no file, for `commands`. `longest` is the seconds that the change may take.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    state: dict[str, bytes] = {}  # noqa: RUF012  a NamedTuple's default, never written to
    commands: tuple[Command, ...] = ()
    proofs: tuple[Proof, ...] = ()
    longest: int = 60
