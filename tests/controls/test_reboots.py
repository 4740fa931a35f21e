"""What was said of the next start, and the start itself, after a token that worked was spoiled in some way.

An image that cannot use the token, and one that is newer than the last start: test_encrypted.py. What is spoiled here
the machine can tell before it starts, so that "will boot" may not say yes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE
from tests.vm.machine import Machine

from .harness import Proof
from .machine_run import MachineRun
from .test_encrypted import DISK, DRY, NEXT, PATIENCE, off_and_on, will_boot

MachineRuns = Callable[[str], MachineRun]
ENROL = f"PASSWORD='{PASSPHRASE}' systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs={{pcrs}} {DISK}"
DRACUT = f"cp --preserve=timestamps /boot/dracut-*.img {NEXT}"


def kill_slot(machine: Machine, folder: Path) -> None:
    """Somebody tidied up the slots that he did not know."""
    found = json.loads(machine.root(f"cryptsetup luksDump --dump-json-metadata {DISK}").stdout)
    slots = [token["keyslots"] for token in found["tokens"].values() if token["type"] == "systemd-tpm2"]
    assert [len(one) for one in slots] == [1]
    machine.root(f"cryptsetup luksKillSlot -q --key-file - {DISK} {slots[0][0]}", input=PASSPHRASE, timeout=PATIENCE)


def wipe_tpm(machine: Machine, folder: Path) -> None:
    """The TPM was cleared, as a reset of the firmware's settings does."""
    machine.root("tpm2_clear -c l", timeout=PATIENCE)


def change_firmware(machine: Machine, folder: Path) -> None:
    """Another board: what the firmware measures of it has changed, and somebody who knows a passphrase started it."""
    machine.spec = dataclasses.replace(machine.spec, serial="ANOTHER-BOARD")
    off_and_on(machine, folder)
    machine.type_on_console(ASKS, PASSPHRASE, PATIENCE)
    machine.wait_for_ssh(PATIENCE)


@pytest.mark.full
@pytest.mark.parametrize(
    ("image", "spoil", "pcrs"),
    [
        pytest.param("encrypted", kill_slot, "7+8+9", id="killed slot"),
        pytest.param("encrypted", wipe_tpm, "7+8+9", id="wiped TPM"),
        pytest.param("encrypted", change_firmware, "1", id="changed PCR"),
    ],
)
def test_a_spoiled_token_is_said_and_the_start_asks(
    machine_run: MachineRuns, image: str, spoil: Callable[[Machine, Path], None], pcrs: str, tmp_path: Path
) -> None:
    def work(proof: Proof) -> None:
        machine, usual = proof.machine, proof.machine.spec
        try:
            machine.root(ENROL.format(pcrs=pcrs), timeout=PATIENCE)
            machine.root(DRACUT)
            machine.root(DRY, timeout=PATIENCE)
            assert will_boot(proof.findings(proof.visit())) == "yes"
            spoil(machine, tmp_path)
            proof.ship()
            assert will_boot(proof.findings(proof.visit())) in ("will-ask", "needs-its-user")
            off_and_on(machine, tmp_path)
            machine.type_on_console(ASKS, PASSPHRASE, PATIENCE)  # it asks, as was said
            machine.wait_for_ssh(PATIENCE)
        finally:
            machine.power_cut()
            machine.spec = usual

    machine_run(image).with_machine(work)
