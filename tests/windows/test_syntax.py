"""Device code keeps to what Windows PowerShell 5.1 has, and calls no command that nobody has thought about.

syntax.ps1 does the looking. This is no proof that the code runs on 5.1: nothing here has one.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from . import facts
from .requirements import need_powershell

_HERE = Path(__file__).parent
_PLUGINS = _HERE.parents[1] / "plugins"
_KNOWN = _HERE / "allowed-commands.txt"

REFUSED = {
    "$a = $true ? 1 : 2": "a ternary",
    "$a = $null ?? 1": "the operator ??",
    "$a ??= 1": "the operator ??=",
    "${a}?.Length": "the operator ?.",
    "${a}?[0]": "the operator ?[]",
    "Get-Item a && Get-Item b": "a pipeline chain (&& or ||)",
    "Get-Item a || Get-Item b": "a pipeline chain (&& or ||)",
    "Get-Item a &": "a background job (&)",
    "using namespace System.IO": "a using statement",
    "#requires -Version 7.0\n$a = 1": "#requires version 7.0",
    "#requires -PSEdition Core\n$a = 1": "#requires -PSEdition Core",
    "'{}' | ConvertFrom-Json -AsHashtable": "ConvertFrom-Json -AsHashtable is not in 5.1",
    "'{}' | ConvertFrom-Json -Depth 3": "ConvertFrom-Json -Depth is not in 5.1",
    "1 | ForEach-Object -Parallel { $_ }": "ForEach-Object -Parallel is not in 5.1",
    "ConvertTo-Json 1 -AsArray": "ConvertTo-Json -AsArray is not in 5.1",
    "Join-Path a b c": "Join-Path joins two parts in 5.1, no more",
    "if ($IsWindows) { 1 }": "5.1 has no $IsWindows",
    "$start.ArgumentList.Add('a')": ".NET Framework has no member ArgumentList",
    "[System.Security.Cryptography.SHA256]::HashData($a)": ".NET Framework has no member HashData",
    "$process.Kill($true)": ".NET Framework has no Kill with an argument",
    "[System.Text.Json.JsonDocument]::Parse('1')": ".NET Framework has no [System.Text.Json.JsonDocument]",
    '"`e[0m"': "the escape `e or `u{} in a text",
    '"`u{e9}"': "the escape `e or `u{} in a text",
    "$a = 0b11": "a number written as 5.1 cannot read it",
    "$a = 5u": "a number written as 5.1 cannot read it",
    "'a' -replace 'a', { 'b' }": "-replace with a script block",
    "Invoke-Expression '1'": "Invoke-Expression",
    "iex '1'": "the alias iex of Invoke-Expression",
    "1 | % { $_ }": "the alias % of ForEach-Object",
    "[scriptblock]::Create('1')": "a script block made of text",
    "$ExecutionContext.InvokeCommand.InvokeScript('1')": "InvokeScript runs text as a script",
    "$shell.AddScript('1')": "AddScript runs text as a script",
    "$shell.AddCommand('Invoke-Expression')": "Invoke-Expression is not in allowed-commands.txt",
    ". $file": "dot-sources something",
    "Invoke-WebRequest 'https://example.org'": "Invoke-WebRequest is not in allowed-commands.txt",
    "cmd.exe /c dir": "cmd.exe is not in allowed-commands.txt",
    "function Grab-Thing { 1 }": "Grab is no approved verb",
    "Export-ModuleMember -Function Get-Thing": "exports Get-Thing, which is not named Leeboard...",
    "function Get-Thing { begin { 1 } clean { 2 } }": "a clean block",
    "Get-WinEvent -Latest": "Get-WinEvent has no -Latest in 5.1",
    "$shell.AddCommand('Get-WinEvent').AddParameter('Newest', 3)": "Get-WinEvent has no -Newest in 5.1",
    "$shell.AddCommand('Get-Item')": "nobody has looked what a types file adds to Get-Item",
    "Get-CimInstance -ClassName Win32_DriveLock": "no Windows is known to have the class Win32_DriveLock",
    "$a = @(Get-CimInstance -ClassName Win32_BIOS); $a[0].SerialNo": "Win32_BIOS has no property SerialNo",
    "foreach ($a in Get-CimInstance -ClassName Win32_Share) { $a.Kind }": "Win32_Share has no property Kind",
    "(Get-CimInstance -ClassName Win32_BIOS).Mood": "Win32_BIOS has no property Mood",
    "Get-CimInstance -ClassName Win32_Share | Where-Object { $_.Kind -eq 0 }": "Win32_Share has no property Kind",
    "Invoke-CimMethod -InputObject $a -MethodName GetMood": "no class has a method GetMood",
    "$a.AddCommand('Get-NetFirewallProfile'); $b.Enabled": (
        "Enabled is a member of a types file that this runspace has not"
    ),
    "$a.AddCommand('Get-NetFirewallProfile'); $b.$c": (
        "a member whose name is worked out may be one of a types file: $b.$c"
    ),
    "function Add-Key { param([string]$RecoveryPassword) 1 }": "a parameter for a secret: $RecoveryPassword",
    "function Set-Thing { param([string]$Pin) 1 }": "a parameter for a secret: $Pin",
    "& { param($secret) 1 } 2": "a parameter for a secret: $secret",
    "Invoke-CimMethod -InputObject $a -MethodName UnlockWithPassphrase": (
        "UnlockWithPassphrase gives or takes a secret: SealedKeys.cs alone calls it"
    ),
    "$a = 'GetKeyProtectorNumericalPassword'": (
        "GetKeyProtectorNumericalPassword gives or takes a secret: SealedKeys.cs alone calls it"
    ),
    "$a, $b = 'ProtectKeyWithNumericalPassword', @{ FriendlyName = 'a'; NumericalPassword = $c }": (
        "ProtectKeyWithNumericalPassword gives or takes a secret: SealedKeys.cs alone calls it"
    ),
    "$a, $b = 'ProtectKeyWithNumericalPassword', $c": (
        "ProtectKeyWithNumericalPassword gives or takes a secret: SealedKeys.cs alone calls it"
    ),
    "Get-Item 'a": "The string is missing the terminator: '.",
}
ACCEPTED = [
    "$a = if ($true) { 1 } else { 2 }",
    "& $block 1",
    "'a?.b', 'a ?? b && c', \"`$IsWindows\"",
    "$a = 10MB; $b = 0x1F; $c = 5L; $d = 1.5",
    "Join-Path -Path a -ChildPath b",
    "$process.Kill()",
    "class Thing { [int]$Number; [int] Double() { return $this.Number * 2 } }",
    "function Get-LeeboardThing { 1 }; Get-LeeboardThing; Export-ModuleMember -Function Get-LeeboardThing",
    '"``e"',
    "$a.AddCommand('Get-NetFirewallProfile'); $b.CimInstanceProperties['Enabled'].Value",
    "$shell.AddCommand('Get-WinEvent').AddParameter('ErrorAction', 'Stop').AddParameter('Oldest', $true)",
    "Get-CimInstance -ClassName Win32_Tpm -ErrorAction Stop | Invoke-CimMethod -MethodName IsEnabled",
    "$b.Enabled",
    "function Get-Thing { param([string]$PasswordAge, [string]$Spin, [string]$Sealed) 1 }",
    "$a = @(Get-CimInstance -ClassName Win32_Share | Where-Object { $_.Type -eq 0 }); $a[0].Name; $a.Length; $b.Kind",
    "$a, $b = 'ProtectKeyWithNumericalPassword', @{ FriendlyName = 'a' }",
    "$a = Get-CimInstance -ClassName Win32_Share | ForEach-Object { @{ Kind = $_.Type } }; $a.Kind",
]


def findings(files: list[Path]) -> list[dict[str, object]]:
    """What is wrong in these files."""
    arguments = ["-Files", ";".join(map(str, files)), "-AllowList", str(_KNOWN), "-Facts", str(facts.FILE)]
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(_HERE / "syntax.ps1"), *arguments],
        capture_output=True,
        text=True,
        timeout=600,  # it hangs; beside other loads the whole of it took more than two minutes
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_device_code_keeps_to_5_1() -> None:
    need_powershell()
    files = sorted([*_PLUGINS.rglob("*.ps1"), *_PLUGINS.rglob("*.psm1")])
    assert files, "there is no PowerShell in plugins/"
    found = findings(files)
    assert not found, "\n".join(f"{one['file']}:{one['line']}: {one['what']}" for one in found)


def test_the_script_that_puts_a_device_back_keeps_to_5_1(tmp_path: Path) -> None:
    """It travels as text in a file of device code, and is run by the machine's own Windows PowerShell."""
    need_powershell()
    text = (_PLUGINS / "module_utils/_windows/checkpoint/PutBackScript.psm1").read_text(encoding="utf-8")
    script = text.partition("$script:Text = @'\n")[2].partition("\n'@\n")[0]
    assert "Clear-Checkpoint" in script and script.isascii()
    (tmp_path / "putback.ps1").write_text(script, encoding="ascii")
    assert findings([tmp_path / "putback.ps1"]) == []


def test_what_is_refused_and_what_is_not(tmp_path: Path) -> None:
    need_powershell()
    files = {}
    for number, snippet in enumerate([*REFUSED, *ACCEPTED]):
        files[snippet] = tmp_path / f"{number}.psm1"
        files[snippet].write_text(snippet, encoding="utf-8")
    found: dict[str, list[object]] = {}
    for one in findings(list(files.values())):
        found.setdefault(str(one["file"]), []).append(one["what"])
    said = {snippet: found.get(str(path), []) for snippet, path in files.items()}
    assert {snippet: whats for snippet, whats in said.items() if snippet in ACCEPTED and whats} == {}
    missed = {snippet: said[snippet] for snippet, what in REFUSED.items() if what not in said[snippet]}
    assert missed == {}


def test_allowed_commands_are_sorted() -> None:
    names = [line.split("#")[0].strip() for line in _KNOWN.read_text(encoding="utf-8").splitlines()]
    names = [name for name in names if name]
    assert names == sorted(set(names), key=str.lower)
    assert not {"Invoke-Expression", "Add-Type", "Invoke-WebRequest", "Invoke-RestMethod"} & set(names)
