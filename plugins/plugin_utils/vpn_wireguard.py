"""The key of a device for its school's VPN of WireGuard, in a roll-out before its tunnel is set up.

The device makes it, and says its public half over the connection that is pinned to it; that goes into the controller's
ledger. Then somebody has to bring it to the gateway (`leeboard vpn export-gateway`), and only a roll-out that the
gateway answers leads anything there: WireGuard has no "up", so a tunnel to a gateway that does not know the device is a
hole, and with everything in it the device would have no network.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.leeboard.schools.plugins.plugin_utils import brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.before_tunnel import BeforeTunnel, Refused, line

if not brain.missing():
    from leeboard.model.vpn_told import EVERYTHING, told_wireguard, tunnel

MODULE = "leeboard.schools.vpn_wireguard_key"
UNKNOWN = (
    "its gateway does not answer its key, so its VPN tunnel waits: leeboard vpn export-gateway --kind wireguard, load "
    "that at the gateway, and roll out again"
)
NO_WAY_OUT = (
    "with everything in a tunnel of WireGuard it has no network where its gateway does not answer: at a sign-in page "
    "of a hotel, or while the gateway is down"
)


class WireGuardKey(BeforeTunnel):
    """What a device needs before its tunnel of WireGuard: a key that its gateway knows."""

    _address = "key"
    _changes_in = ("made",)

    def _bring(self) -> None:
        from leeboard.authority import peers
        from leeboard.authority.certificates import Registered

        visit = self._visit
        vpn = told_wireguard(self._variable)
        device = Registered(visit.device.urn, visit.device.asset, visit.device.platform)
        answer = self._ask("read")
        if answer.get("in_the_way"):
            raise Refused(line(answer["in_the_way"]))
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
        return self._answer(MODULE, state, **arguments)


def _public_key(answer: dict) -> str:
    """The public key that a device says, as text; what is none the ledger refuses."""
    found = answer.get("public_key")
    return found if isinstance(found, str) and len(found) <= 100 else ""
