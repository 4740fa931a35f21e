"""What brings the device back from the steps that are asked for, as their drivers say it."""

from __future__ import annotations

from typing import Any

from ..engine.cover import Cover
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from .drivers import CUT_OFF


def covers_of(host: Host, steps: list[dict[str, Any]]) -> tuple[dict[str, Cover], dict[str, str]]:
    """({driver: cover}, {driver: why it has none}): a driver that refuses holds up no other. Changes nothing."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        wanted.setdefault(step["driver"], []).extend(step["settings"])
    covers: dict[str, Cover] = {}
    left_out: dict[str, str] = {}
    for name, changes in wanted.items():
        driver = CUT_OFF.get(name)
        try:
            if driver is None:
                raise ChangeRefused(f"{name} is no driver that a checkpoint knows")
            covers[name] = driver.cover(host, changes)
        except (ChangeRefused, HostError) as problem:
            left_out[name] = str(problem)
        except Exception as problem:  # a broken driver must not cost the others
            left_out[name] = f"the driver failed: {type(problem).__name__}: {problem}"
    return covers, left_out
