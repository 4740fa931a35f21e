"""A real LDAP server on loopback that holds what Windows LAPS writes into Active Directory. It is OpenLDAP's slapd.

It has the attributes, the rights on them and the root entry's default naming context as a domain controller has them,
over LDAPS. It has no Kerberos and no NTLM to sign in with, and cannot decrypt what only a domain controller can.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.credentials.door import LOOPBACK, free_port, wait_for

BASE = "dc=example,dc=school"
TEXT, OCTETS, NUMBER = (f"1.3.6.1.4.1.1466.115.121.1.{number}" for number in (15, 40, 27))
ATTRIBUTES = {
    "sAMAccountName": f"EQUALITY caseIgnoreMatch SYNTAX {TEXT}",
    "msLAPS-Password": f"EQUALITY caseExactMatch SYNTAX {TEXT}",
    "msLAPS-EncryptedPassword": f"EQUALITY octetStringMatch SYNTAX {OCTETS}",
    "msLAPS-PasswordExpirationTime": f"EQUALITY integerMatch SYNTAX {NUMBER}",
    "defaultNamingContext": f"EQUALITY caseIgnoreMatch SYNTAX {TEXT}",
}
READER, OTHER = f"cn=laps,{BASE}", f"cn=other,{BASE}"


class Directory:
    """slapd in a folder, with these computers: names, and what each has."""

    def __init__(
        self, folder: Path, certificate: Path, password: str, computers: Mapping[str, Mapping[str, str]]
    ) -> None:
        for program in ("slapd", "slapadd"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin"):
                pytest.skip(f"{program} is not installed on this machine")
        self.port = free_port()
        self._folder = folder
        (folder / "data").mkdir(parents=True)
        (folder / "root.ldif").write_text(f"dn:\ndefaultNamingContext: {BASE}\n")
        config = folder / "slapd.conf"
        config.write_text(_config(folder, certificate))
        entries = [f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: School\ndc: example\n"]
        entries += [
            f"dn: {dn}\nobjectClass: person\nsn: x\ncn: x\nuserPassword:: {_encoded(password.encode())}\n"
            for dn in (READER, OTHER)
        ]
        entries += [
            f"dn: cn={name},{BASE}\nobjectClass: computer\ncn: {name}\nsAMAccountName: {name.upper()}$\n"
            + "".join(f"{attribute}:: {value}\n" for attribute, value in attributes.items())
            for name, attributes in computers.items()
        ]
        subprocess.run(
            ["/usr/sbin/slapadd", "-f", str(config)], input="\n".join(entries), text=True, check=True, cwd=folder
        )
        self._log = (folder / "slapd.log").open("wb")
        self._process = subprocess.Popen(
            ["/usr/sbin/slapd", "-f", str(config), "-h", f"ldaps://{LOOPBACK}:{self.port}", "-d", "256"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_for(self._listens)

    def close(self) -> None:
        """Stop it, as when the domain controller is off."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)

    def searches(self, name: str) -> int:
        """How often this computer was asked for."""
        said = (self._folder / "slapd.log").read_text(errors="replace")
        return len(re.findall(rf"SRCH .*sAMAccountName={re.escape(name)}\$", said, re.IGNORECASE))

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self._folder / "slapd.log").read_text(errors="replace")
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


def stored(password: str, days: int = 20) -> dict[str, str]:
    """What Windows LAPS writes, as MS-ADTS has it: JSON with account, time and password, and when it is due."""
    said = json.dumps({"n": "Administrator", "t": "1dc5f3a1b2c3d4e", "p": password}, separators=(",", ":"))
    return {"msLAPS-Password": _encoded(said.encode()), **due(days)}


def due(days: int) -> dict[str, str]:
    """When it is to be changed: ticks of 100 ns since 1601."""
    since = datetime.now(UTC) + timedelta(days=days) - datetime(1601, 1, 1, tzinfo=UTC)
    return {"msLAPS-PasswordExpirationTime": _encoded(str(int(since.total_seconds()) * 10**7).encode())}


def encrypted() -> dict[str, str]:
    """Only the shape of it: a time, a length, flags, and what a domain controller alone can open."""
    return {
        "msLAPS-EncryptedPassword": _encoded(bytes(8) + (32).to_bytes(4, "little") + bytes(4) + bytes(32)),
        **due(9),
    }


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _config(folder: Path, certificate: Path) -> str:
    lines = ["include /etc/ldap/schema/core.schema"]
    for number, (name, kind) in enumerate(ATTRIBUTES.items(), 1):
        # 2.999 is the arc for examples.
        lines.append(f"attributetype ( 2.999.1.{number} NAME '{name}' {kind} SINGLE-VALUE )")
    has = " $ ".join(name for name in ATTRIBUTES if name != "defaultNamingContext")
    lines += [
        f"objectclass ( 2.999.2.1 NAME 'computer' SUP top STRUCTURAL MUST cn MAY ( {has} ) )",
        "modulepath /usr/lib/ldap",
        "moduleload back_mdb",
        f"pidfile {folder}/pid",
        f"rootDSE {folder}/root.ldif",
        f"TLSCertificateFile {certificate}",
        f"TLSCertificateKeyFile {certificate}",
        "database mdb",
        f"suffix {BASE}",
        f"directory {folder}/data",
        "access to attrs=userPassword by * auth",
        f'access to attrs=msLAPS-Password,msLAPS-EncryptedPassword by dn.exact="{READER}" read by * none',
        "access to * by users read by * none",
    ]
    return "\n".join(lines) + "\n"


def certificate_of(folder: Path, authority: Path) -> Path:
    """The file that tests.windows.wire.certificates wrote for a context, with its key."""
    found = next(path for path in folder.glob("*.pem") if path != authority)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found)
    return found
