"""The judgements on volumes: what they derive, from what, and what they refuse to judge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from leeboard.model.finding import Finding
from leeboard.model.judgements import QUESTIONS, TEXTS
from leeboard.model.observation import Aspect
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, MakesNoSense
from leeboard.verdict.judgements.registry import JUDGEMENTS, derive
from tests.unit.brain import AT, absent, baseline, control, device, observation, setting, unreadable, value
from tests.unit.verdict.volumes import ON, TPM, answer, clear, facts, faults, judged, luks, texts, volume

# The seam


def derived(effective: dict[str, Any], judgement: str = "unencrypted_system", **accept: Any) -> Finding:
    wanted = setting(judgement=judgement, accept=accept or {"operator": "none", "value": []}, write=None, mode="report")
    (found,) = evaluate(
        resolve(baseline(control(wanted)), device()),
        observation([{"address": "/idle", "effective": effective}], ON),
        AT,
    )
    return found


def test_the_derived_value_is_seen_and_its_grounds_are_the_reason() -> None:
    found = derived(value(texts(volume())))
    assert (found.verdict, found.judged[0].seen, found.judged[0].reason) == (
        "compliant",
        "none",
        "sda3 (/, swap): LUKS2",
    )
    assert found.judged[0].source == "a file"
    found = derived(value(texts(volume(), clear("sda4", "/home", "system"))))
    assert (found.verdict, found.judged[0].seen) == ("drifted", "sda4 (/home): not encrypted")


def test_a_word_and_a_number_go_through_the_operators() -> None:
    assert derived(value(texts(volume())), "pre_boot", operator="one_of", value=["passphrase"]).verdict == "compliant"
    assert derived(value(texts(volume())), "pre_boot", operator="one_of", value=["tpm"]).verdict == "drifted"
    assert derived(value(texts(volume())), "ways_in", operator="at_least", value=2).verdict == "compliant"
    assert derived(value(texts(volume())), "ways_in", operator="at_least", value=3).verdict == "drifted"


def test_a_machine_in_clear_has_no_cipher_that_could_be_strong_enough() -> None:
    in_clear = value(texts(clear("sda1", "/", "system"), clear("sda2", "", "swap")))
    for name in ("weak_ciphers", "not_luks2", "hardware_only", "weak_derivation", "unprotected"):
        found = derived(in_clear, name)
        assert (found.verdict, found.reason) == ("not_applicable", "no such volume is encrypted")
    assert derived(in_clear, "shortest_key", operator="at_least", value=32).verdict == "not_applicable"
    assert derived(in_clear).verdict == "drifted"


def test_what_cannot_be_told_is_not_checked_and_never_shows_the_objects() -> None:
    zfs = volume(encryption="unknown", other="ZFS")
    found = derived(value(texts(zfs)))
    assert (found.verdict, found.judged[0].code, found.judged[0].seen) == ("not_checked", "cannot_be_told", "")
    assert "it lies on ZFS, into which" in found.judged[0].reason
    assert not found.planned_only


def test_a_reading_that_failed_or_is_not_there_is_judged_as_ever() -> None:
    assert derived(unreadable("timeout", "lsblk gave no answer")).judged[0].code == "timeout"
    assert derived(absent()).verdict == "drifted"


@pytest.mark.parametrize(
    "sent",
    [
        "sda3",
        True,
        ["{"],
        ["null"],
        ["[]"],
        [""],
        ["[" * 5000],
        [json.dumps(volume(colour="red"))],
        [json.dumps(volume(removable="no"))],
        [json.dumps(volume(roles=["kitchen"]))],
        [json.dumps(volume(luks(key_bytes=-1)))],
        [json.dumps(volume(luks(key_bytes=64.5)))],
        [json.dumps(volume(luks(version=3)))],
        [json.dumps(volume())[:200]],
        [json.dumps(volume())] * 501,
    ],
)
def test_objects_that_make_no_sense_are_an_error_with_a_reason(sent: Any) -> None:
    found = derived(value(sent))
    assert found.verdict == "error"
    assert found.judged[0].reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_a_device_sends_no_judgement_raises_anything_else(sent: Any) -> None:
    for name in JUDGEMENTS:
        if QUESTIONS[name].objects in TEXTS:
            assert isinstance(derive(name, [json.dumps(sent)[:1000]], facts(), AT), Answer)
            continue
        with pytest.raises(MakesNoSense):
            derive(name, [json.dumps(sent)], facts(), AT)


def test_control_characters_of_a_device_are_not_printed() -> None:
    found = derived(value(texts(clear("sda4", "/ho\x1bme", "system"), volume())))
    assert "\x1b" not in json.dumps(found.as_json(), ensure_ascii=False)


def test_a_judgement_sees_only_the_facts_it_named() -> None:
    given = Facts(facts(chassis=value("portable")), ("secure_boot",))
    assert given.value("secure_boot") == "on"
    with pytest.raises(KeyError):
        given.value("chassis")


@pytest.mark.parametrize("fact", [unreadable("denied", "efivarfs"), None])
def test_a_fact_that_failed_matters_to_who_needs_it_only(fact: Any) -> None:
    said = {} if fact is None else {"secure_boot": fact}
    known = {"boot_chain": value("grub"), **said}
    read = TypeAdapter(dict[str, Aspect]).validate_python(known)
    assert derive("unprotected", texts(volume()), read, AT).value == ()
    with pytest.raises(MakesNoSense):
        derive("unprotected", texts(volume(luks(tokens=[TPM]))), read, AT)


# Encrypted?


def test_each_volume_counts_by_its_role() -> None:
    disks = [
        volume(),
        clear("sda1", "/boot", "boot"),
        clear("sda4", "/srv", "data"),
        clear("sda5", "", "swap"),
        clear("sdb1", "/media/ada/STICK", "data", removable=True),
    ]
    assert judged("unencrypted_system", *disks) == ()
    assert judged("unencrypted_data", *disks) == ("sda4 (/srv): not encrypted",)
    assert judged("unencrypted_swap", *disks) == ("sda5 (swap): not encrypted",)


def test_a_system_on_a_removable_drive_counts() -> None:
    assert judged("unencrypted_system", clear("sdb1", "/", "system", removable=True)) == ("sdb1 (/): not encrypted",)


def test_a_file_system_half_in_clear_is_not_encrypted() -> None:
    assert judged("unencrypted_system", volume(), clear("sdb", "/", "system")) == ("sdb (/): not encrypted",)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (luks(segments=[{"type": "linear"}]), "in clear"),
        (luks(segments=[{"type": "crypt", "cipher": "cipher_null-ecb"}]), "in clear"),
        (luks(mapping={"target": "crypt", "cipher": "cipher_null-ecb", "key_bytes": 0}), "cipher null"),
        (luks(mapping={"target": "linear"}), "encrypts nothing"),
    ],
)
def test_a_header_alone_does_not_make_it_encrypted(header: dict[str, Any], words: str) -> None:
    assert words in faults("unencrypted_system", header)


def test_a_device_without_a_system_volume_cannot_be_judged() -> None:
    with pytest.raises(MakesNoSense, match="no volume under /"):
        answer("unencrypted_system", clear("sda4", "/srv", "data"))


def test_a_header_that_could_not_be_read_hides_no_other_volume() -> None:
    damaged = volume(luks=None, trouble={"code": "malformed", "why": "both copies of its header are damaged"})
    with pytest.raises(MakesNoSense, match=r"both copies.*besides, sda4 \(/home\): not encrypted"):
        answer("unencrypted_system", damaged, clear("sda4", "/home", "system"))


def test_other_systems_encryption_on_the_same_disk_counts_as_such() -> None:
    assert judged("unencrypted_data", clear("x", "", "data") | {"encryption": "other", "other": "BitLocker"}) == ()


def plain(key: str, cipher: str = "aes-xts-plain64", **changes: Any) -> dict[str, Any]:
    mapping = {"target": "crypt", "cipher": cipher, "key_bytes": 64}
    return clear("swap0", "", "swap", **changes) | {"encryption": "plain", "plain": {"mapping": mapping, "key": key}}


def test_swap_with_a_passing_key_is_encrypted_and_cannot_be_resumed_from() -> None:
    assert judged("unencrypted_swap", plain("random")) == ()
    assert "hibernation" in str(judged("unencrypted_swap", plain("random", resume=True)))
    assert judged("unencrypted_swap", plain("passphrase", resume=True)) == ()
    lying = plain("file")
    lying["plain"]["key_files"] = [{"path": "/boot/swap.key", "place": "unencrypted"}]
    assert "whoever has the disk has the key" in str(judged("unencrypted_swap", lying))
    assert "cipher null" in str(judged("unencrypted_swap", plain("random", "cipher_null-ecb")))
    assert judged("unencrypted_swap", volume(roles=["system"])) == ()


# How well?


def test_ciphers_keys_versions_and_derivation() -> None:
    assert judged("weak_ciphers", volume()) == ()
    assert "aes-cbc-essiv:sha256" in str(judged("weak_ciphers", plain("random", "aes-cbc-essiv:sha256")))
    old = {"target": "crypt", "cipher": "aes-cbc-plain", "key_bytes": 32}
    assert "aes-cbc-plain" in faults("weak_ciphers", luks(mapping=old))
    assert judged("shortest_key", volume(), plain("random")) == 64
    assert judged("shortest_key", volume(luks(mapping=old))) == 32
    assert faults("not_luks2", luks(version=1)).startswith("sda3 (/, swap): LUKS1")
    assert "without a header" in str(judged("not_luks2", plain("passphrase") | {"roles": ["system"], "mounts": ["/"]}))
    assert "hw-opal" in faults("hardware_only", luks(segments=[{"type": "hw-opal"}]))
    assert faults("hardware_only", luks(segments=[{"type": "hw-opal-crypt", "cipher": "aes-xts-plain64"}])) == ""


def test_pbkdf2_is_weak_for_a_passphrase_and_right_for_a_random_key() -> None:
    assert faults("weak_derivation", luks()) == ""
    assert "slot 1 uses pbkdf2" in faults("weak_derivation", luks(tokens=[]))
    strong = {"id": 0, "kdf": "argon2id", "memory_kib": 19 * 1024, "opens": True}
    assert faults("weak_derivation", luks(tokens=[], slots=[strong, {"id": 1, "kdf": "pbkdf2", "opens": False}])) == ""
    cheap = "slot 0 uses argon2id with 32 KiB, and 19456 are the least"
    assert cheap in faults("weak_derivation", luks(tokens=[], slots=[{**strong, "memory_kib": 32}]))
    untold = {key: said for key, said in strong.items() if key != "memory_kib"}
    assert "is not told" in faults("weak_derivation", luks(tokens=[], slots=[untold]))


# Protection on?


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (luks(), ""),
        (luks(empty={"result": "opens", "why": "slot 2"}), "slot 2 opens with an empty passphrase"),
        (luks(reencrypting=True), "half done"),
        (luks(key_files=[{"path": "/boot/key", "place": "unencrypted"}]), "not encrypted, so whoever"),
        (luks(key_files=[{"path": "/etc/keys/a", "place": "initramfs"}]), "in the initramfs"),
        (luks(key_files=[{"path": "/etc/keys/a", "place": "encrypted"}]), ""),
        (luks(tokens=[TPM]), ""),
        (luks(tokens=[TPM | {"pcrs": [7]}]), "bound to PCRs 7, not to 8, 9: anyone who edits"),
        (luks(tokens=[TPM | {"pcrs": []}]), "bound to PCRs none"),
        (luks(tokens=[TPM | {"pcrs": [7], "pin": True}]), ""),
        (luks(tokens=[TPM | {"pcrs": [], "signed_pcrs": [11]}]), ""),
        (luks(tokens=[TPM | {"pcrs": [], "pcrlock": True}]), ""),
        (luks(tokens=[TPM | {"type": "clevis", "pins": ["tpm2"], "pcrs": [7]}]), "anyone who edits"),
        (luks(tokens=[TPM | {"type": "clevis", "pins": ["tang"], "pcrs": []}]), ""),
        (luks(tokens=[TPM | {"type": "clevis", "pins": ["sss-2", "tang", "tpm2"], "pcrs": []}]), ""),
        (luks(tokens=[TPM | {"type": "clevis", "pins": ["sss-1", "tang", "tpm2"], "pcrs": []}]), "anyone who edits"),
    ],
)
def test_protection(header: dict[str, Any], words: str) -> None:
    found = faults("unprotected", header)
    assert words in found
    assert bool(words) == bool(found)


@pytest.mark.parametrize("state", ["off", "none"])
@pytest.mark.parametrize("policy", [{}, {"signed_pcrs": [11]}, {"pcrlock": True}])
def test_no_policy_counts_without_secure_boot(state: str, policy: dict[str, Any]) -> None:
    assert "Secure Boot is not on" in faults("unprotected", luks(tokens=[TPM | policy]), secure_boot=value(state))


def test_a_unified_kernel_image_is_covered_by_7_and_11() -> None:
    uki = value("uki")
    assert faults("unprotected", luks(tokens=[TPM | {"pcrs": [7, 11]}]), boot_chain=uki) == ""
    assert "not to 11" in faults("unprotected", luks(tokens=[TPM]), boot_chain=uki)
    with pytest.raises(CannotBeTold, match="boot chain other"):
        answer("unprotected", volume(luks(tokens=[TPM])), boot_chain=value("other"))


def test_what_was_not_tried_is_not_called_protected() -> None:
    with pytest.raises(CannotBeTold, match="too little memory"):
        answer("unprotected", volume(luks(empty={"result": "not-tested", "why": "too little memory"})))
    with pytest.raises(CannotBeTold, match="a script of its own"):
        key = {"path": "/x", "place": "unknown", "why": "a script of its own makes it"}
        answer("unprotected", volume(luks(key_files=[key])))
    for strange in ({"keeper": "snapd"}, {"tokens": [{"id": 0, "type": "ubuntu-fde", "slots": [0]}]}):
        for question in ("unprotected", "pre_boot"):
            with pytest.raises(CannotBeTold, match="is not known"):
                answer(question, volume(luks(**strange)))
        assert answer("pre_boot", volume(luks(**strange, empty={"result": "opens"}))).value == "nothing"
    # What is surely wrong is said all the same.
    assert "half done" in faults("unprotected", luks(empty={"result": "not-tested"}, reencrypting=True))


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (luks(), "passphrase"),
        (luks(tokens=[TPM]), "tpm"),
        (luks(tokens=[TPM | {"pin": True}]), "tpm-and-pin"),
        (luks(tokens=[TPM | {"pin": True, "slots": []}]), "passphrase"),
        (luks(tokens=[TPM | {"pin": True}, TPM | {"id": 1}]), "tpm"),
        (luks(tokens=[{"id": 0, "type": "systemd-fido2", "slots": [1]}]), "security-key"),
        (luks(tokens=[TPM | {"type": "clevis", "pins": ["tang"]}]), "network"),
        (luks(empty={"result": "opens"}), "nothing"),
        (luks(key_files=[{"path": "/boot/key", "place": "unencrypted"}]), "nothing"),
    ],
)
def test_what_the_disk_asks_for(header: dict[str, Any], word: str) -> None:
    assert judged("pre_boot", volume(header)) == word


def test_a_machine_that_is_not_encrypted_asks_for_nothing() -> None:
    assert judged("pre_boot", clear("sda3", "/", "system")) == "nothing"
    assert judged("ways_in", clear("sda3", "/", "system")) == 0


def test_an_encrypted_data_disk_is_no_way_into_a_system_in_clear() -> None:
    data = volume(name="sdb1", mounts=["/srv"], roles=["data"])
    assert judged("ways_in", clear("sda1", "/", "system"), data) == 0
    assert judged("ways_in", volume(), data) == 2


def test_the_slots_of_a_tpm_are_one_way() -> None:
    assert judged("ways_in", volume()) == 2
    assert judged("ways_in", volume(luks(tokens=[TPM | {"slots": [0, 1]}]))) == 1
    assert judged("ways_in", volume(luks(slots=[{"id": 0, "kdf": "argon2id", "opens": True}]))) == 1
