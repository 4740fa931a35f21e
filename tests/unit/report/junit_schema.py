"""The XML schema of Jenkins for JUnit files, and what it says of ours.

`junit-10.xsd` is that of the xUnit plugin for Jenkins (jenkinsci/xunit-plugin, commit 8c515de2, 15 November 2025), as
it is there; its licence, MIT, stands at its head. JUnit itself has published none.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xmlschema import XMLSchema

SCHEMA = Path(__file__).with_name("junit-10.xsd")


@cache
def _schema() -> XMLSchema:
    return XMLSchema(SCHEMA, allow="local")


def faults(content: bytes | str) -> list[str]:
    """What in a file the schema forbids: where, and why."""
    return [f"{fault.path}: {fault.reason}" for fault in _schema().iter_errors(content)]
