"""The sheet as one HTML page of one A4 sheet, which needs nothing else, and as PDF where Chromium is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from leeboard.errors import LeeboardError
from leeboard.model.words import date_text, local, number
from leeboard.report import html, words
from leeboard.report.summary.content import Sheet
from leeboard.version import __version__

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 120  # seconds that a browser may take for one sheet


def render(sheet: Sheet) -> str:
    """The page."""
    environment, css, css_hash = _environment()
    return environment.get_template("summary.html.j2").render(
        sheet=sheet, css=css, css_hash=css_hash, version=__version__
    )


def write(sheet: Sheet, path: Path) -> None:
    """Write the page to `path`, whole or not at all, for its owner alone. Raises LeeboardError."""
    _keep(path, render(sheet).encode("utf-8", "backslashreplace"))


def write_pdf(sheet: Sheet, path: Path) -> None:
    """Print the page to a PDF at `path`, whole or not at all. Raises LeeboardError where no Chromium can."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise LeeboardError(f"{path}: a PDF needs Chromium, which is not installed; or open the page and print it")
    with tempfile.TemporaryDirectory(prefix="leeboard-summary-") as folder:
        page, made = Path(folder, "summary.html"), Path(folder, "summary.pdf")
        page.write_text(render(sheet), encoding="utf-8", errors="backslashreplace")
        # As root Chromium has no sandbox. The page is our own, and its policy lets nothing run or be fetched.
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        argv = [program, "--headless", *root, "--disable-gpu", "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", page.as_uri()]  # fmt: skip
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise LeeboardError(f"{path}: {program} could not print the page: {problem}") from None
        if done.returncode != 0 or not made.is_file():
            why = words.clean(done.stderr.strip().rpartition("\n")[2], 200)
            raise LeeboardError(f"{path}: {program} ended with status {done.returncode} and printed nothing: {why}")
        _keep(path, made.read_bytes())


def _keep(path: Path, content: bytes) -> None:
    with html.written(path):
        html.keep(path, content)


@cache
def _environment() -> tuple[Environment, Markup, str]:
    environment = html.environment(
        "report/summary", lambda value: value if isinstance(value, Markup | int) else words.clean(value, 500)
    )
    environment.globals.update(date_text=date_text, local=local, number=number)
    return environment, *html.style(Path(__file__).parent / "summary.css")
