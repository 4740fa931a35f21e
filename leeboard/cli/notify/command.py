"""`leeboard notify`: tell schools and other programs what is new after a night, and operators of nights that failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from leeboard.ansible.vault_file import secret
from leeboard.cli.export import opened
from leeboard.cli.find_estate import Inventory
from leeboard.cli.find_estate import opened as estate_at
from leeboard.cli.group import group
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.estate.estate import Estate
from leeboard.estate.notify_settings import EstateNotify, Mail
from leeboard.evidence.recording import heartbeat
from leeboard.evidence.store.store import Store
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.notify import alarms
from leeboard.notify.mail import Letter, letter, send
from leeboard.notify.news import SchoolNews, news
from leeboard.notify.told import Told, told
from leeboard.notify.webhook import Event, post
from leeboard.policy.load import load

app = group("Tell what is new after a night: by mail to schools, by a webhook to a program, and of nights that failed.")
School = Annotated[
    str | None, typer.Argument(metavar="SCHOOL", help="Only this school: its URN, or its name or a part of it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be told, and tell nobody.")]
ALARM = "alarms"


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


@app.command()
def mail(
    inventory: Inventory,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Send each school that names somebody a mail with what is new there: counts and a link, no device's name.

    A run is told once; where nothing is new no mail goes. The server must offer TLS with a certificate that counts.

    Exit codes: 0, also where nothing is new; 3 when somebody could not be told, who is named; 1 when the tool failed.
    """
    estate = estate_at(inventory, whole=True)
    settings = _mail(estate)
    readers = {one.urn: one.settings.notify.mail for one in estate.schools if one.settings.notify.mail}
    if not readers:
        raise LeeboardError(f"{estate.file}: no school names anybody; write notify: {{mail: [...]}} into school.yml")
    with told(var) as known, Store(database or var / "leeboard.db") as store:
        found, problems = _news(store, var, inventory, school, known, "mail")
        link = _notify(estate).link
        due = {letter(one, readers[one.urn], link): one for one in found if one.anything and one.urn in readers}
        if dry_run:
            for one in due:
                _show(one)
        else:
            quiet = {one.urn: one.run for one in found if not one.anything}
            if quiet:
                known.note("mail", quiet)

            def sent(one: Letter) -> None:
                known.note("mail", {due[one].urn: due[one].run})

            problems += send(list(due), settings, _password(estate, settings), now(), sent) if due else []
            typer.echo(f"{number(len(due), 'mail')} to send, {number(len(problems), 'problem')}")
    return _ended(problems)


@app.command()
def webhook(
    inventory: Inventory,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Post what is new at all schools as JSON to the webhook of estate.yml: one message a night, signed, counts only.

    A run is told once, and a message that had to be repeated has the same id.

    Exit codes: 0, also where nothing is new; 3 when the inventory has mistakes; 1 when nobody took it, or the tool
    failed.
    """
    estate = estate_at(inventory, whole=True)
    with told(var) as known, Store(database or var / "leeboard.db") as store:
        found, problems = _news(store, var, inventory, school, known, "webhook")
        event = Event("leeboard.night.finished", now(), _night(estate, found), _data(estate, found))
        if dry_run:
            typer.echo(event.body.decode())
        elif found:
            _post(estate, event)
            known.note("webhook", {one.urn: one.run for one in found})
            typer.echo(f"{number(len(found), 'school')} told of")
        else:
            typer.echo("No run is new: nothing to tell")
    return _ended(problems)


@app.command()
def failed(
    inventory: Inventory,
    result: Annotated[str, typer.Option(help="What systemd says of it, such as exit-code.")] = "",
    dry_run: DryRun = False,
    var: Var = Path("var"),
) -> int:
    """Tell the operators of estate.yml that the nightly check failed; the role nightly starts this by itself.

    Exit codes: 0 when somebody was told, 3 when one of mail and webhook did not work, 1 when nobody was told.
    """
    beat = heartbeat.last(var)
    return _alarm("failed", estate_at(inventory, whole=True), alarms.failed(result, beat), var, dry_run)


@app.command()
def watch(
    inventory: Inventory,
    older_than: Annotated[int, typer.Option(min=1, max=24 * 60, help="After how many hours a night is missing.")] = 30,
    dry_run: DryRun = False,
    var: Var = Path("var"),
) -> int:
    """Tell the operators of estate.yml when no check of all schools came to its end for too long, once a day.

    It looks at heartbeat.json in --var. A machine that is off tells nobody: let Prometheus watch it from outside
    (docs/exports.md).

    Exit codes: 0 when all is well, or somebody was told; 3 when one of mail and webhook did not work, 1 when nobody was
    told.
    """
    words = alarms.missed(heartbeat.last(var), now(), timedelta(hours=older_than))
    if not words:
        typer.echo("A check of all schools came to its end in time")
        return 0
    return _alarm("missed", estate_at(inventory, whole=True), words, var, dry_run)


def _alarm(kind: str, estate: Estate, words: str, var: Path, dry_run: bool) -> int:
    """Tell by mail and by webhook, whichever there is; one that fails does not keep the other from being tried."""
    settings, name, at, beat = _notify(estate), plain(estate.name, 120), now(), heartbeat.last(var)
    one = alarms.letter(kind, name, words, settings.operators, at)
    event = alarms.event(kind, name, words, beat, at)
    typer.echo(f"{name}: {words}")
    ways: dict[str, Callable[[], list[str]]] = {}
    server = settings.mail
    if server is not None and settings.operators:
        ways["mail"] = lambda: send([one], server, _password(estate, server), at, lambda _: None)
    if settings.webhook is not None:
        ways["webhook"] = lambda: _post(estate, event)
    if not ways:
        raise LeeboardError(f"{estate.file}: names nobody to tell; write operators and mail, or webhook, under notify")
    if dry_run:
        _show(one)
        typer.echo(event.body.decode())
        return 0
    problems: list[str] = []
    with told(var) as known:
        for way, tell in ways.items():
            if known.last(ALARM, f"{way} {kind}") == one.id:
                typer.echo(f"{way}: was told today")
                continue
            try:
                wrong = tell()
            except LeeboardError as problem:
                wrong = [str(problem)]
            if not wrong:
                known.note(ALARM, {f"{way} {kind}": one.id})
            problems += wrong[:1]
    ended = _ended(problems)
    return 1 if len(problems) == len(ways) else ended


def _news(
    store: Store, var: Path, inventory: Path, school: str | None, known: Told, channel: str
) -> tuple[list[SchoolNews], list[str]]:
    """What is new at each school since it was told on this channel, and the inventory's mistakes."""
    source, problems = opened(store, load(), var, inventory, now())
    every = (news(source, urn, known.last(channel, urn)) for urn in source.urns(school))
    return [one for one in every if one is not None], list(problems)


def _notify(estate: Estate) -> EstateNotify:
    return estate.settings.notify if estate.settings is not None else EstateNotify()


def _mail(estate: Estate) -> Mail:
    settings = _notify(estate).mail
    if settings is None:
        raise LeeboardError(f"{estate.file}: says no server for mail; write notify: {{mail: ...}} (docs/exports.md)")
    return settings


def _password(estate: Estate, settings: Mail) -> str | None:
    return secret(estate.file.parent / settings.password) if settings.password else None


def _post(estate: Estate, event: Event) -> list[str]:
    settings = _notify(estate).webhook
    if settings is None:
        raise LeeboardError(f"{estate.file}: says no webhook; write notify: {{webhook: ...}} (docs/exports.md)")
    post(event, settings, secret(estate.file.parent / settings.secret), time.sleep)
    return []


def _night(estate: Estate, found: list[SchoolNews]) -> str:
    """What a message about these runs is the only one about."""
    return " ".join([estate.name, *(f"{one.urn} {one.run}" for one in found)])


def _data(estate: Estate, found: list[SchoolNews]) -> dict[str, object]:
    link = _notify(estate).link
    return {
        "estate": plain(estate.name, 120),
        "schools": [
            {
                "urn": one.urn,
                "name": one.name,
                "marking": one.marking,
                "run": one.run,
                "broken_off": one.broken_off,
                "new": dict(sorted(one.new.items())),
                "mended": one.mended,
                "devices_came": one.came,
                "devices_out_of_date": one.out_of_date,
                "devices_total": one.devices,
                "devices_clear": one.clear,
                "devices_drifted": one.drifted,
                "devices_unknown": one.unknown,
                "devices_silent": one.silent,
                "link": link.replace("{urn}", one.urn) if link else None,
            }
            for one in found
        ],
    }


def _show(one: Letter) -> None:
    typer.echo(f"To: {', '.join(one.to)}\nSubject: {one.subject}\n")
    typer.echo("\n".join(one.lines) + "\n")


def _ended(problems: list[str]) -> int:
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)
    return 3 if problems else 0
