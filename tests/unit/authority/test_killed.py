"""An authority killed just before any of its writes: no serial twice, no revocation lost, and the next run ends.

Points are found by watching: the nth call that gives the disk a file or its name, until there is none any more. By day
some are gone through, by night every one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509

from leeboard.authority import lists, memory, records, session
from leeboard.authority.certificates import Registered, issue_device, issue_gateway, revoke_device, revoke_gateway
from leeboard.authority.publishing import Publication, publish
from leeboard.authority.records import Reason
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Mark
from leeboard.model.enums import Level
from tests.unit.authority.authorities import DAY, LAPTOP, LISTS, Authority, head, key_of_device, request
from tests.unit.escrow.vaults import AT, a_vault
from tests.unit.killed import dies

CALLS = ("fsync", "replace")
EVERY = pytest.param(1, id="every", marks=pytest.mark.full)
STEPS = [pytest.param(7, id="day"), EVERY]
LONG = [pytest.param(30, id="day"), EVERY]  # of work with many points


def killed(work: Callable[[], object], step: int, prepare: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Kill the work at each `step`th point, found by watching it, and stop here after each."""
    for call in CALLS:
        for nth in count(1, step):
            prepare()
            if not dies(work, call, nth):
                break
            yield


def serials(authority: Authority) -> list[str]:
    """The serials that the ledger says were issued."""
    return [entry.key for entry in authority.vault.since(Mark()) if entry.event == records.ISSUED]


@pytest.mark.parametrize("step", STEPS)
def test_issue(authority: Authority, step: int) -> None:
    number = 0
    device, asked = Registered("900001", "EP-0"), request(key_of_device())

    def work() -> object:
        return issue_device(authority.var, device, asked, authority.at)

    for _ in killed(work, step):
        certificate = issue_device(authority.var, device, asked, authority.at).certificate
        assert issue_device(authority.var, device, asked, authority.at).certificate == certificate
        held = memory.held(authority.var, "900001", device.asset).certificates
        assert [one.serial for one in held] == [certificate.serial]
        assert memory.owner(authority.var, certificate.key) == f"900001 {device.asset}"
        number += 1
        device, asked = Registered("900001", f"EP-{number}"), request(key_of_device())
    # What was killed behind the line was not issued again, and what was killed before it was issued once.
    found = serials(authority)
    assert len(found) == len(set(found)) and number <= len(found) <= number + len(CALLS)


@pytest.mark.parametrize("step", STEPS)
def test_revoke(authority: Authority, step: int) -> None:
    revoked: list[str] = []

    def work() -> object:
        return revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)

    for _ in killed(work, step, prepare=authority.issue):
        _revoked_after_all(authority, revoked)
    assert len(revoked) > 2


def _revoked_after_all(authority: Authority, revoked: list[str]) -> None:
    """Revoke again, which finds nothing to do where the line was written; the list has all that ever was revoked."""
    with suppress(LeeboardError):
        revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    certificates = memory.held(authority.var, "900001", "LT-014").certificates
    assert all(one.revoked for one in certificates)
    revoked[:] = [one.serial for one in certificates]
    listed(authority, revoked)


def listed(authority: Authority, wanted: list[str]) -> None:
    """The list as it is signed now names these serials."""
    newest = x509.load_der_x509_crl(lists.sign(authority.var, authority.at).files[1].read_bytes())
    assert {f"{one.serial_number:040x}" for one in newest} == set(wanted)


@pytest.mark.parametrize("step", STEPS)
def test_issue_what_is_due(authority: Authority, step: int) -> None:
    """A device's certificate is renewed for the same key: the old one counts all the while."""
    device, asked = LAPTOP, request(key_of_device())
    held = [issue_device(authority.var, device, asked, authority.at).certificate]

    def due() -> None:
        authority.at = held[-1].due(authority.at)
        if authority.known.current.ends - authority.at < 100 * DAY:
            session.renew(authority.var, head(), authority.at)

    for _ in killed(lambda: issue_device(authority.var, device, asked, authority.at), step, prepare=due):
        now = memory.held(authority.var, device.urn, device.asset).certificates
        assert held[-1] in now and held[-1].valid(authority.at)
        certificate = issue_device(authority.var, device, asked, authority.at).certificate
        held.append(certificate)
        assert [*memory.held(authority.var, device.urn, device.asset).certificates] == held
    assert len(held) > len(CALLS) and len(set(serials(authority))) == len(serials(authority))


@pytest.mark.parametrize("step", STEPS)
def test_a_gateway(authority: Authority, step: int) -> None:
    """Issued and revoked for a gateway, which stands in what the controller remembers as a whole."""
    number = 0
    name, asked = "vpn0.school.example", request(key_of_device())

    def work() -> object:
        issue_gateway(authority.var, name, asked, authority.at)
        return revoke_gateway(authority.var, name, Reason.COMPROMISED, authority.at)

    def another() -> None:
        nonlocal number, name, asked
        number += 1
        name, asked = f"vpn{number}.school.example", request(key_of_device())

    for _ in killed(work, step, prepare=another):
        with suppress(LeeboardError):  # its key was revoked before it was killed
            issue_gateway(authority.var, name, asked, authority.at)
        with suppress(LeeboardError):
            revoke_gateway(authority.var, name, Reason.COMPROMISED, authority.at)
        (held,) = (one for one in authority.known.gateways if one.name == name)
        assert held.reason is Reason.COMPROMISED
        listed(authority, [one.serial for one in authority.known.gateways if one.revoked])
    assert number > len(CALLS) and len(serials(authority)) == len(set(serials(authority)))


@pytest.mark.parametrize("step", STEPS)
def test_restore(authority: Authority, step: int) -> None:
    """A controller that lost what it had, and is killed while it gets that back."""
    serial = authority.issue().certificate.serial
    revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    before = authority.known

    def lose() -> None:
        shutil.rmtree(authority.var / "authority", ignore_errors=True)

    for _ in killed(lambda: session.restore(authority.var, head(), authority.at), step, prepare=lose):
        assert session.restore(authority.var, head(), authority.at) == [before.current.id]
        assert authority.known == before
        listed(authority, [serial])
    assert authority.issue().certificate.serial != serial


@pytest.mark.parametrize("step", STEPS)
def test_crl(authority: Authority, tmp_path: Path, step: int) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    serial = authority.issue().certificate.serial
    revoke_device(authority.var, "900001", "LT-014", Reason.LOST, authority.at)

    def work() -> object:
        return publish(Publication(folder=folder), lists.sign(authority.var, authority.at).files)

    work()
    for _ in killed(work, step):
        # Whoever fetches a list meanwhile gets a whole one, and it names who was revoked.
        found = x509.load_der_x509_crl((folder / f"{authority.known.current.id}.crl").read_bytes())
        assert [f"{one.serial_number:040x}" for one in found] == [serial]
        listed(authority, [serial])


@pytest.mark.parametrize("step", LONG)
def test_renew(authority: Authority, step: int) -> None:
    before = authority.known.current.id
    for _ in killed(lambda: session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN), step):
        known = session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN)
        assert [one.id for one in known.alive(authority.at)] == [known.current.id] and known.current.id != before
        root = x509.load_der_x509_crl(bytes.fromhex(known.root_list))
        gone = [one.x509.serial_number for one in known.issuing if one.revoked]
        assert sorted(one.serial_number for one in root) == sorted(gone)
        assert [path.stem for path in (authority.var / "authority/keys").glob("*.pem")] == [known.current.id]
        authority.issue()
        before = known.current.id
    assert len(serials(authority)) == len(set(serials(authority)))


@pytest.mark.parametrize("step", LONG)
def test_init(tmp_path: Path, step: int) -> None:
    for call in CALLS:
        for nth in count(1, step):
            folder = tmp_path / f"{call}-{nth}"
            folder.mkdir()
            with a_vault(folder) as vault:

                def work(var: Path = vault.var) -> object:
                    return session.begin(var, "Hill Schools", Level.STANDARD, LISTS, AT)

                died = dies(work, call, nth)
                with suppress(LeeboardError):  # it was begun before it was killed
                    work()
                authority = Authority(vault)
                assert [path.stem for path in (vault.var / "authority/keys").glob("*.pem")][-1:] != []
                authority.issue()
                assert session.restore(vault.var, head(), AT) == [authority.known.current.id]
            if not died:
                break
