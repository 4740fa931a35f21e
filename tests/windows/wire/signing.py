"""App Control on a Wine machine, and PowerShell code that is signed for it.

PowerShell has a switch for its own tests: with `__PSLockdownPolicy` in the machine's environment it behaves as under an
enforced policy, and then trusts exactly the files below a folder called System32 (SystemPolicy.GetDebugLockdownPolicy
in its source). So a machine whose temporary folder lies there trusts what carries a signature block; the block is not
verified. What Ansible signs and how: its guide "Windows App Control".
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import ansible

from tests.unit.playing import ROOT
from tests.windows.machine import WindowsMachine

_ENVIRONMENT = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_TRUSTED = r"C:\windows\system32\leeboard-temp"
_LIST = "powershell_signatures.psd1"


def lock_down(machine: WindowsMachine) -> None:
    """Switch constrained language mode on for everything that is not signed."""
    machine.reg_add(_ENVIRONMENT, "__PSLockdownPolicy", "REG_SZ", "4")


def trust_signatures(machine: WindowsMachine) -> None:
    """Let the machine trust files with a signature block, as if their certificate stood in its policy."""
    (machine.drive / "windows" / "system32" / "leeboard-temp").mkdir()
    for name in ("TEMP", "TMP"):
        machine.reg_add(r"HKCU\Environment", name, "REG_SZ", _TRUSTED)


def signed_ansible(folder: Path) -> dict[str, str]:
    """Environment variables for an ansible-core whose own PowerShell code is signed; it is put into `folder`."""
    source = Path(ansible.__file__).parent
    target = folder / "ansible"
    _link_all(source, target, but="config")
    _link_all(source / "config", target / "config")
    code = [*source.glob("executor/powershell/*.ps1"), *source.glob("module_utils/csharp/*.cs")]
    _sign(target / "config" / _LIST, [*code, *source.glob("module_utils/powershell/*.psm1")])
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def signed_collection(folder: Path) -> dict[str, str]:
    """Environment variables for a copy of our collection that is signed; it is put into `folder`."""
    source = ROOT / "collections" / "ansible_collections" / "leeboard" / "schools"
    target = folder / "ansible_collections" / "leeboard" / "schools"
    _link_all(source, target, but="meta")
    shutil.copytree(source / "meta", target / "meta")
    _sign(target / "meta" / _LIST, [*ROOT.glob("plugins/**/*.ps1"), *ROOT.glob("plugins/**/*.psm1")])
    return {"ANSIBLE_COLLECTIONS_PATH": str(folder)}


def _link_all(source: Path, target: Path, but: str = "") -> None:
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.name != but:
            (target / path.name).symlink_to(path.resolve())


def _sign(target: Path, files: Iterable[Path]) -> None:
    """Write the list of digests that Ansible sends along, with a signature block."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest().upper() for path in sorted(files)]
    rows = [f"        @{{ Hash = '{digest}'; Mode = 'Trusted' }}" for digest in digests]
    block = ["", "# SIG # Begin signature block", "# (of a test)", "# SIG # End signature block", ""]
    lines = ["@{", "    Version = 1", "    HashList = @(", *rows, "    )", "}", *block]
    target.write_bytes("\r\n".join(lines).encode())
