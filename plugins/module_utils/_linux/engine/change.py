"""How every driver changes a machine: dry run, compare, journal, write, activate, look again.

A driver is a module with

    NAME                          the driver's name in drivers.yml
    observe(host, addresses)      -> {address: reading}; every address gets one, nothing is raised for a bad machine
    dry_run(host, changes)        -> DryRun: the files as they will be and the commands that load them; changes
                                     nothing, raises ChangeRefused when a change cannot be made safely. What only the
                                     machine can tell afterwards is confirmed, or the files are put back
    CUT_OFF                       True for a driver whose changes could cut off whoever makes them. It has `cover` as
                                  well (cover.py), and changes nothing without this run's checkpoint

A change is `{"address": str, "value": V, "type": T}` with, optionally, `"expect"`: the fingerprint of the reading that
the plan was made from. `apply` refuses when the machine has another one by now.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from typing import Any, Protocol

from . import access_attribute, armed
from .edits import Change, ChangeRefused, DryRun, Edit, FileEdit, PermissionEdit, SecretRemoval, WithheldEdit
from .host import Host
from .journal import Journal
from .reading import Readings, fingerprint


class Driver(Protocol):
    """A module that is a driver."""

    NAME: str
    ADDRESSES: re.Pattern[str]

    def observe(self, host: Host, addresses: list[str]) -> Readings: ...
    def dry_run(self, host: Host, changes: list[Change]) -> DryRun: ...


class PlanOutdated(ChangeRefused):
    """The device no longer says what the change was planned from: observe and plan again."""


def apply(driver: Driver, host: Host, changes: list[Change], run_id: str, check: bool = False) -> dict[str, Any]:
    """Make `changes` with `driver`. Returns changed, before and after (readings by address), diff and journal (path),
    and where there are any, warnings.

    Check mode does everything up to the journal, so it prints the same diff as the real run. `after` is what the
    machine says afterwards, in check mode what it says now.
    """
    addresses = [change["address"] for change in changes]
    before = driver.observe(host, addresses)
    for change in changes:
        expected = change.get("expect")
        if expected and fingerprint(before[change["address"]]) != expected:
            raise PlanOutdated(
                f"{driver.NAME} {change['address']} is no longer what the plan was made from; "
                "check the device again and repeat the roll-out"
            )
    result = driver.dry_run(host, changes)
    edits = [edit for edit in result.edits if _differs(host, edit)]
    outcome: dict[str, Any] = {
        "changed": bool(edits or result.commands),
        "before": before,
        "after": before,
        "diff": [_diff(edit) for edit in edits],
        "journal": None,
    }
    if result.warnings:
        outcome["warnings"] = result.warnings
    if check or not outcome["changed"]:
        return outcome
    guard = _guard(driver, host, run_id, [edit.path for edit in edits])
    guard()
    if result.before:
        result.before()
    journal = Journal(host, run_id)
    journal.record(driver.NAME, changes, before, edits, result.commands)
    back = [_reverse(host, edit) for edit in edits] if result.confirm else []
    for edit in edits:
        guard()
        write(host, edit)
    _load(host, result.commands, f"the files were written and the old ones are in {journal.path}", guard)
    outcome["after"] = driver.observe(host, addresses)
    outcome["journal"] = journal.path
    problem = result.confirm(outcome["after"]) if result.confirm else ""
    if problem:
        journal.record(driver.NAME, changes, outcome["after"], back, result.commands)
        for edit in back[::-1]:
            write(host, edit)
        _load(host, result.commands, f"{problem}; the files are put back as they were", guard)
        raise ChangeRefused(f"{problem}; the change was tried and is put back")
    guard()
    return outcome


def _guard(driver: Driver, host: Host, run_id: str, paths: list[str]) -> Callable[[], None]:
    """What raises ChangeRefused unless the driver may go on: a device that puts itself back is written to no more."""
    if not getattr(driver, "CUT_OFF", False):
        return lambda: None
    return lambda: armed.require(host, driver.NAME, run_id, paths)


def _load(host: Host, commands: list[list[str]], so_far: str, guard: Callable[[], None]) -> None:
    """Run what makes written files take effect. Raises ChangeRefused, which also says how far it came."""
    host.forget()
    for argv in commands:
        guard()
        done = host.act(argv)
        if done.rc != 0:
            raise ChangeRefused(f"{' '.join(argv)} ended with status {done.rc}: {done.err.strip()[-300:]}; {so_far}")
    host.forget()


def _reverse(host: Host, edit: Edit) -> Edit:
    """The edit that brings back what is there before `edit` is made. Raises ChangeRefused where nothing may."""
    if isinstance(edit, PermissionEdit):
        return PermissionEdit(edit.path, edit.after, edit.before, edit.lists and edit.lists[::-1])
    if isinstance(edit, WithheldEdit):
        raise ChangeRefused(f"{edit.path}: a secret that is taken away is never put back")
    if edit.before is None:
        return FileEdit(edit.path, edit.after, None)
    status = host.stat(edit.path)
    # Of a removal that is put back the journal has a digest alone.
    return FileEdit(edit.path, edit.after, edit.before, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))


def write(host: Host, edit: Edit) -> None:
    """Put `edit.after` in place so that a crash leaves the old file or the new one, whole."""
    target = host.path(edit.path)
    if isinstance(edit, PermissionEdit):
        _permit(target, edit)
        return
    if isinstance(edit, WithheldEdit):
        from .home_file import replace  # few changes are made in homes

        replace(host, edit)
        return
    folder = os.path.dirname(target)
    if isinstance(edit, SecretRemoval) or edit.after is None:
        if os.path.lexists(target):
            os.unlink(target)
    else:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        mode, owner = edit.mode, edit.owner
        if os.path.exists(target):
            status = os.stat(target)
            mode = status.st_mode & 0o7777 if mode is None else mode
            owner = (status.st_uid, status.st_gid) if owner is None else owner
        # One name for each file: what a killed run left is replaced by the run that finishes its work.
        temporary = os.path.join(folder, ".leeboard-" + os.path.basename(target))
        if os.path.lexists(temporary):
            os.unlink(temporary)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(edit.after)
                os.fchmod(stream.fileno(), 0o644 if mode is None else mode)
                if owner is not None and os.geteuid() == 0:
                    os.fchown(stream.fileno(), owner[0], owner[1])
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    sync_folder(folder)


def _permit(target: str, edit: PermissionEdit) -> None:
    """Set owner and mode of the file that the dry run saw, and of nothing that was put in its place since."""
    handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        same = edit.inode in (None, (status.st_dev, status.st_ino))
        lists = edit.lists is None or access_attribute.content(handle) == edit.lists[0]
        if not same or not lists or (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) != edit.before:
            raise ChangeRefused(f"{edit.path} was changed by somebody else at this moment; repeat the roll-out")
        mode, *owner = edit.after
        if tuple(owner) != edit.before[1:]:
            os.fchown(handle, *owner)
        if edit.lists:
            # Before the mode, which is a list's mask: a list is what it was, or what it will be, wherever this ends.
            access_attribute.put(handle, edit.lists[1])
        os.fchmod(handle, mode)  # after the owner, since a new owner takes the set-user-id bit away
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: str) -> None:
    """Make a rename or a removal in `folder` last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _differs(host: Host, edit: Edit) -> bool:
    if edit.before != edit.after or (
        isinstance(edit, PermissionEdit) and edit.lists and edit.lists[0] != edit.lists[1]
    ):
        return True
    if not isinstance(edit, FileEdit) or edit.after is None:
        return False
    status = host.stat(edit.path)
    if edit.mode is not None and status.st_mode & 0o7777 != edit.mode:
        return True
    return edit.owner is not None and (status.st_uid, status.st_gid) != tuple(edit.owner)


def permissions_in_words(edit: PermissionEdit) -> tuple[str, str]:
    """A line of a diff for each side; of access lists only whether there is one."""
    before, after = ("# mode {:04o}, owner {}:{}".format(*side) for side in (edit.before, edit.after))
    lists = [", with an access list" if one else "" for one in edit.lists or (b"", b"")]
    return f"{before}{lists[0]}\n", f"{after}{lists[1]}\n"


def _diff(edit: Edit) -> dict[str, str]:
    """Ansible's form of a diff; a change of mode or owner shows as a line of its own."""
    if isinstance(edit, PermissionEdit):
        before, after = permissions_in_words(edit)
        return {"before_header": edit.path, "after_header": edit.path, "before": before, "after": after}
    if isinstance(edit, (WithheldEdit, SecretRemoval)):
        head = {"before_header": edit.path, "after_header": edit.path}
        what_became = "taken out" if isinstance(edit, WithheldEdit) else "taken away"
        return {**head, "before": f"# {edit.what}\n", "after": f"# {what_became}\n"}
    note = "" if edit.mode is None else f"# mode {edit.mode:04o}\n"
    return {
        "before_header": edit.path,
        "after_header": edit.path,
        "before": (edit.kept or b"").decode("utf-8", "backslashreplace"),
        "after": note * (edit.before == edit.after) + (edit.after or b"").decode("utf-8", "backslashreplace"),
    }
