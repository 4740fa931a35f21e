"""The Wine prefix that every Windows machine is a copy of: made once for each recipe and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.vm.cache import locked, remove_unless_held

from . import clean
from .hive import Hive
from .requirements import COMPILER

STANDINS = Path(__file__).parent / "standins"
PROGRAMS = ("auditpol", "powercfg", "secedit", "wevtutil")
MODULES = (
    "CimCmdlets",
    "Microsoft.PowerShell.Diagnostics",
    "Microsoft.WSMan.Management",
    "NetSecurity",
    "ScheduledTasks",
    "VpnClient",
)  # of PowerShell
MARK = "in-use"  # a file that whoever uses the folder holds a shared lock on
# Nobody writes into files of these kinds, so copies of a machine share them. They are nearly all of its 770 MB.
_SHARED = {
    ".acm", ".ax", ".com", ".cpl", ".dll", ".drv", ".ds", ".exe", ".msstyles", ".nls", ".ocx", ".sys", ".tlb",
}  # fmt: skip


def cache() -> Path:
    """The folder of bases and machines."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(home) / "leeboard" / "windows"
    (path / "machines").mkdir(parents=True, exist_ok=True)
    return path.resolve()


def environment(prefix: Path) -> dict[str, str]:
    """What a program of this machine is started with."""
    # With TMPDIR set, Wine 10.0 ends while it makes a prefix ("free(): invalid pointer").
    inherited = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    return {
        **inherited,
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"),
        "WINEDLLOVERRIDES": "amsi=",  # Wine's anti-malware stub refuses every script (as in wine-pwsh)
        "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", "/tmp"),
        "DOTNET_EnableAVX512": "0",  # Wine loses these registers now and then: String.Replace missed some of its finds
        "LC_ALL": "C.UTF-8",
    }


def wine(prefix: Path, *command: str, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run a command of Wine for the machine in `prefix`. Its output goes to files: Wine's services may inherit it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run(
            command,
            env=environment(prefix),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=timeout,
            check=check,
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())


def stop(prefix: Path) -> None:
    """End every process of this machine and wait until its registry is in its files."""
    wine(prefix, "wineserver", "--kill", check=False)
    wine(prefix, "wineserver", "--wait", check=False)


def base() -> Path:
    """The folder of the base, made if there is none of this recipe."""
    folder = cache()
    target = folder / f"base-{_digest()}"
    with locked(folder / "bases.lock"):
        if not target.exists():
            for old in folder.glob("base-*"):
                remove_unless_held(old, MARK)
            with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as building:
                prefix = Path(building) / "prefix"
                _build(prefix)
                (Path(building) / MARK).touch()
                Path(building).rename(target)
                Path(building).mkdir()  # for TemporaryDirectory to remove
    return target


def copy(source: Path, target: Path) -> None:
    """Copy a prefix; the files that nobody writes into are shared."""
    shutil.copytree(
        source, target, symlinks=True, copy_function=_copy_file, ignore=shutil.ignore_patterns("wineserver")
    )


def _copy_file(source: str, target: str) -> None:
    if Path(source).suffix.lower() in _SHARED and not Path(source).is_symlink():
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _digest() -> str:
    said = subprocess.run(["wine", "--version"], capture_output=True).stdout
    runner = Path(shutil.which("wine-pwsh") or os.devnull).read_bytes()
    digest = hashlib.sha256(said + runner)
    here = Path(__file__).parent
    for path in [*map(here.joinpath, ("base.py", "clean.py", "hive.py")), *sorted(STANDINS.rglob("*"))]:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(here)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _build(prefix: Path) -> None:
    wine(prefix, "wineboot", "--init")
    wine(prefix, "wineserver", "--wait")
    drive = prefix / "drive_c"
    _install_standins(drive)
    _write_registry(prefix)
    # The first start of PowerShell writes what makes the next ones quick.
    wine(prefix, "wine-pwsh", "-NoProfile", "-NonInteractive", "-Command", "$null = Get-CimInstance Win32_BIOS")
    stop(prefix)
    (drive / "standins" / "calls.jsonl").unlink()


def _install_standins(drive: Path) -> None:
    home = drive / "standins"
    for name in ("data", "programs", "state"):
        shutil.copytree(STANDINS / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(STANDINS / "run", home)
    (home / "calls").mkdir()
    subprocess.run(["python3", "-m", "compileall", "-q", home / "programs"], check=True)
    categories = json.loads((home / "data" / "audit_subcategories.json").read_text(encoding="utf-8"))
    policy = {one["guid"]: one["clean"] for category in categories for one in category["subcategories"]}
    options = dict.fromkeys(
        ("CrashOnAuditFail", "FullPrivilegeAuditing", "AuditBaseObjects", "AuditBaseDirectories"), 0
    )
    state = {"policy": policy, "options": options, "users": {}, "privileged": True}
    (home / "state" / "auditpol.json").write_text(json.dumps(state, indent=1), encoding="utf-8")

    stub = home / "stub.exe"
    compile_stub = [COMPILER, "-municode", "-Os", "-s", "-o", stub, STANDINS / "stub.c"]
    subprocess.run(compile_stub, check=True, capture_output=True)
    for name in PROGRAMS:
        target = drive / "windows" / "system32" / f"{name}.exe"
        target.unlink(missing_ok=True)
        os.link(stub, target)
    modules = drive / "Program Files" / "PowerShell" / "Modules"
    for name in MODULES:
        shutil.copytree(STANDINS / name, modules / name)


def _write_registry(prefix: Path) -> None:
    system = Hive.read(prefix / "system.reg")
    clean.machine(system)
    system.write(prefix / "system.reg")
    for name in ("user.reg", "userdef.reg"):
        user = Hive.read(prefix / name)
        clean.user(user)
        for program in PROGRAMS:  # Wine would run an empty shell of its own instead
            user.set(r"Software\Wine\DllOverrides", f"{program}.exe", "native")
        user.write(prefix / name)
    default = Hive("REGISTRY\\\\User\\\\Default")
    clean.user(default)
    profile = prefix / "drive_c" / "users" / "Default"
    profile.mkdir()
    default.write(profile / "NTUSER.DAT")
