"""What a start that fails leaves behind: nothing. QEMU and swtpm are stood in for, so that no lab is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm import machine as module
from tests.vm.cache import remove_unless_held
from tests.vm.errors import LabError
from tests.vm.image import IN_USE, Image
from tests.vm.machine import Machine
from tests.vm.process import process_start
from tests.vm.qemu import MachineSpec
from tests.vm.recipe import load_recipe

# Makes the socket that it was asked for, tells its number, and waits for a QEMU as the real one does.
SWTPM = """#!/bin/sh
echo $$ >"$(dirname "$0")/pid"
touch "${*##*path=}"
exec sleep 60
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a TPM that was never started, with the stand-in for swtpm."""
    for name in ("bin", "image", "machine"):
        (tmp_path / name).mkdir()
    swtpm = tmp_path / "bin" / "swtpm"
    swtpm.write_text(SWTPM)
    swtpm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    image = Image(load_recipe("server"), "digest", tmp_path / "image")
    return Machine(MachineSpec("server", tpm=True), image, tmp_path / "machine", keep=True)


def fails_to_start(machine: Machine, tmp_path: Path, problem: type[Exception], said: str) -> None:
    """Start it, which fails with `problem`, and look for what is left."""
    with pytest.raises(problem, match=said):
        machine.start()
    swtpm = int((tmp_path / "bin" / "pid").read_text())
    assert process_start(swtpm) == ""
    assert (machine.pid, machine.running()) == (0, False)
    assert not (machine.folder / "state.json").exists()


@pytest.mark.parametrize(
    ("qemu", "problem", "said"),
    [("false", LabError, "QEMU does not start"), ("/nonexistent/qemu", FileNotFoundError, "/nonexistent/qemu")],
)
def test_a_qemu_that_does_not_start_leaves_no_swtpm(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qemu: str, problem: type[Exception], said: str
) -> None:
    monkeypatch.setattr(module, "command_line", lambda *_given: [qemu])
    fails_to_start(machine, tmp_path, problem, said)
    fails_to_start(machine, tmp_path, problem, said)  # and it may be tried again
    assert remove_unless_held(machine.folder, IN_USE)


def test_a_swtpm_that_makes_no_socket_is_named_with_its_log(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin" / "swtpm").write_text("#!/bin/sh\necho no state >&2\n")
    with pytest.raises(LabError, match="machine: swtpm does not start: no state"):
        machine.start()
    assert remove_unless_held(machine.folder, IN_USE)


def test_a_qemu_that_never_answers_is_ended(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def silent(waiting: Machine) -> None:
        seen.append(waiting.pid)
        raise LabError("QEMU gives no answer")

    monkeypatch.setattr(module, "command_line", lambda *_given: ["sleep", "60"])
    monkeypatch.setattr(Machine, "_wait_for_qemu", silent)
    fails_to_start(machine, tmp_path, LabError, "no answer")
    assert [process_start(pid) for pid in seen] == [""]


STALL = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\nrcu: rcu_preempt kthread starved for 5247 jiffies!\n"


@pytest.mark.parametrize(
    ("consoles", "starts", "up"),
    [
        pytest.param([STALL, "login:"], 2, True, id="hung once"),
        pytest.param([STALL, STALL], 2, False, id="hung twice"),
        pytest.param(["Kernel panic - not syncing"], 1, False, id="broken"),
    ],
)
def test_only_a_machine_that_the_emulator_hung_is_switched_on_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, consoles: list[str], starts: int, up: bool
) -> None:
    shown: list[str] = []

    def answers(_machine: Machine, _timeout: float) -> None:
        if "login:" not in shown[-1]:
            raise LabError("not reachable")

    monkeypatch.setattr(Machine, "start", lambda _machine: shown.append(consoles[len(shown)]))
    monkeypatch.setattr(Machine, "power_cut", lambda _machine: None)
    monkeypatch.setattr(Machine, "shown", lambda _machine: shown[-1])
    monkeypatch.setattr(Machine, "wait_for_ssh", answers)
    if up:
        machine.boot()
    else:
        with pytest.raises(LabError, match="not reachable"):
            machine.boot()
    assert len(shown) == starts
