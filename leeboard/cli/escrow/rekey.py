"""`leeboard escrow rekey`: other custodians, and every envelope sealed for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from leeboard.cli.escrow import custodians as people
from leeboard.cli.escrow.command import PROBLEMS, now
from leeboard.cli.options import Var
from leeboard.errors import LeeboardError
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.custodians import fingerprints
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.vault.rekeying import hand_over, opener, reseal
from leeboard.escrow.vault.vault import Vault
from leeboard.model.values import plain
from leeboard.model.words import number


def rekey(
    private_key: people.PrivateKey,
    custodian: people.Certificates = None,
    make: people.Make = None,
    keys: people.Keys = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="POST", help="A custodian who is none any more, by the name in the vault."),
    ] = None,
    var: Var = Path("var"),
) -> None:
    """Add or remove custodians, and seal every envelope for those that there are then.

    --custodian or --make with a name that is there takes its certificate's place. Without any of them what an earlier
    run left is finished. Ends with 0; 3 when an envelope could not be sealed anew.
    """
    opened = vault.open_vault(var)
    secret = opener(opened, people.private_key(private_key))
    added = people.named(custodian or (), make or (), keys, (*(place.path for place in opened.places), var), now())
    wanted = _wanted(opened.custodians, added, remove or [])
    if fingerprints(wanted) != fingerprints(opened.custodians):
        opened = hand_over(opened, wanted, now())
        names = ", ".join(sorted(custodian.name for custodian in wanted))
        typer.echo(f"The vault has {number(len(wanted), 'custodian')}: {plain(names, 300)}.")
    if make:
        typer.echo(people.where(keys))
    with Progress(transient=True) as bar:
        task = bar.add_task("Sealing anew", total=None)
        done, failed = reseal(opened, secret, now, lambda at, total: bar.update(task, completed=at, total=total))
    for problem in failed:
        typer.echo(plain(problem, 300))
    typer.echo(f"{number(done, 'envelope')} sealed anew.")
    left = _known_to_others(opened)
    if left:
        typer.echo(
            f"{number(len(left), 'key')} in use could be read by somebody who is no custodian any more: the next "
            "roll-outs change them (ENC-08)."
        )
    if failed:
        raise typer.Exit(PROBLEMS)


def _wanted(now_there: tuple[Custodian, ...], added: list[Custodian], remove: list[str]) -> list[Custodian]:
    """The custodians from now on. Raises LeeboardError."""
    by_name = {custodian.name: custodian for custodian in now_there}
    for name in remove:
        if name not in by_name:
            raise LeeboardError(f"--remove {plain(name)}: is no custodian; there are {', '.join(sorted(by_name))}")
        del by_name[name]
    by_name.update({custodian.name: custodian for custodian in added})
    if not by_name:
        raise LeeboardError("a vault needs a custodian: name the new one in the same command")
    return list(by_name.values())


def _known_to_others(opened: Vault) -> list[Key]:
    """Keys that open a disk, and that somebody could read who is no custodian any more."""
    people_now = fingerprints(opened.custodians)
    in_use = (State.PENDING, State.PROVED, State.COMPARED, State.USED)
    return [key for key in opened.keys().values() if key.state in in_use and not people_now.issuperset(key.readers)]
