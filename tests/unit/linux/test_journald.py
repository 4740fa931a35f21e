"""journald's own settings as they take effect, whatever way they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

from tests.unit.linux.folder import Answers, effective, folder

ETC = "/etc/systemd/journald.conf"
ADDRESS = "systemd/journald.conf:Journal."


def journal(text: str) -> str:
    return f"[Journal]\n{text}\n"


@pytest.mark.parametrize(
    ("key", "lines", "value"),
    [
        ("Storage", "Storage=persistent", "persistent"),
        ("Storage", "Storage=volatile", "volatile"),
        ("Storage", "Storage=none", "none"),
        ("Storage", "", "volatile"),
        ("Storage", "Storage=auto", "volatile"),
        ("Storage", "Storage=none\nStorage=persistant", "none"),
        ("Storage", "Storage=none\nStorage=Persistent", "none"),
        ("Storage", "Storage=none\nStorage=", "none"),
        ("Storage", "Storage=persistent\n#Storage=none", "persistent"),
        ("Compress", "", "yes"),
        ("Compress", "Compress=512K", "yes"),
        ("Compress", "Compress=1", "yes"),
        ("Compress", "Compress=TRUE", "yes"),
        ("Compress", "Compress=0", "no"),
        ("Compress", "Compress=Off", "no"),
        ("Compress", "Compress=no\nCompress=maybe", "no"),
        ("Compress", "Compress=no\nCompress=", "yes"),
        ("SystemMaxUse", "SystemMaxUse=512M", 512),
        ("SystemMaxUse", "SystemMaxUse=1G", 1024),
        ("SystemMaxUse", "SystemMaxUse=1.5G", 1536),
        ("SystemMaxUse", "SystemMaxUse=1G 500M", 1524),
        ("SystemMaxUse", "SystemMaxUse=536870912", 512),
        ("SystemMaxUse", "SystemMaxUse=1023K", 0),
        ("SystemMaxUse", "SystemMaxUse=2G\nSystemMaxUse=512m", 2048),
        ("SystemMaxUse", "SystemMaxUse=2G\nSystemMaxUse=10%", 2048),
        ("SystemMaxUse", "SystemMaxUse=2G\nSystemMaxUse=", 2048),
    ],
)
def test_value_in_effect(tmp_path: Path, key: str, lines: str, value: Any) -> None:
    assert effective(dropin, folder(tmp_path, {ETC: journal(lines)}), ADDRESS + key)["value"] == value


def test_auto_is_persistent_where_the_folder_is_there(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/var/log/journal/0123/system.journal": ""})
    found = effective(dropin, host, ADDRESS + "Storage")
    assert found["value"] == "persistent"
    assert "Storage=auto" in found["source"]
    assert apply(dropin, host, [{"address": ADDRESS + "Storage", "value": "persistent"}], "run")["changed"] is False


def test_a_file_in_place_of_the_folder_keeps_nothing(tmp_path: Path) -> None:
    assert effective(dropin, folder(tmp_path, {"/var/log/journal": ""}), ADDRESS + "Storage")["value"] == "volatile"


def test_room_that_is_not_set_is_a_tenth_of_the_file_system(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/var/log/x": ""})
    found = effective(dropin, host, ADDRESS + "SystemMaxUse")
    assert found["value"] == min(host.megabytes("/var/log") // 10, 4096)
    assert "journald's own default" in found["source"]


def test_all_are_written_to_one_drop_in_and_loaded_once(tmp_path: Path) -> None:
    show = "\n".join("ActiveState=active\nStateChangeTimestamp=@9999999999\n" for _unit in UNITS)
    runner = Answers({"systemctl": Completed(0, show, ""), "journalctl --flush": Completed(0, "", "")})
    host = folder(tmp_path, {ETC: journal("Compress=no"), "/run/systemd/system/x": ""}, runner)
    wanted = {"Storage": "persistent", "Compress": "yes", "SystemMaxUse": 512}
    outcome = apply(dropin, host, [{"address": ADDRESS + key, "value": said} for key, said in wanted.items()], "run")
    assert host.text(f"{ETC}.d/zz-leeboard.conf").split("\n")[1:-1] == [
        "[Journal]", "SystemMaxUse=512M", "Compress=yes", "Storage=persistent",
    ]  # fmt: skip
    assert {key: outcome["after"][ADDRESS + key]["effective"]["value"] for key in wanted} == wanted
    commands = [argv for argv in runner.asked if "show" not in argv]
    assert commands == [["systemctl", "restart", "systemd-journald.service"], ["journalctl", "--flush"]]


@pytest.mark.parametrize(
    ("key", "value"),
    [("SystemMaxUse", "512M"), ("SystemMaxUse", 0), ("SystemMaxUse", True), ("Storage", "on disk"), ("Compress", True)],
)
def test_what_journald_would_not_take_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(ChangeRefused):
        dropin.dry_run(folder(tmp_path), [{"address": ADDRESS + key, "value": value}])


MOUNTS = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
IN_MEMORY = [
    "2 1 0:5 / /var/log rw - tmpfs tmpfs rw,size=40%\n",
    "2 1 252:0 / /var/log rw - ext4 /dev/zram0 rw\n",  # log2ram and Armbian keep /var/log so
    # overlayroot: what is written to the root goes into an upper folder in memory
    "2 1 0:6 / /media/root-rw rw - tmpfs tmpfs-root rw\n"
    "3 1 0:7 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/w\n",
]
ON_DISK = [
    "",
    "2 1 8:2 / /var/log rw - ext4 /dev/sda2 rw\n",
    "2 1 0:5 / /run rw - tmpfs tmpfs rw\n",
    "2 1 8:3 / /b rw - ext4 /dev/sda3 rw\n3 1 0:7 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/b/up,workdir=/c\n",
]


@pytest.mark.parametrize("said", ["Storage=persistent", "Storage=auto"])
@pytest.mark.parametrize(
    ("mounts", "value"), [*((one, "volatile") for one in IN_MEMORY), *((one, "persistent") for one in ON_DISK)]
)
def test_a_journal_in_memory_is_lost_whatever_its_settings_say(
    tmp_path: Path, said: str, mounts: str, value: str
) -> None:
    files = {ETC: journal(said), "/var/log/journal/x": "", "/proc/self/mountinfo": MOUNTS + mounts}
    host = folder(tmp_path, files)
    assert effective(dropin, host, ADDRESS + "Storage")["value"] == value
    change = [{"address": ADDRESS + "Storage", "value": "persistent"}]
    if value == "volatile":
        with pytest.raises(ChangeRefused, match="is kept in memory"):
            dropin.dry_run(host, change)


def test_a_journal_behind_a_link_lies_where_that_leads(tmp_path: Path) -> None:
    files = {ETC: journal("Storage=persistent"), "/run/journal/x": "", "/var/log/x": ""}
    host = folder(tmp_path, {**files, "/proc/self/mountinfo": MOUNTS + "2 1 0:5 / /run rw - tmpfs tmpfs rw\n"})
    (tmp_path / "var/log/journal").symlink_to("../../run/journal")
    assert effective(dropin, host, ADDRESS + "Storage")["value"] == "volatile"


def test_an_overlay_of_which_nobody_sees_where_it_writes_is_no_disk(tmp_path: Path) -> None:
    """Ubuntu's live system has upperdir=/cow/upper, which is gone once it has started."""
    mounts = MOUNTS + "2 1 0:7 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/cow/upper,workdir=/cow/work\n"
    host = folder(tmp_path, {ETC: journal("Storage=persistent"), "/proc/self/mountinfo": mounts})
    assert effective(dropin, host, ADDRESS + "Storage").get("code") == "failed"


def test_no_more_is_kept_than_the_disk_has(tmp_path: Path) -> None:
    host = folder(tmp_path, {ETC: journal("SystemMaxUse=900000G")})
    found = effective(dropin, host, ADDRESS + "SystemMaxUse")
    assert found["value"] == host.megabytes("/")
    assert "no room for more" in found["source"]


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("", None), ("MaxRetentionSec=0", None), ("MaxRetentionSec=infinity", None), ("MaxRetentionSec=7day", 7),
        ("MaxRetentionSec=1month", 30), ("MaxRetentionSec=2w 3d", 17), ("MaxRetentionSec=345600", 4),
        ("MaxRetentionSec=1M", 30), ("MaxRetentionSec=90m", 0), ("MaxRetentionSec=1year", 365),
        ("MaxRetentionSec=7day\nMaxRetentionSec=a month", 7),
        ("MaxRetentionSec=7day\nMaxRetentionSec=99999999999999", 7),  # more than systemd can count
        (f"MaxRetentionSec=7day\nMaxRetentionSec={'9' * 400}", 7),
    ],
)  # fmt: skip
def test_messages_are_deleted_after(tmp_path: Path, said: str, days: int | None) -> None:
    assert effective(dropin, folder(tmp_path, {ETC: journal(said)}), ADDRESS + "MaxRetentionSec").get("value") == days


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("", "debug"), ("MaxLevelStore=warning", "warning"), ("MaxLevelStore=4", "warning"),
        ("MaxLevelStore=info\nMaxLevelStore=loud", "info"), ("MaxLevelStore=info\nMaxLevelStore=67", "info"),
        ("MaxLevelStore=04", "warning"), ("MaxLevelStore=info\nMaxLevelStore=8", "info"),
    ],
)  # fmt: skip
def test_messages_are_kept_down_to(tmp_path: Path, said: str, level: str) -> None:
    assert effective(dropin, folder(tmp_path, {ETC: journal(said)}), ADDRESS + "MaxLevelStore")["value"] == level


@pytest.mark.parametrize(
    ("started_with", "level"),
    [
        ("systemd.journald.max_level_store=err", "err"), ("systemd.journald.max-level-store=3 quiet", "err"),
        ("systemd.journald.max_level_store=loud", "info"), ("systemd.journald.max_level_store", "info"),
        ("systemd.journald.max_level_syslog=err", "info"),
    ],
)  # fmt: skip
def test_the_command_line_of_the_kernel_comes_before_the_files(tmp_path: Path, started_with: str, level: str) -> None:
    """parse_proc_cmdline_item in systemd's src/journal/journald-server.c."""
    host = folder(tmp_path, {ETC: journal("MaxLevelStore=info"), "/proc/cmdline": f"quiet {started_with}\n"})
    assert effective(dropin, host, ADDRESS + "MaxLevelStore")["value"] == level
    if level == "err":
        with pytest.raises(ChangeRefused, match="/proc/cmdline"):
            dropin.dry_run(host, [{"address": ADDRESS + "MaxLevelStore", "value": "debug"}])


def test_a_file_from_notepad_counts(tmp_path: Path) -> None:
    """systemd passes over the mark before the first line (config_parse in src/shared/conf-parser.c)."""
    host = folder(tmp_path, {ETC: "\ufeff[Journal]\r\nStorage=none\r\n"})
    assert effective(dropin, host, ADDRESS + "Storage")["value"] == "none"
