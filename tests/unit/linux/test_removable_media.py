"""USB drives: the answers of pkcheck and modprobe are captured from polkit 126, udisks2 2.10.1 and kmod 34.

polkitd and udisks cannot run in a test (they need the system's bus and /etc); the rules were tried by hand.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import removable_media
from ansible_collections.leeboard.schools.plugins.module_utils._linux.host import Completed

from tests.unit.linux.folder import PASSWD, Answers, effective, folder

REFUSED = Completed(1, "", "Not authorized.\n")
ASKS = Completed(2, "", "Authorization requires authentication and -u wasn't passed.\n")
DOWN = Completed(
    127,
    "",
    "Error checking for authorization org.freedesktop.udisks2.filesystem-mount: GDBus.Error:"
    "org.freedesktop.DBus.Error.ServiceUnknown: The name org.freedesktop.PolicyKit1 was not provided\n",
)
INSTALLED: dict[str, str | None] = {
    "/usr/libexec/udisks2/udisksd": "",
    "/etc/passwd": PASSWD,
    "/proc/self/stat": "12 (a b) S " + " ".join(str(number) for number in range(4, 53)),
}


def said(tmp_path: Path, address: str, answers: dict[str, Any]) -> tuple[dict[str, Any], Answers]:
    runner = Answers(answers)
    host = folder(tmp_path, INSTALLED, runner)
    host.is_root = True
    return effective(removable_media, host, address), runner


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"pkcheck": REFUSED}, "refused"),
        ({"pkcheck": ASKS}, "not-refused"),
        ({"pkcheck": Completed(0, "", "")}, "not-refused"),
        # A rule on the plain name only leaves the seat next to it open.
        ({"filesystem-mount-other-seat": ASKS, "pkcheck": REFUSED}, "not-refused"),
    ],
)
def test_what_polkit_says(tmp_path: Path, answers: dict[str, Any], word: str) -> None:
    found, runner = said(tmp_path, "plain", answers)
    assert found["value"] == word
    assert runner.asked[0][:3] == ["pkcheck", "--process", f"{os.getpid()},22,1000"]
    assert runner.asked[0][5:8] == ["--detail", "drive.removable", "true"]


def test_polkit_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    found, _ = said(tmp_path, "plain", {"pkcheck": DOWN})
    assert (found["code"], "PolicyKit1" in found["why"]) == ("failed", True)


def test_without_udisks_nobody_mounts(tmp_path: Path) -> None:
    assert effective(removable_media, folder(tmp_path), "plain")["state"] == "absent"


def test_an_ordinary_user_cannot_ask(tmp_path: Path) -> None:
    host = folder(tmp_path, INSTALLED, Answers({"pkcheck": REFUSED}))
    host.is_root = False
    assert effective(removable_media, host, "luks")["code"] == "needs_root"


LOADS = Completed(0, "insmod /lib/modules/6.12/kernel/drivers/usb/storage/usb-storage.ko.xz\n", "")
STOPPED = Completed(0, "install /bin/false\n", "")
UNKNOWN = Completed(1, "", "modprobe: FATAL: Module usb-storage not found in directory /lib/modules/6.18\n")


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"modprobe": LOADS}, True),
        ({"modprobe": STOPPED}, False),
        ({"uas": LOADS, "modprobe": STOPPED}, True),
        ({"modprobe": UNKNOWN}, False),
        ({"modprobe": Completed(0, "install /sbin/modprobe --ignore-install usb-storage\n", "")}, True),
    ],
)
def test_the_drivers_of_usb_drives(tmp_path: Path, answers: dict[str, Any], found: bool) -> None:
    assert said(tmp_path, "usb-storage", answers)[0]["value"] is found


def test_a_driver_that_is_loaded_already_counts(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/sys/module/usb_storage/refcnt": "1"}, Answers({"modprobe": STOPPED}))
    assert effective(removable_media, host, "usb-storage")["value"] is True


def test_modprobe_that_fails_is_an_error(tmp_path: Path) -> None:
    found, _ = said(tmp_path, "usb-storage", {"modprobe": Completed(1, "", "libkmod: ERROR ../libkmod/x\n")})
    assert found["code"] == "failed"
