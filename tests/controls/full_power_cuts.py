"""A roll-out that brings in or changes the key of a real machine's disk is cut off at each change to the header.

The points are those of the image files (tests/reliability): each command that changes the disk, found by watching the
same work go through there, x controller killed, connection cut, power off. One takes minutes, so it runs only where it
is named, in `make test-full`; `make reliability REAL=1` cuts off the same steps at many more points, without Ansible
around them. What was seen is written down as soon as it is known, and a point that came out well with the same code is
not gone through again.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leeboard.escrow.vault.records import State
from tests.reliability.page import write
from tests.reliability.points import bench
from tests.reliability.records import ROLL_OUT, Done, Record, code, totals
from tests.reliability.scenarios import FirstKey, Rotation, Scenario
from tests.reliability.watched import CONNECTION, CONTROLLER, KINDS, POWER
from tests.scale.page import machine
from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE, SECOND

from .harness import PATIENCE, Proof
from .machine_run import MachineRun
from .test_recovery_keys import Controller, controller

MachineRuns = Callable[[str], MachineRun]
# A damaged header is brought back by a command, with a custodian at its terminal, and not by a roll-out.
SCENARIOS: tuple[Scenario, ...] = (FirstKey(), Rotation())
# In the place of cryptsetup until the machine restarts or it is taken away. Before the command of this number the
# machine is switched off, as somebody does who pulls the plug; or whoever is connected loses their connection; or it
# waits until the controller has been killed.
PLUG = """
set -e
mkdir -p /run/plug && mount -t tmpfs -o exec,mode=755 plug /run/plug
cp /usr/sbin/cryptsetup /run/plug/real && echo 0 >/run/plug/count
cat >/run/plug/cryptsetup <<'SH'
#!/bin/bash
case "$1 $2" in CHANGES)
    count=$(($(cat /run/plug/count) + 1))
    echo $count >/run/plug/count
    if [ $count = POINT ]; then
        touch /run/plug/reached
        case KIND in
        power) echo o >/proc/sysrq-trigger; sleep 600 ;;
        connection)
            one=$$
            while [ "$one" -gt 1 ]; do
                above=$(($(ps -o ppid= -p "$one")))
                case $(ps -o comm= -p "$one") in sshd*) [ "$above" -le 1 ] || kill -9 "$one" ;; esac
                one=$above
            done ;;
        controller) for _ in {1..300}; do [ -e /run/plug/go ] && break; sleep 1; done ;;
        esac
    fi ;;
esac
exec /run/plug/real "$@"
SH
chmod 755 /run/plug/cryptsetup && mount --bind /run/plug/cryptsetup /usr/sbin/cryptsetup
"""
UNPLUG = "umount /usr/sbin/cryptsetup && umount --lazy /run/plug"
WORDS = {POWER: "power", CONNECTION: "connection", CONTROLLER: "controller"}
# Whatever a step of ours still does on the machine goes on to its end; Ansible begins each so.
SETTLED = "for _ in {1..300}; do pgrep -f '[B]ECOME-SUCCESS' >/dev/null || exit 0; sleep 1; done; exit 1"
TREE = "/srv/data"
PLANT = f"mkdir -p {TREE} && for i in {{1..200}}; do head -c 20000 /dev/urandom >{TREE}/$i; done; sync"
DIGEST = f"cd {TREE} && sha256sum $(ls | sort -n) | sha256sum"


@dataclass(frozen=True)
class Cut:
    """The `number`th command that changes the disk in a scenario, and what is cut off; `changes` names all of them."""

    scenario: Scenario
    kind: str
    number: int
    step: str
    what: str
    changes: tuple[str, ...]

    @property
    def plug(self) -> str:
        """What the machine is given."""
        patterns = "|".join(sorted({f"{change.replace(' ', chr(92) + ' ')}*" for change in self.changes}))
        text = PLUG.replace("CHANGES", patterns).replace("POINT", str(self.number))
        return text.replace("KIND", WORDS[self.kind])

    def __str__(self) -> str:
        return f"{self.scenario.name}-{self.kind}-{self.number}".replace(" ", "-")


def cuts() -> Iterator[Cut]:
    """Every point: the commands that change the disk, as they are on an image file, x what is cut off."""
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder, bench(scenario, Path(folder)) as begun:
            changes = begun.changes
        names = tuple(what.removeprefix("before ") for _step, what in changes)
        for number, (step, what) in enumerate(changes, 1):
            for kind in KINDS:
                yield Cut(scenario, kind, number, step, what, names)


@pytest.mark.full
@pytest.mark.parametrize("cut", [*cuts()], ids=str)
@pytest.mark.parametrize("image", ["encrypted"])
def test_whatever_is_cut_off_nothing_is_lost(machine_run: MachineRuns, image: str, cut: Cut, tmp_path: Path) -> None:
    done, now, started = Done(), code(ROLL_OUT), time.monotonic()
    point = (ROLL_OUT, cut.scenario.name, cut.kind, cut.number)
    if done.good(point, cut.step, cut.what, now):
        return  # it came out well before, with this very code
    seen: list[tuple[bool, bool, bool, str]] = []

    def work(proof: Proof) -> None:
        with controller(proof, tmp_path) as it:
            seen.append(_gone_through(it, cut))

    machine_run(image).with_machine(work)
    ((data, opens, honest, why),) = seen
    record = Record(
        data, opens, honest, not why, why, where=ROLL_OUT, scenario=cut.scenario.name, kind=cut.kind,
        number=cut.number, step=cut.step, what=cut.what, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        seconds=round(time.monotonic() - started, 1), on=machine(), code=now,
    )  # fmt: skip
    done.add(record)
    write(Done().records, totals())
    assert record.good, record


def _gone_through(it: Controller, cut: Cut) -> tuple[bool, bool, bool, str]:
    """Cut off the work and look: data, opens, honest, and why the next run did not finish ("": it did)."""
    it.machine.root(PLANT)
    data = it.machine.root(DIGEST).stdout
    old = None
    if isinstance(cut.scenario, Rotation):
        it.roll_out()
        old = it.current
        it.use(old)
    it.machine.root(cut.plug)
    _cut_off(it, cut)
    if cut.kind == POWER:
        it.machine.power_cut()
        it.machine.start()
        proved = [key for key in it.keys if key.state is State.PROVED]
        starter = it.secret(proved[-1]) if proved else it.secret(old) if old is not None else PASSPHRASE
        it.machine.type_on_console(ASKS, starter, PATIENCE)
        it.machine.wait_for_ssh(PATIENCE)
    else:
        it.machine.root(SETTLED, timeout=PATIENCE)
        it.machine.root(UNPLUG)
    counted = [it.secret(key) for key in it.keys if key.state is State.PROVED]
    known = [*counted, *([it.secret(old)] if old is not None else [])]
    opens = it.opens(PASSPHRASE) and it.opens(SECOND) and (not known or any(map(it.opens, known)))
    honest = all(map(it.opens, counted))
    why = ""
    try:
        it.roll_out()
        again = it.proof.roll_out()
        assert (again.status, again.counts["changed"]) == (0, 0), "the run after the next changes something"
        assert it.verdicts()["ENC-07"] == it.verdicts()["ENC-08"] == "compliant", it.verdicts()
        assert [key.state for key in it.keys].count(State.PROVED) == 1, it.keys
        assert it.opens(it.secret(it.current)) and it.opens(PASSPHRASE) and it.opens(SECOND), "what opened it does not"
        assert old is None or not it.opens(it.secret(old)), "the old key opens it still"
    except AssertionError as problem:
        why = str(problem)[-400:] or "an assertion failed"
    return it.machine.root(DIGEST).stdout == data, opens, honest, why


def _cut_off(it: Controller, cut: Cut) -> None:
    """Begin the roll-out, and let it be cut off where the plug says."""
    if cut.kind != CONTROLLER:
        done = it.proof.roll_out()
        gone = not it.machine.running() if cut.kind == POWER else _reached(it)
        assert done.status != 0 and gone, f"it was not cut off: {done.output[-4000:]}"
        return
    printed = it.folder.parent / "cut-off"
    run = it.proof.begin_roll_out(printed)
    try:
        until = time.monotonic() + PATIENCE
        while not _reached(it):
            assert run.poll() is None and time.monotonic() < until, f"it was not cut off: {printed.read_text()[-4000:]}"
            time.sleep(2)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    it.machine.root("touch /run/plug/go")


def _reached(it: Controller) -> bool:
    """Whether the command has been begun before which something is cut off."""
    return it.machine.root("test -e /run/plug/reached", check=False, timeout=PATIENCE).returncode == 0
