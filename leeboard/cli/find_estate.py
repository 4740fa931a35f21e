"""Finding the estate, and the school in it, that a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.errors import LeeboardError
from leeboard.estate.estate import ESTATE, SCHOOL, Estate, School, is_estate, read_estate
from leeboard.model import near
from leeboard.model.values import plain

Inventory = Annotated[
    Path,
    typer.Option("--inventory", "-i", help="An estate: its folder or its estate.yml (or one school's school.yml)."),
]


def opened(inventory: Path, whole: bool = False) -> Estate:
    """The estate at a file or folder; with `whole` all its schools also where one school's file is named.

    Raises LeeboardError when there is none.
    """
    if inventory.is_dir():
        names = [name for name in (ESTATE, SCHOOL) if (inventory / name).is_file()]
        if not names:
            raise LeeboardError(
                f"{inventory}: holds no {ESTATE}; write one with the lines "
                '"plugin: leeboard.schools.estate" and "name: ..." (docs/inventory.md)'
            )
        inventory = inventory / names[0]
    if not inventory.exists():
        raise LeeboardError(f"{inventory}: there is no such estate; give its folder with -i")
    if not is_estate(inventory):
        raise LeeboardError(
            f"{inventory}: is no estate of Leeboard's, which begins with plugin: leeboard.schools.estate; Ansible "
            "inventories of another kind are changed by hand"
        )
    above = inventory.absolute().parent.parent / ESTATE
    if whole and inventory.name == SCHOOL and is_estate(above):
        inventory = above
    return read_estate(inventory)


def school_of(estate: Estate, wanted: str) -> School:
    """A school by URN, folder, name, or a part of the name that fits only one. Raises LeeboardError."""
    word = wanted.casefold()
    fits = [
        school
        for school in estate.schools
        if word in (school.urn, school.folder.name.casefold(), school.settings.name.casefold())
    ]
    fits = fits or [school for school in estate.schools if word in school.settings.name.casefold()]
    if len(fits) != 1:
        names = {school.urn: school.settings.name for school in estate.schools}
        folders = (school.folder.name for school in estate.schools)
        said = near.schools(wanted, (school.urn for school in fits), names, folders)
        raise LeeboardError(f"--school {plain(wanted, 60)}: {said}")
    return fits[0]
