"""A drive that is full while BitLocker is switched on: nothing is encrypted, one clear line, and then it goes on."""

from __future__ import annotations

import copy

import pytest

from . import volume_time
from .bitlocker_bench import Bench, volume
from .test_bitlocker_change import OLD_KEY, TPM, encrypted, with_data

FULL, TOO_LITTLE = 0x80070070, 0x80310011


def test_where_no_journal_can_be_written_nothing_is_changed(bench: Bench) -> None:
    state = with_data(encrypted(OLD_KEY, conversion=0, percentage=0))
    state["full"] = True
    before = copy.deepcopy(state)
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert said["error"] == "the journal cannot be written; make room"
    assert said["changes"] == [] and said["journal"] == [] and state == before
    del state["full"]
    assert "EncryptAfterHardwareTest" in bench.change(state, kept=[OLD_KEY["id"]])["changes"]


@pytest.mark.parametrize("code", [FULL, TOO_LITTLE], ids=hex)
@pytest.mark.parametrize("method", ["ProtectKeyWithTPM", "EncryptAfterHardwareTest"])
def test_windows_that_finds_no_room_has_encrypted_nothing(bench: Bench, method: str, code: int) -> None:
    state = with_data(encrypted(OLD_KEY, conversion=0, percentage=0))
    state["behaviour"] = {method: code}
    data = volume(state, "D:")
    for _night in range(2):
        said = bench.change(state, kept=[OLD_KEY["id"]])
        assert f"(0x{code:08x})" in said["error"] and "\n" not in said["error"] and "C: " in said["error"]
        assert "make room" in said["error"] or "too little free space" in said["error"]
        now = volume(state)
        assert (now["conversion"], now["hardware_test"]) == (0, 0) and volume(state, "D:") == data
        # The TPM may be in it by then; a second night adds no second one.
        assert [one["type"] for one in now["protectors"]] in ([3], [3, 1]), now
    state["behaviour"] = {}
    assert bench.change(state, kept=[OLD_KEY["id"]])["changes"][-1] == "EncryptAfterHardwareTest"


def test_a_data_drive_without_room_leaves_the_volume_of_windows_protected(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY), OLD_KEY, conversion=0, percentage=0)
    state["behaviour"] = {"Encrypt": FULL}
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert "the drive is full; make room on it (0x80070070)" in said["error"] and "D: " in said["error"]
    assert volume(state, "D:")["conversion"] == 0 and volume(state)["conversion"] == 1
    assert not volume_time.system(state)["clear_key"]
