"""The modules of a school's own VPN on Windows as Ansible runs them, in one PowerShell on Linux: no Windows is made.

Stores are lists, and certreq is played from the file that it is given. The profile is made by the stand-in VpnClient,
over a real phonebook in a folder. A checkpoint is taken to be armed: what it does is in test_vpn_checkpoint.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from tests.unit.authority.authorities import Authority, an_authority
from tests.unit.escrow.vaults import AT

from . import facts, sealed_keys
from .shell import PowerShell

PATIENCE = 300  # seconds: a busy machine
_PLUGINS = Path(__file__).parents[2] / "plugins"
_OURS = (
    "Reading",
    "Host",
    "PrivateFolder",
    "CertificateStore",
    "CertificateStoreChange",
    "RegistryKey",
    "Phonebook",
    "MachineCertificate",
)
_OURS += ("CertificateRequest", "CertificateInstall", "TunnelWords", "VpnTunnel", "StrayProfile", "VpnConnection")
_OURS += ("VpnConnectionChange", "Armed", "Journal", "Change", "DriverModule")
# What stands between the device code and Windows.
_SEAM = r"""
$global:Bench = @{ Stores = @{ My = @(); CA = @(); Root = @(); REQUEST = @() }; Lines = @(); Journal = @() }
Import-Module $arguments.compiler -Global
Add-CSharpType -References @($arguments.basic)
[Ansible.Basic.AnsibleModule]::WriteLine = { param($line) $global:Bench.Lines += $line }
[Ansible.Basic.AnsibleModule]::Exit = { param($code) throw 'the module ends' }
$env:LEEBOARD_PROGRAMDATA = $arguments.data
$env:PSModulePath = "$($arguments.standins)$([IO.Path]::PathSeparator)$env:PSModulePath"
function global:Get-LeeboardStoredCertificate([string]$Store) { $Bench.Stores[$Store] }
function global:Add-LeeboardStoredCertificate([string]$Store, $Certificate) { $Bench.Stores[$Store] += $Certificate }
function global:Remove-LeeboardStoredCertificate([string]$Store, $Certificate, [bool]$KeepKey) {
    $Bench.Stores[$Store] = @($Bench.Stores[$Store] | Where-Object { $_.Thumbprint -ne $Certificate.Thumbprint })
}
function global:Get-LeeboardDataFolder([string]$Name) {
    [IO.Path]::Combine($env:LEEBOARD_PROGRAMDATA, 'Leeboard', $Name)
}
function global:Protect-LeeboardDataFolder([string]$Name) {
    [IO.Directory]::CreateDirectory((Get-LeeboardDataFolder $Name)).FullName
}
function global:Assert-LeeboardFolder([string]$Folder) { }
function global:Assert-LeeboardCheckpoint { }
function global:Write-LeeboardJournal([string]$RunId, [string]$Driver, $Changes, $Before, $Edits) {
    $Bench.Journal += @($Edits)
    "C:\ProgramData\Leeboard\journal\$RunId.jsonl"
}
& (Get-Module Phonebook) {
    function script:Get-MachineFolder {
        [IO.Path]::Combine($env:LEEBOARD_PROGRAMDATA, 'Microsoft', 'Network', 'Connections', 'Pbk')
    }
    function script:Get-PhonebookPlace { @{ Folder = Get-MachineFolder; Whose = 'this machine' } }
}
function global:Invoke-LeeboardProgram([string]$Path, [string[]]$Arguments, [int]$TimeoutSeconds) {
    if ($Path -ne 'certreq.exe') { throw "the bench has no $Path" }
    $x509 = 'Security.Cryptography.X509Certificates'
    $keys = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]
    if ($Arguments[0] -eq '-new') {
        $inf = @{}
        foreach ($line in [IO.File]::ReadAllLines($Arguments[3])) {
            if ($line -match '^([\w.]+) ?= ?"?(.*?)"?$') { $inf[$Matches[1]] = $Matches[2] }
        }
        $curve = [Security.Cryptography.ECCurve]::CreateFromFriendlyName("nistP$($inf.KeyLength)")
        $key = [Security.Cryptography.ECDsa]::Create($curve)
        $request = New-Object "$x509.CertificateRequest" ($inf.Subject, $key, $inf.HashAlgorithm)
        $now = [DateTimeOffset]::UtcNow
        $Bench.Stores.REQUEST += $request.CreateSelfSigned($now, $now.AddYears(1))
        $pem = $request.CreateSigningRequestPem().Replace('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')
        [IO.File]::WriteAllText($Arguments[4], $pem)
        return @{ ExitCode = 0; Output = ''; ErrorOutput = '' }
    }
    $pem = [IO.File]::ReadAllText($Arguments[3])
    $came = [Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($pem)
    $public = [Convert]::ToHexString($came.GetPublicKey())
    $waits = $Bench.Stores.REQUEST
    $for = @($waits | Where-Object { [Convert]::ToHexString($_.GetPublicKey()) -eq $public })[0]
    $Bench.Stores.My += $keys::CopyWithPrivateKey($came, $keys::GetECDsaPrivateKey($for))
    $Bench.Stores.REQUEST = @($waits | Where-Object { $_.Thumbprint -ne $for.Thumbprint })
    @{ ExitCode = 0; Output = ''; ErrorOutput = '' }
}
"""
_STEP = """
Reset-LeeboardCache  # a device runs each module in a process of its own
$Bench.Lines = @()
function global:Get-LeeboardNow { [datetime]::new([long]$arguments.ticks, 'Utc') }
$global:complex_args = $arguments.given
try { & ([scriptblock]::Create($arguments.module)) } catch { if (-not $Bench.Lines.Count) { throw } }
ConvertFrom-Json $Bench.Lines[-1] -AsHashtable -DateKind String
"""
_EPOCH = 621355968000000000  # ticks of .NET at 1970


class VpnBench:
    """A device: its stores, its phonebook, and its clock (`now`, seconds since 1970)."""

    def __init__(self, folder: Path, now: float) -> None:
        self.folder, self.now = folder, now
        self._shell = PowerShell("pwsh", [next(_PLUGINS.rglob(f"{name}.psm1")) for name in _OURS], patience=PATIENCE)
        core = Path(sealed_keys.ansible(), "module_utils")
        self._shell.run(
            _SEAM, timeout=PATIENCE, data=str(folder), standins=str(facts.STANDINS),
            compiler=str(core / "powershell" / "Ansible.ModuleUtils.AddType.psm1"),
            basic=(core / "csharp" / "Ansible.Basic.cs").read_text("utf-8"),
        )  # fmt: skip

    def close(self) -> None:
        """End its PowerShell."""
        self._shell.close()

    def ask(self, module: str, check: bool = False, **given: Any) -> dict[str, Any]:
        """What a module answers to its arguments."""
        text = (_PLUGINS / "modules" / f"{module}.ps1").read_text("utf-8")
        ticks = _EPOCH + int(self.now * 10_000_000)
        given["_ansible_check_mode"] = check
        found: dict[str, Any] = self._shell.run(_STEP, timeout=PATIENCE, module=text, given=given, ticks=str(ticks))
        return found

    def run(self, script: str, **arguments: Any) -> Any:
        """A script of a test's own."""
        return self._shell.run(script, timeout=PATIENCE, **arguments)


@contextmanager
def begun_before(folder: Path) -> Iterator[Authority]:
    """An authority that was begun ten days before."""
    with an_authority(folder) as made:
        made.at = (AT + timedelta(days=10)).astimezone(UTC)
        yield made
