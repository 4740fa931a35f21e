"""The worklist: one line an action, however many devices, and the order in which they matter."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rich.console import Console

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report import worklist_text
from leeboard.report.screen import ENDLESS, Screen
from leeboard.report.worklist import Item, worklist
from leeboard.verdict.status import DeviceStatus
from tests.unit.report import samples
from tests.unit.report.samples import AT, device, estate, judged, status

WEEKS = AT - timedelta(days=40)


def drifted(control: str, remedy: str = "", mode: Mode = Mode.ENFORCE, **more: Any) -> Finding:
    return Finding(
        control, Verdict.DRIFTED, mode, (judged(Verdict.DRIFTED, remedy=remedy or f"Mend {control}", **more),)
    )


def on(asset: str, *findings: Finding, since: Any = None, **more: Any) -> DeviceStatus:
    began = {finding.control: since for finding in findings} if since else {}
    return DeviceStatus(device(asset, **more), "observed", findings, AT, since=began)


def what(items: Iterable[Item]) -> list[tuple[str, int]]:
    return [(item.what.split(" (")[0], len(item.devices)) for item in items]


def shown(items: tuple[Item, ...], most: int | None = None) -> list[str]:
    stream = io.StringIO()
    worklist_text.print_items(Screen(Console(file=stream, width=ENDLESS)), items, most)
    return stream.getvalue().splitlines()


def test_equal_messages_of_many_devices_are_one_line() -> None:
    silent = [
        DeviceStatus(device(f"A-{n:03}"), "failed", (), message=f"no answer within {n} seconds") for n in range(180)
    ]
    other = DeviceStatus(device("B-1"), "failed", (), message="the password is missing")
    items = worklist(estate(*silent, other))
    assert what(items) == [("The check failed", 180), ("The check failed", 1)]
    assert items[0].why.startswith("no answer within 0 seconds") and len(items[0].devices) == 180
    lines = shown(items)
    assert sum("180 devices" in line for line in lines) == 1 and sum("A-0" in line for line in lines) == 1
    assert any(line.endswith("and 172 more") for line in lines), "devices are named up to a number"


def test_a_message_that_begins_with_the_device_is_the_same_on_another() -> None:
    silent = [device(f"A-{n}") for n in range(3)]
    items = worklist(
        estate(*(DeviceStatus(one, "unreachable", (), message=f"{one.name}: no answer") for one in silent))
    )
    assert [(item.why, len(item.devices)) for item in items] == [("no answer", 3)]


def test_the_order_is_severity_devices_new_before_old_and_what_one_action_mends() -> None:
    week = AT - timedelta(days=3)
    devices = [
        on("A-1", drifted("LBL-01"), drifted("LCK-01"), drifted("LCK-02"), since=WEEKS),
        on("A-2", drifted("LBL-01"), drifted("LCK-02"), since=WEEKS),
        on("A-3", drifted("LBL-01"), since=WEEKS),
        on("A-4", drifted("AUD-01"), since=week),
        on("A-5", drifted("AUD-01"), since=week),
        on("A-6", drifted("ENC-02", "Both at once"), drifted("LCK-03", "Both at once"), since=week),
        on("A-7", drifted("ENC-02", "Both at once"), drifted("LCK-03", "Both at once"), since=week),
        on("A-8", drifted("LBL-01"), since=WEEKS),
    ]
    items = worklist(estate(*devices))
    assert what(items) == [
        ("LCK-01 The screen locks after a time without use", 1),  # critical
        ("AUD-01 Audit logging is installed, on and starts with the device", 2),  # high, two devices, new
        ("LCK-02 Unlocking asks for the password at once", 2),  # high, two devices, old
        ("LBL-01 A notice is shown before sign-in", 4),  # medium, four devices
        ("ENC-02 The cipher and the length of its key are strong enough for the level and 1 more of its kind", 2),
    ]
    assert [item.new for item in items] == [0, 2, 0, 0, 4] and items[-1].findings == 4
    assert items[-1].controls == ("ENC-02", "LCK-03") and items[-1].steps == ("Both at once",)
    lines = shown(items, 2)
    assert lines[-1] == "and 3 more things to do: leeboard worklist" and "2 new this week" in "".join(lines)


def test_what_is_only_reported_is_said_so() -> None:
    items = worklist(estate(on("A-1", drifted("LCK-02", mode=Mode.REPORT)), on("A-2", drifted("LCK-02"))))
    assert worklist_text.how_many(items[0]) == "2 devices, 1 only reported"
    items = worklist(estate(on("A-1", drifted("LCK-02", mode=Mode.REPORT))))
    assert worklist_text.how_many(items[0]) == "1 device, only reported"


def test_what_is_well_accepted_or_cannot_be_checked_yet_is_no_work() -> None:
    fine = {"LCK-01": Verdict.COMPLIANT, "LCK-02": Verdict.WAIVED, "LCK-03": Verdict.PENDING}
    tablet = DeviceStatus(device("T-1", platform="other"), "other", ())
    assert worklist(estate(status(device("A-1"), fine), tablet)) == ()


def test_a_check_without_rights_is_one_action_for_all_controls() -> None:
    refused = [
        Finding(control, Verdict.ERROR, Mode.ENFORCE, (judged(Verdict.ERROR, code="needs_root", seen=""),))
        for control in ("LCK-01", "AUD-01", "ENC-01")
    ]
    (item,) = worklist(estate(on("A-1", *refused)))
    assert (item.findings, item.controls) == (3, ("AUD-01", "ENC-01", "LCK-01"))
    assert item.steps[0].startswith("Run the check as root")
    broken = [
        Finding(control, Verdict.ERROR, Mode.ENFORCE, (judged(Verdict.ERROR, code="failed", seen=""),))
        for control in ("LCK-01", "AUD-01")
    ]
    assert len(worklist(estate(on("A-1", *broken)))) == 2, "what failed for reasons of its own is work of its own"


def test_a_step_that_another_one_says_in_full_is_not_said_twice() -> None:
    start, longer, other = (
        "Run systemctl start auditd.",
        "Run systemctl start auditd; if it fails, look.",
        "Restart it.",
    )
    remedies = (start, longer, other, "Restart it, or sign out.")
    finding = Finding(
        "AUD-01", Verdict.DRIFTED, Mode.ENFORCE, tuple(judged(Verdict.DRIFTED, remedy=one) for one in remedies)
    )
    (item,) = worklist(estate(on("A-1", finding)))
    assert item.steps == (longer, other, "Restart it, or sign out.")
    (alone,) = worklist(estate(on("A-1", drifted("AUD-01", start))))
    assert alone.steps == (start,)


def test_a_value_that_the_school_has_to_give_is_the_step() -> None:
    reason = "no collector is named: set leeboard_log_collector"
    lacking = [
        Finding(
            control, Verdict.NOT_CHECKED, Mode.ENFORCE, (judged(Verdict.NOT_CHECKED, code="lacking", reason=reason),)
        )
        for control in ("AUD-01", "LBL-01")
    ]
    (item,) = worklist(estate(on("A-1", *lacking)))
    assert item.steps == (reason,) and item.findings == 2


def test_the_json_names_every_device() -> None:
    items = worklist(samples.mixed())
    data = worklist_text.as_json(items)
    assert [one["place"] for one in data] == list(range(1, len(items) + 1))
    assert [one["devices_total"] for one in data] == [len(one["devices"]) for one in data]


def test_hostile_text_is_escaped() -> None:
    lines = shown(worklist(samples.hostile()))
    assert lines and all(line.isprintable() for line in lines)
