"""What a visit to a Windows device costs over WinRM: requests and bytes, as ratios to a ping in one run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.scale.page import write
from tests.windows.machine import WindowsMachine
from tests.windows.requirements import need_machine
from tests.windows.wire.desk import WANTED, WANTED_BYTES, compare, new_desk
from tests.windows.wire.powershell import on_wine


def test_a_visit_costs_little_more_than_a_ping_on_the_wire(tmp_path: Path) -> None:
    need_machine()
    with ExitStack() as stack:
        machine = WindowsMachine()
        stack.callback(machine.close)
        found = compare(new_desk(tmp_path, on_wine(machine.prefix), stack))
    check = found.check
    write(
        "wire-cost",
        f"| requests of a check over a ping | {found.requests_ratio:.2f} | at most {WANTED} |\n"
        f"| bytes of a check over a ping | {found.bytes_ratio:.2f} | at most {WANTED_BYTES} |\n"
        f"| a check | {check.total} requests, {check.received // 1024} KiB to the device, "
        f"{check.sent // 1024} KiB back | |",
    )
    assert found.requests_ratio <= WANTED
    assert found.bytes_ratio <= WANTED_BYTES
