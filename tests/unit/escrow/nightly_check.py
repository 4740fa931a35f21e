"""A nightly check by this controller: what the device shows of its disk, with what the vault has to say of it."""

from __future__ import annotations

from typing import Any

from leeboard.escrow.disks.readings import DRIVER, of_escrow
from leeboard.model.device import Device
from leeboard.model.observation import Observation, parse, with_readings

from .controller import Controller


def visited(controller: Controller, device: Device) -> dict[str, Any]:
    """What is filed of a visit of the device."""
    nothing = {"state": "absent", "source": "test"}
    answer: dict[str, Any] = {
        "schema": 1, "platform": "linux", "observed_at": "2026-11-26T10:00:00Z", "facts": {},
        "identity": dict.fromkeys(("serial", "uuid", "machine_id", "os"), nothing),
        "cost": {"children": 0, "seconds": 0.0, "cpu_seconds": 0.0},
        "readings": [
            {
                "driver": "luks_volume", "address": "bindings",
                "effective": {"state": "value", "value": controller.disk.ask("survey")["volumes"], "source": "test"},
            },
            # A device has no say in this.
            {"driver": DRIVER, "address": "escrowed", "effective": {"state": "value", "value": [], "source": "device"}},
        ],
    }  # fmt: skip
    return with_readings(answer, of_escrow(parse(answer), device, controller.vault.var))


def observed(controller: Controller, device: Device) -> Observation:
    """The same as it is judged."""
    return parse(visited(controller, device))
