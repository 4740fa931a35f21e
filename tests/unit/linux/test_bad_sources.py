"""What becomes of a visit when one of its sources is bad: each program and each file, in each way that it can be bad.

The machine of `whole.py` is visited with all addresses of the baseline, and judged at level high. A bad source costs
only what is read from it, and what is lost is an error or not checked, in words for a technician.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    READ_LIMIT,
    Completed,
    HostError,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.reading import CODES

from leeboard.model.device import device
from leeboard.model.enums import Platform
from leeboard.model.observation import parse
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.evaluate import evaluate
from tests.unit.linux import whole

Place = tuple[str, str]  # a driver and an address
UNKNOWN = {"error", "not_checked"}
# What no technician can use: the names of Python's exceptions, and what comes before them.
OURS = re.compile(r"Traceback|\b[A-Z][A-Za-z]*(?:Error|Exception)\b|<[a-z_.]+ object")


class Seen:
    """One visit: its `readings`, `facts`, and the `verdicts` of each setting with the place that it is read from."""

    def __init__(self, root: Path, programs: whole.Programs | None = None) -> None:
        self.programs = programs or whole.Programs()
        self.host = whole.machine(root, self.programs)
        self.observation = visit.visit(self.host, ADDRESSES)
        self.readings: dict[Place, Any] = {(one["driver"], one["address"]): one for one in self.observation["readings"]}
        self.facts = self.observation["facts"]

    def verdicts(self) -> dict[tuple[str, str], str]:
        """{(control, setting): verdict}, by the brain that takes what a visit gives."""
        seen = parse(self.observation)
        found = evaluate(WANTED, seen, seen.observed_at)
        return {(one.control, judged.setting): str(judged.verdict) for one in found for judged in one.judged}

    def changed(self, before: Seen) -> set[Place]:
        """Where another visit had another reading."""
        return {place for place, one in self.readings.items() if one != before.readings[place]}

    def lost(self, place: Place) -> bool:
        """True for what could not be read. A volume says it in its own words: trouble, or a trial that was none."""
        said = self.readings[place]["effective"]
        if place == ("luks_volume", "volumes") and said["state"] == "value":
            return any('"trouble"' in volume or '"not-tested"' in volume for volume in said["value"])
        return said["state"] == "unreadable"


def addresses() -> dict[str, list[str]]:
    """All that the baseline asks of a Linux device, at any level."""
    found: dict[str, set[str]] = {}
    for control in load().controls:
        for setting in control.settings:
            if setting.platform is Platform.LINUX and setting.driver in visit.DRIVERS:
                found.setdefault(setting.driver, set()).add(setting.address)
    return {name: sorted(asked) for name, asked in found.items()}


def wanted() -> Wanted:
    """What level high asks of a portable."""
    about = {
        "platform": "linux", "form": "portable", "role": "staff_portable", "level": "high", "urn": "900001",
        "enforce": ["LCK", "LBL", "AUD"], "notice_text": whole.NOTICE,
    }  # fmt: skip
    given = {f"leeboard_{name}": value for name, value in about.items()}
    return resolve(load(), device("bad", given, tuple(load().parameters)))


ADDRESSES = addresses()
WANTED = wanted()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The machine's folder; each test leaves it as it was."""
    found = tmp_path_factory.mktemp("machine")
    whole.build(found)
    return found


@pytest.fixture(scope="module")
def good(root: Path) -> Seen:
    """The visit to the machine as it is."""
    return Seen(root)


def only_words(seen: Seen) -> None:
    """What could not be read is said in a sentence, and none of it is a mistake of ours."""
    aspects = [one[name] for one in seen.readings.values() for name in visit.ASPECTS if name in one]
    for aspect in [*aspects, *seen.facts.values()]:
        if aspect["state"] != "unreadable":
            continue
        assert aspect["code"] in CODES, aspect
        assert aspect["code"] != "driver_failed", aspect
        assert len(aspect["why"].split()) > 2, aspect
        assert not OURS.search(aspect["why"]), aspect


def test_the_machine_has_something_for_every_driver(good: Seen) -> None:
    with_value = {driver for (driver, _address), one in good.readings.items() if one["effective"]["state"] == "value"}
    assert with_value == set(visit.DRIVERS) == set(ADDRESSES)
    assert not [place for place in good.readings if good.lost(place)]
    assert list(good.verdicts().values()).count("compliant") > 60


# Programs: by words in their command, the drivers that they may cost, and what is no failure of theirs.

PROGRAMS: dict[str, tuple[set[str], set[str]]] = {
    "/usr/sbin/sshd -T": ({"sshd", "dropin"}, set()),
    "builtin declare": ({"shell_timeout"}, set()),
    # Each answer is a record of its own: those before the cut are whole.
    "sh -s": ({"dconf"}, {"cut off", "killed"}),
    "auditctl -s": ({"audit_rules", "kernel"}, set()),
    "auditctl -l": ({"audit_rules"}, set()),
    "ausyscall i386": ({"audit_rules"}, set()),
    "ausyscall --dump": ({"audit_rules"}, set()),
    "find /": ({"audit_rules"}, set()),
    "lsblk": ({"luks_volume"}, set()),
    "dmsetup": ({"luks_volume"}, set()),
    "cryptsetup luksDump": ({"luks_volume"}, set()),
    # By its status alone: 0 is "it opens", 2 is "refused".
    "cryptsetup open": ({"luks_volume"}, {"silent", "cut off", "garbage"}),
    # Without any server timesyncd has nothing to say.
    "show-timesync": ({"clock"}, {"silent"}),
    "show -p NTPSynchronized": ({"clock"}, set()),
    "show --timestamp=unix": ({"clock", "dropin", "log_forwarding", "sshd", "vpn", "vpn_profiles"}, set()),
    "TriggeredBy": ({"unit"}, set()),
    # A configuration that is right is met with silence; what else is said does not matter then.
    "rsyslogd -N1": ({"log_forwarding"}, {"silent", "cut off", "garbage"}),
    # Tried with cvtsudoers 1.9.16: it prints nothing where no Defaults line is.
    "cvtsudoers": ({"audit_rules", "dropin"}, {"silent"}),
    "nft --json": ({"vpn"}, set()),  # the rules once more, in a network of their own
    "nft -j": ({"firewall", "vpn"}, set()),
    "ip -j": ({"vpn"}, {"silent"}),  # what has no route prints nothing, which leads past the tunnel
    "ss -H": ({"listening"}, {"silent"}),
    "dpkg-query": ({"package"}, set()),
    "modprobe": ({"removable_media"}, set()),
    # By its status and its words on standard error, which stay as they are here.
    "pkcheck": ({"removable_media"}, {"silent", "cut off", "garbage"}),
    "--list-conns": ({"vpn", "vpn_profiles"}, set()),
    "--list-sas": ({"vpn", "vpn_profiles"}, set()),
    # NetworkManager and networkd do without the program, and then nobody tells what the kernel has.
    "wg show": ({"vpn"}, {"silent", "missing"}),
}


def raises(code: str, why: str) -> Callable[[Completed], Completed]:
    """A program that gives no answer."""

    def broken(_answer: Completed) -> Completed:
        raise HostError(code, why)

    return broken


BROKEN: dict[str, Callable[[Completed], Completed]] = {
    "missing": raises("missing_tool", "the command it is not installed"),
    "hangs": raises("timeout", "it gave no answer within 20 s"),
    "huge": raises("too_large", f"it printed more than {READ_LIMIT} bytes"),
    "not allowed": lambda answer: Completed(1, "", "Keine Berechtigung\n"),
    "broken": lambda answer: Completed(127, "", "error while loading shared libraries: libx.so.1: ungültiger ELF\n"),
    "killed": lambda answer: Completed(-9, answer.out[: len(answer.out) // 2], ""),
    "silent": lambda answer: Completed(0, "", ""),
    "cut off": lambda answer: Completed(answer.rc, answer.out[: len(answer.out) // 2], answer.err),
    "garbage": lambda answer: Completed(answer.rc, "\\xff\\xfe\0\x01\\x80 ELF \\xbb\n\\xc3(", answer.err),
}


def test_every_program_is_here(good: Seen) -> None:
    asked = {" ".join(argv) for argv in good.programs.asked}
    assert {words for words in PROGRAMS if not any(words in command for command in asked)} == set()
    assert [one for one in asked if sum(words in one for words in PROGRAMS) != 1] == []


@pytest.mark.parametrize("words", PROGRAMS)
def test_a_program_that_fails_costs_only_what_it_says(root: Path, good: Seen, words: str) -> None:
    drivers, fine = PROGRAMS[words]
    verdicts = good.verdicts()
    silenced = Seen(root, whole.Programs(words, BROKEN["hangs"])).changed(good)
    assert {driver for driver, _address in silenced} == drivers
    for way, broken in BROKEN.items():
        seen = Seen(root, whole.Programs(words, broken))
        only_words(seen)
        assert seen.changed(good) <= silenced, way
        assert {place for place in silenced if not seen.lost(place)} == set() or way in fine, way
        after = seen.verdicts()
        assert set(after) == set(verdicts), way
        for setting, verdict in verdicts.items():
            place = PLACES[setting]
            if place not in silenced:
                assert after[setting] == verdict, (way, setting)
            elif way not in fine and place[0] != "luks_volume":
                assert after[setting] in UNKNOWN | {"not_applicable"}, (way, setting)
                assert (after[setting] == "not_applicable") == (verdict == "not_applicable"), (way, setting)


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("words", ["lsblk", "dmsetup", "cryptsetup luksDump"])
def test_no_disk_is_called_safe_without_its_header(root: Path, words: str, way: str) -> None:
    after = Seen(root, whole.Programs(words, BROKEN[way])).verdicts()
    said = {setting: verdict for setting, verdict in after.items() if PLACES[setting] == ("luks_volume", "volumes")}
    assert len(said) > 5
    certain = {setting for setting, verdict in said.items() if verdict not in UNKNOWN | {"not_applicable"}}
    assert certain <= STANDS[words], said


PLACES: dict[tuple[str, str], Place] = {
    (control.id, setting.id): (setting.driver, setting.address)
    for control in load().controls
    for setting in control.settings
    if setting.platform is Platform.LINUX
}
# lsblk alone says that the machine has neither swap nor volumes of data.
NONE_THERE = {("ENC-10", "data-encrypted"), ("ENC-13", "swap-encrypted")}
STANDS = {"lsblk": set(), "dmsetup": NONE_THERE, "cryptsetup luksDump": NONE_THERE}


# Files

UNREADABLE = ("not allowed", "huge", "a pipe", "a loop")
DAMAGED = ("a folder", "cut off", "empty", "garbage")


def read_files(seen: Seen) -> set[str]:
    return {name for name, found in seen.host._files.items() if not isinstance(found, Exception)}


@contextmanager
def spoilt(root: Path, name: str, way: str) -> Iterator[None]:
    """The file is bad in that way, and as old as before."""
    path = root / name.lstrip("/")
    old = path.read_bytes()
    new = {"huge": old + b"\n#" + b" " * READ_LIMIT, "cut off": old[: len(old) // 2], "garbage": bytes(range(256)) * 4}
    if way in ("a pipe", "a loop", "a folder"):
        path.unlink()
    if way == "a pipe":
        os.mkfifo(path)
    elif way == "a loop":
        path.symlink_to(path.name)
    elif way == "a folder":
        path.mkdir()
    elif way != "not allowed":
        path.write_bytes(new.get(way, b""))
    whole.age(path)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
        path.write_bytes(old)
        whole.age(path)


# The drivers that each file may cost; facts and what tells the machine from another are none.
FILES: dict[str, set[str]] = {
    "/etc/NetworkManager/system-connections/x.nmconnection": {"vpn", "vpn_profiles", "vpn_secrets"},
    "/etc/audit/auditd.conf": {"dropin", "file_mode"},
    "/etc/audit/rules.d/50-x.rules": {"audit_rules", "file_mode"},
    "/etc/audit/rules.d/audit.rules": {"audit_rules", "file_mode"},
    "/etc/crypttab": {"file_mode", "key_files", "luks_volume"},
    "/etc/dconf/db/local": {"dconf"},
    "/etc/dconf/db/local.d/00-x": {"dconf"},
    "/etc/dconf/db/local.d/locks/x": {"dconf"},
    "/etc/dconf/profile/user": {"dconf"},
    "/etc/fstab": {"luks_volume", "removable_media"},
    "/etc/gdm3/daemon.conf": {"dropin"},
    "/etc/group": {"audit_rules", "dropin", "file_mode", "open_sign_in", "removable_media", "sshd", "vpn_secrets"},
    "/etc/issue": {"banner", "file_mode"}, "/etc/issue.net": {"banner", "file_mode"},
    "/etc/leeboard/label": {"device_label"},
    "/etc/lightdm/lightdm.conf": {"dropin", "open_sign_in"},
    "/etc/os-release": set(),
    "/etc/pam.d/login": {"banner", "faillock", "open_sign_in"},
    "/etc/passwd": {
        "accounts", "audit_rules", "dconf", "dropin", "file_mode", "kconfig", "listening", "open_sign_in", "remmina",
        "removable_media", "shell_timeout", "sshd", "vpn_secrets",
    },
    "/etc/profile.d/x.sh": {"dconf", "file_mode", "kconfig"},
    "/etc/rsyslog.conf": {"log_forwarding"},
    "/etc/rsyslog.d/90.conf": {"log_forwarding"},
    "/etc/security/faillock.conf": {"faillock"},
    "/etc/shadow": {"accounts", "open_sign_in"},
    "/etc/ssh/sshd_config": {"dropin", "sshd"},
    "/etc/ssh/sshd_config.d/50-x.conf": {"dropin", "sshd"},
    "/etc/sudoers": {"audit_rules", "dropin"}, "/usr/lib/systemd/system/getty@.service": {"open_sign_in"},
    "/etc/swanctl/swanctl.conf": {"vpn", "vpn_profiles", "vpn_secrets"},
    "/etc/systemd/journald.conf.d/x.conf": {"dropin", "log_forwarding"},
    "/etc/systemd/logind.conf.d/x.conf": {"dropin"},
    "/etc/systemd/system/getty@.service.d/x.conf": {"listening", "open_sign_in"},
    "/etc/systemd/timesyncd.conf.d/x.conf": {"clock"},
    "/etc/wireguard/leeboard.conf": {"vpn", "vpn_secrets"}, "/etc/wireguard/wg0.conf": {"vpn", "vpn_secrets"},
    "/etc/xdg/autostart/x.desktop": {"listening"},
    "/etc/xdg/kscreenlockerrc": {"kconfig"},
    "/etc/xrdp/xrdp.ini": {"xrdp"},
    "/proc/cmdline": {"dropin", "kernel", "log_forwarding", "luks_volume", "open_sign_in"},
    "/proc/meminfo": {"luks_volume"},
    "/proc/net/if_inet6": {"firewall"},
    "/proc/self/mountinfo": {"dropin", "luks_volume"},
    "/proc/self/mounts": {"audit_rules"},
    "/proc/self/stat": {"removable_media"},
    "/proc/swaps": {"luks_volume"},
    "/sys/class/block/dm-0/dm/uuid": {"luks_volume"},
    "/sys/class/dmi/id/chassis_type": set(),
    "/sys/class/dmi/id/product_serial": set(),
    "/sys/class/net/leeboard/uevent": {"vpn"}, "/sys/class/net/wg0/uevent": {"vpn"},
    "/usr/lib/systemd/journald.conf.d/syslog.conf": {"dropin", "log_forwarding"},
    "/usr/lib/systemd/system/auditd.service": {"audit_rules"},
    "/usr/lib/systemd/system/nftables.service": {"firewall", "listening", "open_sign_in"},
    "/usr/lib/systemd/system/wg-quick@.service": {"open_sign_in"}, "/usr/share/dconf/profile/Debian-gdm": {"dconf"},
    "/usr/share/gdm/dconf/90-x": {"dconf"},
    "/usr/share/gdm/generate-config": {"dconf"},
    "/usr/share/wayland-sessions/gnome.desktop": {"kconfig"},
    "/var/lib/gdm3/greeter-dconf-defaults": {"dconf"},
}  # fmt: skip
# KConfig passes over what is no regular file, and then the user's own file decides: drifted, not an error.
PASSED_OVER = {("/etc/xdg/kscreenlockerrc", "a pipe"), ("/etc/xdg/kscreenlockerrc", "a loop")}
# Where a file says less, its program's own default is better than what this file says, or nothing is left to judge.
LESS_IS_BETTER = {
    "/etc/audit/auditd.conf": {"audit-logs-kept"},
    "/etc/rsyslog.conf": {"tls-peers", "tls-authority", "tls-anchors", "client-certificate"},
    "/etc/rsyslog.d/90.conf": {"tls-peers", "tls-authority", "tls-anchors", "client-certificate"},
    "/etc/systemd/journald.conf.d/x.conf": {"journal-size"},
    "/etc/wireguard/wg0.conf": {"past-the-tunnel"},
}


def said(reading: dict[str, Any]) -> Any:
    """What a reading says, without where it was found."""
    return reading["effective"]["state"], reading["effective"].get("value")


def test_every_file_is_here(good: Seen) -> None:
    assert read_files(good) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_costs_only_what_it_says(
    root: Path, good: Seen, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, before = os.open, good.verdicts()

    def refused(path: Any, *rest: Any, **named: Any) -> int:
        if str(path) == f"{root}{name}":
            raise PermissionError(13, "Permission denied")
        return really(path, *rest, **named)

    for way in UNREADABLE:
        with spoilt(root, name, way), monkeypatch.context() as patched:
            if way == "not allowed":
                patched.setattr(os, "open", refused)
            seen = Seen(root)
        only_words(seen)
        changed = seen.changed(good)
        assert {driver for driver, _address in changed} <= FILES[name], way
        if (name, way) in PASSED_OVER:
            continue
        # What GNOME gets is asked of gsettings, and the file only tells where it comes from. A mode is no content.
        of_content = [place for place in changed if place[0] != "file_mode"]
        assert [
            place
            for place in of_content
            if not seen.lost(place) and said(seen.readings[place]) != said(good.readings[place])
        ] == [], way
        after = seen.verdicts()
        assert set(after) == set(before), way
        assert {setting for setting in after if after[setting] not in UNKNOWN | {before[setting]}} == set(), way


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_makes_nothing_better(root: Path, good: Seen, name: str) -> None:
    before = good.verdicts()
    for way in DAMAGED:
        with spoilt(root, name, way):
            seen = Seen(root)
        only_words(seen)
        assert {driver for driver, _address in seen.changed(good)} <= FILES[name], way
        after = seen.verdicts()
        assert set(after) == set(before), way
        changed = {setting for setting in after if after[setting] != before[setting]}
        better = {one[1] for one in changed if after[one] in ("compliant", "not_applicable", "pending")}
        assert better <= LESS_IS_BETTER.get(name, set()), way
