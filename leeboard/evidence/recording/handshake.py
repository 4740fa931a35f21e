"""How the callback tells the actions that it records: an environment variable that Ansible's forked workers inherit.

Only a worker of the very process that announced believes it: a nested ansible-playbook inherits the variable too, but
its workers have another parent.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "LEEBOARD_RUN"


@dataclass(frozen=True)
class Handshake:
    """The run that records. With a `problem`, it no longer can: an action fails with that text before it connects.

    `refused` has the hosts that must not be visited, with the reason. `salt` is what the run's challenges are made
    from, and `began` when it began, in seconds of a clock that only goes on. `terminal`: somebody sits before it.
    """

    run: str
    evidence: Path
    problem: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    salt: str = ""
    began: float = 0.0
    terminal: bool = False

    def next_visit(self, last: int = 0) -> int:
        """Number the visit that begins now, above the `last` one: the milliseconds since the run began.

        Workers, which share nothing, so never give one device the same number twice.
        """
        return max(int((time.monotonic() - self.began) * 1000), last + 1)


def announce(
    run: str,
    evidence: Path,
    problem: str = "",
    refused: Mapping[str, str] | None = None,
    salt: str = "",
    began: float = 0.0,
) -> None:
    """Say to the workers that this process will fork that run `run` records below `evidence`, or why it cannot."""
    said = {
        "pid": os.getpid(),
        "run": run,
        "salt": salt,
        "began": began,
        "evidence": str(evidence),
        "problem": problem,
        "refused": dict(refused or {}),
        "terminal": os.isatty(0) and os.isatty(1),  # a worker has none
    }
    os.environ[VARIABLE] = json.dumps(said)


def withdraw() -> None:
    """Say no more that anything is recorded."""
    os.environ.pop(VARIABLE, None)


def current() -> Handshake | None:
    """The run of the process that forked this one (or of this process itself); None when nobody records."""
    try:
        said = json.loads(os.environ.get(VARIABLE, ""))
        if said["pid"] not in (os.getppid(), os.getpid()):
            return None
        return Handshake(
            str(said["run"]),
            Path(said["evidence"]),
            str(said["problem"]),
            dict(said["refused"]),
            str(said["salt"]),
            float(said["began"]),
            said["terminal"] is True,
        )
    except (ValueError, KeyError, TypeError):
        return None
