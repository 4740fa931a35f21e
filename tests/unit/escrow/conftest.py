"""The controller that most tests of recovery keys begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.escrow.bench import Bench
from tests.unit.escrow.controller import Controller
from tests.unit.escrow.tpm_controller import TpmController, TpmMachine
from tests.unit.escrow.vaults import a_vault
from tests.unit.linux.luks_machine import Disk
from tests.unit.linux.spare_disk import Spare
from tests.unit.linux.tpm import soft_tpm


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    """A vault that the head can open, and a disk that opens by its passphrase alone."""
    with a_vault(tmp_path) as made:
        yield Controller(made, Disk(tmp_path))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_vault(tmp_path) as made:
        yield Bench(made, Spare(tmp_path))


@pytest.fixture
def with_tpm(tmp_path: Path) -> Iterator[TpmController]:
    """A vault that the head can open, and a disk of a machine with a TPM."""
    with a_vault(tmp_path) as made, soft_tpm(tmp_path) as tpm:
        yield TpmController(made, TpmMachine(tmp_path, tpm))
