# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A device's own administrator password, as Windows LAPS keeps it in Active Directory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: laps_password
short_description: The password of Windows LAPS for a device, from Active Directory
version_added: 0.1.0
description:
  - Returns the password that Windows LAPS has stored for a computer, in C(msLAPS-Password) or
    C(msLAPS-EncryptedPassword).
  - The collection C(microsoft.ad) speaks LDAP for it; that has the same for an inventory of its own, and no lookup.
  - It fails with one line that says which is missing, the computer, the password or the right to read it.
  - A password that was due to be changed is returned with a warning. It counts until the device changes it.
options:
  _terms:
    description: Names of computers, as Active Directory has them (without the C($)).
    required: true
  server:
    description: Name of a domain controller.
    type: str
    required: true
  port:
    description: Its port, if that is not the usual one of O(tls_mode).
    type: int
  tls_mode:
    description:
      - How the way there is protected. Without TLS the sign-in itself encrypts, which O(auth_protocol=simple) cannot.
    type: str
    choices: [ldaps, start_tls]
  ca_cert:
    description: File or folder with the certificates of the authority that the domain controller's is from.
    type: path
  auth_protocol:
    description: How to sign in.
    type: str
    choices: [simple, negotiate, kerberos, ntlm]
    default: negotiate
  username:
    description:
      - An account that may read the passwords, such as C(laps@EXAMPLE.SCHOOL). Without one a Kerberos ticket counts.
    type: str
  password:
    description: Its password.
    type: str
  search_base:
    description: Where to look for the computers. The whole domain without it.
    type: str
  connection_timeout:
    description: Seconds to wait for the domain controller.
    type: int
    default: 5
requirements:
  - the collection microsoft.ad, version 1.10 or newer
  - the Python packages C(sansldap) and C(pyspnego) where Ansible runs; C(dpapi-ng) for passwords that are encrypted
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
# school.yml
connection:
  windows:
    user: Administrator
    transport: ntlm
    vars:
      ansible_password: >-
        {{ lookup('leeboard.schools.laps_password', inventory_hostname_short, server='dc1.example.school',
        tls_mode='ldaps', auth_protocol='simple', username=vault_laps_user, password=vault_laps_password) }}
"""

RETURN = r"""
_raw:
  description: The passwords, in the order of the names.
  type: list
  elements: str
"""

# ruff: noqa: E402 (Ansible reads the documentation from the top of the file)
import json
import re
import signal
import ssl
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

try:
    import sansldap
    from ansible_collections.microsoft.ad.plugins.plugin_utils._ldap import create_ldap_connection
    from ansible_collections.microsoft.ad.plugins.plugin_utils._ldap.laps import LAPSDecryptor
except ImportError as problem:
    MISSING = str(problem)
else:
    MISSING = ""

CLEAR = "msLAPS-Password"
SEALED = "msLAPS-EncryptedPassword"
DUE = "msLAPS-PasswordExpirationTime"
EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)
NAME = re.compile(r"[^\x00-\x1f]{1,63}\Z")


# The LDAP client reads and writes one TLS session in two threads, which OpenSSL does not allow: of 400 searches on
# loopback two hung, and on a busy machine records came out broken. So a search is tried again, each time on a new
# connection and for so many seconds: the client waits without end, and a task's own time limit does not hold while a
# password is worked out.
TRIES = 3
PATIENCE = 15


class LookupModule(LookupBase):
    """Asks the directory once for all names."""

    def run(self, terms, variables=None, **kwargs):
        """Passwords for the names in `terms`. Each failure is one line, with no secret in it."""
        self.set_options(var_options=variables, direct=kwargs)
        if MISSING:
            raise AnsibleLookupError(
                f"Windows LAPS needs the collection microsoft.ad and the Python package sansldap on this controller "
                f"({MISSING}): ansible-galaxy collection install microsoft.ad; pip install 'leeboard[laps]'"
            )
        names = [str(term).removesuffix("$") for term in terms]
        if wrong := [name for name in names if not NAME.match(name)]:
            raise AnsibleLookupError(f"{wrong[0][:70]!r} is no name of a computer in Active Directory")
        options = self.get_options()
        base = options.pop("search_base")
        left = TRIES
        while True:
            try:
                with _limited(PATIENCE), create_ldap_connection(encrypt=True, **options) as client:
                    return [self._password(client, name, base, options) for name in names]
            except AnsibleLookupError:
                raise
            except Exception as problem:
                left -= 1
                if not left or not _broke_off(problem):
                    raise AnsibleLookupError(_refused(options["server"], problem)) from None

    def _password(self, client, name, base, options):
        wanted = sansldap.FilterAnd(
            filters=[
                sansldap.FilterEquality("objectClass", b"computer"),
                sansldap.FilterEquality("sAMAccountName", f"{name}$".encode()),
            ]
        )
        entries = list(client.search(wanted, [CLEAR, SEALED, DUE], search_base=base).values())
        if not entries:
            raise AnsibleLookupError(
                f"Active Directory has no computer {name} that this account can see. Correct the device's host, or "
                "search_base"
            )
        if len(entries) > 1:
            raise AnsibleLookupError(f"Active Directory has {len(entries)} computers {name}. Give search_base")
        values = {key.lower(): value[0] for key, value in entries[0].items() if value}
        stored = self._stored(values, name, options)
        due = EPOCH + timedelta(microseconds=int(values.get(DUE.lower(), b"0")) // 10)
        if EPOCH < due < datetime.now(timezone.utc):
            Display().warning(
                f"{name}: Windows LAPS should have changed its password on {due:%Y-%m-%d} and has not; "
                "the old one is used"
            )
        return stored

    def _stored(self, values, name, options):
        if CLEAR.lower() in values:
            text = values[CLEAR.lower()].decode()
        elif SEALED.lower() in values:
            text = LAPSDecryptor(**options).decrypt(values[SEALED.lower()]).get("value")
            if text is None:
                raise AnsibleLookupError(
                    f"the LAPS password of {name} is stored encrypted and could not be opened. Install dpapi-ng here, "
                    "and let this account decrypt it (the policy names who may)"
                )
        elif DUE.lower() in values:
            raise AnsibleLookupError(
                f"there is a LAPS password of {name}, and this account may not read it. Give it the right "
                "(Set-LapsADReadPasswordPermission)"
            )
        else:
            raise AnsibleLookupError(
                f"Windows LAPS has stored no password of {name}. Look whether its policy reaches the device"
            )
        try:
            return str(json.loads(text)["p"])
        except (ValueError, KeyError, TypeError):
            # Not from the error itself, which would quote the text.
            raise AnsibleLookupError(f"what Windows LAPS has stored of {name} is not as it should be") from None


class _LateError(TimeoutError):
    """The directory did not come to an end in time."""


@contextmanager
def _limited(seconds):
    """_LateError after so long, and again, should closing hang as well. What was set for the task is set back."""

    def late(number, frame):
        raise _LateError("it took too long")

    before = signal.signal(signal.SIGALRM, late)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, before)


def _broke_off(problem):
    """Whether the connection hung or its TLS broke, which says nothing about what was asked."""
    causes = (problem, problem.__cause__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return False
    return any(isinstance(cause, (_LateError, ssl.SSLError)) for cause in causes)


def _refused(server, problem):
    """Why the directory gave no answer, in words. What it said itself may hold anything and stays out."""
    message = str(problem)
    if "INVALID_CREDENTIALS" in message or "logon" in message.lower() or "credential" in message.lower():
        return f"the domain controller {server} did not accept the account for LAPS. Correct username and password"
    if "STRONGER_AUTH_REQUIRED" in message or "CONFIDENTIALITY_REQUIRED" in message:
        return f"the domain controller {server} wants a protected way. Set tls_mode to ldaps"
    if "CERTIFICATE_VERIFY_FAILED" in message:
        return f"the certificate of the domain controller {server} is not accepted. Name its authority in ca_cert"
    if "SSL" in message:
        return f"TLS with the domain controller {server} broke off. Look whether this port of it speaks LDAPS"
    if isinstance(problem.__cause__, OSError) or isinstance(problem, OSError):
        return f"the domain controller {server} does not answer, so there is no password for the device"
    if isinstance(problem, (ImportError, ValueError)):
        return f"LDAP to {server} is not possible as it is asked for: {message.splitlines()[0][:150]}"
    return f"the domain controller {server} refused the search for LAPS ({type(problem).__name__})"
