"""The authority that most tests of it begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.authority.authorities import Authority, an_authority


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with an_authority(tmp_path) as made:
        yield made
