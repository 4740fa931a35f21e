"""Options and lookups that the commands of `leeboard vpn` share."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from leeboard.authority import publishing
from leeboard.authority.certificates import Registered
from leeboard.authority.lists import Lists, sign
from leeboard.authority.publishing import Publication
from leeboard.cli.find_estate import opened, school_of
from leeboard.errors import LeeboardError
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.of_school import SchoolVpn
from leeboard.model import near
from leeboard.model.values import plain
from leeboard.model.words import number, when
from leeboard.storage import files

PROBLEMS = 3  # docs/exit-codes.md: something that somebody relies on is not so

Folder = Annotated[
    Path | None, typer.Option("--publish-folder", help="A folder that a web server shows: the lists are copied there.")
]
Command = Annotated[
    str | None,
    typer.Option("--publish-command", help="A command that publishes the lists; their paths are added to it."),
]
Inventory = Annotated[
    Path | None, typer.Option("--inventory", "-i", help="The estate whose register has the device: its folder or file.")
]
School = Annotated[str | None, typer.Option(help="The URN of its school, where two schools have such a tag.")]


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


def publication(var: Path, folder: Path | None, command: str | None) -> Publication:
    """Where lists are published: as is said now, which is kept, else as it was said before. Raises LeeboardError."""
    if folder is None and command is None:
        return publishing.read(var)
    if folder is not None and command is not None:
        raise LeeboardError("--publish-folder and --publish-command: name one of the two")
    try:
        words = tuple(shlex.split(command or ""))
    except ValueError as problem:
        raise LeeboardError(f"--publish-command: makes no sense: {problem}") from None
    if folder is None and not words:
        raise LeeboardError("--publish-command: is empty")
    said = Publication(folder=folder.absolute() if folder else None, command=words)
    publishing.write(var, said)
    return said


def sign_and_publish(var: Path, said: Publication) -> bool:
    """Sign the lists, publish them, and say so. False where somebody must look; the words say why."""
    try:
        return show_and_publish(sign(var, now()), said)
    except LeeboardError as problem:
        typer.echo(f"No list was signed: {problem}", err=True)
        return False


def show_and_publish(lists: Lists, said: Publication) -> bool:
    """Publish lists that were signed, and say so. False where somebody must look; the words say why."""
    well = not lists.problems
    for line in (*lists.problems, *lists.notes):
        warn(line)
    try:
        where = publishing.publish(said, lists.files)
    except LeeboardError as problem:
        typer.echo(f"Signed, and not published: {problem}", err=True)
        well = False
    else:
        typer.echo(_said(lists, where))
    return well


def warn(line: str) -> None:
    """Say on standard error what whoever runs this should know."""
    typer.echo(plain(line, 1000), err=True)


def registered(inventory: Path | None, asset: str, school: str | None) -> Registered:
    """A device of the register. Raises LeeboardError for none, and where two schools have one of that name."""
    if inventory is None:
        raise LeeboardError(
            "-i: name the estate whose register has the device; what stands in it goes into certificates"
        )
    estate = opened(inventory)
    schools = (school_of(estate, school),) if school else estate.schools
    found = [
        Registered(one.urn, row.asset, row.platform)
        for one in schools
        for row in one.devices
        if row.asset.casefold() == asset.casefold()
    ]
    if not found:
        meant = near.meant(asset, (row.asset for one in schools for row in one.devices))
        raise LeeboardError(f"{plain(asset, 80)}: the register has no such device; nothing was issued{meant}")
    if len(found) > 1:
        urns = ", ".join(one.urn for one in found)
        raise LeeboardError(f"{plain(asset, 80)}: the schools {urns} have one; name it with --school")
    return found[0]


def inner_addresses(declared: Iterable[SchoolVpn]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The inner addresses that devices have, by school and asset tag."""
    ledgers = {one.file.parent: addresses.read(one.file.parent)[0] for one in declared if one.declared.inner}
    return {owner: held for ledger in ledgers.values() for owner, held in ledger.held.items()}


def write_export(to: Path, contents: Mapping[str, str]) -> None:
    """Write the files of an export for a gateway, by their names in its folder. Raises LeeboardError."""
    for name, content in contents.items():
        path = to / name
        files.make_folder(path.parent)
        files.replace(path, content.encode(), mode=None)


def _said(lists: Lists, where: str) -> str:
    count = number(lists.revoked, "revoked certificate")
    return f"{number(len(lists.files), 'list')} with {count}, good until {when(lists.ends)}: {where}."
