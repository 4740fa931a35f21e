"""`leeboard vpn export-gateway --kind wireguard`: the devices whose key counts, as peers of their gateway."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from leeboard.authority import peers
from leeboard.authority.gateways import wireguard
from leeboard.authority.session import session
from leeboard.cli.vpn.options import inner_addresses, now, write_export
from leeboard.errors import LeeboardError
from leeboard.estate.estate import School
from leeboard.estate.vpn import addresses
from leeboard.model.values import plain
from leeboard.model.words import number


def export_wireguard(name: str, schools: Iterable[School], to: Path, var: Path) -> None:
    """Write the peers of a gateway that the VPN of these schools has. Raises LeeboardError."""
    schools = tuple(one for one in schools if one.vpn)
    declared = tuple(one.vpn for one in schools if one.vpn)
    # Schools may share a gateway by declarations of their own, which then have to say the same of it.
    said = {
        (one, school.declared.inner, school.declared.routes, school.declared.dns.servers)
        for school in declared
        for one in school.declared.gateways
        if one.name == name
    }
    if len(said) > 1:
        raise LeeboardError(
            f"{name}: two declarations say other keys, addresses, ports, networks or servers of it; let them say one"
        )
    ((gateway, inner, routes, servers),) = said
    for problem in (one for school in declared for one in addresses.read(school.file.parent)[1]):
        raise LeeboardError(f"{problem}; mend the ledger of inner addresses first")
    # Who has the VPN no more is no peer, whatever is left of it in the ledgers.
    owners = {(one.urn, row.asset) for one in schools if one.vpn for row in one.devices if one.vpn.may_have(row)}
    held = inner_addresses(declared)
    with session(var, now()):
        keys = [one for one in peers.counting(var) if (one.urn, one.asset) in owners]
    found = [wireguard.Peer(one.urn, one.asset, one.public_key, held.get((one.urn, one.asset), ())) for one in keys]
    wanted = wireguard.Wanted(
        name, str(gateway.public_key), gateway.port, inner, tuple(one for one in found if one.addresses),
        declared[0].declared.everything, routes, servers,
    )  # fmt: skip
    contents = wireguard.files(wanted)
    write_export(to, contents)
    count = f"{number(len(contents), 'file')} for {number(len(wanted.peers), 'device')}"
    typer.echo(f"{count} in {to}; README.md says what to do.")
    if left := [one.asset for one in found if not one.addresses]:
        typer.echo(f"Left out, since they have no inner address: {plain(', '.join(left), 300)}", err=True)
    if waiting := len(owners) - len(keys):
        typer.echo(f"{number(waiting, 'device')} of the declaration made no key yet: roll out to them first.", err=True)
    typer.echo("Nothing of it counts until it is loaded there (leeboard-wg-peers), neither who comes nor who goes.")
