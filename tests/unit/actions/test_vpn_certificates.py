"""A device's VPN certificate in a roll-out: the register decides, the key stays, and the old one goes on until the new.

The authority, the device's code and openssl are the real ones; charon is a double (tests/unit/linux).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from cryptography import x509

from leeboard.authority import certificates, memory, session
from leeboard.authority.records import Reason
from tests.unit.actions.vpn_device import VpnDevice, clock
from tests.unit.authority.authorities import Authority, an_authority, head
from tests.unit.escrow.vaults import a_vault
from tests.unit.linux.test_vpn_certificate import Clock
from tests.unit.playing import inventory, play
from tests.vm.authority import CLIENT
from tests.vm.authority import Authority as Own

__all__ = ["clock"]
NAME = "lt-014.900001.leeboard.internal"
DAY = 86400


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that was begun five months before the clock of the tests."""
    with an_authority(tmp_path_factory.mktemp("authority")) as made:
        yield made


@pytest.fixture
def authority(begun: Authority, clock: Clock) -> Authority:
    """The same, with that clock."""
    return Authority(begun.vault, datetime.fromtimestamp(clock.now, UTC))


def told(made: Authority, /, **more: Any) -> dict[str, Any]:
    """`leeboard_vpn` as the inventory has it."""
    known = made.known
    chain = [known.beginning.root.certificate, known.current.certificate]
    return {
        "kind": "ikev2",
        "gateways": [{"name": "vpn.school.example", "addresses": ["192.0.2.1"]}],
        "suites": {"ike": ["aes256gcm16-prfsha384-ecp384"], "esp": ["aes256gcm16-ecp384"]},
        "authority": {"kind": "leeboard", "certificates": chain, "issuer": "CN=x", "eku": "1.3.6.1.5.5.7.3.2"},
        "routes": ["0.0.0.0/0", "::/0"],
        "dns": {"servers": ["10.20.0.53"], "domains": []},
        "home": [],
        "identity": NAME,
        **more,
    }


def serials(authority: Authority, asset: str = "LT-014") -> list[str]:
    return [one.serial for one in memory.held(authority.var, "900001", asset).certificates]


def named(asset: str) -> str:
    return f"{asset.lower()}.900001.leeboard.internal"


def test_the_first_certificate_comes_over_the_visit_and_a_second_run_changes_nothing(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    device = VpnDevice(tmp_path, authority.var, clock)
    done = device.brought(told(authority))
    assert (done.problems, done.remarks, done.ready) == ([], [], True)
    (change,) = done._changes
    (serial,) = serials(authority)
    assert change["before"] == "it has no certificate of this authority" and serial in change["after"]
    assert device.asked == ["read", "request", "installed"]
    # The key is on the device alone: neither on the wire nor in what the controller keeps.
    (key,) = (tmp_path / "etc/swanctl/private").iterdir()
    secret = key.read_text().splitlines()[1]
    assert not any(secret in said or "PRIVATE KEY" in said for said in device.wire)
    assert not any(secret.encode() in path.read_bytes() for path in authority.var.rglob("*") if path.is_file())
    [listed] = (tmp_path / "etc/swanctl/x509crl").iterdir()
    root = authority.known.beginning.root.x509
    assert x509.load_pem_x509_crl(listed.read_bytes()).issuer == root.subject
    pairs = device.pairs
    again = VpnDevice(tmp_path, authority.var, clock)
    done = again.brought(told(authority))
    assert (done.problems, done.remarks, done.ready, done._changes) == ([], [], True, [])
    assert again.asked == ["read", "trusted"] and again.pairs == pairs and serials(authority) == [serial]


def test_what_of_the_authority_is_not_there_comes_without_a_new_certificate(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    device = VpnDevice(tmp_path, authority.var, clock, "LT-021")
    variable = told(authority, identity=named("LT-021"))
    device.brought(variable)
    for path in (tmp_path / "etc/swanctl/x509ca").iterdir():
        path.unlink()
    preview = VpnDevice(tmp_path, authority.var, clock, "LT-021", preview=True).brought(variable)
    assert not list((tmp_path / "etc/swanctl/x509ca").iterdir())
    done = device.brought(variable)
    for one in (preview, done):
        assert [change["after"] for change in one._changes] == ["the authority's certificates"] and not one.problems
    assert not preview.ready and done.ready, "a tunnel whose authority is not there yet would be refused"
    assert len(list((tmp_path / "etc/swanctl/x509ca").iterdir())) == 2
    assert len(serials(authority, "LT-021")) == 1


def test_a_preview_issues_nothing_and_says_what_would_be(tmp_path: Path, authority: Authority, clock: Clock) -> None:
    device = VpnDevice(tmp_path, authority.var, clock, "LT-020", preview=True)
    (tmp_path / "usr/sbin/charon-systemd").unlink()
    done = device.brought(told(authority, identity=named("LT-020")))
    assert not done.problems and not done.ready and device.asked == ["read"]
    assert done.remarks == [
        f"lt-020: a VPN certificate for {named('LT-020')} would be issued (it has no certificate of this authority)"
    ]
    assert [one["after"] for one in done._changes] == [f"a certificate for {named('LT-020')}"]
    assert serials(authority, "LT-020") == [] and not (tmp_path / "var").exists()


@pytest.mark.parametrize("carries", [True, False])
def test_one_that_ends_soon_is_followed_and_stays_where_the_new_one_does_not_prove_itself(
    tmp_path: Path, authority: Authority, clock: Clock, carries: bool
) -> None:
    asset = f"LT-03{int(carries)}"
    device, variable = VpnDevice(tmp_path, authority.var, clock, asset), told(authority, identity=named(asset))
    assert device.brought(variable).problems == []
    clock.now += 119 * DAY
    assert device.brought(variable)._changes == [], "not in the first two thirds of its life"
    old = device.pairs
    device.charon.signs_in = carries
    clock.now += 2 * DAY
    done = device.brought(variable)
    assert done.problems == [] and done.ready and len(serials(authority, asset)) == 2
    assert done._changes[0]["before"].startswith("its certificate ends on ")
    if carries:
        assert not set(device.pairs) & set(old) and done.remarks == []
        return
    assert device.pairs == old
    assert done.remarks == [
        f"{asset.lower()}: the new certificate did not prove itself (no traffic within its time: it signed in "
        "nowhere): the old one stays"
    ]
    device.charon.signs_in = True
    assert device.brought(variable).problems == [] and not set(device.pairs) & set(old)
    assert len(serials(authority, asset)) == 2, "the same request gets the same certificate"


def test_a_renewal_that_cannot_be_signed_leaves_the_old_one_and_the_tunnel(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    device, variable = VpnDevice(tmp_path, authority.var, clock, "LT-040"), told(authority, identity=named("LT-040"))
    device.brought(variable)
    clock.now += 140 * DAY
    old, key = device.pairs, memory.key_path(authority.var, authority.known.current.id)
    hidden = key.rename(key.with_suffix(".away"))
    try:
        done = device.brought(variable)
    finally:
        hidden.rename(key)
    (problem,) = done.problems
    assert problem.startswith("vpn: ") and "leeboard vpn restore" in problem and "\n" not in problem
    assert done.ready and done._changes == [] and device.pairs == old
    assert len(serials(authority, "LT-040")) == 1


@pytest.mark.parametrize(
    ("reason", "issued"), [(Reason.STOLEN, False), pytest.param(Reason.REPLACED, True, marks=pytest.mark.full)]
)
def test_who_was_revoked_gets_none_from_a_roll_out_but_for_a_key_that_was_replaced(
    tmp_path: Path, authority: Authority, clock: Clock, reason: Reason, issued: bool
) -> None:
    asset = f"LT-05{int(issued)}"
    device, variable = VpnDevice(tmp_path, authority.var, clock, asset), told(authority, identity=named(asset))
    device.brought(variable)
    certificates.revoke_device(authority.var, "900001", asset, reason, authority.at)
    done = device.brought(variable)
    assert len(serials(authority, asset)) == 1 + issued
    if issued:
        assert done.problems == [] and done._changes[0]["before"].startswith("its certificate was revoked on ")
    else:
        assert "(stolen), so no roll-out gives it another" in done.problems[0]
        assert device.asked[-1] == "read" and done._changes == []


@pytest.mark.full
def test_an_issuing_authority_that_was_stolen_has_devices_certified_anew(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    device, variable = VpnDevice(tmp_path, authority.var, clock, "LT-060"), told(authority, identity=named("LT-060"))
    device.brought(variable)
    session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN)
    done = device.brought(variable)
    assert done.problems == [] and "which signs no more" in done._changes[0]["before"]
    assert done.ready and len(device.pairs) == 2


def wrong_root(authority: Authority) -> dict[str, Any]:
    variable = told(authority)
    return {**variable, "authority": {**variable["authority"], "certificates": [Own().certificate]}}


@pytest.mark.parametrize(
    ("change", "answers", "words"),
    [
        (wrong_root, {}, "are not those of this controller's authority"),
        (lambda it: told(it, identity="lt-015.900001.leeboard.internal"), {}, "by the register the device is lt-014"),
        (told, {"read": {"in_the_way": "libreswan is installed"}}, "vpn: libreswan is installed"),
        (told, {"read": {"failed": True, "msg": "vpn_certificate: no\nroom"}}, "vpn: no room"),
        (told, {"read": {"certificates": [{"sha256": 7}]}}, "makes no sense"),
        (told, {"request": {"request": 5}}, "gave no request"),
        (told, {"request": {"request": "-----BEGIN PRIVATE KEY-----"}}, "a private key lies in it"),
        (told, {"request": {"request": "\ud800" * 99_000}}, "more than the 32768 that are read"),
    ],
)
def test_what_is_refused_is_one_line_and_nothing_is_issued(
    tmp_path: Path, authority: Authority, clock: Clock, change: Any, answers: dict[str, Any], words: str
) -> None:
    asset = "LT-014" if change is not told else "LT-070"
    before = serials(authority, asset)
    device = VpnDevice(tmp_path, authority.var, clock, asset)
    device.answers = {"read": {"certificates": []}, **answers}
    variable = change(authority)
    done = device.brought({**variable, "identity": named(asset)} if change is told else variable)
    (problem,) = done.problems
    assert words in problem and "\n" not in problem and len(problem) < 400
    assert not done.ready and done._changes == [] and serials(authority, asset) == before
    assert "installed" not in device.asked


def test_without_strongswan_or_an_authority_it_is_said_what_is_missing(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    device = VpnDevice(tmp_path / "a", authority.var, clock)
    (tmp_path / "a/usr/sbin/charon-systemd").unlink()
    assert "not installed; the role remote_access does that" in device.brought(told(authority)).problems[0]
    with a_vault(tmp_path) as vault:
        done = VpnDevice(tmp_path / "b", vault.var, clock).brought(told(authority))
    assert "this controller has no VPN authority" in done.problems[0] and not done.ready


def test_a_device_that_is_lost_while_it_is_changed_counts_as_changed(
    tmp_path: Path, authority: Authority, clock: Clock
) -> None:
    for number, end in enumerate(({"unreachable": True, "msg": "gone"}, AnsibleConnectionFailure("gone"))):
        asset = f"LT-08{number}"
        device = VpnDevice(tmp_path / asset, authority.var, clock, asset)
        device.answers = {"installed": end}
        made = device.brings(told(authority, identity=named(asset)))
        if isinstance(end, Exception):
            with pytest.raises(AnsibleConnectionFailure):
                made.bring()
        else:
            made.bring()
            assert made.problems == ["vpn: gone"]
        assert not made.ready and [one["after"] for one in made._changes] == ["not known: the device was lost"]


@pytest.mark.parametrize(
    ("last", "days", "remark"),
    [
        (timedelta(days=40), None, ""),
        (timedelta(days=29), None, "has not renewed it"),
        (timedelta(days=29), "20", ""),
    ],
)
def test_a_schools_own_authority_is_looked_at_and_makes_its_own(
    tmp_path: Path, authority: Authority, clock: Clock, last: timedelta, days: str | None, remark: str
) -> None:
    clock.now = datetime.now(UTC).timestamp()  # by which that authority signs
    own, name = Own("The school"), "lt-014.school.example"
    mine = {"kind": "school", "certificates": [own.certificate], "issuer": "CN=The school", "eku": "1.3.6.1.5.5.7.3.2"}
    variable = told(authority, authority=mine, identity=name)
    device = VpnDevice(tmp_path, authority.var, clock)
    device.device.parameters.update({"vpn_certificate_days": days} if days else {})
    done = device.brought(variable)
    assert "no certificate of CN=The school can be used (there is none for lt-014.school.example" in done.problems[0]
    assert not done.ready and device.asked == ["read"]
    certificate, key = own.issue(name, CLIENT, last=last)
    (tmp_path / "etc/swanctl/x509/school.pem").write_text(certificate)
    (tmp_path / "etc/swanctl/private/school.pem").write_text(key)
    done = device.brought(variable)
    assert done.problems == [] and done.ready and remark in "".join(done.remarks) and bool(remark) == bool(done.remarks)
    assert device.asked[1:] == ["read", "trusted"] and len(list((tmp_path / "etc/swanctl/x509ca").iterdir())) == 1
    assert device.brought(variable)._changes == []


@pytest.mark.full  # a whole run of Ansible
def test_a_preview_by_ansible_itself_asks_the_device_and_issues_nothing(tmp_path: Path, clock: Clock) -> None:
    with an_authority(tmp_path) as authority:
        about = {"leeboard_vpn": told(authority), "leeboard_asset": "LT-014", "leeboard_enforce": ["REM"]}
        done = play(
            tmp_path, inventory(tmp_path, lt={**about}), {"leeboard.schools.enforce": {"family": "REM"}}, "--check"
        )
        assert f"lt: a VPN certificate for {NAME} would be issued" in " ".join(done["output"].split()), done["output"]
        assert "lt: then its VPN tunnel would be set up" in " ".join(done["output"].split())
        assert serials(authority) == [] and not Path("/var/lib/leeboard/vpn").exists()
