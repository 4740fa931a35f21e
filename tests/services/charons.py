"""Two charons in a network namespace of their own, a gateway and a laptop, on two addresses of its loopback.

They agree on an IKE SA alone (RFC 6023), so the kernel needs no ESP: whether one believes the other's certificate is
decided there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from leeboard.authority.certificates import Issued
from leeboard.authority.gateways import strongswan
from leeboard.authority.gateways.wanted import Wanted
from leeboard.authority.profile import pem_of_key

GATEWAY, LAPTOP = "10.66.0.1", "10.66.0.2"
PATIENCE = 60.0
DAEMON = "/usr/sbin/charon-systemd"
SETTINGS = """charon-systemd {{
  load_modular = no
  install_routes = no
  install_virtual_ip = no
  {ports}
  retransmit_tries = 1
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
  filelog {{ main {{ path = {folder}/log
    default = 1
    cfg = 2
    flush_line = yes }} }}
}}
"""
FOLDERS = ("conf.d", "x509", "x509ca", "x509crl", "private")


@dataclass(frozen=True)
class Charon:
    """One of them, in a folder of its own. `namespace` is the process whose network it has."""

    folder: Path
    namespace: int

    @property
    def swanctl_folder(self) -> Path:
        return self.folder / "swanctl"

    def swanctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What swanctl says to this charon."""
        return subprocess.run(
            ["swanctl", *words, "--uri", f"unix://{self.folder}/vici"],
            env={**os.environ, "SWANCTL_DIR": str(self.swanctl_folder)},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def load(self) -> None:
        """Have what its files say, and nothing that was there before."""
        done = self.swanctl("--load-all", "--clear", "--noprompt")
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def two_charons(folder: Path) -> Iterator[tuple[Charon, Charon]]:
    """A gateway and a laptop, running, with nothing loaded."""
    for program in (DAEMON, "swanctl", "unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    if os.geteuid() != 0:
        pytest.skip("needs root")
    holder = subprocess.Popen(
        [
            "unshare", "--net", "sh", "-c",
            f"ip link set lo up && ip addr add {GATEWAY}/32 dev lo && ip addr add {LAPTOP}/32 dev lo && "
            "echo ready && exec sleep 600",
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "ready\n", "no network namespace"
        charons = []
        for name, ports in (("gateway", ""), ("laptop", "port = 0\n  port_nat_t = 0")):
            one = Charon(folder / name, holder.pid)
            for inner in FOLDERS:
                (one.swanctl_folder / inner).mkdir(parents=True)
            settings = one.folder / "strongswan.conf"
            settings.write_text(SETTINGS.format(folder=one.folder, ports=ports))
            started.append(
                subprocess.Popen(
                    ["nsenter", f"--net=/proc/{holder.pid}/ns/net", DAEMON],
                    env={**os.environ, "STRONGSWAN_CONF": str(settings)},
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
            _waited(one, started[-1])
            charons.append(one)
        yield charons[0], charons[1]
    finally:
        for process in (*started, holder):
            process.terminate()
        for process in (*started, holder):
            process.wait(PATIENCE)


def put(charon: Charon, issued: Issued, key: ec.EllipticCurvePrivateKey, name: str) -> None:
    """A certificate, its key and its chain, where swanctl looks for them."""
    folder = charon.swanctl_folder
    (folder / "x509" / f"{name}.pem").write_text(issued.certificate.pem)
    (folder / "private" / f"{name}.pem").write_bytes(pem_of_key(key))
    (folder / "x509ca/issuing.pem").write_text(issued.issuing)
    (folder / "x509ca/root.pem").write_text(issued.root)


def export(gateway: Charon, wanted: Wanted) -> None:
    """Lay what is exported for a gateway where its swanctl looks for it; loading it is the caller's."""
    for name, content in strongswan.files(wanted).items():
        if name.startswith("swanctl/"):
            (gateway.folder / name).write_text(content)
    (gateway.swanctl_folder / "swanctl.conf").write_text("include conf.d/*.conf\n")


def _waited(one: Charon, process: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    until = time.monotonic() + PATIENCE
    while not (one.folder / "vici").exists() or one.swanctl("--stats").returncode:
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"charon did not start: {one.log if (one.folder / 'log').exists() else process.returncode}")
        time.sleep(0.1)
