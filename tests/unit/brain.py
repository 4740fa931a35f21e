"""Small policies, devices and observations for tests of the brain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from leeboard.model.device import Device
from leeboard.model.enums import Level
from leeboard.model.observation import Observation, parse
from leeboard.policy.model import Baseline, Control, Driver, Family, LevelDefinition

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # when the device was visited


def setting(**changes: Any) -> dict[str, Any]:
    """A setting of a built Linux driver that must be at most 900."""
    return {
        "id": "idle",
        "title": "Idle time",
        "platform": "linux",
        "driver": "dconf",
        "address": "/idle",
        "accept": {"operator": "at_most_not_zero", "value": {"standard": 900, "sensitive": 600, "high": 300}},
        "absent": "drifted",
        "write": "wanted",
        "confidence": "tried",
        "source": "test",
        **changes,
    }


def control(*settings: dict[str, Any], **changes: Any) -> Control:
    """A control of those settings, enforced at every level."""
    return Control.model_validate(
        {
            "id": "LCK-01",
            "title": "Idle lock",
            "subject": "device",
            "severity": "high",
            "mode": "enforce",
            "why": "Because.",
            "remedy": {"linux": "Set it.", "windows": "Set it."},
            "references": [],
            "reviewed": "2026-11-25",
            "settings": list(settings),
            **changes,
        }
    )


def baseline(*controls: Control) -> Baseline:
    """A baseline of one family with a built driver `dconf` and a planned one `kconfig`."""
    return Baseline(
        families=(Family(family="LCK", title="Screen lock", controls=controls),),
        drivers={
            "dconf": Driver(platform="linux", state="built", address=".*", module="dconf_policy", summary="GNOME"),
            "banner": Driver(platform="linux", state="built", address=".*", module="login_banner", summary="notices"),
            "kconfig": Driver(platform="linux", state="planned", address=".*", summary="KDE Plasma"),
        },
        parameters={},
        levels={level: LevelDefinition(title=level, impact_levels="0-2", label="OFFICIAL") for level in Level},
        frameworks={},
        digest="0" * 64,
    )


def device(**changes: Any) -> Device:
    """An office desktop on Linux at level standard."""
    return Device.model_validate(
        {
            "name": "pc1",
            "asset": "A-1",
            "urn": "900001",
            "school": "Example",
            "platform": "linux",
            "form": "desktop",
            "role": "office",
            "level": "standard",
            **changes,
        }
    )


def value(found: Any, **more: Any) -> dict[str, Any]:
    """An aspect that was read."""
    return {"state": "value", "value": found, "source": "a file", **more}


def absent() -> dict[str, Any]:
    """An aspect that is not there."""
    return {"state": "absent", "source": "a file"}


def unreadable(code: str = "failed", why: str = "it broke") -> dict[str, Any]:
    """An aspect that could not be read."""
    return {"state": "unreadable", "code": code, "why": why}


def observation(readings: list[dict[str, Any]], facts: dict[str, Any] | None = None, **changes: Any) -> Observation:
    """An observation with these readings: dicts with address, effective and what else differs."""
    return parse(
        {
            "schema": 1,
            "platform": "linux",
            "observed_at": AT.isoformat(),
            "identity": {name: value(name) for name in ("serial", "uuid", "machine_id", "os")},
            "facts": {"desktops": value(["gnome"]), **(facts or {})},
            "readings": [{"driver": "dconf", "fingerprint": "f", **reading} for reading in readings],
            "cost": {"children": 1, "seconds": 0.1, "cpu_seconds": 0.1},
            **changes,
        }
    )
