"""One virtual machine of the lab: start, talk, save, bring back, cut the power, stop."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .cache import hold
from .console import ASKS, shown, type_text
from .encrypt import PASSPHRASE
from .errors import LabError, tail
from .image import IN_USE, Image
from .process import process_start, wait_gone
from .qemu import MachineSpec, command_line
from .qmp import monitor, qmp
from .ssh import TECHNICIAN, SshAccess
from .tpm import start_tpm

CLEAN = "clean"
# What the kernel says when a processor gets no timer any more: on a busy host the emulator loses one now and then.
_HUNG = re.compile(r"rcu_\w+ (self-)?detected stall|rcu_\w+ kthread starved|soft lockup")
_SHORT = 64  # bytes of a folder's name that leave room for sockets/ssh-technician.XXXXXXXXXXXXXXXX


class Machine:
    """A machine whose files lie in `folder` (disk0.qcow2 and so on, console.log, state.json).

    `keep` lets QEMU outlive this process; otherwise the kernel ends it with us.
    """

    def __init__(self, spec: MachineSpec, image: Image, folder: Path, *, keep: bool = False):
        self.spec = spec
        self.image = image
        self.folder = folder
        self.keep = keep
        self.pid = 0
        self.started = ""
        self.port = 0
        self.pristine = False  # nobody has used the machine since it was brought to `clean`
        self._sockets: Path | None = None
        self._console_read = 0  # bytes of the console's log from before the machine was switched on
        self._children: list[subprocess.Popen[bytes]] = []
        self._marks: list[int] = []

    @property
    def name(self) -> str:
        """The machine's name in the lab."""
        return self.folder.name

    @property
    def console(self) -> Path:
        """The file that the guest's serial console is written to."""
        return self.folder / "console.log"

    @property
    def access(self) -> SshAccess:
        """How to reach the machine over SSH."""
        self.pristine = False
        return SshAccess(self.image, self.port, self.sockets)

    @property
    def sockets(self) -> Path:
        """A folder with a short name, for sockets (whose names may have 107 bytes only)."""
        if self._sockets is None or not self._sockets.is_dir():
            if len(str(self.folder)) <= _SHORT:
                self._sockets = self.folder / "sockets"
                self._sockets.mkdir(mode=0o700)
            else:
                self._sockets = Path(tempfile.mkdtemp(prefix="lab-"))
        return self._sockets

    # Power

    def make_disks(self) -> None:
        """Create the root overlay and the empty extra disks."""
        disk = self.folder / "disk0.qcow2"
        base = ["-b", str(self.image.disk), "-F", "raw"]
        _qemu_img("create", "-q", "-f", "qcow2", *base, str(disk))
        for number, size in enumerate(self.spec.disks_mb, start=1):
            path = self.folder / f"disk{number}.qcow2"
            _qemu_img("create", "-q", "-f", "qcow2", str(path), f"{size}M")

    def start(self, load: str | None = None) -> None:
        """Switch on; `load` resumes that saved state. Does not wait for the guest. What fails leaves nothing behind."""
        if self.running():
            raise LabError(f"{self.name}: runs already (process {self.pid}): stop it first")
        self._marks = [hold(self.folder / IN_USE), hold(self.image.folder / IN_USE)]
        self._console_read = self.console.stat().st_size if self.console.exists() else 0
        try:
            if self.spec.tpm:
                self._children.append(start_tpm(self.folder, self.sockets / "tpm"))
            self._start_qemu(load)
            self._wait_for_qemu()
        except BaseException:
            for child in self._children:  # a swtpm that QEMU never talked to would wait for it for ever
                child.kill()
            self._reap()
            self._forget()
            raise
        self._write_state()

    def boot(self, timeout: float = 600.0) -> None:
        """Switch on and wait until the machine is up. One that the emulator hung is switched on once more."""
        for again in (True, False):
            self.start()
            try:
                self.unlock()
                self.wait_for_ssh(timeout)
                return
            except LabError:
                if not (again and _HUNG.search(self.shown())):
                    raise
                self.power_cut()

    def stop(self) -> None:
        """End this machine's own processes and forget its connections. The disks stay."""
        if self.running():
            self.access.close()
            try:
                qmp(self.sockets / "qmp", "quit", timeout=20)
            except LabError:
                os.kill(self.pid, signal.SIGKILL)
        self._reap()
        self._forget()

    def delete(self) -> None:
        """Stop, and remove the machine's folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def power_cut(self) -> None:
        """Take the power away: what the guest has not flushed is lost. `start()` boots again."""
        self.access.close()
        if self.running():
            os.kill(self.pid, signal.SIGKILL)
        self._reap()
        self._forget()

    def reset(self) -> None:
        """Press the reset button and wait until the machine is up again."""
        self.access.close()
        qmp(self.sockets / "qmp", "system_reset")
        self.wait_for_ssh()

    def reboot(self, timeout: float = 600.0) -> None:
        """Restart the guest in an orderly way and wait until it is up again."""
        before = self.boot_id()
        self.root("systemctl reboot", check=False)
        self.access.close()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                self.wait_for_ssh(timeout=max(1.0, deadline - time.monotonic()))
                if self.boot_id() != before:
                    return
            except LabError:
                if not self.running():
                    raise
            self.access.close()
            time.sleep(1)
        raise self._failure(f"did not come back within {timeout:.0f} s after a reboot")

    def power_off(self, timeout: float = 300.0) -> None:
        """Shut the guest down in an orderly way, and wait until the machine is off."""
        self.root("systemctl poweroff", check=False)
        self.access.close()
        deadline = time.monotonic() + timeout
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.5)
        if self.running():
            raise self._failure(f"is not off within {timeout:.0f} s")
        self._reap()
        self._forget()

    def boot_id(self) -> str:
        """The kernel's id of this boot."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id").stdout.strip()

    def running(self) -> bool:
        """Whether the QEMU process that we started lives (not another with its number)."""
        for child in self._children:
            child.poll()
        return self.pid > 0 and self.started != "" and process_start(self.pid) == self.started

    # Talk

    def shown(self) -> str:
        """What the console has shown since the machine was switched on."""
        return shown(self.console, self._console_read)

    def type_on_console(self, pattern: str, text: str, timeout: float = 600.0) -> None:
        """Wait until the console shows `pattern` (a regular expression), then type `text` and Enter."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.shown()):
            if not self.running() or time.monotonic() > deadline:
                raise self._failure(f"the console did not show {pattern!r} within {timeout:.0f} s")
            time.sleep(0.2)
        type_text(self.sockets / "console", text)

    def unlock(self) -> None:
        """Type the passphrase of an encrypted machine that was switched on; any other asks for none."""
        if self.image.recipe.encrypted:
            self.type_on_console(ASKS, PASSPHRASE)

    def wait_for_ssh(self, timeout: float = 600.0) -> None:
        """Wait until a command runs over SSH; on failure the error shows the console's end."""
        deadline = time.monotonic() + timeout
        problem = "no SSH server answered"
        while time.monotonic() < deadline:
            if not self.running():
                raise self._failure("QEMU ended while the machine was starting")
            if self.access.answers():
                try:
                    self.ssh("true", timeout=60)
                    return
                except LabError as error:  # pam_nologin while the guest still boots
                    problem = str(error)
                    self.access.close()
            time.sleep(0.2)
        raise self._failure(f"not reachable within {timeout:.0f} s: {problem}")

    def ssh(
        self,
        command: str | Sequence[str],
        *,
        user: str = TECHNICIAN,
        input: str | bytes | None = None,
        check: bool = True,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine; see `SshAccess.run`."""
        return self.access.run(command, user=user, input=input, check=check, timeout=timeout)

    def root(
        self,
        command: str | Sequence[str],
        *,
        input: str | bytes | None = None,
        check: bool = True,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root, by the technician's sudo."""
        text = command if isinstance(command, str) else shlex.join(command)
        return self.ssh(["sudo", "-n", "bash", "-c", text], input=input, check=check,
                        timeout=timeout)  # fmt: skip

    def put(self, local: Path | str | bytes, remote: str, *, mode: str = "644") -> None:
        """Write a local file, or bytes, to `remote` as root's."""
        data = local if isinstance(local, bytes) else Path(local).read_bytes()
        path = shlex.quote(remote)
        self.root(f"install -D -m {mode} /dev/null {path} && cat > {path}", input=data)

    def inventory(self) -> dict[str, object]:
        """The host variables with which Ansible reaches this machine as root."""
        return self.access.host_vars()

    # Time travel

    def snapshot(self, name: str) -> None:
        """Save the running machine, memory and disks, under `name` (replacing an older one)."""
        self.access.close()
        self._monitor(f"savevm {name}")

    def restore(self, name: str = CLEAN) -> None:
        """Bring the machine back as it was at `snapshot(name)`, with today's clock and live SSH."""
        # By another QEMU: one that ran on never lets the guest's time stamp counter go back, so all the time since
        # then would pass at once in there, and every watchdog and timer would go off.
        mark = hold(self.folder / IN_USE)  # nobody takes the folder away meanwhile
        try:
            self.stop()
            self.start(load=name)
        finally:
            os.close(mark)
        self.set_clock()
        self.pristine = name == CLEAN

    def set_clock(self) -> None:
        """Set the guest's clock to now; after a jump it shows the time of the snapshot."""
        for attempt in (1, 2, 3):
            try:
                self.ssh("true", timeout=60)  # the login takes time; the next command does not
                self.ssh(f"sudo -n date -u -s @{time.time():.1f}", timeout=60)
                return
            except LabError as error:
                self.access.close()
                if attempt == 3:
                    raise self._failure(f"does not answer after a restore: {error}") from error

    def pause(self) -> None:
        """Halt the machine's processors, so that it costs nothing until `restore()`."""
        self.access.close()
        qmp(self.sockets / "qmp", "stop")

    # Inside

    def _monitor(self, line: str) -> None:
        answer = monitor(self.sockets / "qmp", line)
        if answer:
            raise self._failure(f"`{line}` failed: {answer}")

    def _start_qemu(self, load: str | None) -> None:
        command = command_line(self.spec, self.image, self.folder, self.sockets, self.port, load)
        if not self.keep:
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with (self.folder / "qemu.log").open("ab") as log:
            qemu = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=self._marks, start_new_session=True,
            )  # fmt: skip
        self._children.append(qemu)
        self.pid = qemu.pid
        self.started = process_start(qemu.pid) or "ended"

    def _wait_for_qemu(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.running():
                raise self._failure("QEMU does not start")
            try:
                # 127.0.0.1 35123 10.0.2.15 22 in the line of the forwarded port
                text = monitor(self.sockets / "qmp", "info usernet", timeout=timeout)
                line = next(line for line in text.splitlines() if "HOST_FORWARD" in line)
                self.port = int(line.split()[3])
                return
            except (LabError, StopIteration):
                time.sleep(0.02)
        raise self._failure(f"QEMU gives no answer within {timeout:.0f} s")

    def _reap(self) -> None:
        if self.pid:
            wait_gone(self.pid, self.started, timeout=20)
        for child in self._children:  # swtpm ends by itself when QEMU is gone
            try:
                child.wait(timeout=3)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()

    def _forget(self) -> None:
        for mark in self._marks:
            os.close(mark)
        self._marks = []
        self.pid, self.started = 0, ""
        (self.folder / "state.json").unlink(missing_ok=True)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _failure(self, what: str) -> LabError:
        return LabError(
            f"{self.name}: {what}\n--- {self.folder / 'qemu.log'}\n"
            f"{tail(self.folder / 'qemu.log', 5)}\n--- {self.console}\n{tail(self.console, 30)}"
        )

    def _write_state(self) -> None:
        state = {
            "image": self.spec.image,
            "spec": describe(self.spec),
            "digest": self.image.digest,
            "pid": self.pid,
            "started": self.started,
            "port": self.port,
            "sockets": str(self.sockets),
        }
        target = self.folder / "state.json"
        part = target.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1), encoding="utf-8")
        part.rename(target)

    def adopt(self, state: dict[str, object]) -> None:
        """Take over a machine that another process started, from its state.json."""
        self.pid = int(str(state["pid"]))
        self.started = str(state["started"])
        self.port = int(str(state["port"]))
        self._sockets = Path(str(state["sockets"]))
        self.keep = True


def describe(spec: MachineSpec) -> dict[str, object]:
    """The parts of a spec that can be written to JSON (all but cables and boot files)."""
    return {
        "image": spec.image, "memory_mb": spec.memory_mb, "cpus": spec.cpus,
        "serial": spec.serial, "uuid": spec.uuid, "disks_mb": list(spec.disks_mb),
        "tpm": spec.tpm, "iommu": spec.iommu, "append": spec.append,
    }  # fmt: skip


def _qemu_img(*arguments: str) -> None:
    done = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"qemu-img {shlex.join(arguments)} failed: {done.stderr.strip()}")
