"""`leeboard escrow retire` and `accept`: what somebody says of a device's disks, for the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.escrow.command import Device, School, is_device, keys_of_device, now, reason_of, school_with
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.escrow.disks.readings import SHOWN
from leeboard.escrow.vault import clone_detection, ledger, vault
from leeboard.escrow.vault.binding import Binding, faults, parse, strangers
from leeboard.escrow.vault.clone_detection import Owner
from leeboard.escrow.vault.records import Key, State
from leeboard.evidence.store.store import Store
from leeboard.model.observation import Found
from leeboard.model.observation import parse as parse_observation
from leeboard.model.values import plain
from leeboard.model.words import number


def retire(
    device: Device,
    reason: Annotated[str, typer.Option(help="Why: the disk was destroyed, or moved. It is kept in the ledger.")],
    school: School = None,
    disk: Annotated[str | None, typer.Option(help="Only this one of its disks, by its LUKS UUID.")] = None,
    var: Var = Path("var"),
) -> None:
    """Say that a device's disks are gone: its keys are no longer looked for. They stay readable, for old copies.

    A disk that the device showed counts as its no longer, until it shows it again.
    """
    why = reason_of(reason)
    opened = vault.open_vault(var)
    keys = list(opened.keys().values())
    showing = list(clone_detection.everybody(var))
    urn = school_with([*(key.owner for key in keys), *showing], device, school)
    mine = [key for key in keys if is_device(key.owner, device, urn) and disk in (None, key.disk)]
    shown = [owner for owner in showing if is_device(owner, device, urn) and _shows(var, owner, disk)]
    left = [key for key in mine if key.state not in (State.RETIRED, State.DROPPED, State.UNUSED)]
    if not left and not shown:
        what = f"no disk {plain(disk)} of it has keys that are in use" if disk else "all its keys are retired already"
        raise LeeboardError(f"{plain(device)}: {what}")
    with opened.writing(now()) as writer:
        for key in left:
            writer.note(ledger.RETIRED, urn=key.urn, asset=key.asset, key=key.id, disk=key.disk, reason=why)
    for owner in {*(key.owner for key in mine), *shown}:
        if clone_detection.forget(var, owner, disk):
            of = f"disk {plain(disk)}" if disk else "its disks"
            typer.echo(f"What {plain(device)} showed of {of} counts no longer.")
    ids = f": {', '.join(key.id for key in left)}" if left else ""
    typer.echo(f"{number(len(left), 'key')} of {plain(device)} retired{ids}")


def _shows(var: Path, owner: Owner, disk: str | None) -> bool:
    return disk is None or disk in {uuid for uuid, _key in clone_detection.seen(var, owner)}


def accept(
    device: Device,
    reason: Annotated[str, typer.Option(help="Whose slots and tokens these are. It is kept in the ledger.")],
    school: School = None,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Say that the slots and tokens that a device's disks had at its last check are known, and who put them there.

    What appears after that is reported again. The slot of the recovery key itself cannot be accepted: a key that does
    not open the disk any more is to be changed.
    """
    why = reason_of(reason)
    opened = vault.open_vault(var)
    mine = keys_of_device(list(opened.keys().values()), device, school)
    seen = _seen(database, var / "leeboard.db", mine[0])
    accepted = [(key, now_, strangers(key, now_)) for key in mine for now_ in seen if _opens(key, now_)]
    new = [(key, binding, changes) for key, binding, changes in accepted if changes]
    if not new:
        raise LeeboardError(f"{plain(device)}: at its last check its disks had nothing that is not known")
    with opened.writing(now()) as writer:
        for key, binding, changes in new:
            merged = {**key.binding, "disk": binding.model_dump(mode="json")}
            writer.note(
                ledger.ACCEPTED, urn=key.urn, asset=key.asset, key=key.id, disk=key.disk, reason=why, binding=merged
            )
            typer.echo(f"{plain(device)}, disk {key.disk}: known from now on: {'; '.join(changes)}")


def _opens(key: Key, seen: Binding) -> bool:
    return key.state in (State.PROVED, State.USED) and not faults(key, seen)


def _seen(database: str | None, own: Path, key: Key) -> list[Binding]:
    """The disks of a device as its last check saw them. Raises LeeboardError."""
    if database is None and not own.exists():
        raise LeeboardError(f"{own}: there is no such store; run leeboard drift first, or name it with --database")
    with Store(database or own) as store:
        raw = store.observation(key.urn, key.asset)
    if raw is None:
        raise LeeboardError(f"{plain(key.asset)}: no check has seen it yet, so nothing is known of its slots")
    shown = parse_observation(raw).reading(*SHOWN)
    texts = shown.effective.value if shown is not None and isinstance(shown.effective, Found) else []
    return [volume.binding for volume in parse(texts if isinstance(texts, list) else []) if volume.binding is not None]
