"""Ask Active Directory which recovery passwords it has the objects of: by the protectors' ids, never a password.

Windows writes an object of class msFVE-RecoveryInformation below the computer's own. Its msFVE-RecoveryGuid is the id
of the protector (Microsoft, ADSchema, a-msfve-recoveryguid). The password is another attribute, which is never asked
for: the account that asks needs the right to list these objects and to read that one attribute, and no right to
passwords.

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
CONNECT = 10  # seconds to wait for a connection, and for a conversation about single passwords
SECONDS = 120  # for all that is below a base
MOST_BYTES = 256 * 1024 * 1024  # a million objects are below it
PAGE = 1000  # MaxPageSize of a domain controller (Microsoft, LDAP policies)
MOST_IDS = 64  # that are asked for by name
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
    values: dict[str, Any] = {}
    for name, value in given.items():
        kind = FIELDS.get(str(name))
        if kind is None or not isinstance(value, kind) or isinstance(value, bool):
            raise LeeboardError(f"{VARIABLE} names {ascii(name)[:40]}; there are {', '.join(FIELDS)}, port is a number")
        values[str(name)] = kind(value)  # without Ansible's tags
    if not values["base"].strip():
        raise LeeboardError(f"{VARIABLE} names no base below which the computers are, such as OU=Hill,DC=la,DC=example")
    if not isinstance(password, str) or not password:
        # A plain sign-in without a password is one as nobody, which a server may let in.
        raise LeeboardError(f"{PASSWORD} is not in the school's vault, or is no text")
    return Server(**values, password=str(password))


def forms(protector: str) -> frozenset[bytes]:
    """The bytes that an object may have for the id of a protector; none for what is no GUID.

    Which order Windows writes them in is recalled (that of .NET), so both do: no two ids are alike but for their order.
    """
    try:
        one = uuid.UUID(protector)
    except ValueError:
        return frozenset()
    return frozenset((one.bytes_le, one.bytes))


def all_ids(server: Server) -> frozenset[bytes]:
    """The ids of all recovery passwords below a base, as their objects have them: one search, page by page.

    Raises LeeboardError where that cannot be told, and where there is none at all.
    """
    found = _asked(server, SECONDS, [])
    if not found:
        raise LeeboardError(
            f"{NAME} shows {plain(server.user, 80)} no recovery information at all below {plain(server.base, 200)}: "
            f"either nothing was ever given to it, or the account may not see objects of class {CLASS}"
        )
    return found


def named_ids(server: Server, protectors: Iterable[str]) -> frozenset[bytes]:
    """Of these recovery passwords, the ids of those that are there now; none of them may be.

    Raises LeeboardError where that cannot be told.
    """
    keys = [key for one in list(protectors)[:MOST_IDS] for key in sorted(forms(one))]
    return _asked(server, CONNECT, keys) if keys else frozenset()


def _asked(server: Server, seconds: float, keys: list[bytes]) -> frozenset[bytes]:
    try:
        with _Conversation(server, seconds) as conversation:
            return frozenset(conversation.search(keys))
    except ssl.SSLCertVerificationError as problem:
        raise _trouble(server, f"its certificate is not trusted ({problem.verify_message}); name its ca") from None
    except (OSError, EOFError) as problem:
        raise _trouble(server, plain(str(problem) or type(problem).__name__, 200)) from None


class _Conversation:
    """One connection, signed in. Raises OSError, EOFError and LeeboardError."""

    def __init__(self, server: Server, seconds: float) -> None:
        try:
            import sansldap
        except ImportError:
            raise LeeboardError("to ask Active Directory, install sansldap: pip install 'leeboard[laps]'") from None
        self._ldap = sansldap
        self._server = server
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._bytes = 0
        self._client: LDAPClient = sansldap.LDAPClient()
        context = ssl.create_default_context(cafile=server.ca or None)
        plain_socket = socket.create_connection((server.server, server.port), timeout=CONNECT)
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

    def search(self, keys: list[bytes]) -> Iterator[bytes]:
        """The ids of the objects that have one of these; without any, of all objects."""
        ldap = self._ldap
        of_class = ldap.FilterEquality("objectClass", CLASS.encode())
        fits = ldap.FilterOr([ldap.FilterEquality(ID, key) for key in keys])
        wanted = ldap.FilterAnd([of_class, fits]) if keys else of_class
        cookie: bytes | None = b""
        while cookie is not None:
            page = ldap.PagedResultControl(critical=True, size=PAGE, cookie=cookie)
            asked = self._client.search_request(
                self._server.base, ldap.SearchScope.SUBTREE, time_limit=int(self._seconds), filter=wanted,
                attributes=[ID], controls=[page],
            )  # fmt: skip
            cookie = None
            for message in self._answers(asked, ldap.SearchResultDone):
                if isinstance(message, ldap.SearchResultDone):
                    self._check(message)
                    pages = [one for one in message.controls or () if isinstance(one, ldap.PagedResultControl)]
                    cookie = next((one.cookie for one in pages if one.cookie), None)
                elif isinstance(message, ldap.SearchResultEntry):
                    named = [one for one in message.attributes if one.name.casefold() == ID.casefold()]
                    yield from (bytes(value) for one in named for value in one.values if len(value) == 16)

    def _answers(self, asked: int, last: type[LDAPMessage]) -> Iterator[Any]:
        """What is answered to a request, up to and with the message of a kind that ends it."""
        self._socket.sendall(self._client.data_to_send())
        while True:
            self._socket.settimeout(max(0.01, self._ends - time.monotonic()))
            data = self._socket.recv(64 * 1024)
            self._bytes += len(data)
            if not data:
                raise EOFError("it closed the connection")
            if self._bytes > MOST_BYTES or time.monotonic() > self._ends:
                raise EOFError(f"it did not come to an end in {self._seconds} seconds, or says more than was asked for")
            try:
                messages = self._client.receive(data)
            except Exception as problem:  # whatever a hostile server brings a parser to
                raise EOFError(f"what it says is no LDAP ({type(problem).__name__})") from None
            for message in messages:
                if message.message_id == asked:
                    yield message
                    if isinstance(message, last):
                        return

    def _check(self, answer: Any) -> None:
        code = int(answer.result.result_code)
        if code:
            said = WORDS.get(code, f"it answered {code} ({plain(answer.result.diagnostics_message, 120)})")
            raise _trouble(self._server, said)


def _trouble(server: Server, why: str) -> LeeboardError:
    return LeeboardError(f"{NAME} could not be asked at {plain(server.server, 100)}:{server.port}: {why}")
