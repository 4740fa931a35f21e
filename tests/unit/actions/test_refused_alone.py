"""What a device refuses for one setting keeps none of the others from being set."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.action.enforce import ActionModule

from leeboard.planning.plan import Change, Step

SMALL = "auditd:num_logs*max_log_file"


class Visit:
    """A device whose disk is too small for the logs that are wanted; `asked` keeps the addresses of each call."""

    run_id = "run"

    def __init__(self, refuses: str) -> None:
        self.refuses = refuses
        self.asked: list[list[str]] = []

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        addresses = [one["address"] for one in arguments["settings"]]
        self.asked.append(addresses)
        if self.refuses in addresses:
            return {"failed": True, "msg": "dropin: 1024 MB of audit logs would fill the disk"}
        return {"changed": True, "before": {}, "after": {}, "diff": []}


def step(driver: str, *addresses: str) -> Step:
    return Step(driver, "leeboard.schools.x", tuple(Change("AUD-11", one, "x", "string", "") for one in addresses))


@pytest.mark.parametrize(
    ("driver", "addresses", "asked", "made"),
    [
        ("dropin", (SMALL, "sudo:logfile"), [[SMALL, "sudo:logfile"], [SMALL], ["sudo:logfile"]], ["sudo:logfile"]),
        ("dropin", (SMALL,), [[SMALL]], []),
        # Rules are loaded together, and locked last: all or none.
        ("audit_rules", (SMALL, "locked"), [[SMALL, "locked"]], []),
    ],
)
def test_one_refusal(driver: str, addresses: tuple[str, ...], asked: list[list[str]], made: list[str]) -> None:
    action: Any = ActionModule.__new__(ActionModule)
    action._changes, action._diffs, action._remarks = [], [], []
    visit = Visit(SMALL)
    problems, lost = action._make(visit, [step(driver, *addresses), step("unit", "auditd.service:enabled")])
    assert visit.asked == [*asked, ["auditd.service:enabled"]]
    assert [one["address"] for one in action._changes] == [*made, "auditd.service:enabled"]
    assert len(problems) == 1 and not lost and "would fill the disk" in problems[0]
