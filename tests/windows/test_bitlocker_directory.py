"""Recovery passwords that Active Directory or Entra keeps: Windows makes them, gives them away, and then encrypts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from . import volume_time
from .bitlocker_bench import Bench, State, add_data, clean, volume
from .bitlocker_school import is_protected
from .test_bitlocker_change import NETWORK, OLD_KEY, TPM, encrypted, with_data

DATA_KEY = {**OLD_KEY, "id": "{AAAAAAAA-0000-4000-8000-00000000000D}"}

AD, ENTRA = "BackupRecoveryInformationToActiveDirectory", "BackupRecoveryInformationToCloudDomain"
MADE = "ProtectKeyWithNumericalPassword"
POLICY = {"OSRecovery": 1, "OSActiveDirectoryBackup": 1, "OSRequireActiveDirectoryBackup": 1, "FDVRecovery": 1,
          "FDVActiveDirectoryBackup": 1, "FDVRequireActiveDirectoryBackup": 1}  # fmt: skip
RECOVERY = 3


def member(state: State) -> State:
    """Of a domain whose policy has recovery passwords go there."""
    (system,) = state["namespaces"]["root\\cimv2"]["Win32_ComputerSystem"]
    system["PartOfDomain"] = True
    state["policy"] = dict(POLICY)
    return state


def joined(state: State) -> State:
    """To Entra, with no policy."""
    state["entra"] = True
    return state


JOIN = {"ad": member, "entra": joined}
METHOD = {"ad": AD, "entra": ENTRA}


def passwords(state: State, letter: str = "C:") -> list[State]:
    """The recovery passwords of a volume."""
    return [one for one in volume(state, letter)["protectors"] if one["type"] == RECOVERY]


def holds(state: State, place: str) -> None:
    """No volume on which encryption has begun is without a password that the directory took."""
    for one in volume_time.instances(state):
        at = one["bitlocker"]
        if at["conversion"] or at["hardware_test"]:
            assert any(place in each.get("taken", []) for each in at["protectors"]), at


def nights(bench: Bench, state: State, place: str, count: int = 4, **wish: Any) -> list[Any]:
    """Roll-outs, each with a restart and hours after it."""
    said = []
    for _night in range(count):
        said.append(bench.change(state, place=place, **wish))
        assert said[-1]["error"] == "" and said[-1]["outcome"]["refusals"] == [], said[-1]
        holds(state, place)
        restart(state)
        volume_time.hours(state, 60)
    return said


def restart(state: State) -> None:
    """And somebody opens what Windows does not open by itself."""
    volume_time.restart(state)
    for one in volume_time.instances(state):
        one["bitlocker"]["locked"] = False


@pytest.mark.parametrize("place", JOIN)
def test_windows_makes_it_gives_it_away_and_then_encrypts(bench: Bench, place: str) -> None:
    state = JOIN[place](with_data(clean()))
    first = nights(bench, state, place)[0]
    assert first["changes"] == [MADE, METHOD[place], "ProtectKeyWithTPM", "EncryptAfterHardwareTest"]
    assert first["outcome"]["needs"] == [], "nothing is asked of the controller"
    assert is_protected(state, "C:", 1, 3) and is_protected(state, "D:", 2, 3)
    for letter in ("C:", "D:"):
        (password,) = passwords(state, letter)
        assert password["taken"] == [place] and password["name"] == "Leeboard recovery password"
        # It is in nothing that the device said.
        assert password["password"] not in json.dumps(first["outcome"]) + json.dumps(first["journal"])
    settled = copy.deepcopy(state)
    again = bench.change(state, place=place)
    assert again["changes"] == [] and again["journal"] == [] and state == settled


@pytest.mark.parametrize("place", JOIN)
def test_a_preview_shows_the_whole_way_and_changes_nothing(bench: Bench, place: str) -> None:
    state = JOIN[place](clean())
    before = copy.deepcopy(state)
    wish = {"protector": "tpm", "method": 7, "place": place, "preview": True, "policy": {}}
    device = bench.asked(state)
    device.check = True
    said = device.ask("survey", wish=wish)["plan"]
    assert state == before
    assert [one.partition(" (")[0] for one in said["done"]] == [
        "C: Windows makes a recovery password", "C: its recovery password goes to the directory", "C: the TPM opens it",
        "C: the next restart tests its protector, and encryption begins",
    ]  # fmt: skip
    assert said["needs"] == [] and said["refusals"] == []


def test_what_is_encrypted_already_gives_its_passwords_away_and_keeps_them(bench: Bench) -> None:
    state = member(with_data(encrypted(TPM, OLD_KEY, NETWORK), DATA_KEY))
    bench.change(state, place="ad")
    for letter, key in (("C:", OLD_KEY), ("D:", DATA_KEY)):
        (password,) = passwords(state, letter)
        assert password["id"] == key["id"] and password["taken"] == ["ad"]
    assert is_protected(state, "C:", 1, 3, 9)


def test_one_that_entra_took_is_given_to_active_directory_too(bench: Bench) -> None:
    state = joined(member(encrypted(TPM, {**OLD_KEY, "taken": ["entra"]})))
    assert bench.change(state, place="ad")["changes"] == [AD]
    assert bench.change(state, place="ad")["changes"] == []
    assert bench.change(state, place="entra")["changes"] == [], "each place is asked for its own"


def test_one_that_active_directory_does_not_have_is_given_to_it_again(bench: Bench) -> None:
    """The device's events say that it took it, and its object is gone: the controller asked there."""
    state = member(encrypted(TPM, {**OLD_KEY, "taken": ["ad"]}))
    other = OLD_KEY["id"].replace("A", "B")
    for not_there, done in (([], 0), ([other], 0), ([OLD_KEY["id"].lower()], 1)):
        said = bench.change(state, place="ad", not_there=not_there)["outcome"]
        assert len(said["done"]) == done and said["refusals"] == [], (not_there, said)
    assert "its recovery password goes to the directory" in said["done"][0]
    assert len(passwords(state)) == 1 and is_protected(state, "C:", 1, 3)
    state["behaviour"] = {AD: 0x1}
    refused = bench.change(state, place="ad", not_there=[OLD_KEY["id"]])
    assert "does not permit that recovery information goes to Active Directory" in refused["error"]


def test_in_clear_nothing_goes_on_before_it_has_it_again(bench: Bench) -> None:
    state = member(clean())
    state["behaviour"] = {"ProtectKeyWithTPM": 0x80070005}
    assert bench.change(state, place="ad")["changes"] == [MADE, AD]
    (password,) = passwords(state)
    assert password["taken"] == ["ad"]
    state["behaviour"] = {AD: 0x1}
    refused = bench.change(state, place="ad", not_there=[password["id"]])
    assert refused["error"] and not volume(state, "C:")["conversion"], refused
    assert [one["type"] for one in volume(state, "C:")["protectors"]] == [RECOVERY]


def test_one_that_was_typed_goes_once_another_one_is_there(bench: Bench) -> None:
    state = member(clean())
    nights(bench, state, "ad")
    (old,) = passwords(state)
    volume_time.typed(state, old["id"], "started")
    state["behaviour"] = {AD: 0x8031000A}
    failed = bench.change(state, place="ad")
    assert "the schema of Active Directory has no place" in failed["error"]
    assert passwords(state)[0]["id"] == old["id"] and len(passwords(state)) == 2
    state["behaviour"] = {}
    assert bench.change(state, place="ad")["changes"] == [AD, "DeleteKeyProtector"]
    (new,) = passwords(state)
    assert new["id"] != old["id"] and new["taken"] == ["ad"]
    assert bench.change(state, place="ad")["changes"] == []


# What stands in the way, said before anything is changed.
REFUSED: dict[str, tuple[str, Callable[[State], object], str]] = {
    "no domain": ("ad", lambda s: s["namespaces"]["root\\cimv2"]["Win32_ComputerSystem"][0].update(PartOfDomain=False),
                  "this device is a member of no domain, so Active Directory keeps no recovery password of it"),
    "not joined": ("entra", lambda s: s.update(entra=False),
                   "this device is not joined to Entra, so Entra keeps no recovery password of it"),
    "nobody says": ("ad", lambda s: s["namespaces"]["root\\cimv2"].pop("Win32_ComputerSystem"),
                    "whether this device is a member of Active Directory cannot be told"),
    "no policy": ("ad", lambda s: s.update(policy={}), "(OSRecovery is not 1); the policy comes first (ENC-07)"),
    "a policy that does not ask": ("ad", lambda s: s["policy"].update(OSActiveDirectoryBackup=0),
                                   "(OSActiveDirectoryBackup is not 1); the policy comes first (ENC-07)"),
    "no passwords": ("ad", lambda s: s["policy"].update(OSRecoveryPassword=0),
                     "group policy forbids recovery passwords"),
    "a failed test": ("ad", lambda s: s.update(taken=[{"id": OLD_KEY["id"], "taken": ["ad"]}]),
                      "which is gone: its hardware test failed, or somebody decrypted it"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_had_is_said_before_anything_is_changed(bench: Bench, what: str) -> None:
    place, spoil, words = REFUSED[what]
    state = JOIN[place](clean())
    spoil(state)
    before = copy.deepcopy(state)
    said = bench.change(state, place=place)
    assert words in " ".join(said["outcome"]["refusals"]), said["outcome"]
    assert said["changes"] == [] and said["journal"] == [] and state == before


def test_a_data_drive_whose_policy_does_not_ask_is_left_and_the_rest_goes_on(bench: Bench) -> None:
    state = member(with_data(encrypted(TPM, {**OLD_KEY, "taken": ["ad"]})))
    state["policy"]["FDVActiveDirectoryBackup"] = 0
    said = bench.change(state, place="ad")
    assert said["changes"] == [] and "D: no group policy permits" in said["outcome"]["refusals"][0]
    assert "(FDVActiveDirectoryBackup is not 1)" in said["outcome"]["refusals"][0]


CODES = {
    "ad": [(1, "the group policy does not permit that recovery information goes to Active Directory"),
           (0x80310008, "the volume has no protector that could be backed up"),
           (0x8031003A, "this protector is no recovery password"),
           (0x8031000A, "the schema of Active Directory has no place"),
           (0x8007054B, "Microsoft's pages do not tell"), ("no number", "it returned no number"),
           ("hang", "did not answer in 25 seconds")],
    "entra": [(1, "it did not do what was asked"), (0x8031003A, "the protector is of another type"),
              (0x80072EE7, "Microsoft's pages do not tell"), ("nothing", "gave no answer")],
}  # fmt: skip


@pytest.mark.parametrize(("place", "code", "words"), [(place, *one) for place, all_ in CODES.items() for one in all_])
def test_nothing_but_0_is_a_password_that_is_kept(bench: Bench, place: str, code: int | str, words: str) -> None:
    """The password that Windows made stays for the next run, which makes no second one."""
    state = JOIN[place](clean())
    state["behaviour"] = {METHOD[place]: code}
    for count in (1, 0):
        said = bench.change(state, place=place)
        assert words in said["error"] and said["changes"] == [MADE] * count, said
        assert len(passwords(state)) == 1 and volume(state)["conversion"] == volume(state)["hardware_test"] == 0
    state["behaviour"] = {}
    nights(bench, state, place)
    assert is_protected(state, "C:", 1, 3)


def test_a_drive_that_encrypts_by_itself_makes_no_password_that_is_relied_on(bench: Bench) -> None:
    state = member(clean())
    state["policy"]["OSHardwareEncryption"] = 0
    volume_time.system(state)["hardware"] = 3
    said = bench.change(state, place="ad")
    assert said["changes"] == [MADE] and "the drive encrypts by itself" in said["outcome"]["refusals"][0]


def test_after_a_hardware_test_that_failed_nothing_is_tried_until_a_person_says_so(bench: Bench) -> None:
    state = member(clean())
    bench.change(state, place="ad")
    (lost,) = passwords(state)
    volume_time.tpm(state).setdefault("pcrs", {})["7"] = 5  # type: ignore[union-attr]
    volume_time.restart(state)
    assert "its hardware test failed" in bench.change(state, place="ad")["outcome"]["refusals"][0]
    volume_time.restart(state)  # Windows has forgotten it; the events have not
    state["taken"] = [{"id": lost["id"], "taken": ["ad"]}]
    assert "ask for another try by name (retry_test)" in bench.change(state, place="ad")["outcome"]["refusals"][0]
    nights(bench, state, "ad", options=["retry_test"])
    assert is_protected(state, "C:", 1, 3)


SCENES: dict[str, Callable[[], State]] = {
    "in clear": lambda: with_data(clean()),
    "suspended, without a password": lambda: encrypted(TPM, clear_key=True, suspended=0),
    "a password that nobody knows": lambda: with_data(encrypted(TPM, OLD_KEY, conversion=4, percentage=20), DATA_KEY),
}


@pytest.mark.parametrize("place", JOIN)
@pytest.mark.parametrize("scene", SCENES)
def test_cut_off_anywhere_the_next_run_finishes_and_the_one_after_changes_nothing(
    bench: Bench, scene: str, place: str
) -> None:
    """Each changing call of each night, before and after Windows did it."""
    watched = JOIN[place](SCENES[scene]())
    points = [(night, call, done) for night, said in enumerate(nights(bench, watched, place))
              for call in range(1, len(said["changes"]) + 1) for done in (True, False)]  # fmt: skip
    assert len(points) >= 4
    for night, call, done in points:
        state = JOIN[place](SCENES[scene]())
        nights(bench, state, place, night)
        said = bench.change(state, place=place, cut=call, done=done)
        assert "the power is off" in said["error"]
        if scene == "in clear":  # of the others somebody began the encryption before
            holds(state, place)
        restart(state)
        nights(bench, state, place)
        for letter in ("C:", "D:") if scene != "suspended, without a password" else ("C:",):
            assert len(passwords(state, letter)) == 1 and passwords(state, letter)[0]["taken"] == [place]
            assert volume(state, letter)["conversion"] == 1 and not volume(state, letter)["clear_key"]
        assert bench.change(state, place=place)["changes"] == []


def test_with_the_vault_no_directory_is_asked_for_anything(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY))
    add_data(state, "E:")
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert not {AD, ENTRA, MADE} & set(said["changes"]) and len(said["outcome"]["needs"]) == 2
