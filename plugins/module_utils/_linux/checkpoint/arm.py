"""Arming a checkpoint: everything that brings the device back, on its disk before the first change.

Where anything of it fails, nothing is changed and all is taken away again. Killed anywhere, no checkpoint is armed:
what is left of it goes by itself, or with the next one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from ..engine import armed
from ..engine.armed import FOLDER
from ..engine.change import sync_folder, write
from ..engine.cover import Command, Cover, Proof
from ..engine.edits import ChangeRefused, FileEdit
from ..engine.host import Host, HostError
from ..engine.journal import FOLDER as JOURNALS
from ..engine.journal import RUN_ID
from ..system.unit import NOTHING_RUNS, RUNS
from .copies import HERE, Copies, Kept, elsewhere_of, fingerprint
from .script import Plan, manifest, of_driver, proof_text, script, seconds
from .units import COMMAND, LINKS, NAME, SCRIPT, SYSTEM, WRAPPER, shown, unit_files, units_before

LOCK = f"{FOLDER}.lock"
GRACE = 180  # seconds after the longest that the steps may take
PATIENCE = 60  # seconds to wait for whoever arms or takes away at this moment


class Held(ChangeRefused):
    """Another checkpoint is armed, or is being put back. `found` is what `armed.read` says of it."""

    def __init__(self, found: dict[str, Any]) -> None:
        super().__init__(armed.held(found))
        self.found = found


class Request(NamedTuple):
    """Who arms what: `covers` by driver, and the SHA-256 of the token in hex."""

    run_id: str
    by: str
    token_digest: str
    covers: dict[str, Cover]


def seconds_for(covers: Collection[Cover]) -> int:
    """The seconds after which a device that nobody came back to puts itself back."""
    return sum(cover.longest for cover in covers) + GRACE


def refuse(host: Host) -> None:
    """Raise ChangeRefused where the device cannot have a checkpoint, and Held where it has one. Changes nothing."""
    if not host.exists(RUNS):
        raise ChangeRefused(f"{NOTHING_RUNS}, so nothing could put it back by itself")
    for folder in ("/etc", "/var/lib"):
        if _read_only(host.path(folder)):
            raise ChangeRefused(f"{folder} cannot be written to, so nothing could be put back there")
    found = armed.read(host)
    if found["state"] in armed.HELD:
        raise Held(found)


def arm(host: Host, request: Request) -> dict[str, Any]:
    """Arm a checkpoint and return what `armed.read` says of it. Raises ChangeRefused and HostError."""
    if not RUN_ID.match(request.run_id):
        raise ChangeRefused("a run id has 1 to 64 letters, digits, dots, dashes and underscores")
    refuse(host)
    try:
        _make(host.path(os.path.dirname(FOLDER)), host)
        with _alone(host):
            refuse(host)  # another run may have been faster
            take_away(host)
            try:
                _arm(host, request)
            except BaseException:
                take_away(host)
                raise
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else str(problem)
        raise ChangeRefused(f"the checkpoint could not be armed: {why}; nothing was changed") from None
    return armed.read(host)


def _arm(host: Host, request: Request) -> None:
    os.mkdir(host.path(FOLDER), 0o700)
    _put(host, armed.state_file("arming"), b"", 0o600)
    _make(host.path(JOURNALS), host)
    for folder in (HERE, f"{FOLDER}/kept", f"{FOLDER}/proofs"):
        os.mkdir(host.path(folder), 0o700)
    covers = list(request.covers.values())
    plan, copies = _plan(host, request, covers)
    for driver, cover in request.covers.items():
        for name, content in cover.state.items():
            _make(host.path(f"{FOLDER}/kept/{_plain(driver)}"), host)
            _put(host, f"{FOLDER}/kept/{driver}/{_plain(name)}", content, 0o600)
    for at, proof in enumerate(plan.proofs):
        _put(host, f"{FOLDER}/proofs/{at}", proof_text(proof), 0o600)
    note = {"schema": 1, "run": request.run_id, "drivers": plan.drivers}
    _put(host, f"{FOLDER}/note", json.dumps(note, sort_keys=True).encode() + b"\n", 0o600)
    modes = {one.path: _mode(host, one.path) for one in plan.kept if one.kind == "folder"}
    _put(host, SCRIPT, script(host.root, plan, modes), 0o700)
    copies.finish()
    time_left = seconds_for(covers)
    folders = sorted({os.path.dirname(one.path) for one in plan.kept if one.kind != "absent"} | {*copies.elsewhere})
    files = unit_files(time_left, seconds(plan), folders, [one.name for one in plan.units])
    files[COMMAND] = WRAPPER
    for path, text in files.items():
        _make(host.path(os.path.dirname(path)), host)
        _put(host, path, text.encode(), 0o755 if path == COMMAND else 0o644)
    for path, target in LINKS.items():
        _make(host.path(os.path.dirname(path)), host)
        os.symlink(target, host.path(path))
        sync_folder(os.path.dirname(host.path(path)))
    _run(host, ["systemctl", "daemon-reload"])
    until = time.clock_gettime(time.CLOCK_MONOTONIC) + time_left
    _run(host, ["systemctl", "restart", f"{NAME}.timer"])
    _put(host, armed.MANIFEST, json.dumps(manifest(plan, request.token_digest, until), sort_keys=True).encode(), 0o600)
    _read_back(host, plan, files)
    sync_folder(host.path(FOLDER))
    os.rename(host.path(armed.state_file("arming")), host.path(armed.state_file("armed")))
    sync_folder(host.path(FOLDER))


def _plan(host: Host, request: Request, covers: list[Cover]) -> tuple[Plan, Copies]:
    """Copy all files, and gather what the script is about. Raises ChangeRefused, HostError and OSError."""
    copies = Copies(host)
    kept: dict[str, Kept] = {}
    roots = sorted({_absolute(folder) for cover in covers for folder in cover.folders})
    for root in roots:
        kept.update({one.path: one for one in copies.keep_folder(root) if one.path not in kept})
    for path in sorted({_absolute(path) for cover in covers for path in cover.files}):
        if path not in kept:
            kept[path] = copies.keep(path)
    made: set[str] = set()
    for one in kept.values():
        folder = one.path if one.path in roots and one.kind == "absent" else os.path.dirname(one.path)
        while not host.exists(folder):
            made.add(folder)
            folder = os.path.dirname(folder)
    units, restart = units_before(
        host, _each(cover.units for cover in covers), _each(cover.restart for cover in covers)
    )
    commands: list[Command] = []
    proofs: list[Proof] = []
    for driver, cover in request.covers.items():
        commands += [one._replace(argv=of_driver(driver, one.argv)) for one in cover.commands]
        proofs += [one._replace(argv=of_driver(driver, one.argv)) for one in cover.proofs]
    plan = Plan(
        request.run_id,
        request.by,
        list(request.covers),
        armed.boot_id(host),
        int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1_000_000),
        list(kept.values()),
        roots,
        sorted(made, key=len, reverse=True),
        copies.elsewhere,
        units,
        restart,
        commands,
        proofs,
    )
    return plan, copies


def _read_back(host: Host, plan: Plan, files: dict[str, str]) -> None:
    """Look whether all of it is there and the timer runs. Raises ChangeRefused, HostError and OSError."""
    for one in plan.kept:
        if one.copy and fingerprint(host.path(one.copy)) != fingerprint(host.path(one.path)):
            raise ChangeRefused(f"the copy of {one.path} is not like it: was it changed at this moment?")
    for path, text in files.items():
        with open(host.path(path), "rb") as stream:
            if stream.read() != text.encode():
                raise ChangeRefused(f"{path} is not as it was written")
    found = shown(host, [f"{NAME}.timer", f"{NAME}-start.service", f"{NAME}.service"])
    timer, start, service = found.values()
    if (timer["ActiveState"], timer["UnitFileState"]) != ("active", "enabled"):
        raise ChangeRefused(f"systemd does not run {NAME}.timer, so the device would not put itself back")
    if start["UnitFileState"] != "enabled" or (start["LoadState"], service["LoadState"]) != ("loaded", "loaded"):
        raise ChangeRefused(f"systemd does not know {NAME}-start.service, so a restart would not put the device back")
    done = host.act(["/bin/sh", "-n", host.path(SCRIPT)])
    if done.rc != 0:
        raise ChangeRefused(f"the put-back script cannot be run: {done.err.strip()[:200]}")


def take_away(host: Host) -> None:
    """Take away what is left of an arming that broke off, or of a checkpoint that has ended. Raises OSError.

    The units go first: a timer that finds no script does nothing, a script that is never called neither.
    """
    with contextlib.suppress(FileNotFoundError):  # nothing was changed under it yet
        os.rename(host.path(armed.state_file("armed")), host.path(armed.state_file("arming")))
    elsewhere = elsewhere_of(host)
    files = [*(f"{SYSTEM}/{NAME}{end}" for end in (".timer", "-start.service", ".service")), COMMAND]
    unfinished = [f"{os.path.dirname(path)}/.leeboard-{os.path.basename(path)}" for path in files]
    there = [path for path in [*LINKS, *files, *unfinished] if os.path.lexists(host.path(path))]
    if there:
        _tell(host, ["systemctl", "stop", f"{NAME}.timer"])
        for path in there:
            os.unlink(host.path(path))
            sync_folder(os.path.dirname(host.path(path)))
        _tell(host, ["systemctl", "daemon-reload"])
        _tell(host, ["systemctl", "reset-failed", f"{NAME}.service"])
    for folder in [*elsewhere, FOLDER]:
        if os.path.lexists(host.path(folder)):
            _remove(host.path(folder))
            sync_folder(os.path.dirname(host.path(folder)))


def _remove(folder: str) -> None:
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            _remove(path)
        else:
            os.unlink(path)
    os.rmdir(folder)


@contextlib.contextmanager
def _alone(host: Host) -> Iterator[None]:
    """Hold the lock of arming; it goes with the process. Raises ChangeRefused where another run has it."""
    handle = os.open(host.path(LOCK), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        latest = time.monotonic() + PATIENCE
        while not _locked(handle):
            if time.monotonic() > latest:
                raise ChangeRefused("another run arms a checkpoint, or takes one away, at this moment")
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _run(host: Host, argv: list[str]) -> None:
    done = host.act(argv)
    if done.rc != 0:
        raise ChangeRefused(f"{' '.join(argv)} ended with status {done.rc}: {done.err.strip()[:200]}")


def _tell(host: Host, argv: list[str]) -> None:
    """Run what may fail: what it is about may not be there."""
    try:
        host.act(argv)
    except HostError:
        return


def _put(host: Host, path: str, content: bytes, mode: int) -> None:
    write(host, FileEdit(path, None, content, mode, (0, 0)))


def _make(place: str, host: Host) -> None:
    """Make a folder that only root can write to, with those above it, so that they last."""
    if os.path.isdir(place):
        return
    _make(os.path.dirname(place), host)
    os.mkdir(place, 0o700 if place.startswith(host.path("/var/lib/leeboard")) else 0o755)
    sync_folder(os.path.dirname(place))


def _mode(host: Host, path: str) -> tuple[int, int, int]:
    status = os.lstat(host.path(path))
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def _read_only(place: str) -> bool:
    try:
        return bool(os.statvfs(place).f_flag & os.ST_RDONLY) or not os.access(place, os.W_OK)
    except OSError:
        return True


def _absolute(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or os.path.normpath(path) != path or path == "/":
        raise ChangeRefused(f"{path!r} is no plain absolute path")
    return path


def _plain(name: str) -> str:
    if not RUN_ID.match(name):
        raise ChangeRefused(f"{name!r} is no plain name for kept state")
    return name


def _each(groups: Any) -> list[str]:
    return list(dict.fromkeys(one for group in groups for one in group))
