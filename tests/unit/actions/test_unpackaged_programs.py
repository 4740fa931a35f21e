"""The school's list of programs without a package: from the inventory to the visit, and not into the evidence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError

from leeboard.errors import LeeboardError
from leeboard.model.device import Device, device
from leeboard.model.enums import Platform
from leeboard.policy.load import load

VARIABLES = {
    "leeboard_urn": "900003", "leeboard_platform": "linux", "leeboard_form": "server", "leeboard_role": "server",
    "leeboard_level": "standard",
}  # fmt: skip
OWN = "/usr/sbin/auditctl"


def described(*programs: Any) -> Device:
    return device("lab", {**VARIABLES, "leeboard_unpackaged_programs": list(programs)}, ())


@pytest.mark.parametrize(
    ("platform", "programs", "told"),
    [
        ("linux", (), False),
        ("linux", (OWN, "/opt/agent/lib/agent.so"), True),
        (
            "windows",
            (OWN,),
            False,
        ),  # a school's variable is that of all its devices, and win_observe has no such option
    ],
)
def test_the_visit_is_told_what_belongs_to_no_package(platform: str, programs: tuple[str, ...], told: bool) -> None:
    asked: dict[str, Any] = {}

    def ask(_module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        asked.update(arguments)
        return {"failed": True, "msg": "enough was seen"}

    visit = object.__new__(Visit)
    visit.__dict__.update(
        device=described(*programs).model_copy(update={"platform": Platform(platform)}), baseline=load(), ask=ask,
        _action=SimpleNamespace(), run_id="", _task_vars={}, _last_visit=0,
        _run=SimpleNamespace(salt="", next_visit=lambda last: last + 1),
    )  # fmt: skip
    with pytest.raises(VisitError, match="enough was seen"):
        visit.observe()
    assert asked.get("unpackaged") == (list(programs) if told else None)


def test_it_is_no_part_of_the_evidence() -> None:
    assert "unpackaged_programs" not in described(OWN).model_dump(mode="json")


@pytest.mark.parametrize(
    "wrong", ["auditctl", "", "/usr/sbin/x\n", 7], ids=["no path", "empty", "two lines", "a number"]
)
def test_what_is_no_path_is_refused_with_the_variables_name(wrong: Any) -> None:
    with pytest.raises(LeeboardError, match="leeboard_unpackaged_programs"):
        described(wrong)
