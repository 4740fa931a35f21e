"""A put-back that is killed before any of its commands: the next run ends it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.linux.checkpoint.machine import DROP_IN, ENDED, HERE, NEW, RUN, Machine

STEP = 1 if os.environ.get("LEEBOARD_FULL") else 6  # commands between two kills by day
TOOLS = ("find", "ln", "mkdir", "mv", "rm", "rmdir", "timeout")  # what changes something; each of systemd is timed
# A double that counts the commands of the script, and kills it before the one that it is told.
COUNTING = """#!/bin/sh
echo x >>{root}/double/count
if [ "$(wc -l <{root}/double/count)" = "${{KILL_AT-0}}" ]; then
    kill -9 "$SCRIPT"
    exit 1
fi
exec {tool} "$@"
"""


@pytest.mark.parametrize("how", ["timer", "clean", "start"])
def test_killed_before_any_of_its_commands_the_next_run_ends_it(tmp_path: Path, how: str) -> None:
    kill_at, reached = 0, True
    while reached:
        kill_at += STEP
        machine = Machine(tmp_path / str(kill_at))
        before = machine.files()
        machine.arm()
        machine.change()
        if how == "start":
            machine.restart()
        if how == "clean":
            machine.turn("timer")
        for name in TOOLS:
            tool = next(path for path in (f"/usr/bin/{name}", f"/bin/{name}") if Path(path).exists())
            machine.write(f"/usr/bin/{name}", COUNTING.format(root=machine.root, tool=tool))
            machine.at(f"/usr/bin/{name}").chmod(0o755)
        reached = killed(machine, how, kill_at)
        for name in TOOLS:
            machine.at(f"/usr/bin/{name}").unlink()
        kept = [path.read_text() for path in (machine.at(DROP_IN), machine.at(NEW)) if path.exists()]
        assert set(kept) <= {"BROKEN\n", "BROKEN too\n", "PermitRootLogin prohibit-password\n"}, "old or new, whole"
        script = machine.root / HERE / "put-back"
        if script.exists():
            machine.unit("ssh.service", "enabled active") if how == "start" else None
            assert machine.script("timer").returncode == 0, (kill_at, machine.read())
        assert machine.files() == before, kill_at
        assert machine.read()["state"] == "back"
        assert machine.ours() == ENDED
        assert (machine.at("/var/lib/leeboard/journal") / f"{RUN}.back").exists()
    assert kill_at > (5 if how == "clean" else 20)


def killed(machine: Machine, how: str, at: int) -> bool:
    """Run the script until the command number `at`; True where it came that far."""
    go = f'SCRIPT=$$ KILL_AT={at} exec dash "{machine.root}/{HERE}/put-back" {how}'
    done = subprocess.run(["sh", "-c", f"export SCRIPT KILL_AT; {go}"], capture_output=True, check=False, timeout=60)
    return done.returncode == -9
