"""A real LDAP server on loopback with recovery information of BitLocker as Windows writes it below a computer: slapd.

Classes and attributes have the names and syntaxes of Microsoft's schema, and an access list in the place of a domain
controller's rights: it says what comes of a right that is missing, and not which rights a domain gives. As a domain
controller does, it gives no more than 1,000 objects in one answer.
"""

from __future__ import annotations

import base64
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.credentials.door import LOOPBACK, free_port, wait_for

BASE = "dc=example,dc=school"
READER, BLIND, TOO_MUCH = (f"cn={name},{BASE}" for name in ("reader", "blind", "too-much"))
PASSWORDS = "msFVE-RecoveryPassword"
TEXT, OCTETS = (f"1.3.6.1.4.1.1466.115.121.1.{number}" for number in (15, 40))
ATTRIBUTES = {
    "msFVE-RecoveryGuid": f"EQUALITY octetStringMatch SYNTAX {OCTETS}",
    "msFVE-VolumeGuid": f"EQUALITY octetStringMatch SYNTAX {OCTETS}",
    PASSWORDS: f"EQUALITY caseExactMatch SYNTAX {TEXT}",
}


class RecoveryDirectory:
    """slapd in a folder. `computers`: by name, the ids of recovery passwords, and each password."""

    def __init__(
        self, folder: Path, certificate: Path, password: str, computers: Mapping[str, Mapping[str, str]]
    ) -> None:
        for program in ("slapd", "slapadd"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin"):
                pytest.skip(f"{program} is not installed on this machine")
        self.variables: dict[str, Any] = {}  # by which an inventory names it
        self.port = free_port()
        self._folder = folder
        (folder / "data").mkdir(parents=True)
        config = folder / "slapd.conf"
        config.write_text(_config(folder, certificate))
        self._config = config
        entries = [f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: School\ndc: example\n"]
        entries += [
            f"dn: {dn}\nobjectClass: person\nsn: x\ncn: x\nuserPassword:: {_text(password.encode())}\n"
            for dn in (READER, BLIND, TOO_MUCH)
        ]
        for name, ids in computers.items():
            entries.append(f"dn: cn={name},{BASE}\nobjectClass: computer\ncn: {name}\n")
            entries += [_recovery(name, one, secret) for one, secret in ids.items()]
        self._add(entries)
        self._start()

    def give(self, computer: str, one: str, secret: str) -> None:
        """Put the object of a recovery password below its computer, as Windows does."""
        self.close()
        self._add([_recovery(computer, one, secret)])
        self._start()

    def _add(self, entries: list[str]) -> None:
        command = ["/usr/sbin/slapadd", "-f", str(self._config)]
        subprocess.run(command, input="\n".join(entries), text=True, check=True, cwd=self._folder)

    def _start(self) -> None:
        with (self._folder / "slapd.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/usr/sbin/slapd", "-f", str(self._config), "-h", f"ldaps://{LOOPBACK}:{self.port}", "-d", "stats"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        wait_for(self._listens)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)

    @property
    def log(self) -> str:
        return (self._folder / "slapd.log").read_text(errors="replace")

    def _listens(self) -> bool:
        assert self._process.poll() is None, self.log
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


def _recovery(computer: str, one: str, secret: str) -> str:
    return (
        f"dn: cn=2026-12-02T08:00:00-00:00{one},cn={computer},{BASE}\nobjectClass: msFVE-RecoveryInformation\n"
        f"cn: x\nmsFVE-RecoveryGuid:: {_text(uuid.UUID(one).bytes_le)}\n{PASSWORDS}: {secret}\n"
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _config(folder: Path, certificate: Path) -> str:
    lines = ["include /etc/ldap/schema/core.schema"]
    for number, (name, kind) in enumerate(ATTRIBUTES.items(), 1):
        lines.append(f"attributetype ( 2.999.3.{number} NAME '{name}' {kind} SINGLE-VALUE )")  # the arc for examples
    own = 'filter="(objectClass=msFVE-RecoveryInformation)"'
    lines += [
        "objectclass ( 2.999.4.1 NAME 'computer' SUP top STRUCTURAL MUST cn )",
        "objectclass ( 2.999.4.2 NAME 'msFVE-RecoveryInformation' SUP top STRUCTURAL MUST ( cn $ msFVE-RecoveryGuid $ "
        f"{PASSWORDS} ) MAY msFVE-VolumeGuid )",
        "modulepath /usr/lib/ldap", "moduleload back_mdb", f"pidfile {folder}/pid",
        f"TLSCertificateFile {certificate}", f"TLSCertificateKeyFile {certificate}",
        "database mdb", f"suffix {BASE}", f"directory {folder}/data", "index msFVE-RecoveryGuid eq",
        "sizelimit size.soft=1000 size.hard=1000 size.pr=1000 size.prtotal=unlimited",
        "access to attrs=userPassword by * auth",
        f'access to {own} attrs={PASSWORDS} by dn.exact="{TOO_MUCH}" read by * none',
        f'access to {own} by dn.exact="{READER}" read by dn.exact="{TOO_MUCH}" read by * none',
        "access to * by users read by * none",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
