"""What the kernel is told at the next start, by GRUB's menu and what `grub-reboot` chose for one start alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import kernel

from tests.unit.linux.folder import effective, folder

GRUB, BLOCK = "/boot/grub/grub.cfg", "/boot/grub/grubenv"
# As grub-mkconfig of Debian 13 writes it, shortened.
MENU = """load_env
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="${saved_entry}"
fi
menuentry 'Debian' $menuentry_id_option 'simple' {
	insmod ext2
	linux	/vmlinuz-6.12 root=UUID=1 ro audit=1 audit_backlog_limit=8192 quiet $vt_handoff
	initrd	/initrd.img-6.12
}
menuentry 'silent' $menuentry_id_option 'silent' {
	linux	/vmlinuz-6.12 root=UUID=1 ro audit=1 OPTIONS
}
menuentry 'Windows' {
	chainloader /EFI/Microsoft/Boot/bootmgfw.efi
}
"""
RUNNING = "BOOT_IMAGE=/vmlinuz-6.12 root=UUID=1 ro audit=1 audit_backlog_limit=8192\n"


def machine(root: Path, options: str, block: str, **more: str) -> Host:
    """A machine that runs with auditing on, and GRUB's menu with another entry that has `options`."""
    return folder(root, {"/proc/cmdline": RUNNING, GRUB: MENU.replace("OPTIONS", options), BLOCK: block, **more})


@pytest.mark.parametrize(
    ("options", "block", "value"),
    [
        ("audit=0", "", "1"),
        ("audit=0", "next_entry=\n", "1"),
        ("audit=0", "next_entry=silent\n", "0"),
        ("audit=0", "saved_entry=silent\n", "0"),
        ("audit=0", "saved_entry=silent\nnext_entry=simple\n", "1"),
        ("$quiet_options", "next_entry=silent\nquiet_options=audit=0\n", "0"),
        ("${quiet_options}", "next_entry=silent\n", "1"),
        ("-- audit=0", "next_entry=silent\n", "1"),
    ],
)
def test_the_option_of_the_entry_that_starts_next(tmp_path: Path, options: str, block: str, value: str) -> None:
    found = effective(kernel, machine(tmp_path, options, block), "next:audit")
    assert found["value"] == value
    assert GRUB in found["source"]


def test_what_a_later_file_of_grub_chooses(tmp_path: Path) -> None:
    files = {GRUB: MENU.replace("OPTIONS", "audit=off") + "source $config_directory/custom.cfg\n"}
    host = folder(tmp_path, {"/proc/cmdline": RUNNING, **files, "/boot/grub/custom.cfg": "set default='silent'\n"})
    assert effective(kernel, host, "next:audit")["value"] == "off"


def test_the_next_start_is_judged_beside_the_running_kernel(tmp_path: Path) -> None:
    same = effective(kernel, machine(tmp_path / "a", "", ""), "cmdline:audit")
    assert (same["value"], "others" in same) == ("1", False)
    host = machine(tmp_path / "b", "audit=0", "next_entry=silent\n")
    found = effective(kernel, host, "cmdline:audit")
    assert (found["value"], [other["value"] for other in found["others"]]) == ("1", ["0"])
    assert "next start" in found["others"][0]["who"]
    backlog = effective(kernel, host, "cmdline:audit_backlog_limit")
    assert [other["value"] for other in backlog["others"]] == [None]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {GRUB: MENU, BLOCK: "next_entry=Windows\n"},
        # Another boot loader started it, and the menu is an old one.
        {GRUB: MENU, BLOCK: "next_entry=silent\n", "/proc/cmdline": "audit=1\n"},
    ],
)
def test_without_a_menu_that_says_more_the_running_kernel_is_what_is_known(
    tmp_path: Path, files: dict[str, str]
) -> None:
    host = folder(tmp_path, {"/proc/cmdline": RUNNING, **files})
    found = effective(kernel, host, "next:audit")
    assert (found["value"], "/proc/cmdline" in found["source"]) == ("1", True)
    assert "others" not in effective(kernel, host, "cmdline:audit")


def test_a_kernel_that_waits_for_kexec_says_nothing_of_its_options(tmp_path: Path) -> None:
    host = machine(tmp_path / "a", "", "", **{"/sys/kernel/kexec_loaded": "1\n"})
    assert effective(kernel, host, "next:audit")["code"] == "failed"
    assert effective(kernel, machine(tmp_path / "b", "", "", **{"/sys/kernel/kexec_loaded": "0\n"}), "next:audit")[
        "value"
    ]
