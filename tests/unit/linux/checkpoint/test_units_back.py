"""Units as they were, sockets among them, and a start that finds a checkpoint unconfirmed."""

from __future__ import annotations

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.cover import Cover

from tests.unit.linux.checkpoint.machine import ENDED, HERE, STATE, Machine


def test_a_socket_that_listened_is_restarted_once_its_service_has_stopped(machine: Machine) -> None:
    """Ubuntu 24.04: the socket refuses to start while the service runs."""
    machine.unit("ssh.socket", "enabled active")
    machine.unit("ssh.service", "disabled active")
    machine.arm()
    machine.unit("ssh.socket", "enabled failed")
    asked = len(machine.asked())
    assert machine.script("timer").returncode == 0, machine.read()
    assert machine.unit_state("ssh.socket") == "enabled active"
    words = machine.asked()[asked:]
    order = ["daemon-reload", "reset-failed -- ssh.socket", "stop -- ssh.service", "restart -- ssh.socket"]
    assert sorted(order, key=words.index) == order


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("enabled active", "masked inactive"),
        ("masked inactive", "enabled active"),
        ("disabled inactive", "enabled active"),
        ("disabled active", "enabled inactive"),
        ("enabled inactive", "disabled active"),
        ("static active", "masked inactive"),
    ],
)
def test_units_are_enabled_masked_and_active_as_they_were(machine: Machine, before: str, after: str) -> None:
    machine.unit("nftables.service", before)
    machine.arm(Cover(units=("nftables.service",)))
    machine.unit("nftables.service", after)
    if before.startswith("static"):  # its file says so, once it is unmasked
        double_of = machine.at("/usr/bin/systemctl")
        double_of.write_text(
            double_of.read_text().replace(
                'enabled=disabled; keep "$1" ;;\nreset', 'enabled=static; keep "$1" ;;\nreset'
            )
        )
    done = machine.script("timer")
    assert done.returncode == 0, done.stdout
    assert machine.unit_state("nftables.service") == before


def test_a_unit_that_the_change_brings_is_stopped_and_started_by_nothing(machine: Machine) -> None:
    path = "/etc/systemd/system/our-firewall.service"
    before = machine.files()
    machine.arm(Cover(files=(path,), units=("our-firewall.service",)))
    machine.write(path, "[Service]\n")
    link = machine.at("/etc/systemd/system/sysinit.target.wants/our-firewall.service")
    link.symlink_to(path)
    machine.unit("our-firewall.service", "enabled active")
    assert machine.script("timer").returncode == 0, machine.read()
    assert machine.files() == before
    assert machine.unit_state("our-firewall.service").endswith("inactive")


def test_a_start_that_finds_it_unconfirmed_puts_back_files_and_waits_for_nobody(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    machine.change()
    machine.restart()
    asked = len(machine.asked())
    done = machine.script("start")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: one for name, one in machine.files().items() if "leeboard-" not in name} == before
    assert machine.read()["state"] == "putting-back"
    words = machine.asked()[asked:]
    assert words.count("daemon-reload") == 1
    starts = [line for line in words if "start" in line.split() or "stop" in line.split() or "restart" in line.split()]
    assert starts and all(line.startswith("--no-block") for line in starts), "it waits for no daemon"
    assert "--no-block start -- leeboard-checkpoint.service" in words
    machine.unit("ssh.service", "enabled active")  # as the start goes on
    assert machine.script("timer").returncode == 0
    assert machine.files() == before and machine.read()["state"] == "back"


def test_at_a_start_only_the_commands_run_that_need_no_daemon(stateful: Machine) -> None:
    load, hangs = STATE.commands[1], STATE.commands[0]
    stateful.arm(STATE._replace(commands=(hangs, load._replace(at_start=True))))
    stateful.restart()
    done = stateful.script("start")
    assert done.returncode == 0
    assert stateful.at("/double/table").read_text() == "what lies in no file\n"
    assert "hangs" not in done.stdout


def test_the_start_up_unit_does_nothing_in_the_start_in_which_it_was_armed(machine: Machine) -> None:
    """systemd may start whatever sysinit.target wants whenever it starts something else."""
    machine.arm()
    machine.change()
    changed = machine.files()
    assert machine.script("start").returncode == 0
    assert machine.files() == changed and machine.read()["state"] == "armed"


@pytest.mark.parametrize("how", ["start", "timer"])
@pytest.mark.parametrize("state", ["confirmed", "back", "arming"])
def test_what_has_ended_is_not_put_back_but_taken_away(machine: Machine, state: str, how: str) -> None:
    machine.arm()
    machine.change()
    (machine.root / HERE / "state.armed").rename(machine.root / HERE / f"state.{state}")
    machine.restart()
    changed = {name: one for name, one in machine.files().items() if "leeboard-" not in name}
    assert machine.script(how).returncode == 0
    if how == "start":
        # From within the start's unit that could not be stopped: it would count as running though its file was gone.
        assert "stop -- leeboard-checkpoint-start.service" not in machine.asked()
        assert "--no-block start -- leeboard-checkpoint.service" in machine.asked()
        assert machine.script("timer").returncode == 0
    assert "stop -- leeboard-checkpoint-start.service" in machine.asked()
    assert machine.files() == changed
    left = [] if state == "arming" else [f"{HERE}/manifest", f"{HERE}/state.{state}"]
    assert machine.ours() == left


def test_run_twice_it_is_the_same(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    script = (machine.root / HERE / "put-back").read_text()
    machine.change()
    assert machine.script("timer").returncode == 0
    machine.write(f"/{HERE}/put-back", script)
    assert machine.script("timer").returncode == 0
    assert machine.files() == before and machine.ours() == ENDED
