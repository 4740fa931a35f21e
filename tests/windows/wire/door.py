"""Whether somebody who is not signed in yet would get in to a Windows machine by WinRM, by what it is at this moment.

It shares no parser and no constant with the device code. What it asks, and where it stands:

    service      the registry: not disabled
    listener     the stand-in's state: one on this port that is on, over HTTPS for 5986 and HTTP for 5985
    firewall     the registry, policy before the machine's own: off, or open, or a rule for this port and address
    certificate  the registry's store: the listener's is there with its key, and a client believes it
    sign-in      the policy of WinRM, else its configuration: whether Basic is let in, for whoever comes by it
    user rights  the stand-in of the security policy: SeNetworkLogonRight, and SeDenyNetworkLogonRight before it
    account      its state (accounts.py): switched on, and a member of Administrators

Sources: Microsoft, Account Rights Constants; [MS-LSAD] 2.2.1.2, that a denial supersedes the right;
MicrosoftDocs/win32, desktop-src/WinRM, that it lets administrators alone in. That a sign-in by Basic needs the right as
well is recalled.

What it cannot show: NTLM, Kerberos, the filtering of tokens of local administrators, accounts of a domain with groups
in groups, lists of revoked certificates, and when Windows takes each of these over.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.windows import accounts
from tests.windows.machine import WindowsMachine

from . import listener_certificate
from .server import Endpoint

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
FIREWALL = SERVICES + r"\SharedAccess\Parameters\FirewallPolicy"
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
TRANSPORTS = {5985: "HTTP", 5986: "HTTPS"}


@dataclass(frozen=True)
class Door:
    """The way in from one address, on a network that Windows takes for a public one."""

    machine: WindowsMachine
    address: str = "10.20.0.9"
    basic: bool = True
    port: int = 5986
    account: str = accounts.TECHNICIAN

    def shut(self) -> str:
        """Why nobody gets in; an empty text where one does."""
        return next(self._ways(), "") or self._certificate() or next(self._sign_in(), "")

    def guard(self, endpoint: Endpoint) -> None:
        """Let an endpoint ask the machine anew for each connection, as the service would; one connection at a time."""
        turn = threading.Lock()

        def lets_in() -> bool:
            with turn:
                return not next(self._ways(), "")

        def answers_with() -> ssl.SSLContext:
            with turn:
                return listener_certificate.context(self.machine, self._thumbprint())

        def signs_in() -> bool:
            with turn:
                return not next(self._sign_in(), "")

        endpoint.lets_in, endpoint.answers_with, endpoint.signs_in = lets_in, answers_with, signs_in

    def _ways(self) -> Iterator[str]:
        """What keeps a connection from being taken."""
        if self._number(SERVICES + r"\WinRM", "Start") == 4:
            yield "the service is disabled"
        if not self._listeners():
            yield "nothing listens"
        if self._profile("EnableFirewall", 1) and self._profile("DefaultInboundAction", 1) and not any(self._rules()):
            yield "no rule lets this address in"

    def _certificate(self) -> str:
        return listener_certificate.refusal(self.machine, self._thumbprint()) if self.port == 5986 else ""

    def _sign_in(self) -> Iterator[str]:
        """What keeps the account out, once it is connected."""
        allowed = self._number(POLICIES + r"\Windows\WinRM\Service", "AllowBasic")
        if allowed is None:
            allowed = int(self.machine.state("winrm")["config"]["Service"]["Auth"]["Basic"])
        if self.basic and not allowed:
            yield "Basic is off"
        if not accounts.is_enabled(self.machine, self.account):
            yield "the account is switched off"
        token = accounts.token(self.machine, self.account)
        if token & self._holders("SeDenyNetworkLogonRight"):
            yield "the account is denied access from the network"
        if not token & self._holders("SeNetworkLogonRight"):
            yield "the account has no access from the network"
        if accounts.ADMINISTRATORS not in token:
            yield "the account is no administrator"

    def _holders(self, right: str) -> set[str]:
        """The SIDs that have a right, as the security policy has them at this moment."""
        return {one.removeprefix("*") for one in self.machine.state("secedit")["Privilege Rights"].get(right, [])}

    def _listeners(self) -> list[dict[str, Any]]:
        return [
            one
            for one in self.machine.state("winrm")["listeners"]
            if one["Transport"] == TRANSPORTS[self.port] and one["Port"] == self.port and one["Enabled"]
        ]

    def _thumbprint(self) -> str:
        return next((one["CertificateThumbprint"] for one in self._listeners()), "")

    def _number(self, key: str, name: str) -> int | None:
        found = self.machine.reg_query(key, name)
        return int(found[1], 16) if found and found[0] == "REG_DWORD" else None

    def _profile(self, name: str, built_in: int) -> int:
        for key in (POLICIES + r"\WindowsFirewall\PublicProfile", FIREWALL + r"\PublicProfile"):
            number = self._number(key, name)
            if number is not None:
                return number
        return built_in

    def _rules(self) -> Iterator[bool]:
        """Whether each rule that is on lets us in."""
        stores = [POLICIES + r"\WindowsFirewall\FirewallRules"]
        if self._number(POLICIES + r"\WindowsFirewall\PublicProfile", "AllowLocalPolicyMerge") != 0:
            stores.append(FIREWALL + r"\FirewallRules")
        for store in stores:
            text = self.machine.call("reg", "query", store).stdout.decode("cp1252", "replace")
            for rule in re.findall(r"v2\.[0-9]+(\|[^\r\n]*)", text):
                yield self._lets_in(rule)

    def _lets_in(self, rule: str) -> bool:
        if not all(f"|{part}|" in rule for part in ("Action=Allow", "Active=TRUE", "Dir=In")) or "|App=" in rule:
            return False
        profiles = re.findall(r"\|Profile=(\w+)", rule)
        ports = re.findall(r"\|LPort(?:2_10)?=([0-9-]+)", rule)
        sources = [ipaddress.ip_network(one) for one in re.findall(r"\|RA[46]=([^|]+)", rule)]
        here = ipaddress.ip_address(self.address)
        return (
            (not profiles or "Public" in profiles)
            and ("|Protocol=6|" in rule or "|Protocol=" not in rule)
            and (not ports or any(int(one.split("-")[0]) <= self.port <= int(one.split("-")[-1]) for one in ports))
            and (not sources or any(here in one for one in sources if one.version == here.version))
        )
