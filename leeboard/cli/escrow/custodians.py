"""Custodians as commands name them: certificates in files, posts to make one for, and a private key on a stick."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric import rsa

from leeboard.cli import prompts
from leeboard.errors import LeeboardError
from leeboard.escrow.keys import certificates
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.keys.private_key import load
from leeboard.model.values import plain
from leeboard.storage import files

MOST_BYTES = 64 * 1024  # of a certificate's or private key's file

Certificates = Annotated[
    list[Path] | None,
    typer.Option("--custodian", metavar="FILE", help="A custodian's certificate (RSA, 3072 bits or more)."),
]
Make = Annotated[
    list[str] | None,
    typer.Option("--make", metavar="POST", help="Make a certificate and a private key for a custodian: a post."),
]
Keys = Annotated[
    Path | None, typer.Option("--keys", help="With --make: where the private keys go, such as a USB stick.")
]
PrivateKey = Annotated[Path, typer.Option("--private-key", help="A custodian's private key, encrypted or not.")]


def named(
    files_of: Sequence[Path], make: Sequence[str], keys: Path | None, away_from: Sequence[Path], at: datetime
) -> list[Custodian]:
    """The custodians that somebody names, those to be made included; a private key goes nowhere below `away_from`.

    Raises LeeboardError.
    """
    taken = [certificates.read_custodian(path.stem, content_of(path)) for path in files_of]
    names = [custodian.name for custodian in taken] + list(make)
    for name in names:
        if not name.replace("-", "").replace("_", "").isalnum() or names.count(name) > 1:
            raise LeeboardError(f"{plain(name)}: give each custodian a name of its own, of letters, digits and dashes")
    if bool(make) != (keys is not None):
        raise LeeboardError("--make and --keys go together: a private key has to go somewhere, and not into the vault")
    if keys is not None:
        _outside(keys, away_from)
    return taken + [_new_custodian(name, keys, at) for name in make if keys is not None]


def where(keys: Path | None) -> str:
    """The advice on where to put new private keys."""
    return (
        f"The private keys are in {keys}. Take them away from this machine now: one copy to each custodian, one into "
        "the safe, each with its passphrase kept elsewhere. Without a private key no envelope ever opens."
    )


def private_key(path: Path) -> rsa.RSAPrivateKey:
    """A private key from its file; its passphrase is asked for on the terminal. Raises LeeboardError."""
    content = content_of(path)
    passphrase: bytes | None = None
    if b"ENCRYPTED" in content:
        passphrase = prompts.secret("Passphrase of the private key", f"{path}: needs its passphrase").encode()
    try:
        return load(content, passphrase)
    except LeeboardError as problem:
        raise LeeboardError(f"{path}: {problem}") from None


def _new_custodian(name: str, keys: Path, at: datetime) -> Custodian:
    """A new custodian; the private key is on the disk before the certificate is used."""
    target = keys / f"{name}-private-key.pem"
    if target.exists():
        raise LeeboardError(
            f"{target}: is there already, and is not overwritten. If it was made by a run that was cut off, give its "
            f"certificate instead of --make (--custodian {keys / name}.pem); without one take the file away"
        )
    passphrase = prompts.secret(f"A passphrase for the private key of {name}", "a passphrase is needed", twice=True)
    custodian, secret = certificates.make(name, passphrase, at)
    try:
        files.replace(target, secret)
        files.replace(keys / f"{name}.pem", custodian.pem)
    except OSError as problem:
        raise LeeboardError(f"{target}: cannot be written: {problem.strerror}; nothing was made") from None
    return custodian


def _outside(keys: Path, places: Sequence[Path]) -> None:
    """Raises LeeboardError for a folder in which a private key would lie beside what it opens."""
    if not keys.is_dir():
        raise LeeboardError(f"{keys}: is no folder; give the one that the private keys are to go to")
    folder = os.path.realpath(keys)
    for place in places:
        if os.path.commonpath([folder, os.path.realpath(place)]) == os.path.realpath(place):
            raise LeeboardError(f"{keys}: lies in {place}: a private key beside the vault protects nothing")


def content_of(path: Path) -> bytes:
    """The content of a small file that somebody named. Raises LeeboardError."""
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        raise LeeboardError(f"{path}: there is no such file")
    return content
