"""The lab tests itself: if these fail, what other tests say about machines means nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.errors import LabError
from tests.vm.machine import Machine
from tests.vm.qemu import Cable
from tests.vm.ssh import SshAccess

NewMachine = Callable[..., Machine]


def test_users_log_in_with_the_key_and_have_passwords(server_machine: Machine) -> None:
    for user, uid in (("technician", 1000), ("pupil", 1001), ("teacher", 1002)):
        assert server_machine.ssh("id -u; echo $0", user=user).stdout.split() == [str(uid), "bash"]
        assert server_machine.root(["passwd", "-S", user]).stdout.split()[1] == "P"
    assert server_machine.root("id -u").stdout == "0\n"


def test_nothing_in_the_guest_has_failed(server_machine: Machine) -> None:
    assert server_machine.ssh("systemctl --failed --no-legend").stdout == ""


def test_restore_brings_back_files_and_the_present_time(server_machine: Machine) -> None:
    server_machine.put(b"before", "/etc/lab-mark")
    server_machine.snapshot("marked")
    server_machine.put(b"after", "/etc/lab-mark")
    server_machine.restore("marked")
    assert server_machine.root("cat /etc/lab-mark").stdout == "before"
    earliest = time.time() - 5
    assert earliest <= float(server_machine.ssh("date +%s").stdout) <= time.time() + 5


def test_each_test_starts_clean(server_machine: Machine) -> None:
    assert server_machine.ssh("ls /etc/lab-mark", check=False).returncode == 2


def test_commands_fail_loudly(server_machine: Machine) -> None:
    with pytest.raises(LabError, match="exit code 3"):
        server_machine.ssh("exit 3")
    with pytest.raises(LabError, match="no end within 1 s"):
        server_machine.ssh("sleep 20", timeout=1)
    assert server_machine.ssh("cat", input="in\n").stdout == "in\n"


def test_another_host_key_is_refused(server_machine: Machine, gnome_machine: Machine) -> None:
    impostor = SshAccess(server_machine.image, gnome_machine.port, server_machine.sockets)
    impostor.close()
    with pytest.raises(LabError, match="Host key verification failed"):
        impostor.run("true")


def test_server_has_no_desktop(server_machine: Machine) -> None:
    assert server_machine.ssh("ls /usr/bin/gnome-shell", check=False).returncode == 2
    assert server_machine.ssh("pgrep -x gdm3", check=False).returncode == 1


def test_gnome_is_installed_and_not_running(gnome_machine: Machine) -> None:
    assert gnome_machine.ssh("gnome-shell --version").stdout.startswith("GNOME Shell ")
    assert gnome_machine.ssh("pgrep -l 'gdm|gnome|Xorg'", check=False).stdout == ""
    assert gnome_machine.ssh("systemctl get-default").stdout.strip() == "multi-user.target"
    delay = "dbus-run-session gsettings get org.gnome.desktop.session idle-delay"
    assert gnome_machine.ssh(delay, user="pupil").stdout == "uint32 300\n"


@pytest.mark.full
def test_a_machine_of_its_own_serial_disk_and_tpm(new_machine: NewMachine) -> None:
    machine = new_machine("server", serial="LAB-0042", disks_mb=(64,), tpm=True, boot=True)
    assert machine.root("cat /sys/class/dmi/id/product_serial").stdout == "LAB-0042\n"
    uuid = machine.root("cat /sys/class/dmi/id/product_uuid").stdout.strip()
    assert uuid == machine.spec.smbios_uuid
    assert machine.ssh("cat /etc/machine-id").stdout.strip() == uuid.replace("-", "")
    assert machine.ssh("lsblk -bndo SIZE /dev/vdb").stdout.strip() == str(64 * 1024 * 1024)
    assert machine.ssh("cat /sys/class/tpm/tpm0/tpm_version_major").stdout == "2\n"

    before = machine.boot_id()
    machine.root("echo flushed > /home/mark; sync; echo lost > /root/lost")
    machine.restore()  # disks, memory and TPM come back together
    assert machine.boot_id() == before
    assert machine.root("ls /home/mark", check=False).returncode == 2

    machine.root("echo flushed > /home/mark; sync; echo lost > /home/lost")
    machine.power_cut()
    assert not machine.running()
    machine.boot()
    assert machine.boot_id() != before
    assert machine.root("cat /home/mark; cat /home/lost", check=False).stdout == "flushed\n"


@pytest.mark.full
def test_two_machines_on_a_cable(new_machine: NewMachine, tmp_path: Path) -> None:
    ends = Cable.pair(tmp_path)
    first, second = (new_machine("server", cables=(end,)) for end in ends)
    for number, machine in enumerate((first, second), start=1):
        machine.root(f"ip link set eth1 up; ip addr add 192.0.2.{number}/24 dev eth1")
    greeting = "timeout 20 bash -c 'head -c 4 < /dev/tcp/192.0.2.2/22'"
    assert first.ssh(greeting).stdout == "SSH-"
