"""What every page of the site is put into, and what a folder of it needs beside: style, scripts and their licence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from leeboard.evidence.asking.history import BETTER, LATE, MENDED, WORSE
from leeboard.model.words import local_day
from leeboard.report import html, page
from leeboard.report.coverage import ALWAYS
from leeboard.report.history import KINDS
from leeboard.report.overview import Marking
from leeboard.report.site.tables import PLACES, minutes, script
from leeboard.report.standing import Sums
from leeboard.report.worklist_text import how_many
from leeboard.version import __version__

HERE = Path(__file__).parent
Pages = dict[str, bytes]
SEVERITY_LOOK = {"critical": "bad", "high": "bad", "medium": "open", "low": "none"}
COURSE_LOOK = {KINDS[WORSE]: "bad", KINDS[BETTER]: "wait", KINDS[MENDED]: "good", KINDS[LATE]: "none"}


@dataclass(frozen=True)
class Frame:
    """A folder of the site: what its pages are about, the other pages that each leads to, and its marking.

    `up` is the way to the estate's pages, as seen from the folder; "" where there is none. Only who came from there is
    shown it.
    """

    name: str
    marking: Marking
    digest: str
    pages: Sequence[tuple[str, str]]
    urn: str = ""
    up: str = ""

    @property
    def place(self) -> str:
        """The school with its URN, or all schools."""
        return f"{self.name} ({self.urn})" if self.urn else self.name

    def page(self, template: str, path: str, title: str, scripts: Sequence[str] = (), **words: Any) -> bytes:
        """One page, to be kept at `path` within the folder; `scripts` are those of its data."""
        every = ["about.js", *(("ufuzzy.js", *scripts) if scripts else ()), "site.js"]
        given = {"title": title, "here": path, "root": "../" * path.count("/"), "scripts": every}
        made = _environment().get_template(f"site/pages/{template}.html.j2")
        text = made.render(frame=self, digest=self.digest, **given, **words)
        return text.encode("utf-8", "backslashreplace")

    def files(self, at: datetime) -> Pages:
        """What its pages load. `at` is the moment of which they speak."""
        vendor = HERE / "vendor"
        style = Markup(page.CSS.read_text("utf-8") + (HERE / "site.css").read_text("utf-8"))  # noqa: S704  our own files
        return {
            "about.js": script("about", {"at": minutes(at)}),
            "site.css": str(html.on_each_sheet(style, self.marking.line)[0]).encode(),
            "site.js": (HERE / "site.js").read_bytes(),
            "ufuzzy.js": (vendor / "ufuzzy.js").read_bytes(),
            "ufuzzy.LICENSE.txt": (vendor / "ufuzzy.LICENSE.txt").read_bytes(),
        }


def tiles(sums: Sums) -> list[tuple[str, int, str, str]]:
    """The coverage as tiles: name, number, words and look. What there is none of is left out, or has no colour."""
    numbers = [(key, sums.coverage.places[key], words, look) for key, words, look in PLACES]
    return [(key, many, words, look if many else "none") for key, many, words, look in numbers if many or key in ALWAYS]


@cache
def _environment() -> Environment:
    made = page.environment()
    made.globals.update(
        version=__version__,
        local_day=local_day,
        how_many=how_many,
        severity_look=SEVERITY_LOOK,
        course_look=COURSE_LOOK,
    )
    return made
