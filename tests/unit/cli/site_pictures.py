"""Pictures of each kind of page of a site and of the sheet for a head, for docs/site.md: `make picture` draws them.

They are of the estate that `leeboard example` makes, at a clock that stands still, in light, in dark and on a phone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.unit.cli.example_picture import made
from tests.unit.playing import ROOT

FOLDER = ROOT / "docs" / "images" / "site"
HEIGHT = 900  # of a picture at most, of a page as long as it likes
SCHOOL = "schools/900001"
# By the picture's name: the page in the site, and how it is looked at (tests/services/chromium.py).
PICTURES = {
    "estate": ("index.html", "picture"),
    "school": (f"{SCHOOL}/index.html", "picture in dark"),
    "device": (f"{SCHOOL}/devices/EP-0005.html", "picture"),
    "device-on-a-phone": (f"{SCHOOL}/devices/EP-0005.html", "narrow"),
    "control": (f"{SCHOOL}/controls/ENC-01.html", "picture"),
    "worklist": (f"{SCHOOL}/worklist.html", "picture"),
    "new": (f"{SCHOOL}/new.html", "picture"),
    "not-seen": (f"{SCHOOL}/not-seen.html", "picture"),
    "risks": (f"{SCHOOL}/risks.html", "picture"),
    "keys": (f"{SCHOOL}/keys.html", "picture in dark"),
    "printed": (f"{SCHOOL}/index.html", "paper"),
    "sheet": ("../sheet.html", "paper"),
}
SHEET = ("summary example-primary -i example/inventory --var example/var --page sheet.html",)


def draw(site: Path, folder: Path) -> None:
    """Draw each page of a site into a folder."""
    from tests.services.chromium import chromium

    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as window:
        for name, (page, look) in PICTURES.items():
            window.look(look)
            said = window.open((site / page).resolve())
            assert not said, f"{page}: {said}"
            bottom = round(window.ask("return document.body.getBoundingClientRect().bottom"))
            content = window.picture(min(bottom, HEIGHT))
            (folder / f"{name}.png").write_bytes(content)
            print(f"{name}.png: {len(content):,} bytes")


def main() -> None:
    """Draw the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        draw(made(Path(folder), SHEET).parents[2], FOLDER)


if __name__ == "__main__":
    main()
