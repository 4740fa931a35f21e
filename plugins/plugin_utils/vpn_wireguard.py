"""The key of a device for its school's VPN of WireGuard, in a roll-out before its tunnel is set up.

The device makes it, and says its public half over the connection that is pinned to it; that goes into the controller's
ledger. Then somebody has to bring it to the gateway (`leeboard vpn export-gateway`), and only a roll-out that the
gateway answers leads anything there: WireGuard has no "up", so a tunnel to a gateway that does not know the device is a
hole, and with everything in it the device would have no network.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import failure_message

if not brain.missing():
    from leeboard.errors import LeeboardError
    from leeboard.model.values import plain
    from leeboard.model.vpn_told import EVERYTHING, WrongVpn, told_wireguard, tunnel

ADDRESS, CONTROL, DRIVER = "key", "REM-01", "vpn"
MODULE = "leeboard.schools.vpn_wireguard_key"
UNKNOWN = (
    "its gateway does not answer its key, so its VPN tunnel waits: leeboard vpn export-gateway --kind wireguard, load "
    "that at the gateway, and roll out again"
)
NO_WAY_OUT = (
    "with everything in a tunnel of WireGuard it has no network where its gateway does not answer: at a sign-in page "
    "of a hotel, or while the gateway is down"
)


class Refused(Exception):
    """There is no key that the tunnel could be set up with; the text says why."""


class WireGuardKey:
    """What is to be done for the VPN of a visit's device before its tunnel; the same shape as `Certificates`.

    `bring` adds to `changes`, those of the roll-out for the evidence. After it there are `problems` and `remarks` in
    words, and `ready` where the tunnel may follow.
    """

    def __init__(self, visit, variable, changes) -> None:
        self._visit, self._variable, self._changes = visit, variable, changes
        self.problems, self.remarks = [], []
        self.ready = False

    def bring(self) -> None:
        """Have the key made, keep its public half, and ask whether the gateway knows it. A preview changes nothing."""
        try:
            self._bring()
        except (Refused, LeeboardError, WrongVpn) as problem:
            self.problems.append(answers.of_driver(DRIVER, str(problem)))

    def _bring(self) -> None:
        from leeboard.authority import peers
        from leeboard.authority.certificates import Registered

        visit = self._visit
        vpn = told_wireguard(self._variable)
        device = Registered(visit.device.urn, visit.device.asset, visit.device.platform)
        answer = self._ask("read")
        if answer.get("in_the_way"):
            raise Refused(_line(answer["in_the_way"]))
        revoked = list(peers.not_again(visit.var, device))
        there = _public_key(answer)
        if visit.preview:
            if set(EVERYTHING) <= set(vpn.routes):
                self._remark(NO_WAY_OUT)
            self._preview(there, revoked, bool(there) and peers.is_kept(visit.var, device, there))
            return
        made = self._ask("made", not_again=revoked)
        public_key = _public_key(made)
        if not public_key:
            raise Refused("the device says no public key")
        kept = peers.keep(visit.var, device, public_key, datetime.now(timezone.utc))
        if made.get("changed") or kept:
            self._changed("another one, or none" if made.get("changed") else "not known here", public_key)
        self.ready = self._ask("tried", tunnel=tunnel(self._variable)).get("answered") is True
        if not self.ready:
            self._remark(UNKNOWN)

    def _preview(self, there: str, revoked: list, is_kept: bool) -> None:
        """Say what would be done. Whether the gateway answers is not tried: that makes an interface."""
        if there and is_kept:
            self.ready = True
            self._remark("its gateway would be asked whether it knows the device's key, and the tunnel waits if not")
            return
        why = "its key was revoked" if there in revoked else "its key is not known here" if there else "it has none"
        self._changed(why, "a key of WireGuard")
        what = "kept" if there and there not in revoked else "made on it, and its public half kept"
        self._remark(f"its key of WireGuard would be {what} ({why}); its gateway has to be told, and its tunnel waits")

    def _ask(self, state: str, **arguments) -> dict:
        """What the device's module answers. Raises Refused where it fails."""
        try:
            answer = self._visit.ask(MODULE, {"state": state, **arguments})
        except AnsibleConnectionFailure:
            self._lost(state)
            raise
        if answer.get("unreachable"):
            self._lost(state)
        if answer.get("failed") or answer.get("unreachable"):
            raise Refused(_line(failure_message(answer).removeprefix("vpn_wireguard_key: ")))
        return answer

    def _lost(self, state: str) -> None:
        """The device was lost, maybe after what was asked of it."""
        self.ready = False
        if state == "made" and not self._visit.preview:
            self._changed("not known", "not known: the device was lost")

    def _changed(self, before: str, after: str) -> None:
        """Note a change for the evidence. It is in no journal: a key is not put back, but made anew."""
        place = {"control": CONTROL, "driver": DRIVER, "address": ADDRESS}
        self._changes.append({**place, "before": before, "after": after, "journal": None})

    def _remark(self, text: str) -> None:
        self.remarks.append(f"{self._visit.device.name}: {text}")


def _public_key(answer: dict) -> str:
    """The public key that a device says, as text; what is none the ledger refuses."""
    found = answer.get("public_key")
    return found if isinstance(found, str) and len(found) <= 100 else ""


def _line(text) -> str:
    """What a device says, in one line."""
    return plain(" ".join(str(text).split()), 300)
