"""Ended at any call that changes something, the VPN's modules on Windows go on where they were, and lose nothing.

Each call is cut off before Windows does it, and after it did it and before it says so; then the whole is asked again,
as the next roll-out does. What a checkpoint brings back meanwhile is in test_vpn_checkpoint.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from leeboard.authority.certificates import Registered, issue_device
from leeboard.model.enums import Platform
from leeboard.model.vpn_told import digest
from tests.unit.authority.authorities import Authority

from .requirements import need_powershell
from .vpn_bench import VpnBench, begun_before

pytestmark = pytest.mark.full

NAME = "lt-014.900001.leeboard.internal"
MOST = 12  # calls that change something, of one conversation
# Counts what changes something, and ends it at one of these calls.
CUTS = """
$Bench.Calls, $Bench.Cut, $Bench.Done = 0, 0, $false
$Bench.Real = @{}
$names = @('Invoke-LeeboardVpn', 'Invoke-LeeboardProgram', 'Add-LeeboardStoredCertificate')
$names += 'Remove-LeeboardStoredCertificate'
foreach ($name in $names) {
    $Bench.Real[$name] = (Get-Item "function:$name").ScriptBlock
}
function global:Invoke-Cut([string]$Name, [hashtable]$Given) {
    $Bench.Calls += 1
    $isEnd = $Bench.Cut -and $Bench.Calls -ge $Bench.Cut
    if ($isEnd -and -not ($Bench.Done -and $Bench.Calls -eq $Bench.Cut)) { throw 'the power is off' }
    & $Bench.Real[$Name] @Given
    if ($isEnd) { throw 'the power is off' }
}
function global:Invoke-LeeboardVpn([string]$Command, [hashtable]$Parameters) {
    $given = @{ Command = $Command; Parameters = $Parameters }
    if ($Command -eq 'Get-VpnConnection') { return & $Bench.Real['Invoke-LeeboardVpn'] @given }
    Invoke-Cut Invoke-LeeboardVpn $given
}
function global:Invoke-LeeboardProgram([string]$Path, [string[]]$Arguments, [int]$TimeoutSeconds) {
    Invoke-Cut Invoke-LeeboardProgram @{ Path = $Path; Arguments = $Arguments; TimeoutSeconds = 60 }
}
function global:Add-LeeboardStoredCertificate([string]$Store, $Certificate) {
    Invoke-Cut Add-LeeboardStoredCertificate @{ Store = $Store; Certificate = $Certificate }
}
function global:Remove-LeeboardStoredCertificate([string]$Store, $Certificate, [bool]$KeepKey) {
    Invoke-Cut Remove-LeeboardStoredCertificate @{ Store = $Store; Certificate = $Certificate; KeepKey = $KeepKey }
}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority."""
    with begun_before(tmp_path_factory.mktemp("authority")) as made:
        yield made


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[VpnBench]:
    """A device whose calls can be cut."""
    need_powershell()
    made = VpnBench(tmp_path_factory.mktemp("device"), authority.at.timestamp())
    made.run(CUTS)
    yield made
    made.close()


def cut(bench: VpnBench, at: int, done: bool) -> None:
    """End it at a call from now on; 0: never."""
    bench.run("$Bench.Calls, $Bench.Cut, $Bench.Done = 0, $arguments.at, $arguments.done", at=at, done=done)


def chain(authority: Authority) -> list[str]:
    return [authority.known.beginning.root.certificate, authority.known.current.certificate]


def certified(bench: VpnBench, authority: Authority, days: int) -> list[dict[str, Any]] | None:
    """The conversation about a certificate; None where the device was cut off in it."""
    given = {"identity": NAME, "authorities": chain(authority)}
    bench.now = (authority.at + timedelta(days=days)).timestamp()
    asked = bench.ask("win_vpn_certificate", state="request", **given)
    if asked.get("failed"):
        return None
    device = Registered("900001", "LT-014", Platform.WINDOWS)
    at = authority.at + timedelta(days=days)
    issued = issue_device(authority.var, device, asked["request"].encode(), at)
    answer = bench.ask("win_vpn_certificate", state="installed", certificate=issued.chain, **given)
    if answer.get("failed"):
        return None
    assert digest(issued.certificate.pem) in {one["sha256"] for one in answer["certificates"]}
    found: list[dict[str, Any]] = answer["certificates"]
    return found


def test_a_certificate_is_never_missing_once_there_was_one(bench: VpnBench, authority: Authority) -> None:
    assert certified(bench, authority, 0) is not None
    tried = 0
    for at in range(1, MOST):
        for done in (False, True):
            days = 125 * (tried + 1)
            tried += 1
            # The authority's own certificates last a year; what is tried here is the device's part.
            if days > 300:
                bench.run("foreach ($name in 'My', 'REQUEST') { $Bench.Stores[$name] = @() }")
                return_to_start(bench, authority)
                days, tried = 125, 1
            cut(bench, at, done)
            outcome = certified(bench, authority, days)
            cut(bench, 0, False)
            given = {"identity": NAME, "authorities": chain(authority)}
            good = [one for one in bench.ask("win_vpn_certificate", **given)["certificates"] if not one["wrong"]]
            assert good, f"cut at call {at} ({done=}), no certificate can be used"
            if outcome is not None:
                # A new key, the certificate; the third takes the old one away, which the next renewal does as well.
                assert at == 3 and len(outcome) == 2 - done
                return
            again = certified(bench, authority, days)
            assert again is not None and len(again) == 1 and not again[0]["wrong"], (at, done, again)
    pytest.fail("it never comes to its end")


def return_to_start(bench: VpnBench, authority: Authority) -> None:
    """A device with a new certificate, as it was in the beginning."""
    assert certified(bench, authority, 0) is not None


@pytest.mark.parametrize(("to", "calls"), [("to:0.0.0.0/0 to:::/0", 2), ("to:10.0.0.0/8 to:192.0.2.0/24", 4)])
def test_a_profile_that_was_cut_off_is_mended_by_the_next_run(
    bench: VpnBench, authority: Authority, to: str, calls: int
) -> None:
    cut(bench, 0, False)
    bench.run("$null = foreach ($name in 'My', 'REQUEST') { $Bench.Stores[$name] = @() }")
    return_to_start(bench, authority)
    words = (
        f"gateway:vpn.school.example {to} authority:{digest(chain(authority)[0])} ike:aes256gcm16-prfsha384-ecp384 "
        "esp:aes256gcm16-ecp384 eku:1.3.6.1.5.5.7.3.2"
    )

    def asked(value: str) -> dict[str, Any]:
        setting = {"address": "tunnel", "value": value, "type": "string"}
        return bench.ask("win_vpn_tunnel", settings=[setting], run_id="r1")

    for at in range(1, MOST):
        for done in (False, True):
            asked("none")
            cut(bench, at, done)
            outcome = asked(words)
            cut(bench, 0, False)
            again = asked(words)
            assert not again.get("failed"), (at, done, again)
            now = again["after"]["tunnel"]["effective"]["value"]
            assert sorted(now.split()) == sorted(words.split()), (at, done)
            if not outcome.get("failed"):
                assert at == calls + 1 and not again["changed"]
                return
    pytest.fail("it never comes to its end")
