"""Machines with disks for tests: lsblk's answer, mountinfo, and LUKS headers that cryptsetup itself makes in files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    Completed,
    Host,
    HostError,
    run_process,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import volume as luks_volume

from tests.unit.linux.folder import folder

CAPTURED = Path(__file__).parent / "luks_captured"
PASSPHRASE = "correct horse battery"
# The smallest costs that cryptsetup takes, so that a test takes no second.
CHEAP = {
    "pbkdf2": ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"],
    "argon2id": [
        "--pbkdf",
        "argon2id",
        "--pbkdf-force-iterations",
        "4",
        "--pbkdf-memory",
        "32",
        "--pbkdf-parallel",
        "1",
    ],
}
needs_cryptsetup = pytest.mark.skipif(
    shutil.which("cryptsetup") is None or os.geteuid() != 0, reason="needs cryptsetup-bin and root"
)


def cryptsetup(*words: str, input: str = PASSPHRASE) -> str:
    """The output of the real program. Raises CalledProcessError."""
    return subprocess.run(
        ["cryptsetup", *words], input=input, capture_output=True, text=True, check=True, timeout=600
    ).stdout


def image(folder: Path, *options: str, kind: str = "luks2", name: str = "disk.img") -> Path:
    """A LUKS container in a file, opened by PASSPHRASE."""
    path = folder / name
    with path.open("wb") as stream:
        stream.truncate(20 * 1024 * 1024)
    cost = [] if "--pbkdf" in options else CHEAP["argon2id"]
    cost = ["--pbkdf-force-iterations", "1000"] if kind == "luks1" else cost
    cryptsetup("luksFormat", "-q", "--type", kind, *cost, *options, "--key-file", "-", str(path))
    return path


def captured_token(name: str, slots: list[int] | None = None) -> str:
    """A token as systemd-cryptenroll 257 made it, with a TPM of swtpm where it is one of the TPM (captured)."""
    token = json.loads((CAPTURED / "tokens.json").read_text())[name]
    token["keyslots"] = [str(slot) for slot in slots or [0]]
    return json.dumps(token)


def block(name: str, kind: str = "part", children: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """One device as `lsblk --json` has it (the keys of util-linux 2.41, captured; the values derived)."""
    said = {
        "name": name, "kname": name, "path": f"/dev/{name}", "type": kind, "fstype": None, "uuid": None, "label": None,
        "partuuid": None, "partlabel": None, "parttype": None, "maj:min": "8:0", "rm": False, "hotplug": False,
        "tran": None, **{key.replace("maj_min", "maj:min"): value for key, value in more.items()},
    }  # fmt: skip
    return {**said, "children": children} if children else said


def mount(number: str, point: str, fstype: str = "ext4", source: str = "/dev/x") -> str:
    """One line of mountinfo."""
    return f"36 1 {number} / {point} rw,relatime shared:1 - {fstype} {source} rw\n"


class Machine:
    """A folder as root, lsblk and dmsetup with prepared answers, and cryptsetup itself."""

    def __init__(self, root: Path, blocks: list[dict[str, Any]], table: str = "") -> None:
        self.answers: dict[str, Completed | HostError] = {
            "lsblk": Completed(0, json.dumps({"blockdevices": blocks}), ""),
            "dmsetup": Completed(0, table, ""),
        }
        self.asked: list[list[str]] = []
        self.root = root

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        self.asked.append(argv)
        answer = self.answers.get(argv[0])
        if isinstance(answer, HostError):
            raise answer
        if answer is not None:
            return answer
        if argv[0] != "cryptsetup":
            raise HostError("missing_tool", f"the command {argv[0]} is not installed")
        return run_process(argv, input, timeout, dict(environment))

    def host(self, files: Mapping[str, str | None] | None = None) -> Host:
        """The machine with files."""
        return folder(self.root, files, self)


def volumes(host: Host) -> dict[str, dict[str, Any]]:
    """{name: volume} as the driver reports them."""
    effective = luks_volume.observe(host, ["volumes"])["volumes"]["effective"]
    assert effective["state"] == "value", effective
    found = [json.loads(text) for text in effective["value"]]
    return {one["name"]: one for one in found}


UUID = "8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001"


def archive(folder: Path, files: Mapping[str, str]) -> bytes:
    """A cpio archive of `files`, made by cpio as the kernel takes it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    names = "\n".join(["."] + [str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))])
    return subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(), cwd=folder, capture_output=True, check=True
    ).stdout


def debian_image(folder: Path, table: str | None = None, more: Mapping[str, str] | None = None) -> bytes:
    """An image of initramfs-tools with cryptsetup-initramfs: the places of its files, as its hook makes them."""
    own = {
        "init": "#!/bin/sh\n",
        "scripts/local-top/cryptroot": "x",
        "usr/sbin/cryptsetup": "x",
        "cryptroot/crypttab": table if table is not None else f"sda3_crypt UUID={UUID} none luks\n",
    }
    return archive(folder, {**own, **(more or {})})
