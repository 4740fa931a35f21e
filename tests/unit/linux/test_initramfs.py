"""Start-up images, packed by cpio and by the programs that distributions use, and what they can open."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import initramfs
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import initramfs_unlock as luks_start

from tests.unit.linux.disks import UUID, archive, debian_image
from tests.unit.linux.folder import folder

IMAGE = "/boot/initrd.img-6.12.48"
FILES = {"etc/crypttab": "a UUID=1 none\n", "usr/sbin/cryptsetup": "x" * 200_000, "init": "#!/bin/sh\n"}


def packed(data: bytes, program: str) -> bytes:
    if program == "none":
        return data
    if program == "gzip":
        return gzip.compress(data)
    if program == "xz":
        return lzma.compress(data, check=lzma.CHECK_CRC32)
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    words = [program, "-l", "-c"] if program == "lz4" else [program, "-c"]  # the kernel takes lz4's legacy form
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def host_with(root: Path, content: bytes, files: dict[str, str | None] | None = None) -> Host:
    path = root / IMAGE.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return folder(root, {"/boot/vmlinuz-6.12.48": "", **(files or {})})


def read(host: Host, wanted: Iterable[str] = ("etc/crypttab",)) -> Any:
    return initramfs.read(host, IMAGE, lambda name: name in wanted)


@pytest.mark.parametrize("program", ["none", "gzip", "xz", "zstd", "lz4"])
def test_each_way_to_pack_an_image(tmp_path: Path, program: str) -> None:
    image = read(host_with(tmp_path, packed(archive(tmp_path / "a", FILES), program)))
    assert set(FILES) <= image.names
    assert image.contents == {"etc/crypttab": b"a UUID=1 none\n"}


@pytest.mark.parametrize("program", ["none", "gzip", "xz", "zstd"])
def test_microcode_before_it_and_zeros_between(tmp_path: Path, program: str) -> None:
    early = archive(tmp_path / "early", {"kernel/x86/microcode/GenuineIntel.bin": "m" * 3000})
    more = archive(tmp_path / "more", {"kernel/x86/microcode/AuthenticAMD.bin": "m"})
    main = packed(archive(tmp_path / "a", FILES), program)
    image = read(host_with(tmp_path, early + b"\0" * 700 + more + main))
    assert {"kernel/x86/microcode/GenuineIntel.bin", "kernel/x86/microcode/AuthenticAMD.bin", *FILES} <= image.names


def test_an_archive_behind_a_packed_one(tmp_path: Path) -> None:
    behind = archive(tmp_path / "b", {"etc/added": "1"})
    image = read(host_with(tmp_path, gzip.compress(archive(tmp_path / "a", FILES)) + b"\0\0" + behind))
    assert {"etc/added", *FILES} <= image.names


@pytest.mark.parametrize("program", ["none", "gzip", "xz", "zstd", "lz4"])
def test_a_cut_off_image_is_malformed(tmp_path: Path, program: str) -> None:
    whole = packed(archive(tmp_path / "a", FILES | {"big": "".join(str(n) for n in range(90_000))}), program)
    for part in (7, len(whole) // 2, len(whole) - 600):
        with pytest.raises(HostError) as problem:
            read(host_with(tmp_path, whole[:part]))
        assert problem.value.code == "malformed"
        assert IMAGE in problem.value.why


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"070701" + b"z" * 200, b"070701" + b"f" * 104, b"\x28\xb5\x2f\xfdnonsense"]
)
def test_nonsense_is_malformed(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(HostError) as problem:
        read(host_with(tmp_path, content))
    assert problem.value.code == "malformed"


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(initramfs.PROGRAMS, "zstd", ["no-such-zstd"])
    with pytest.raises(HostError) as problem:
        read(host_with(tmp_path, b"\x28\xb5\x2f\xfd" + b"x" * 100))
    assert (problem.value.code, "no-such-zstd" in problem.value.why) == ("missing_tool", True)


def test_a_slow_program_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(initramfs.PROGRAMS, "zstd", ["sleep", "60"])
    monkeypatch.setattr(initramfs, "TIMEOUT", 1)
    started = time.monotonic()
    with pytest.raises(HostError):
        read(host_with(tmp_path, b"\x28\xb5\x2f\xfd" + b"x" * 100))
    assert time.monotonic() - started < 20


def test_an_image_that_unpacks_to_too_much_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initramfs, "MOST_BYTES", 100_000)
    with pytest.raises(HostError) as problem:
        read(host_with(tmp_path, gzip.compress(archive(tmp_path / "a", FILES))))
    assert problem.value.code == "too_large"


def test_an_image_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / IMAGE.lstrip("/")).mkdir()
    with pytest.raises(HostError):
        read(folder(tmp_path))


# Which image is next


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"/boot/vmlinuz-6.12.9-amd64": "", "/boot/vmlinuz-6.12.48-amd64": "", "/boot/initrd.img-6.12.48-amd64": ""},
         "/boot/initrd.img-6.12.48-amd64"),
        ({"/boot/vmlinuz-6.12.9": "", "/boot/initrd.img-6.12.9": "", "/boot/vmlinuz-6.12.48": ""},
         "/boot/initrd.img-6.12.48"),
        ({"/boot/vmlinuz-6.12": "", "/boot/initramfs-6.12.img": ""}, "/boot/initramfs-6.12.img"),
        ({"/boot/grub/grub.cfg": "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1 root=x\n\tinitrd\t/initrd.img-6.1\n}\n"
          "menuentry 'old' {\n\tinitrd /initrd.img-6.0\n}\n", "/boot/vmlinuz-6.12": ""}, "/boot/initrd.img-6.1"),
        ({"/boot/grub/grub.cfg": "initrd /boot/early.cpio /boot/initrd.img-6.1\n"}, "/boot/initrd.img-6.1"),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_next_image(tmp_path: Path, files: dict[str, str | None], path: str) -> None:
    assert luks_start.next_image(folder(tmp_path, files))[0] == path


# As grub-mkconfig of Debian 13 writes it, shortened.
MENU = """if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
else
   set default="DEFAULT"
fi
function load_video {
  insmod all_video
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1234' {
	linux	/boot/vmlinuz-6.12.48 root=x
	initrd	/boot/initrd.img-6.12.48
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1234' {
	menuentry 'Debian GNU/Linux, with Linux 6.12.48' --class debian $menuentry_id_option 'gnulinux-6.12.48-advanced' {
		initrd	/boot/initrd.img-6.12.48
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0' --class debian $menuentry_id_option 'gnulinux-6.1.0-advanced' {
		initrd	/boot/initrd.img-6.1.0
	}
}
menuentry 'Windows Boot Manager (on /dev/sda1)' --class windows $menuentry_id_option 'osprober-efi-1' {
	chainloader /EFI/Microsoft/Boot/bootmgfw.efi
}
"""
NEW, OLD = "/boot/initrd.img-6.12.48", "/boot/initrd.img-6.1.0"


@pytest.mark.parametrize(
    ("default", "block", "path"),
    [
        ("0", "", NEW), ("1>1", "", OLD), ("1>gnulinux-6.1.0-advanced", "", OLD), ("1", "", NEW), ("2", "", ""),
        ("gnulinux-advanced-1234>gnulinux-6.1.0-advanced", "", OLD), ("osprober-efi-1", "", ""),
        ("Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 6.1.0", "", OLD),
        ("gone", "", NEW), ("1>gone", "", NEW), ("77", "", NEW), ("", "", NEW),
        ("${saved_entry}", "saved_entry=1>1\n", OLD), ("${saved_entry}", "", NEW),
        ("0", "# GRUB Environment Block\nnext_entry=1>1\n####", OLD), ("0", "saved_entry=1>1\nnext_entry=\n", NEW),
    ],
)  # fmt: skip
def test_the_entry_of_grub_that_starts_next(tmp_path: Path, default: str, block: str, path: str) -> None:
    files = {"/boot/grub/grub.cfg": MENU.replace("DEFAULT", default), "/boot/grub/grubenv": block}
    found, why = luks_start.next_image(folder(tmp_path, {**files, "/boot/vmlinuz-6.12.48": ""}))
    assert (found, why != "") == (path, not path)
    if not path:
        assert why == "GRUB starts the entry 'Windows Boot Manager (on /dev/sda1)' next, which names no initramfs"


# What it can open


def opens(
    root: Path, content: bytes, files: dict[str, str | None] | None = None, names: tuple[str, ...] = ("sda3_crypt",)
) -> Any:
    return luks_start.Start(host_with(root, content, files)).opens(UUID, list(names))


def test_debians_image_opens_what_it_names_and_uses_no_token(tmp_path: Path) -> None:
    found = opens(tmp_path, debian_image(tmp_path / "a"))
    assert (found["image"], found["opens"], found["tokens"]) == (IMAGE, True, [])


def test_debians_image_that_was_made_before_the_disk_was(tmp_path: Path) -> None:
    found = opens(tmp_path, debian_image(tmp_path / "a", f"sda3_crypt UUID={UUID.replace('8', '9')} none luks\n"))
    assert (found["opens"], "update-initramfs" in found["why"]) == (False, True)
    assert opens(tmp_path, debian_image(tmp_path / "b", "sda3_crypt /dev/sda3 none luks\n"))["opens"] is True
    assert opens(tmp_path, debian_image(tmp_path / "c", "other /dev/sda3 none luks\n"))["opens"] is False


def test_an_image_without_cryptsetup(tmp_path: Path) -> None:
    found = opens(tmp_path, archive(tmp_path / "a", {"init": "x", "scripts/local": "x"}))
    assert (found["opens"], "nothing that opens" in found["why"]) == (False, True)


def test_clevis_in_debians_image(tmp_path: Path) -> None:
    image = debian_image(tmp_path / "a", more={"usr/bin/clevis-luks-unlock": "x", "scripts/local-top/clevis": "x"})
    assert opens(tmp_path, image)["tokens"] == ["clevis"]


DRACUT = {"usr/lib/systemd/systemd-cryptsetup": "x", "usr/lib/x86_64-linux-gnu/libtss2-esys.so.0": "x"}


@pytest.mark.parametrize(
    ("more", "files", "good"),
    [
        ({"etc/crypttab": f"root UUID={UUID} none tpm2-device=auto\n"}, {}, True),
        ({"etc/cmdline.d/90crypt.conf": f"rd.luks.uuid=luks-{UUID}\n"}, {}, True),
        ({}, {"/proc/cmdline": f"root=/dev/mapper/x rd.luks.name={UUID}=x\n"}, True),
        ({}, {"/proc/cmdline": f"root=UUID={UUID}\n"}, False),
        ({"etc/crypttab": "root UUID=1234 none\n"}, {}, False),
    ],
)
def test_dracuts_image(tmp_path: Path, more: dict[str, str], files: dict[str, str | None], good: bool) -> None:
    found = opens(tmp_path, archive(tmp_path / "a", DRACUT | more), files, names=())
    assert found["opens"] is good
    assert found["tokens"] == (["systemd-tpm2"] if good else [])


def test_dracuts_image_without_the_library_of_the_tpm(tmp_path: Path) -> None:
    image = archive(tmp_path / "a", {"usr/lib/systemd/systemd-cryptsetup": "x", "etc/crypttab": f"r UUID={UUID} -\n"})
    assert opens(tmp_path, image)["tokens"] == []


def test_keys_in_the_image(tmp_path: Path) -> None:
    table = f"sda3_crypt UUID={UUID} /cryptroot/keyfiles/sda3_crypt.key luks\n"
    image = debian_image(
        tmp_path / "a", table, {"cryptroot/keyfiles/sda3_crypt.key": "k", "etc/cryptsetup-keys.d/x.key": "k"}
    )
    start = luks_start.Start(host_with(tmp_path, image))
    assert start.key_files() == ["cryptroot/keyfiles/sda3_crypt.key", "etc/cryptsetup-keys.d/x.key"]


def test_an_image_that_is_missing_or_damaged(tmp_path: Path) -> None:
    missing = luks_start.Start(folder(tmp_path / "m", {"/boot/vmlinuz-6.12.48": ""})).opens(UUID, [])
    assert (missing.get("opens", False), "is missing" in missing["why"]) == (False, True)
    damaged = opens(tmp_path / "d", b"no archive")
    assert damaged["trouble"]["code"] == "malformed"
    none = luks_start.Start(folder(tmp_path / "n")).opens(UUID, [])
    assert (none["image"], "unified kernel image" in none["why"]) == ("", True)


@pytest.mark.skipif(shutil.which("mkinitramfs") is None, reason="needs initramfs-tools-core")
def test_an_image_as_debian_makes_it(tmp_path: Path) -> None:
    """mkinitramfs itself, on a machine without a kernel of Debian's: an empty folder of modules serves."""
    version = "6.12.48-leeboard-test"
    modules = Path("/lib/modules") / version
    if modules.exists():
        pytest.skip(f"{modules} is there already")
    modules.mkdir(parents=True)
    try:
        for name in ("modules.order", "modules.builtin", "modules.dep"):
            (modules / name).touch()
        configuration = tmp_path / "conf"
        shutil.copytree("/etc/initramfs-tools", configuration)
        (configuration / "initramfs.conf").write_text("MODULES=list\nBUSYBOX=auto\nCOMPRESS=gzip\nKEYMAP=n\n")
        made = tmp_path / "image"
        done = subprocess.run(
            ["mkinitramfs", "-d", str(configuration), "-o", str(made), version],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert made.is_file(), done.stderr[-2000:]
        image = read(host_with(tmp_path / "root", made.read_bytes()))
    finally:
        shutil.rmtree(modules)
    assert {"init", "scripts/functions"} <= image.names
