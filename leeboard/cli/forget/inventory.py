"""Everything that Leeboard holds about one device on this machine, and what is to become of each piece of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from leeboard.authority import memory
from leeboard.cli.forget.find_device import Key, Register, Subject
from leeboard.errors import LeeboardError
from leeboard.escrow.vault import clone_detection, controller_state
from leeboard.estate import waiver_files
from leeboard.estate.device_removal import rows_of, without_device
from leeboard.estate.devices import FILE as DEVICES
from leeboard.estate.editing import Written, content_of
from leeboard.evidence.keeping import find_references, forgetting, retention
from leeboard.evidence.keeping.find_references import Bundles, Names
from leeboard.evidence.notes import forgotten, pins
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Level
from leeboard.model.identity import usable_serial
from leeboard.model.run_id import started_of
from leeboard.model.words import day, number
from leeboard.policy.model import Baseline
from leeboard.report import changes_since
from leeboard.report.words import clean, listed

MOST_NAMED = 8


@dataclass(frozen=True)
class Trace:
    """One place that holds something: it `goes`, stays for a reason (`note`), or is `stuck` and ought to go."""

    what: str
    where: str
    note: str
    goes: bool = False
    stuck: bool = False


@dataclass(frozen=True)
class Place:
    """Where to look: the store (None: there is none yet), the folder var, and files of the database in it."""

    store: Store | None
    var: Path
    database: tuple[Path, ...]

    @property
    def evidence(self) -> Path:
        """The evidence folder."""
        return self.var / "evidence"


@dataclass(frozen=True)
class Holdings:
    """What is held about a device under all of its names (`keys`), and what taking it out needs to know."""

    subject: Subject
    keys: tuple[Key, ...]
    names: Names
    traces: tuple[Trace, ...]
    runs: dict[str, dict[str, int]]  # by URN, all that are there or that the store knows of, with their turns (or 0)
    copies: tuple[Path, ...]  # pages and news, which the next check makes anew
    states: tuple[Path, ...]
    sheet: Written | None
    comes_back: bool  # bundles name it, and nothing keeps them from being loaded

    @property
    def goes(self) -> bool:
        """True when there is something to remove."""
        return self.comes_back or any(trace.goes for trace in self.traces)


def take_inventory(
    subject: Subject, keys: tuple[Key, ...], register: Register, place: Place, baseline: Baseline, keep_register: bool
) -> Holdings:
    """Look everywhere. Nothing is changed. Raises LeeboardError where something of it cannot be read at all."""
    names = Names(_known_by(subject, keys, place))
    traces: list[Trace] = []
    sheet = None
    if subject.registered and subject.folder is not None:
        sheet, new_traces = _register_row(subject, subject.folder / DEVICES, keep_register)
        traces += new_traces
    elif subject.registered:
        words_of = "your own file, which Leeboard does not change: until you take it out the next run checks it again"
        traces.append(Trace("register", str(register.source), words_of, stuck=not keep_register))
    comes_back = False
    runs: dict[str, dict[str, int]] = {}
    for urn, asset in keys:
        traces += _pin(place, urn, asset)
        traces += _recovery_keys(place, urn, asset)
        traces += certificates(place.var, urn, asset)
        traces += _in_store(place, urn, asset, names)
        bundles = find_references.bundles(place.evidence / urn, asset, names)
        known = dict.fromkeys((one.run for one in place.store.bundles([urn])), 0) if place.store else {}
        runs[urn] = {**known, **runs.get(urn, {}), **bundles.every}
        traces += _bundles(place.evidence / urn, bundles, baseline)
        record = forgotten.read(urn, place.evidence / urn)
        comes_back = comes_back or any(not record.among([asset], run, bundles.every[run]) for run in bundles.runs)
    copies, states, new_traces = _below_var(place, names, frozenset(keys), keep_register)
    traces += new_traces
    traces += _waivers(subject, names, keep_register)
    traces += _elsewhere_in_the_estate(subject, register, names, sheet)
    return Holdings(subject, keys, names, tuple(traces), runs, copies, states, sheet, comes_back)


def _known_by(subject: Subject, keys: Sequence[Key], place: Place) -> Iterator[str]:
    """Its names, serials and other marks, as far as they tell one machine from others."""
    yield from (*subject.aliases, subject.address, *_usable(subject.serial))
    stored = {(device.urn, device.asset): device for device in forgetting.named(place.store)} if place.store else {}
    for urn, asset in keys:
        yield asset
        if (urn, asset) in stored:
            device = stored[urn, asset]
            yield from (device.name, device.name.removesuffix(f".{urn}"), *_usable(device.serial))
        if place.store is not None:
            yield from forgetting.identity(place.store, urn, asset)
        pin = pins.read(pins.pins_path(place.evidence, urn)).get(asset)
        if pin is not None:
            marks = pin.sighting
            yield from (value for value in (marks.serial, marks.uuid) if value)


def _usable(serial: str) -> Iterator[str]:
    if serial and usable_serial(serial):
        yield serial


def _register_row(subject: Subject, path: Path, keep: bool) -> tuple[Written | None, list[Trace]]:
    content = content_of(path)
    if content is None:
        return None, []
    rows = ", ".join(str(row) for row in rows_of(content, subject.asset, str(path)))
    where = f"{path}, row {rows}"
    text = "asset tag, host, address, serial and notes"
    if keep:
        return None, [Trace("register", where, f"{text}; stays, since --keep-register asks for it")]
    try:
        after = without_device(content, subject.asset, str(path))
    except LeeboardError as problem:
        return None, [Trace("register", where, str(problem), stuck=True)]
    written = Written(path, after, content) if after is not None else None
    return written, [Trace("register", where, text, goes=True)] if written else []


def _pin(place: Place, urn: str, asset: str) -> Iterator[Trace]:
    path = pins.pins_path(place.evidence, urn)
    if asset in pins.read(path):
        yield Trace("pin", str(path), "which machine it is: serial, UUID, machine-id, system", goes=True)


def _recovery_keys(place: Place, urn: str, asset: str) -> Iterator[Trace]:
    count = len(controller_state.records(place.var, urn, asset).keys)
    if count:
        text = (
            f"{number(count, 'recovery key')} in the vault and its ledger; stay: copies of its disks open by them. "
            f"If the disks are gone: leeboard escrow retire {clean(asset)}"
        )
        yield Trace("keys", str(place.var / controller_state.FOLDER), text)
    elif clone_detection.seen(place.var, (urn, asset)):
        text = f"which LUKS disks it showed, so that a copy is found; leeboard escrow retire {clean(asset)} removes it"
        yield Trace("disks", str(place.var / clone_detection.SEEN), text)


def certificates(var: Path, urn: str, asset: str) -> Iterator[Trace]:
    """The certificates of a device for the VPN: they stay, since lists name those that were revoked until their end."""
    count = len(memory.held(var, urn, asset).certificates)
    if count:
        text = (
            f"{number(count, 'certificate')} for the VPN, and in the vault's ledger; stay: a list names a revoked one "
            f"until its end. If the device is gone: leeboard vpn revoke {clean(asset)}"
        )
        yield Trace("certificates", str(var / memory.FOLDER), text)


def _in_store(place: Place, urn: str, asset: str, names: Names) -> Iterator[Trace]:
    if place.store is None:
        return
    known = forgetting.known(place.store, urn, asset)
    if known.anything:
        seen = f"last seen {day(known.seen)}" if known.seen else "never seen"
        note = (
            f"{asset} in {urn}: {seen}, {number(known.findings, 'finding')}, {number(known.spans, 'verdict')} with its "
            f"days, its name in {number(known.runs, 'run')}"
        )
        yield Trace("database", place.store.shown, note, goes=True)
    others = [other for other, text in forgetting.others(place.store, urn, asset) if names.within(text.encode())]
    if others:
        note = f"what is known of {listed(others, MOST_NAMED)} names it; stays until their next visits say otherwise"
        yield Trace("database", place.store.shown, note)


def _bundles(folder: Path, bundles: Bundles, baseline: Baseline) -> Iterator[Trace]:
    if bundles.runs:
        first, last = started_of(bundles.runs[0]), started_of(bundles.runs[-1])
        count = f"{number(len(bundles.runs), 'bundle')} of {len(bundles.every)}, {day(first)} to {day(last)}"
        days = _days(baseline)
        until = f"; FWD-04 asks to keep the last of them until {day(last + timedelta(days=days))}" if days else ""
        yield Trace("evidence", str(folder), f"{count}{until}")
    for path in bundles.unread:
        yield Trace("evidence", str(path), "cannot be read, so nobody knows what it says", stuck=True)


def _days(baseline: Baseline) -> int:
    """For how many days a school's folder is asked to hold bundles (FWD-04)."""
    settings = (setting for control in baseline.controls for setting in control.settings)
    choice = next(
        (
            setting.accept.value
            for setting in settings
            if (setting.driver, setting.address) == (retention.DRIVER, "folder")
        ),
        None,
    )
    return max((days for level in Level if isinstance(days := getattr(choice, level, None), int)), default=0)


def _below_var(
    place: Place, names: Names, keys: frozenset[Key], keep: bool
) -> tuple[tuple[Path, ...], tuple[Path, ...], list[Trace]]:
    """Files in var that are neither evidence nor database. The evidence of other schools is theirs."""
    copies, states, traces = [], [], []
    if not place.var.is_dir():
        return (), (), []
    for path in find_references.files_below(
        place.var, [place.evidence, place.var / controller_state.FOLDER, *place.database]
    ):
        try:
            if not names.in_file(path):
                continue
        except (LeeboardError, OSError) as problem:
            traces.append(Trace("file", str(path), f"cannot be looked at: {problem}", stuck=True))
            continue
        top = path.parent == place.var
        if top and path.name.endswith(changes_since.BESIDE):
            if keep and not changes_since.tells_of(path, keys):
                continue  # that there is such a device is no history
            states.append(path)
            traces.append(Trace("news", str(path), "what the next news compare with", goes=True))
        elif top and path.suffix == ".html":
            copies.append(path)
            traces.append(Trace("page", str(path), "the whole page; the next check makes it anew", goes=True))
        elif top and path.with_name(path.name + changes_since.BESIDE).exists():
            copies.append(path)
            traces.append(Trace("news", str(path), "the whole text; the next check writes another", goes=True))
        elif path.parent == place.var / "schools":
            traces.append(
                Trace("journal", str(path), "who let what be changed and who accepted which risk names it; stays")
            )
        else:
            traces.append(Trace("file", str(path), "names it; Leeboard does not know this file: look at it yourself"))
    return tuple(copies), tuple(states), traces


def _waivers(subject: Subject, names: Names, keep: bool) -> Iterator[Trace]:
    where = "leeboard_waivers in your inventory"
    if subject.folder is not None:
        path = subject.folder / waiver_files.FILE
        where = f"{path}, {_lines(content_of(path) or b'', names)}"
    for waiver in subject.waivers:
        if subject.asset not in waiver.devices:
            continue
        name = f"{waiver.id} ({waiver.control}, accepted by {clean(waiver.approved_by, 60)} until {waiver.last_day})"
        if keep:
            yield Trace("waiver", where, f"{name} names it")
        elif len(waiver.devices) == 1:
            yield Trace(
                "waiver", where,
                f"{name} names only this device. It would meet no device and be a problem in every report (exit code "
                "3): take the entry out, and keep a copy with your decisions",
            )  # fmt: skip
        else:
            yield Trace(
                "waiver", where,
                f"{name} names it among others. Take it out of the list of devices, or every report says that there is "
                "no such device",
            )  # fmt: skip


def _elsewhere_in_the_estate(
    subject: Subject, register: Register, names: Names, sheet: Written | None
) -> Iterator[Trace]:
    """Lines of the inventory's files that name it beside its own row; those of waivers are told of as waivers."""
    for path in _estate_files(subject, register):
        try:
            content = content_of(path) or b""
        except (LeeboardError, OSError):
            continue
        own = subject.registered and subject.folder is not None and path == subject.folder / DEVICES
        if own:
            content = sheet.content if sheet is not None else b""
        if path.name == waiver_files.FILE and any(subject.asset in waiver.devices for waiver in subject.waivers):
            continue
        lines = _lines(content, names)
        if lines:
            then = ", once its row is out" if own else ""
            text = f"{lines}{then}: your own words; change them where they should not stand"
            yield Trace("inventory", str(path), text)


def _lines(content: bytes, names: Names) -> str:
    """The numbers of the lines that name the device, as text; "" for none."""
    numbers = [str(number) for number in names.lines(content)]
    return f"line{'s' if len(numbers) > 1 else ''} {listed(numbers, MOST_NAMED)}" if numbers else ""


def _estate_files(subject: Subject, register: Register) -> Iterator[Path]:
    top = register.source.parent
    if register.estate is None:
        yield register.source
        for name in ("group_vars", "host_vars"):
            yield from find_references.files_below(top / name)
        return
    if subject.folder is not None:
        yield from sorted(path for path in subject.folder.iterdir() if path.is_file())
        top = subject.folder.parent
    yield from sorted(path for path in top.iterdir() if path.is_file())


def files_of(database: str | Path) -> tuple[Path, ...]:
    """The files of an SQLite database; none for a URL."""
    text = str(database)
    return () if "://" in text else tuple(Path(text + end) for end in ("", "-wal", "-shm", "-journal"))
