"""Run one of our playbooks as a subprocess, and say how it went."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner

from leeboard.ansible import secret_handover
from leeboard.ansible.clone import environment, playbook, require_collection
from leeboard.ansible.memory import in_memory
from leeboard.ansible.scratch import scratch

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
    modules: Path | None = None,
) -> RunResult:
    """Run a playbook on an inventory file. `stopped` is asked about twice a second; True ends Ansible.

    `hosts` limits the run. Names go in by a file, so that thousands of them fit. `school` is the URN of the only school
    in it, which a script that hands out vault passwords finds in LEEBOARD_SCHOOL. `secrets` are handed over in
    memory (secret_handover.py). `modules` is a folder for the modules that Ansible packs, to be used again by the next
    run that is given it. Neither the names of the hosts nor what Ansible prints is ever on a disk.
    """
    require_collection()
    variables = environment(var)
    if modules is not None:
        variables["LEEBOARD_MODULES"] = str(modules)
    if school:
        variables["LEEBOARD_SCHOOL"] = school
    with (
        scratch() as private,
        in_memory("leeboard-output") as (output, _),
        in_memory("leeboard-limit") as (limit, limit_path),
        secret_handover.handed(secrets or {}) as path,
    ):
        command = [playbook(name), "-i", str(inventory.resolve()), *arguments]
        if hosts is not None:
            limit.write("".join(f"{host}\n" for host in hosts))
            limit.flush()
            command += ["--limit", f"@{limit_path}"]
        for variable, value in (extra or {}).items():
            command += ["-e", f"{variable}={value}"]
        if secrets:
            command += ["-e", f"{secret_handover.VARIABLE}={path}"]
        thread, runner = ansible_runner.run_command_async(
            executable_cmd="ansible-playbook",
            cmdline_args=command,
            private_data_dir=str(private),
            quiet=True,
            runner_mode="subprocess",
            output_fd=output,
            error_fd=output,
            envvars=variables,
            host_cwd=str(Path.cwd()),
            status_handler=_without_files,
        )
        try:
            while thread.is_alive() and not stopped():
                thread.join(0.5)
        finally:
            if thread.is_alive():  # stopped, or Ctrl-C
                _end(thread)
        output.seek(0)
        return RunResult(int(runner.rc if runner.rc is not None else 1), output.read()[-PRINTED:])


def _without_files(status: Mapping[str, Any], runner_config: Any) -> bool:
    """Keep ansible-runner from writing down the environment, with passwords in it, and each task's result.

    It is asked before the first of these is written, and before Ansible starts. What the runner sets for its own
    display of events, which writes them, becomes again what it was.
    """
    if status.get("status") == "starting":
        for name in ("AWX_ISOLATED_DATA_DIR", "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACK_PLUGINS"):
            runner_config.env.pop(name, None)
            if name in os.environ:
                runner_config.env[name] = os.environ[name]
    elif status.get("status") == "running":
        (Path(runner_config.artifact_dir) / "command").unlink(missing_ok=True)
    return True


def _end(thread: threading.Thread) -> None:
    """Let Ansible end, which closes its bundle and removes its own files; tell it where nobody else has."""
    thread.join(ENDS_BY_ITSELF)
    # The runner starts Ansible in its thread and gives nobody the number of the process: the kernel knows it.
    started = Path(f"/proc/self/task/{thread.native_id}/children")
    with contextlib.suppress(OSError):
        for number in started.read_text().split():
            os.kill(int(number), signal.SIGINT)
    thread.join(ENDS_WHEN_TOLD)
