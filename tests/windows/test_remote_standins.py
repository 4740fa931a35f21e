"""The stand-ins for remote access do what the documentation says: WinRM, Windows Firewall, VPN connections."""

from __future__ import annotations

from typing import Any

import pytest

from .machine import WindowsMachine
from .shell import PowerShellError

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
STRICT = "$ErrorActionPreference = 'Stop'\n"


def winrm(machine: WindowsMachine, path: str) -> list[str]:
    """Text and Source of an element of the service's configuration."""
    found: list[str] = machine.run(
        STRICT + "$config = Get-WSManInstance winrm/config\n"
        "$found = $config.SelectSingleNode($arguments.path)\n$found.InnerText, $found.GetAttribute('Source')",
        path="/".join(f"*[local-name()='{step}']" for step in path.split("/")),
    )
    return found


def fault(machine: WindowsMachine, script: str) -> dict[str, Any]:
    """How a script ends."""
    with pytest.raises(PowerShellError) as caught:
        machine.run(STRICT + script)
    return caught.value.details


def test_winrm_that_does_not_run_answers_nobody(one: WindowsMachine) -> None:
    details = fault(one, "Get-WSManInstance winrm/config")
    assert 'Code="2150858770"' in details["message"]
    assert details["type"] == "System.InvalidOperationException"
    assert 'Code="2150858770"' in fault(one, "Get-WSManInstance winrm/config/listener -Enumerate")["message"]


def test_quick_configuration_starts_it_over_http_and_listeners_come_and_go(one: WindowsMachine) -> None:
    one.run(STRICT + "Set-WSManQuickConfig -Force; Set-WSManQuickConfig -Force")
    shown = (
        "@(Get-WSManInstance winrm/config/listener -Enumerate | ForEach-Object { $_.Transport + $_.Port + $_.Enabled })"
    )
    assert one.run(STRICT + shown) == "HTTP5985true"
    one.run(STRICT + "New-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'https' }")
    assert one.run(STRICT + shown) == ["HTTP5985true", "HTTPS5986true"]
    again = "New-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTPS' }"
    assert "Code=" in fault(one, again)["message"]
    plain = "winrm/config/listener -SelectorSet @{ Address = '*'; Transport = 'HTTP' }"
    one.run(STRICT + f"$null = Set-WSManInstance {plain} -ValueSet @{{ Enabled = 'false' }}")
    assert one.run(STRICT + shown) == ["HTTP5985false", "HTTPS5986true"]
    assert one.run(STRICT + f"(Get-WSManInstance {plain}).Enabled") == "false"
    assert "Code=" in fault(one, f"Get-WSManInstance {plain.replace('*', '10.0.0.1')}")["message"]
    one.run(STRICT + "Remove-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTP' }")
    assert one.run(STRICT + shown) == "HTTPS5986true"


def test_a_policy_wins_shows_itself_and_cannot_be_set_against(one: WindowsMachine) -> None:
    one.run(STRICT + "Set-WSManQuickConfig -Force")
    basic = "Set-WSManInstance winrm/config/service/auth -ValueSet @{ Basic = 'true' }"
    assert winrm(one, "Service/Auth/Basic") == ["false", ""]
    one.run(STRICT + basic)
    assert winrm(one, "Service/Auth/Basic") == ["true", ""]
    one.reg_add(POLICY, "AllowBasic", "REG_DWORD", 0)
    try:
        assert winrm(one, "Service/Auth/Basic") == ["false", "GPO"]
        assert "policies" in fault(one, basic)["message"]
        with one.changing("winrm") as state:
            state["policy"] = "waiting"
        assert winrm(one, "Service/Auth/Basic") == ["true", ""]
    finally:
        one.reg_delete(POLICY)
    assert winrm(one, "Client/Auth/Digest") == ["true", ""]


def test_winrm_misbehaves_on_wish(one: WindowsMachine) -> None:
    with one.changing("winrm") as state:
        state["running"], state["behaviour"] = True, {"mode": "denied"}
    assert 'Code="5"' in fault(one, "Get-WSManInstance winrm/config")["message"]
    with one.changing("winrm") as state:
        state["behaviour"] = {"mode": "rubbish"}
    assert one.run("Get-WSManInstance winrm/config") == "rubbish"


FIREWALL = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile"


def firewall(machine: WindowsMachine, store: str) -> list[str]:
    """What a store says of public networks."""
    script = "$one = Get-NetFirewallProfile -Name Public -PolicyStore $arguments.store\n"
    found: list[str] = machine.run(
        STRICT
        + script
        + '$one.Enabled, $one.DefaultInboundAction, $one.DefaultOutboundAction | ForEach-Object { "$_" }',
        store=store,
    )
    return found


def test_the_active_store_is_the_sum_of_all(one: WindowsMachine) -> None:
    assert firewall(one, "PersistentStore") == ["True", "NotConfigured", "NotConfigured"]
    assert firewall(one, "ActiveStore") == ["True", "Block", "Allow"]
    one.run(STRICT + "Set-NetFirewallProfile -Name Public -Enabled False -DefaultInboundAction Allow")
    assert firewall(one, "ActiveStore") == ["False", "Allow", "Allow"]
    assert firewall(one, "PersistentStore") == ["False", "Allow", "NotConfigured"]
    one.reg_add(FIREWALL, "EnableFirewall", "REG_DWORD", 1)
    try:
        assert firewall(one, "ActiveStore") == ["True", "Allow", "Allow"]
        assert firewall(one, "PersistentStore")[0] == "False"
    finally:
        one.reg_delete(FIREWALL)
        one.run(STRICT + "Set-NetFirewallProfile -Name Public -Enabled True -DefaultInboundAction Block")


def test_words_are_only_where_the_module_is(one: WindowsMachine) -> None:
    """A runspace into which the module was not imported has the numbers, and not the words of its types file."""
    script = """
        function Get-Shown([object]$Given) {
            $shell = [powershell]::Create()
            if ($null -eq $Given) {
                [void]$shell.AddScript('($one = Get-NetFirewallProfile Public -PolicyStore ActiveStore).Enabled; $one')
            } else {
                [void]$shell.AddScript('$args[0].Enabled; $args[0].DefaultInboundAction').AddArgument($Given)
            }
            $shell.Invoke()
        }
        $word, $profile_ = Get-Shown
        $word; Get-Shown $profile_; $profile_.CimInstanceProperties['Enabled'].Value
    """
    assert one.run(STRICT + script) == ["True", 1, 4, 1]


def book(machine: WindowsMachine) -> str:
    """The machine's phonebook."""
    return machine.path(r"C:\ProgramData\Microsoft\Network\Connections\Pbk\rasphone.pbk").read_text(encoding="utf-8")


def test_vpn_cmdlets_write_what_windows_wrote(one: WindowsMachine) -> None:
    one.run(
        STRICT + "Add-VpnConnection School vpn.example -TunnelType Ikev2 -AuthenticationMethod Eap -AllUserConnection"
    )
    try:
        one.run(
            STRICT + "Set-VpnConnectionIPsecConfiguration School -AllUserConnection -Force "
            "-AuthenticationTransformConstants SHA256128 -CipherTransformConstants AES256 -EncryptionMethod AES256 "
            "-IntegrityCheckMethod SHA256 -DHGroup Group14 -PfsGroup None"
        )
        text = book(one)
        # As a public project captured it from a Windows 11, for these very arguments.
        assert "CustomIPSecPolicies=020000000400000003000000050000000200000000000000" in text
        for line in (
            "[School]",
            "VpnStrategy=7",
            "AuthRestrictions=128",
            "CustomAuthKey=26",
            "PhoneNumber=vpn.example",
        ):
            assert line in text.splitlines()
        one.run(STRICT + "Set-VpnConnection School -SplitTunneling $true -RememberCredential $true -AllUserConnection")
        lines = book(one).splitlines()
        assert {"IpPrioritizeRemote=0", "Ipv6PrioritizeRemote=0", "CacheCredentials=1"} <= set(lines)
        one.run(STRICT + "Set-VpnConnectionIPsecConfiguration School -RevertToDefault -AllUserConnection")
        assert "NumCustomPolicy=0" in book(one) and "CustomIPSecPolicies" not in book(one)
        assert "already" in fault(one, "Add-VpnConnection School x -AllUserConnection")["message"]
    finally:
        one.run(STRICT + "Remove-VpnConnection School -AllUserConnection -Force")
    assert "[School]" not in book(one)
    assert "not found" in fault(one, "Remove-VpnConnection School -AllUserConnection")["message"]
