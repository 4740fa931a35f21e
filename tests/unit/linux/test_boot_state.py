"""Secure Boot, the boot chain and what the next start changes, from files as efivarfs and sysfs have them.

The bytes of EFI variables follow the UEFI specification and shim's documents; no UEFI machine could be had.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import hardware
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import boot_state

from tests.unit.linux.folder import effective, folder

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
IMAGE = "/boot/initrd.img-6.12"


def variables(root: Path, **said: int) -> Any:
    host = folder(root)
    place = root / "sys/firmware/efi/efivars"
    place.mkdir(parents=True)
    for name, value in said.items():
        guid = SHIM if name.startswith("Mok") else GLOBAL
        (place / f"{name}-{guid}").write_bytes(b"\x06\0\0\0" + bytes([value]))
    return host


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"SecureBoot": 1, "SetupMode": 0}, "on"),
        ({"SecureBoot": 1}, "on"),
        ({"SecureBoot": 1, "SetupMode": 0, "MokSBStateRT": 0}, "on"),
        ({"SecureBoot": 0, "SetupMode": 0}, "off"),
        ({"SecureBoot": 1, "SetupMode": 1}, "off"),
        ({"SecureBoot": 1, "SetupMode": 0, "MokSBStateRT": 1}, "off"),
        ({"SetupMode": 0}, "off"),
    ],
)
def test_secure_boot(tmp_path: Path, said: dict[str, int], state: str) -> None:
    assert boot_state.secure_boot(variables(tmp_path, **said))["value"] == state


def test_secure_boot_without_uefi_and_without_an_answer(tmp_path: Path) -> None:
    assert boot_state.secure_boot(folder(tmp_path / "bios"))["value"] == "none"
    with pytest.raises(HostError, match="is empty"):
        boot_state.secure_boot(variables(tmp_path / "unmounted"))
    host = variables(tmp_path / "short", SecureBoot=1)
    (tmp_path / f"short/sys/firmware/efi/efivars/SecureBoot-{GLOBAL}").write_bytes(b"\x06\0")
    with pytest.raises(HostError) as problem:
        boot_state.secure_boot(host)
    assert problem.value.code == "malformed"


@pytest.mark.parametrize(
    ("files", "chain"),
    [
        ({"/boot/grub/grub.cfg": ""}, "grub"),
        ({"/boot/grub2/grub.cfg": ""}, "grub"),
        ({boot_state.STUB: "", "/boot/grub/grub.cfg": ""}, "uki"),
        ({}, "other"),
    ],
)
def test_the_chain(tmp_path: Path, files: dict[str, str | None], chain: str) -> None:
    assert boot_state.chain(folder(tmp_path, files))["value"] == chain


START = 1_700_000_000
BEFORE, AFTER = START - 100, START + 100


def started(root: Path, files: dict[str, int]) -> list[dict[str, Any]]:
    """What is pending where each file was last changed at that time."""
    host = folder(root, {"/proc/stat": f"cpu 1\nbtime {START}\n", **dict.fromkeys(files, "x")})
    for name, when in files.items():
        os.utime(root / name.lstrip("/"), (when, when))
    return boot_state.pending(host, IMAGE)


@pytest.mark.parametrize(
    ("files", "pcrs"),
    [
        ({IMAGE: BEFORE, "/boot/grub/grub.cfg": BEFORE, "/boot/efi/EFI/debian/shimx64.efi": BEFORE}, []),
        ({IMAGE: AFTER}, [[4, 9]]),
        ({"/boot/grub/grub.cfg": AFTER}, [[8, 9]]),
        ({"/boot/efi/EFI/debian/shimx64.efi": AFTER}, [[4, 7, 14]]),
        ({"/boot/efi/EFI/debian/fw/fwupd-1.cap": BEFORE}, [[0, 1, 2, 7]]),
        ({f"/sys/firmware/efi/efivars/MokNew-{SHIM}": BEFORE}, [[7, 14]]),
    ],
)
def test_what_the_next_start_changes(tmp_path: Path, files: dict[str, int], pcrs: list[list[int]]) -> None:
    assert [one["pcrs"] for one in started(tmp_path, files)] == pcrs


@pytest.mark.parametrize(
    ("written", "clock_was_set_forward", "found"),
    [(-50, False, 0), (50, False, 1), (50, True, 1), (-50, True, 0)],
)
def test_a_clock_that_was_set_forward_makes_no_change_older_than_the_start(
    tmp_path: Path, written: int, clock_was_set_forward: bool, found: int
) -> None:
    # The kernel says "now, less what has gone by", and so a later start.
    kernel = START + 3600 if clock_was_set_forward else START
    files = {"/proc/stat": f"btime {kernel}\n", boot_state.EARLY: "", "/boot/grub/grub.cfg": "x"}
    host = folder(tmp_path, files)
    os.utime(tmp_path / boot_state.EARLY.lstrip("/"), (START + 5, START + 5))
    os.utime(tmp_path / "boot/grub/grub.cfg", (START + written, START + written))
    assert len(boot_state.pending(host, IMAGE)) == found


# Hardware


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"/sys/class/tpm/tpm0/tpm_version_major": "2\n"}, 2),
        ({"/sys/class/tpm/tpm0/tpm_version_major": "1\n"}, 1),
        ({"/sys/class/tpm/tpm0/device/caps": "x"}, 1),
        ({}, None),
    ],
)
def test_the_tpm(tmp_path: Path, files: dict[str, str | None], found: int | None) -> None:
    aspect = effective(hardware, folder(tmp_path, files), "tpm")
    assert aspect.get("value") == found
    assert aspect["state"] == ("absent" if found is None else "value")


def test_a_version_that_is_no_number(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/sys/class/tpm/tpm0/tpm_version_major": "two\n"})
    assert effective(hardware, host, "tpm")["code"] == "malformed"


def test_the_iommu(tmp_path: Path) -> None:
    assert effective(hardware, folder(tmp_path / "off"), "iommu")["value"] == 0
    groups = {f"/sys/kernel/iommu_groups/{number}/type": "DMA" for number in range(3)}
    assert effective(hardware, folder(tmp_path / "on", groups), "iommu")["value"] == 3


@pytest.mark.parametrize(
    ("level", "guarded", "found"),
    [
        ("none", None, ["domain0: none"]),
        ("none", "0", ["domain0: none"]),
        ("none", "1", []),
        ("user", None, []),
        ("secure", "0", []),
        ("dponly", "0", []),
        ("", None, ["domain0: it does not say its level"]),
    ],
)
def test_thunderbolt(tmp_path: Path, level: str, guarded: str | None, found: list[str]) -> None:
    place = "/sys/bus/thunderbolt/devices/domain0"
    files: dict[str, str | None] = {f"{place}/security": f"{level}\n"}
    if guarded is not None:
        files[f"{place}/iommu_dma_protection"] = f"{guarded}\n"
    assert effective(hardware, folder(tmp_path, files), "thunderbolt")["value"] == found


def test_no_thunderbolt(tmp_path: Path) -> None:
    assert effective(hardware, folder(tmp_path), "thunderbolt")["state"] == "absent"
