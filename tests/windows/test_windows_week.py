"""A week's nights on one encrypted Windows laptop, and the history that they must leave: that, and nothing else.

Restarts, an update of the firmware, a technician who suspends BitLocker by hand, a group policy that comes and goes, a
new disk, a recovery password that does not reach Active Directory, and a night on which the laptop is off. The visits
are the device code's own; bundles, loading and history are those of every night.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import stamp
from leeboard.policy.load import load
from tests.controls.windows_encrypted import EncryptedWindows, backed_up, encrypt_by_hand
from tests.unit.evidence import estate

from . import group_policy, volumes
from .machine import WindowsMachine
from .requirements import need_machine

ASSET = "LAB-WINDOWS"
FVE = r"SOFTWARE\Policies\Microsoft\FVE"
FIRMWARE = r"HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{6DB0F4A5-0000-4000-8000-000000000001}"
CHOICE = {"UseAdvancedStartup": 1, "UseTPM": 2, "UseTPMPIN": 2, "UseTPMKey": 2, "UseTPMKeyPIN": 2}
STRICT = {"UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1, "UseTPMKey": 0, "UseTPMKeyPIN": 0}
NEW_DISK_PASSWORD = {"id": "{33333333-0000-4000-8000-0000000000E3}", "type": 3}
NEW_PASSWORD = {"id": "{33333333-0000-4000-8000-0000000000F3}", "type": 3}
CALL = """
    $volume = Get-CimInstance Win32_EncryptableVolume -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption |
        Where-Object { $_.DriveLetter -eq 'C:' }
    $given = @{}
    foreach ($name in $arguments.given.Keys) { $given[$name] = [uint32]$arguments.given[$name] }
    ($volume | Invoke-CimMethod -MethodName $arguments.method -Arguments $given).ReturnValue
    """


def suspend(machine: WindowsMachine, count: int) -> None:
    """What Suspend-BitLocker -RebootCount does."""
    assert machine.run(CALL, method="DisableKeyProtectors", given={"DisableCount": count}) == 0


def resume(machine: WindowsMachine) -> None:
    """What Resume-BitLocker does."""
    assert machine.run(CALL, method="EnableKeyProtectors", given={}) == 0


def monday(_machine: WindowsMachine) -> None:
    """All is well."""


def tuesday(machine: WindowsMachine) -> None:
    """A technician suspends BitLocker for good, and goes home. An evening restart changes nothing about it."""
    suspend(machine, 0)
    volumes.restart(machine)


def wednesday(machine: WindowsMachine) -> None:
    """He resumes. Firmware is staged, and protection is suspended for the one restart that it needs."""
    resume(machine)
    machine.reg_add(FIRMWARE, "Phase", "REG_DWORD", 1)
    machine.reg_add(FIRMWARE, "Version", "REG_DWORD", 801)
    suspend(machine, 1)


def thursday(machine: WindowsMachine) -> None:
    """The restart: the firmware is new and protection is back. A new data disk is being encrypted."""
    volumes.restart(machine)
    machine.reg_add(FIRMWARE, "Phase", "REG_DWORD", 2)
    volumes.add(machine, "E:", conversion=volumes.ENCRYPTING, percentage=30, protectors=[NEW_DISK_PASSWORD])
    backed_up(machine, NEW_DISK_PASSWORD["id"], "2026-11-05T15:00:00Z")


def friday(machine: WindowsMachine) -> None:
    """The disk is done. A group policy comes that lets people choose how to start."""
    volumes.hours_pass(machine)
    group_policy.comes(machine, "Easy start", FVE, CHOICE)


def saturday(_machine: WindowsMachine) -> None:
    """The laptop is off."""


def sunday(machine: WindowsMachine) -> None:
    """The policy goes, and the school's own values are back. The recovery password was changed, and AD not reached."""
    group_policy.goes(machine, FVE, CHOICE)
    with machine.hives() as hives:
        for name, value in STRICT.items():
            hives["system"].set(FVE, name, value)
    volumes.put(machine, protectors=[volumes.TPM_AND_PIN, NEW_PASSWORD])
    backed_up(machine, NEW_PASSWORD["id"], "2026-11-08T15:00:00Z", number=785)


def next_monday(machine: WindowsMachine) -> None:
    """The second try reaches Active Directory, after a restart."""
    backed_up(machine, NEW_PASSWORD["id"], "2026-11-09T15:00:00Z", number=784)
    volumes.restart(machine)


NIGHTS: tuple[Callable[[WindowsMachine], None], ...] = (
    monday, tuesday, wednesday, thursday, friday, saturday, sunday, next_monday,
)  # fmt: skip
OFF = {saturday}
# What was not well: verdict, first night, and the night on which it was not so any more (None: still so). By hand.
HISTORY = {
    # Suspended on Tuesday, and on Wednesday for a restart, which is another reason; never anything else.
    "ENC-01": {("drifted", 1, 2), ("drifted", 2, 3)},
    # One restart is what level high allows, for ever is not.
    "ENC-09": {("drifted", 1, 2)},
    "ENC-03": {("drifted", 4, 6)},
    "ENC-10": {("pending", 3, 4)},
    # Of a password that AD took, only AD can say that it has it.
    "ENC-07": {("not_checked", 0, None), ("drifted", 6, 7)},
}
SAID = {
    ("ENC-01", 1): "until somebody resumes it",
    ("ENC-01", 2): "it comes back after 1 restart",
    ("ENC-03", 4): 'the group policy "Easy start" sets this',
    ("ENC-07", 6): "to Active Directory failed",
    ("ENC-07", 7): "Active Directory took its recovery password {33333333-0000-4000-8000-0000000000F3}",
    ("ENC-10", 3): "being encrypted, 30 % so far",
}


def test_a_week_leaves_exactly_its_history(tmp_path: Path) -> None:
    need_machine()
    machine = WindowsMachine("WEEK")
    try:
        proof = EncryptedWindows(machine)
        encrypt_by_hand(machine)
        expected = Expected.model_validate({**proof.device().model_dump(), "problem": ""})
        said: dict[int, dict[str, Any]] = {}
        for night, happens in enumerate(NIGHTS):
            happens(machine)
            seen: dict[str, Any] = {}
            if happens not in OFF:
                observation = machine.visit(proof.addresses)
                observation["observed_at"] = stamp(estate.NIGHT + timedelta(days=night, seconds=5))
                seen = {ASSET: observation}
                said[night] = proof.findings(proof.visit())
            estate.write(tmp_path / "evidence", estate.run_id(night), [expected], seen, urn=expected.urn)
    finally:
        machine.close()
    with Store.open(tmp_path / "store.db") as store:
        ingest(store, [tmp_path / "evidence"], load())
        held = store.history(expected.urn, ASSET)
    found: dict[str, set[tuple[str, int, int | None]]] = {}
    for one in held:
        if one.control.startswith("ENC-"):
            until = None if one.until is None else (one.until - estate.NIGHT).days
            found.setdefault(one.control, set()).add((one.verdict, (one.since - estate.NIGHT).days, until))
    assert found == HISTORY
    for (control, night), words in SAID.items():
        assert words in json.dumps(said[night][control].as_json(), ensure_ascii=False).replace('\\"', '"')
