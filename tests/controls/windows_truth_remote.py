"""What a Windows machine of the tests really is, for the family REM, by other means than the drivers.

As in windows_truth.py: registry values from Wine's own reg.exe, the rest from the state files of the stand-ins, numbers
typed from the catalogue for level high.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.windows.certificates import STORE, days_left
from tests.windows.machine import WindowsMachine

from .windows_truth import number

DESKTOP = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
WINRM = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM"
FIREWALL = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
OWN_FIREWALL = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"


def set_to(machine: WindowsMachine, key: str, name: str) -> bool:
    """Whether there is any such value."""
    return machine.reg_query(key, name) is not None


def listeners(machine: WindowsMachine) -> list[str]:
    """The keys of the listeners that are on: those with a port."""
    output = machine.call("reg", "query", SERVER + r"\WinStations").stdout.decode("cp1252", "replace")
    keys = re.findall(r"(?m)^HKEY_LOCAL_MACHINE(\\.*\\WinStations\\[^\\\r\n]+)", output)
    return ["HKLM" + key for key in keys if set_to(machine, "HKLM" + key, "PortNumber")]


def by_listener(machine: WindowsMachine, name: str) -> set[int | None]:
    """What counts for whoever comes in: the policy for all listeners, else what each of them has."""
    if set_to(machine, DESKTOP, name):
        return {number(machine, DESKTOP, name)}
    return {number(machine, key, name) for key in listeners(machine)}


def desktop(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-06: nobody gets in, and whoever did would meet the strongest there is."""
    place = DESKTOP if set_to(machine, DESKTOP, "fDenyTSConnections") else SERVER
    if number(machine, place, "fDenyTSConnections") not in (1, None):
        yield "people get in"
    proof = by_listener(machine, "UserAuthentication")
    if proof - {1}:
        yield f"proof before the desktop is {proof}"
    layer = by_listener(machine, "SecurityLayer")
    if layer != {2}:
        yield f"the security layer is {layer}"
    if by_listener(machine, "MinEncryptionLevel") - {3, 4, None}:
        yield "the encryption is weak"
    if by_listener(machine, "fPromptForPassword") != {1}:
        yield "saved passwords are taken"
    if number(machine, DESKTOP, "fEncryptRPCTraffic") != 1:
        yield "open RPC is answered"


def time_limits(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-07: five minutes and one; a listener's own limit counts only where it is not the account's."""
    tcp = SERVER + r"\WinStations\RDP-Tcp"
    for name, most in {"MaxIdleTime": 300000, "MaxDisconnectionTime": 60000}.items():
        limit = number(machine, DESKTOP, name)
        if not set_to(machine, DESKTOP, name) and number(machine, tcp, f"fInherit{name}") == 0:
            limit = number(machine, tcp, name)
        if limit is None or not 0 < limit <= most:
            yield f"{name} is {limit}"


def copying(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-08: nothing is carried out."""
    for name in ("fDisableCdm", "fDisableClip", "fDisableCcm", "fDisableLPT"):
        if by_listener(machine, name) != {1}:
            yield f"{name} is not 1"
    if number(machine, DESKTOP, "fDisablePNPRedir") != 1:
        yield "devices pass"
    if number(machine, DESKTOP + r"\Client", "DisableCloudClipboardIntegration") != 1:
        yield "the cloud's clipboard takes it"


def help_and_passwords(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-09: no saved passwords, and nobody is helped."""
    if number(machine, DESKTOP, "DisablePasswordSaving") != 1:
        yield "passwords are saved"
    if number(machine, DESKTOP, "fAllowToGetHelp") != 0:  # without the policy people switch it themselves
        yield "help can be asked for"
    if number(machine, DESKTOP, "fAllowUnsolicited") not in (0, None):
        yield "help can be offered"


def management(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-10: policies, else what the service is set to while it runs; a client's own defaults are on."""
    state = machine.state("winrm")
    own = {
        ("Client", "AllowBasic"): state["config"]["Client"]["Auth"]["Basic"],
        ("Client", "AllowDigest"): state["config"]["Client"]["Auth"]["Digest"],
        ("Client", "AllowUnencryptedTraffic"): state["config"]["Client"]["AllowUnencrypted"],
        ("Service", "AllowBasic"): state["config"]["Service"]["Auth"]["Basic"] and state["running"],
        ("Service", "AllowUnencryptedTraffic"): state["config"]["Service"]["AllowUnencrypted"] and state["running"],
    }
    for (side, name), fallback in own.items():
        key = rf"{WINRM}\{side}"
        if (number(machine, key, name) if set_to(machine, key, name) else int(fallback)) != 0:
            yield f"{side} {name} is on"
    if number(machine, WINRM + r"\Service", "DisableRunAs") != 1:
        yield "credentials are stored"
    if state["running"] and any(one["Transport"] == "HTTP" and one["Enabled"] for one in state["listeners"]):
        yield "it listens over HTTP"
    valid = certificate_days(machine)
    for listener in state["listeners"] if state["running"] else ():
        if listener["Transport"] == "HTTPS" and valid.get(listener["CertificateThumbprint"], 0) < 14:
            yield "its certificate ends soon"


def firewall(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-12: on, and closed, on each kind of network; outbound closed where strangers are. Built in: on, in closed.

    Where Leeboard has a rule, it is for the school's network and for nobody else.
    """
    own = {"DomainProfile": "DomainProfile", "PrivateProfile": "StandardProfile", "PublicProfile": "PublicProfile"}
    for profile, local in own.items():
        wanted = {"EnableFirewall": 1, "DefaultInboundAction": 1, "DefaultOutboundAction": 0}
        for name, built_in in wanted.items():
            value = number(machine, rf"{FIREWALL}\{profile}", name)
            if value is None:
                value = number(machine, rf"{OWN_FIREWALL}\{local}", name)
            value = built_in if value is None else value
            if value != 1 and (name, profile) != ("DefaultOutboundAction", "DomainProfile"):
                yield f"{profile} {name} is {value}"
    if number(machine, r"HKLM\SYSTEM\CurrentControlSet\Services\MpsSvc", "Start") != 2:
        yield "the service does not start"
    rule = machine.reg_query(rf"{OWN_FIREWALL}\FirewallRules", "Leeboard-management")
    if rule and re.findall(r"RA[46]=([^|]*)", rule[1]) != ["10.20.0.0/255.255.0.0"]:
        yield f"technicians come from elsewhere: {rule[1]}"


def certificate_days(machine: WindowsMachine) -> dict[str, int]:
    """Days left of each certificate of the machine that has a key, by its fingerprint."""
    output = machine.call("reg", "query", "HKLM\\" + STORE).stdout.decode("cp1252", "replace")
    names = re.findall(r"(?mi)\\Certificates\\([0-9A-F]{40})", output)
    blobs = {name: machine.reg_query(rf"HKLM\{STORE}\{name}", "Blob") for name in names}
    return {name: days_left(bytes.fromhex(blob[1])) for name, blob in blobs.items() if blob is not None}


def phonebooks(machine: WindowsMachine) -> Iterator[dict[str, str]]:
    """The VPN entries of every phonebook on the drive; the keys in small letters, the first of each counts."""
    for path in [path for path in machine.drive.rglob("*") if path.name.lower() == "rasphone.pbk"]:
        for entry in re.split(r"(?m)^(?=\[)", path.read_text(encoding="utf-8")):
            pairs = [line.partition("=")[::2] for line in entry.splitlines() if "=" in line]
            values = {key.strip().lower(): value.strip() for key, value in reversed(pairs)}
            if values.get("type") == "2":
                yield values


def vpn_protocols(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-01: IKEv2 only (7), to the school's gateway."""
    for entry in phonebooks(machine):
        if entry["vpnstrategy"] != "7" or entry["phonenumber"].lower() != "vpn.lab.example":
            yield f"strategy {entry['vpnstrategy']} to {entry['phonenumber']}"


def vpn_suites(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-02: SHA-384, AES-256-GCM, ECP-384 and again for the traffic, its group the same or that of the exchange."""
    for entry in phonebooks(machine):
        numbers = bytes.fromhex(entry.get("customipsecpolicies", ""))[::4]
        if entry["vpnstrategy"] == "7" and numbers not in (bytes((3, 6, 5, 8, 5, 5)), bytes((3, 6, 5, 8, 5, 6))):
            yield f"the numbers are {list(numbers)}"


def vpn_proof(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-03: a machine's certificate (2048), or EAP (128) with TLS (13), and nothing beside it."""
    for entry in phonebooks(machine):
        if (entry["authrestrictions"], entry["customauthkey"]) not in (("2048", "0"), ("128", "13")):
            yield f"it proves itself with {entry['authrestrictions']}, EAP {entry['customauthkey']}"
    if max(certificate_days(machine).values(), default=0) < 14:
        yield "there is no certificate for it"


def vpn_tunnels(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-04: all goes through, and nothing is kept."""
    for entry in phonebooks(machine):
        if entry["ipprioritizeremote"] != "1" or entry["ipv6prioritizeremote"] != "1":
            yield "some goes past the tunnel"
        if entry["cachecredentials"] != "0" or entry["presharedkey"]:
            yield "something is kept"


TRUTHS: dict[str, Callable[[WindowsMachine, str], Iterator[str]]] = {
    "REM-01": vpn_protocols,
    "REM-02": vpn_suites,
    "REM-03": vpn_proof,
    "REM-04": vpn_tunnels,
    "REM-06": desktop,
    "REM-07": time_limits,
    "REM-08": copying,
    "REM-09": help_and_passwords,
    "REM-10": management,
    "REM-12": firewall,
}
