"""JUnit XML of many schools, suite after suite: the suites of `leeboard drift --format junit`, in one file.

The root has no sums, which would have to stand before what they count; readers make their own.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import BinaryIO

from leeboard.report.export.writers import Piece, Text
from leeboard.report.junit import suites


class JunitWriter:
    """Writes a suite a device, and one for each school as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin a file."""
        self._text = Text(file)
        self._text.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="leeboard">\n')

    def school(self, piece: Piece) -> None:
        """Write the suites of one school."""
        for suite in suites(piece.status):
            ElementTree.indent(suite)
            self._text.write(f"{ElementTree.tostring(suite, encoding='unicode')}\n")
        self._text.flush()

    def close(self) -> None:
        """Write the end."""
        self._text.write("</testsuites>\n")
        self._text.flush()
        self._text.detach()
