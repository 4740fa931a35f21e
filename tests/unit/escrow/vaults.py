"""Vaults for tests: two places on two volumes, and custodians whose private keys are at hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from leeboard.escrow.keys import certificates
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import new_key
from leeboard.escrow.vault.vault import Vault, make

AT = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
PASSPHRASE = "a long passphrase of a custodian"
OTHER_VOLUME = Path("/dev/shm")


@cache
def custodian(name: str) -> tuple[Custodian, bytes]:
    """A custodian and the encrypted private key. Making one takes a second, so each is made once."""
    return certificates.make(name, PASSPHRASE, AT)


@cache
def private(secret: bytes) -> rsa.RSAPrivateKey:
    """The private key in a custodian's file."""
    key = load_pem_private_key(secret, PASSPHRASE.encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def content(number: int = 1, **more: str) -> Content:
    """A key of a device, with what stands beside it."""
    said = {
        "school": "Hill School (900001)", "device": "EP-0001 (office-1)", "disk": "0d5e-uuid", "id": f"K-{number}",
        "made": "2026-11-26T10:00:00Z",
    }  # fmt: skip
    return Content(new_key(), **{**said, **more})


@contextmanager
def another_volume(folder: Path) -> Iterator[Path]:
    """A folder on another volume than `folder`."""
    if not OTHER_VOLUME.is_dir() or OTHER_VOLUME.stat().st_dev == folder.stat().st_dev:
        pytest.skip("needs a second volume, such as /dev/shm")
    found = Path(tempfile.mkdtemp(prefix="leeboard-vault-", dir=OTHER_VOLUME))
    try:
        yield found
    finally:
        shutil.rmtree(found)


@contextmanager
def a_vault(folder: Path, custodians: Sequence[str] = ("head",)) -> Iterator[Vault]:
    """A vault with places on two volumes, which the head can open, and whoever else is named."""
    with another_volume(folder) as other:
        named = [custodian(name)[0] for name in custodians]
        yield make(folder / "var", (folder / "first", other / "second"), named, AT)


class Died(BaseException):
    """The controller, the machine or the connection went away at this moment; nothing of ours may swallow it."""


@contextmanager
def dying(point: int, moment: str = "before") -> Iterator[list[int]]:
    """The controller dies before or after it has given the disk what it wrote for the `point`th time; 0: never.

    What comes with it is the count of times so far.
    """
    calls, fsync = [0], os.fsync

    def patched(descriptor: int) -> None:
        calls[0] += 1
        if (calls[0], moment) == (point, "before"):
            raise Died
        fsync(descriptor)
        if calls[0] == point:
            raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", patched)
        yield calls


def full_from(number: int, patched: pytest.MonkeyPatch) -> None:
    """Every write from the `number`th on finds no room where it is to be on the disk."""
    fsync, calls = os.fsync, [0]

    def full(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] >= number:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    patched.setattr(os, "fsync", full)


def keep(vault: Vault, folder: Path) -> Path:
    """A copy of the vault and of what the controller remembers, to begin from again."""
    saved = folder / "saved"
    shutil.copytree(vault.var, saved / "var")
    for place in vault.places:
        shutil.copytree(place.path, saved / str(place.copy))
    return saved


def bring_back(vault: Vault, saved: Path) -> None:
    """Let the vault be as it was kept."""
    places = ((saved / str(place.copy), place.path) for place in vault.places)
    for source, target in ((saved / "var", vault.var), *places):
        shutil.rmtree(target)
        shutil.copytree(source, target)
