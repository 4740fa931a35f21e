"""A worklist for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from leeboard.model.words import iso, local_day, number
from leeboard.report.screen import Screen
from leeboard.report.words import clean, listed
from leeboard.report.worklist import Item

MOST_DEVICES = 8  # of an item
MOST_CONTROLS = 8
STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": ""}


def print_items(screen: Screen, items: Sequence[Item], most: int | None = None, first: int = 1) -> None:
    """Print items with what to do about each; beyond `most` only how many there are."""
    shown = items if most is None else items[:most]
    for place, item in enumerate(shown, first):
        screen.line(
            (f"{place}. ", "bold"), (item.severity or "unknown", STYLES.get(item.severity, "")), f"  {item.what}"
        )
        screen.line(how_many(item), indent=3)
        rows = [("because", item.why), ("controls", _controls(item)), ("on", _devices(item))]
        rows += [("what to do" if not place else "", step) for place, step in enumerate(item.steps)]
        screen.fields(rows, 3)
    if len(items) > len(shown):
        screen.line(f"and {number(len(items) - len(shown), 'more thing')} to do: leeboard worklist")


def how_many(item: Item) -> str:
    """How many an item concerns, and since when, in one line."""
    parts = [number(len(item.devices), "device") if item.devices else number(len(item.schools), "school")]
    if item.findings > max(len(item.devices), 1):
        parts.append(number(item.findings, "finding"))
    if item.reported:
        parts.append("only reported" if item.reported == item.findings else f"{item.reported:,} only reported")
    if item.newest is not None and item.oldest is not None:
        begin, end = local_day(item.oldest), local_day(item.newest)
        word = "since" if item.controls else "last seen"
        parts.append(f"{word} {begin}" if begin == end else f"{word} {begin} to {end}")
    if item.new:
        parts.append(f"{item.new:,} new this week")
    return ", ".join(parts)


def as_json(items: Iterable[Item]) -> list[dict[str, Any]]:
    """The same as plain JSON data."""
    return [
        {
            "place": place,
            "severity": item.severity,
            "verdict": item.verdict,
            "what": item.what,
            "steps": list(item.steps),
            "why": item.why,
            "controls": list(item.controls),
            "findings": item.findings,
            "findings_reported": item.reported,
            "findings_new": item.new,
            "devices_total": len(item.devices),
            "devices": [{"urn": urn, "asset": clean(asset)} for urn, asset in item.devices],
            "schools": list(item.schools),
            "newest": iso(item.newest),
            "oldest": iso(item.oldest),
        }
        for place, item in enumerate(items, 1)
    ]


def _controls(item: Item) -> str:
    return listed((clean(control, 40) for control in item.controls), MOST_CONTROLS) if len(item.controls) > 1 else ""


def _devices(item: Item) -> str:
    several = len(item.schools) > 1
    return listed(
        (f"{clean(asset)} at {urn}" if several else clean(asset) for urn, asset in item.devices), MOST_DEVICES
    )
