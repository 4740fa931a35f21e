"""Ask Active Directory whether it has the object of a recovery password: by the protector's id, never the password.

Windows writes an object of class msFVE-RecoveryInformation below the computer's own. Its msFVE-RecoveryGuid is the id
of the protector, in the order of bytes that .NET gives a GUID (Microsoft, ADSchema, a-msfve-recoveryguid; that order is
recalled). The password is another attribute, which is never asked for: the account that asks needs the right to list
these objects and to read that one attribute, and no right to passwords.

By LDAP over TLS with a certificate that is checked, and a plain sign-in inside of it. What cannot be asked is an error.
An account that may not see such objects gets an empty answer, as where there are none: so where none at all is seen,
that is no answer.
"""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leeboard.errors import LeeboardError
from leeboard.model.values import plain

if TYPE_CHECKING:
    from sansldap import LDAPClient, LDAPMessage

NAME = "Active Directory"
VARIABLE, PASSWORD = "leeboard_directory", "leeboard_directory_password"
CLASS, ID = "msFVE-RecoveryInformation", "msFVE-RecoveryGuid"
FIELDS = {"server": str, "port": int, "ca": str, "base": str, "user": str}
LDAPS = 636
SECONDS = 10  # for all of a conversation: a night asks for each device
MOST_BYTES = 1024 * 1024
MOST_IDS = 64
SIZE_LIMIT = 4  # result code of a server that has more than was asked for
WORDS = {
    10: "another server answers for the base that is named",
    32: "there is nothing at the base that is named",
    49: "it does not accept the account and password",
    50: "the account lacks the right to search there",
}


@dataclass(frozen=True)
class Server:
    """A domain controller, where below it is looked, and who asks. `ca` is a file; empty for the system's own."""

    server: str
    base: str
    user: str
    password: str = field(repr=False)
    port: int = LDAPS
    ca: str = ""


def parse_server(given: Any, password: Any) -> Server:
    """The server that the inventory names. Raises LeeboardError, which shows no password."""
    if not isinstance(given, dict) or not {"server", "base", "user"} <= set(given):
        raise LeeboardError(f"{VARIABLE} has to name server, base and user; port and ca may be named as well")
    for name, value in given.items():
        kind = FIELDS.get(str(name))
        if kind is None or not isinstance(value, kind) or isinstance(value, bool):
            raise LeeboardError(f"{VARIABLE} names {ascii(name)[:40]}; there are {', '.join(FIELDS)}, port is a number")
    if not isinstance(password, str) or not password:
        # A plain sign-in without a password is one as nobody, which a server may let in.
        raise LeeboardError(f"{PASSWORD} is not in the school's vault, or is no text")
    return Server(**given, password=password)


def kept(server: Server, ids: Iterable[str]) -> dict[str, str]:
    """Of recovery passwords, by the ids of their protectors, those whose object is there, and its DN.

    Raises LeeboardError where that cannot be told.
    """
    wanted = {uuid.UUID(one).bytes_le: one for one in list(ids)[:MOST_IDS]}
    try:
        with _Conversation(server) as conversation:
            found = {wanted[key]: dn for key, dn in conversation.search(list(wanted), 0) if key in wanted}
            if len(found) < len(wanted) and not found and not list(conversation.search([], 1)):
                raise LeeboardError(
                    f"{NAME} shows {plain(server.user, 80)} no recovery information at all below "
                    f"{plain(server.base, 200)}: either nothing was ever given to it, or the account may not see "
                    f"objects of class {CLASS}"
                )
            return found
    except ssl.SSLCertVerificationError as problem:
        raise _trouble(server, f"its certificate is not trusted ({problem.verify_message}); name its ca") from None
    except (OSError, EOFError) as problem:
        raise _trouble(server, plain(str(problem) or type(problem).__name__, 200)) from None


class _Conversation:
    """One connection, signed in. Raises OSError and LeeboardError."""

    def __init__(self, server: Server) -> None:
        try:
            import sansldap
        except ImportError:
            raise LeeboardError("to ask Active Directory, install sansldap: pip install 'leeboard[laps]'") from None
        self._ldap = sansldap
        self._server = server
        self._ends = time.monotonic() + SECONDS
        self._client: LDAPClient = sansldap.LDAPClient()
        context = ssl.create_default_context(cafile=server.ca or None)
        plain_socket = socket.create_connection((server.server, server.port), timeout=SECONDS)
        try:
            self._socket = context.wrap_socket(plain_socket, server_hostname=server.server)
        except BaseException:
            plain_socket.close()
            raise

    def __enter__(self) -> _Conversation:
        try:
            asked = self._client.bind_simple(self._server.user, self._server.password)
            (answer,) = self._answers(asked, self._ldap.BindResponse)
            self._check(answer)
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def search(self, keys: list[bytes], most: int) -> Iterator[tuple[bytes, str]]:
        """The objects with these ids, each with its DN; with no ids, the first `most` of all of them."""
        ldap = self._ldap
        of_class = ldap.FilterEquality("objectClass", CLASS.encode())
        fits = ldap.FilterOr([ldap.FilterEquality(ID, key) for key in keys])
        asked = self._client.search_request(
            self._server.base, ldap.SearchScope.SUBTREE, size_limit=most, time_limit=SECONDS,
            filter=ldap.FilterAnd([of_class, fits]) if keys else of_class, attributes=[ID],
        )  # fmt: skip
        for message in self._answers(asked, ldap.SearchResultDone):
            if isinstance(message, ldap.SearchResultDone):
                self._check(message, allowed=SIZE_LIMIT if most else 0)
            elif isinstance(message, ldap.SearchResultEntry):
                named = [one for one in message.attributes if one.name.casefold() == ID.casefold()]
                values = [value for one in named for value in one.values]
                yield (values or [b""])[0], plain(message.object_name, 300)

    def _answers(self, asked: int, last: type[LDAPMessage]) -> Iterator[Any]:
        """What is answered to a request, up to and with the message of a kind that ends it."""
        self._socket.sendall(self._client.data_to_send())
        size = 0
        while True:
            self._socket.settimeout(max(0.01, self._ends - time.monotonic()))
            data = self._socket.recv(64 * 1024)
            size += len(data)
            if not data:
                raise EOFError("it closed the connection")
            if size > MOST_BYTES or time.monotonic() > self._ends:
                raise EOFError(f"it did not come to an end in {SECONDS} seconds, or says more than was asked for")
            try:
                messages = self._client.receive(data)
            except Exception as problem:  # whatever a hostile server brings a parser to
                raise EOFError(f"what it says is no LDAP ({type(problem).__name__})") from None
            for message in messages:
                if message.message_id == asked:
                    yield message
                    if isinstance(message, last):
                        return

    def _check(self, answer: Any, allowed: int = 0) -> None:
        code = int(answer.result.result_code)
        if code not in (0, allowed):
            said = WORDS.get(code, f"it answered {code} ({plain(answer.result.diagnostics_message, 120)})")
            raise _trouble(self._server, said)


def _trouble(server: Server, why: str) -> LeeboardError:
    return LeeboardError(f"{NAME} could not be asked at {plain(server.server, 100)}:{server.port}: {why}")
