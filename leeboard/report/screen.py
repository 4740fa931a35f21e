"""The terminal that a report is printed on: plain lines and tables, and the one way that text gets there.

No lines are drawn and no markup is parsed, so the text is the same in colour, in a pipe and on a dumb terminal.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from leeboard.report.words import clean

ENDLESS = 10_000  # columns of an output that is no terminal: lines are not folded there, so that grep finds them whole
ASCII = str.maketrans({"…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "≤": "<="})


def stdout_console() -> Console:
    """The console on the standard output: as wide as the terminal, and without an edge in a pipe or a file."""
    return Console() if sys.stdout.isatty() else Console(width=ENDLESS)


def stderr_console() -> Console:
    """The same on the standard error."""
    return Console(stderr=True) if sys.stderr.isatty() else Console(stderr=True, width=ENDLESS)


class Screen:
    """The console, and the one way that text gets onto it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._endless = console.width >= ENDLESS
        try:
            self._encoding = codecs.lookup(console.encoding or "ascii").name
        except LookupError:
            self._encoding = "ascii"

    def text(self, *parts: str | tuple[str, str]) -> Text:
        """Parts, each plain or with a style, in one line that never is markup and always can be written."""
        made = Text(overflow="fold")
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            made.append(self._writable(clean(words, 20_000)), style)
        return made

    def line(self, *parts: str | tuple[str, str], indent: int = 0) -> None:
        """One line, folded at the edge of the terminal."""
        self._print(self.text(*parts), indent)

    def gap(self) -> None:
        """An empty line."""
        self._console.print()

    def table(
        self, heads: Iterable[str], rows: Iterable[Iterable[Text]], wide: tuple[int, ...], whole: tuple[int, ...] = ()
    ) -> None:
        """A table without lines; the columns `wide` share the room that the others leave, those `whole` never fold."""
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=not self._endless, header_style="bold")
        for place, head in enumerate(heads):
            most = None if self._endless or place in whole or place in wide else 20
            ratio = 1 if place in wide else None
            table.add_column(self.text(head), overflow="fold", ratio=ratio, max_width=most, no_wrap=place in whole)
        for row in rows:
            table.add_row(*row)
        self._print(table)

    def fields(self, rows: Iterable[tuple[str, str]], indent: int) -> None:
        """Names and values with a hanging indent; empty values are left out."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold", ratio=1)
        for name, value in rows:
            if value:
                grid.add_row(self.text((name, "dim")), self.text(value))
        self._print(grid, indent)

    def _print(self, what: Text | Table, indent: int = 0) -> None:
        """Print without the blanks that rich puts at the end of lines: they are in the way when text is copied."""
        made: list[Segment] = []
        for line in self._console.render_lines(Padding(what, (0, 0, 0, indent)), pad=False):
            while line and not line[-1].text.rstrip():
                line.pop()
            made += line[:-1]
            made += [Segment(last.text.rstrip(), last.style) for last in line[-1:]]
            made.append(Segment.line())
        self._console.print(Segments(made), soft_wrap=True)

    def _writable(self, words: str) -> str:
        try:
            words.encode(self._encoding)
        except UnicodeEncodeError:
            return words.translate(ASCII).encode(self._encoding, "backslashreplace").decode(self._encoding)
        return words
