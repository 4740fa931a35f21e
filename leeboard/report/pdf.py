"""A page of ours as PDF, printed by Chromium where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.report import html, words

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 120  # seconds that a browser may take for a page


def write(page: str, path: Path) -> None:
    """Print a page to a PDF at `path`, whole or not at all. Raises LeeboardError where no Chromium can."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise LeeboardError(f"{path}: a PDF needs Chromium, which is not installed; or open the page and print it")
    with tempfile.TemporaryDirectory(prefix="leeboard-pdf-") as folder:
        source, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page, encoding="utf-8", errors="backslashreplace")
        # As root Chromium has no sandbox. The page is our own, and its policy lets nothing run or be fetched.
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        argv = [program, "--headless", *root, "--disable-gpu", "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", source.as_uri()]  # fmt: skip
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise LeeboardError(f"{path}: {program} could not print the page: {problem}") from None
        if done.returncode != 0 or not made.is_file():
            why = words.clean(done.stderr.strip().rpartition("\n")[2], 200)
            raise LeeboardError(f"{path}: {program} ended with status {done.returncode} and printed nothing: {why}")
        with html.written(path):
            html.keep(path, made.read_bytes())
