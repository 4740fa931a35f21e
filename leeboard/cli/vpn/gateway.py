"""`leeboard vpn export-gateway`: the files and the page for whoever runs a gateway."""

from __future__ import annotations

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
from leeboard.cli.vpn.gateway_wireguard import export_wireguard
from leeboard.cli.vpn.options import inner_addresses, now, write_export
from leeboard.errors import LeeboardError
from leeboard.estate.estate import School
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.model.words import number


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
        list[str] | None,
        typer.Option(metavar="NETWORK", help="A network behind the gateway (default: everything goes through it)."),
    ] = None,
    dns: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="A name server that devices ask through the tunnel.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Nobody connects without a list: only after lists were loaded there.")
    ] = False,
    var: Var = Path("var"),
) -> None:
    """Write what a gateway needs: certificates, configuration, a timer for the lists, and a page that says what to do.

    No private key is in it. Devices with a certificate that counts may connect; of WireGuard those with a key that
    counts and an inner address, as the declaration in -i says it.
    """
    name = gateway_name(gateway)
    schools = _schools(inventory, name)
    declared = tuple(one.vpn for one in schools if one.vpn)
    if kind is GatewayKind.WIREGUARD or any(one.declared.kind == "wireguard" for one in declared):
        if kind is not GatewayKind.WIREGUARD or {one.declared.kind for one in declared} != {"wireguard"}:
            raise LeeboardError(
                f"--kind {kind}: it goes by the declaration (-i), in which {name} is a gateway of "
                f"{' and '.join(sorted({one.declared.kind for one in declared})) or 'nothing'}"
            )
        if route or dns or strict:
            raise LeeboardError("--route, --dns, --strict: do not go with WireGuard, whose declaration says it all")
        export_wireguard(name, schools, to, var)
        return
    pools = dict.fromkeys(one for school in declared for one in school.declared.inner)
    if kind is not GatewayKind.STRONGSWAN and (pools or strict):
        raise LeeboardError(
            f"vpn.inner and --strict: this kind of gateway ({kind}) has neither fixed inner addresses nor that switch "
            "by Leeboard; its page says what it has"
        )
    at, inner = now(), inner_addresses(declared)
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
    write_export(to, contents)
    typer.echo(
        f"{number(len(contents), 'file')} for {number(len(peers), 'device')} in {to}; README.md says what to do."
    )
    if without:
        left = plain(", ".join(without), 300)
        typer.echo(f"Left out, since they have no inner address (leeboard estate addresses --write): {left}", err=True)
    typer.echo("Strict with a list that is missing or past its end locks everybody out.")


def _schools(inventory: Path | None, gateway: str) -> tuple[School, ...]:
    """The schools of an estate whose VPN has this gateway. Raises LeeboardError where there is none."""
    if inventory is None:
        return ()
    found = tuple(
        one
        for one in opened(inventory, whole=True).schools
        if one.vpn and gateway in [known.name for known in one.vpn.declared.gateways]
    )
    if not found:
        raise LeeboardError(f"{inventory}: no vpn in it has the gateway {gateway}; docs/vpn.md says how to declare one")
    return found


def _newest(certificates: list[Certificate]) -> list[Certificate]:
    """One certificate for each device: two of one device share its name, and so its connection."""
    return list({one.name: one for one in certificates}.values())
