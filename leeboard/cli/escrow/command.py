"""`leeboard escrow`: the vault of recovery keys: begin one, list it, see that it is whole, and open an envelope."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from leeboard.cli.escrow import custodians as people
from leeboard.cli.group import group
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import ledger, vault
from leeboard.escrow.vault.checking import check, mended, unbound
from leeboard.escrow.vault.clone_detection import Owner
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.vault.rekeying import opener
from leeboard.escrow.volumes.binding import unbound as unbound_passwords
from leeboard.evidence.store.store import Store
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.report.screen import stdout_console
from leeboard.report.words import clean

KINDS = {Kind.LUKS: "LUKS", Kind.BITLOCKER: "BitLocker"}
RECOVERY_ID = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){0,3}(-[0-9A-Fa-f]{12})?\}?")
PROBLEMS = 3  # docs/exit-codes.md: something that somebody relies on is not so
GOOD = (State.PROVED, State.COMPARED, State.USED, State.PENDING)  # the best key of a device first

app = group("The vault of recovery keys: begin one, list it, see that it is whole, and open an envelope on a bad day.")
Device = Annotated[str, typer.Argument(help="The device's asset tag.")]
School = Annotated[str | None, typer.Option(help="The URN of its school, where two schools have such a tag.")]


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


@app.command()
def init(
    first: Annotated[Path, typer.Option("--first", help="A folder of its own for the first copy.")],
    second: Annotated[Path, typer.Option("--second", help="One on another disk or a mounted share, for the second.")],
    custodian: people.Certificates = None,
    make: people.Make = None,
    keys: people.Keys = None,
    var: Var = Path("var"),
) -> None:
    """Begin the vault: two places on two volumes, and the custodians, any one of whom can open an envelope.

    Private keys are never kept in the vault or on this controller. A device of level high needs two custodians.
    """
    at = now()
    named = people.named(custodian or (), make or (), keys, (first, second, var), at)
    if not named:
        raise LeeboardError("name at least one custodian: --custodian with a certificate, or --make with a post")
    vault.make(var, (first, second), named, at)
    names = [custodian.name for custodian in named]
    typer.echo(f"The vault is begun, in {first} and {second}; {number(len(names), 'custodian')}: {', '.join(names)}.")
    if make:
        typer.echo(people.where(keys))


@app.command("list")
def list_keys(
    var: Var = Path("var"),
    format: Annotated[Literal["table", "json"], typer.Option(help="What to print: docs/escrow.md.")] = "table",
) -> None:
    """List every key by device, with its state. No key is shown, and nothing is opened."""
    keys = sorted(vault.open_vault(var).keys().values(), key=lambda key: (key.urn, key.asset, key.made))
    if format == "json":
        rows = [
            {
                "urn": key.urn, "asset": key.asset, "key": key.id, "state": key.state.value, "disk": key.disk,
                "made": key.made, "opened": list(key.opened), "kind": key.kind.value, "protector": key.protector,
            }
            for key in keys
        ]  # fmt: skip
        sys.stdout.write(json.dumps({"schema": 1, "keys": rows}) + "\n")
        return
    table = Table()
    for heading in ("School", "Device", "Key", "Kind", "State", "Made", "Last opened", "Disk", "Protector"):
        table.add_column(heading)
    for key in keys:
        opened = key.opened[-1] if key.opened else ""
        cells = (
            key.urn, key.asset, key.id, KINDS[key.kind], key.state.value, key.made, opened, key.disk, key.protector
        )  # fmt: skip
        table.add_row(*(Text(clean(cell, 80)) for cell in cells))
    stdout_console().print(table)
    typer.echo(number(len(keys), "key"))


@app.command()
def verify(
    mend: Annotated[bool, typer.Option("--mend", help="Bring damaged copies back from the other place first.")] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Read all of both copies from the disk, and say what is not as it should be, one line each.

    Where this controller has a database, each key of LUKS is compared with what the last check of its disk came to
    (ENC-07), and each recovery password of BitLocker with the protectors that its volume had then, by ids and types.

    Ends with 0; 3 when something is not whole or a certificate is near its end; 1 when the vault cannot be read at all.
    """
    opened = vault.open_vault(var)
    if mend:
        for name in mended(opened, now()):
            typer.echo(f"{plain(name)}: brought back from the other place")
    done = check(opened, now())
    problems = [*done.problems, *_unbound(done.keys, database, var / "leeboard.db")]
    for problem in problems:
        typer.echo(plain(problem, 1000))
    if done.mended:
        typer.echo(f"What this controller remembers of {number(done.mended, 'device')} was wrong, and is right again.")
    if done.disks:
        typer.echo(f"{number(done.disks, 'entry', 'entries')} of the list which device has which disk put right.")
    typer.echo(
        f"{number(len(done.keys), 'key')}, {done.whole} of them whole in both copies; "
        f"{number(done.headers, 'header')} of disks; the ledger follows on"
    )
    if problems:
        raise typer.Exit(PROBLEMS)


def _unbound(keys: tuple[Key, ...], database: str | None, own: Path) -> list[str]:
    if database is None and not own.exists():
        typer.echo("Whether each key is still in its disk is not compared: there is no database here.", err=True)
        return []
    with Store(database or own) as store:
        seen = store.verdicts("ENC-07")
        last_seen = {owner: at for owner, (_verdict, at) in seen.items()}
        return [*unbound(keys, seen), *unbound_passwords(keys, last_seen, store.observation)]


@app.command("open")
def open_envelope(
    device: Annotated[
        str,
        typer.Argument(help="The device's asset tag, or the recovery key ID that BitLocker shows (8 characters do)."),
    ],
    reason: Annotated[str, typer.Option(help="Why it is opened. It is kept in the ledger.")],
    private_key: people.PrivateKey,
    school: School = None,
    key: Annotated[str | None, typer.Option(help="The id of the key (default: the best one of the device).")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code as well.")] = False,
    var: Var = Path("var"),
) -> None:
    """Print a device's recovery key once, in groups that can be read out.

    Who opened it, when and why is written into the ledger first. The key counts as used from then on, and is to be
    changed (ENC-08).
    """
    at = now()
    why = reason_of(reason)
    opened = vault.open_vault(var)
    chosen = _chosen(list(opened.keys().values()), device, school, key)
    content = opener(opened, people.private_key(private_key)).key(opened, chosen)
    with opened.writing(at) as writer:
        writer.note(ledger.OPENED, urn=chosen.urn, asset=chosen.asset, key=chosen.id, disk=chosen.disk, reason=why)
    _show(content, chosen, qr)


def reason_of(reason: str) -> str:
    """A reason in one line. Raises LeeboardError."""
    if not reason.strip() or not reason.isprintable():
        raise LeeboardError("--reason: say in one line why")
    return reason.strip()[:300]


def _show(content: Content, chosen: Key, qr: bool) -> None:
    for heading, value in (
        ("School", content.school),
        ("Device", content.device),
        ("Disk", content.disk),
        ("Key", content.id),
    ):
        print(f"{heading + ':':7} {plain(value)}")
    if chosen.protector:
        print(f"{'Id:':7} {plain(chosen.protector)}")
    if chosen.state is State.PENDING:
        print("Nobody has proved that this key opens the disk.")
    if chosen.state is State.UNUSED:
        print("This key was never used: its volume was not encrypted when it was made.")
    if chosen.state is State.RETIRED:
        print("This key is retired: another one took its place, and this one opens old copies of the disk.")
    print()
    groups = content.key.groups if content.kind is Kind.BITLOCKER or not content.adopted else ()
    for place, letters in enumerate(groups, 1):
        half = len(letters) // 2
        print(f"  {place} of {len(groups)}   {letters[:half]} {letters[half:]}")
    print(f"\n  {content.key.text}\n")
    if qr:
        import segno  # only here: nobody needs it at night

        segno.make(content.key.text, micro=False).terminal(compact=True)
    print("It is written down that you opened it. Two people know this key now: change it soon.")


def _chosen(keys: Sequence[Key], device: str, school: str | None, wanted: str | None) -> Key:
    """The key to open: the one that is named, else the best of the device. Raises LeeboardError.

    A device may be named by the recovery id that BitLocker shows: the first of its characters do where one key fits.
    """
    if RECOVERY_ID.fullmatch(device.strip()):
        named = any(is_device(key.owner, device, school) for key in keys)
        fits = _shown_as([key for key in keys if wanted in (None, key.id)], device, school)
        if fits and (wanted is None or not named):
            others = [key for key in keys if named and is_device(key.owner, device, school)]
            return _only([*fits, *(key for key in others if key not in fits)], device)
        if not named:
            raise LeeboardError(
                f"{plain(device)}: no key that is kept has a recovery key ID that begins so; look whether Active "
                "Directory, Entra or a Microsoft account has it"
            )
    mine = keys_of_device(keys, device, school)
    if wanted is not None:
        fits = [key for key in mine if key.id == wanted]
        if not fits:
            raise LeeboardError(f"{plain(wanted)}: no key of this device; it has {', '.join(key.id for key in mine)}")
        return fits[0]
    ranked = [key for state in GOOD for key in reversed(mine) if key.state is state]
    volumes = [key for key in ranked if key.kind is Kind.BITLOCKER and key.state is not State.PENDING]
    if len({key.disk for key in volumes}) > 1:
        several = "; ".join(f"key {key.id}, volume {key.disk}, {key.protector}" for key in volumes)
        raise LeeboardError(
            f"{plain(device)}: has several encrypted volumes; give the recovery key ID that it shows, or --key: "
            f"{plain(several, 900)}"
        )
    if not ranked:
        raise LeeboardError(
            f"{plain(device)}: all its keys are retired; for an old copy of the disk name one with --key"
        )
    return ranked[0]


def _shown_as(keys: Sequence[Key], shown: str, school: str | None) -> list[Key]:
    """The keys whose protector has an id that begins so, the retired ones too: an old copy of a disk shows theirs."""
    begins = shown.strip(" {}").casefold()
    return [
        key
        for key in keys
        if key.protector and key.protector.strip("{}").casefold().startswith(begins) and school in (None, key.urn)
    ]


def _only(fits: Sequence[Key], shown: str) -> Key:
    """The one key that fits. Raises LeeboardError, which lists them all where there are several."""
    if len(fits) > 1:
        several = "; ".join(
            f"{key.urn} {key.asset}, key {key.id}, {key.protector or 'no recovery key ID'} ({key.state.value})"
            for key in fits
        )
        raise LeeboardError(
            f"{plain(shown)}: several keys fit, so give more of the recovery key ID, or --key: {plain(several, 9000)}"
        )
    return fits[0]


def keys_of_device(keys: Sequence[Key], device: str, school: str | None) -> list[Key]:
    """The keys of one device. Raises LeeboardError for none, and where two schools have one of that name."""
    urn = school_with([key.owner for key in keys], device, school)
    return [key for key in keys if is_device(key.owner, device, urn)]


def school_with(owners: Iterable[Owner], device: str, school: str | None) -> str:
    """The URN of the school that has a device, of those that have something. Raises LeeboardError for none or two."""
    urns = sorted({owner[0] for owner in owners if is_device(owner, device, school)})
    if not urns:
        raise LeeboardError(f"{plain(device)}: the vault has no key of such a device; leeboard escrow list shows all")
    if len(urns) > 1:
        raise LeeboardError(f"{plain(device)}: the schools {', '.join(urns)} have one; name it with --school")
    return urns[0]


def is_device(owner: Owner, device: str, school: str | None) -> bool:
    """Whether somebody who names a device, and perhaps its school, means this one."""
    return owner[1].casefold() == device.casefold() and school in (None, owner[0])
