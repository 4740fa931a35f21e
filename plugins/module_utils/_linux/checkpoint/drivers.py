"""The drivers whose changes could cut a technician off, by name: each has `CUT_OFF = True` and `cover`.

Imported by name, since Ansible packs only what it sees imported.
"""

from __future__ import annotations

from typing import Protocol

from ..engine.change import Driver
from ..engine.cover import Cover
from ..engine.edits import Change
from ..engine.host import Host
from ..faillock import driver as faillock
from ..firewall import driver as firewall
from ..sshd import driver as sshd
from ..vpn import driver as vpn
from ..vpn.profiles import driver as vpn_profiles


class CutOffDriver(Driver, Protocol):
    """A driver that can say what brings the device back from its changes."""

    CUT_OFF: bool

    def cover(self, host: Host, changes: list[Change]) -> Cover: ...


# One line for each driver.
DRIVERS: tuple[CutOffDriver, ...] = (faillock, firewall, sshd, vpn, vpn_profiles)
CUT_OFF = {driver.NAME: driver for driver in DRIVERS}
