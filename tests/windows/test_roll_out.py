"""A roll-out to a Windows device as a technician runs it: preview, first time, second time, and a group policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leeboard.escrow.vault import controller_state, vault
from leeboard.escrow.vault.records import State
from tests.unit.escrow.vaults import another_volume, custodian
from tests.windows import volumes
from tests.windows.machine import WindowsMachine
from tests.windows.wire.certificates import Authority
from tests.windows.wire.powershell import on_wine
from tests.windows.wire.school import PASSWORD, URN, USER, School
from tests.windows.wire.server import Endpoint

SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
EVENT_LOG = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog"
COLLECTOR = "https://wec.school.example:5986/wsman/SubscriptionManager/WEC"
HISTORY = r"Software\Microsoft\Windows\CurrentVersion\Group Policy\History\{827D319E-6EAC-11D2-A4EA-00C04F79F83A}\0"
OURS = {"leeboard_enforce": ["LCK", "LBL", "AUD", "ENC"], "leeboard_recovery_passwords": "ours"}
GUID = "{6AC1786C-016F-11D2-945F-00C04FB984F9}"
TEMPLATE = """[Unicode]\r
Unicode=yes\r
[Registry Values]\r
MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\LegalNoticeCaption=1,""\r
[Version]\r
signature="$CHICAGO$"\r
Revision=1\r
"""


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


@pytest.fixture
def with_vault(school: School, tmp_path: Path) -> Iterator[School]:
    """The school, with a vault of its controller."""
    with another_volume(tmp_path) as other:
        people, places = [custodian("head")[0]], (tmp_path / "first", other / "second")
        vault.make(school.folder / "var", places, people, datetime.now(UTC))
        yield school


def set_by_a_group_policy(machine: WindowsMachine) -> None:
    """A group policy says that the notice of the sign-in screen has no title."""
    folder = machine.path(r"C:\windows\system32") / "GroupPolicy" / "DataStore" / "0" / "SysVol" / "school.example"
    template = folder / "Policies" / GUID / "Machine" / "Microsoft" / "Windows NT" / "SecEdit" / "GptTmpl.inf"
    template.parent.mkdir(parents=True)
    template.write_bytes(b"\xff\xfe" + TEMPLATE.encode("utf-16-le"))
    machine.reg_add(SYSTEM, "LegalNoticeCaption", "REG_SZ", "")
    with machine.hives() as hives:
        path = rf"\\school.example\SysVol\school.example\Policies\{GUID}\Machine"
        named = {"DisplayName": "Classrooms", "GPOName": GUID, "FileSysPath": path}
        for name, data in named.items():
            hives["system"].set(HISTORY, name, data)


def test_preview_roll_out_and_again(with_vault: School, machine: WindowsMachine) -> None:
    """What a group policy sets is named and left alone in all of them.

    BitLocker only in the preview: a roll-out cannot go on where nothing opens what was sealed, as below.
    """
    set_by_a_group_policy(machine)
    school, volume = with_vault, volumes.now(machine)
    preview = school.play("--check", "--diff", "-e", json.dumps(OURS), playbook="rollout")
    assert preview.status == 0, preview.output
    assert "InactivityTimeoutSecs" in preview.output
    assert machine.reg_query(SYSTEM, "InactivityTimeoutSecs") is None
    assert "volume C: no recovery password of it is kept: a recovery password is to be made" in preview.output
    assert "C: the next restart tests its protector, and encryption begins" in preview.output
    assert "nobody has run this on a real Windows yet" in preview.output
    assert volumes.now(machine) == volume

    first = school.play(playbook="rollout")
    assert first.status == 0, first.output
    assert machine.reg_query(SYSTEM, "InactivityTimeoutSecs") == ("REG_DWORD", "00000384")
    assert machine.state("auditpol")["policy"]["{0CCE923F-69AE-11D9-BED3-505054503030}"] == 3
    assert machine.path(r"C:\ProgramData\Leeboard\journal").is_dir()
    found = first.lines["pc1"]["findings"]
    # What is only reported, or of a family that the school does not change, stays as it was.
    ours = [one for one in found if one["mode"] == "enforce" and one["control"].startswith(("LCK", "LBL", "AUD"))]
    verdicts = {finding["control"]: finding["verdict"] for finding in ours}
    assert [control for control, verdict in verdicts.items() if verdict == "drifted"] == ["LBL-01"], verdicts
    (banner,) = [one for one in found if one["control"] == "LBL-01"]
    assert 'the group policy "Classrooms" sets this' in str(banner)
    assert "were left alone; change them there: " in " ".join(first.output.split())
    assert machine.reg_query(SYSTEM, "LegalNoticeCaption") == ("REG_SZ", "")
    assert {finding["control"] for finding in found if finding["verdict"] == "drifted"} >= {"ENC-01", "ENC-03"}
    assert verdicts["LCK-01"] == "pending", "the limit works after a restart"
    assert verdicts["AUD-11"] == "pending", "the event log service has not taken the policy over"
    assert machine.reg_query(EVENT_LOG + r"\Security", "MaxSize") == ("REG_DWORD", "00030000")

    second = school.play(playbook="rollout")
    assert second.status == 0, second.output
    assert "changed=0" in second.output


def test_modules_of_logs_and_the_clock_work_alone(school: School, machine: WindowsMachine) -> None:
    """Those that a roll-out at level standard does not call."""
    name, key = "leeboard.schools.win_event_forwarding", EVENT_LOG + r"\EventForwarding\SubscriptionManager"
    done = school.task({name: {"settings": [{"address": "collector", "value": COLLECTOR}]}}, "-v")
    assert "changed=1" in done.output, done.output
    assert machine.reg_query(key, "1") == ("REG_SZ", f"Server={COLLECTOR},Refresh=900")
    done = school.task({"leeboard.schools.win_time_info": {"addresses": ["servers", "synchronised"]}}, "-v")
    assert "time.windows.com" in done.output and "event 260" in done.output, done.output
    rights = [{"address": "SeSecurityPrivilege", "value": ["S-1-5-32-544"]}]
    done = school.task({"leeboard.schools.win_user_right": {"settings": rights}}, "-v")
    assert "changed=0" in done.output and "failed=0" in done.output, done.output


@pytest.mark.full
def test_a_device_that_cannot_open_what_was_sealed_is_not_encrypted(
    with_vault: School, machine: WindowsMachine
) -> None:
    """Wine opens nothing that was sealed to a key of the machine (standins/README.md)."""
    before = volumes.now(machine)
    refused = with_vault.play("-e", json.dumps({**OURS, "leeboard_enforce": ["ENC"]}), playbook="rollout")
    (line,) = [one for one in refused.output.splitlines() if "leeboard: pc1: " in one]
    assert refused.status == 2 and "volume C: BitLocker: what was sealed does not open" in line
    (key,) = controller_state.records(with_vault.folder / "var", URN, "pc1").keys
    assert key.state is State.PENDING and volumes.now(machine) == before
