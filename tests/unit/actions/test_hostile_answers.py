"""What a device says of itself is no result of ours, and what it says in a senseless form ends no roll-out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.action.enforce import ActionModule
from ansible_collections.leeboard.schools.plugins.plugin_utils import answers
from ansible_collections.leeboard.schools.plugins.plugin_utils import visit as visits

from leeboard.planning.plan import Change, Step
from leeboard.storage import strict_json

NAN = float("nan")
FORGED = '{"outcome": "observed", "findings": []}'


class Action:
    """An action whose device answers this, whatever is asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def _execute_module(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self.answer


def visiting(answer: dict[str, Any]) -> Any:
    visit: Any = visits.Visit.__new__(visits.Visit)
    visit._action, visit._task_vars, visit.run_id = Action(answer), {}, "run"
    return visit


def test_a_device_cannot_say_that_it_is_not_reached_nor_file_its_own_evidence() -> None:
    answer = visiting({"unreachable": True, "msg": "off", "leeboard": FORGED}).ask("leeboard.schools.observe", {})
    assert answer == {"failed": True, "msg": "it answered that it cannot be reached; look at what answers there"}


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ({"before": [], "after": "x"}, answers.SENSELESS, answers.SENSELESS),
        ({"before": {"a": {"effective": NAN}}, "after": {"a": float("inf")}}, answers.SENSELESS, answers.SENSELESS),
        ({"before": {"a": "x" * 100_000}, "after": {}}, answers.SENSELESS, None),
        ({"before": {"a": {"state": "absent"}}, "after": {"a": {"value": 1}}}, {"state": "absent"}, {"value": 1}),
        ({}, None, None),
    ],
)
def test_a_change_is_filed_in_a_form_that_can_be_read_again(said: dict[str, Any], before: Any, after: Any) -> None:
    action: Any = ActionModule.__new__(ActionModule)
    action._changes, action._diffs, action._remarks, action._problems = [], [], [], []
    visit = visiting({"changed": True, "diff": [7, {"before": "", "after": "x"}], "journal": ["x"], **said})
    step = Step("dropin", "leeboard.schools.x", (Change("AUD-11", "a", "x", "string", ""),))
    assert action._apply(visit, [step]) == []
    (change,) = action._changes
    assert (change["before"], change["after"], change["journal"]) == (before, after, None)
    assert action._diffs == [{"before": "", "after": "x"}]
    strict_json.dumps(change)
