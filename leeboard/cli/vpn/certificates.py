"""`leeboard vpn issue`, `revoke` and `list`: the certificates of devices and gateways."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from leeboard.authority import certificates as authority
from leeboard.authority import memory, peers, publishing
from leeboard.authority.certificates import Issued
from leeboard.authority.names import gateway_name
from leeboard.authority.records import Certificate, Kind, Reason
from leeboard.authority.request import MOST_BYTES
from leeboard.authority.session import session
from leeboard.cli.options import Var
from leeboard.cli.vpn.options import PROBLEMS, Inventory, School, now, registered, sign_and_publish
from leeboard.errors import LeeboardError
from leeboard.model.values import plain
from leeboard.model.words import day, number
from leeboard.report.screen import stdout_console
from leeboard.report.words import clean
from leeboard.storage import files

Device = Annotated[str | None, typer.Argument(help="The device's asset tag.")]
Gateway = Annotated[str | None, typer.Option("--gateway", help="A gateway, by the name that clients use.")]
EXPORT = "Its gateway knows it after the next leeboard vpn export-gateway."


def issue(
    request: Annotated[Path | None, typer.Option("--request", help="The request for a certificate (PEM).")] = None,
    device: Device = None,
    gateway: Gateway = None,
    inventory: Inventory = None,
    school: School = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="A folder for certificate.pem, issuing.pem and root.pem.")
    ] = None,
    public_key: Annotated[
        str | None, typer.Option("--public-key", help="A device's public key of WireGuard, in place of a request.")
    ] = None,
    var: Var = Path("var"),
) -> None:
    """Issue a certificate for the key of a device that the register has, or of a gateway.

    Of the request only the public key counts. Without --to certificate and chain go to standard output. A key that has
    a certificate which is not due to be renewed gets that one again. With --public-key the device's key of WireGuard
    is kept, so that the next export for its gateway has it.
    """
    _one(device, gateway)
    if public_key is not None:
        if device is None or request is not None or to is not None:
            raise LeeboardError(
                "--public-key: goes with a device by its asset tag, and with neither --request nor --to"
            )
        new = peers.keep(var, registered(inventory, device, school), public_key, now(), by_hand=True)
        typer.echo(f"{plain(device)}: {'its key is kept' if new else 'has this key already'}. {EXPORT}")
        return
    if request is None:
        raise LeeboardError("--request: name the file with the request, or a device's key of WireGuard: --public-key")
    content = files.read_regular(request, MOST_BYTES + 1)
    if content is None:
        raise LeeboardError(f"{request}: there is no such file")
    if gateway is not None:
        issued = authority.issue_gateway(var, gateway_name(gateway), content, now())
    else:
        issued = authority.issue_device(var, registered(inventory, str(device), school), content, now())
    _hand_over(issued, to)


def revoke(
    reason: Annotated[Reason, typer.Option(help="Why. It stands in the list and in the ledger.")],
    device: Device = None,
    gateway: Gateway = None,
    school: School = None,
    var: Var = Path("var"),
) -> None:
    """Revoke every certificate of a device, or of a gateway, and publish a new list at once.

    A device's key of WireGuard is revoked with them: its gateway must be given a new export. It cannot be taken back:
    the device needs a new key. Ends with 0; 3 when it is revoked and no list is published.
    """
    _one(device, gateway)
    if gateway is not None:
        name = gateway_name(gateway)
        gone = authority.revoke_gateway(var, name, reason, now())
        keys = 0
    else:
        urn, asset = _holder(var, str(device), school)
        name = asset
        of_device = authority.revoke_device(var, urn, asset, reason, now())
        gone, keys = of_device.certificates, len(of_device.keys)
    well = True
    if gone:
        count = number(len(gone), "certificate")
        typer.echo(f"{plain(name)}: {count} revoked ({reason}); the last ends on {_last(gone)}.")
        well = sign_and_publish(var, publishing.read(var))
    if gone and gateway is None:
        typer.echo("A tunnel that is up stays up until its gateway looks again, within a day. At each gateway now:")
        typer.echo(f"let it bring the new list, and end the tunnel of {gone[0].name} (leeboard vpn export-gateway).")
    elif gone:
        typer.echo("Devices that fetch lists refuse this gateway from the next one on, the others go on trusting it:")
        typer.echo("take its name out of DNS or give it a new key and certificate.")
    if keys:
        typer.echo(f"{plain(name)}: its key of WireGuard counts no more ({reason}), in this controller's books alone.")
        typer.echo("No list tells a gateway of WireGuard: the device gets in until its peer is taken out there. Now:")
        typer.echo("leeboard vpn export-gateway --kind wireguard, then run leeboard-wg-peers at the gateway.")
    if not well:
        raise typer.Exit(PROBLEMS)


def list_certificates(
    var: Var = Path("var"),
    format: Annotated[Literal["table", "json"], typer.Option(help="What to print: docs/vpn-authority.md.")] = "table",
) -> None:
    """List the authorities and every certificate, with its end and whether it was revoked."""
    at = now()
    with session(var, at) as opened:
        known = opened.known
        devices = list(memory.every_device(var))
        keys = [one for of_device in devices for one in of_device.keys]
        if not keys or known.begun:
            known.beginning  # noqa: B018  raises where there is neither an authority nor a key of WireGuard
        every = [*known.gateways, *(one for of_device in devices for one in of_device.certificates)]
    issuers = [*([known.begun.root] if known.begun else []), *known.issuing]
    if format == "json":
        authorities = [{"id": one.id, "ends": one.ends.isoformat(), "revoked": one.revoked or None} for one in issuers]
        rows = [one.model_dump(mode="json", exclude={"pem"}) for one in every]
        peer_keys = [one.model_dump(mode="json") for one in keys]
        answer = {"schema": 1, "authorities": authorities, "certificates": rows, "keys": peer_keys}
        sys.stdout.write(json.dumps(answer) + "\n")
        return
    table = Table()
    for heading in ("Kind", "Whose", "Name", "Ends", "State", "Serial"):
        table.add_column(heading)
    for one in issuers:
        state = "revoked" if one.revoked else "ended" if at >= one.ends else ""
        table.add_row("authority", known.beginning.name, one.id, day(one.ends), state, "")
    for certificate in every:
        cells = (
            certificate.kind, _whose(certificate), certificate.name, day(certificate.ends), _state(certificate, at),
            certificate.serial,
        )  # fmt: skip
        table.add_row(*(Text(clean(cell, 80)) for cell in cells))
    for key in keys:
        state = f"revoked {day(key.revoked)} ({key.reason})" if key.revoked else ""
        row = ("WireGuard", f"{key.asset} ({key.urn})", key.public_key, "", state, "")
        table.add_row(*(Text(clean(cell, 80)) for cell in row))
    stdout_console().print(table)
    count = f" and {number(len(keys), 'key')} of WireGuard" if keys else ""
    typer.echo(f"{number(len(every), 'certificate')}{count}")


def chain(
    to: Annotated[Path | None, typer.Option("--to", help="The file to write, such as vpn/authority.pem.")] = None,
    var: Var = Path("var"),
) -> None:
    """Print the certificates of the root and of the issuing authority, which anybody may have. No key is in it."""
    with session(var, now()) as opened:
        content = opened.known.beginning.root.certificate + opened.known.current.certificate
    if to is None:
        sys.stdout.write(content)
        return
    files.make_folder(to.absolute().parent)
    files.replace(to, content.encode(), mode=0o644)


def _one(device: str | None, gateway: str | None) -> None:
    if (device is None) is (gateway is None):
        raise LeeboardError("name a device by its asset tag, or a gateway with --gateway, and not both")


def _hand_over(issued: Issued, to: Path | None) -> None:
    certificate = issued.certificate
    text = "has this certificate already" if issued.again else "has a new certificate"
    typer.echo(f"{plain(_whose(certificate))}: {text}, {certificate.name}, until {day(certificate.ends)}.", err=True)
    if to is None:
        sys.stdout.write(issued.chain)
        return
    if not to.is_dir():
        raise LeeboardError(f"{to}: is no folder; the certificate is issued, and the same command gives it again")
    contents = {"certificate.pem": certificate.pem, "issuing.pem": issued.issuing, "root.pem": issued.root}
    for name, content in contents.items():
        files.replace(to / name, content.encode(), mode=0o644)


def _holder(var: Path, asset: str, school: str | None) -> tuple[str, str]:
    """The URN and tag of a device that has certificates, or a key. Raises LeeboardError for none, and for two."""
    held = [
        (str(one.urn), str(one.asset))
        for of_device in memory.every_device(var)
        for ones in (of_device.certificates, of_device.keys)
        for one in ones
    ]
    found = sorted({(urn, tag) for urn, tag in held if tag.casefold() == asset.casefold() and school in (None, urn)})
    if not found:
        raise LeeboardError(f"{plain(asset, 80)}: no such device has a certificate; leeboard vpn list shows all")
    if len(found) > 1:
        urns = ", ".join(urn for urn, _ in found)
        raise LeeboardError(f"{plain(asset, 80)}: the schools {urns} have one; name it with --school")
    return found[0]


def _whose(certificate: Certificate) -> str:
    return f"{certificate.asset} ({certificate.urn})" if certificate.kind is Kind.DEVICE else "gateway"


def _state(certificate: Certificate, at: datetime) -> str:
    if certificate.revoked is not None:
        return f"revoked {day(certificate.revoked)} ({certificate.reason})"
    if at >= certificate.ends:
        return "ended"
    return "to be renewed" if at >= certificate.due(at) else ""


def _last(gone: tuple[Certificate, ...]) -> str:
    return day(max(one.ends for one in gone))
