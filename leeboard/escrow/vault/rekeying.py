"""Other custodians: the vault is handed to them, and every envelope is sealed for them anew.

    handing over   the ledger names the new custodians, and every new key is sealed to them from then on
    resealing      each envelope is opened with one custodian's private key and sealed anew

Both can be cut off anywhere: what is sealed already is passed over by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import rsa

from leeboard.errors import LeeboardError
from leeboard.escrow.keys import envelope
from leeboard.escrow.keys.certificates import Custodian, objection
from leeboard.escrow.vault import custodians as people
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.records import AuthorityKey, Header, Key, State
from leeboard.escrow.vault.vault import Vault, open_vault


@dataclass(frozen=True)
class Opener:
    """A private key, and the certificates that it belongs to: a custodian's, or one's who was a custodian once."""

    certificates: tuple[Custodian, ...]
    secret: rsa.RSAPrivateKey

    def key(self, vault: Vault, key: Key) -> envelope.Content:
        """The content of a key's envelope. Raises LeeboardError."""
        return envelope.unseal(vault.envelope(key), self._of(key).certificate, self.secret)

    def header(self, vault: Vault, header: Header | AuthorityKey) -> bytes:
        """The copy of a disk's header, or a key of the VPN's authority, unsealed. Raises LeeboardError."""
        return envelope.unseal_bytes(vault.envelope(header), self._of(header).certificate, self.secret)

    def _of(self, sealed: Key | Header | AuthorityKey) -> Custodian:
        fits = [
            certificate
            for certificate in self.certificates
            if certificate.fingerprint in sealed.custodians or not sealed.custodians
        ]
        if not fits:
            raise LeeboardError(f"{sealed.name}: is not sealed to whom this private key belongs to")
        return fits[0]


def opener(vault: Vault, secret: rsa.RSAPrivateKey) -> Opener:
    """Whom a private key belongs to. Raises LeeboardError where it is nobody's who could open this vault."""
    public = secret.public_key().public_numbers()
    everybody = (*vault.custodians, *people.former(vault.places))
    mine = tuple(certificate for certificate in everybody if _numbers(certificate) == public)
    if not mine:
        raise LeeboardError("this private key belongs to none of the custodians of the vault")
    return Opener(mine, secret)


def hand_over(vault: Vault, custodians: Sequence[Custodian], at: datetime) -> Vault:
    """Give the vault these custodians, and open it anew. Raises LeeboardError; then it has those of before."""
    wrong = next(filter(None, (objection(custodian, at) for custodian in custodians)), "")
    if wrong or not custodians:
        raise LeeboardError(f"{wrong or 'a vault needs a custodian'}; nothing was changed")
    with vault.writing(at) as writer:
        people.stage(vault.places, vault.custodians, custodians)
        writer.note(ledger.CUSTODIANS, custodians=tuple(custodian.fingerprint for custodian in custodians))
    after = open_vault(vault.var, whole=False)
    with after.writing(at):
        pass  # whoever writes first puts the certificates where they belong
    return after


def reseal(
    vault: Vault, secret: Opener, clock: Callable[[], datetime], progress: Callable[[int, int], None] = lambda *_: None
) -> tuple[int, list[str]]:
    """Seal every envelope for today's custodians; how many were sealed anew, and a line for each that could not be.

    `progress` is told how many are done, of how many. Dropped keys, which never came into a disk, are left alone.
    """
    wanted = people.fingerprints(vault.custodians)
    every: list[Key | Header | AuthorityKey] = [
        sealed
        for record in vault.records().values()
        for sealed in record.sealed
        if not (isinstance(sealed, Key) and sealed.state is State.DROPPED)
    ]
    every += vault.authority_keys().values()
    behind = [sealed for sealed in every if frozenset(sealed.custodians) != wanted]
    done = 0
    failed: list[str] = []
    for number, sealed in enumerate(behind, 1):
        try:
            if isinstance(sealed, Key):
                content = envelope.seal(secret.key(vault, sealed), vault.custodians)
            else:
                content = envelope.seal_bytes(secret.header(vault, sealed), vault.custodians)
            with vault.writing(clock()) as writer:
                writer.reseal(sealed, content)
            done += 1
        except LeeboardError as problem:
            whose = "VPN's authority" if isinstance(sealed, AuthorityKey) else f"{sealed.urn} {sealed.asset}"
            failed.append(f"{whose} {sealed.id}: {problem}")
        progress(number, len(behind))
    # A run that was cut off may have left the second copy of one behind the ledger.
    with vault.writing(clock()) as writer:
        for sealed in every:
            if frozenset(sealed.custodians) == wanted:
                try:
                    writer.mend(sealed)
                except LeeboardError as problem:
                    failed.append(str(problem))
    return done, failed


def _numbers(custodian: Custodian) -> rsa.RSAPublicNumbers | None:
    key = custodian.certificate.public_key()
    return key.public_numbers() if isinstance(key, rsa.RSAPublicKey) else None
