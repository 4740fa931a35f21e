"""`leeboard vpn`: the authority of the VPN: begin it, its next issuing authority, its keys brought back, its lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from leeboard.authority import session
from leeboard.authority.lists import sign
from leeboard.authority.names import authority_name
from leeboard.authority.records import Reason
from leeboard.cli.escrow.custodians import PrivateKey, private_key
from leeboard.cli.group import group
from leeboard.cli.options import Var
from leeboard.cli.vpn.options import (
    PROBLEMS,
    Command,
    Folder,
    now,
    publication,
    show_and_publish,
    sign_and_publish,
    warn,
)
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.model.words import day

# Plain HTTP: what fetches a list would have to check a certificate for https first, and a list is signed.
ADDRESS = re.compile(r"http://[a-z0-9](?:[a-z0-9.:\[\]-]*[a-z0-9\]])?(?:/[A-Za-z0-9._~-]+)*\Z")
Lists = Annotated[str, typer.Option("--lists", help="The address below which clients fetch the lists: http://...")]
NewLists = Annotated[str | None, typer.Option("--lists", help="Another address for the lists, from now on.")]

app = group("The VPN's authority: certificates of devices and gateways, lists of those that count no more.")


@app.command()
def init(
    name: Annotated[str, typer.Option(help="Whose authority it is, as certificates say it: Hill Schools.")],
    level: Annotated[Level, typer.Option(help="The highest level that a device of the VPN has.")],
    lists: Lists,
    publish_folder: Folder = None,
    publish_command: Command = None,
    var: Var = Path("var"),
) -> None:
    """Begin the authority: a root whose key only custodians can open, and an issuing authority of one year.

    Both keys are sealed into the vault of recovery keys; that of the issuing authority stays on this controller as
    well. Ends with 0; 3 when the authority is begun and its first lists are not published.
    """
    said = publication(var, publish_folder, publish_command)
    known = session.begin(var, authority_name(name), level, address(lists), now())
    typer.echo(f"The authority of {known.beginning.name} is begun; its root ends on {day(known.beginning.root.ends)},")
    typer.echo(f"the issuing authority {known.current.id} on {day(known.current.ends)}: leeboard vpn renew before.")
    if not sign_and_publish(var, said):
        raise typer.Exit(PROBLEMS)


@app.command()
def renew(
    key: PrivateKey,
    lists: NewLists = None,
    revoke_issuing: Annotated[
        Reason | None,
        typer.Option("--revoke-issuing", help="Its key was stolen: what it signed counts no more from now on."),
    ] = None,
    publish_folder: Folder = None,
    publish_command: Command = None,
    var: Var = Path("var"),
) -> None:
    """Make the next issuing authority, by a custodian's private key. Once a year, or when the key was stolen.

    Devices get certificates of the new one as theirs are renewed; those of the one before count until their end, unless
    --revoke-issuing says otherwise. Ends with 0; 3 when it is made and the lists are not published.
    """
    said = publication(var, publish_folder, publish_command)
    base = address(lists) if lists else None
    known = session.renew(var, private_key(key), now(), base, revoke_issuing, warn)
    typer.echo(f"The issuing authority is {known.current.id} now, until {day(known.current.ends)}.")
    well = sign_and_publish(var, said)
    if revoke_issuing:
        typer.echo("What was signed before counts no more, for whoever has the new lists. At once, at each gateway:")
        typer.echo("take the former issuing authority away, and bring the new one and the root's new list in;")
        typer.echo("leeboard vpn export-gateway writes how. Then each gateway and device needs a new certificate.")
    else:
        typer.echo("Each gateway needs the new one beside the one before: leeboard vpn export-gateway.")
    if not well:
        raise typer.Exit(PROBLEMS)


@app.command()
def restore(key: PrivateKey, var: Var = Path("var")) -> None:
    """Bring the issuing authority's key back onto a controller that lost it, by a custodian's private key.

    What this controller remembers is made again from the vault's ledger.
    """
    names = session.restore(var, private_key(key), now())
    typer.echo(f"Brought back: {', '.join(names)}. Run leeboard vpn crl, and see that it runs each night.")


@app.command()
def crl(
    publish_folder: Folder = None,
    publish_command: Command = None,
    var: Var = Path("var"),
) -> None:
    """Sign the lists of revoked certificates and publish them. Each night, since a list ends after four days.

    Another place to publish is kept. Ends with 0; 3 when lists are signed and something is not well (not published, or
    the vault was away); 1 when no list could be signed.
    """
    said = publication(var, publish_folder, publish_command)
    if not show_and_publish(sign(var, now()), said):
        raise typer.Exit(PROBLEMS)


def address(text: str) -> str:
    """The address below which lists are fetched. Raises LeeboardError."""
    plain = text.strip().rstrip("/")
    if not ADDRESS.match(plain):
        raise LeeboardError("--lists: give an address of plain HTTP, such as http://lists.school.example/vpn")
    return plain
