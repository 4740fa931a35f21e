"""Run one of our playbooks as a subprocess, and say how it went."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ansible_runner
from ansible_runner.utils import OutputEventFilter

from leeboard.ansible import handed
from leeboard.ansible.clone import environment, playbook

# Seconds. Ctrl-C on a terminal reaches Ansible without us, and a second one would break off how it ends.
ENDS_BY_ITSELF = 3
ENDS_WHEN_TOLD = 60
PRINTED = 1_000_000  # characters of what a run printed that are kept: its end


@dataclass(frozen=True)
class RunResult:
    """How a playbook ended: Ansible's exit status and the end of what it printed."""

    status: int
    output: str


def run_playbook(
    name: str,
    inventory: Path,
    var: Path,
    hosts: Sequence[str] | None = None,
    extra: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    stopped: Callable[[], bool] = lambda: False,
    school: str = "",
    secrets: Mapping[str, str] | None = None,
) -> RunResult:
    """Run a playbook on an inventory file. `stopped` is asked about twice a second; True ends Ansible.

    `hosts` limits the run. Names go in by a file, so that thousands of them fit. `school` is the URN of the only school
    in it, which a script that hands out vault passwords finds in LEEBOARD_SCHOOL. `secrets` are handed over in
    memory (handed.py).
    """
    variables = environment(var)
    if school:
        variables["LEEBOARD_SCHOOL"] = school
    with tempfile.TemporaryDirectory(prefix="leeboard-", ignore_cleanup_errors=True) as private:
        command = [playbook(name), "-i", str(inventory.resolve()), *arguments]
        if hosts is not None:
            limit = Path(private) / "limit"
            limit.write_text("".join(f"{host}\n" for host in hosts))
            command += ["--limit", f"@{limit}"]
        for variable, value in (extra or {}).items():
            command += ["-e", f"{variable}={value}"]
        output = Path(private) / "output"
        with output.open("w+") as stream, handed.handed(secrets or {}) as path:
            if secrets:
                command += ["-e", f"{handed.VARIABLE}={path}"]
            thread, runner = ansible_runner.run_command_async(
                executable_cmd="ansible-playbook",
                cmdline_args=command,
                private_data_dir=private,
                quiet=True,
                runner_mode="subprocess",
                output_fd=stream,
                error_fd=stream,
                envvars=variables,
                host_cwd=str(Path.cwd()),
            )
            try:
                while thread.is_alive() and not stopped():
                    thread.join(0.5)
            finally:
                if thread.is_alive():  # stopped, or Ctrl-C
                    _end(thread)
        # The runner's own marks, which a terminal shows none of, stand between the lines.
        text = OutputEventFilter.EVENT_DATA_RE.sub("", output.read_text(errors="backslashreplace"))
        return RunResult(int(runner.rc if runner.rc is not None else 1), text[-PRINTED:])


def _end(thread: threading.Thread) -> None:
    """Let Ansible end, which closes its bundle and removes its own files; tell it where nobody else has."""
    thread.join(ENDS_BY_ITSELF)
    # The runner starts Ansible in its thread and gives nobody the number of the process: the kernel knows it.
    started = Path(f"/proc/self/task/{thread.native_id}/children")
    with contextlib.suppress(OSError):
        for number in started.read_text().split():
            os.kill(int(number), signal.SIGINT)
    thread.join(ENDS_WHEN_TOLD)
