"""The keys of an authority: sealed to custodians, 0600, found nowhere else, and brought back."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from leeboard.authority import expiry, lists, memory, profile, session
from leeboard.authority.certificates import Registered, revoke_device
from leeboard.authority.records import Reason
from leeboard.errors import LeeboardError
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.checking import check, mended
from leeboard.escrow.vault.rekeying import hand_over, opener, reseal
from leeboard.model.observation import Found
from tests.unit.authority.authorities import DAY, LAPTOP, Authority, head
from tests.unit.escrow.vaults import AT, PASSPHRASE, custodian, private
from tests.windows.wire.secrets import leaks


def secrets_of(authority: Authority) -> dict[str, list[str]]:
    """Every form of each private key of the authority that could be found, by the authority's id."""
    found = {}
    opened = vault.open_vault(authority.var)
    by = opener(opened, head())
    for name, sealed in opened.authority_keys().items():
        pem = by.header(opened, sealed).decode()
        key = profile.key_of_pem(pem.encode(), name)
        number = key.private_numbers().private_value.to_bytes(48, "big").lstrip(b"\0")
        raw = [number[at : at + 16].decode("latin-1") for at in (0, 16)]
        found[name] = [pem.splitlines()[1], number.hex()[:40], *raw]
    return found


def test_no_key_is_anywhere_but_the_issuing_one_in_its_file(
    authority: Authority, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    authority.issue()
    authority.gateway()
    revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    lists.sign(authority.var, authority.at)
    session.renew(authority.var, head(), authority.at)
    places = [authority.var, *(place.path for place in authority.vault.places)]
    kept = {path.stem for path in (authority.var / "authority/keys").glob("*.pem")}
    for name, forms in secrets_of(authority).items():
        where = {one.rpartition(":")[0] for form in forms[:2] for one in leaks(form, *places, *capfd.readouterr())}
        assert where == ({str(memory.key_path(authority.var, name))} if name in kept else set())
        binary = [form.encode("latin-1") for form in forms[2:]]
        files = [path for place in places for path in place.rglob("*") if path.is_file()]
        assert not [path for path in files for form in binary if form in path.read_bytes()]
        assert name.startswith("root") is (name not in kept)
    assert not [path for place in places for path in place.rglob("*.tmp")]


def test_the_search_finds_a_planted_key(authority: Authority, tmp_path: Path) -> None:
    forms = secrets_of(authority)[authority.known.beginning.root.id]
    for number, form in enumerate(forms[:2]):
        (tmp_path / "planted").write_text(f"a log line with {form}")
        assert leaks(form, tmp_path / "planted"), number


def test_the_key_is_for_its_owner_alone(authority: Authority) -> None:
    path = memory.key_path(authority.var, authority.known.current.id)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    before = lists_there(authority)
    with pytest.raises(LeeboardError, match="others can read or change this key; find out who did, take it as stolen"):
        lists.sign(authority.var, authority.at)
    with pytest.raises(LeeboardError, match="chmod 600"):
        authority.issue()
    assert lists_there(authority) == before and not memory.every(authority.var)
    path.chmod(0o600)
    path.write_bytes(profile.pem_of_key(profile.new_key(authority.known.beginning.level)))
    with pytest.raises(LeeboardError, match=r"is not the key of issuing-.*; bring it back with leeboard vpn restore"):
        authority.issue()


def lists_there(authority: Authority) -> dict[str, bytes]:
    """The newest lists, by name; the root's own does not change."""
    return {path.name: path.read_bytes() for path in (authority.var / "authority/lists").glob("issuing*")}


def test_a_controller_that_lost_it_all_is_brought_back(authority: Authority) -> None:
    serial = authority.issue().certificate.serial
    gateway = authority.gateway().certificate
    revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    other = authority.issue(Registered("900001", "LT-015")).certificate
    shutil.rmtree(authority.var / "authority")
    with pytest.raises(LeeboardError, match="is not there; a custodian brings it back with leeboard vpn restore"):
        lists.sign(authority.var, authority.at)
    assert session.restore(authority.var, head(), authority.at) == [authority.known.current.id]
    assert lists.sign(authority.var, authority.at).revoked == 1
    assert [one.serial for one in memory.held(authority.var, "900001", "LT-014").certificates] == [serial]
    assert authority.known.gateways == (gateway,) and memory.held(authority.var, "900001", "LT-015").certificates == (
        other,
    )
    with pytest.raises(LeeboardError, match="belongs to none of the custodians"):
        session.restore(authority.var, private(custodian("other")[1]), authority.at)


def test_without_leeboard_openssl_opens_the_sealed_key(authority: Authority, tmp_path: Path) -> None:
    owner, secret = custodian("head")
    (tmp_path / "head.pem").write_bytes(owner.pem)
    (tmp_path / "key.pem").write_bytes(secret)
    sealed = vault.open_vault(authority.var).authority_keys()[authority.known.beginning.root.id]
    command = [
        "openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(authority.vault.places[1].path / sealed.name),
        "-recip", str(tmp_path / "head.pem"), "-inkey", str(tmp_path / "key.pem"), "-passin", f"pass:{PASSPHRASE}",
    ]  # fmt: skip
    content = subprocess.run(command, check=True, capture_output=True).stdout
    key = serialization.load_pem_private_key(content, None)
    assert key.public_key() == authority.known.beginning.root.x509.public_key()


def test_escrow_verify_and_rekey_have_the_authority_s_keys_too(authority: Authority) -> None:
    opened = vault.open_vault(authority.var)
    assert check(opened, authority.at).problems == ()
    name = next(iter(opened.authority_keys().values())).name
    (opened.places[0].path / name).unlink()
    (opened.places[0].path / "authority/stranger.key").write_bytes(b"?")
    problems = check(opened, authority.at).problems
    assert any(f"{name}: copy 1 is missing" in one for one in problems)
    assert any("stranger.key: the ledger does not know this file" in one for one in problems)
    (opened.places[0].path / "authority/stranger.key").unlink()
    assert mended(opened, authority.at) == [name]
    after = hand_over(opened, [custodian("other")[0]], authority.at)
    assert any("VPN's authority: key root-" in one for one in check(after, authority.at).problems)
    assert reseal(after, opener(after, head()), lambda: authority.at) == (2, [])
    assert check(vault.open_vault(authority.var), authority.at).problems == ()
    session.renew(authority.var, private(custodian("other")[1]), authority.at)
    with pytest.raises(LeeboardError, match="is not sealed to whom this private key belongs to"):
        session.renew(authority.var, head(), authority.at)


def test_a_list_is_signed_also_while_the_vault_is_away(authority: Authority, tmp_path: Path) -> None:
    authority.issue()
    revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    second = authority.vault.places[1].path
    shutil.move(second, tmp_path / "away")
    done = lists.sign(authority.var, authority.at)
    assert done.revoked == 1 and "the vault cannot be read" in done.problems[0]
    with pytest.raises(LeeboardError):
        authority.issue(LAPTOP)


def days(authority: Authority) -> dict[str, object]:
    """What REM-13 is judged by."""
    return {
        one.address: one.effective.value if isinstance(one.effective, Found) else one.effective.state
        for one in expiry.readings(authority.var, authority.at)
        if one.effective is not None
    }


def test_what_is_about_to_end_is_measured(authority: Authority) -> None:
    assert days(authority) == {"root": 7300, "issuing": 365, "list": 0, "gateways": "absent"}
    lists.sign(authority.var, authority.at)
    authority.gateway()
    authority.at += 3 * DAY
    assert days(authority) == {"root": 7297, "issuing": 362, "list": 1, "gateways": 362}
    authority.at += timedelta(days=100)
    session.renew(authority.var, head(), authority.at)
    lists.sign(authority.var, authority.at)
    assert days(authority) == {"root": 7197, "issuing": 365, "list": 4, "gateways": 262}


def test_a_controller_without_one_and_one_that_cannot_be_read(tmp_path: Path) -> None:
    nothing = expiry.readings(tmp_path, AT)
    assert {one.effective.state for one in nothing if one.effective} == {"absent"}
    (tmp_path / "authority").mkdir()
    (tmp_path / "authority/known.json").write_text("{")
    broken = expiry.readings(tmp_path, AT)
    assert {one.effective.state for one in broken if one.effective} == {"unreadable"}
