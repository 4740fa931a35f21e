"""What `leeboard_format_disks` may say, and what it says in return to a slip."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.escrow.disks import empty_disks
from leeboard.escrow.disks.empty_disks import EmptyDisk

DISK = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
GOOD = {"disk": DISK, "mount": "/srv/data"}


def parse(value: Any) -> tuple[EmptyDisk, ...]:
    return empty_disks.parse(value, "EP-0001")


@pytest.mark.parametrize("value", [None, [], ()])
def test_nothing_is_no_disk(value: Any) -> None:
    assert parse(value) == ()


def test_disks_with_their_places() -> None:
    first, second = parse([GOOD, {"disk": "/dev/disk/by-id/nvme-Maker_1TB_S4#1", "mount": "/home/x", "label": "homes"}])
    assert (first.disk, first.mount, first.label) == (DISK, "/srv/data", "")
    assert second.label == "homes"


def test_each_device_of_a_school_gets_its_own() -> None:
    listed = [{**GOOD, "device": "EP-0001"}, {**GOOD, "device": "EP-0002", "disk": f"{DISK}5"}]
    assert [one.disk for one in empty_disks.parse(listed, "ep-0001")] == [DISK]
    assert [one.disk for one in empty_disks.parse(listed, "EP-0002")] == [f"{DISK}5"]
    assert empty_disks.parse(listed, "EP-0003") == ()


SLIPS = [
    ("all", ": must be a list of disks"),
    ({"disk": DISK}, ": must be a list of disks"),
    (["all"], ", entry 1: must be a disk with its mount point"),
    ([GOOD, {**GOOD, "disk": "all"}], ", entry 2, disk: 'all' is no disk's own name"),
    ([{**GOOD, "disk": "/dev/sdb"}], ", entry 1, disk: '/dev/sdb' is no disk's own name"),
    ([{**GOOD, "disk": "/dev/disk/by-path/pci-0000"}], "is no disk's own name"),
    ([{**GOOD, "disk": "/dev/disk/by-id/dm-name-root"}], "is no disk's own name"),
    ([{**GOOD, "disk": "/dev/disk/by-id/md-uuid-1"}], "is no disk's own name"),
    ([{**GOOD, "disk": "/dev/disk/by-id/../../sda"}], "is no disk's own name"),
    ([{**GOOD, "disk": f"{DISK}\n"}], "is no disk's own name"),
    ([{**GOOD, "disk": f"{DISK}*"}], "is no disk's own name"),
    ([{**GOOD, "disk": f"{DISK}-part1"}], "is a partition: only whole disks are formatted"),
    ([{**GOOD, "disk": 7}], ", entry 1, disk: must be text"),
    ([{"mount": "/srv/data"}], ", entry 1, disk: is missing"),
    ([{"disk": DISK}], ", entry 1, mount: is missing"),
    (
        [{**GOOD, "format": "yes"}],
        ", entry 1, format: is no key that is known here; there are device, disk, mount and label",
    ),
    ([{**GOOD, "mount": "/"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "srv"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "/srv/"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "/srv/../etc"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "/srv/my data"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "/srv/x\n/dev/sda / ext4"}], "is no path of plain letters"),
    ([{**GOOD, "mount": "/etc"}], "belongs to the system"),
    ([{**GOOD, "mount": "/usr/local"}], "belongs to the system"),
    ([{**GOOD, "mount": "/home"}], "belongs to the system"),
    ([{**GOOD, "label": "a label"}], "is no label"),
    ([{**GOOD, "label": "x" * 17}], "is no label"),
    ([{**GOOD, "label": "-O"}], "is no label"),
    ([GOOD, {**GOOD, "mount": "/srv/other"}], f": the disk {DISK} is named twice"),
    ([GOOD, {**GOOD, "disk": f"{DISK}5"}], ": the mount /srv/data is named twice"),
    ([GOOD, {"disk": f"{DISK}5", "mount": "/srv/data/more"}], ": /srv/data/more lies below /srv/data"),
    ([{**GOOD, "device": "EP-0001"}, {**GOOD, "device": "EP-0002"}], f": the disk {DISK} is named twice"),
    ([{**GOOD, "device": "EP-0002", "mount": "/etc"}], "belongs to the system"),
    ([{**GOOD, "device": "../x"}], ", entry 1, device: '../x' an asset tag has 1 to 64 letters"),
    ([{"disk": f"{DISK}{n}", "mount": f"/srv/{n}"} for n in range(201)], "has more than 200 disks"),
]


@pytest.mark.parametrize(("value", "words"), SLIPS, ids=[str(number) for number in range(len(SLIPS))])
def test_slips_are_said_in_one_line(value: Any, words: str) -> None:
    with pytest.raises(LeeboardError) as problem:
        parse(value)
    said = str(problem.value)
    assert words in said and said.startswith("leeboard_format_disks") and said.isprintable()


def test_the_value_of_an_unknown_key_is_not_shown() -> None:
    """A passphrase that slipped into the wrong line is in a log otherwise."""
    with pytest.raises(LeeboardError) as problem:
        parse([{**GOOD, "passphrase": "correct horse"}])
    assert "passphrase: is no key" in str(problem.value) and "horse" not in str(problem.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["disk", "mount", "label", "x"]) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_is_said_is_taken_or_refused_in_one_line(value: Any) -> None:
    try:
        found = parse(value)
    except LeeboardError as problem:
        assert str(problem).isprintable()
    else:
        assert all(one.disk.startswith("/dev/disk/by-id/") for one in found)
