"""The policy of BitLocker as a roll-out would have written it: a preview counts on it, since it writes nothing."""

from __future__ import annotations

from datetime import datetime

from leeboard.model.observation import Observation
from leeboard.planning.plan import plan
from leeboard.policy.resolve import Wanted
from leeboard.verdict.waivers import left_alone

FAMILY = "ENC"
KEY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\FVE:"
# The switch of each group of the driver bitlocker_policy, which is written with every value of it.
SWITCHES = {"startup": "UseAdvancedStartup", "os-recovery": "OSRecovery", "data-recovery": "FDVRecovery"}


def planned(wanted: Wanted, observation: Observation, at: datetime) -> dict[str, int]:
    """The numbers in the policy's key that the plan for ENC would change, by their names."""
    if FAMILY not in wanted.device.enforce:
        return {}
    values: dict[str, int] = {}
    for step in plan(left_alone(wanted, at, observation)[0], observation, [FAMILY], at):
        for change in step.changes:
            text = str(change.value)  # an override may give a number as text
            if not text.isdecimal():
                continue
            group, _, name = change.address.partition("/")
            if step.driver == "registry" and change.address.startswith(KEY):
                values[change.address.removeprefix(KEY)] = int(text)
            elif step.driver == "bitlocker_policy" and group in SWITCHES:
                values |= {SWITCHES[group]: 1, name: int(text)}
    return values
