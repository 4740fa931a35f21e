"""The desk that most tests of recovery keys begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.escrow import vault
from tests.unit.escrow.bench import Bench
from tests.unit.escrow.desk import Desk
from tests.unit.escrow.tpm_desk import TpmDesk, TpmMachine
from tests.unit.escrow.vaults import AT, another_volume, custodian
from tests.unit.linux.luks_machine import Disk
from tests.unit.linux.spare_disk import Spare
from tests.unit.linux.tpm import soft_tpm


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A vault that the head can open, and a disk that opens by its passphrase alone."""
    with another_volume(tmp_path) as other:
        made = vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)
        yield Desk(made, Disk(tmp_path))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with another_volume(tmp_path) as other:
        made = vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)
        yield Bench(made, Spare(tmp_path))


@pytest.fixture
def with_tpm(tmp_path: Path) -> Iterator[TpmDesk]:
    """A vault that the head can open, and a disk of a machine with a TPM."""
    with another_volume(tmp_path) as other, soft_tpm(tmp_path) as tpm:
        made = vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)
        yield TpmDesk(made, TpmMachine(tmp_path, tpm))
