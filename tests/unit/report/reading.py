"""Reads the page with an HTML parser of its own, and with Chromium where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

ELEMENTS = re.findall(
    r"\w+",
    "a article b body caption code details div footer h1 h2 h3 h4 head header html li main meta nav p rect section "
    "small span strong style summary svg table tbody td th thead title tr ul",
)
VOID = {"meta", "rect", "br", "hr", "img", "input", "link"}  # Chromium closes rect with a tag of its own


class Page(HTMLParser):
    """Every element with its attributes and text, and whether they close as they should."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._open: list[str] = []
        self._skip = False
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    @property
    def names(self) -> set[str]:
        """The kinds of elements that occur."""
        return {name for name, _ in self.elements}

    def attributes(self, name: str) -> list[str]:
        """The values of one attribute, wherever it occurs."""
        return [value or "" for _, given in self.elements for key, value in given.items() if key == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """An element ends; it must be the one that was opened last."""
        if tag in VOID:
            return
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        """Text."""
        if "style" in self._open:
            return
        self.text += data + " "
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data + " "


def browser() -> str | None:
    """Chromium, or None."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


def in_browser(program: str, page: Path, profile: Path) -> str:
    """The document as Chromium has it after running whatever it would run."""
    options = (
        "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
        "--disable-sync --no-first-run --virtual-time-budget=2000 --dump-dom"
    )
    command = [program, *options.split(), f"--user-data-dir={profile}", page.as_uri()]
    return subprocess.run(command, capture_output=True, check=True, timeout=600).stdout.decode()
