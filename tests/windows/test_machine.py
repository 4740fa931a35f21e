"""The suite's Windows machine itself: a registry of its own, copies, snapshots, and what a clean one holds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from . import clean
from .hive import Hive
from .machine import WindowsMachine
from .shell import PowerShellError

POLICY = r"HKLM\Software\Policies\Leeboard"
SYSTEM = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Policies\System"
WRITE = """
$key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('Software\\Policies\\Leeboard')
foreach ($one in $arguments.values) { $key.SetValue($one[0], $one[1], $one[2]) }
$key.SetValue('Several', [string[]]('one', 'two'), 'MultiString')
$key.SetValue('Bytes', [byte[]](1, 2, 255), 'Binary')
$key.Close()
"""
READ = """
$key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('Software\\Policies\\Leeboard')
if ($key) { $key.GetValue($arguments.name) }
"""


def test_registry_is_real_and_lasts(another_machine: Callable[..., WindowsMachine]) -> None:
    """What PowerShell writes, another program reads, also after the machine was off."""
    machine = another_machine(code=None)
    values = [["Number", 900, "DWord"], ["Long", 2**40, "QWord"], ["Text", 'Pen-blwydd ŵy "\\ \n', "String"]]
    machine.run(WRITE, values=[*values, ["Path", "%SystemRoot%\\x", "ExpandString"]])
    expected = {
        "Number": ("REG_DWORD", "00000384"),
        "Long": ("REG_QWORD", "0000000000010000"),
        "Text": ("REG_SZ", 'Pen-blwydd ŵy "\\ \n'),
        "Path": ("REG_EXPAND_SZ", ("%SystemRoot%\\x\0").encode("utf-16-le").hex()),
        "Several": ("REG_MULTI_SZ", "one\0two\0\0".encode("utf-16-le").hex()),
        "Bytes": ("REG_BINARY", "0102ff"),
        "Absent": None,
    }
    assert {name: machine.reg_query(POLICY, name) for name in expected} == expected
    machine.off()
    assert {name: machine.reg_query(POLICY, name) for name in expected} == expected
    hive = Hive.read(machine.prefix / "system.reg")
    assert hive.raw(r"software\policies\LEEBOARD", "number") == "dword:00000384"


def test_reg_exe_writes_what_powershell_reads(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    machine.reg_add(POLICY, "Label", "REG_SZ", "SWYDDOGOL ŵ")
    assert machine.run(READ, name="Label") == "SWYDDOGOL ŵ"
    machine.reg_delete(POLICY, "Label")
    assert machine.run(READ, name="Label") is None
    machine.reg_delete(POLICY)
    assert machine.reg_query(POLICY, "Label") is None


def test_machines_are_independent(another_machine: Callable[..., WindowsMachine]) -> None:
    """Two at once: identities, registries and stand-ins of their own, and no shared file that anybody writes."""
    first, second = another_machine("PC1", code=None), another_machine("PC2", code=None)
    first.reg_add(POLICY, "Number", "REG_DWORD", 1)
    assert second.reg_query(POLICY, "Number") is None
    first.call("auditpol", "/set", "/category:*", "/failure:enable")
    assert set(first.state("auditpol")["policy"].values()) == {2, 3}
    assert 0 in second.state("auditpol")["policy"].values()
    guid = "(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Cryptography).MachineGuid"
    ask = f"$env:COMPUTERNAME; (Get-CimInstance Win32_BIOS).SerialNumber; {guid}"
    one, other = first.run(ask), second.run(ask)
    assert (one[0], other[0]) == ("PC1", "PC2")
    assert not set(one) & set(other)
    shared = [path for path in first.prefix.rglob("*") if path.is_file() and path.stat().st_nlink > 1]
    assert {path.suffix.lower() for path in shared} & {".reg", ".json", ".dat", ".psm1", ".py", ".jsonl"} == set()


def test_machine_is_small_and_quick(another_machine: Callable[..., WindowsMachine]) -> None:
    another_machine(code=None)  # makes the base where there is none yet
    began = time.monotonic()
    machine = another_machine(code=None)
    assert time.monotonic() - began < 3  # 0.6 s; it must not become a copy of 770 MB
    own = sum(path.lstat().st_size for path in machine.prefix.rglob("*") if path.lstat().st_nlink == 1)
    assert own < 8_000_000


def test_restore_brings_everything_back(another_machine: Callable[..., WindowsMachine]) -> None:
    """Registry, times of keys, files and stand-ins are as they were; the snapshot can be used again."""
    machine = another_machine(code=None)
    machine.reg_add(POLICY, "Number", "REG_DWORD", 1)
    machine.snapshot("before")
    key = Hive.read(machine.prefix / "system.reg").key(r"Software\Policies\Leeboard")[:2]
    for number in (2, 3):
        machine.reg_add(POLICY, "Number", "REG_DWORD", number)
        machine.run("[IO.File]::WriteAllText('C:\\Users\\Public\\left.txt', 'x')")
        machine.call("auditpol", "/clear", "/y")
        machine.misbehave("secedit", "hang")
        machine.restore("before")
        assert machine.reg_query(POLICY, "Number") == ("REG_DWORD", "00000001")
        assert not machine.path(r"C:\Users\Public\left.txt").exists()
        assert 3 in machine.state("auditpol")["policy"].values()
        assert machine.state("behaviour") == {}
    machine.off()
    assert Hive.read(machine.prefix / "system.reg").key(r"Software\Policies\Leeboard")[:2] == key


def test_restart_moves_the_start_and_keeps_the_rest(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    ask = "(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o')"
    first = datetime.fromisoformat(machine.run(ask))
    machine.reg_add(POLICY, "Number", "REG_DWORD", 1)
    machine.restart()
    second = datetime.fromisoformat(machine.run(ask))
    assert first < second <= datetime.now(UTC)
    assert machine.reg_query(POLICY, "Number") == ("REG_DWORD", "00000001")


def test_clean_windows(shared_machine: WindowsMachine) -> None:
    """What a clean Windows 11 24H2 has, and that names count in any case."""
    absent = [(SYSTEM, "InactivityTimeoutSecs"), (SYSTEM, "MaxDevicePasswordFailedAttempts")]
    absent += [(r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\Winlogon", "ScreenSaverGracePeriod")]
    absent += [(r"HKLM\System\CurrentControlSet\Control\Lsa", "SCENoApplyLegacyAuditPolicy")]
    absent += [(r"HKCU\Control Panel\Desktop", name) for name in ("ScreenSaveTimeOut", "SCRNSAVE.EXE")]
    assert [place for place in absent if shared_machine.reg_query(*place) is not None] == []
    assert shared_machine.reg_query(SYSTEM, "LegalNoticeCaption") == ("REG_SZ", "")
    assert shared_machine.reg_query(SYSTEM, "LegalNoticeText") == ("REG_SZ", "")
    assert shared_machine.reg_query(SYSTEM, "DontDisplayLastUserName") == ("REG_DWORD", "00000000")
    winlogon = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
    assert shared_machine.reg_query(winlogon, "ScRemoveOption") == ("REG_SZ", "0")
    assert shared_machine.reg_query(r"HKCU\Control Panel\Desktop", "ScreenSaveActive") == ("REG_SZ", "1")
    profile = shared_machine.path(r"C:\Users\Default\NTUSER.DAT")
    assert Hive.read(profile).raw(r"Control Panel\Desktop", "ScreenSaveActive") == '"1"'


def test_keys_of_a_clean_windows_are_older_than_its_start(another_machine: Callable[..., WindowsMachine]) -> None:
    """Else every setting that counts from a restart on would look as if it still had to."""
    machine = another_machine(code=None)
    machine.run("1")
    machine.off()
    line = Hive.read(machine.prefix / "system.reg").key(clean.SYSTEM_POLICIES)[1]
    seconds = int(line.removeprefix("#time="), 16) / 10_000_000 - 11644473600
    assert abs(seconds - clean.INSTALLED.timestamp()) < 1


def test_the_registry_is_edited_while_the_machine_is_off(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    written = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    with machine.hives() as hives:
        hives["system"].set(r"Software\Policies\Leeboard", "Text", 'a\\b "ŵ"')
        hives["system"].key(r"Software\Policies\Leeboard", written)
        hives["user"].set(r"Control Panel\Desktop", "ScreenSaveTimeOut", "900")
    machine.add_profile("pupil", "S-1-5-21-1-2-3-1001", {(r"Control Panel\Desktop", "SCRNSAVE.EXE"): "x.scr"})
    assert machine.reg_query(POLICY, "text") == ("REG_SZ", 'a\\b "ŵ"')
    assert machine.reg_query(r"HKCU\Control Panel\Desktop", "ScreenSaveTimeOut") == ("REG_SZ", "900")
    profile = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1001"
    kind, data = machine.reg_query(profile, "ProfileImagePath") or ("", "")
    assert (kind, bytes.fromhex(data).decode("utf-16-le")) == ("REG_EXPAND_SZ", "C:\\Users\\pupil\0")
    machine.off()
    assert Hive.read(machine.prefix / "system.reg").key(r"Software\Policies\Leeboard")[1].startswith("#time=1dcf1")


def test_powershell_says_what_went_wrong(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    with pytest.raises(PowerShellError, match="no such thing") as caught:
        machine.run("throw 'no such thing'")
    assert caught.value.details["type"] == "System.Management.Automation.RuntimeException"
    with pytest.raises(PowerShellError, match="cannot be retrieved because it has not been set"):
        machine.run("$undefined")
    machine.run("[Console]::Out.WriteLine('a stray line'); 1")
    assert "a stray line" in machine.noise
    with pytest.raises(TimeoutError):
        machine.run("Start-Sleep 30", timeout=0.5)


def test_closing_leaves_nothing(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    machine.run("1")
    assert _processes(machine.prefix)
    folder = machine.prefix.parent
    machine.close()
    assert not folder.exists()
    assert _processes(machine.prefix) == []


def _processes(prefix: Path) -> list[str]:
    """Processes of this machine, by what Wine gave them in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if f"WINEPREFIX={prefix}\0".encode() in (process / "environ").read_bytes() and os.getpid() != int(
                process.name
            ):
                found.append(process.name)
        except (OSError, ValueError):
            continue
    return found
