"""Ways to cut oneself off: each ends with a machine that can be reached again by itself, as it was before.

Between arming and confirming something breaks the machine that our roll-out would not do: a process of the test's own
(cut_off_hook.py). It breaks only what such a change touches, and so what the checkpoint covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .cut_off_lab import CHECKPOINT, CONTROLS, SSHD, TABLE, WRITTEN, Lab, kill, said

RELOAD = "systemctl reload ssh"
SOCKET = "systemctl disable --now ssh.service; systemctl enable --now ssh.socket"
DEAD_SSHD = (
    f"echo 'NoSuchKeyword yes' >>{SSHD}; systemctl disable ssh; for n in 1 2 3 4 5 6 7; do systemctl restart ssh; done"
)


def table_of(rules: str) -> str:
    """All of our table anew, in the kernel and in its file: what a roll-out with these rules would have left."""
    text = "add table inet leeboard\ndelete table inet leeboard\ntable inet leeboard {\nchain input {\n"
    text += f"type filter hook input priority filter; policy drop;\n{rules}\n}}\n}}\n"
    return f"cat >{TABLE} <<'EOF'\n{text}EOF\nnft -f {TABLE}"


@dataclass(frozen=True)
class Way:
    """What is changed by the roll-out (`drifts`), and what breaks the machine then."""

    name: str
    breaks: str
    drifts: tuple[str, ...] = ("sshd",)
    before: str = ""  # what somebody did to the machine before the roll-out
    restarts: bool = False


WAYS = (
    Way("sshd that will not start next time", DEAD_SSHD),
    Way("AllowUsers without us", f"sed -i '1i AllowUsers nobody' {SSHD}; {RELOAD}"),
    Way("the closed port", f"sed -i '1i ListenAddress 127.0.0.1' {SSHD}; systemctl restart ssh"),
    Way("both at once", f"{table_of('')}\n{DEAD_SSHD}", ("sshd", "firewall")),
    Way(
        "the old connection stays and new ones are refused",
        table_of("iifname lo accept; ct state established,related accept"),
        ("firewall",),
    ),
    Way(
        "drop before allow",
        table_of("tcp dport 22 drop; ct state established,related accept; tcp dport 22 accept"),
        ("firewall",),
    ),
    Way("PAM that refuses all", "sed -i '1i account requisite pam_deny.so' /etc/pam.d/common-account", ("faillock",)),
    Way("IPv6 only", f"sed -i '1i AddressFamily inet6' {SSHD}; systemctl restart ssh"),
    Way("a hung sshd", "kill -STOP $(systemctl show -P MainPID ssh)"),
    Way("a restart in the middle", f"{DEAD_SSHD}; sync; echo b >/proc/sysrq-trigger", restarts=True),
    Way(
        "AllowUsers without us where a socket listens",
        f"sed -i '1i AllowUsers nobody' {SSHD}; systemctl restart ssh",
        before=SOCKET,
    ),
    Way("the clock set", f"date -s '+1 year'; sed -i '1i AllowUsers nobody' {SSHD}; {RELOAD}"),
    Way(
        "a disk that is full since it was armed",
        "fallocate -l $(($(stat -f -c '%f * %S' /))) /fill; dd if=/dev/zero of=/fill2 bs=64K; "
        f"rm {SSHD}; systemctl stop ssh; systemctl disable ssh",
    ),
)


def is_as_it_was(lab: Lab, before: str, drifts: tuple[str, ...]) -> None:
    """Nothing is half changed, and the next check says that the old state is there."""
    lab.is_as(before)
    found = lab.check()
    for drift in drifts:
        assert "drifted" in {found[control] for control in CONTROLS[drift]}, found


@pytest.mark.full
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_machine_that_was_cut_off_comes_back_by_itself(cut_off_lab: Lab, way: Way) -> None:
    lab = cut_off_lab
    lab.begin(*way.drifts)
    lab.machine.root(way.before or "true")
    lab.machine.access.close()
    before = lab.look()
    points = [("there", f"{CHECKPOINT}/state.armed"), *(("changed", WRITTEN[drift]) for drift in way.drifts)]
    lab.hook(points, "run", way.breaks)
    done = lab.roll_out()
    assert done.status == 2 and done.counts["failed"] == 1, said(done)
    assert lab.at_rest() == "back"
    if not way.restarts:
        assert lab.machine.root("ls /run/test-hook/reached").returncode == 0
    # A restart takes the very connection that the change is made over, before a new one is tried.
    lost = "it does not answer, or stopped answering" if way.restarts else "could not be reached over a new connection"
    why = said(done)
    assert lost in why and "put itself back at" in why, why
    # Evidence has what was seen since, and of each change that it is not there any more. A restart took its answer too.
    line = lab.line()
    assert line.outcome == "observed" and "put itself back at" in line.message, line.message
    changes = {change["driver"]: change.get("checkpoint") for change in line.changes if isinstance(change, dict)}
    assert changes == ({} if way.restarts else dict.fromkeys(way.drifts, "back")), line.changes
    lab.machine.set_clock()
    lab.machine.root("rm -f /fill /fill2")
    is_as_it_was(lab, before, way.drifts)


@pytest.mark.full
def test_an_sshd_that_its_socket_started_gets_its_baseline_and_listens_on(cut_off_lab: Lab) -> None:
    lab = cut_off_lab
    lab.begin("sshd")
    lab.machine.root(SOCKET)
    lab.machine.access.close()
    done = lab.roll_out()
    assert done.status == 0, said(done)
    assert lab.at_rest() == "confirmed"
    assert {lab.check()[control] for control in CONTROLS["sshd"]} == {"compliant"}
    assert lab.machine.root("systemctl is-active ssh.socket ssh.service").stdout.split() == ["active", "active"]
    assert lab.roll_out().counts["changed"] == 0, "a second one finds nothing to do"


@pytest.mark.full
def test_a_controller_that_is_killed_leaves_a_machine_that_comes_back(cut_off_lab: Lab) -> None:
    lab = cut_off_lab
    lab.begin("sshd")
    before = lab.look()
    lab.hook([("there", f"{CHECKPOINT}/state.armed"), ("changed", SSHD)], "freeze")
    run = lab.begin_roll_out()
    lab.wait_for_hook(run)
    kill(run)
    lab.go_on()
    assert lab.state() == "armed"
    # Whoever comes next waits for it, and then does what was to be done.
    done = lab.roll_out()
    assert done.status == 0, said(done)
    assert lab.at_rest() == "confirmed"
    assert lab.look() != before
    assert {lab.check()[control] for control in CONTROLS["sshd"]} == {"compliant"}


@pytest.mark.full
def test_a_disk_that_is_full_before_arming_changes_nothing(cut_off_lab: Lab) -> None:
    lab = cut_off_lab
    lab.begin("sshd", "firewall")
    lab.machine.root(
        "fallocate -l $(($(stat -f -c '%a * %S' /))) /fill 2>/dev/null; dd if=/dev/zero of=/fill2 bs=64K; sync; true"
    )
    before = lab.look()
    done = lab.roll_out()
    assert done.status == 2, said(done)
    assert "the disk is full; nothing was changed" in said(done), said(done)
    assert lab.line().changes == []
    lab.machine.root("rm -f /fill /fill2")
    assert lab.at_rest() == "none"
    is_as_it_was(lab, before, ("sshd", "firewall"))
