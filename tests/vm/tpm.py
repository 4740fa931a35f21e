"""The TPM of a machine: a swtpm that talks to QEMU through a socket."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from .errors import LabError, tail


def start_tpm(folder: Path, socket: Path) -> subprocess.Popen[bytes]:
    """Start a swtpm for the machine in `folder`, and wait until its socket is there. It ends when QEMU hangs up."""
    state, log = folder / "tpm", folder / "swtpm.log"
    state.mkdir(exist_ok=True)
    socket.unlink(missing_ok=True)
    command = ["swtpm", "socket", "--tpm2", "--terminate", "--tpmstate", f"dir={state}",
               "--ctrl", f"type=unixio,path={socket}"]  # fmt: skip
    with log.open("ab") as said:
        try:
            tpm = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        except FileNotFoundError:
            raise LabError("a machine with a TPM needs swtpm: apt-get install swtpm") from None
    deadline = time.monotonic() + 60
    while not socket.exists():
        if tpm.poll() is not None or time.monotonic() > deadline:
            tpm.kill()
            tpm.wait()
            raise LabError(f"{folder.name}: swtpm does not start: {tail(log, 5)}")
        time.sleep(0.02)
    return tpm
