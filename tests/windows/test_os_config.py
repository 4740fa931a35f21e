"""A Windows machine that OSConfig or DSC keeps to a configuration: whose a value is, and that it is left alone.

The documents lie as exports of the registry show them (support documents on Endpoint Privilege Management, whose
documents lie in the same place); that those of OSConfig have their scenario in `osconfigscenario` is recalled.
"""

from __future__ import annotations

import json
from typing import Any

from leeboard.model.observation import Found, Observation, parse
from leeboard.planning.authorities import authorities
from leeboard.planning.plan import plan
from tests.controls.windows_proof import WindowsProof

from .intune import POLICY_MANAGER
from .machine import REPOSITORY, WindowsMachine

AUTHORITY = "{00000001-0000-4000-8000-00000000000F}"  # Local Authority, as Windows ships it (clean.py)
DOCUMENT = (
    rf"SOFTWARE\Microsoft\DeclaredConfiguration\HostOS\Config\enrollments\{AUTHORITY}\Device\state"
    r"\5B1A1C5E-0000-4000-8000-0000000000D0\1\raw"
)
SCENARIO = "SecurityBaseline/WS2025/MemberServer"
WORDS = f"OSConfig ({SCENARIO})"
DESKTOP = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
LIMIT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System:InactivityTimeoutSecs"


def declare(machine: WindowsMachine) -> None:
    """Give the machine the baseline of a member server, whose values are weaker than ours here and there."""
    with machine.hives() as hives:
        hive = hives["system"]
        hive.set(DOCUMENT, "osconfigscenario", SCENARIO)
        hive.set(DOCUMENT, "osdefinedscenario", "")
        area = rf"{POLICY_MANAGER}\current\device\LocalPoliciesSecurityOptions"
        hive.set(area, "InteractiveLogon_MachineInactivityLimit", 1800)
        hive.set(area, "InteractiveLogon_MachineInactivityLimit_ProviderSet", 1)
        hive.set(area, "InteractiveLogon_MachineInactivityLimit_WinningProvider", AUTHORITY.strip("{}"))
    machine.reg_add(DESKTOP, "fPromptForPassword", "REG_DWORD", 0)


def seen(proof: WindowsProof) -> Observation:
    """A visit about what the baseline of a server has, and what is beside it."""
    return parse(proof.machine.visit({name: proof.addresses[name] for name in ("registry", "remote_desktop")}))


def test_what_osconfig_sets_is_its_own_and_no_roll_out_writes_against_it(machine: WindowsMachine) -> None:
    declare(machine)
    proof = WindowsProof(machine)
    observation = seen(proof)
    readings = {one.address: one for one in observation.readings}

    assert readings["fPromptForPassword"].owner == WORDS and readings[LIMIT].owner == WORDS
    limit = readings[LIMIT].effective
    assert isinstance(limit, Found) and limit.value == 1800 and "PolicyManager" in limit.source
    # A setting of the scenario that is not there is nobody's, and no other setting is.
    assert readings["fEncryptRPCTraffic"].owner == readings["SecurityLayer"].owner == ""

    finding = proof.findings(observation, "high")["REM-06"]
    judged = {one.setting: one for one in finding.judged}
    assert f"{WORDS} sets this, and would set it again" in judged["prompt"].reason
    steps = plan(proof.wanted("high"), observation, ("REM", "LCK"), observation.observed_at)
    planned = {change.address for step in steps for change in step.changes}
    assert "fEncryptRPCTraffic" in planned
    assert not planned & {"fPromptForPassword", LIMIT}
    assert not observation.facts["mdm_enrolled"].value  # type: ignore[union-attr]
    assert authorities(observation) == (
        f"OSConfig keeps this device to {SCENARIO}: what it sets is its own and is left alone; change it there",
    )


def test_dsc_is_told_by_its_document(machine: WindowsMachine) -> None:
    proof = WindowsProof(machine)
    assert authorities(seen(proof)) == ()
    folder = machine.path(r"C:\windows\system32") / "Configuration"
    folder.mkdir()
    (folder / "Current.mof").write_bytes(b"encrypted")
    assert [one.split(" ")[0] for one in authorities(seen(proof))] == ["DSC"]


def asked(machine: WindowsMachine) -> dict[str, Any]:
    """What the acceptance playbook asks of it."""
    script = REPOSITORY / "playbooks" / "files" / "windows_acceptance_facts.ps1"
    found: dict[str, Any] = json.loads(machine.run(script.read_text(encoding="ascii")))
    return found


def test_the_acceptance_playbook_shows_how_the_documents_lie_and_whose_policies_won(machine: WindowsMachine) -> None:
    declare(machine)
    found = asked(machine)["os_config"]
    below = r"\HostOS\Config\enrollments\{{id}}\Device\state\{id}\1\raw"
    assert f"{below}:osconfigscenario String = {SCENARIO}" in found["documents"]
    assert f"{below}:osdefinedscenario String" in found["documents"]
    assert found["winners"] == ["LocalPoliciesSecurityOptions: a document, 1"]
    assert AUTHORITY.strip("{}") not in json.dumps(found), "ids are replaced"


def test_the_acceptance_playbook_shows_which_documents_dsc_has_and_what_its_service_says(
    machine: WindowsMachine,
) -> None:
    assert asked(machine)["dsc"]["documents"] == []
    folder = machine.path(r"C:\windows\system32") / "Configuration"
    folder.mkdir()
    (folder / "Current.mof").write_bytes(b"encrypted")
    dsc = asked(machine)["dsc"]
    assert dsc["documents"] == ["Current.mof"]
    assert "CommandNotFoundException" in dsc["service"], (
        "Wine has no such service, and the rest is answered all the same"
    )
