"""A machine for each test, with its scripts run by dash and by bash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.linux.checkpoint.machine import Machine


@pytest.fixture(params=["dash", "bash"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    """A machine without a checkpoint."""
    return Machine(tmp_path, request.param)
