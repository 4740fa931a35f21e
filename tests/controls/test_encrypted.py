"""Does an encrypted machine start as we said that it would? It is switched off and on again, and somebody watches."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leeboard.model.finding import Finding
from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE
from tests.vm.machine import Machine

from .harness import Proof
from .machine_run import MachineRun
from .scripts import CHECKED

MachineRuns = Callable[[str], MachineRun]
PATIENCE = 900
DISK = "/dev/vda2"
# What a technician does who wants that nobody is asked: bound to what the baseline asks for.
ENROL = f"PASSWORD='{PASSPHRASE}' systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7+8+9 {DISK}"
DRY = f"cryptsetup open --test-passphrase --token-only --token-type systemd-tpm2 {DISK}"
NEXT = '"$(find /boot -name "initrd.img-*" | sort -V | tail -1)"'


@pytest.mark.full
@pytest.mark.parametrize("image", CHECKED)
def test_a_token_that_opens_today_starts_the_machine_only_with_the_right_image(
    machine_run: MachineRuns, image: str, tmp_path: Path
) -> None:
    def work(proof: Proof) -> None:
        machine, usual = proof.machine, proof.machine.spec
        try:
            machine.root(ENROL, timeout=PATIENCE)
            machine.root(DRY, timeout=PATIENCE)  # the TPM gives the key away, whatever the start-up image can do
            _initramfs_tools_asks(proof, tmp_path)
            _dracut_does_not(proof, tmp_path)
        finally:
            machine.power_cut()
            machine.spec = usual

    machine_run(image).with_machine(work)


def _initramfs_tools_asks(proof: Proof, tmp_path: Path) -> None:
    findings = proof.findings(proof.visit())
    assert will_boot(findings) == "will-ask"
    assert findings["ENC-03"].verdict == "drifted"
    off_and_on(proof.machine, tmp_path)
    proof.machine.type_on_console(ASKS, PASSPHRASE, PATIENCE)
    proof.machine.wait_for_ssh(PATIENCE)


def _dracut_does_not(proof: Proof, tmp_path: Path) -> None:
    machine = proof.machine
    proof.ship()
    machine.root(f"cp --preserve=timestamps /boot/dracut-*.img {NEXT}")
    findings = proof.findings(proof.visit())
    assert (will_boot(findings), findings["ENC-03"].verdict) == ("yes", "compliant")
    assert findings["ENC-01"].verdict == "drifted"
    assert any("without a PIN, and Secure Boot is not on" in result.seen for result in findings["ENC-01"].judged)
    # An image made since the last start is measured by GRUB, so that nobody can tell.
    machine.root(f"touch {NEXT}")
    findings = proof.findings(proof.visit())
    assert (will_boot(findings), findings["ENC-09"].verdict) == ("not-tested", "drifted")

    off_and_on(machine, tmp_path)
    machine.wait_for_ssh(PATIENCE)  # nobody types anything
    assert "passphrase" not in machine.shown()
    proof.ship()
    findings = proof.findings(proof.visit())
    assert (will_boot(findings), findings["ENC-09"].verdict) == ("yes", "compliant")


def will_boot(findings: dict[str, Finding]) -> object:
    return next(result.seen for result in findings["ENC-03"].judged if result.setting == "will-boot")


def off_and_on(machine: Machine, folder: Path) -> None:
    """Switch the machine off in an orderly way, and on again with the start-up image that lies in its /boot now."""
    initrd = folder / "initrd.img"
    command = [*machine.access.command(), f"sudo -n bash -c 'cat {NEXT}'"]
    with initrd.open("wb") as out:
        subprocess.run(command, stdout=out, check=True, timeout=PATIENCE)
    machine.power_off(PATIENCE)
    machine.spec = dataclasses.replace(machine.spec, initrd=initrd)
    machine.start()
