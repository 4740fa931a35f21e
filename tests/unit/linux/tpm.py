"""A TPM for programs that look for /dev/tpmrm0: swtpm behind a terminal, in a mount namespace of their own.

systemd-cryptenroll and cryptsetup's plug-in are the real ones. They come out of Debian's packages into a folder of the
lab's cache and not onto this machine, where they would need a systemd of the same version.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pty
import shutil
import subprocess
import tty
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, run_process

from tests.vm.cache import cache_dir, locked

PACKAGES = (
    "libsystemd-shared", "libtss2-esys-3.0.2-0t64", "libtss2-mu-4.0.1-0t64", "libtss2-rc0t64", "libtss2-sys1t64",
    "libtss2-tcti-device0t64", "systemd-cryptsetup",
)  # fmt: skip
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # a run that is killed leaves nothing behind
# $1: an empty folder, $2: the terminal, $3: the plug-ins. /dev is made anew, so that this machine's own is left alone.
SETUP = """
set -e
mount -t tmpfs tmpfs "$1"
for name in full null random tty urandom zero; do touch "$1/$name"; mount --bind "/dev/$name" "$1/$name"; done
ln -s /proc/self/fd "$1/fd"
touch "$1/tpmrm0"; mount --bind "$2" "$1/tpmrm0"
mkdir "$1/shm" "$1/pts"; mount --bind /dev/shm "$1/shm"; mount --bind /dev/pts "$1/pts"
mount --move "$1" /dev
mount -t tmpfs tmpfs /sys/class; mkdir -p /sys/class/tpmrm/tpmrm0
mount --bind "$3" /usr/lib/*/cryptsetup
echo ready
exec sleep infinity
"""


@cache
def programs() -> Path:
    """The folder with the packages' files. Skips where they, swtpm or mount namespaces cannot be had."""
    if os.geteuid() != 0 or any(shutil.which(one) is None for one in ("swtpm", "cryptsetup", "apt-get", "dpkg")):
        pytest.skip("needs root, swtpm, cryptsetup and the packages of a Debian")
    name = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    folder = cache_dir() / f"tpm-programs-{name}"
    with locked(cache_dir() / "tpm-programs.lock"):
        if not folder.exists():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    (new / "packages").mkdir(parents=True)
    done = subprocess.run(
        ["apt-get", "download", "-q", *PACKAGES], cwd=new / "packages", capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"the programs that seal keys into a TPM cannot be had: {done.stderr.strip()[-200:]}")
    for package in sorted((new / "packages").iterdir()):
        subprocess.run(["dpkg", "-x", str(package), str(new)], check=True)
    new.rename(folder)


class SoftTpm:
    """One TPM with a state of its own. `run` starts a command that finds it, as `run_process` does elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.programs = programs()
        self.folder = folder
        (self.plug_ins,) = self.programs.glob("usr/lib/*/cryptsetup")
        self.master, self.slave = pty.openpty()
        tty.setraw(self.master)
        tty.setraw(self.slave)
        self.process: subprocess.Popen[bytes] | None = None
        self.namespace = self._namespace()
        self.start()

    def _namespace(self) -> subprocess.Popen[str]:
        """What keeps the mount namespace in which programs find the TPM. Skips where none may be made."""
        empty = self.folder / "dev"
        empty.mkdir()
        argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", SETUP, "sh"]
        found = subprocess.Popen(
            [*DIES_WITH_US, *argv, str(empty), os.ttyname(self.slave), str(self.plug_ins)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert found.stdout is not None and found.stderr is not None
        if found.stdout.readline() != "ready\n":
            pytest.skip(f"this machine does not allow mount namespaces: {found.stderr.read()[-200:]}")
        return found

    def start(self) -> None:
        """Switch it on, with the state that it had."""
        state = self.folder / "tpm"
        state.mkdir(exist_ok=True)
        argv = ["swtpm", "chardev", "--tpm2", "--fd", str(self.master), "--tpmstate", f"dir={state}"]
        self.process = subprocess.Popen(
            [*DIES_WITH_US, *argv, "--flags", "startup-clear"],
            pass_fds=[self.master],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for register in (7, 8, 9):
            self.extend(register)

    def stop(self) -> None:
        """Switch it off."""
        if self.process is not None:
            self._ask(bytes.fromhex("80010000000c000001450000"))  # TPM2_Shutdown: no failed try is counted for it
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def close(self) -> None:
        self.stop()
        self.namespace.kill()
        self.namespace.communicate()
        os.close(self.master)
        os.close(self.slave)

    def clear(self) -> None:
        """Another board: it knows no key of the one before."""
        self.stop()
        shutil.rmtree(self.folder / "tpm")
        self.start()

    def restart(self) -> None:
        self.stop()
        self.start()

    def extend(self, register: int) -> None:
        """Measure something into a PCR (TPM 2.0 Library, Part 3, TPM2_PCR_Extend)."""
        sessions = bytes.fromhex("00000009" + "40000009" + "0000" + "00" + "0000")
        digest = bytes.fromhex("00000001" + "000b") + hashlib.sha256(b"leeboard").digest()
        rest = bytes.fromhex("00000182") + register.to_bytes(4, "big") + sessions + digest
        answer = self._ask(bytes.fromhex("8002") + (6 + len(rest)).to_bytes(4, "big") + rest)
        assert answer[6:10] == bytes(4), answer.hex()

    def _ask(self, command: bytes) -> bytes:
        os.write(self.slave, command)
        return os.read(self.slave, 4096)

    def run(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
        """A command of a machine that has this TPM."""
        libraries = self.plug_ins.parent
        more = {
            "LD_LIBRARY_PATH": f"{libraries}:{libraries}/systemd",
            "PATH": f"{self.programs}/usr/bin:{environment['PATH']}",
        }
        enter = ["nsenter", f"--mount=/proc/{self.namespace.pid}/ns/mnt", "--"]
        return run_process([*enter, *argv], input, timeout, {**environment, **more})


@contextlib.contextmanager
def soft_tpm(folder: Path):  # type: ignore[no-untyped-def]
    """A TPM that is switched off in the end."""
    found = SoftTpm(folder)
    try:
        yield found
    finally:
        found.close()
