"""USB drives: the answers of pkcheck and modprobe are captured from polkit 126, udisks2 2.10.1 and kmod 34.

polkitd itself judges rules in test_removable_media_real; what is written is in test_removable_media_written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import (
    driver as removable_media,
)

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


def test_what_polkit_cannot_say_names_no_process(tmp_path: Path) -> None:
    lost = f"Error getting authority for unix-process:{os.getpid()}:22 ({os.getpid()},22,1000)\n"
    found, _ = said(tmp_path, "plain", {"pkcheck": Completed(127, "", lost)})
    assert found["code"] == "failed" and str(os.getpid()) not in found["why"], found["why"]


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
        ({"modprobe": Completed(0, "install /bin/false quirks=0bc2:2312:u \n", "")}, False),
        ({"modprobe": Completed(0, "install /bin/false ; /sbin/modprobe -i usb-storage\n", "")}, True),
        ({"modprobe": Completed(0, "install /bin/false || /sbin/modprobe -i usb-storage\n", "")}, True),
        ({"modprobe": Completed(0, "install /sbin/modprobe --ignore-install usb-storage\n", "")}, True),
    ],
)
def test_the_drivers_of_usb_drives(tmp_path: Path, answers: dict[str, Any], found: bool) -> None:
    assert said(tmp_path, "usb-storage", answers)[0]["value"] is found


@pytest.mark.parametrize(
    ("files", "stopped", "effective_value", "running"),
    [
        ({"initstate": "live\n"}, LOADS, True, None),
        ({"initstate": "live\n"}, STOPPED, False, True),  # until the next start
        ({"refcnt": "1\n"}, STOPPED, True, None),  # built into the kernel
        ({}, STOPPED, False, None),
    ],
)
def test_a_driver_that_is_there_already(
    tmp_path: Path, files: dict[str, str], stopped: Completed, effective_value: bool, running: bool | None
) -> None:
    loaded = {f"/sys/module/usb_storage/{name}": text for name, text in files.items()}
    host = folder(tmp_path, loaded, Answers({"modprobe": stopped}))
    said = removable_media.observe(host, ["usb-storage"])["usb-storage"]
    assert (said["effective"]["value"], said.get("running", {}).get("value")) == (effective_value, running)


@pytest.mark.parametrize(("written", "found"), [(999_999_999, True), (1_000_000_001, False)])
def test_a_driver_that_came_back_with_the_last_start(tmp_path: Path, written: int, found: bool) -> None:
    """Debian's initramfs holds its own copy of /etc/modprobe.d, and loads the driver of a stick that is plugged in."""
    files = {
        "/sys/module/usb_storage/initstate": "live\n",
        "/proc/stat": "cpu 1\nbtime 1000000000\n",
        "/etc/modprobe.d/a.conf": "install usb-storage /bin/false\n",
    }
    host = folder(tmp_path, files, Answers({"modprobe": STOPPED}))
    for path in (tmp_path / "etc/modprobe.d/a.conf", tmp_path / "etc/modprobe.d"):
        os.utime(path, (written, written))
    said = effective(removable_media, host, "usb-storage")
    assert (said["value"], "update-initramfs" in said["source"]) == (found, found)


KINDS = """\
root:x:0:0::/root:/bin/bash
ada:x:1000:1000::/home/ada:/bin/bash
bob:x:1001:1001::/home/bob:/bin/bash
cy:x:1002:100::/home/cy:/bin/bash
nobody:x:65534:65534::/:/usr/sbin/nologin
"""


@pytest.mark.parametrize(
    ("group", "users"),
    [("", [1000, 1002]), ("teachers:x:3000:bob\n", [1000, 1001, 1002]), ("sudo:x:27:ada,bob\n", [1000, 1002])],
)
def test_a_person_of_each_kind_is_asked_for(tmp_path: Path, group: str, users: list[int]) -> None:
    runner = Answers({"pkcheck": REFUSED})
    host = folder(tmp_path, {**INSTALLED, "/etc/passwd": KINDS, "/etc/group": group}, runner)
    host.is_root = True
    assert effective(removable_media, host, "plain")["value"] == "refused"
    assert list(dict.fromkeys(int(argv[2].rpartition(",")[2]) for argv in runner.asked)) == users


@pytest.mark.parametrize(
    ("address", "answers", "word"),
    [
        ("plain", {",1001 ": ASKS, "pkcheck": REFUSED}, "not-refused"),
        ("luks", {",1001 ": REFUSED, "pkcheck": ASKS}, "refused"),
        ("luks", {"pkcheck": ASKS}, "not-refused"),
    ],
)
def test_one_person_is_enough(tmp_path: Path, address: str, answers: dict[str, Completed], word: str) -> None:
    host = folder(
        tmp_path, {**INSTALLED, "/etc/passwd": KINDS, "/etc/group": "teachers:x:3000:bob\n"}, Answers({**answers})
    )
    host.is_root = True
    said = effective(removable_media, host, address)
    assert (said["value"], said["source"].rpartition(" ")[2]) == (word, "1001" if ",1001 " in answers else "1000")


def test_modprobe_that_fails_is_an_error(tmp_path: Path) -> None:
    found, _ = said(tmp_path, "usb-storage", {"modprobe": Completed(1, "", "libkmod: ERROR ../libkmod/x\n")})
    assert found["code"] == "failed"
