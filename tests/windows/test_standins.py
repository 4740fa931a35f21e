"""The stand-ins for programs of Windows: they do what the documentation says, in every language, and misbehave on wish.

Each is called as a Windows program here; what .NET makes of it is the device code's own tests' business.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .machine import WindowsMachine

LANGUAGES = {"en": "cp850", "cy": "cp850", "de": "cp850", "fr": "cp850", "pl": "cp852"}
ANSI = {"en": "cp1252", "cy": "cp1252", "de": "cp1252", "fr": "cp1252", "pl": "cp1250"}
LOGON, LOCKOUT = "{0CCE9215-69AE-11D9-BED3-505054503030}", "{0CCE9217-69AE-11D9-BED3-505054503030}"
CONSOLELOCK = ("fea3413e-7e05-4911-9a71-700331f1c294", "0e796bdb-100d-47d6-a2d5-f7d2daa51f51")
TEMPLATE = '[Unicode]\r\nUnicode=yes\r\n[System Access]\r\n{}\r\n[Version]\r\nsignature="$CHICAGO$"\r\nRevision=1\r\n'


def _backup(machine: WindowsMachine, encoding: str = "cp1252") -> list[list[str]]:
    done = machine.call("auditpol", "/backup", r"/file:C:\Users\Public\audit.csv")
    assert done.returncode == 0, done
    target = machine.path(r"C:\Users\Public\audit.csv")
    rows = list(csv.reader(io.StringIO(target.read_bytes().decode(encoding))))
    target.unlink()
    return rows


def _values(rows: list[list[str]]) -> dict[str, int]:
    return {row[3]: int(row[6]) for row in rows[1:] if row[1] == "System"}


def test_audit_policy_of_a_clean_windows(one: WindowsMachine) -> None:
    rows = _backup(one)
    assert rows[0][:2] + rows[0][6:] == ["Machine Name", "Policy Target", "Setting Value"]
    values = _values(rows)
    assert len(values) == 60
    assert (values[LOGON], values[LOCKOUT], sum(values.values())) == (3, 1, 20)
    assert ["", "", "Option:CrashOnAuditFail", "", "Disabled", "", "0"] in rows
    assert rows[-1][2] == "RegistryGlobalSacl"


@pytest.mark.parametrize("language", LANGUAGES)
def test_audit_policy_speaks_the_language(one: WindowsMachine, language: str) -> None:
    """Names, headings and settings are translated; GUIDs, numbers and the order of columns are not."""
    english = _backup(one)
    one.speak(language)
    rows = _backup(one, ANSI[language])
    assert _values(rows) == _values(english)
    same = language in ("en", "cy")
    assert (rows[0] == english[0]) == same
    assert (rows[6][2] == english[6][2]) == same
    report = one.call("auditpol", "/get", "/category:*", "/r").stdout.decode(LANGUAGES[language])
    assert ("Success and Failure" in report) == same and report.count("{0CCE92") == 60
    name = rows[6][2]
    assert one.call("auditpol", "/get", f"/subcategory:{name}").returncode == 0
    wrong = one.call("auditpol", "/get", "/subcategory:Logon")
    assert wrong.returncode == (0 if same else 87)
    assert ("0x00000057" in wrong.stderr.decode(LANGUAGES[language])) == (not same)


def test_audit_policy_is_set_and_restored(one: WindowsMachine) -> None:
    assert one.call("auditpol", "/backup", r"/file:C:\Users\Public\kept.csv").returncode == 0
    both = f"/subcategory:{LOGON},{LOCKOUT}"
    assert one.call("auditpol", "/set", both, "/success:disable", "/failure:enable").returncode == 0
    assert (one.state("auditpol")["policy"][LOGON], one.state("auditpol")["policy"][LOCKOUT]) == (2, 2)
    assert one.call("auditpol", "/set", "/category:Logon/Logoff").returncode == 0  # success is what is meant
    assert one.state("auditpol")["policy"][LOGON] == 3
    assert one.call("auditpol", "/restore", r"/file:C:\Users\Public\kept.csv").returncode == 0
    assert _values(_backup(one))[LOCKOUT] == 1
    listed = one.call("auditpol", "/list", "/subcategory:*", "/r").stdout.decode()
    assert f"  Logon,{LOGON}" in listed and "Logon/Logoff,{69979849-797A-11D9-BED3-505054503030}" in listed


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 87),
        (["/get"], 87),
        (["/get", "/subcategory:{00000000-0000-0000-0000-000000000000}"], 87),
        (["/set", f"/subcategory:{LOGON}", "/success:yes"], 87),
        (["/frobnicate"], 87),
        (["/restore", r"/file:C:\no\such.csv"], 2),
    ],
)
def test_audit_policy_refuses(one: WindowsMachine, arguments: list[str], code: int) -> None:
    before = one.state("auditpol")
    done = one.call("auditpol", *arguments)
    assert done.returncode == code and f"0x{code:08X}".encode() in done.stderr and done.stdout == b""
    assert one.state("auditpol") == before


def test_audit_policy_needs_a_privilege(one: WindowsMachine) -> None:
    with one.changing("auditpol") as state:
        state["privileged"] = False
    done = one.call("auditpol", "/get", "/category:*")
    assert done.returncode == 1314 % 256 and b"Error 0x00000522 occurred:" in done.stderr  # what Unix leaves of it
    assert one.run("auditpol /get /category:* 2>&1 | Out-Null; $LASTEXITCODE") == 1314


def test_an_older_windows_has_fewer_subcategories(one: WindowsMachine) -> None:
    with one.changing("auditpol") as state:
        del state["policy"]["{0CCE924B-69AE-11D9-BED3-505054503030}"]
    assert len(_values(_backup(one))) == 59
    done = one.call("auditpol", "/get", "/subcategory:{0CCE924B-69AE-11D9-BED3-505054503030}")
    assert done.returncode == 87


def _export(machine: WindowsMachine) -> str:
    done = machine.call("secedit", "/export", "/areas", "SECURITYPOLICY", "/cfg", r"C:\Users\Public\policy.inf")
    assert done.returncode == 0, done
    content = machine.path(r"C:\Users\Public\policy.inf").read_bytes()
    assert content.startswith(b"\xff\xfe")
    return content.decode("utf-16")


def _configure(machine: WindowsMachine, *lines: str) -> subprocess.CompletedProcess[bytes]:
    cfg, database = r"C:\Users\Public\wanted.inf", r"C:\Users\Public\wanted.sdb"
    machine.path(cfg).write_bytes(TEMPLATE.format("\r\n".join(lines)).encode("utf-16"))
    done = machine.call("secedit", "/configure", "/db", database, "/cfg", cfg, "/overwrite", "/areas", "SECURITYPOLICY")
    assert machine.path(database).exists()
    return done


def test_account_policy_is_exported_and_configured(one: WindowsMachine) -> None:
    assert "LockoutBadCount = 10\r\nResetLockoutCount = 10\r\nLockoutDuration = 10\r\nAllowAdmin" in _export(one)
    assert _configure(one, "LockoutBadCount = 5", "LockoutDuration = 15", "ResetLockoutCount = 15").returncode == 0
    assert "LockoutBadCount = 5\r\nResetLockoutCount = 15\r\nLockoutDuration = 15\r\n" in _export(one)
    assert "MaximumPasswordAge = 42" in _export(one)
    assert _configure(one, "LockoutBadCount = 0").returncode == 0
    assert "LockoutDuration" not in _export(one) and "ResetLockoutCount" not in _export(one)


@pytest.mark.parametrize(
    "lines",
    [
        ["LockoutDuration = 5", "ResetLockoutCount = 30"],
        ["LockoutBadCount = 1000"],
        ["LockoutBadCount = ten"],
    ],
)
def test_account_policy_refuses(one: WindowsMachine, lines: list[str]) -> None:
    before = one.state("secedit")
    done = _configure(one, *lines)
    assert done.returncode == 1 and b"completed with an error" in done.stdout
    assert one.state("secedit") == before


def test_account_policy_of_others(one: WindowsMachine) -> None:
    """Until an administrator unlocks; not an administrator; another language, in which the file stays as it is."""
    assert _configure(one, "LockoutDuration = -1").returncode == 0
    one.speak("de")
    assert "LockoutDuration = -1" in _export(one)
    assert "erfolgreich" in _configure(one, "LockoutBadCount = 7").stdout.decode("cp850")
    with one.changing("secedit") as state:
        state["privileged"] = False
    assert _configure_code(one) == 1


def _configure_code(machine: WindowsMachine) -> int:
    return machine.call("secedit", "/export", "/cfg", r"C:\Users\Public\policy.inf").returncode


@pytest.mark.parametrize("language", LANGUAGES)
def test_power_plan(one: WindowsMachine, language: str) -> None:
    """/query hides what is hidden, /qh does not; the last two numbers are mains and battery in every language."""
    one.speak(language)
    place = ("SCHEME_CURRENT", *CONSOLELOCK)
    hidden = one.call("powercfg", "/query", *place)
    assert hidden.returncode == 0 and CONSOLELOCK[1].encode() not in hidden.stdout
    assert one.call("powercfg", "/setdcvalueindex", *place, "0").returncode == 0
    shown = one.call("powercfg", "/qh", *place).stdout.decode(LANGUAGES[language])
    assert CONSOLELOCK[1] in shown
    assert re.findall(r"0x[0-9a-f]{8}", shown)[-2:] == ["0x00000001", "0x00000000"]
    assert ("Current AC Power Setting Index" in shown) == (language in ("en", "cy"))


def test_power_plan_refuses(one: WindowsMachine) -> None:
    unknown = one.call("powercfg", "/qh", "SCHEME_CURRENT", "SUB_NONE", "00000000-0000-0000-0000-000000000000")
    assert unknown.returncode == 1 and unknown.stdout == b""
    assert one.call("powercfg", "/frobnicate").returncode == 1
    with one.changing("powercfg") as state:
        state["privileged"] = False
    assert one.call("powercfg", "/setacvalueindex", "SCHEME_CURRENT", *CONSOLELOCK, "0").returncode == 1
    assert b"Balanced" in one.call("powercfg", "/getactivescheme").stdout


def test_programs_misbehave(one: WindowsMachine) -> None:
    ask = ("auditpol", "/get", "/category:*")
    one.misbehave("auditpol", "fail", code=5, text="no")
    assert (one.call(*ask).returncode, one.call(*ask).stderr) == (5, b"no")
    one.misbehave("auditpol", "silent")
    assert (one.call(*ask).returncode, one.call(*ask).stdout) == (0, b"")
    one.misbehave("auditpol", "rubbish")
    assert one.call(*ask).stdout.startswith(b"\0\1\2")
    one.misbehave("auditpol", "huge", megabytes=2)
    assert len(one.call(*ask).stdout) > 2**21
    one.misbehave("auditpol", "slow", seconds=1)
    began = time.monotonic()
    assert one.call(*ask).returncode == 0 and time.monotonic() - began > 1
    one.misbehave("auditpol", "hang", when="/backup")
    assert one.call(*ask).returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        one.call("auditpol", "/backup", r"/file:C:\Users\Public\audit.csv", timeout=1)
    one.behave()
    assert _values(_backup(one))


ECHO = """
from call import Answer
def main(call):
    told = [call._current, *call.arguments]
    return Answer(7, "\\n".join(told).encode("utf-8") + b"|" + call.input, b"to standard error")
"""


def test_stub_hands_everything_over(one: WindowsMachine) -> None:
    """Arguments, folder, input, both outputs and the exit code, whatever is in them."""
    home = one.drive / "standins"
    (home / "programs" / "echo.py").write_text(ECHO, encoding="utf-8")
    (home / "programs" / "echo.stdin").touch()
    shutil.copy(home / "stub.exe", one.drive / "windows" / "system32" / "echo.exe")
    before = set((home / "calls").iterdir())  # a program that hung has left its own
    arguments = ["/category:*", 'say "hello"', "", "ŵy 🔒", "a\\", "c:\\users\\*", "100%"]
    said = one.run(
        """
        $start = [Diagnostics.ProcessStartInfo]::new('C:\\windows\\system32\\echo.exe')
        $arguments.list | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.WorkingDirectory = 'C:\\Users\\Public'
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
        $start.StandardOutputEncoding = $start.StandardInputEncoding = [Text.UTF8Encoding]::new($false)
        $process = [Diagnostics.Process]::Start($start)
        $process.StandardInput.Write('in ŵ')
        $process.StandardInput.Close()
        $process.StandardOutput.ReadToEnd(); $process.StandardError.ReadToEnd()
        $process.WaitForExit(); $process.ExitCode
        """,
        list=arguments,
    )
    told, _bar, given = said[0].partition("|")
    folder, *rest = told.split("\n")
    assert folder.lower().rstrip("\\") == r"c:\users\public"
    assert rest == arguments
    assert (given, said[1], said[2]) == ("in ŵ", "to standard error", 7)
    assert set((home / "calls").iterdir()) == before
    assert one.calls()[-1]["arguments"] == arguments


def test_calls_are_logged(one: WindowsMachine) -> None:
    before = len(one.calls())
    one.call("powercfg", "/getactivescheme")
    one.run("Get-CimInstance Win32_BIOS")
    assert [(call["program"], call["arguments"][:2]) for call in one.calls()[before:]] == [
        ("powercfg", ["/getactivescheme"]),
        ("cim", ["root\\cimv2", "Win32_BIOS"]),
    ]


def test_cim_answers(one: WindowsMachine) -> None:
    said = one.run(
        """
        $system = Get-CimInstance -ClassName Win32_OperatingSystem -Namespace root/cimv2 -OperationTimeoutSec 5
        $system.LastBootUpTime.GetType().Name; "$($system.LastBootUpTime.Kind)"; $system.BuildNumber.GetType().Name
        (Get-CimInstance Win32_SystemEnclosure).ChassisTypes[0]
        @(Get-CimInstance -Namespace root\\rsop\\computer -ClassName RSOP_RegistryPolicySetting).Count
        (Get-CimInstance Win32_Service -Filter "Name='SCPolicySvc'").StartMode
        $volume = Get-CimInstance Win32_EncryptableVolume -Namespace root\\cimv2\\Security\\MicrosoftVolumeEncryption
        ($volume | Invoke-CimMethod -MethodName GetProtectionStatus).ProtectionStatus
        (Get-Command Get-CimInstance).Source
        """
    )
    assert said == ["DateTime", "Local", "String", 10, 0, "Manual", 0, "CimCmdlets"]


@pytest.mark.parametrize(
    ("place", "mode", "ask", "native", "category"),
    [
        ("", "", "-ClassName Win32_BIOS -Namespace root\\no", "InvalidNamespace", "MetadataError"),
        ("", "", "-ClassName Win32_No", "InvalidClass", "MetadataError"),
        ("root\\cimv2", "denied", "-ClassName Win32_BIOS", "AccessDenied", "PermissionDenied"),
        (
            "root\\cimv2:Win32_BIOS",
            "hang",
            "-ClassName Win32_BIOS -OperationTimeoutSec 1",
            "Failed",
            "OperationTimeout",
        ),
        ("*", "fail", "-ClassName Win32_BIOS", "Failed", "NotSpecified"),
    ],
)
def test_cim_fails(one: WindowsMachine, place: str, mode: str, ask: str, native: str, category: str) -> None:
    if mode:
        one.misbehave(place, mode)
    script = f"""
        try {{ Get-CimInstance {ask} -ErrorAction Stop }}
        catch {{
            $_.Exception.GetType().Name; "$($_.Exception.NativeErrorCode)"; "$($_.CategoryInfo.Category)"
            'HRESULT 0x{{0:x8}}' -f $_.Exception.HResult; $_.Exception.MessageId
            ($_.FullyQualifiedErrorId -split ',')[0]
        }}
        @(Get-CimInstance {ask} -ErrorAction SilentlyContinue).Count
        """
    kind, found, sort, *codes, count = one.run(script)
    assert (kind, found, sort, count) == ("CimException", native, category, 0)
    assert len(set(codes)) == 1


def test_a_machine_may_lack_a_program(another_machine: Callable[..., WindowsMachine]) -> None:
    machine = another_machine(code=None)
    machine.remove_program("auditpol")
    assert machine.call("auditpol", "/get", "/category:*").returncode != 0
    assert not any(call["program"] == "auditpol" for call in machine.calls())


def test_standins_know_nothing_of_the_device_code() -> None:
    """No constant and no parser in common: whatever both got wrong would look right."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).parent / "standins").rglob("*.p*")
        if path.is_file()
    ]
    assert len(texts) > 4
    assert not [text for text in texts if re.search(r"module_utils|plugins/|Leeboard[A-Z]", text)]
