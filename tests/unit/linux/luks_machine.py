"""A machine with one LUKS disk in a file, on which keys are really changed: cryptsetup needs no device mapper for it.

The disk is not open, so that what the kernel does with it is not seen here; the lab's machines have it open.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    Completed,
    HostError,
    run_process,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import steps as luks_steps

from leeboard.errors import LeeboardError
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import CHEAP, PASSPHRASE, UUID, Machine, block, cryptsetup, image, mount

ARGUMENTS = (
    "uuid", "expect", "key", "key_id", "slot", "keep", "digest", "iterations", "authority", "passphrase", "copy",
    "pcrs", "pin", "tokens",
)  # fmt: skip
FILES: dict[str, str | None] = {
    "/proc/self/mountinfo": mount("8:2", "/"),
    "/etc/fstab": f"UUID={UUID} /srv ext4 defaults 0 2\n",
}


class Disk:
    """The machine. `ask` is one step as the action asks for it, in a process of its own each time."""

    def __init__(self, folder: Path, uuid: str = UUID, **options: Any) -> None:
        self.folder = folder
        self.path = image(folder, "--uuid", uuid, **options)
        self.uuid = uuid
        self.partuuid = "p-3"
        self.fstype = "crypto_LUKS"
        self.under: list[str] = []  # what the programs that really run are started by, such as strace
        self.dies_with: tuple[str, str] | None = None  # a command of cryptsetup, before or after it

    programs: tuple[str, ...] = ("cryptsetup",)  # those that really run
    files = FILES
    opened: tuple[dict[str, Any], ...] = ()  # what lies on the disk, open
    really = staticmethod(run_process)

    def host(self) -> Any:
        """The machine as a new process sees it."""
        sda3 = block(
            "sda3", "part", list(self.opened), path=str(self.path), fstype=self.fstype, uuid=self.uuid, maj_min="8:3",
            partuuid=self.partuuid,
        )  # fmt: skip
        sda2 = block("sda2", "part", fstype="ext4", maj_min="8:2")
        machine = Machine(self.folder / "root", [block("sda", "disk", [sda2, sda3])])

        def run(argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
            if argv[0] not in self.programs:
                return machine(argv, input, timeout, environment)
            if self.dies_with == (argv[1], "before"):
                raise Died
            done = self.really([*self.under, *_cheap(argv)], input, timeout, environment)
            if self.dies_with == (argv[1], "after"):
                raise Died
            return done

        host = machine.host(self.files)
        host._runner = run
        return host

    def ask(self, step: str, **said: Any) -> dict[str, Any]:
        """One step, as the module makes it. Raises LeeboardError with its words."""
        try:
            return luks_steps.STEPS[step](self.host(), {**dict.fromkeys(ARGUMENTS), **said})
        except (ChangeRefused, HostError) as problem:
            raise LeeboardError(str(problem)) from None

    def opens(self, secret: str, *options: str) -> bool:
        """Whether a secret opens the disk, asked of cryptsetup alone."""
        argv = ["cryptsetup", "open", "--test-passphrase", *options, "--key-file", "-", str(self.path)]
        return subprocess.run(argv, input=secret.encode(), capture_output=True).returncode == 0

    def slots(self) -> list[int]:
        """The slots that the header has."""
        return sorted(map(int, json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(self.path)))["keyslots"]))


def _cheap(argv: list[str]) -> list[str]:
    """The command, with an Argon2 that costs as little as there is: as many writes, and not seconds each time."""
    return [*argv[:-1], *CHEAP["argon2id"][2:], argv[-1]] if argv[1:2] == ["luksConvertKey"] else argv


__all__ = ["PASSPHRASE", "Disk"]
