"""A Windows machine for the proof: brought to the baseline, broken, visited, mended, and asked for the truth.

As on Linux (harness.py), a visit here is the device code itself, judged outside: the same code as a nightly check
without Ansible around it, which would cost seconds for each of the scripts. tests/windows/test_roll_out.py goes the
whole way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from leeboard.escrow.disks.readings import asked_of_device
from leeboard.model.device import Device, device
from leeboard.model.enums import Platform
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation, parse
from leeboard.planning.plan import Step, plan
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict import device_clock
from leeboard.verdict.evaluate import evaluate
from tests.windows import certificates, clean
from tests.windows.firewall_device import WAY
from tests.windows.machine import WindowsMachine

from . import windows_truth, windows_truth_remote
from .scripts import FOLDER
from .windows_scripts import WindowsScript

FAMILIES = ("LCK", "LBL", "AUD", "FWD", "REM")
MOST_ROUNDS = 4
TOKEN = "proof"  # of the checkpoint, which the proof arms and confirms itself
COLLECTOR = "https://wec.school.example:5986/wsman/SubscriptionManager/WEC"
FORWARDING = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager"
# The collector as it was before it had a certificate; who signs those of devices only a person can say.
OLD_COLLECTOR = f"Server={COLLECTOR.replace('https', 'http').replace('5986', '5985')},Refresh=60,IssuerCA={'0a' * 20}"
TRANSCRIPTS = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\Transcription"
ENFORCED = "enforced"
TRUTHS = {**windows_truth.TRUTHS, **windows_truth_remote.TRUTHS}
# A script that ends with an error must not pass for one that broke something.
STRICT = "$PSNativeCommandUseErrorActionPreference = $true; $ErrorActionPreference = 'Stop'\n"
# The school's VPN, as its remedies have it.
VPN = """
Add-VpnConnection School vpn.lab.example -TunnelType Ikev2 -AuthenticationMethod MachineCertificate -AllUserConnection
$policy = @{
    AuthenticationTransformConstants = 'GCMAES256'; CipherTransformConstants = 'GCMAES256'; DHGroup = 'ECP384'
    EncryptionMethod = 'GCMAES256'; IntegrityCheckMethod = 'SHA384'; PfsGroup = 'ECP384'
}
Set-VpnConnectionIPsecConfiguration School @policy -AllUserConnection
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a script: verdicts that changed, what is truly wrong by control, and verdicts after a roll-out."""

    changed: dict[str, str]
    wrong: dict[str, list[str]]
    words: str
    mended: dict[str, str]
    mended_words: str


class WindowsProof:
    """An office laptop at level high, on which smart cards and the school's VPN are used."""

    snapshot = ENFORCED  # what it is brought back to before each pass
    run = "proof"  # the id of its roll-outs, by which the device keeps a journal

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine = machine
        self.addresses = asked_of_device(load(), Platform.WINDOWS)
        machine.run(STRICT + VPN)
        machine.reg_add(r"HKLM\SOFTWARE\Microsoft\Cryptography\Calais\Readers\Example", "Device", "REG_SZ", "EX0")
        # Reported on only: where transcripts go is a school's own decision.
        machine.reg_add(TRANSCRIPTS, "EnableTranscripting", "REG_DWORD", 1)
        machine.reg_add(FORWARDING, "1", "REG_SZ", OLD_COLLECTOR)
        with machine.changing("cim") as state:
            homes = {"Name": "Homes", "Path": r"C:\Homes", "Type": 0, "Description": ""}
            state["namespaces"]["root\\cimv2"]["Win32_Share"].append(homes)
        with machine.changing("eventlog") as state:
            log = "Microsoft-Windows-Forwarding"
            event = {"log": f"{log}/Operational", "provider": log, "id": 104, "at": "-2", "data": ""}
            state["events"].append(event)
        # Services are only reported on, so they were switched on by hand as their findings say. Wine has none of these:
        # the program of another one stands in for them, so that something of that name starts and runs.
        certificate = certificates.issue(days=365)
        with machine.hives() as hives:
            key = certificates.STORE + "\\" + certificates.thumbprint(certificate)
            hives["system"].set(key, "Blob", certificates.blob(certificate), "binary")
            for service in ("SCPolicySvc", "MpsSvc", "WinRM"):
                key = clean.SERVICES + "\\" + service
                for name, data in {"Start": 2, "Type": 16, "ErrorControl": 1, "ObjectName": "LocalSystem"}.items():
                    hives["system"].set(key, name, data)
                hives["system"].set(key, "ImagePath", r"C:\windows\system32\spoolsv.exe", "expand_string")

    def device(self, level: str = "", role: str = "") -> Device:
        """The machine as an inventory describes it, at another level or in another role if one is given."""
        inventory = {
            "leeboard_asset": "LAB-WINDOWS", "leeboard_urn": "900003", "leeboard_school": "Lab School",
            "leeboard_platform": "windows", "leeboard_form": "portable", "leeboard_enforce": list(FAMILIES),
            "leeboard_level": level or "high", "leeboard_role": role or "office",
            "leeboard_vpn_gateways": "vpn.lab.example",
            "leeboard_management_networks": "10.20.0.0/16",
            "leeboard_event_collector": COLLECTOR,
        }  # fmt: skip
        return device("lab", inventory, tuple(load().parameters))

    def wanted(self, level: str = "", role: str = "") -> Wanted:
        """What the baseline wants of it."""
        return resolve(load(), self.device(level, role))

    def visit(self) -> Observation:
        """Everything that a nightly check asks of the machine."""
        asked_at, answer = datetime.now(UTC), self.machine.visit(self.addresses)
        seen = parse(answer)
        return seen.with_reading(device_clock.reading(seen, asked_at, datetime.now(UTC)))

    def findings(self, observation: Observation, level: str = "", role: str = "") -> dict[str, Finding]:
        """What the brain makes of an observation, by control."""
        return {
            finding.control: finding
            for finding in evaluate(self.wanted(level, role), observation, observation.observed_at)
        }

    def mend(self, level: str = "", role: str = "") -> tuple[Observation, bool]:
        """Plan and apply until nothing is left, as the action `enforce` does it. True when anything was changed."""
        wanted, changed = self.wanted(level, role), False
        observation = self.visit()
        for _round in range(MOST_ROUNDS):
            steps = plan(wanted, observation, FAMILIES, observation.observed_at)
            done = [
                self.apply(step.driver, [change.as_argument() for change in step.changes])
                for step in steps
                if step.risk != "cut_off"
            ]
            done += self.under_checkpoint([step for step in steps if step.risk == "cut_off"])
            if not any(change["changed"] for change in done):
                break
            changed = True
            observation = self.visit()
        return observation, changed

    def by_hand(self) -> None:
        """What a technician does beside a roll-out, since Leeboard only reports it."""
        self.machine.run(STRICT + (FOLDER / "remote_by_hand.ps1").read_text(encoding="utf-8"))

    def apply(self, driver: str, changes: list[dict[str, Any]]) -> dict[str, Any]:
        """One step of a roll-out."""
        outcome: dict[str, Any] = self.machine.apply(driver, changes, run_id=self.run)
        return outcome

    def under_checkpoint(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        """Steps that could cut off: armed, made, and confirmed."""
        if not steps:
            return []
        about = [{"driver": step.driver, "settings": [one.as_argument() for one in step.changes]} for step in steps]
        script = (
            "$cover = Get-LeeboardCover -Steps $arguments.about; if ($cover.LeftOut.Count) { throw 'left out' }; "
            "Enable-LeeboardCheckpoint -RunId $arguments.run -By proof -TokenDigest $arguments.digest "
            "-Covers $cover.Covers"
        )
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        assert self.machine.run(script, timeout=240, about=about, digest=digest, run=self.run)["state"] == "armed"
        self.machine.run(WAY % "10.20.0.9")  # nobody comes to Wine by WinRM
        done = [self.apply(one["driver"], one["settings"]) for one in about]
        self.machine.run("Confirm-LeeboardCheckpoint -Token $arguments.token", timeout=120, token=TOKEN)
        return done

    def truth(self, control: str, role: str = "") -> list[str]:
        """What is truly wrong with a control."""
        return list(TRUTHS[control](self.machine, role))

    def restart(self) -> None:
        """Switch the machine off and on."""
        self.machine.restart()

    def look(self, scripts: Sequence[WindowsScript], baseline: Observation) -> Outcome:
        """Restore, run scripts of one level and role, visit, and ask for the truth."""
        level, role = scripts[0].level, scripts[0].role
        self.machine.restore(self.snapshot)
        for script in scripts:
            self.machine.run(STRICT + script.text)
            if script.restart:
                self.restart()
        before = verdicts(self.findings(baseline, level, role))
        findings = self.findings(self.visit(), level, role)
        changed = {control: verdict for control, verdict in verdicts(findings).items() if verdict != before[control]}
        controls = {control for script in scripts for control in (script.control, *script.flips)}
        wrong = {control: self.truth(control, role) for control in controls}
        return Outcome(changed, wrong, wrong_lines(findings), {}, "")

    def try_out(self, scripts: Sequence[WindowsScript], baseline: Observation) -> Outcome:
        """Look at what scripts did, mend it, and visit again."""
        seen = self.look(scripts, baseline)
        level, role = scripts[0].level, scripts[0].role
        mended = self.findings(self.mend(level, role)[0], level, role)
        return replace(seen, mended=verdicts(mended), mended_words=wrong_lines(mended))


def verdicts(findings: dict[str, Finding]) -> dict[str, str]:
    """Control and verdict, as plain text."""
    return {control: str(finding.verdict) for control, finding in findings.items()}


def wrong_lines(findings: dict[str, Finding]) -> str:
    """What was found wrong, in lines for a failing test's message."""
    return "\n".join(
        f"{finding.control} {finding.verdict}: {result.setting} is {result.seen!r} from {result.source!r}; "
        f"{result.reason}"
        for finding in findings.values()
        for result in finding.judged
        if str(result.verdict) not in ("compliant", "not_applicable")
    )
