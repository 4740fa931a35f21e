"""A roll-out to a Windows device is undone: what was there before is there again, or what somebody changed is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.windows.machine import WindowsMachine
from tests.windows.wire.certificates import Authority
from tests.windows.wire.powershell import on_wine
from tests.windows.wire.school import PASSWORD, USER, School, Visit
from tests.windows.wire.server import Endpoint

SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
EVENT_LOG = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog"
DEFAULT = [(SYSTEM, "InactivityTimeoutSecs"), (SYSTEM, "LegalNoticeText"), (EVENT_LOG + r"\Security", "MaxSize")]


@pytest.fixture
def school(tmp_path: Path, machine: WindowsMachine) -> Iterator[School]:
    """A school with one clean Windows machine on which everything may be changed."""
    with ExitStack() as stack:
        authority = Authority(tmp_path / "authority")
        endpoint = stack.enter_context(Endpoint(on_wine(machine.prefix), USER, PASSWORD, authority.context()))
        found = School(tmp_path / "school", authority.path)
        found.folder.mkdir()
        found.device("pc1", endpoint.port, leeboard_enforce=["LCK", "LBL", "AUD"])
        yield found


def values(machine: WindowsMachine) -> list[object]:
    return [machine.reg_query(key, name) for key, name in DEFAULT]


def undo(school: School, machine: WindowsMachine, *options: str) -> Visit:
    """Undo the newest roll-out; its run id is the name of the newest journal on the device."""
    folder = machine.path(r"C:\ProgramData\Leeboard\journal")
    newest = max(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns).stem
    return school.play("-e", f"undo_run={newest}", "-v", *options, playbook="undo")


@pytest.mark.full
def test_a_roll_out_is_undone_and_done_again_and_later_changes_stay(school: School, machine: WindowsMachine) -> None:
    machine.reg_add(SYSTEM, "InactivityTimeoutSecs", "REG_DWORD", 3600)
    before, policy = values(machine), machine.state("auditpol")["policy"]
    first = school.play(playbook="rollout")
    assert first.status == 0, first.output
    after = values(machine)
    assert all(one != other for one, other in zip(before, after, strict=True)), after

    preview = undo(school, machine, "--check", "--diff")
    assert preview.status == 0, preview.output
    assert values(machine) == after

    done = undo(school, machine)
    assert done.status == 0, done.output
    assert values(machine) == before
    assert machine.state("auditpol")["policy"] == policy
    assert {change["outcome"] for change in done.lines["pc1"]["changes"]} == {"put_back"}

    again = undo(school, machine)  # of the undo itself, which has the newest journal now
    assert again.status == 0, again.output
    assert values(machine) == after

    machine.reg_add(SYSTEM, "InactivityTimeoutSecs", "REG_DWORD", 120)
    last = undo(school, machine)
    assert last.status == 0, last.output
    assert machine.reg_query(SYSTEM, "InactivityTimeoutSecs") == ("REG_DWORD", "00000078")
    assert values(machine)[1:] == before[1:], "the rest was put back"
    left = [change for change in last.lines["pc1"]["changes"] if change["outcome"] == "left"]
    assert [change["why"] for change in left] == ["changed since: it is 120 (dword) now"]
