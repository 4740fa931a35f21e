"""The sheet as one HTML page of one A4 sheet, which needs nothing else, and as PDF where Chromium is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from leeboard.model.words import date_text, local, number
from leeboard.report import html, pdf, words
from leeboard.report.summary.content import Sheet
from leeboard.version import __version__


def render(sheet: Sheet) -> str:
    """The page."""
    environment, css, css_hash = _environment()
    return environment.get_template("summary.html.j2").render(
        sheet=sheet, css=css, css_hash=css_hash, version=__version__
    )


def write(sheet: Sheet, path: Path) -> None:
    """Write the page to `path`, whole or not at all, for its owner alone. Raises LeeboardError."""
    with html.written(path):
        html.keep(path, render(sheet).encode("utf-8", "backslashreplace"))


def write_pdf(sheet: Sheet, path: Path) -> None:
    """Print the page to a PDF at `path`, whole or not at all. Raises LeeboardError where no Chromium can."""
    pdf.write(render(sheet), path)


@cache
def _environment() -> tuple[Environment, Markup, str]:
    environment = html.environment(
        "report/summary", lambda value: value if isinstance(value, Markup | int) else words.clean(value, 500)
    )
    environment.globals.update(date_text=date_text, local=local, number=number)
    return environment, *html.style(Path(__file__).parent / "summary.css")
