"""The certificate of a device for its school's VPN, brought to it in a roll-out before its tunnel is set up.

Leeboard's own authority signs on this controller what the device asks for over the connection that is pinned to it; of
a school's own authority certificates are looked at only. The key is made on the device, and never leaves it.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.before_tunnel import BeforeTunnel, Refused, line

if not brain.missing():
    from leeboard.model.enums import Platform
    from leeboard.model.values import plain
    from leeboard.model.vpn_told import told
    from leeboard.model.words import day
    from leeboard.policy.resolve import parameters

MODULE, WINDOWS_MODULE = "leeboard.schools.vpn_certificate", "leeboard.schools.win_vpn_certificate"
# What an authority's certificate for a client is for, as openssl on Linux prints it. Windows has the numbers.
USAGES = {"1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.17": "ipsec Internet Key Exchange"}
LATE = "vpn_certificate_days"  # how long one of a school's own authority must hold, as at the nightly check
MOST = 50  # certificates that a device may show


class Certificates(BeforeTunnel):
    """What is to be done for the VPN of a visit's device before its tunnel of IKEv2: a certificate and its chain."""

    _address = "certificate"
    _changes_in = ("request", "installed", "trusted")

    def __init__(self, visit, variable, changes, replace=False) -> None:
        super().__init__(visit, variable, changes)
        self._replace = replace
        self._is_windows = visit.device.platform is Platform.WINDOWS
        self._driver = "vpn_connection" if self._is_windows else "vpn"

    def _bring(self) -> None:
        self._vpn = vpn = told(self._variable)
        answer = self._ask("read", **self._looked_for())
        if answer.get("in_the_way"):
            raise Refused(line(answer["in_the_way"]))
        shown = _shown(answer)
        # With the old certificate the tunnel goes on, whatever becomes of the new one.
        self.ready = any(not one["wrong"] for one in shown)
        if self._visit.preview:
            installed = self._is_windows or answer.get("installed") is True  # Windows has what it needs
            self.ready = self.ready and installed and answer.get("trusts") is True
        if vpn.authority.kind == "school":
            self._is_there(shown)
            self._trust(answer, "")
        else:
            self._from_here(answer, shown)

    def _looked_for(self) -> dict:
        """Which certificates a device is asked about, as its module takes it."""
        authority = self._vpn.authority
        certificates = {"authorities": list(authority.certificates)}
        if self._is_windows:
            return {**certificates, "usage": authority.eku, "school": authority.kind == "school"}
        if authority.kind == "school":
            certificates |= {"issuer": authority.issuer, "usage": USAGES.get(authority.eku, authority.eku)}
        return {**certificates, "replace": self._replace}

    def _is_there(self, shown: list) -> None:
        """Look at the certificates of the school's own authority, which Leeboard neither makes nor renews."""
        good = [one for one in shown if not one["wrong"]]
        if not good:
            place = r"LocalMachine\My" if self._is_windows else "/etc/swanctl/x509"
            wrong = shown[0]["wrong"] if shown else f"there is none for {self._vpn.identity} in {place}"
            issuer = plain(self._vpn.authority.issuer, 100)
            raise Refused(f"no certificate of {issuer} can be used ({wrong}); that authority brings it, Leeboard not")
        last = max(one["last"] for one in good)
        ends = datetime.fromtimestamp(last, timezone.utc)
        if (ends - self._now()).days < int(parameters(self._visit.wanted.baseline, self._visit.device)[LATE]):
            self._remark(f"its VPN certificate ends on {day(ends)}, and its authority has not renewed it")

    def _from_here(self, answer: dict, shown: list) -> None:
        """Have this controller's authority sign what is due."""
        from leeboard.authority import roll_out
        from leeboard.authority.certificates import Registered

        visit = self._visit
        device = Registered(visit.device.urn, visit.device.asset, visit.device.platform)
        at = self._now()
        stands = roll_out.standing(visit.var, device, self._vpn, {one["sha256"]: one["wrong"] for one in shown}, at)
        if not stands.due:
            self._trust(answer, stands.revoked)
        elif visit.preview:
            self._changed(stands.due, f"a certificate for {self._vpn.identity}")
            self._remark(f"a VPN certificate for {self._vpn.identity} would be issued ({stands.due})")
        else:
            self._renew(device, stands, at)

    def _renew(self, device, stands, at) -> None:
        from leeboard.authority import certificates

        request = self._ask("request", **self._key(stands)).get("request")
        if not isinstance(request, str):
            raise Refused("the device gave no request for a certificate")
        issued = certificates.issue_device(self._visit.var, device, request.encode("utf-8", "replace"), at)
        answer = self._ask("installed", certificate=issued.chain, **self._trusted(stands.revoked))
        self.ready = self.ready or any(not one["wrong"] for one in _shown(answer))
        made = issued.certificate
        if answer.get("changed"):
            self._changed(stands.due, f"{made.name} until {day(made.ends)}, serial {made.serial}")

    def _trust(self, answer: dict, revoked: str) -> None:
        """Put the authority's certificates and its list where the device takes them, if they are not there."""
        if self._visit.preview:
            changed = answer.get("trusts") is not True
        else:
            changed = self._ask("trusted", **self._trusted(revoked)).get("changed")
        if changed:
            self._changed("not all there", "the authority's certificates")

    def _key(self, stands) -> dict:
        """Which keys the authority takes of a device, as its module is asked: on Linux openssl makes any.

        Not every TPM makes a key on P-384, and one on P-256 that stays in the TPM is better than the other outside.
        """
        return {**self._looked_for(), "curves": list(stands.curves)} if self._is_windows else {}

    def _trusted(self, revoked: str) -> dict:
        """What of the authority the device gets. Windows fetches lists of revoked certificates by itself."""
        if self._is_windows:
            return self._looked_for()
        return {"authorities": list(self._vpn.authority.certificates), "revoked": revoked}

    def _ask(self, state: str, **arguments) -> dict:
        module = WINDOWS_MODULE if self._is_windows else MODULE
        answer = self._answer(module, state, identity=self._vpn.identity, **arguments)
        self.remarks += [f"{self._visit.device.name}: {line(one)}" for one in answers.warnings(answer)]
        return answer

    @staticmethod
    def _now() -> datetime:
        return datetime.now(timezone.utc)


def _shown(answer: dict) -> list:
    """The certificates that a device says it has, as far as that makes sense."""
    listed = answer.get("certificates")
    found = []
    for one in listed[:MOST] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("sha256"), str) or type(one.get("last")) is not int:
            raise Refused("what the device says of its certificates makes no sense")
        last = min(max(one["last"], 0), 253402300799)  # of the year 9999
        found.append({"sha256": one["sha256"], "wrong": line(one.get("wrong") or ""), "last": last})
    return found
