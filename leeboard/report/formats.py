"""The forms of a report for programs, by the word of `--format`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from leeboard.report import json_report, junit, sheet
from leeboard.verdict.status import EstateStatus

WRITERS: dict[str, Callable[[EstateStatus, TextIO], None]] = {
    "json": json_report.write_json,
    "csv": sheet.write_csv,
    "junit": junit.write_junit,
}
