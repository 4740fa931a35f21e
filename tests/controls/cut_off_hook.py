"""What a test puts on a machine to break it in the middle of a roll-out: no part of the product, and nothing of it.

It waits for a point by looking at files, a few hundred times a second: `there`, `gone` and `changed` of a path. Then it
breaks the machine by a script of the test's (`run`), or stops every process of the roll-out on this machine and says so
on the console until the test lets it go on (`freeze`), or ends the connection that those came by (`connection`). Before
`run` it lets the module that is at work come to its end, and holds back only that it has: the roll-out has made its
change then, and has not come again.

It is a service of its own, so that no connection ends it. Its one argument is JSON:
{"points": [[kind, path]...], "then": "run" | "freeze" | "connection"}
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, NamedTuple

FOLDER = "/run/test-hook"
SCRIPT = f"{FOLDER}/script.sh"
GO_ON = f"{FOLDER}/go-on"
REACHED = f"{FOLDER}/reached"
CONSOLE = "/dev/ttyS0"
MARK = "TEST-HOOK: reached"
MODULE = b"BECOME-SUCCESS"  # Ansible begins each command of its own on a device so
PAUSE = 0.003  # seconds: what looks without any takes half of an emulated processor
PATIENCE = 600  # seconds for whoever lets it go on


def status(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def wait(kind: str, path: str, before: tuple[int, int, int] | None) -> None:
    while True:
        now = status(path)
        if {"there": now is not None, "gone": now is None, "changed": now is not None and now != before}[kind]:
            return
        time.sleep(PAUSE)


class Process(NamedTuple):
    name: bytes
    lives: bool  # False: it has ended, and nobody has asked how
    parent: int
    is_module: bool  # begun by Ansible


def read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def processes() -> dict[int, Process]:
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command, _, rest = read(f"/proc/{name}/stat").partition(b"(")[2].rpartition(b")")
            state, parent, *_ = rest.split()
            is_module = MODULE in read(f"/proc/{name}/cmdline")
            found[int(name)] = Process(command, state not in b"ZX", int(parent), is_module)
    return found


def family() -> tuple[list[int], list[int]]:
    """The roll-out on this machine: each sudo that Ansible began, and what lives of all that those started."""
    seen = processes()
    above = [one for one, about in seen.items() if about.name == b"sudo" and about.is_module]
    below = list(above)
    for one in below:
        below += [child for child, about in seen.items() if about.parent == one and child not in below]
    return above, [one for one in below if one not in above and seen[one].lives and seen[one].name != b"sudo"]


def tell(processes: list[int], number: signal.Signals) -> None:
    for one in processes:
        try:
            os.kill(one, number)
        except ProcessLookupError:
            continue


def stop() -> list[int]:
    """Stop all of them; one that was just being made is found in the second look."""
    stopped: list[int] = []
    while new := [one for part in family() for one in part if one not in stopped]:
        tell(new, signal.SIGSTOP)
        stopped += new
    return stopped


def settle() -> list[int]:
    """Wait until what changes this machine has ended, and let nobody hear of it: what holds that back."""
    held, _below = family()
    tell(held, signal.SIGSTOP)
    while family()[1]:
        time.sleep(0.1)
    return held


def cut_connection(stopped: list[int]) -> None:
    """End sshd's own processes of the connection, as a cut cable does in the end."""
    seen = processes()
    ended = set()
    for one in stopped:
        while one in seen and seen[one].parent > 1:
            if seen[one].name.startswith(b"sshd"):
                ended.add(one)
            one = seen[one].parent
    tell(sorted(ended), signal.SIGKILL)


def main(about: dict[str, Any]) -> None:
    points = [(kind, path, status(path)) for kind, path in about["points"]]
    open(f"{FOLDER}/waits", "w").close()
    for kind, path, before in points:
        wait(kind, path, before)
    then = about["then"]
    stopped = settle() if then == "run" else stop()
    open(REACHED, "w").close()
    if then == "run":
        subprocess.run(["bash", SCRIPT], stdin=subprocess.DEVNULL, check=False)
    elif then == "connection":
        cut_connection(stopped)
    else:
        with open(CONSOLE, "w") as console:
            console.write(f"\n{MARK}\n")
        until = time.monotonic() + PATIENCE
        while not os.path.exists(GO_ON) and time.monotonic() < until:
            time.sleep(0.1)
    tell(stopped[::-1], signal.SIGCONT)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
