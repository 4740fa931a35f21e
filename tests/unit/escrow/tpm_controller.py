"""A controller whose machine has a TPM, Secure Boot, GRUB and a start-up image that dracut made, on the disk of /."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, run_process
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import boot_state

from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.disks.tpm import Seen
from leeboard.escrow.disks.tpm_policy import TpmPolicy, Way
from leeboard.escrow.vault.binding import faults, strangers
from leeboard.escrow.vault.vault import Vault
from tests.unit.linux.disks import PASSPHRASE, UUID, archive, block, mount
from tests.unit.linux.luks_machine import Disk
from tests.unit.linux.tpm import SoftTpm

from .controller import Controller

PIN = "271828"
OTHER_PIN = "314159"
ALONE = TpmPolicy(Way.TPM)
WITH_PIN = TpmPolicy(Way.PIN, PIN)
IMAGE = "/boot/initrd.img-6.12.48"
PART = 1024  # bytes of an image that its double writes at once
ON = "\x06\0\0\0\x01"  # an EFI variable: attributes, then its value
EFI = f"{boot_state.VARIABLES}/{{}}-{boot_state.GLOBAL}"
DRACUT = {"usr/lib/systemd/systemd-cryptsetup": "x", "etc/crypttab": f"root UUID={UUID} none luks\n"}
# The names of what Debian's dracut 106 puts in with its module tpm2-tss, read there.
ABLE = DRACUT | {
    "usr/lib/x86_64-linux-gnu/libtss2-esys.so.0": "x",
    "usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0": "x",
    "usr/lib/x86_64-linux-gnu/cryptsetup/libcryptsetup-token-systemd-tpm2.so": "x",
}
FILES: dict[str, str | None] = {
    "/sys/class/block/dm-0/dm/uuid": f"CRYPT-LUKS2-{UUID.replace('-', '')}-root\n",
    "/sys/class/tpmrm/tpmrm0/dev": "253:65536\n",
    "/proc/self/mountinfo": mount("254:0", "/") + mount("8:2", "/boot"),
    "/proc/stat": "btime 1900000000\n",
    "/etc/crypttab": f"root UUID={UUID} none luks\n",
    "/boot/grub/grub.cfg": f"menuentry 'Debian' {{\n\tinitrd {IMAGE}\n}}\n",
    "/usr/bin/dracut": "",
    "/run/lock": "",
    EFI.format("SecureBoot"): ON,
    EFI.format("SetupMode"): "\x06\0\0\0\0",
}


class TpmMachine(Disk):
    """The machine. `making` is what dracut packs, which is a double: the lab has the real one."""

    programs = ("cryptsetup", "systemd-cryptenroll", "dracut")
    opened = (block("root", "crypt", kname="dm-0", path="/dev/mapper/root", fstype="ext4", maj_min="254:0"),)

    def __init__(self, folder: Path, tpm: SoftTpm) -> None:
        super().__init__(folder)
        self.files: dict[str, str | None] = dict(FILES)
        self.tpm = tpm
        self.making: Mapping[str, str] | None = ABLE
        self.ran: list[tuple[list[str], dict[str, str]]] = []
        self.pack(ABLE)

    def pack(self, names: Mapping[str, str]) -> None:
        """Let the next start's image have these files."""
        path = self.folder / "root" / IMAGE.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._archive(names))

    def packed(self) -> set[str]:
        """The files in that image, as cpio lists them."""
        path = self.folder / "root" / IMAGE.lstrip("/")
        with path.open("rb") as image:
            done = subprocess.run(["cpio", "-t", "--quiet"], stdin=image, capture_output=True, text=True, check=True)
        folders = {parent for name in done.stdout.split() for parent in map(str, Path(name).parents)}
        return set(done.stdout.split()) - folders

    def _archive(self, names: Mapping[str, str]) -> bytes:
        folder = self.folder / "packing"
        shutil.rmtree(folder, ignore_errors=True)
        return archive(folder, names)

    def really(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:  # type: ignore[override]
        self.ran.append((argv, environment))
        if "dracut" not in argv:
            return self.tpm.run(argv, input, timeout, environment)
        if self.making is None:
            return Completed(1, "", "dracut: No space left on device")
        made = self.folder / "made"
        made.write_bytes(self._archive(self.making))
        under = argv[: argv.index("dracut")]
        writing = ["dd", f"if={made}", f"of={argv[-2]}", f"bs={PART}", "status=none"]
        return run_process([*under, *writing], "", timeout, environment)

    def has(self, path: str, text: str) -> None:
        """Another file, or another content of one."""
        self.files[path] = text

    def lacks(self, path: str, folder: bool = False) -> None:
        """Without a file, and with `folder` without that in which it lies."""
        self.files.pop(path, None)
        there = self.folder / "root" / path.lstrip("/")
        there.unlink(missing_ok=True)
        if folder:
            there.parent.rmdir()

    def seen(self) -> Seen:
        return Seen.model_validate_json(self.ask("look_tpm", uuid=self.uuid)["seen"])

    def by_itself(self, *words: str, pin: str = "") -> bool:
        """Whether the TPM opens the disk, asked of cryptsetup alone."""
        argv = ["cryptsetup", "open", "--test-passphrase", "--token-only", *words, str(self.path)]
        given = f"{pin}\n" if pin else ""
        return self.tpm.run(argv, given, 60, {"LC_ALL": "C", "PATH": os.environ["PATH"]}).rc == 0

    def by_hand(self, *words: str, pin: str = "") -> None:
        """A technician enrols the TPM."""
        key = self.folder / "by-hand"
        key.write_text(PASSPHRASE)
        key.chmod(0o600)
        argv = ["systemd-cryptenroll", f"--unlock-key-file={key}", "--tpm2-device=auto", *words, str(self.path)]
        done = self.tpm.run(
            argv, "", 60, {"LC_ALL": "C", "PATH": os.environ["PATH"], **({"NEWPIN": pin} if pin else {})}
        )
        assert done.rc == 0, done.err


class TpmController(Controller):
    """The controller."""

    disk: TpmMachine

    def __init__(self, vault: Vault, disk: TpmMachine) -> None:
        super().__init__(vault, disk)

    def wish(self, wanted: TpmPolicy, passphrase: str = PASSPHRASE, **more: Any) -> Outcome:
        """A roll-out with what the school wants of the TPM."""
        return self.run(Credentials(passphrase=passphrase, tpm=wanted), **more)

    def good(self, wanted: TpmPolicy) -> None:
        """One token of the TPM, which opens the disk on the wanted conditions; all that a person has opens it too."""
        (token,) = self.disk.seen().tokens
        assert (token.pin, token.pcrs) == (bool(wanted.pin), (7,) if wanted.pin else (7, 8, 9))
        assert self.disk.by_itself("--token-id", str(token.id), pin=wanted.pin)
        assert self.disk.opens(PASSPHRASE) and self.disk.opens(self.secret(self.current))
        assert faults(self.current, self.now) == [] == strangers(self.current, self.now)
        assert [one.binding for one in self.kept.headers] == [self.now.model_dump(mode="json")]
        assert self.disk.slots() == sorted([0, self.current.binding["slot"], *token.slots])
        before, kept = self.now, self.kept
        again = self.wish(wanted)
        assert not again.changed and "the TPM opens it by token" in again.summary, again.summary
        assert (self.now, self.kept) == (before, kept)
