"""A Windows machine on Wine: a registry, PowerShell and stand-ins for what Wine lacks.

    machine = WindowsMachine()
    machine.reg_add(r"HKLM\\Software\\Policies\\X", "Y", "REG_DWORD", 1)
    seen = machine.visit({"registry": [r"HKLM\\Software\\Policies\\X:Y"]})
    machine.close()

Several machines may run at once: each is a Wine prefix of its own, a quick copy of the base (base.py). PowerShell is
started when first asked for, and stays until the machine is switched off.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import Any

from tests.device_code import WINDOWS, windows_files
from tests.vm.cache import hold, remove_unless_held

from . import base, clean
from .hive import Data, Hive
from .shell import PowerShell

REPOSITORY = Path(__file__).resolve().parents[2]
_COMPUTER = clean.CONTROL + r"\ComputerName\ComputerName"


class WindowsMachine:
    """One machine, running or off. `code` is the folder of the .psm1 files that its PowerShell imports."""

    def __init__(self, name: str = "PC1", *, code: Path | None = WINDOWS) -> None:
        original = base.base()
        machines = base.cache() / "machines"
        for other in machines.iterdir():
            _remove_if_left(other)
        self._folder = Path(tempfile.mkdtemp(dir=machines, prefix=f"{name.lower()}-"))
        self._holds = [hold(original / base.MARK), hold(self._folder / base.MARK)]
        self._code = code
        self._power: subprocess.Popen[bytes] | None = None
        self._shell: PowerShell | None = None
        self.prefix = self._folder / "prefix"
        base.copy(original / "prefix", self.prefix)
        self._make_it_another(name)

    # PowerShell

    def run(self, script: str, /, *, timeout: float = 180, **arguments: Any) -> Any:
        """What a script puts out (None, one thing, or a list), with the device code imported and $arguments given."""
        return self._running().run(script, timeout=timeout, **arguments)

    def visit(self, addresses: dict[str, list[str]], timeout: float = 300) -> dict[str, Any]:
        """The observation of this machine, as it goes over the wire; every source is read anew."""
        script = "Reset-LeeboardCache; Get-LeeboardObservation -Addresses $arguments.addresses"
        return self.run(script, timeout=timeout, addresses=addresses)

    def apply(self, driver: str, changes: list[dict[str, Any]], run_id: str = "test", check: bool = False) -> Any:
        """What a change came to: changed, before, after, diff, journal, outdated."""
        script = (
            "Reset-LeeboardCache; Invoke-LeeboardChange -Driver $arguments.driver -Changes $arguments.changes"
            " -RunId $arguments.run_id -Check:$arguments.check"
        )
        return self.run(script, timeout=300, driver=driver, changes=changes, run_id=run_id, check=check)

    @property
    def noise(self) -> str:
        """What PowerShell printed beside its answers, for a test that failed."""
        return self._shell.noise if self._shell else ""

    def _running(self) -> PowerShell:
        if self._shell and self._shell.ended:
            self._shell.close()
            self._shell = None
        if self._shell is None:
            self._on()
            modules = windows_files(self._code) if self._code else []
            self._shell = PowerShell("wine-pwsh", modules, base.environment(self.prefix), windows_path)
        return self._shell

    # On and off

    def _on(self) -> None:
        """Switch on, if it is off: Wine starts its services with the first program and ends them with the last."""
        if self._power is None:
            self._power = subprocess.Popen(
                ["wine", "cmd"],  # waits for its input, and with it the machine
                env=base.environment(self.prefix),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._power.stdout.readline()  # it says which Windows this is, once that has started

    def off(self) -> None:
        """Switch off: all processes end, and the registry is in its files. The next use switches on again."""
        base.stop(self.prefix)
        if self._power:
            self._power.kill()
            self._power.communicate()
            self._power = None
        if self._shell:
            self._shell.close()
            self._shell = None

    def restart(self) -> None:
        """Switch off, and note that Windows starts now. What Windows applies at a start is not imitated."""
        self.off()
        with self.changing("cim") as state:
            system = state["namespaces"]["root\\cimv2"]["Win32_OperatingSystem"][0]
            system["LastBootUpTime"] = {"datetime": _now()}

    def snapshot(self, name: str) -> None:
        """Keep the machine as it is now. It is switched off for that."""
        self.off()
        target = self._folder / "snapshots" / name
        shutil.rmtree(target, ignore_errors=True)
        base.copy(self.prefix, target)

    def restore(self, name: str) -> None:
        """Make the machine what it was at `snapshot`, the times of its keys and files included."""
        self.off()
        shutil.rmtree(self.prefix)
        base.copy(self._folder / "snapshots" / name, self.prefix)

    def close(self) -> None:
        """Switch off and delete."""
        self.off()
        while self._holds:
            os.close(self._holds.pop())
        shutil.rmtree(self._folder, ignore_errors=True)

    # The registry, without our own code

    def reg_query(self, key: str, name: str) -> tuple[str, str] | None:
        """Type and data of a value as Wine's reg.exe exports them, in its own words; None where it is absent.

        Text comes as it is, numbers as eight hexadecimal digits, the rest as bytes in hexadecimal.
        """
        target = self.drive / "standins" / f"{uuid.uuid4().hex}.reg"  # several threads may ask at once
        done = self.call("reg", "export", key, rf"C:\standins\{target.name}", "/y")
        if done.returncode != 0:
            return None
        content = re.sub(r",\\\n\s*", ",", target.read_text(encoding="utf-16"))
        target.unlink()
        section = re.split(r"\n(?=\[)", content)[1]
        return _exported(section, name)

    def reg_add(self, key: str, name: str, kind: str, data: str | int) -> None:
        """Set a value with Wine's reg.exe; `kind` is REG_SZ, REG_DWORD, ..."""
        self._reg("add", key, "/v", name, "/t", kind, "/d", str(data))

    def reg_delete(self, key: str, name: str | None = None) -> None:
        """Delete a value, or the whole key, with Wine's reg.exe."""
        self._reg("delete", key, *(["/v", name] if name is not None else []))

    def _reg(self, *command: str) -> None:
        done = self.call("reg", *command, "/f")
        if done.returncode != 0:
            raise RuntimeError(f"reg {' '.join(command)} ended with {done.returncode}: {done.stderr!r}")

    @contextmanager
    def hives(self) -> Iterator[dict[str, Hive]]:
        """The registry of the machine while it is off: `system` (HKLM), `user` (HKCU), `default` (new users)."""
        self.off()
        files = {
            "system": self.prefix / "system.reg",
            "user": self.prefix / "user.reg",
            "default": self.drive / "users" / "Default" / "NTUSER.DAT",
        }
        found = {name: Hive.read(path) for name, path in files.items()}
        yield found
        for name, path in files.items():
            found[name].write(path)

    def add_profile(self, name: str, sid: str, values: dict[tuple[str, str], Data] | None = None) -> Path:
        """Add a user who is not signed in, with `values` ({(key, name): data}) in his own hive. Returns its path."""
        profile = self.drive / "users" / name
        profile.mkdir()
        hive = Hive(f"REGISTRY\\\\User\\\\{sid}")
        clean.user(hive)
        for (key, value), data in (values or {}).items():
            hive.set(key, value, data)
        hive.write(profile / "NTUSER.DAT")
        with self.hives() as hives:
            key = clean.PROFILES + "\\" + sid
            hives["system"].set(key, "ProfileImagePath", rf"C:\Users\{name}", "expand_string")
            hives["system"].set(key, "Flags", 0)
            hives["system"].set(key, "State", 0)
        return profile / "NTUSER.DAT"

    def sign_in(self, kind: int) -> None:
        """Make the session of the account that Wine runs everything as one of another kind (LogonType)."""
        with self.changing("cim") as state:
            state["namespaces"]["root\\cimv2"]["Win32_LogonSession"][-1]["LogonType"] = kind

    # The stand-ins

    def state(self, name: str) -> dict[str, Any]:
        """The state of a stand-in: auditpol, secedit, powercfg, cim, winrm, firewall, language, behaviour."""
        return json.loads(self._state(name).read_text(encoding="utf-8"))

    @contextmanager
    def changing(self, name: str) -> Iterator[dict[str, Any]]:
        """The state of a stand-in, to be changed in place."""
        state = self.state(name)
        yield state
        temporary = self._state(name).with_suffix(".tmp")
        temporary.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
        temporary.replace(self._state(name))

    def cim(self, class_name: str, namespace: str = "root\\cimv2") -> list[dict[str, Any]]:
        """The instances of a CIM class as they are now."""
        return self.state("cim")["namespaces"][namespace][class_name]

    def set_cim(self, class_name: str, namespace: str = "root\\cimv2", /, **values: Any) -> None:
        """Change properties of the first instance of a CIM class."""
        with self.changing("cim") as state:
            state["namespaces"][namespace][class_name][0].update(values)

    def misbehave(self, name: str, mode: str, **details: Any) -> None:
        """Let a program misbehave (standins/programs/answer.py), or CIM by its place (CimCmdlets.psm1)."""
        state = "behaviour" if name in base.PROGRAMS else "cim"
        with self.changing(state) as found:
            (found if state == "behaviour" else found["behaviour"])[name] = {"mode": mode, **details}

    def behave(self) -> None:
        """Let everything work again."""
        with self.changing("behaviour") as state:
            state.clear()
        with self.changing("cim") as state:
            state["behaviour"] = {}

    def speak(self, language: str) -> None:
        """Make en, cy, de, fr or pl the language of the programs."""
        with self.changing("language") as state:
            state["language"] = language

    def remove_program(self, name: str) -> None:
        """Delete a stand-in, as on a Windows that lacks the program."""
        (self.drive / "windows" / "system32" / f"{name}.exe").unlink()

    def calls(self) -> list[dict[str, Any]]:
        """Every call of a stand-in so far: program and arguments; CIM has the program `cim`."""
        log = self.drive / "standins" / "calls.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [call for call in map(json.loads, lines) if "program" in call]

    def call(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
        """Run a program of the machine, `call("auditpol", "/get", "/category:*")`."""
        self._on()
        return base.wine(self.prefix, "wine", *command, timeout=timeout, check=False)

    @property
    def drive(self) -> Path:
        """Drive C: of the machine."""
        return self.prefix / "drive_c"

    def path(self, windows: str) -> Path:
        """Our path of a path on drive C:, its names in any case."""
        found = self.drive
        for part in PureWindowsPath(windows).parts[1:]:
            same = [one for one in found.iterdir() if one.name.lower() == part.lower()] if found.is_dir() else []
            found = same[0] if same else found / part
        return found

    def _state(self, name: str) -> Path:
        return self.drive / "standins" / "state" / f"{name}.json"

    def _make_it_another(self, name: str) -> None:
        """Give the copy an identity of its own; it was started just now."""
        serial = f"5CG{uuid.uuid4().hex[:7].upper()}"
        with self.changing("cim") as state:
            classes = state["namespaces"]["root\\cimv2"]
            for one in ("Win32_BIOS", "Win32_SystemEnclosure"):
                classes[one][0]["SerialNumber"] = serial
            classes["Win32_ComputerSystemProduct"][0].update(UUID=str(uuid.uuid4()).upper(), IdentifyingNumber=serial)
            classes["Win32_ComputerSystem"][0]["Name"] = name
            classes["Win32_OperatingSystem"][0].update(CSName=name, LastBootUpTime={"datetime": _now()})
            for one in classes["Win32_LoggedOnUser"]:
                one["Antecedent"]["Domain"] = name
            classes["Win32_LoggedOnUser"][-1]["Antecedent"]["Name"] = (
                getpass.getuser()
            )  # who sits at it, as Wine has it
        with self.hives() as hives:
            hives["system"].set(r"Software\Microsoft\Cryptography", "MachineGuid", str(uuid.uuid4()))
            hives["system"].set(_COMPUTER, "ComputerName", name)
            hives["user"].set(r"Software\Wine\Network", "UseDnsComputerName", "N")


def windows_path(path: Path) -> str:
    """How a machine sees a path of ours."""
    return "Z:" + str(path).replace("/", "\\")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _exported(section: str, name: str) -> tuple[str, str] | None:
    found = re.search(rf'^"{re.escape(_escaped(name))}"=(.*)$', section, re.MULTILINE | re.IGNORECASE)
    if found is None:
        return None
    data = found[1]
    if data.startswith('"'):
        text = re.sub(r"\\(.)", lambda one: {"n": "\n", "r": "\r", "0": "\0"}.get(one[1], one[1]), data[1:-1])
        return "REG_SZ", text
    kind, _colon, content = data.partition(":")
    kinds = {"dword": "REG_DWORD", "hex": "REG_BINARY", "hex(2)": "REG_EXPAND_SZ", "hex(7)": "REG_MULTI_SZ"}
    kinds |= {"hex(b)": "REG_QWORD", "hex(0)": "REG_NONE"}
    return kinds.get(kind, kind), content.replace(",", "")


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _remove_if_left(folder: Path) -> None:
    """Delete a machine whose test was killed."""
    if (folder / "prefix").exists() and (folder / base.MARK).exists():
        remove_unless_held(folder, base.MARK)
