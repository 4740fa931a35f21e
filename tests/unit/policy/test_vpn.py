"""The VPN of each level is what the controls judge: protocols, strength, routes; and one suite in three spellings."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.device import device
from leeboard.model.enums import LEVELS, Level, Mode
from leeboard.model.values import Value
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.policy.vpn import vpn_by_level
from leeboard.verdict.judgements.proposals import strength_of_esp, strength_of_ike

PHONEBOOK = Path(__file__).resolve().parents[3] / "plugins/module_utils/_windows/vpn/Phonebook.psm1"


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("said", ["strays", "none", None])
def test_the_old_word_for_strays_is_refused_and_the_new_one_named(platform: str, said: str | None) -> None:
    """In any inventory, with whatever value: ignored, it would change what a roll-out does."""
    variables = {"leeboard_urn": "900001", "leeboard_platform": platform, "leeboard_form": "portable"}
    variables |= {"leeboard_role": "staff_portable", "leeboard_level": "high"}
    with pytest.raises(LeeboardError) as refused:
        device("lt-1", {**variables, "leeboard_remove_vpn_profiles": said}, ("vpn_profiles",))
    words = str(refused.value)
    assert words.startswith("lt-1: leeboard_remove_vpn_profiles is now leeboard_vpn_profiles") and "\n" not in words


def asked(level: Level, platform: str) -> Wanted:
    variables = {
        "leeboard_urn": "900001",
        "leeboard_platform": platform,
        "leeboard_form": "portable",
        "leeboard_role": "staff_portable",
        "leeboard_level": level.value,
    }
    return resolve(load(), device("lt-1", variables, ()))


def accepted(level: Level, platform: str, control: str, setting: str) -> Value:
    settings = asked(level, platform).settings
    return next(one.value for one in settings if (one.control.id, one.setting.id) == (control, setting))


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_what_the_controls_accept(level: Level) -> None:
    vpn = vpn_by_level()[level]
    protocols = accepted(level, "linux", "REM-01", "protocols")
    assert isinstance(protocols, tuple) and set(vpn.kinds) <= set(protocols)
    assert ("wireguard" in vpn.kinds) == ("wireguard" in protocols)
    for setting, proposals, strength in (("ike", vpn.ike, strength_of_ike), ("esp", vpn.esp, strength_of_esp)):
        least = accepted(level, "linux", "REM-02", setting)
        assert accepted(level, "windows", "REM-02", f"windows-{setting}") == least
        assert isinstance(least, int) and min(map(strength, proposals)) == vpn.strength >= least
    control = load().control("REM-04")
    assert control is not None and vpn.everything == (getattr(control.mode, level.value) is Mode.ENFORCE)


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_one_suite_in_three_spellings(level: Level) -> None:
    vpn = vpn_by_level()[level]
    (ike,), (esp,) = vpn.ike, vpn.esp
    cipher, prf, group = ike.split("-")
    bits = cipher.removeprefix("aes").removesuffix("gcm16")
    assert esp == f"{cipher}-{group}"
    assert vpn.windows == {
        "AuthenticationTransformConstants": f"GCMAES{bits}",
        "CipherTransformConstants": f"GCMAES{bits}",
        "EncryptionMethod": f"GCMAES{bits}",
        "IntegrityCheckMethod": prf.removeprefix("prf").upper(),
        "DHGroup": group.upper(),
        "PfsGroup": group.upper(),
    }


@pytest.mark.parametrize("level", LEVELS)
def test_a_phonebook_with_these_numbers_is_read_as_that_suite(level: Level) -> None:
    """By the tables of the driver that reads phonebooks; it does not look at the fifth number."""
    text = PHONEBOOK.read_text()

    def table(name: str) -> dict[int, str]:
        (found,) = re.findall(rf"^\$script:{name} = @\{{(.*?)\}}", text, re.MULTILINE | re.DOTALL)
        return {int(number): word for number, word in re.findall(r"(\d+) = '([a-z0-9]+)'", found)}

    vpn = vpn_by_level()[level]
    integrity, encryption, group, cipher, authentication, pfs = vpn.phonebook
    assert vpn.ike == (f"{table('Ciphers')[encryption]}-prf{table('Hashes')[integrity]}-{table('Groups')[group]}",)
    assert vpn.esp == (f"{table('Traffic')[cipher]}-{table('PfsGroups')[pfs]}",)
    assert authentication == {"GCMAES128": 3, "GCMAES256": 5}[vpn.windows["AuthenticationTransformConstants"]]


def test_a_level_is_never_weaker_than_the_one_before() -> None:
    found: list[Any] = [vpn_by_level()[level] for level in LEVELS]
    assert [one.strength for one in found] == sorted(one.strength for one in found)
    assert [one.everything for one in found] == sorted(one.everything for one in found)
    assert all(set(more.kinds) <= set(less.kinds) for less, more in pairwise(found))
