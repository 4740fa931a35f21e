"""What a question is about: everything, a school, a device, a control or a setting, by the names that people use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leeboard.ansible.inventory import EstateInventory
from leeboard.cli.forget import find_device
from leeboard.cli.forget.find_device import Register
from leeboard.errors import LeeboardError
from leeboard.evidence.keeping.forgetting import Named, named
from leeboard.evidence.store.store import Store
from leeboard.model import near
from leeboard.model.values import plain
from leeboard.policy.model import Baseline

CONTROL = re.compile(r"[A-Z]{3}-[0-9]{2}\Z")
Key = tuple[str, str]  # URN and asset tag


@dataclass(frozen=True)
class Subject:
    """What is asked about. `urns` are those of the school with its earlier ones, None for all.

    Of a device `asset` is its tag and `keys` are all names under which it is filed, the present one first. `controls`
    and `setting` name those of the baseline, or what evidence has of an older one.
    """

    kind: str  # all, school, device, control or setting
    label: str
    urns: frozenset[str] | None = None
    asset: str = ""
    keys: tuple[Key, ...] = ()
    controls: frozenset[str] = frozenset()
    setting: str = ""


@dataclass(frozen=True)
class Names:
    """The names that may be asked for: of schools by URN, of devices by the register and the store."""

    schools: Mapping[str, tuple[str, ...]]
    register: Register
    stored: tuple[Named, ...]
    evidence: Path

    def school(self, word: str) -> str | None:
        """The school's URN by URN, folder, name, or a part of the name that fits only one."""
        wanted = word.casefold()
        exact = [urn for urn, names in self.schools.items() if wanted == urn or wanted in map(str.casefold, names)]
        if exact:
            return exact[0] if len(exact) == 1 else self._several(word, exact)
        parts = [urn for urn, names in self.schools.items() if any(wanted in name.casefold() for name in names)]
        return parts[0] if len(parts) == 1 else None

    def _several(self, word: str, urns: Iterable[str]) -> str:
        listed = "; ".join(f"{urn} {plain(self.schools[urn][0], 60)}" for urn in urns)
        raise LeeboardError(f"{plain(word, 60)}: several schools are called so: {listed}; give the URN")

    def unknown(self, word: str) -> LeeboardError:
        """The message for what nobody knows, with the names that are nearest."""
        devices = find_device.everything(self.register, self.stored, self.evidence)
        names = [alias for device in devices for alias in device.aliases]
        names += [name for urn, known in self.schools.items() for name in (urn, *known)]
        more = "" if self.register.devices else "; -i INVENTORY names devices no run has met"
        return LeeboardError(f"{plain(word, 60)}: there is no such school or device{near.meant(word, names) or more}")


def names_of(store: Store, evidence: Path, listed: EstateInventory | None, source: Path | None) -> Names:
    """Every name that is known from the inventory (None: none was given) and from what is kept."""
    schools: dict[str, tuple[str, ...]] = {urn: (name,) for urn, name in store.schools().items()}
    before: dict[str, tuple[str, ...]] = {}
    devices: tuple[find_device.Subject, ...] = ()
    if listed is not None:
        schools |= {device.urn: (device.school,) for device in listed.devices}
        before = {urn: school.predecessors for urn, school in listed.schools.items()}
        devices = tuple(
            find_device.Subject(
                device.urn, device.asset, device.name, device.school, serial=device.serial or "", registered=True
            )
            for device in listed.devices
        )
        for school in listed.estate.schools if listed.estate else ():
            schools[school.urn] = (school.settings.name, school.folder.name)
    old = {urn for urns in before.values() for urn in urns}
    register = Register(source or Path("the inventory"), devices, None, before)
    kept = {urn: names for urn, names in schools.items() if urn not in old}
    return Names(kept, register, tuple(named(store)), evidence)


def subject_of(names: Names, word: str | None) -> Subject:
    """The school or device of this name; everything where none was given. Raises LeeboardError with near names."""
    if word is None:
        return Subject("all", "everything that is kept")
    urn = names.school(word)
    exact = urn is not None and word.casefold() in (urn, *map(str.casefold, names.schools[urn]))
    device = None if exact else find_device.find(word, names.register, names.stored, names.evidence)
    if device is not None:
        keys = (device.key, *find_device.earlier(device, names.register, names.stored))
        label = f"{plain(device.asset)}, {plain(device.school, 60) or device.urn}"
        return Subject("device", label, frozenset((device.urn,)), device.asset, keys)
    if urn is None:
        raise names.unknown(word)
    label = f"{plain(names.schools[urn][0], 60)} ({urn})"
    return Subject("school", label, frozenset((urn, *names.register.predecessors.get(urn, ()))))


def in_policy(baseline: Baseline, word: str) -> Subject | None:
    """The control or setting of this name: LCK-01, LCK-01.idle-delay, or idle-delay in whichever control has it."""
    control, _, setting = word.partition(".")
    if CONTROL.match(control.upper()):
        control = control.upper()
        known = baseline.control(control)
        if setting and known is not None and setting not in {one.id for one in known.settings}:
            listed = ", ".join(one.id for one in known.settings)
            raise LeeboardError(f"{plain(word, 60)}: {control} has no such setting; it has {listed}")
        kind = "setting" if setting else "control"
        title = f" {' '.join(known.title.split())}" if known else ", which this baseline does not have"
        label = f"{control}.{plain(setting, 60)}" if setting else f"{control}{title}"
        return Subject(kind, label, controls=frozenset((control,)), setting=setting)
    having = {one.id for one in baseline.controls if word in {each.id for each in one.settings}}
    if having:
        return Subject("setting", f"{word} ({', '.join(sorted(having))})", controls=frozenset(having), setting=word)
    return None
