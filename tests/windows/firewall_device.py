"""A machine whose firewall lets everybody in, managed by WinRM over HTTPS, and what is done to it under a checkpoint.

The truth is read with reg.exe. The way that we came by is told to the device code (`WAY`): nobody comes to Wine by
WinRM.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from . import checkpoint_steps
from .machine import WindowsMachine
from .task_service import TaskService

OWN = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
RULES = OWN + r"\FirewallRules"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
MANAGEMENT = "Leeboard-management"
STRANGER = "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445|Name=a teacher's share|"
NETWORKS = "10.20.0.0/16 2001:db8:5::/48"
RULE = (
    "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5986|RA4=10.20.0.0/255.255.0.0|RA6=2001:db8:5::/48|"
    f"Name={MANAGEMENT}|EmbedCtxt=Leeboard|"
)
WAY = """
& (Get-Module OwnWay) {
    function script:Get-Connection { @{ Port = $arguments.port; From = $arguments.from_ } }
    function script:Test-Basic { $false }
}
""".replace("$arguments.port", "5986").replace("$arguments.from_", "'%s'")


class Device:
    """A machine whose firewall was switched off, and which is managed by WinRM over HTTPS."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine, self.tasks = machine, TaskService(machine)

    def reset(self) -> None:
        """As before all of it."""
        checkpoint_steps.forget(self.machine, self.tasks)
        for key in (RULES, POLICY):
            self.machine.call("reg", "delete", key, "/f")
        for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
            self.machine.reg_add(rf"{OWN}\{profile}", "EnableFirewall", "REG_DWORD", 0)
            self.machine.reg_add(rf"{OWN}\{profile}", "DefaultInboundAction", "REG_DWORD", 0)
        self.machine.reg_add(RULES, "teacher", "REG_SZ", STRANGER)
        with self.machine.changing("winrm") as state:
            state["running"] = True
            state["listeners"] = [
                {"Address": "*", "Transport": "HTTPS", "Port": 5986, "Enabled": True, "CertificateThumbprint": "AB"}
            ]
        self.come_from("10.20.0.9")

    def come_from(self, address: str, port: int = 5986) -> None:
        """From where whoever changes it comes, and to which port."""
        self.machine.run(WAY.replace("5986", str(port)) % address)

    def listen_over_http(self) -> None:
        """As winrm quickconfig leaves it: a listener over HTTP as well."""
        plain = {"Address": "*", "Transport": "HTTP", "Port": 5985, "Enabled": True, "CertificateThumbprint": ""}
        with self.machine.changing("winrm") as state:
            state["listeners"].append(plain)

    def arm(self, changes: Sequence[dict[str, Any]], run: str = "run-1", driver: str = "firewall_profile") -> Any:
        """A checkpoint about changes."""
        script = (
            "Reset-LeeboardCache; $cover = Get-LeeboardCover -Steps $arguments.steps; "
            "if ($cover.LeftOut.Count) { throw [string]@($cover.LeftOut.Values)[0] }; Enable-LeeboardCheckpoint "
            "-RunId $arguments.run -By 'ada on desk' -TokenDigest $arguments.digest -Covers $cover.Covers"
        )
        steps = [{"driver": driver, "settings": changes}]
        digest = hashlib.sha256(checkpoint_steps.TOKEN.encode()).hexdigest()
        return self.machine.run(script, timeout=300, steps=steps, run=run, digest=digest)

    def change(
        self,
        changes: Sequence[dict[str, Any]],
        *,
        check: bool = False,
        run: str = "run-1",
        driver: str = "firewall_profile",
    ) -> Any:
        """Make them."""
        return self.machine.apply(driver, list(changes), run_id=run, check=check)

    def confirm(self) -> Any:
        """Confirm the checkpoint."""
        return checkpoint_steps.confirm(self.machine)

    def late(self) -> None:
        """Let the time of the checkpoint be over."""
        checkpoint_steps.let_time_be_over(self.machine)

    def state(self) -> str:
        """The state, from the disk."""
        return checkpoint_steps.state(self.machine)

    def left(self) -> str:
        """What the script could not put back."""
        path = self.machine.path(checkpoint_steps.FOLDER + r"\left")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def firewall(self) -> dict[str, Any]:
        """The whole of the machine's own store, as reg.exe has it."""
        output = self.machine.call("reg", "query", OWN, "/s").stdout.decode("cp1252", "replace")
        lines = [line.strip() for line in output.splitlines() if line.startswith("    ")]
        return {"rules": sorted(line for line in lines if "|Dir=" in line), "all": sorted(lines)}

    def rule(self, name: str = MANAGEMENT) -> Any:
        """A rule, as reg.exe has it."""
        found = self.machine.reg_query(RULES, name)
        return found and found[1]

    def closed(self) -> list[Any]:
        """The numbers of the three profiles."""
        names = [(key, name) for key in ("DomainProfile", "StandardProfile", "PublicProfile")
                 for name in ("EnableFirewall", "DefaultInboundAction")]  # fmt: skip
        return [(self.machine.reg_query(rf"{OWN}\{key}", name) or ("", "none"))[1][-1:] for key, name in names]


def wish(**others: str) -> list[dict[str, Any]]:
    """What a roll-out asks for on this machine."""
    words = {"management": NETWORKS, "openings": "tcp:443 udp:5000-5010@10.20.0.0/16", **others}
    profiles = {f"{one}:{name}": value for one in ("Domain", "Private", "Public")
                for name, value in (("Enabled", "True"), ("DefaultInboundAction", "Block"))}  # fmt: skip
    return [{"address": address, "value": value} for address, value in {**words, **profiles}.items()]
