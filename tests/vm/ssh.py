"""SSH into a machine of the lab: the system's ssh, a private known_hosts, strict checking."""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .image import HOST_ALIAS, Image

TECHNICIAN = "technician"


@dataclass(frozen=True)
class SshAccess:
    """How to reach one machine. `sockets` is a short folder for the shared connections."""

    image: Image
    port: int
    sockets: Path

    def options(self) -> list[str]:
        """The options that identify the machine and refuse any other."""
        return [
            "-F", "none",
            "-o", f"HostKeyAlias={HOST_ALIAS}",
            "-o", f"UserKnownHostsFile={_quoted(self.image.known_hosts)}",
            "-o", "GlobalKnownHostsFile=/dev/null",
            "-o", "StrictHostKeyChecking=yes",
            "-o", "UpdateHostKeys=no",
            "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes",
            "-o", "ConnectTimeout=40",
            "-o", "ServerAliveInterval=10",
            "-o", "ServerAliveCountMax=6",
            # The cheapest key exchange halves the time of a login to an emulated machine.
            "-o", "KexAlgorithms=^curve25519-sha256",
            "-o", "Ciphers=^aes128-gcm@openssh.com",
            "-o", "IgnoreUnknown=WarnWeakCrypto",
            "-o", "WarnWeakCrypto=no",
        ]  # fmt: skip

    def sharing(self) -> list[str]:
        """The options that let later commands use the first one's connection."""
        return [
            "-o", "ControlMaster=auto",
            "-o", "ControlPersist=120s",
            "-o", f"ControlPath={self.sockets}/ssh-%r",
        ]  # fmt: skip

    def command(self, user: str = TECHNICIAN, *, terminal: bool = False) -> list[str]:
        """The ssh command up to and including the host."""
        return [
            "ssh", *self.options(), *self.sharing(), *(["-t"] if terminal else []),
            "-i", str(self.image.client_key), "-p", str(self.port), f"{user}@127.0.0.1",
        ]  # fmt: skip

    def run(
        self,
        command: str | Sequence[str],
        *,
        user: str = TECHNICIAN,
        input: str | bytes | None = None,
        check: bool = True,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command (shell text, or a list of arguments) as `user`.

        Raises LabError when the connection fails (ssh's 255), when the command takes longer than
        `timeout` seconds, or when `check` is set and it does not end with 0.
        """
        text = command if isinstance(command, str) else shlex.join(command)
        data = input.encode() if isinstance(input, str) else input
        try:
            done = subprocess.run(
                [*self.command(user), text],
                input=data,
                stdin=subprocess.DEVNULL if data is None else None,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{user}: no end within {timeout:.0f} s: {text}") from error
        result = subprocess.CompletedProcess(
            text, done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )  # fmt: skip
        if done.returncode == 255 or (check and done.returncode != 0):
            what = "SSH failed" if done.returncode == 255 else f"exit code {done.returncode}"
            raise LabError(f"{user}: {what}: {text}\n{result.stdout}{result.stderr}".rstrip())
        return result

    def close(self) -> None:
        """End the shared connections (they hang after the machine jumps back in time)."""
        for path in self.sockets.glob("ssh-*"):
            subprocess.run(
                ["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "127.0.0.1"],
                capture_output=True, timeout=20, check=False,
            )  # fmt: skip
            path.unlink(missing_ok=True)

    def answers(self, timeout: float = 3.0) -> bool:
        """Whether an SSH server greets on the port (QEMU accepts before the guest does)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
                connection.settimeout(timeout)
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def host_vars(self) -> dict[str, object]:
        """The variables with which Ansible reaches the machine, over the same connection."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": TECHNICIAN,
            "ansible_ssh_private_key_file": str(self.image.client_key),
            "ansible_ssh_common_args": shlex.join(self.options()),
            "ansible_ssh_args": shlex.join(self.sharing()),
            "ansible_timeout": 40,
            "ansible_become": True,
            "ansible_python_interpreter": "/usr/bin/python3",
        }


def _quoted(path: Path) -> str:
    """A path as an ssh option takes it: several may stand there, separated by spaces."""
    return f'"{path}"' if " " in str(path) else str(path)
