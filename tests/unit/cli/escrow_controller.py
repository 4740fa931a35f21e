"""`leeboard escrow` as an officer of the LA runs it: on a terminal, with private keys on a stick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect
from typer.testing import CliRunner

from leeboard.cli.escrow import command as cli
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import RecoveryKey
from leeboard.escrow.vault import vault
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import another_volume, content, custodian
from tests.unit.playing import ROOT

RUNNER = CliRunner()


@dataclass(frozen=True)
class Controller:
    """A controller's var, a stick with the head's private key, and where the copies of the vault go."""

    var: Path
    stick: Path
    places: tuple[Path, Path]

    def run(self, *options: str) -> tuple[int, str]:
        """The command; exit code and all that it printed, or LeeboardError's words."""
        done = RUNNER.invoke(app, ["escrow", *options, "--var", str(self.var)], env={"COLUMNS": "200"})
        if isinstance(done.exception, LeeboardError):
            return 1, str(done.exception)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout

    def on_a_terminal(self, *options: str, answers: tuple[str, ...]) -> tuple[int | None, str]:
        """The same as a process with a terminal, on which somebody types each answer when it is asked for."""
        code = "from leeboard.cli.main import main; main()"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable, ["-c", code, "escrow", *options, "--var", str(self.var)],
            env=environment, encoding="utf-8", timeout=600, dimensions=(60, 200),
        )  # fmt: skip
        printed = ""
        for answer in answers:
            process.expect(r"assphrase[^\r\n]*: |onfirmation: ")
            printed += process.before or ""
            process.sendline(answer)
        process.expect(pexpect.EOF)
        process.close()
        return process.exitstatus, printed + (process.before or "")

    def begin(self, *names: str) -> None:
        """Begin the vault for these custodians."""
        options = []
        for name in names:
            (self.stick / f"{name}.pem").write_bytes(custodian(name)[0].pem)
            options += ["--custodian", str(self.stick / f"{name}.pem")]
        first, second = (str(one) for one in self.places)
        assert self.run("init", "--first", first, "--second", second, *options)[0] == 0

    def seal(self, urn: str = "900001", asset: str = "EP-0001", number: int = 1) -> RecoveryKey:
        """Put a key into the vault, as a roll-out will; the key."""
        said = content(number, disk=f"0d5e-uuid-{number}")
        with vault.open_vault(self.var).writing(cli.now()) as writer:
            writer.seal(said, urn, asset, Level.STANDARD, said.disk)
        return said.key


@contextmanager
def a_controller(folder: Path) -> Iterator[Controller]:
    """A controller whose vault is to be begun, with the head's private key on the stick."""
    (folder / "stick").mkdir()
    (folder / "stick" / "head-key.pem").write_bytes(custodian("head")[1])
    with another_volume(folder) as other:
        yield Controller(folder / "var", folder / "stick", (folder / "vault", other / "vault"))
