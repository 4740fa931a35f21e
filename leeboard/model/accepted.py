"""What a waiver accepts: for each setting that it names the values, for all of its devices or device by device."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from leeboard.model.values import TEMPLATES, Value

SETTING = re.compile(r"[a-z0-9][a-z0-9-]{0,79}\Z")
MOST_SETTINGS = 100  # of one waiver
MOST_VALUES = 100  # of one setting
MOST_DEVICES = 5000  # of one setting
LONGEST = 300  # characters of one value; what is longer is named by its digest
EVERYTHING = "everything that this control ever finds"  # what a waiver without settings covers
PIN = "Name them with: leeboard waiver pin"

Values = tuple[Value | None, ...]


@dataclass(frozen=True)
class Accepted:
    """The values of one setting that are accepted; None stands for "not set".

    `values` hold for every device of the waiver. With `by_device` (asset tag and values) each device has its own, and
    one that is not named has none.
    """

    setting: str
    values: Values = ()
    by_device: tuple[tuple[str, Values], ...] | None = None

    def of(self, asset: str) -> Values:
        """The values that are accepted on a device."""
        return self.values if self.by_device is None else dict(self.by_device).get(asset, ())

    @property
    def text(self) -> str:
        """The setting and its values for people."""
        if self.by_device is None:
            return f"{self.setting}: {_values_text(self.values)}"
        named = {_values_text(values) for _, values in self.by_device}
        return f"{self.setting}: {named.pop() if len(named) == 1 else 'by device'}"


def parse(raw: Any) -> tuple[Accepted, ...]:
    """What the field `settings` of a waiver says. Raises ValueError saying what is wrong with it."""
    if isinstance(raw, tuple) and all(isinstance(entry, Accepted) for entry in raw):
        return raw
    if not isinstance(raw, Mapping):
        raise ValueError("write a setting and the values that are accepted, as in {tries: [6]}")
    if len(raw) > MOST_SETTINGS:
        raise ValueError(f"it names {len(raw)} settings, at most {MOST_SETTINGS} are taken")
    return tuple(
        sorted((_accepted(str(name), values) for name, values in raw.items()), key=lambda entry: entry.setting)
    )


def as_data(settings: Iterable[Accepted]) -> dict[str, Any]:
    """Accepted settings as plain data, as waivers.yml and a bundle's header have them."""
    return {
        entry.setting: _plain(entry.values)
        if entry.by_device is None
        else {asset: _plain(values) for asset, values in entry.by_device}
        for entry in settings
    }


def narrowed(settings: Iterable[Accepted], asset: str) -> tuple[Accepted, ...]:
    """The same for one device: what it carries must not grow with the number of the others."""
    return tuple(
        entry
        if entry.by_device is None
        else replace(entry, by_device=tuple(pair for pair in entry.by_device if pair[0] == asset))
        for entry in settings
    )


def united(several: Iterable[tuple[Accepted, ...]]) -> tuple[Accepted, ...]:
    """The settings of a waiver, merged from what several devices carry of it."""
    merged: dict[str, Accepted] = {}
    for settings in several:
        for entry in settings:
            before = merged.get(entry.setting)
            if before is not None and before.by_device is not None and entry.by_device is not None:
                entry = replace(
                    entry, by_device=tuple(sorted({**dict(before.by_device), **dict(entry.by_device)}.items()))
                )
            merged[entry.setting] = entry
    return tuple(sorted(merged.values(), key=lambda entry: entry.setting))


def meaning(settings: Iterable[Accepted]) -> tuple[object, ...]:
    """All of it but what single devices have, so that what several devices carry of one waiver compares."""
    return tuple((entry.setting, repr(entry.values), entry.by_device is None) for entry in settings)


def _accepted(name: str, raw: Any) -> Accepted:
    if not SETTING.match(name):
        raise ValueError(f"{ascii(name)[:60]} is no name of a setting; docs/controls.md lists them")
    if not isinstance(raw, Mapping):
        return Accepted(name, _values(name, raw))
    if len(raw) > MOST_DEVICES:
        raise ValueError(f"{name} has values for {len(raw)} devices, at most {MOST_DEVICES} are taken")
    return Accepted(name, by_device=tuple(sorted((str(asset), _values(name, values)) for asset, values in raw.items())))


def _values(name: str, raw: Any) -> Values:
    every = raw if isinstance(raw, list | tuple) else [raw]
    if len(every) > MOST_VALUES:
        raise ValueError(f"{name} has {len(every)} values, at most {MOST_VALUES} are taken")
    return tuple(dict.fromkeys(_value(name, item) for item in every))


def _value(name: str, raw: Any) -> Value | None:
    """A value in plain Python: YAML brings kinds of its own."""
    if isinstance(raw, list | tuple):
        return tuple(_text(name, item) for item in raw)
    if raw is None or isinstance(raw, bool):
        return raw
    return int(raw) if isinstance(raw, int) else _text(name, raw)


def _text(name: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"{name} has {ascii(raw)[:60]}, and a value is text, a number, a switch or null (not set)")
    if len(raw) > LONGEST or not raw.isprintable() or any(mark in raw for mark in TEMPLATES):
        raise ValueError(f"{name} has a value that is longer than {LONGEST} characters, or no plain text")
    return str(raw)


def _plain(values: Values) -> list[Any]:
    return [list(value) if isinstance(value, tuple) else value for value in values]


def _values_text(values: Values) -> str:
    return ", ".join(_word(value) for value in values) or "nothing"


def _word(value: Value | None) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (" and ".join(value) or "none") if isinstance(value, tuple) else str(value)
