"""What the device has of a checkpoint: its state, who holds it, what it covers, and what is not back yet.

All of it lies in a folder that is root's alone. The state is the name of one file there (`state.armed`), changed by
rename alone: of a confirmation and a timer that come at the same moment one finds the file, the other none. The plain
shell script that puts the device back changes it in the same way (checkpoint/script.py).
"""

from __future__ import annotations

import json
import os
import stat
import time
from typing import Any

from .edits import ChangeRefused
from .host import Host, HostError

FOLDER = "/var/lib/leeboard/checkpoint"
# In this order a checkpoint goes through them, so whoever looks for them in this order misses none.
STATES = ("arming", "armed", "putting-back", "confirmed", "back")
HELD = ("armed", "putting-back")
MANIFEST = f"{FOLDER}/manifest"
LEFT = f"{FOLDER}/left"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
NONE = {
    "state": "none", "run_id": "", "by": "", "drivers": [], "seconds_left": 0, "left": [],
}  # fmt: skip


def state_file(state: str) -> str:
    """The path whose being there says that this is the state."""
    return f"{FOLDER}/state.{state}"


def state(host: Host) -> str:
    """One of STATES, or `none`. Raises HostError, also for a folder that somebody else than root could write."""
    try:
        status = os.lstat(host.path(FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return "none"
    except OSError as problem:
        raise HostError("failed", f"{FOLDER}: {problem.strerror}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise HostError("malformed", f"{FOLDER} is no folder that is root's alone, so nothing in it is believed")
    return next((one for one in STATES if host.exists(state_file(one))), "none")


def manifest(host: Host) -> dict[str, Any]:
    """What was written at arming. Raises HostError where it cannot be read or makes no sense."""
    try:
        with open(host.path(MANIFEST), "rb") as stream:
            found = json.loads(stream.read())
    except OSError as problem:
        raise HostError("failed", f"{MANIFEST}: {problem.strerror}") from None
    except ValueError:
        raise HostError("malformed", f"{MANIFEST} is no JSON") from None
    if not isinstance(found, dict) or found.get("schema") != 1:
        raise HostError("malformed", f"{MANIFEST} has a schema that this Leeboard does not know")
    return found


def read(host: Host) -> dict[str, Any]:
    """{state, run_id, by, drivers, seconds_left, left}; what is being armed counts as none. Raises HostError."""
    now = state(host)
    if now in ("none", "arming"):
        return dict(NONE)
    about = manifest(host)
    return {
        "state": now,
        "run_id": about["run_id"],
        "by": about["by"],
        "drivers": about["drivers"],
        "seconds_left": seconds_left(host, about) if now == "armed" else 0,
        "left": _left(host) if now == "putting-back" else [],
    }


def seconds_left(host: Host, about: dict[str, Any]) -> int:
    """How long until the device puts itself back; the clock that people set plays no part in it."""
    if boot_id(host) != about["boot"]:
        return 0
    return max(0, int(about["until"] - time.clock_gettime(time.CLOCK_MONOTONIC)) + 1)


def boot_id(host: Host) -> str:
    """Which start of the machine this is. Raises HostError."""
    try:
        return host.text(BOOT_ID).strip()
    except FileNotFoundError:
        raise HostError("failed", f"{BOOT_ID} is missing") from None


def _left(host: Host) -> list[str]:
    try:
        with open(host.path(LEFT), "rb") as stream:
            return stream.read().decode("utf-8", "backslashreplace").splitlines()
    except OSError:
        return []  # it is being put back for the first time


def held(found: dict[str, Any]) -> str:
    """Who holds the checkpoint until when, as a sentence; `found` is what `read` returns."""
    who = f"{found['by']}, run {found['run_id']}"
    if found["state"] == "armed":
        return f"a checkpoint is held by {who}; unless that confirms it, the device puts itself back in " + (
            f"{found['seconds_left']} seconds"
        )
    left = f"; not back yet: {', '.join(found['left'])}" if found["left"] else ""
    return f"the device is putting back what {who} changed{left}"


def require(host: Host, driver: str, run_id: str, paths: list[str]) -> None:
    """Raise ChangeRefused unless the run's checkpoint is armed and covers the driver and all `paths`."""
    try:
        found = read(host)
        if found["state"] not in HELD:
            raise ChangeRefused(
                f"{driver} could cut off whoever changes it, so it is changed under an armed checkpoint only, and the "
                "device has none"
            )
        if found["run_id"] != run_id or found["state"] != "armed":
            raise ChangeRefused(f"{held(found)}; nothing of {driver} is changed until then")
        about = manifest(host)
    except HostError as problem:
        raise ChangeRefused(f"the checkpoint cannot be read: {problem.why}") from None
    if driver not in about["drivers"]:
        raise ChangeRefused(f"the armed checkpoint is not about {driver}")
    foreign = sorted(path for path in paths if not covers(about, path))
    if foreign:
        raise ChangeRefused(f"the armed checkpoint does not cover {', '.join(foreign)}, so {driver} may not change it")


def covers(about: dict[str, Any], path: str) -> bool:
    """True for a file that the checkpoint brings back."""
    return path in about["files"] or any(path.startswith(f"{folder}/") for folder in about["folders"])
