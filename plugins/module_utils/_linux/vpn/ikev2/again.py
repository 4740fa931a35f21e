"""A tunnel that is not up is begun again: a timer of systemd beside charon.

charon calls a gateway that does not answer for ever (`keyingtries = 0`), but gives up at once where one refuses: a
gateway that is still being set up, or whose list of revoked certificates has expired, or that has the new certificate
later than the device. Of strongSwan's own nothing begins the tunnel again before its next start: seen with 6.0.1
(`start_action` counts when a connection is loaded, `close_action` and `dpd_action` for a tunnel that was up).
"""

from __future__ import annotations

from ...engine.host import Host
from ...engine.safe_read import text_or_nothing
from ..files import OWN_AGAIN, OWN_HEAD, OWN_NAME, OWN_TIMER, OWN_TIMER_WANTED
from ..strongswan.stacks import UNIT

TIMER = OWN_TIMER.rpartition("/")[2]
# An IKE_SA without a child (the gateway refused what was to go through it) is no tunnel either.
SERVICE_TEXT = f"""{OWN_HEAD}[Unit]
Description=Begin the school's tunnel where there is none
After={UNIT}
[Service]
Type=oneshot
ExecStart=-/bin/sh -c 'swanctl --list-sas --ike {OWN_NAME} | grep -qE "CONNECTING|INSTALLED|REKEY" \\
    || swanctl --initiate --child {OWN_NAME} --timeout 60'
StandardOutput=null
StandardError=null
"""
TIMER_TEXT = f"""{OWN_HEAD}[Unit]
Description=Look every two minutes whether the school's tunnel is there
PartOf={UNIT}
[Timer]
OnActiveSec=2min
OnUnitInactiveSec=2min
RandomizedDelaySec=30
"""
# charon brings it along at each of its starts, so there is nothing to enable.
WANTED_TEXT = f"{OWN_HEAD}[Unit]\nWants={TIMER}\n"
TEXTS = {OWN_AGAIN: SERVICE_TEXT, OWN_TIMER: TIMER_TEXT, OWN_TIMER_WANTED: WANTED_TEXT}
# For a change, a checkpoint and an undo, after systemd read its files again: as the files say.
LOAD = ("sh", "-c", f"if [ -e {OWN_TIMER} ] && systemctl -q is-active {UNIT}; then systemctl restart {TIMER}; "
                    f"else systemctl stop {TIMER} 2>/dev/null || true; fi")  # fmt: skip


def differences(host: Host) -> list[str]:
    """KEY@FILE,LINE of what is not as we wrote it. Raises HostError."""
    return [f"again@{path},1" for path, wanted in TEXTS.items() if text_or_nothing(host, path) != wanted]


def not_running(host: Host) -> str:
    """Why a tunnel that the gateway refused would not be begun again, as a sentence; empty where it would.

    Raises HostError.
    """
    now = host.query(["systemctl", "is-active", TIMER]).out.strip()
    return "" if now == "active" else f"{TIMER} is {now or 'not there'}, so a tunnel that was refused stays down"
