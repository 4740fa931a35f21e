"""A real sshd and a real sudo on loopback, with throw-away accounts that only they know.

sshd runs in a private copy of this machine's /etc and /run, where the accounts are made with Debian's own tools. The
machine itself has none of them, before, meanwhile or after.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LOOPBACK = "127.0.0.1"
PASSWORD = "Canary-9000 'of' <all> \"doors\" & $secrets"
PHRASE = "Canary-9001 phrase"
SUDO = "/etc/sudoers.d/leeboard-test"
# Accounts, and what makes each of them what it is. All have the same key and the same password.
ACCOUNTS = {
    "lb-free": f"echo 'lb-free ALL=(root) NOPASSWD: ALL' >> {SUDO}",
    "lb-asked": f"echo 'lb-asked ALL=(root) ALL' >> {SUDO}",
    "lb-once": f"echo 'lb-once ALL=(root) ALL' >> {SUDO}; echo 'Defaults:lb-once passwd_tries=1' >> {SUDO}",
    "lb-plain": ":",
    "lb-tty": f"echo 'lb-tty ALL=(root) NOPASSWD: ALL' >> {SUDO}; echo 'Defaults:lb-tty requiretty' >> {SUDO}",
    "lb-slow": "printf '#!/bin/sh\\nexec sleep 30\\n' > /run/slow-sudo; chmod 755 /run/slow-sudo",
    "lb-ended": "chage --expiredate 2020-01-01 lb-ended",
    "lb-stale": "chage --lastday 0 lb-stale",
    "lb-old": "chage --lastday 2020-01-01 --maxdays 30 --inactive 5 lb-old",
    "lb-locked": "usermod --lock lb-locked",
    "lb-shell": "usermod --shell /usr/sbin/nologin lb-shell",
}
SETUP = """
set -e
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 -p /run/sshd /run/sudo
rm -f /etc/nologin /etc/sudoers.d/*
mkdir -m 755 /run/keys
printf 'Defaults env_reset\\nroot ALL=(ALL) ALL\\n@includedir /etc/sudoers.d\\n' > /etc/sudoers
"""


class Door:
    """The sshd, its port, and the files that lead through it. `close` ends it and what it started."""

    def __init__(self, folder: Path) -> None:
        for program in ("unshare", "sshd", "sudo", "useradd", "ssh-keygen"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
                pytest.skip(f"{program} is not installed on this machine")
        if os.geteuid() != 0:
            pytest.skip("needs root for a private copy of this machine's /etc")
        self.folder = folder
        folder.mkdir(mode=0o755, parents=True)
        self.key = self._key("key")
        self.stranger = self._key("stranger")
        self.locked = self._key("locked", PHRASE)
        self.port = free_port()
        host = self._key("host")
        public = host.with_suffix(".pub").read_text()
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[{LOOPBACK}]:{self.port} {public}")
        self.log = folder / "sshd.log"
        self.agent = folder / "agent"
        self._processes = [self._start(host)]
        self._processes.append(self._hold())

    def close(self) -> None:
        """End sshd, the agent and everything that they started."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)

    def _hold(self) -> subprocess.Popen[bytes]:
        """An agent that holds the key with the passphrase."""
        process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", str(self.agent)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        ask = self.folder / "ask"
        ask.write_text(f"#!/bin/sh\necho '{PHRASE}'\n")
        ask.chmod(0o700)
        wait_for(self.agent.exists)
        given = {"SSH_AUTH_SOCK": str(self.agent), "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(["ssh-add", "-q", str(self.locked)], env={**os.environ, **given}, check=True)
        return process

    def _key(self, name: str, phrase: str = "") -> Path:
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", str(path), "-C", name], check=True)
        return path

    def _start(self, host: Path) -> subprocess.Popen[bytes]:
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress {LOOPBACK}\nPort {self.port}\nHostKey {host}\nUsePAM yes\nPasswordAuthentication yes\n"
            "KbdInteractiveAuthentication no\nAuthorizedKeysFile /run/keys/%u\nPidFile none\nMaxStartups 100\n"
            "Subsystem sftp internal-sftp\nPrintMotd no\nPerSourcePenalties no\n"
        )
        keys = "".join(path.with_suffix(".pub").read_text() for path in (self.key, self.locked))
        lines = [SETUP]
        for name, special in ACCOUNTS.items():
            lines += [
                f"useradd --no-create-home --home-dir /run/home-{name} --shell /bin/sh {name}",
                f"install -d -m 700 -o {name} /run/home-{name}",
                f'chpasswd <<"SECRET"\n{name}:{PASSWORD}\nSECRET',
                f'printf "%s" "$KEYS" > /run/keys/{name}',
                special,
            ]
        lines.append(f'exec /usr/sbin/sshd -D -e -f "{config}"')
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh", str(self.folder)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KEYS": keys, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

        def listens() -> bool:
            if process.poll() is not None:
                said = self.log.read_text(errors="replace")
                if "Operation not permitted" in said:
                    pytest.skip("this machine does not allow mount namespaces")
                raise AssertionError(f"sshd did not start: {said}")
            with socket.socket() as probe:
                return probe.connect_ex((LOOPBACK, self.port)) == 0

        wait_for(listens)
        return process


def wait_for(ready: Callable[[], bool], patience: float = 60) -> None:
    """Until it is so; an error when it is not within `patience` seconds."""
    end = time.monotonic() + patience
    while not ready():
        assert time.monotonic() < end, "it did not come up"
        time.sleep(0.05)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])
