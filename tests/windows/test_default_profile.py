"""A first sign-in copies the registry of the default profile, also while a visit goes on or after one was killed."""

from __future__ import annotations

import pytest

from .machine import WindowsMachine

ORIGINAL = r"C:\users\Default\NTUSER.DAT"
# On Windows the file of a loaded registry is open and shared with nobody, which Wine does not imitate.
AS_WINDOWS = r"""
function global:Copy-Original { [IO.File]::Copy('C:\users\Default\NTUSER.DAT', 'C:\copied.dat', $true) }
function global:Mount-LeeboardHive {
    param($Name, $File)
    Native\Mount-LeeboardHive -Name $Name -File $File
    $global:Held = [IO.File]::Open($File, 'Open', 'Read', 'None')
    $global:Loaded = $File
    Copy-Original
    if ($global:Dies) {
        [IO.File]::WriteAllText('C:\loaded.txt', $File)
        [Diagnostics.Process]::GetCurrentProcess().Kill()
    }
}
function global:Dismount-LeeboardHive {
    param($Name)
    if ($global:Held) { $global:Held.Dispose(); $global:Held = $null }
    Native\Dismount-LeeboardHive -Name $Name
}
$global:Dies, $global:Held = $false, $null
"""
IN_EACH_DRIVER = r"""
$global:Copied = @()
& (Get-Module Visit) {
    foreach ($driver in @($script:Drivers.Keys)) {
        $real = $script:Drivers[$driver]
        $copying = {
            param($Addresses)
            Copy-Original
            $global:Copied += $driver
            & $real -Addresses $Addresses
        }.GetNewClosure()
        Set-Item -LiteralPath "Function:global:Copying-$driver" -Value $copying
        $script:Drivers[$driver] = "Copying-$driver"
    }
}
"""
LEFT = r"""
@([Microsoft.Win32.Registry]::Users.GetSubKeyNames() | Where-Object { $_ -like 'Leeboard-*' }) +
    @([IO.Directory]::GetDirectories('C:\windows\Temp', 'Leeboard-*'))
"""
ADDRESSES = {
    "account_lockout": ["LockoutBadCount"],
    "registry": [r"HKLM\SOFTWARE\Policies\X:Y"],
    "registry_acl": [r"HKCU\SOFTWARE\Policies"],
    "registry_user": [r"HKCU\Control Panel\Desktop:ScreenSaveActive"],
    "remote_desktop": ["fDenyTSConnections"],
    "service_state": ["WinRM:StartMode"],
    "vpn_connection": ["profiles"],
    "windows_time": ["service"],
}


def test_a_first_sign_in_copies_it_during_each_driver(machine: WindowsMachine) -> None:
    machine.run(AS_WINDOWS + IN_EACH_DRIVER)
    seen = machine.visit(ADDRESSES)
    by_driver = {one["driver"]: one["effective"] for one in seen["readings"]}
    assert {driver for driver, effective in by_driver.items() if effective["state"] == "unreadable"} == set(), by_driver
    assert by_driver["registry_user"]["source"].startswith(r"C:\Users\Default\NTUSER.DAT"), by_driver["registry_user"]
    assert set(machine.run("$global:Copied")) == set(ADDRESSES)
    assert machine.run("$global:Loaded").lower().startswith(r"c:\windows\temp\leeboard-")
    assert not machine.run(LEFT)


def test_it_is_free_after_a_kill_and_the_next_visit_cleans_up(machine: WindowsMachine) -> None:
    machine.run(AS_WINDOWS + "$global:Dies = $true")
    with pytest.raises(RuntimeError, match="PowerShell ended"):
        machine.visit(ADDRESSES)
    assert len(machine.run(LEFT)) == 2, "the kill left nothing, so this shows nothing"
    loaded = machine.path(r"C:\loaded.txt").read_text(encoding="utf-8")
    assert loaded.lower() != ORIGINAL.lower()
    machine.run(AS_WINDOWS + f"[IO.File]::Open('{ORIGINAL}', 'Open', 'ReadWrite', 'None').Dispose(); Copy-Original")
    seen = machine.visit(ADDRESSES)
    assert [one for one in seen["readings"] if one["effective"]["state"] == "unreadable"] == []
    assert not machine.run(LEFT)
