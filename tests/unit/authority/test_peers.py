"""Public keys of WireGuard in the vault's ledger: whose they are, which of them count, and killed at any write."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from leeboard.authority import memory, peers, records
from leeboard.authority.certificates import Registered, revoke_device
from leeboard.authority.gateways import wireguard
from leeboard.authority.records import Reason
from leeboard.authority.roll_out import refuse_lasting
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Mark
from leeboard.escrow.vault.vault import Vault
from tests.unit.authority.authorities import LAPTOP, Authority
from tests.unit.authority.test_killed import STEPS, killed
from tests.unit.escrow.vaults import AT, a_vault
from tests.wireguard_tools import wg

OTHER = Registered("900001", "LT-015")


def public_key() -> str:
    """A key as a device makes it."""
    return base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault without an authority: WireGuard needs none."""
    with a_vault(tmp_path) as made:
        yield made


def counting(var: Path) -> list[str]:
    return [one.public_key for one in peers.counting(var)]


def test_a_key_is_kept_once_and_of_each_device_the_newest_counts(vault: Vault) -> None:
    first, second, others = public_key(), public_key(), public_key()
    assert peers.keep(vault.var, LAPTOP, first, AT)
    assert not peers.keep(vault.var, LAPTOP, first, AT), "a run that was cut off asks twice"
    assert peers.keep(vault.var, OTHER, others, AT)
    assert counting(vault.var) == [first, others] and peers.is_kept(vault.var, LAPTOP, first)
    assert peers.keep(vault.var, LAPTOP, second, AT)
    assert counting(vault.var) == [second, others]


def test_a_copy_of_another_devices_disk_is_refused(vault: Vault) -> None:
    key = public_key()
    peers.keep(vault.var, LAPTOP, key, AT)
    with pytest.raises(LeeboardError, match="known as that of 900001 LT-014; one of the two is a copy"):
        peers.keep(vault.var, OTHER, key, AT)
    assert counting(vault.var) == [key]


@pytest.mark.parametrize("nonsense", ["", "x", "A" * 44, f"{'A' * 42}=", f"{'A' * 43}=\n", "é" * 44, "=" * 44])
def test_what_is_no_key_is_refused(vault: Vault, nonsense: str) -> None:
    with pytest.raises(LeeboardError, match="no public key of WireGuard; nothing was kept"):
        peers.keep(vault.var, LAPTOP, nonsense, AT)
    assert list(vault.since(Mark()))[-1].event != records.KEY


@pytest.mark.parametrize("reason", list(Reason))
def test_a_revoked_key_counts_never_again(vault: Vault, reason: Reason) -> None:
    key, new = public_key(), public_key()
    peers.keep(vault.var, LAPTOP, key, AT)
    gone = revoke_device(vault.var, LAPTOP.urn, LAPTOP.asset, reason, AT)
    assert [one.public_key for one in gone.keys] == [key] and gone.certificates == ()
    assert counting(vault.var) == [] and not peers.is_kept(vault.var, LAPTOP, key)
    lasting = reason in (Reason.STOLEN, Reason.LOST, Reason.COMPROMISED, Reason.RETIRED)
    with pytest.raises(LeeboardError, match="gives it another" if lasting else "make a new one"):
        peers.keep(vault.var, LAPTOP, key, AT)
    with pytest.raises(LeeboardError, match="its key was revoked"):
        peers.keep(vault.var, LAPTOP, key, AT, by_hand=True)
    if lasting:
        with pytest.raises(LeeboardError, match=rf"key of WireGuard was revoked on .* \({reason}\)"):
            peers.not_again(vault.var, LAPTOP)
        peers.keep(vault.var, LAPTOP, new, AT, by_hand=True)
    else:
        assert peers.not_again(vault.var, LAPTOP) == (key,)
        peers.keep(vault.var, LAPTOP, new, AT)
    assert counting(vault.var) == [new] and peers.not_again(vault.var, LAPTOP) == (key,)
    with pytest.raises(LeeboardError, match="that still counts"):
        revoke_device(vault.var, OTHER.urn, OTHER.asset, reason, AT)


def test_who_stole_a_laptop_gets_in_by_neither(authority: Authority) -> None:
    authority.issue()
    peers.keep(authority.var, LAPTOP, public_key(), authority.at)
    gone = revoke_device(authority.var, LAPTOP.urn, LAPTOP.asset, Reason.STOLEN, authority.at)
    assert (len(gone.certificates), len(gone.keys)) == (1, 1)
    assert [entry.event for entry in authority.vault.since(Mark())][-1] == records.REVOKED
    with pytest.raises(LeeboardError, match=r"\(stolen\), so no roll-out gives it another"):
        peers.not_again(authority.var, LAPTOP)
    with pytest.raises(LeeboardError, match=r"\(stolen\), so no roll-out gives it another"):
        refuse_lasting(memory.held(authority.var, LAPTOP.urn, LAPTOP.asset))
    authority.issue()  # by hand: it is safe again
    refuse_lasting(memory.held(authority.var, LAPTOP.urn, LAPTOP.asset))


def test_what_is_remembered_is_made_again_from_the_ledger(vault: Vault) -> None:
    key = public_key()
    peers.keep(vault.var, LAPTOP, key, AT)
    peers.keep(vault.var, OTHER, public_key(), AT)
    revoke_device(vault.var, OTHER.urn, OTHER.asset, Reason.LOST, AT)
    for path in (vault.var / "authority").rglob("*"):
        if path.is_file() and path.name != "authority.lock":
            path.unlink()
    assert not peers.keep(vault.var, LAPTOP, key, AT)
    assert counting(vault.var) == [key]


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_a_key_is_kept_or_revoked_no_line_is_lost_and_none_twice(vault: Vault, step: int) -> None:
    number, key = 0, public_key()
    device = Registered("900001", "EP-0")

    def work() -> object:
        peers.keep(vault.var, device, key, AT)
        return revoke_device(vault.var, device.urn, device.asset, Reason.STOLEN, AT)

    def prepare() -> None:
        nonlocal number, key, device
        number, key = number + 1, public_key()
        device = Registered("900001", f"EP-{number}")

    for _ in killed(work, step, prepare):
        with suppress(LeeboardError):  # it was revoked before it was killed
            peers.keep(vault.var, device, key, AT)
        with suppress(LeeboardError):
            revoke_device(vault.var, device.urn, device.asset, Reason.STOLEN, AT)
        (held,) = memory.held(vault.var, device.urn, device.asset).keys
        assert held.public_key == key and held.reason is Reason.STOLEN
        assert memory.owner(vault.var, held.id) == f"900001 {device.asset}"
        assert counting(vault.var) == []
    kept = [entry.key for entry in vault.since(Mark()) if entry.event == records.KEY]
    assert len(kept) == len(set(kept)) and number > 2


# What a gateway gets


def wanted(*of: wireguard.Peer) -> wireguard.Wanted:
    inner = ("10.99.0.0/20", "2001:db8:99::/64")
    return wireguard.Wanted("vpn.school.example", public_key(), 51821, inner, of, False, ("10.20.0.0/16",))


def a_peer(asset: str, last: int) -> wireguard.Peer:
    return wireguard.Peer("900001", asset, public_key(), (f"10.99.0.{last}", f"2001:db8:99::{last}"))


def test_the_peers_are_wgs_own_words(tmp_path: Path) -> None:
    peer = a_peer("LT-014", 2)
    files = wireguard.files(wanted(peer))
    assert files[wireguard.PEERS].endswith(
        f"# LT-014 (900001)\n[Peer]\nPublicKey = {peer.public_key}\nAllowedIPs = 10.99.0.2/32, 2001:db8:99::2/128\n"
    )
    assert "Address = 10.99.0.1/20, 2001:db8:99::1/64\nListenPort = 51821\n" in files[wireguard.CONF]
    assert "PrivateKey" not in "".join(files.values())
    # `wg-quick strip` reads the file as it would to bring the interface up, and prints what is wg's own.
    conf = tmp_path / "leeboard.conf"
    conf.write_text(files[wireguard.CONF])
    conf.chmod(0o600)
    assert wg("quick", "strip", str(conf)).strip().splitlines()[1:] == ["[Interface]", "ListenPort = 51821"]


def test_the_script_puts_out_who_is_not_exported_before_it_lets_anybody_in(tmp_path: Path) -> None:
    """Run with a stand-in for wg, which notes what it is told: the kernel of a test machine may have no WireGuard."""
    stays, stolen = a_peer("LT-014", 2), public_key()
    programs, said = tmp_path / "bin", tmp_path / "said"
    programs.mkdir()
    (programs / "wg").write_text(
        f'#!/bin/sh\n[ "$1" != show ] || {{ printf "%s\\n" {stays.public_key} {stolen}; exit; }}\necho "$@" >> {said}\n'
    )
    (programs / "wg").chmod(0o755)
    script, exported = tmp_path / "script", tmp_path / "peers.conf"
    script.write_text(wireguard.SCRIPT_TEXT)
    exported.write_text(wireguard.peers(wanted(stays)))
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "LEEBOARD_PEERS": str(exported)}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", str(script), "wg9"], env=environment, capture_output=True, text=True, check=False)

    assert run().returncode == 0, run().stderr
    assert said.read_text().splitlines()[:2] == [f"set wg9 peer {stolen} remove", f"addconf wg9 {exported}"]
    # An export that was not copied whole puts nobody out.
    for content in ("", None):
        said.unlink(missing_ok=True)
        exported.unlink(missing_ok=True)
        if content is not None:
            exported.write_text(content)
        assert run().returncode != 0 and not said.exists()
