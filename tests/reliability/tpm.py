"""What is cut off while a TPM is to open the disk: its token takes the place of a weaker one, in an image made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault.binding import strangers
from tests.unit.escrow.tpm_controller import ABLE, DRACUT, PIN, WITH_PIN, TpmController, TpmMachine
from tests.unit.escrow.tpm_controller import IMAGE as START
from tests.unit.escrow.vaults import a_vault
from tests.unit.linux.disks import PASSPHRASE
from tests.unit.linux.tpm import soft_tpm

from .records import IMAGE
from .watched import WatchedDisk, digest
from .work import Work, must

BOOT = "root/boot"


class WatchedTpm(WatchedDisk, TpmMachine):
    """The machine with a TPM, whose start-up image is watched as its disk is."""

    def written(self) -> list[Path]:
        return [self.path, self.folder / BOOT / ".leeboard-initrd.new"]

    def state(self) -> object:
        boot = sorted(one for one in (self.folder / BOOT).rglob("*") if one.is_file())
        return digest(self.path), [(one, digest(one)) for one in boot]

    def save(self, folder: Path) -> None:
        super().save(folder)
        shutil.copytree(self.folder / BOOT, folder / "boot")

    def begin_anew(self, folder: Path) -> None:
        super().begin_anew(folder)
        shutil.copytree(folder / "boot", self.folder / BOOT)

    def restart(self) -> None:
        self.tpm.restart()


class Enrolling(Work[TpmController]):
    """A token of the TPM with a PIN, where there is one without."""

    name = "TPM token"
    where = (IMAGE,)

    @contextmanager
    def begun(self, folder: Path, make: Callable[[Path], WatchedDisk]) -> Iterator[TpmController]:
        """The disk is full of data; `make` makes none that has a TPM."""
        with a_vault(folder) as made, soft_tpm(folder) as tpm:
            disk = WatchedTpm(folder, tpm=tpm)
            disk.fill()
            yield TpmController(made, disk)

    def prepare(self, controller: TpmController) -> None:
        controller.disk.by_hand("--tpm2-pcrs=7")
        controller.run()
        controller.disk.pack(DRACUT)

    def work(self, controller: TpmController) -> Outcome:
        return controller.wish(WITH_PIN)

    def opens(self, controller: TpmController, secrets: Sequence[str]) -> bool | None:
        """And the TPM, whichever token cryptsetup takes, by itself as long as a weaker one is there and by the PIN
        then, with an image that is whole."""
        disk = controller.disk
        weaker = any(not one.pin for one in disk.seen().tokens if one.slots)
        image = disk.packed() in (set(DRACUT), set(ABLE))
        return bool(super().opens(controller, secrets)) and image and disk.by_itself(pin="" if weaker else PIN)

    def finish(self, controller: TpmController) -> None:
        disk, outcome = controller.disk, self.work(controller)
        must(not outcome.failed and not outcome.waiting, f"the next run: {outcome.summary}")
        again = self.work(controller)
        must(not again.changed and not again.failed, f"the run after the next: {again.summary}")
        tokens = disk.seen().tokens
        must(len(tokens) == 1, f"the disk has {len(tokens)} tokens of the TPM")
        must(disk.by_itself("--token-id", str(tokens[0].id), pin=PIN), "the TPM does not open it with its PIN")
        must(disk.packed() == set(ABLE), "the image cannot use the token")
        must(
            disk.opens(PASSPHRASE) and disk.opens(controller.secret(controller.current)),
            "passphrase or key open no longer",
        )
        slots = sorted([0, controller.current.binding["slot"], *tokens[0].slots])
        must(disk.slots() == slots, f"the disk has the slots {disk.slots()}, not {slots}")
        must(len(controller.now.tokens) == 2, "there are other tokens")
        must(strangers(controller.current, controller.now) == [], "the ledger does not know the token")
        names = sorted(os.listdir(disk.folder / BOOT))
        must(names == ["grub", Path(START).name], f"in /boot there are {names}")
        must(len(controller.kept.headers) == 1, f"{len(controller.kept.headers)} copies of the header are kept")
