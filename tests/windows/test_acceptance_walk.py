"""The acceptance playbook's walk with BitLocker over a virtual disk, on the state machine, in the playbook's order.

The disk is a data volume of the bench: what makes and deletes a real one (diskpart, cmdlets of Storage) is not tried.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from leeboard.ansible.acceptance_seal import seal
from leeboard.errors import LeeboardError

from . import volume_time
from .bitlocker_bench import Bench, BenchDevice, State, add_data, clean, volume
from .wire.secrets import leaks

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
SCRIPT = PLAYBOOKS / "files" / "windows_acceptance_walk.ps1"
# What stands between the script and Windows: the disk, CIM, the event log, and time, in which Windows encrypts.
STANDIN = r"""
function Get-X { Get-LeeboardCim Win32_EncryptableVolume $script:BitLocker | Where-Object { $_.DriveLetter -eq 'X:' } }
function Add-Disk { }
function Remove-Disk { }
function Get-VolumeName { $found = Get-X; if ($found) { $found.DeviceID } }
function Get-CimInstance([string]$ClassName, [string]$Namespace) { Get-LeeboardCim $ClassName $Namespace }
function Invoke-CimMethod($InputObject, [string]$MethodName, $Arguments) {
    Invoke-LeeboardCimMethod $InputObject $MethodName $Arguments
}
function Start-Sleep([int]$Seconds) {
    $at = (Get-X).Found.bitlocker
    if ($at.conversion -eq 2) { $at.conversion, $at.percentage = 1, 100 }
}
function Get-WinEvent($FilterHashtable, $ErrorAction) {
    $data = "<Data Name='VolumeMountPoint'>X:</Data><Data Name='ProtectorGUID'>{0A1B-c}</Data>"
    [pscustomobject]@{ Id = 773; Text = "<Event><EventData>$data</EventData></Event>" } |
        Add-Member ScriptMethod ToXml { $this.Text } -PassThru
}
"""
RUN = """
$outcome, $why = $null, ''
Reset-LeeboardCache
$outcome = & ([scriptblock]::Create($arguments.text)) -Part $arguments.part -Wait 5
"""


class Walk:
    """The walk on one machine, step by step as the playbook has them; `said` is all that was put out."""

    def __init__(self, bench: Bench, device: BenchDevice) -> None:
        self.bench, self.device = bench, device
        self.said: list[str] = []

    def script(self, part: str) -> dict[str, Any]:
        text = SCRIPT.read_text(encoding="utf-8").replace("exit 0  # without", "# without")
        text = text.replace("try {\n    $answer = Get-Part", f"{STANDIN}\ntry {{\n    $answer = Get-Part")
        said = self.bench._on(self.device.state, RUN, timeout=300, text=text, part=part)["outcome"]
        self.said.append(said)
        answer: dict[str, Any] = json.loads(said)
        return answer

    def protect(self, name: str, where: str) -> dict[str, Any]:
        key = self.device.ask("new_key")
        sealed = seal(json.dumps({"modulus": key["modulus"], "exponent": key["exponent"], "volume": where}))
        answer = self.device.ask("protect", volume=where, name=name, sealed=sealed)
        self.said += [sealed, json.dumps(answer)]
        return answer

    def whole(self) -> dict[str, Any]:
        """All of it; what the playbook registers."""
        made = self.script("make")
        where = made["volume"]
        first = self.protect("Leeboard acceptance 1", where)
        walked = self.script("walk")
        second = self.protect("Leeboard acceptance 2", where)
        self.device.ask("remove", volume=where, protector=first["id"], keep=second["id"])
        return {
            "__try_protect": first, "__try_walked": walked, "__try_walk_ended": self.script("state"),
            "__try_unmade": {"gone": True},
        }  # fmt: skip


@pytest.fixture
def walk(bench: Bench) -> Walk:
    state = clean()
    add_data(state, "D:")
    add_data(state, "X:")
    return Walk(bench, bench.asked(state))


def checks(registered: dict[str, Any]) -> dict[str, bool]:
    """What the playbook makes of it."""
    (play,) = yaml.safe_load((PLAYBOOKS / "windows_acceptance.yml").read_text(encoding="utf-8"))
    templar = Templar(DataLoader(), variables=registered)
    asked = play["vars"]["__try_walk_checks"]
    return {name: bool(templar.template(trust_as_template(text.strip()))) for name, text in asked.items()}


def others(state: State) -> list[Any]:
    return [copy.deepcopy(one) for one in volume_time.instances(state) if one["DriveLetter"] != "X:"]


def test_the_walk_goes_through_and_touches_no_other_volume(walk: Walk, tmp_path: Path) -> None:
    before = others(walk.device.state)
    registered = walk.whole()
    walked = registered["__try_walked"]
    assert all(checks(registered).values()), (checks(registered), walked)
    assert others(walk.device.state) == before
    assert [walked[part] for part in ("encrypt", "suspend", "resume")] == [0, 0, 0]
    assert (walked["suspended"]["suspend_count"], walked["suspended"]["kind"]) == ("0x80070032", 1)
    assert walked["events"] == [{"id": 773, "data": "VolumeMountPoint ProtectorGUID", "protector": "{9A9A-a}"}]
    assert walked["encrypted"]["method"] == 7 and walked["encrypted"]["auto_unlock"] is False
    assert volume(walk.device.state, "X:")["protectors"][0]["name"] == "Leeboard acceptance 2"
    for one in volume(walk.device.state, "X:")["protectors"]:
        assert not leaks(one["password"], *walk.said, tmp_path)


@pytest.mark.parametrize(
    ("method", "code", "wrong"),
    [
        ("Encrypt", 0x8031006A, {"the virtual disk was encrypted and protected"}),
        ("DisableKeyProtectors", 0, {"it was suspended, and protected again"}),
        ("EnableKeyProtectors", 0x80310008, {"it was suspended, and protected again"}),
    ],
)
def test_what_windows_does_otherwise_stands_in_the_file_and_is_a_check_that_failed(
    walk: Walk, method: str, code: int, wrong: set[str]
) -> None:
    where = walk.script("make")["volume"]
    first = walk.protect("Leeboard acceptance 1", where)
    walk.device.state["behaviour"] = {method: code}
    walked = walk.script("walk")
    assert "problem" not in walked
    said = checks({"__try_protect": first, "__try_walked": walked})
    assert {name for name, good in said.items() if not good} >= wrong
    assert said["a recovery password was sealed here, and compared there"]


def test_a_walk_that_was_cut_off_has_no_check_that_is_good() -> None:
    nothing = checks({"__try_walked": {}, "__try_walk_ended": {"problem": "x"}, "__try_unmade": {}})
    assert len(nothing) == 5 and not any(nothing.values())


def test_what_goes_wrong_is_said_and_nothing_is_sealed_to_what_is_no_key(walk: Walk) -> None:
    volume_time.instances(walk.device.state).pop()
    assert "BitLocker knows 0 volumes on the virtual disk" in walk.script("walk")["problem"]
    for given in ("", "[]", json.dumps({"modulus": "AQAB", "exponent": "AQAB", "volume": "x"})):
        with pytest.raises(LeeboardError):
            seal(given)


def test_the_program_that_the_playbook_calls_says_in_a_line_what_is_wrong() -> None:
    command = [sys.executable, "-m", "leeboard.ansible.acceptance_seal"]
    done = subprocess.run(command, input="{}", capture_output=True, text=True, timeout=300, cwd=PLAYBOOKS.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "what the device answered is no key for one use"
