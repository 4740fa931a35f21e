"""Runs on a device, beside the drivers: a visit with all that it starts and opens written down, and the same bare.

    python3 recorder.py FOLDER record ADDRESSES     what a visit started, read and listed, as JSON
    python3 recorder.py FOLDER visit ADDRESSES      the processor time of a visit and of loading its code, and its size
    python3 recorder.py FOLDER bare RECORD          that of the same commands, files and folders without us
    python3 recorder.py FOLDER run COMMAND ...      that of a command and its children

FOLDER holds the package `_linux`. Only the standard library, and what Python itself reports (audit events), so that
the drivers' own counting is not asked.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from typing import Any

CODE = (".py", ".pyc", ".so")


def spent() -> float:
    """Processor seconds of this process and of the children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def record(addresses: dict[str, list[str]]) -> dict[str, Any]:
    """One visit. `started`: argument lists; `commands`: with all that running them again takes; `read`, `listed`.

    `hashed`: the programs that were compared with their packages. Neither they nor the packages' lists are in `read`,
    since nobody would read them to run the same commands bare.
    """
    from _linux import visit
    from _linux.engine import host
    from _linux.programs import check as program_check

    found: dict[str, Any] = {"started": [], "commands": [], "read": [], "listed": []}

    def named(path: Any) -> str:
        text = os.fsdecode(path) if isinstance(path, (str, bytes)) else f"/proc/self/fd/{path}"
        return os.readlink(text) if text.startswith("/proc/self/fd/") else text

    def note(event: str, given: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            found["started"].append([os.fsdecode(word) for word in given[1]])
        elif event in ("os.fork", "os.forkpty", "os.posix_spawn", "os.system"):
            found["started"].append([event])
        elif event in ("os.listdir", "os.scandir"):
            found["listed"].append(named(given[0] if given[0] is not None else "."))
        elif event == "open" and isinstance(given[0], (str, bytes)):
            name = named(given[0])
            if given[2] & os.O_PATH:  # a handle that nothing can be read by; what it is opened again for counts
                return
            if name != os.devnull and not name.endswith(CODE):
                found["read"].append(name)

    def noting(argv: list[str], given: str, timeout: float, environment: dict[str, str]) -> Any:
        found["commands"].append([argv, given, timeout, environment])
        return host.run_process(argv, given, timeout, environment)

    looked_at = host.Host(runner=noting)
    sys.addaudithook(note)
    observation = visit.visit(looked_at, addresses)
    hashed = looked_at.check.hashed
    for key in ("read", "listed"):
        found[key] = [one for one in found[key] if one not in hashed and not one.startswith(program_check.INFO)]
    found["hashed"] = sorted(hashed)
    return {**{key: list(value) for key, value in found.items()}, "children": observation["cost"]["children"]}


def visited(addresses: dict[str, list[str]]) -> dict[str, float]:
    """What loading the drivers and one visit take, and how many files of ours that loaded."""
    start = spent()
    from _linux.engine.host import Host
    from _linux.visit import visit

    loaded = spent()
    visit(Host(), addresses)
    code = sum(name.startswith("_linux.") and not hasattr(one, "__path__") for name, one in sys.modules.items())
    return {"loading": loaded - start, "visit": spent() - loaded, "code": code}


def bare(found: dict[str, Any]) -> float:
    """What the same commands and files take by themselves."""
    start = spent()
    for argv, given, timeout, environment in found["commands"]:
        subprocess.run(
            argv, input=given.encode(), capture_output=True, timeout=10 * timeout, env=environment, cwd="/",
            start_new_session=True, check=False,
        )  # fmt: skip
    for name in found["read"]:
        try:
            with open(name, "rb") as stream:
                stream.read(1024 * 1024)
        except OSError:
            continue
    for name in found["listed"]:
        try:
            os.listdir(name)
        except OSError:
            continue
    return spent() - start


def main(folder: str, what: str, *given: str) -> Any:
    """The answer to one question, to be printed."""
    if what == "run":
        before = spent()
        subprocess.run(given, stdout=subprocess.DEVNULL, check=True)
        return spent() - before
    sys.path.insert(0, folder)
    with open(given[0], encoding="utf-8") as stream:
        asked = json.load(stream)
    return {"record": record, "visit": visited, "bare": bare}[what](asked)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
