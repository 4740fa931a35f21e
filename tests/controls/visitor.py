"""Waits in a machine of the proof, with all drivers loaded, and makes each visit and each change in a child of its own.

Starting Python there costs as much as the visit itself: emulated, it is eight times slower than outside. A word written
to the pipe `ask` ("visit", or "apply" for the changes in the file `asked`) is answered by JSON in the pipe `answer`. A
snapshot of the machine has it in it. Started by harness.Proof.ship; standard library only.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Load every driver once, then answer until the machine ends."""
    sys.path.insert(0, str(HERE))
    import _linux

    for module in pkgutil.iter_modules(_linux.__path__):
        importlib.import_module(f"_linux.{module.name}")
    for pipe in ("ask", "answer"):
        (HERE / pipe).unlink(missing_ok=True)
        os.mkfifo(HERE / pipe, 0o600)
    (HERE / "visitor.pid").write_text(str(os.getpid()))
    while True:
        word = (HERE / "ask").read_text().strip()
        child = os.fork()
        if child == 0:
            _answer(word)
            os._exit(0)
        os.waitpid(child, 0)


def _answer(word: str) -> None:
    try:
        said = {"visit": _visit, "apply": _apply}[word]()
    except BaseException:
        said = traceback.format_exc()  # no JSON, so that the test shows it
    (HERE / "answer").write_text(said + "\n")


def _visit() -> str:
    from _linux.host import Host
    from _linux.visit import visit

    return json.dumps(visit(Host(), json.loads((HERE / "addresses").read_text())))


def _apply() -> str:
    from _linux.change import PlanOutdated, apply
    from _linux.host import Host
    from _linux.visit import DRIVERS

    for name, changes in json.loads((HERE / "asked").read_text()):
        # Outdated where an earlier driver touched the same file: the next round plans it again.
        with contextlib.suppress(PlanOutdated):
            apply(DRIVERS[name], Host(), changes, "proof")
    return json.dumps("applied")


if __name__ == "__main__":
    main()
