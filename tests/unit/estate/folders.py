"""Small estates on disk for tests."""

from __future__ import annotations

from pathlib import Path

SHARED = "plugin: leeboard.schools.estate\nname: Example LA\nlevel: standard\n"
ROWS = "asset,host,address,platform,form,role,level,serial\n"
ROW = "A-1,pc-1,192.0.2.1,linux,desktop,office,,\n"


def add_school(folder: Path, urn: str, more: str = "", rows: str = ROW) -> Path:
    """A school's folder with these further keys and rows; returns its school.yml."""
    folder.mkdir(parents=True)
    file = folder / "school.yml"
    file.write_text(f'plugin: leeboard.schools.estate\nurn: "{urn}"\nname: School {urn}\nphase: primary\n{more}')
    (folder / "devices.csv").write_text(ROWS + rows)
    return file


def add_estate(folder: Path, more: str = "") -> Path:
    """An estate.yml with these further keys."""
    file = folder / "estate.yml"
    file.write_text(SHARED + more)
    return file
