"""What this machine needs so that the lab can run, and how to get it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_COMMANDS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "cryptsetup": "cryptsetup-bin",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
}
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def lab_requirement() -> str | None:
    """What this machine lacks for the lab, in one line with the command that installs it.

    None if nothing is missing. QEMU needs no root; building an image needs root, or user
    namespaces with subordinate ids (mmdebstrap's unshare mode).
    """
    missing = [package for command, package in _COMMANDS.items() if find(command) is None]
    if missing:
        packages = " ".join(dict.fromkeys(missing))
        return f"the lab of real machines lacks {packages}: apt-get install {packages}"
    if os.geteuid() != 0 and unshare_problem() is not None:
        return f"the lab cannot build images: {unshare_problem()}"
    return None


def unshare_problem() -> str | None:
    """Why mmdebstrap cannot build without root here, or None if it can."""
    if find("newuidmap") is None:
        return "be root, or apt-get install uidmap"
    user = os.environ.get("USER") or str(os.geteuid())
    for name in ("/etc/subuid", "/etc/subgid"):
        path = Path(name)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if not any(line.split(":")[0] in (user, str(os.geteuid())) for line in lines):
            option = name.rpartition("/")[2].replace("sub", "add-sub") + "s"
            return f"be root, or give {user} a range in {name}: usermod --{option} 100000-165535"
    return None


def find(command: str) -> str | None:
    """The full path of `command`, looked up in PATH and the folders of root's commands."""
    return shutil.which(command, path=SEARCH_PATH)
