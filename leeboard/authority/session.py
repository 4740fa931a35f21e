"""The VPN's authority on a controller, opened by one process at a time: begun, renewed by a custodian, brought back.

What makes a thing so is one line in the vault's ledger, on the disk in both places:

    begin    root key and issuing key sealed -> issuing key in var -> the line -> what the controller remembers
    renew    the root is opened; issuing key sealed -> issuing key in var -> the line, with the root's new list
    issue    the line, which has the certificate -> what the controller remembers
    revoke   the line -> what the controller remembers -> a new list
    list     the published list is read -> lines with what it says and the ledger does not know -> a new list

Cut off before its line nothing has happened; after it the next command of any kind remembers it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from leeboard.authority import memory, profile, published, records, taking_over
from leeboard.authority.profile import Gone, Signer
from leeboard.authority.records import Begun, Issuer, Known, Reason, Renewed
from leeboard.authority.taking_over import Seen
from leeboard.errors import LeeboardError
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.ledger import Mark
from leeboard.escrow.vault.rekeying import Opener, opener
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from leeboard.model.strict import Strict
from leeboard.storage import files, lock_owner

LOCK = "authority.lock"
WAIT = 60.0  # seconds for another process that works with the authority
MOST_GENERATIONS = 100


class Session:
    """The authority, with what its ledger says now. Every call returns only when it is on the disk."""

    def __init__(self, var: Path, opened: Vault, at: datetime) -> None:
        """Brings what the controller remembers up to the ledger. Raises LeeboardError."""
        self.var = var
        self.vault = opened
        self.at = at.astimezone(UTC).replace(microsecond=0)
        self.known, self._mark = memory.read(var)
        self._catch_up()

    def note(self, event: str, content: Strict, serial: str = "") -> None:
        """Add a line to the ledger, in both places, and remember it. Raises LeeboardError."""
        with self.vault.writing(self.at) as writer:
            writer.note(event, key=serial, authority=records.payload(content))
        self._catch_up()

    def take_over(self, seen: Seen) -> None:
        """Keep what published lists say and the ledger does not know. Raises LeeboardError."""
        for one in seen.new:
            self.note(records.TAKEN_OVER, one)

    def signer(self) -> tuple[Issuer, Signer]:
        """The issuing authority that signs from now on. Raises LeeboardError: there is none, or it is past its end."""
        current = self.known.current
        if self.at >= current.ends:
            raise LeeboardError(
                f"the issuing authority {current.id} ended on {current.ends:%d %B %Y}; a custodian makes the next one "
                "with leeboard vpn renew"
            )
        return current, memory.signer(self.var, current)

    def _catch_up(self) -> None:
        ledger = self.vault.since(self._mark)
        known = memory.after(self.var, self.known, ledger)
        if ledger.mark != self._mark or known != self.known:
            memory.write(self.var, known, ledger.mark)
        self.known, self._mark = known, ledger.mark


@contextmanager
def locked(var: Path, at: datetime) -> Iterator[None]:
    """The authority's lock: no list is signed beside a revocation that it does not know of. Raises LeeboardError."""
    path = var / memory.FOLDER / LOCK
    files.make_folder(path.parent)
    try:
        lock = files.FileLock(path, wait=WAIT, text=lock_owner.mine(at))
    except files.Busy as busy:
        raise LeeboardError(
            f"{path}: somebody else works with the VPN's authority ({lock_owner.describe(busy.owner, at)}); wait for "
            "their end, then run this again"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def session(var: Path, at: datetime) -> Iterator[Session]:
    """The authority, under its lock. Raises LeeboardError."""
    opened = vault.open_vault(var, whole=False)
    with locked(var, at):
        yield Session(var, opened, at)


def begin(var: Path, name: str, level: Level, lists: str, at: datetime) -> Known:
    """Begin the authority of a controller; `lists` is the address under which its lists will be. Raises LeeboardError.

    One that was cut off is begun anew: nothing was issued by it.
    """
    with session(var, at) as open_session:
        if open_session.known.begun is not None:
            raise LeeboardError(
                f"this controller has a VPN authority already, {open_session.known.beginning.name}; leeboard vpn renew "
                "makes its next issuing authority"
            )
        open_session.vault.sealable(level, at)
        at = open_session.at
        root_key, root_id = profile.new_key(level), _name("root")
        root = Signer(profile.make_root(f"{name} VPN {root_id}", root_key, at), root_key)
        made = Issuer(id=root_id, certificate=profile.pem_of(root.certificate), lists=f"{lists}/{root_id}.crl")
        _keep(open_session, root_id, root)
        issuing = _issuing(open_session, name, level, root, made.lists, lists)
        begun = Begun(name=name, level=level, root=made, issuing=issuing, root_list=_root_list(root, (), at, 0).hex())
        open_session.note(records.BEGUN, begun)
        memory.drop_keys(var, [issuing.id])
        return open_session.known


def renew(
    var: Path, secret: rsa.RSAPrivateKey, at: datetime, lists: str | None = None, revoke: Reason | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> Known:  # fmt: skip
    """Make the next issuing authority, by a custodian's private key; with `revoke` the ones before count no more.

    What published lists say and the ledger did not know is kept first, and told to `say`. Raises LeeboardError; then
    all else is as it was.
    """
    with session(var, at) as open_session:
        seen = taking_over.look(var, open_session.known, at)
        open_session.take_over(seen)
        for line in (*seen.problems, *seen.notes):
            say(line)
        known, at = open_session.known, open_session.at
        begun = known.beginning
        root = _root(open_session, secret)
        base = lists or known.current.lists.rpartition("/")[0]
        issuing = _issuing(open_session, begun.name, begun.level, root, begun.root.lists, base)
        ours = {one.x509.serial_number for one in known.issuing}
        gone = tuple(one.id for one in known.alive(at)) if revoke else ()
        lines = [
            Gone(one.x509.serial_number, datetime.fromisoformat(one.revoked), (one.reason or Reason.STOLEN).flag)
            for one in known.issuing
            if one.revoked and at < one.ends + records.KEPT_ON_LIST
        ]
        # Of an authority that a backup does not have nothing but this line is known: it stays on the list.
        lines += [line for line in _gone(begun.root, known.root_list) if line.serial not in ours]
        if revoke:
            lines += [Gone(known.issuer(name).x509.serial_number, at, revoke.flag) for name in gone]
        new = Renewed(
            issuing=issuing, revoked=gone, reason=revoke,
            root_list=_root_list(root, lines, at, seen.numbers.get(begun.root.id, 0)).hex(),
        )  # fmt: skip
        open_session.note(records.RENEWED, new)
        memory.drop_keys(var, [one.id for one in open_session.known.alive(at)])
        return open_session.known


def restore(var: Path, secret: rsa.RSAPrivateKey, at: datetime) -> list[str]:
    """Bring the keys of the issuing authorities that still count back from the vault, by a custodian's private key.

    What the controller remembers is made again from the ledger. The ids of those keys. Raises LeeboardError.
    """
    opened = vault.open_vault(var)
    with locked(var, at):
        memory.write(var, Known(), Mark())
        open_session = Session(var, opened, at)
        by = opener(opened, secret)
        alive = [one.id for one in open_session.known.alive(open_session.at)]
        if not alive:
            raise LeeboardError("the ledger knows of no issuing authority that still counts; leeboard vpn renew")
        for name in alive:
            memory.keep_key(var, name, _unsealed(open_session, by, name))
        return alive


def _root(open_session: Session, secret: rsa.RSAPrivateKey) -> Signer:
    """The root, opened by a custodian's private key. Raises LeeboardError."""
    begun = open_session.known.beginning
    content = _unsealed(open_session, opener(open_session.vault, secret), begun.root.id)
    key = profile.key_of_pem(content, f"the sealed key of {begun.root.id}")
    certificate = begun.root.x509
    if key.public_key() != certificate.public_key():
        raise LeeboardError(f"the sealed key of {begun.root.id} is not the root's; look in a backup of the vault")
    return Signer(certificate, key)


def _unsealed(open_session: Session, by: Opener, name: str) -> bytes:
    sealed = open_session.vault.authority_keys().get(name)
    if sealed is None:
        raise LeeboardError(f"the vault has no key of {name}; look in a backup of the vault")
    return by.header(open_session.vault, sealed)


def _issuing(open_session: Session, name: str, level: Level, root: Signer, root_list: str, lists: str) -> Issuer:
    """A new issuing authority, whose key is sealed and in var before anybody hears of it."""
    identity = _name("issuing")
    key = profile.new_key(level)
    certificate = profile.make_issuing(f"{name} VPN {identity}", key, root, root_list, open_session.at)
    _keep(open_session, identity, Signer(certificate, key))
    memory.keep_key(open_session.var, identity, profile.pem_of_key(key))
    return Issuer(id=identity, certificate=profile.pem_of(certificate), lists=f"{lists}/{identity}.crl")


def _keep(open_session: Session, name: str, made: Signer) -> None:
    with open_session.vault.writing(open_session.at) as writer:
        writer.keep_authority_key(profile.pem_of_key(made.key), name)


def _gone(root: Issuer, in_ledger: str) -> list[Gone]:
    """The lines of the root's list in the ledger."""
    lines = published.verified(bytes.fromhex(in_ledger), root, "the root's list in the ledger").lines
    return [Gone(int(one.serial, 16), one.at, one.reason.flag) for one in lines]


def _root_list(root: Signer, lines: Sequence[Gone], at: datetime, last: int) -> bytes:
    return profile.make_list(root, lines, profile.next_number(last, at), at, profile.ROOT_LIST_LASTS)


def _name(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(4)}"
