"""What several tests of commands ask about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.report import example


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var folder with the first night of the example's primary school."""
    folder = tmp_path_factory.mktemp("var")
    example.first_report(folder)
    return folder
