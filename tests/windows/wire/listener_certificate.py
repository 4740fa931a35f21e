"""The certificate with which a machine's WinRM answers over HTTPS: as the machine's store has it at this moment, and
what a client makes of it.

Certificates lie in the registry, serialized. Wine keeps no keys, so that of each lies in a folder beside the machine,
with the authority that the controller trusts. The client is OpenSSL, as behind Ansible's connection: it looks at
signature, times, purpose and name. Nobody looks at revocation.
"""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.windows import certificates
from tests.windows.machine import WindowsMachine

from .certificates import LOOPBACK, Authority

STORE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates"
TRUSTED = "authority.pem"
ROUNDS = 8  # a handshake of TLS 1.3 takes fewer, in either direction


def install(machine: WindowsMachine, authority: Authority, name: str = LOOPBACK, days: int = 30) -> str:
    """Put a certificate of an authority that the controller trusts into the store; its thumbprint."""
    pem = authority.issue(name, days).read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    thumbprint = certificates.thumbprint(der)
    machine.reg_add(rf"{STORE}\{thumbprint}", "Blob", "REG_BINARY", certificates.blob(der).hex())
    _keys(machine).mkdir(exist_ok=True)
    (_keys(machine) / f"{thumbprint}.pem").write_bytes(pem)
    (_keys(machine) / TRUSTED).write_bytes(authority.path.read_bytes())
    return thumbprint


def context(machine: WindowsMachine, thumbprint: str) -> ssl.SSLContext:
    """What the machine answers a connection with. Raises LookupError with the reason where it can answer none."""
    found = machine.reg_query(rf"{STORE}\{thumbprint}", "Blob") if thumbprint else None
    if found is None:
        raise LookupError("the listener's certificate is not in the store")
    parts = certificates.properties(bytes.fromhex(found[1]))
    key = _keys(machine) / f"{thumbprint}.pem"
    if certificates.KEY_PLACE not in parts or not key.exists():
        raise LookupError("the listener's certificate has no key")
    served = key.with_suffix(".served")
    served.write_text(ssl.DER_cert_to_PEM_cert(parts[certificates.WHOLE]))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(served, key)
    return made


def refusal(machine: WindowsMachine, thumbprint: str, name: str = LOOPBACK) -> str:
    """Why no client would talk to the machine by this name, in OpenSSL's words; an empty text where one would."""
    client = ssl.create_default_context(cafile=_keys(machine) / TRUSTED)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        sides = (
            client.wrap_bio(back, there, server_hostname=name),
            context(machine, thumbprint).wrap_bio(there, back, server_side=True),
        )
        for _ in range(ROUNDS):
            for side in sides:
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
    except LookupError as missing:
        return str(missing.args[0])
    except ssl.SSLCertVerificationError as wrong:
        return f"the client refuses the listener's certificate: {wrong.verify_message}"
    return ""


def _keys(machine: WindowsMachine) -> Path:
    return machine.prefix.parent / "keys"
