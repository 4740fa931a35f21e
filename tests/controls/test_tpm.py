"""The TPM of a real machine opens its root: a real roll-out enrols it with a PIN, and somebody types that at a start.

What stands in the way, and whatever dies when, is tried on disks in files (tests/unit/escrow/test_tpm*.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vm.encrypt import PASSPHRASE, SECOND
from tests.vm.machine import Machine

from .harness import PATIENCE, Proof
from .left_behind import Searched
from .machine_run import MachineRun
from .test_encrypted import NEXT, off_and_on
from .test_recovery_keys import DISK, Controller, controller

MachineRuns = Callable[[str], MachineRun]
PIN = "tulip-4711"
ASKS = r"Please enter [^\n]*PIN[^\n]*"  # systemd 257, for a token of LUKS2
OPENS = f"cryptsetup open --test-passphrase --token-only --token-type systemd-tpm2 {DISK}"


@pytest.mark.full
@pytest.mark.parametrize("image", ["encrypted"])
def test_a_pin_starts_the_machine(machine_run: MachineRuns, image: str, tmp_path: Path) -> None:
    def work(proof: Proof) -> None:
        machine, usual = proof.machine, proof.machine.spec
        try:
            with controller(proof, tmp_path) as it:
                _refused(it)
                _enrolled(it)
                off_and_on(machine, tmp_path)
                machine.type_on_console(ASKS, PIN, PATIENCE)
                machine.wait_for_ssh(PATIENCE)
                assert it.verdicts()["ENC-03"] == "compliant"
                again = it.proof.roll_out()
                assert (again.status, again.counts["changed"]) == (0, 0), again.output[-3000:]
        finally:
            machine.power_cut()
            machine.spec = usual

    machine_run(image).with_machine(work)


def _refused(it: Controller) -> None:
    """Neither without Secure Boot nor with a start-up image that uses no token; the key comes all the same."""
    it.proof.variables["leeboard_disk_tpm"] = "tpm"
    _roll_out_says(it, "Secure Boot is not on")
    key = it.current
    it.proof.variables |= {"leeboard_disk_tpm": "tpm-and-pin", "leeboard_disk_pin": PIN}
    _roll_out_says(it, "install dracut in its place")
    assert _tokens(it.machine) == [] and it.current == key


def _enrolled(it: Controller) -> None:
    machine = it.machine
    machine.root(f"cp --preserve=timestamps /boot/dracut-*.img {NEXT}")
    with Searched(machine, it.folder.parent / "left") as left:
        output = it.roll_out()
        assert "no token of the TPM was enrolled" not in output, output[-4000:]
    assert not left.finds(PIN), "in no file, argument or environment of the machine"
    (token,) = _tokens(machine)
    assert (token["tpm2-pin"], token["tpm2-pcrs"]) == (True, [7])
    assert machine.root(OPENS, input=f"{PIN}\n", check=False, timeout=PATIENCE).returncode == 0
    assert machine.root(OPENS, check=False, timeout=PATIENCE).returncode != 0
    assert it.opens(PASSPHRASE) and it.opens(SECOND) and it.opens(it.secret(it.current))
    assert {c: it.verdicts()[c] for c in ("ENC-03", "ENC-07", "ENC-09")} == dict.fromkeys(
        ("ENC-03", "ENC-07", "ENC-09"), "compliant"
    )


def _roll_out_says(it: Controller, message: str) -> None:
    """Roll out; the words must be in what is printed."""
    output = it.roll_out()
    assert message in output, output[-4000:]


def _tokens(machine: Machine) -> list[dict[str, Any]]:
    dump = machine.root(f"cryptsetup luksDump --dump-json-metadata {DISK}", timeout=PATIENCE).stdout
    return [token for token in json.loads(dump)["tokens"].values() if token["type"] == "systemd-tpm2"]
