"""`leeboard vpn export-gateway`: the files and the page for whoever runs a gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from leeboard.authority import memory
from leeboard.authority.gateways import appliances, strongswan
from leeboard.authority.gateways.wanted import GatewayKind, Peer, Wanted, address, network
from leeboard.authority.names import gateway_name
from leeboard.authority.records import Certificate
from leeboard.authority.session import session
from leeboard.cli.find_estate import opened
from leeboard.cli.options import Var
from leeboard.cli.vpn.options import now
from leeboard.errors import LeeboardError
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.of_school import SchoolVpn
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.storage import files


def export_gateway(
    gateway: Annotated[str, typer.Argument(help="The gateway, by the name that clients use.")],
    kind: Annotated[GatewayKind, typer.Option(help="What it is.")],
    to: Annotated[Path, typer.Option("--to", help="A folder of its own; what it has of the same names is replaced.")],
    inventory: Annotated[
        Path | None,
        typer.Option(
            "--inventory", "-i", help="The estate that declares the VPN: routes, DNS, home and inner addresses."
        ),
    ] = None,
    route: Annotated[
        list[str] | None, typer.Option(help="A network behind the gateway (default: everything goes through it).")
    ] = None,
    dns: Annotated[list[str] | None, typer.Option(help="A name server that devices ask through the tunnel.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Nobody connects without a list: only after lists were loaded there.")
    ] = False,
    var: Var = Path("var"),
) -> None:
    """Write what a gateway needs: certificates, configuration, a timer for the lists, and a page that says what to do.

    No private key is in it. Devices with a certificate that counts may connect.
    """
    name = gateway_name(gateway)
    declared = _declared(inventory, name)
    pools = dict.fromkeys(one for school in declared for one in school.declared.inner)
    if kind is not GatewayKind.STRONGSWAN and (pools or strict):
        raise LeeboardError(
            f"vpn.inner and --strict: this kind of gateway ({kind}) has neither fixed inner addresses nor that switch "
            "by Leeboard; its page says what it has"
        )
    at, inner = now(), _inner(declared)
    with session(var, at) as opened:
        known = opened.known
        devices = _newest([one for one in memory.every(var) if one.valid(at)])
        peers = tuple(
            Peer(
                str(one.urn), str(one.asset), one.name, inner.get((str(one.urn), str(one.asset)), ()),
                one.platform is Platform.WINDOWS,
            )
            for one in devices
        )  # fmt: skip
        without = [one.asset for one in peers if pools and not one.addresses]
        peers = tuple(one for one in peers if not pools or one.addresses)
        first = declared[0].declared if declared else None
        routes = route or (first.routes if first else ("0.0.0.0/0", "::/0"))
        wanted = Wanted(
            name, known.beginning.level, known.beginning.root, tuple(known.alive(at)),
            routes=tuple(str(network(one)) for one in routes),
            dns=tuple(address(one) for one in dns or (first.dns.servers if first else ())),
            pools=tuple(pools), peers=peers, strict=strict,
            home=tuple(dict.fromkeys(one for school in declared for one in school.declared.home)),
        )  # fmt: skip
    contents = strongswan.files(wanted) if kind is GatewayKind.STRONGSWAN else appliances.files(kind, wanted)
    for name, content in contents.items():
        path = to / name
        files.make_folder(path.parent)
        files.replace(path, content.encode(), mode=None)
    typer.echo(
        f"{number(len(contents), 'file')} for {number(len(peers), 'device')} in {to}; README.md says what to do."
    )
    if without:
        left = plain(", ".join(without), 300)
        typer.echo(f"Left out, since they have no inner address (leeboard estate addresses --write): {left}", err=True)
    typer.echo("Strict with a list that is missing or past its end locks everybody out.")


def _declared(inventory: Path | None, gateway: str) -> tuple[SchoolVpn, ...]:
    """What an estate declares of a VPN with this gateway, by school. Raises LeeboardError where nothing does."""
    if inventory is None:
        return ()
    schools = opened(inventory, whole=True).schools
    found = tuple(
        one.vpn for one in schools if one.vpn and gateway in [known.name for known in one.vpn.declared.gateways]
    )
    if not found:
        raise LeeboardError(f"{inventory}: no vpn in it has the gateway {gateway}; docs/vpn.md says how to declare one")
    return found


def _inner(declared: Iterable[SchoolVpn]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The inner addresses that devices have, by school and asset tag."""
    ledgers = {one.file.parent: addresses.read(one.file.parent)[0] for one in declared if one.declared.inner}
    return {owner: held for ledger in ledgers.values() for owner, held in ledger.held.items()}


def _newest(certificates: list[Certificate]) -> list[Certificate]:
    """One certificate for each device: two of one device share its name, and so its connection."""
    return list({one.name: one for one in certificates}.values())
