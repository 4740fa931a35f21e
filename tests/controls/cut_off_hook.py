"""What a test puts on a machine to break it in the middle of a roll-out: no part of the product, and nothing of it.

It waits for a point by looking at files, as fast as it can: `there`, `gone` and `changed` of a path. Then it runs a
script of the test's (`run`), or stops every process of the roll-out on this machine and says so on the console until
the test lets it go on (`freeze`), or ends the connection that those came by (`connection`). With `settled` it waits
until no module runs any more: a roll-out has made its change then, and has not come again.

It is a service of its own, so that no connection ends it. Its one argument is JSON:
{"points": [[kind, path]...], "settled": bool, "then": "run" | "freeze" | "connection"}
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

FOLDER = "/run/test-hook"
SCRIPT = f"{FOLDER}/script.sh"
GO_ON = f"{FOLDER}/go-on"
REACHED = f"{FOLDER}/reached"
CONSOLE = "/dev/ttyS0"
MARK = "TEST-HOOK: reached"
MODULE = b"BECOME-SUCCESS"  # Ansible begins each command of its own on a device so
PATIENCE = 600  # seconds for whoever lets it go on


def status(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def wait(kind: str, path: str, before: tuple[int, int, int] | None) -> None:
    """Look at it without a pause: what comes next may take no longer than a pause would."""
    while True:
        now = status(path)
        if {"there": now is not None, "gone": now is None, "changed": now is not None and now != before}[kind]:
            return


def family() -> list[int]:
    """Every process of the roll-out on this machine: sudo, and whatever it started."""
    parents, roots = {}, []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                parents[int(name)] = int(stream.read().rpartition(b")")[2].split()[1])
            with open(f"/proc/{name}/cmdline", "rb") as stream:
                if MODULE in stream.read():
                    roots.append(int(name))
        except OSError:
            continue
    found = list(dict.fromkeys(roots))
    for one in found:
        found += [child for child, parent in parents.items() if parent == one and child not in found]
    return found


def tell(processes: list[int], number: signal.Signals) -> None:
    for one in processes:
        try:
            os.kill(one, number)
        except ProcessLookupError:
            continue


def stop() -> list[int]:
    """Stop all of them; one that was just being made is found in the second look."""
    stopped: list[int] = []
    while new := [one for one in family() if one not in stopped]:
        tell(new, signal.SIGSTOP)
        stopped += new
    return stopped


def cut_connection(processes: list[int]) -> None:
    """End sshd's own processes of the connection, as a cut cable does in the end."""
    ended = set()
    for one in processes:
        while one > 1:
            with open(f"/proc/{one}/stat", "rb") as stream:
                name, _, rest = stream.read().partition(b"(")[2].rpartition(b")")
            parent = int(rest.split()[1])
            if name.startswith(b"sshd") and parent > 1:
                ended.add(one)
            one = parent
    tell(sorted(ended), signal.SIGKILL)


def main(about: dict[str, object]) -> None:
    points = [(kind, path, status(path)) for kind, path in about["points"]]  # type: ignore[attr-defined]
    open(f"{FOLDER}/waits", "w").close()
    for kind, path, before in points:
        wait(kind, path, before)
    quiet = 0
    while about.get("settled") and quiet < 3:
        quiet = 0 if family() else quiet + 1
        time.sleep(0.05)
    then = about["then"]
    stopped = [] if then == "run" else stop()
    open(REACHED, "w").close()
    if then == "run":
        subprocess.run(["bash", SCRIPT], stdin=subprocess.DEVNULL, check=False)
        return
    if then == "connection":
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
