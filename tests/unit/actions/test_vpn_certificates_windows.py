"""A Windows device's VPN certificate in a roll-out: asked for, signed here, renewed, and refused where it has to be.

The authority is the real one; the module is a double that answers as win_vpn_certificate documents, with a request in
certreq's form. What the device's own code does is in tests/windows/pester/VpnCertificate.Tests.ps1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.leeboard.schools.plugins.plugin_utils.vpn_certificates import WINDOWS_MODULE, Certificates
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from leeboard.authority import memory
from leeboard.authority.certificates import revoke_device
from leeboard.authority.records import Reason
from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.unit.actions.test_vpn_certificates import told
from tests.unit.authority import certreq
from tests.unit.authority.authorities import Authority, an_authority
from tests.unit.escrow.vaults import AT

DOCUMENTED = Path(__file__).resolve().parents[3] / "plugins/modules/win_vpn_certificate.yml"
OPTIONS = yaml.safe_load(DOCUMENTED.read_text("utf-8"))["DOCUMENTATION"]["options"]
NEEDED = {"request": {"curves"}, "installed": {"certificate"}, "trusted": set[str](), "read": set[str]()}


class WindowsDevice:
    """The device, and the visit that asks it: certificates with their keys, and what it trusts."""

    run_id = "run"

    def __init__(self, var: Path, now: datetime, asset: str, preview: bool = False) -> None:
        self.var, self.preview, self.now = var, preview, now
        about: dict[str, Any] = {"name": asset.lower(), "asset": asset, "urn": "900001", "parameters": {}}
        self.device = SimpleNamespace(**about, platform=Platform.WINDOWS)
        self.wanted = SimpleNamespace(baseline=load())
        self.name = f"{asset.lower()}.900001.leeboard.internal"
        self.asked: list[dict[str, Any]] = []
        self.trusted: set[str] = set()
        self.store: list[x509.Certificate] = []
        self.waits: Any = None
        self.answers: dict[str, Any] = {}

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert module == WINDOWS_MODULE and set(arguments) <= set(OPTIONS)
        assert NEEDED[arguments["state"]] <= set(arguments) and arguments["identity"] == self.name
        assert arguments["state"] in OPTIONS["state"]["choices"] and arguments["authorities"]
        assert arguments["usage"] == "1.3.6.1.5.5.7.3.2" and json.dumps(arguments)
        self.asked.append(arguments)
        answer = self.answers.get(arguments["state"])
        return dict(answer) if answer is not None else self._answered(arguments)

    def _answered(self, arguments: dict[str, Any]) -> dict[str, Any]:
        state, result = arguments["state"], {"changed": False}
        authorities = set(arguments["authorities"])
        if state == "request":
            if self.waits is None:
                assert set(arguments["curves"]) <= set(OPTIONS["curves"]["choices"])
                self.waits = certreq.request(self.name, arguments["curves"][0])
                result["changed"] = True
            result["request"] = self.waits[0].decode()
        elif state == "installed":
            leaf = x509.load_pem_x509_certificates(arguments["certificate"].encode())[0]
            assert leaf.public_key() == self.waits[1].public_key()
            self.store, self.waits, result["changed"] = [leaf], None, True
            self.trusted |= authorities
        elif state == "trusted":
            result["changed"] = not authorities <= self.trusted
            self.trusted |= authorities
        else:
            result["trusts"] = authorities <= self.trusted
        result["certificates"] = [
            {
                "sha256": one.fingerprint(hashes.SHA256()).hex(),
                "last": int(one.not_valid_after_utc.timestamp()),
                "wrong": "" if authorities <= self.trusted else "does not come from the authority",
            }
            for one in self.store
        ]
        return result

    def brought(self, variable: dict[str, Any]) -> Any:
        """The certificates of a roll-out, brought."""
        certificates: Any = Certificates(self, variable, [])
        certificates._now = lambda: self.now
        certificates.bring()
        return certificates

    @property
    def states(self) -> list[str]:
        """What was asked, in order."""
        return [one["state"] for one in self.asked]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority."""
    with an_authority(tmp_path_factory.mktemp("authority")) as made:
        made.at = (AT + timedelta(days=10)).astimezone(UTC)
        yield made


def test_it_is_made_on_the_device_and_signed_here_and_a_second_run_changes_nothing(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-1")
    variable = told(authority, identity=device.name)
    done = device.brought(variable)
    assert (done.problems, done.remarks, done.ready) == ([], [], True)
    assert device.states == ["read", "request", "installed"]
    (held,) = memory.held(authority.var, "900001", "WT-1").certificates
    (change,) = done._changes
    assert change["driver"] == "vpn_connection" and change["control"] == "REM-01" and held.serial in change["after"]
    assert change["journal"] is None
    done = device.brought(variable)
    assert (done.problems, done._changes, done.ready) == ([], [], True)
    assert device.states[3:] == ["read", "trusted"]
    assert all(one["school"] is False and "revoked" not in one for one in device.asked)


def test_the_curves_are_those_that_the_authority_takes(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-2")
    assert device.brought(told(authority, identity=device.name)).problems == []
    high = authority.known.beginning.level.value == "high"
    assert device.asked[1]["curves"] == (["P-384"] if high else ["P-384", "P-256"])


def test_a_preview_says_what_would_be_and_issues_nothing(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-3", preview=True)
    done = device.brought(told(authority, identity=device.name))
    assert device.states == ["read"] and not done.ready and not done.problems
    assert done.remarks == [
        f"wt-3: a VPN certificate for {device.name} would be issued (it has no certificate of this authority)"
    ]
    assert not memory.held(authority.var, "900001", "WT-3").certificates


def test_a_preview_of_a_device_that_has_all_is_ready(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-4")
    variable = told(authority, identity=device.name)
    device.brought(variable)
    device.preview = True
    done = device.brought(variable)
    assert done.ready and done._changes == []


def test_one_in_the_last_third_of_its_life_is_followed(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-5")
    variable = told(authority, identity=device.name)
    device.brought(variable)
    device.now += timedelta(days=119)
    assert device.brought(variable)._changes == []
    device.now += timedelta(days=2)
    done = device.brought(variable)
    assert done._changes[0]["before"].startswith("its certificate ends on ")
    assert len(memory.held(authority.var, "900001", "WT-5").certificates) == 2


def test_a_stolen_laptop_gets_none(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-6")
    variable = told(authority, identity=device.name)
    device.brought(variable)
    revoke_device(authority.var, "900001", "WT-6", Reason.STOLEN, authority.at)
    done = device.brought(variable)
    assert "revoked on" in done.problems[0] and "stolen" in done.problems[0]
    assert device.states[3:] == ["read"]


@pytest.mark.parametrize("state", ["read", "request", "installed", "trusted"])
def test_what_fails_on_the_device_is_one_line_of_its_driver(authority: Authority, state: str) -> None:
    device = WindowsDevice(authority.var, authority.at, f"WF-{state[0]}")
    variable = told(authority, identity=device.name)
    if state == "trusted":
        device.brought(variable)
    device.answers[state] = {"failed": True, "msg": "vpn_certificate: certreq made no key:\n 0x80090029"}
    (problem,) = device.brought(variable).problems
    assert problem == "vpn_connection: certreq made no key: 0x80090029"


def test_of_a_schools_own_authority_certificates_are_only_looked_at(authority: Authority) -> None:
    device = WindowsDevice(authority.var, authority.at, "WT-7")
    variable = told(authority, identity=device.name)
    device.brought(variable)
    device.asked.clear()
    variable["authority"] = {**variable["authority"], "kind": "school"}
    done = device.brought(variable)
    assert done.ready and done.problems == [] and device.states == ["read", "trusted"]
    assert all(one["school"] is True for one in device.asked)
    device.store = []
    (problem,) = device.brought(variable).problems
    assert rf"there is none for {device.name} in LocalMachine\My" in problem and "Leeboard not" in problem
