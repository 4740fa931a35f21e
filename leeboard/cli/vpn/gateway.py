"""`leeboard vpn export-gateway`: the files and the page for whoever runs a gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from leeboard.authority import memory
from leeboard.authority.gateways import appliances, strongswan
from leeboard.authority.gateways.wanted import GatewayKind, Peer, Wanted, address, allotted, network
from leeboard.authority.names import gateway_name
from leeboard.authority.records import Certificate
from leeboard.authority.session import session
from leeboard.cli.options import Var
from leeboard.cli.vpn.options import now
from leeboard.errors import LeeboardError
from leeboard.model.enums import Platform
from leeboard.model.words import number
from leeboard.storage import files

NUMBERS = "inner-addresses.json"  # which number in the pools each device has for good


def export_gateway(
    gateway: Annotated[str, typer.Argument(help="The gateway, by the name that clients use.")],
    kind: Annotated[GatewayKind, typer.Option(help="What it is.")],
    to: Annotated[Path, typer.Option("--to", help="A folder of its own; what it has of the same names is replaced.")],
    pool: Annotated[
        list[str] | None, typer.Option(help="A network of inner addresses, one for each device for good (strongSwan).")
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
    if kind is not GatewayKind.STRONGSWAN and (pool or strict):
        raise LeeboardError(
            f"--pool and --strict: this kind of gateway ({kind}) has neither fixed inner addresses nor that switch by "
            "Leeboard; its page says what it has"
        )
    pools = [network(one) for one in pool or ()]
    at = now()
    with session(var, at) as opened:
        known = opened.known
        devices = _newest([one for one in memory.every(var) if one.valid(at)])
        owners = [memory.owner_of(one) for one in devices]
        numbers, addresses = allotted(_numbers(var), owners, pools)
        peers = tuple(
            Peer(
                str(one.urn), str(one.asset), one.name, addresses[owner] if pools else (),
                one.platform is Platform.WINDOWS,
            )
            for one, owner in zip(devices, owners, strict=True)
        )  # fmt: skip
        if pools:
            files.replace(var / memory.FOLDER / NUMBERS, json.dumps(numbers, indent=1).encode() + b"\n")
        wanted = Wanted(
            gateway_name(gateway), known.beginning.level, known.beginning.root, tuple(known.alive(at)),
            routes=tuple(str(network(one)) for one in route or ("0.0.0.0/0", "::/0")),
            dns=tuple(address(one) for one in dns or ()), pools=tuple(map(str, pools)), peers=peers, strict=strict,
        )  # fmt: skip
    contents = strongswan.files(wanted) if kind is GatewayKind.STRONGSWAN else appliances.files(kind, wanted)
    for name, content in contents.items():
        path = to / name
        files.make_folder(path.parent)
        files.replace(path, content.encode(), mode=None)
    typer.echo(
        f"{number(len(contents), 'file')} for {number(len(peers), 'device')} in {to}; README.md says what to do."
    )
    typer.echo("Strict with a list that is missing or past its end locks everybody out.")


def _numbers(var: Path) -> dict[str, int]:
    path = var / memory.FOLDER / NUMBERS
    content = files.read_regular(path, memory.MOST_BYTES)
    if content is None:
        return {}
    try:
        return {str(owner): int(place) for owner, place in json.loads(content).items()}
    except (ValueError, AttributeError):
        raise LeeboardError(f"{path}: makes no sense; bring it back from a backup") from None


def _newest(certificates: list[Certificate]) -> list[Certificate]:
    """One certificate for each device: two of one device share its name, and so its connection."""
    return list({one.name: one for one in certificates}.values())
