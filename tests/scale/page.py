"""The figures in docs/performance.md, which the measurements write there."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def machine() -> str:
    """The machine in a few words."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    return (
        f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}), "
        f"{system[1] if system else platform.system()}, Python {platform.python_version()}"
    )


def write(section: str, rows: str, columns: Sequence[str] = ("measured",)) -> None:
    """Put fresh figures between a section's markers in the page; each row has what, these columns, wanted."""
    page = PAGE.read_text()
    start, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    head = f"| what | {' | '.join(columns)} | wanted |\n|{' --- |' * (len(columns) + 2)}"
    table = f"\n\nMeasured on {machine()}:\n\n{head}\n{rows}\n\n"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    PAGE.write_text(before + start + table + end + after)
