"""Two schools with a Kerberos realm each: real KDCs, the kinit that Ansible runs, and a service that takes the ticket.

What answers at the devices is no Windows: it takes a ticket by its keytab, as WinRM does, and denies the rest.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.credentials.door import LOOPBACK, free_port, wait_for
from tests.credentials.night import Folder, Night
from tests.credentials.realms import Realm, config, needed
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.playing import ROOT
from tests.windows.wire.certificates import Authority
from tests.windows.wire.secrets import leaks

# Binary packages of it are not made; .venv must not have it, since a controller without it is a case of its own.
KERBEROS = "pykerberos==1.2.4"
ONE, TWO = "ONE.EXAMPLE", "TWO.EXAMPLE"
PASSWORDS = {ONE: "Canary-9020 'of' <one>", TWO: "Canary-9021 of two"}
WRONG = "Canary-9022 is wrong"
URNS = {ONE: "900001", TWO: "900002"}
ARRIVED = "it let the account in and then denied it WinRM"


@dataclass(frozen=True)
class World:
    """Both realms, a service in each, and how runs see them."""

    root: Path
    realms: dict[str, Realm]
    ports: dict[str, int]
    authority: Path
    environment: dict[str, str]

    def callers(self, realm: str) -> list[str]:
        """Whose tickets the realm's service has taken."""
        return (self.root / f"{realm}.log").read_text().splitlines()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pykerberos, built here, which needs a compiler and libkrb5-dev."""
    needed()
    folder = tmp_path_factory.mktemp("pykerberos")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), KERBEROS]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{KERBEROS} cannot be built on this machine: {done.stderr.strip()[-300:]}")
    return folder


@pytest.fixture(scope="module")
def world(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """KDCs and services that run."""
    root = tmp_path_factory.mktemp("realms")
    realms = {name: Realm(root, name, PASSWORDS[name]) for name in (ONE, TWO)}
    config(root, *realms.values())
    authority = Authority(root / "authority")
    authority.context()
    certificate = next(path for path in authority.path.parent.glob("*.pem") if path != authority.path)
    given = {"KRB5_CONFIG": str(root / "krb5.conf"), "EXTRA_PATH": str(library)}
    services, ports = [], {}
    try:
        for name, realm in realms.items():
            realm.begin()
            ports[name] = free_port()
            service = f"pc-1.{name.lower()}"
            keytab = {"KRB5_KTNAME": str(realm.keytab(f"HTTP/{service}"))}
            script = Path(__file__).with_name("acceptor.py")
            services.append(
                subprocess.Popen(
                    [sys.executable, str(script), str(ports[name]), service, str(certificate)],
                    env={"PATH": os.environ["PATH"], "PYTHONPATH": str(library), **given, **keytab},
                    stdin=subprocess.DEVNULL,
                    stdout=(root / f"{name}.log").open("w"),
                    stderr=(root / f"{name}.err").open("w"),
                    start_new_session=True,
                )
            )
            wait_for(lambda port=ports[name]: _listens(port))
        yield World(root, realms, ports, authority.path, given)
    finally:
        for process in services:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
        for realm in realms.values():
            realm.end()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def run(folder: Folder, source: Path, world: World, *options: str, **more: str) -> Night:
    """A check in which Ansible has pykerberos and both realms."""
    given = {"PYTHONPATH": f"{ROOT}:{world.environment['EXTRA_PATH']}", **world.environment, **more}
    return folder.drift(source, *options, **given)


# As docs/credentials.md has it. A krb5.conf in /etc needs no kinit_env_vars.
SCHOOL = """vault: vault.yml
connection:
  windows:
    realm: {realm}
    user: leeboard
    port: {port}
    ca: {ca}
    vars:
      ansible_password: "{{{{ vault_windows_password }}}}"
      ansible_winrm_kerberos_hostname_override: "{{{{ inventory_hostname_short }}}}.{domain}"
      ansible_winrm_kinit_env_vars: [KRB5_CONFIG]
      ansible_winrm_kinit_cmd: {kinit}
"""

# The real one, after a pause that is long enough to be seen in a process list on a busy machine.
SLOW_KINIT = """#!/bin/sh
sleep 3
exec kinit "$@"
"""


@pytest.fixture(scope="module")
def estate(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Night]:
    """Both schools, checked in one night."""
    root = tmp_path_factory.mktemp("estate")
    folder = Folder(root / "la")
    opener = root / "opener"
    opener.write_text("Canary-9023 opens")
    add_estate(folder.path)
    kinit = root / "kinit"
    kinit.write_text(SLOW_KINIT)
    kinit.chmod(0o755)
    for name, urn in URNS.items():
        own = folder.path / urn
        text = SCHOOL.format(realm=name, port=world.ports[name], ca=world.authority, domain=name.lower(), kinit=kinit)
        add_school(own, urn, text, f"A-1,pc-1,{LOOPBACK},windows,desktop,office,,\n")
        subprocess.run(
            ["ansible-vault", "encrypt", "--vault-password-file", str(opener), "--output", str(own / "vault.yml")],
            input=f'vault_windows_password: "{PASSWORDS[name]}"\n',
            text=True,
            check=True,
        )
    night = run(folder, folder.path / "estate.yml", world, ANSIBLE_VAULT_PASSWORD_FILE=str(opener))
    return folder, night


@pytest.mark.parametrize("realm", [ONE, TWO])
def test_each_school_signs_in_with_its_own_realm(estate: tuple[Folder, Night], world: World, realm: str) -> None:
    line = estate[1].lines[f"pc-1.{URNS[realm]}"]
    assert ARRIVED in line["message"]
    assert set(world.callers(realm)) == {f"leeboard@{realm}"}


def test_no_password_is_left_behind(estate: tuple[Folder, Night]) -> None:
    folder, night = estate
    assert "kinit leeboard@ONE.EXAMPLE" in night.processes, "it was seen to run"
    for canary in (*PASSWORDS.values(), "Canary-9023 opens"):
        assert not leaks(canary, night.output, night.processes, folder.path)


def case(realm: str, user: str, password: str | None = "", **variables: Any) -> dict[str, Any]:
    given = {"ansible_password": PASSWORDS.get(realm, WRONG) if password == "" else password}
    return {"ansible_user": f"{user}@{realm}", "realm": realm, **{k: v for k, v in given.items() if v}, **variables}


MANAGED = {"ansible_winrm_kinit_mode": "managed"}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "well": (case(ONE, "leeboard"), ARRIVED),
    "wrong": (case(ONE, "leeboard", WRONG), "did not accept the account's password"),
    "wrong-guarded": (case(TWO, "guarded", WRONG), "did not accept the account's password"),
    "ended": (case(ONE, "ended"), "the account has expired in the realm"),
    "stale": (case(TWO, "stale"), "the account's password has expired in the realm"),
    "blocked": (case(ONE, "blocked"), "disabled or locked in the realm"),
    "unknown": (case(ONE, "nobody"), "the realm has no account of this name"),
    "no-realm": (case("THREE.EXAMPLE", "leeboard"), "nobody here knows a domain controller of the realm THREE.EXAMPLE"),
    "small-letters": (case("one.example", "leeboard"), "domain controller of the realm one.example"),
    "kdc-away": (case("AWAY.EXAMPLE", "leeboard"), "no domain controller of the realm AWAY.EXAMPLE answers"),
    "no-kinit": (case(ONE, "leeboard", ansible_winrm_kinit_cmd="/nowhere/kinit"), "kinit is not installed"),
    "no-password": (case(ONE, "leeboard", None), "there is no Kerberos ticket, and no password"),
    "well-by-keytab": (case(ONE, "robot", None, **MANAGED, ansible_winrm_kinit_args="-k -t {root}/robot"), ARRIVED),
    "no-keytab": (
        case(ONE, "leeboard", None, **MANAGED, ansible_winrm_kinit_args="-k -t /nowhere"),
        "the keytab is not there, or holds no key of this account",
    ),
    "another-keytab": (
        case(TWO, "leeboard", None, **MANAGED, ansible_winrm_kinit_args="-k -t {root}/robot"),
        "the keytab is not there, or holds no key of this account",
    ),
    "no-service": (
        case(ONE, "leeboard", ansible_winrm_kerberos_hostname_override="pc-9.one.example"),
        "the realm has no service of the device's name",
    ),
}


@pytest.fixture(scope="module")
def troubles(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Night]:
    """All cases in one night."""
    folder = Folder(tmp_path_factory.mktemp("troubles") / "la")
    hosts = {}
    world.realms[ONE].keytab("robot").rename(world.root / "robot")
    for name, (given, _) in CASES.items():
        variables = {key: str(value).format(root=world.root) for key, value in given.items()}
        realm = variables.pop("realm")
        port = world.ports.get(realm, world.ports[ONE])
        service = f"pc-1.{realm.lower()}"
        hosts[name] = {"ansible_port": port, "ansible_winrm_kerberos_hostname_override": service, **variables}
    shared = {
        "ansible_connection": "winrm",
        "ansible_host": LOOPBACK,
        "ansible_winrm_transport": "kerberos",
        "ansible_winrm_ca_trust_path": str(world.authority),
        "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"],
        "leeboard_platform": "windows",
    }
    nobody = {"KRB5CCNAME": f"FILE:{folder.path}/nobody"}
    return folder, run(folder, folder.hosts(hosts, **shared), world, ANSIBLE_VERBOSITY="5", **nobody)


@pytest.mark.parametrize("name", CASES)
def test_each_is_told_apart(troubles: tuple[Folder, Night], name: str) -> None:
    line = troubles[1].lines[name]
    assert CASES[name][1] in line["message"]
    assert line["outcome"] == "failed", "silence is for who may be off"
    assert len(line["message"]) < 300


def test_no_password_is_printed_where_everything_is(troubles: tuple[Folder, Night]) -> None:
    folder, night = troubles
    for canary in (*PASSWORDS.values(), WRONG):
        assert not leaks(canary, night.output, night.processes, folder.path / "var", folder.path / "ansible.log")
