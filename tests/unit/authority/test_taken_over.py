"""A vault and `var` brought back from an old backup: who was revoked since stays revoked, by what is published."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from leeboard.authority import lists, memory, profile, published, publishing, records, session
from leeboard.authority.certificates import Registered, issue_device, revoke_device, revoke_gateway
from leeboard.authority.lists import Lists
from leeboard.authority.profile import Gone, Signer
from leeboard.authority.publishing import Publication, publish
from leeboard.authority.records import Issuer, Reason
from leeboard.authority.roll_out import refuse_lasting
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Mark
from tests.unit.authority.authorities import DAY, LAPTOP, Authority, head, key_of_device, request
from tests.unit.authority.test_killed import STEPS, killed
from tests.unit.escrow.vaults import bring_back, keep

OTHER = Registered("900001", "LT-015")


@pytest.fixture
def web(authority: Authority, tmp_path: Path) -> Path:
    """The folder in which the authority's lists are published."""
    folder = tmp_path / "web"
    folder.mkdir()
    publishing.write(authority.var, Publication(folder=folder))
    nightly(authority)
    return folder


def nightly(authority: Authority) -> Lists:
    """Sign and publish, as `leeboard vpn crl`."""
    done = lists.sign(authority.var, authority.at)
    publish(publishing.read(authority.var), done.files)
    return done


def newest(authority: Authority, folder: Path | None = None) -> x509.CertificateRevocationList:
    """The list of the issuing authority: as it is published, or as it was signed here."""
    name = f"{authority.known.current.id}.crl"
    return x509.load_der_x509_crl(((folder or authority.var / "authority/lists") / name).read_bytes())


def serials(found: x509.CertificateRevocationList) -> set[str]:
    return {f"{one.serial_number:040x}" for one in found}


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def events(authority: Authority) -> list[str]:
    return [entry.event for entry in authority.vault.since(Mark())]


def test_who_was_revoked_since_the_backup_stays_revoked(authority: Authority, web: Path, tmp_path: Path) -> None:
    old, asked = authority.issue().certificate, request(key_of_device())
    gateway = authority.gateway().certificate
    saved = keep(authority.vault, tmp_path)
    authority.at += DAY
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    revoked = authority.at
    revoke_gateway(authority.var, gateway.name, Reason.REPLACED, authority.at)
    new = issue_device(authority.var, OTHER, asked, authority.at).certificate
    revoke_device(authority.var, OTHER.urn, OTHER.asset, Reason.LOST, authority.at)
    nightly(authority)
    before = newest(authority, web)
    bring_back(authority.vault, saved)
    authority.at += DAY
    assert authority.known.revoked == ()  # the books know of nobody

    done = nightly(authority)

    after = newest(authority, web)
    assert serials(after) == serials(before) == {old.serial, gateway.serial, new.serial}
    assert number(after) > number(before)
    assert {f"{one.serial_number:040x}": one.revocation_date_utc for one in after}[old.serial] == revoked
    said = "\n".join(done.problems)
    assert f"is revoked of LT-014 (900001), {gateway.name}, which the ledger did not know" in said
    assert "the last list revokes 1 certificate that the ledger does not know" in said
    assert "was brought back from a backup, or another one signs too" in said
    # The ledger has it: no roll-out gives the stolen laptop another, and the next night says nothing.
    (held,) = memory.held(authority.var, LAPTOP.urn, LAPTOP.asset).certificates
    assert (held.revoked, held.reason) == (revoked, Reason.COMPROMISED)
    with pytest.raises(LeeboardError, match="no roll-out gives it another"):
        refuse_lasting(memory.held(authority.var, LAPTOP.urn, LAPTOP.asset))
    assert authority.known.gateways[0].reason is Reason.REPLACED
    count = len(events(authority))
    authority.at += DAY
    again = nightly(authority)
    assert (again.problems, again.notes, again.revoked) == ((), (), 3) and len(events(authority)) == count
    # What the controller remembers is made again from the ledger, with what was taken over.
    known = authority.known
    assert session.restore(authority.var, head(), authority.at) == [known.current.id]
    assert authority.known == known and held == memory.held(authority.var, LAPTOP.urn, LAPTOP.asset).certificates[0]


@pytest.mark.parametrize("step", STEPS)
def test_it_is_killed_while_it_takes_over(authority: Authority, web: Path, tmp_path: Path, step: int) -> None:
    wanted = {authority.issue().certificate.serial}
    saved = keep(authority.vault, tmp_path)
    authority.at += DAY
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    wanted.add(authority.issue(OTHER).certificate.serial)
    revoke_device(authority.var, OTHER.urn, OTHER.asset, Reason.STOLEN, authority.at)
    nightly(authority)
    content = {path: path.read_bytes() for path in web.iterdir()}
    last = number(newest(authority, web))

    def old() -> None:
        bring_back(authority.vault, saved)
        for path, before in content.items():
            path.write_bytes(before)

    deaths = 0
    for _ in killed(lambda: nightly(authority), step, prepare=old):
        deaths += 1
        # Whoever fetches now, and whoever does after the next run: both know of all, and numbers only grow.
        assert serials(newest(authority, web)) == wanted and number(newest(authority, web)) >= last
        nightly(authority)
        assert serials(newest(authority, web)) == wanted and number(newest(authority, web)) > last
        assert {one.serial for one in authority.known.revoked} == wanted
        (held,) = memory.held(authority.var, LAPTOP.urn, LAPTOP.asset).certificates
        assert held.revoked
    assert deaths > 2


def test_the_vault_alone_was_brought_back(authority: Authority, tmp_path: Path) -> None:
    """No place is named: the last list in `var` says it. Of var, what the controller remembers was lost too."""
    serial = authority.issue().certificate.serial
    saved = keep(authority.vault, tmp_path)
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    nightly(authority)
    kept = {path: path.read_bytes() for path in (authority.var / "authority/lists").iterdir()}
    bring_back(authority.vault, saved)
    for path, content in kept.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    done = nightly(authority)
    assert serials(newest(authority)) == {serial} and "LT-014 (900001)" in done.problems[0]


def test_the_vault_is_away(authority: Authority, web: Path, tmp_path: Path) -> None:
    """Nothing can be written to the ledger: the list has it all the same, and each night, until the ledger has it."""
    serial = authority.issue().certificate.serial
    saved = keep(authority.vault, tmp_path)
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    nightly(authority)
    bring_back(authority.vault, saved)
    second = authority.vault.places[1].path
    second.rename(second.with_name("away"))
    for _ in range(2):
        done = nightly(authority)
        assert serials(newest_signed(done)) == {serial}
        assert "the vault cannot be read" in done.problems[0] and "LT-014 (900001)" in "".join(done.problems)
    second.with_name("away").rename(second)
    nightly(authority)
    assert [one.serial for one in authority.known.revoked] == [serial]


def newest_signed(done: Lists) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(done.files[1].read_bytes())


def test_the_ledger_cannot_be_written(
    authority: Authority, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = authority.issue().certificate.serial
    saved = keep(authority.vault, tmp_path)
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    nightly(authority)
    bring_back(authority.vault, saved)

    def full(*_: object) -> None:
        raise LeeboardError("the disk is full")

    monkeypatch.setattr(session.Session, "note", full)
    done = nightly(authority)
    assert serials(newest(authority, web)) == {serial}
    assert done.problems[0].endswith("not in the ledger yet: the disk is full")


def test_what_has_ended_is_no_stranger(authority: Authority, web: Path) -> None:
    """A certificate leaves the list a week after its end; the list before still has it, and the ledger knows it."""
    certificate = authority.issue().certificate
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    nightly(authority)
    authority.at = certificate.ends + records.KEPT_ON_LIST - timedelta(hours=1)
    assert nightly(authority).revoked == 1
    authority.at += timedelta(hours=2)
    other = authority.issue(OTHER).certificate
    revoke_device(authority.var, OTHER.urn, OTHER.asset, Reason.LOST, authority.at)  # drops what has ended
    done = nightly(authority)
    assert (done.problems, done.notes) == ((), ()) and serials(newest(authority, web)) == {other.serial}
    assert records.TAKEN_OVER not in events(authority)


def test_an_authority_that_was_revoked_since_the_backup_signs_no_more(
    authority: Authority, web: Path, tmp_path: Path
) -> None:
    saved = keep(authority.vault, tmp_path)
    first = authority.known.current
    authority.at += DAY
    second = session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN).current
    authority.at += DAY
    session.renew(authority.var, head(), authority.at, revoke=Reason.COMPROMISED)
    nightly(authority)
    root = web / f"{authority.known.beginning.root.id}.crl"
    before = x509.load_der_x509_crl(root.read_bytes())
    bring_back(authority.vault, saved)
    authority.at += DAY
    with pytest.raises(LeeboardError, match=rf"no issuing authority still counts.*{first.id} counts no more"):
        nightly(authority)
    assert root.read_bytes() == before.public_bytes(Encoding.DER)
    said: list[str] = []
    known = session.renew(authority.var, head(), authority.at, say=said.append)
    assert said == []  # it was said and taken over by the run before
    nightly(authority)
    after = x509.load_der_x509_crl(root.read_bytes())
    assert number(after) > number(before)
    # The second one is in no book any more: its line alone is kept.
    gone = {first.x509.serial_number, second.x509.serial_number}
    assert {one.serial_number for one in after} == gone == {one.serial_number for one in before}
    assert [one.id for one in known.alive(authority.at)] == [known.current.id]


def test_renew_reads_what_is_published_first(authority: Authority, web: Path, tmp_path: Path) -> None:
    saved = keep(authority.vault, tmp_path)
    first = authority.known.current
    session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN)
    nightly(authority)
    bring_back(authority.vault, saved)
    said: list[str] = []
    authority.at += DAY
    known = session.renew(authority.var, head(), authority.at, say=said.append)
    assert any(f"{first.id} counts no more" in line for line in said)
    listed = x509.load_der_x509_crl(bytes.fromhex(known.root_list))
    assert first.x509.serial_number in {one.serial_number for one in listed}
    assert [one.id for one in known.alive(authority.at)] == [known.current.id]


def test_numbers_go_on_from_the_higher_one(authority: Authority, web: Path) -> None:
    """Whoever signed it had a clock that was ahead by a year; no client takes a list with a lower number."""
    ahead = authority.at + 365 * DAY
    issuer = authority.known.current
    content = profile.make_list(
        memory.signer(authority.var, issuer), [], profile.next_number(0, ahead), ahead, profile.LIST_LASTS
    )
    (web / f"{issuer.id}.crl").write_bytes(content)
    done = nightly(authority)
    assert number(newest(authority, web)) == int(ahead.timestamp()) + 1
    assert "is newer than the last one that was signed here" in done.problems[0]


def forged(authority: Authority, issuer: Issuer) -> bytes:
    """A list with the authority's name and number, of somebody else's key, that names a stranger's serial."""
    stranger = Signer(issuer.x509, profile.new_key(authority.known.beginning.level))
    return profile.make_list(
        stranger, [Gone(1 << 150, authority.at, x509.ReasonFlags.key_compromise)], 1 << 100,
        authority.at, profile.LIST_LASTS,
    )  # fmt: skip


def other_issuer(authority: Authority, issuer: Issuer) -> bytes:
    """A list that is ours, and the root's: under another's name it counts for nothing."""
    return bytes.fromhex(authority.known.root_list)


def cut(authority: Authority, issuer: Issuer) -> bytes:
    content = memory.list_path(authority.var, issuer.id).read_bytes()
    return content[: len(content) // 2]


def changed(authority: Authority, issuer: Issuer) -> bytes:
    content = bytearray(memory.list_path(authority.var, issuer.id).read_bytes())
    content[60] ^= 1
    return bytes(content)


HOSTILE: list[tuple[Callable[[Authority, Issuer], bytes], str]] = [
    (forged, "was not signed by issuing-"),
    (other_issuer, "was not signed by issuing-"),
    (cut, "is no list that makes sense"),
    (changed, "(was not signed by issuing-|is no list that makes sense)"),
    (lambda *_: b"<html>Sign in to the network</html>", "is no list that makes sense"),
    (lambda *_: b"", "is no list that makes sense"),
    (lambda *_: b"\x30\x84\xff\xff\xff\xff" + b"\0" * 1000, "is no list that makes sense"),
]


@pytest.mark.parametrize(("made", "words"), HOSTILE)
def test_hostile_lists_count_for_nothing(
    authority: Authority, web: Path, made: Callable[[Authority, Issuer], bytes], words: str
) -> None:
    serial = authority.issue().certificate.serial
    revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    issuer = authority.known.current
    (web / f"{issuer.id}.crl").write_bytes(made(authority, issuer))
    count, authority.at = len(events(authority)), authority.at + DAY
    done = nightly(authority)
    (problem,) = done.problems
    assert re.search(words, problem), problem
    assert "nothing of it counts, and the new list takes its place" in problem
    assert serials(newest(authority, web)) == {serial} and number(newest(authority, web)) == int(
        authority.at.timestamp()
    )
    assert len(events(authority)) == count


def test_a_huge_file_is_not_read(authority: Authority, web: Path) -> None:
    path = web / f"{authority.known.current.id}.crl"
    os.truncate(path, 1 << 40)
    authority.at += DAY
    (problem,) = nightly(authority).problems
    assert f"has more than {published.MOST_BYTES} bytes" in problem and path.stat().st_size < 4096


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_what_is_no_file_cannot_be_read(authority: Authority, web: Path, what: str) -> None:
    path = web / f"{authority.known.current.id}.crl"
    path.unlink()
    {"link": lambda: path.symlink_to("/etc/hostname"), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[what]()
    done = lists.sign(authority.var, authority.at + DAY)
    (note,) = done.notes
    assert "the published list cannot be read" in note and str(path) in note
    assert "whoever was revoked since gets in again by the new list" in note and done.problems == ()


def test_it_is_said_once_that_nothing_can_be_read(authority: Authority, web: Path) -> None:
    web.rename(web.with_name("away"))
    done = lists.sign(authority.var, authority.at + DAY)
    (note,) = done.notes
    assert f"cannot be read ({web} is not there)" in note and done.problems == ()


def test_a_new_place_has_none_yet(authority: Authority, web: Path) -> None:
    for path in web.iterdir():
        path.unlink()
    (note,) = nightly(authority).notes
    assert "there is none of root-" in note and "where lists are published" in note
    assert nightly(authority).notes == ()
