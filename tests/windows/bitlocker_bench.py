"""BitLocker's device code over the stand-in's state machine, in one PowerShell on Linux: no Windows is made.

The state is cim.json's, kept here; each call hands it over and takes it back. The methods are the stand-in's own
(standins/CimCmdlets), restarts and hours volume_time.py's. `cut` ends everything at a call that changes something, as
when the power goes: from there on nothing is called and nothing is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError

from . import facts, sealed_keys, volume_time
from .shell import PowerShell

PATIENCE = 300  # seconds: a busy machine
MODULES = Path(__file__).parents[2] / "plugins" / "module_utils" / "_windows"
OURS = ("Reading", "Host", "BitLockerWords", "BitLockerStart", "BitLockerKept", "BitLockerVolume", "Enrolment")
OURS += (
    "BitLockerNow",
    "BitLockerDirectory",
    "BitLockerGate",
    "BitLockerPlan",
    "Journal",
    "BitLockerChange",
    "BitLockerSteps",
    "DriverModule",
)
# What stands between the device code and Windows: CIM, the registry, the journal's folder.
SEAM = r"""
function global:Get-LeeboardCim([string]$ClassName, [string]$Namespace = 'root\cimv2', [int]$TimeoutSeconds) {
    if ($Bench.Ended) { throw 'the power is off' }
    $classes = @($Bench.State.namespaces.Keys | Where-Object { $_ -eq $Namespace })
    if (-not $classes.Count -or -not $Bench.State.namespaces[$classes[0]].Contains($ClassName)) {
        throw (New-LeeboardProblem -Code missing_tool -Why "there is no $Namespace")
    }
    foreach ($found in $Bench.State.namespaces[$classes[0]][$ClassName]) {
        $one = @{ Found = $found }
        foreach ($name in $found.Keys) { if ($name -notin 'bitlocker', 'tpm') { $one[$name] = $found[$name] } }
        [pscustomobject]$one
    }
}
function global:Invoke-LeeboardCimMethod($Instance, [string]$MethodName, [System.Collections.IDictionary]$Arguments) {
    if ($Bench.Ended) { throw 'the power is off' }
    $kept = if ($Bench.Cut -and -not $Bench.Done) { ConvertTo-Json $Bench.State -Depth 20 -Compress }
    $trouble = $Bench.State['behaviour'][$MethodName]
    if ($trouble -eq 'hang') {
        throw (New-LeeboardProblem -Code timeout -Why "$MethodName did not answer in 25 seconds")
    }
    if ($trouble -eq 'nothing') { return }
    if ($trouble -eq 'no number') { return [pscustomobject]@{ ReturnValue = $null } }
    if ($null -ne $trouble) { return [pscustomobject]@{ ReturnValue = [uint32]$trouble } }
    if ($Instance.Found.Contains('tpm')) {
        $outcome = Invoke-TpmMethod $Instance.Found $MethodName $Arguments
    } else {
        $tpms = @($Bench.State.namespaces['root\cimv2\Security\MicrosoftTpm'].Win32_Tpm | ForEach-Object { $_.tpm })
        $volumes = @($Bench.State.namespaces['root\cimv2\Security\MicrosoftVolumeEncryption'].Win32_EncryptableVolume)
        $machine = @{ Volumes = $volumes; Tpm = $tpms[0]; Policy = $Bench.State.policy }
        $outcome = Invoke-VolumeMethod $machine $Instance.Found $MethodName $Arguments
    }
    if ($null -eq $outcome) { throw (New-LeeboardProblem -Code failed -Why "there is no method $MethodName") }
    if ($outcome.Changed) {
        $Bench.Changes += $MethodName
        if ($Bench.Meanwhile -and $Bench.Changes.Count -eq 1) { & ([scriptblock]::Create($Bench.Meanwhile)) }
        if ($Bench.Changes.Count -eq $Bench.Cut) {
            $Bench.Ended = $true
            if (-not $Bench.Done) { $Bench.State = ConvertFrom-Json $kept -AsHashtable -DateKind String }
            throw 'the power is off'
        }
    }
    [pscustomobject]$outcome.Answer
}
function global:Get-LeeboardMachineValue([string]$Path, [string]$Name) {
    if ($Path -like '*\FVE' -and $Bench.State.policy.Contains($Name)) {
        return @{ state = 'value'; value = $Bench.State.policy[$Name]; type = 'dword' }
    }
    @{ state = 'absent' }
}
function global:Get-LeeboardSubkeyName([string]$Path) { $Bench.State['subkeys'][$Path] }
function global:Open-LeeboardKey([string]$Path) {
    if ($Path -like '*\CloudDomainJoin\JoinInfo' -and $Bench.State['entra']) {
        [pscustomobject]@{ SubKeyCount = 1 } | Add-Member ScriptMethod Dispose { } -PassThru
    }
}
function global:Get-LeeboardEvent([string]$Log, [string]$Provider, [int[]]$Id, [datetime]$Since) {
    if ($Bench.State['logs'] -eq 'refused') { throw (New-LeeboardProblem -Code denied -Why "$Log was refused") }
    $how, $part = switch ($Id[0]) { 24652 { 'started', 'OptionalGUID' } 782 { 'opened', 'ProtectorGUID' } }
    $schema = 'http://schemas.microsoft.com/win/2004/08/events/event'
    # What directories took: of protectors that are there, and of those that are gone.
    $numbers = @{ 784 = 'ad'; 845 = 'entra' }
    $taken = @($Bench.State['taken'] | Where-Object { $_ }) + @(
        $Bench.State.namespaces['root\cimv2\Security\MicrosoftVolumeEncryption'].Win32_EncryptableVolume |
            ForEach-Object { $_.bitlocker.protectors } | Where-Object { $_ })
    foreach ($one in $taken) {
        $by = @($one['taken'])
        foreach ($number in @($Id | Where-Object { $numbers.ContainsKey($_) -and $by -contains $numbers[$_] })) {
            [xml]("<Event xmlns='$schema'><System><EventID>$number</EventID>" +
                "<TimeCreated SystemTime='2026-12-02T08:00:00Z'/></System><EventData>" +
                "<Data Name='ProtectorGUID'>$($one.id.ToLowerInvariant())</Data></EventData></Event>")
        }
    }
    foreach ($one in @($Bench.State['typed'] | Where-Object { $_ -and $how -and $_.how -eq $how })) {
        [xml]("<Event xmlns='$schema'><System><EventID>$($Id[0])</EventID></System><EventData>" +
            "<Data Name='$part'>$($one.id.ToLowerInvariant())</Data></EventData></Event>")
    }
}
function global:Write-LeeboardJournal([string]$RunId, [string]$Driver, $Changes, $Before, $Edits) {
    if ($Bench.Ended) { throw 'the power is off' }
    if ($Bench.State['full']) {
        throw (New-LeeboardProblem -Code failed -Why 'the journal cannot be written; make room')
    }
    $Bench.Journal += @{
        driver = $Driver; changes = @($Changes).Count; edits = @($Edits); before = $Bench.Changes.Count
    }
    "C:\ProgramData\Leeboard\journal\$RunId.jsonl"
}
"""
BEGIN = """
$global:Bench = @{
    State = $arguments.state; Cut = $arguments.cut; Done = $arguments.done; Ended = $false; Changes = @(); Journal = @()
    Meanwhile = $arguments.meanwhile
}
"""
END = """
@{
    state = $Bench.State; changes = @($Bench.Changes); journal = @($Bench.Journal); outcome = $outcome; error = $why
}
"""
CHANGE = """
$outcome, $why = $null, ''
try { $outcome = Invoke-LeeboardBitLockerChange -Wish $arguments.wish -RunId r1 -Check $arguments.check }
catch { $why = $_.Exception.Message }
"""
CALL = """
$outcome, $why = $null, ''
$class = if ($arguments.tpm) { 'root\\cimv2\\Security\\MicrosoftTpm', 'Win32_Tpm' }
    else { 'root\\cimv2\\Security\\MicrosoftVolumeEncryption', 'Win32_EncryptableVolume' }
$one = Get-LeeboardCim $class[1] $class[0] | Where-Object { $arguments.tpm -or $_.DriveLetter -eq $arguments.letter }
try { $outcome = Invoke-LeeboardCimMethod $one $arguments.method $arguments.given }
catch { $why = $_.Exception.Message }
"""
# A step of the conversation about keys, by the module as Ansible runs it. What it prints is what crosses the wire.
STEP = """
Reset-LeeboardCache  # a device runs each module in a process of its own
$volumes = @{}
foreach ($one in $Bench.State.namespaces['root\\cimv2\\Security\\MicrosoftVolumeEncryption'].Win32_EncryptableVolume) {
    $volumes[$one.DeviceID] = $one.bitlocker
}
[Standins.KeyVolume]::Volumes = $volumes
[Ansible.Basic.AnsibleModule]::WriteLine = { param($line) $Bench.Printed = $line }
[Ansible.Basic.AnsibleModule]::Exit = { param($code) throw 'the module ends' }
$global:complex_args = $arguments.given
try { & ([scriptblock]::Create($arguments.module)) } catch { if (-not $Bench['Printed']) { throw } }
$outcome, $why = (ConvertFrom-Json $Bench.Printed -AsHashtable), ''
if ($outcome['failed']) { $why = $outcome.msg }
"""
MODULE, READER = (MODULES.parents[1] / "modules" / f"{name}.ps1" for name in ("win_bitlocker", "win_bitlocker_volume"))
WISH: dict[str, Any] = {"protector": "tpm", "method": 7, "used_space": False, "kept": [], "options": []}
State = dict[str, Any]


def clean() -> State:
    """A laptop in clear, with a TPM that nobody uses."""
    state: State = json.loads((facts.STANDINS / "state" / "cim.json").read_text(encoding="utf-8"))
    state["policy"], state["subkeys"] = {}, {}
    return state


def add_data(state: State, letter: str = "D:", **changes: Any) -> State:
    """A fixed data drive in clear."""
    volume = {"conversion": 0, "percentage": 0, "method": 6, "flags": 0, "locked": False, "clear_key": False}
    volume |= {"suspended": None, "hardware_test": 0, "protectors": [], **changes}
    name = f"\\\\?\\Volume{{00000000-0000-0000-0000-{ord(letter[0]):012}}}\\"
    found = {"DeviceID": name, "PersistentVolumeID": "", "DriveLetter": letter, "VolumeType": 1, "bitlocker": volume}
    volume_time.instances(state).append(found)
    return volume


def volume(state: State, letter: str = "C:") -> State:
    """What a volume is."""
    (found,) = (one["bitlocker"] for one in volume_time.instances(state) if one["DriveLetter"] == letter)
    return dict(found)


class Bench:
    """The PowerShell, and what a call came to."""

    def __init__(self) -> None:
        standins = [facts.STANDINS / "CimCmdlets" / f"{name}.psm1" for name in ("VolumeMethods", "TpmMethods")]
        modules: Iterable[Path] = [next(MODULES.rglob(f"{name}.psm1")) for name in OURS]
        self._shell = PowerShell("pwsh", [*modules, *standins], patience=PATIENCE)
        self._shell.run(SEAM, timeout=PATIENCE)
        self._has_keys = False

    def close(self) -> None:
        """End it."""
        self._shell.close()

    def change(
        self, state: State, *, check: bool = False, cut: int = 0, done: bool = True, meanwhile: str = "", **wish: Any
    ) -> Any:
        """The device's change. `cut` is the how-manieth changing call ends it, `done` whether Windows did it first.

        `meanwhile` is PowerShell that somebody else runs after the first change.
        """
        return self._on(state, CHANGE, wish={**WISH, **wish}, check=check, cut=cut, done=done, meanwhile=meanwhile)

    def call(self, state: State, method: str, letter: str = "C:", *, tpm: bool = False, **given: Any) -> dict[str, Any]:
        """What a method answers; state is what it leaves."""
        said = self._on(state, CALL, method=method, letter=letter, given=given, tpm=tpm)
        outcome: dict[str, Any] = said["outcome"] or {"error": said["error"]}
        return outcome

    def asked(self, state: State) -> BenchDevice:
        """The machine as escrow talks to it."""
        if not self._has_keys:
            basic = Path(sealed_keys.ansible(), "module_utils", "csharp", "Ansible.Basic.cs")
            sealed_keys.load(self._shell, basic.read_text("utf-8"))
            self._has_keys = True
        return BenchDevice(self, state)

    def step(self, state: State, given: dict[str, Any], module: Path = MODULE) -> Any:
        """What the module answers to its arguments; state is what it leaves."""
        return self._on(state, STEP, timeout=PATIENCE, module=module.read_text("utf-8"), given=given)

    def _on(
        self, state: State, script: str, *, cut: int = 0, done: bool = True, meanwhile: str = "", **given: Any
    ) -> Any:
        """What a script between BEGIN and END puts out; state is what it leaves."""
        said = self._shell.run(BEGIN + script + END, state=state, cut=cut, done=done, meanwhile=meanwhile, **given)
        state.clear()
        state.update(said["state"])
        return said

    def run(self, script: str, **arguments: Any) -> Any:
        """A script of a test's own."""
        return self._shell.run(script, **arguments)


class BenchDevice:
    """A machine as the action asks it: what a step answers, or LeeboardError with the device's words."""

    def __init__(self, bench: Bench, state: State) -> None:
        self._bench, self.state = bench, state
        self.sent: list[str] = []
        self.changes: list[str] = []
        self.check = False

    def ask(self, step: str, **given: Any) -> dict[str, Any]:
        """One step."""
        self.sent += [str(one) for one in given.values()]
        answer = self.answer({"step": step, "run_id": "r1", "_ansible_check_mode": self.check, **given})
        if answer.get("failed"):
            raise LeeboardError(answer["msg"])
        return answer

    def answer(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the module answers to its arguments, where it fails too."""
        said = self._bench.step(self.state, given)
        self.changes += said["changes"]
        answer: dict[str, Any] = said["outcome"]
        return answer

    def volumes(self) -> Any:
        """The reading of its volumes, as a visit has it."""
        return self._bench.step(self.state, {"addresses": ["volumes"]}, READER)["outcome"]["readings"]["volumes"]
