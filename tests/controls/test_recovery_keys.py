"""Recovery keys on a real machine whose root is encrypted: a real roll-out brings them in, and one starts the machine.

The power is cut in the middle of one in full_power_cuts.py.

What opens an envelope here is OpenSSL, and what tries a key is cryptsetup on the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest

from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.escrow.vault.records import Key, State
from tests.credentials.night import Watch
from tests.unit.escrow.vaults import PASSPHRASE as CUSTODIANS
from tests.unit.escrow.vaults import another_volume, custodian
from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE, SECOND
from tests.windows.wire.secrets import leaks

from .harness import PATIENCE, ROOT, Proof, recorded
from .left_behind import Searched, plant
from .machine_run import MachineRun

MachineRuns = Callable[[str], MachineRun]
DISK = "/dev/vda2"
PLANTED = "vvvvvvvv-cccccccc-planted"


class Controller:
    """A controller with a vault of its own for one machine."""

    def __init__(self, proof: Proof, folder: Path, second: Path) -> None:
        self.proof = Proof(proof.machine, folder, leeboard_enforce=["ENC"], leeboard_disk_passphrase=PASSPHRASE)
        self.machine = proof.machine
        self.folder = folder
        folder.mkdir()
        people = [custodian(name)[0] for name in ("head", "siro")]
        self.vault = vault.make(folder / "var", (folder / "first", second / "second"), people, datetime.now(UTC))

    @property
    def keys(self) -> tuple[Key, ...]:
        variables = self.proof.variables
        return controller_state.records(
            self.folder / "var", str(variables["leeboard_urn"]), str(variables["leeboard_asset"])
        ).keys

    @property
    def current(self) -> Key:
        return next(key for key in reversed(self.keys) if key.state is State.PROVED)

    def secret(self, key: Key) -> str:
        """The key, by OpenSSL and the private key of the second custodian."""
        private = self.folder / "private.pem"
        private.write_bytes(custodian("siro")[1])
        place = self.vault.places[1].path
        done = subprocess.run(
            [
                "openssl", "cms", "-decrypt", "-inform", "PEM", "-in", str(place / key.name), "-recip",
                str(place / "custodians" / "siro.pem"), "-inkey", str(private), "-passin", "stdin",
            ],
            input=CUSTODIANS, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()[-1]

    def opens(self, secret: str, disk: str = DISK) -> bool:
        """Whether a secret opens a disk of the machine without any token, as the machine's own cryptsetup says."""
        ask = f"cryptsetup open --test-passphrase --token-type none --key-file - {disk}"
        return self.machine.root(ask, input=secret, check=False, timeout=PATIENCE).returncode == 0

    def roll_out(self) -> str:
        """Bring keys in; what was printed. Nothing may fail."""
        done = self.proof.roll_out()
        assert done.status == 0, done.output[-4000:]
        return done.output

    def command(self, *arguments: str) -> str:
        """`leeboard escrow ...` about the machine, on a terminal, with the private key of the second custodian."""
        private = self.folder / "stick.pem"
        private.write_bytes(custodian("siro")[1])
        asset = str(self.proof.variables["leeboard_asset"])
        process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            [
                "-c", "from leeboard.cli.main import main; main()", "escrow", arguments[0], asset, *arguments[1:],
                "-i", str(self.folder / "hosts.yml"), "--private-key", str(private), "--var", str(self.folder / "var"),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, encoding="utf-8", timeout=PATIENCE, dimensions=(60, 400),
        )  # fmt: skip
        process.expect("Passphrase of the private key: ")
        process.sendline(CUSTODIANS)
        process.expect(pexpect.EOF)
        process.close()
        assert process.exitstatus == 0, process.before
        return process.before or ""

    def use(self, key: Key) -> None:
        """Somebody reads the key out."""
        with vault.open_vault(self.folder / "var").writing(datetime.now(UTC)) as writer:
            writer.note(ledger.OPENED, urn=key.urn, asset=key.asset, key=key.id, disk=key.disk, reason="a call")

    def verdicts(self) -> dict[str, str]:
        """What the last run came to."""
        return recorded(self.folder)[str(self.proof.variables["leeboard_asset"])]


@contextmanager
def controller(proof: Proof, folder: Path) -> Iterator[Controller]:
    with another_volume(folder) as second:
        yield Controller(proof, folder / "keys", second)


@pytest.mark.full
@pytest.mark.parametrize("image", ["encrypted"])
def test_a_key_from_the_vault_starts_the_machine(machine_run: MachineRuns, image: str, tmp_path: Path) -> None:
    def work(proof: Proof) -> None:
        with controller(proof, tmp_path) as it:
            it.roll_out()
            assert {c: it.verdicts()[c] for c in ("ENC-07", "ENC-08")} == {"ENC-07": "compliant", "ENC-08": "compliant"}
            key = it.current
            secret = it.secret(key)
            assert it.opens(secret) and it.opens(PASSPHRASE) and it.opens(SECOND)
            assert not leaks(secret, it.folder)

            again = it.proof.roll_out()
            assert (again.status, again.counts["changed"]) == (0, 0), again.output[-3000:]
            assert it.current == key

            it.machine.root(
                f"printf stranger >/run/new; cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "
                f"--key-file - {DISK} /run/new",
                input=PASSPHRASE, timeout=PATIENCE,
            )  # fmt: skip
            it.proof.check()
            assert it.verdicts()["ENC-07"] == "drifted"

            it.machine.power_off(PATIENCE)
            it.machine.start()
            it.machine.type_on_console(ASKS, secret, PATIENCE)
            it.machine.wait_for_ssh(PATIENCE)

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["encrypted"])
def test_a_roll_out_shows_and_leaves_no_key(machine_run: MachineRuns, image: str, tmp_path: Path) -> None:
    def work(proof: Proof) -> None:
        with controller(proof, tmp_path) as it:
            with Watch(environment=True) as watch, Searched(proof.machine, tmp_path / "left") as left:
                plant(proof.machine, PLANTED)
                printed = it.roll_out()
            secret = it.secret(it.current)
            assert not leaks(secret, it.folder, printed, "\n".join(watch.seen))
            assert not left.finds(secret)
            where = "\n".join(left.finds(PLANTED))
            for place in ("var/tmp/planted: plain base64", "audit/audit.log: plain", "processes: plain"):
                assert place in where, "a secret that is there is found"

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["encrypted"])
def test_a_custodian_changes_the_key_and_brings_a_header_back(
    machine_run: MachineRuns, image: str, tmp_path: Path
) -> None:
    def work(proof: Proof) -> None:
        with controller(proof, tmp_path) as it:
            it.roll_out()
            old = it.current
            it.use(old)
            assert "opens slot" in it.command("rotate")
            key = it.current
            secret = it.secret(key)
            assert key.id != old.id and it.opens(secret) and not it.opens(it.secret(old)) and it.opens(PASSPHRASE)
            assert not leaks(secret, it.folder) and not leaks(it.secret(old), it.folder)

            it.machine.root(f"head -c 1M /dev/urandom | dd of={DISK} bs=64K conv=notrunc,fsync")
            assert not it.opens(PASSPHRASE) and not it.opens(secret)
            it.proof.check()
            assert it.verdicts()["ENC-07"] not in ("compliant", "not_applicable")
            assert f"key {key.id} opens it" in it.command("restore")
            assert it.opens(PASSPHRASE) and it.opens(SECOND) and it.opens(secret)
            it.proof.check()
            assert it.verdicts()["ENC-07"] == "compliant"

            it.machine.power_off(PATIENCE)
            it.machine.start()
            it.machine.type_on_console(ASKS, secret, PATIENCE)
            it.machine.wait_for_ssh(PATIENCE)

    machine_run(image).with_machine(work)
