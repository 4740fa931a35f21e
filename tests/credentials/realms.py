"""Real Kerberos realms on loopback: a KDC each, run by the test in a folder of its own, and krb5.conf for them.

No file of the machine is touched: KRB5_CONFIG and KRB5_KDC_PROFILE lead to the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.credentials.door import LOOPBACK, free_port, wait_for

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What each realm has: a name that stands before the realm, and how kadmin makes it. Passwords are set apart.
PRINCIPALS = {
    "leeboard": "",
    "ended": "-expire 2020-01-01",
    "stale": "-pwexpire 2020-01-01",
    "guarded": "+requires_preauth",
    "blocked": "-allow_tix",
}


class Realm:
    """One realm: `name` in capitals, its KDC, and a password that all its accounts share."""

    def __init__(self, folder: Path, name: str, password: str) -> None:
        self.name, self.password, self.port = name, password, free_port()
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        profile = self._folder / "kdc.conf"
        profile.write_text(
            f"[realms]\n{name} = {{\n database_name = {self._folder}/principal\n"
            f" key_stash_file = {self._folder}/stash\n kdc_listen = {LOOPBACK}:{self.port}\n"
            f" kdc_tcp_listen = {LOOPBACK}:{self.port}\n"
            f" supported_enctypes = aes256-cts:normal\n}}\n[logging]\n kdc = FILE:{self._folder}/kdc.log\n"
        )
        self.config = folder / "krb5.conf"
        self._environment = {"PATH": PATH, "KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(profile)}
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Make the database with its accounts, and start the KDC."""
        self._tool("kdb5_util", "-r", self.name, "create", "-s", "-W", "-P", "master")
        for principal, how in PRINCIPALS.items():
            self._add(principal, how)
        self._process = subprocess.Popen(
            ["krb5kdc", "-n", "-r", self.name, "-P", str(self._folder / "pid")],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._listens)

    def end(self) -> None:
        """Stop the KDC, as when a domain controller is switched off."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)

    def keytab(self, principal: str) -> Path:
        """A keytab with new keys of a service, which is made for it."""
        file = self._folder / f"{principal.replace('/', '-')}.keytab"
        self._admin(f"addprinc -randkey {principal}")
        self._admin(f"ktadd -k {file} {principal}")
        return file

    def _add(self, principal: str, how: str) -> None:
        # From standard input: no process list holds it, here either.
        self._admin(f"addprinc {how} {principal}", f"{self.password}\n{self.password}\n")

    def _admin(self, query: str, said: str = "") -> None:
        self._tool("kadmin.local", "-r", self.name, "-q", query, said=said)

    def _tool(self, *argv: str, said: str = "") -> None:
        done = subprocess.run(argv, env=self._environment, input=said, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "while" not in done.stderr, done.stderr

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


def needed() -> None:
    """Skip where this machine has no KDC."""
    for program in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit"):
        if not shutil.which(program, path=PATH):
            pytest.skip(f"{program} is not installed on this machine")


def config(folder: Path, *realms: Realm) -> None:
    """krb5.conf for these realms, with one more whose KDC is away."""
    lines = ["[libdefaults]", "dns_lookup_kdc = false", "dns_canonicalize_hostname = false", "rdns = false"]
    lines += ["udp_preference_limit = 1", "[realms]", f"AWAY.EXAMPLE = {{ kdc = {LOOPBACK}:{free_port()} }}"]
    lines = [line.replace("{ ", "{\n ").replace(" }", "\n}") for line in lines]
    lines += [f"{realm.name} = {{\n kdc = {LOOPBACK}:{realm.port}\n}}" for realm in realms]
    lines += ["[domain_realm]", *(f".{realm.name.lower()} = {realm.name}" for realm in realms)]
    (folder / "krb5.conf").write_text("\n".join(lines) + "\n")
