"""What the driver says of real LUKS headers: cryptsetup makes them in files and is asked about them.

Tokens of a TPM were captured (systemd-cryptenroll 257 with swtpm). A mapping cannot be opened without the device
mapper, so dmsetup's table has the form that its manual page gives.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import header as luks_header
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import unlock_test as luks_trial
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import volume as luks_volume

from leeboard.verdict.judgements.volume import Volume
from tests.unit.linux.disks import (
    CHEAP,
    PASSPHRASE,
    UUID,
    Machine,
    block,
    captured_token,
    cryptsetup,
    image,
    mount,
    needs_cryptsetup,
    volumes,
)

TABLE = (
    f"sda3_crypt: 0 8192 crypt aes-xts-plain64 :64:logon:cryptsetup:{UUID}-d0 0 8:3 32768\n"
    "vg-root: 0 4096 linear 254:0 2048\n"
)
FILES: dict[str, str | None] = {
    "/sys/class/block/dm-0/dm/uuid": f"CRYPT-LUKS2-{UUID.replace('-', '')}-sda3_crypt\n",
    "/proc/self/mountinfo": mount("254:0", "/") + mount("8:2", "/boot"),
    "/etc/crypttab": f"sda3_crypt UUID={UUID} none luks,discard\n",
}


def machine(root: Path, path: Path, table: str = TABLE) -> Machine:
    """The container at `path` as the system's disk, open."""
    opened = block("sda3_crypt", "crypt", kname="dm-0", path="/dev/mapper/sda3_crypt", fstype="ext4", maj_min="254:0")
    sda3 = block("sda3", "part", [opened], path=str(path), fstype="crypto_LUKS", uuid=UUID, maj_min="8:3")
    sda2 = block("sda2", "part", fstype="ext4", maj_min="8:2")
    return Machine(root, [block("sda", "disk", [sda2, sda3])], table)


def looked(root: Path, path: Path, files: dict[str, str | None] | None = None, **more: Any) -> dict[str, Any]:
    """The system's volume."""
    found = volumes(machine(root, path, **more).host({**FILES, **(files or {})}))["sda3"]
    Volume.model_validate_json(json.dumps(found))  # the brain takes what the driver gives
    return found


def luks(root: Path, path: Path, **more: Any) -> dict[str, Any]:
    found = looked(root, path, **more)
    assert "trouble" not in found, found
    header: dict[str, Any] = found["luks"]
    return header


@needs_cryptsetup
def test_what_snapd_opens_with_a_key_of_its_own(tmp_path: Path) -> None:
    host = machine(tmp_path, image(tmp_path))
    assert "keeper" not in volumes(host.host(FILES))["sda3"]["luks"]
    # The label as snapd's partition tests have it (gadget, secboot); Ubuntu's firmware updater looks for it as well.
    shown = host.answers["lsblk"]
    assert isinstance(shown, Completed)
    devices = json.loads(shown.out)
    devices["blockdevices"][0]["children"][1]["label"] = "ubuntu-data-enc"
    host.answers["lsblk"] = Completed(0, json.dumps(devices), "")
    found = volumes(host.host())["sda3"]
    header = Volume.model_validate_json(json.dumps(found)).luks
    assert header is not None
    assert header.keeper == "snapd"


def add_slot(path: Path, key: str, *options: str) -> None:
    """A slot whose passphrase is `key`."""
    new = path.with_suffix(".key")
    new.write_text(key)
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], *options, "--key-file", "-", str(path), str(new))


@needs_cryptsetup
def test_a_header_as_the_installation_makes_it(tmp_path: Path) -> None:
    found = luks(tmp_path, image(tmp_path))
    assert found["version"] == 2
    assert found["uuid"] == UUID
    assert found["segments"] == [{"type": "crypt", "cipher": "aes-xts-plain64"}]
    assert found["key_bytes"] == 64
    assert found["slots"] == [{"id": 0, "kdf": "argon2id", "memory_kib": 32, "opens": True}]
    assert found["mapping"] == {"target": "crypt", "cipher": "aes-xts-plain64", "key_bytes": 64}
    assert (found["empty"], found["trials"], found["reencrypting"]) == ({"result": "refused"}, [], False)


@needs_cryptsetup
def test_luks1_is_a_state_of_its_own(tmp_path: Path) -> None:
    found = luks(tmp_path, image(tmp_path, kind="luks1"))
    assert (found["version"], found["key_bytes"]) == (1, 64)
    assert found["slots"] == [{"id": 0, "kdf": "pbkdf2", "opens": True}]
    assert len(found["uuid"]) == 36
    assert found["empty"] == {"result": "refused"}


@needs_cryptsetup
@pytest.mark.parametrize("kind", ["luks1", "luks2"])
def test_an_empty_passphrase_is_found(tmp_path: Path, kind: str) -> None:
    path = image(tmp_path, kind=kind)
    (tmp_path / "key").write_text(PASSPHRASE)
    options = CHEAP["pbkdf2"][-2:] if kind == "luks1" else CHEAP["pbkdf2"]
    cryptsetup("luksAddKey", "-q", *options, "--key-file", str(tmp_path / "key"), str(path), input="\n")
    assert luks(tmp_path, path)["empty"] == {"result": "opens", "why": "slot 1"}


@needs_cryptsetup
def test_an_empty_passphrase_in_a_slot_that_is_passed_over_is_found(tmp_path: Path) -> None:
    path = image(tmp_path)
    (tmp_path / "key").write_text(PASSPHRASE)
    cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], "--key-file", str(tmp_path / "key"), str(path), input="\n")
    cryptsetup("config", "--priority", "ignore", "--key-slot", "1", str(path))
    found = luks(tmp_path, path)
    assert found["slots"][1]["ignored"] is True
    assert found["empty"]["result"] == "opens"


@needs_cryptsetup
def test_a_key_in_the_keyring_is_not_an_empty_passphrase(tmp_path: Path) -> None:
    """cryptsetup asks tokens before passphrases; with such a key at hand it would open, whatever was typed."""
    path = image(tmp_path)
    cryptsetup("token", "add", "--key-description", "leeboard:nobody", "--key-slot", "0", str(path))
    host = machine(tmp_path, path)
    assert volumes(host.host(FILES))["sda3"]["luks"]["empty"] == {"result": "refused"}
    (tried,) = [argv for argv in host.asked if "--test-passphrase" in argv and "--token-only" not in argv]
    assert tried[tried.index("--token-type") + 1] == "leeboard-none"


@needs_cryptsetup
def test_a_slot_of_another_key_opens_nothing(tmp_path: Path) -> None:
    path = image(tmp_path)
    add_slot(path, "other", "--unbound", "--key-size", "512")
    found = luks(tmp_path, path)
    assert [slot["opens"] for slot in found["slots"]] == [True, False]


@needs_cryptsetup
def test_a_trial_that_would_take_all_night_is_not_made_and_says_so(tmp_path: Path) -> None:
    path = image(tmp_path)
    for memory, words in (("9999999", ""), ("16", "16 KiB")):
        host = machine(tmp_path / memory, path).host(
            {**FILES, "/proc/meminfo": f"MemTotal: 1 kB\nMemAvailable: {memory} kB\n"}
        )
        empty = volumes(host)["sda3"]["luks"]["empty"]
        assert empty["result"] == ("not-tested" if words else "refused")
    found = {"version": 2, "slots": [{"id": 0, "opens": True}], "costs": {0: (1048576, 100, 0)}}
    assert "longer than a check may" in luks_trial.try_empty(machine(tmp_path, path).host(), "/dev/x", found, "")["why"]
    found["costs"] = {0: (0, 0, 100_000_000)}
    assert "longer than a check may" in luks_trial.try_empty(machine(tmp_path, path).host(), "/dev/x", found, "")["why"]


class Slow(Machine):
    """A double: the real cryptsetup cannot be made slow at will."""

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        if "--test-passphrase" in argv:
            raise HostError("timeout", f"cryptsetup gave no answer within {timeout:.0f} s")
        return super().__call__(argv, input, timeout, environment)


@needs_cryptsetup
def test_a_trial_that_takes_too_long_costs_nothing_but_itself(tmp_path: Path) -> None:
    slow = Slow(tmp_path, [])
    slow.answers = machine(tmp_path, image(tmp_path)).answers
    found = volumes(slow.host(FILES))["sda3"]["luks"]
    assert found["empty"]["result"] == "not-tested"
    assert "90 s" in found["empty"]["why"]
    assert found["slots"]


@needs_cryptsetup
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tpm2_pcr7", {"type": "systemd-tpm2", "pin": False, "pcrs": [7], "pcrlock": False}),
        ("tpm2_pcr7_8_9", {"type": "systemd-tpm2", "pin": False, "pcrs": [7, 8, 9], "pcrlock": False}),
        ("tpm2_pcr7_pin", {"type": "systemd-tpm2", "pin": True, "pcrs": [7], "pcrlock": False}),
        (
            "tpm2_pcr7_signed_pcr11",
            {"type": "systemd-tpm2", "pin": False, "pcrs": [7], "signed_pcrs": [11], "pcrlock": False},
        ),
        ("recovery", {"type": "systemd-recovery"}),
    ],
)
def test_tokens(tmp_path: Path, name: str, said: dict[str, Any]) -> None:
    path = image(tmp_path)
    cryptsetup("token", "import", "--json-file", "-", "--token-id", "0", str(path), input=captured_token(name))
    assert luks(tmp_path, path)["tokens"] == [{"id": 0, "slots": [0], **said}]


# Made by hand in the form of Clevis' documents and source: no TPM and no Tang server could be had.
CLEVIS = {
    "tpm2": ({"pin": "tpm2", "tpm2": {"hash": "sha256", "pcr_bank": "sha256", "pcr_ids": "7,8"}}, ["tpm2"], [7, 8]),
    "tang": ({"pin": "tang", "tang": {"url": "http://tang.example.org"}}, ["tang"], []),
}


def jose(header: dict[str, Any]) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps({"clevis": header}).encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", sorted(CLEVIS))
def test_bindings_of_clevis(name: str) -> None:
    header, pins, pcrs = CLEVIS[name]
    assert luks_header._clevis(jose(header), 0) == (pins, pcrs)


def test_bindings_of_clevis_within_each_other() -> None:
    inner = [jose(CLEVIS[name][0]) + ".a.b.c.d" for name in ("tang", "tpm2")]
    assert luks_header._clevis(jose({"pin": "sss", "sss": {"t": 2, "jwe": inner}}), 0) == (
        ["sss-2", "tang", "tpm2"],
        [7, 8],
    )


def refused(tmp_path: Path, done: Completed, pcrs: str = "tpm2_pcr7") -> dict[str, Any]:
    """What a token's trial comes to when cryptsetup ends so (a double: no TPM can be had here)."""
    token = luks_header._token("0", json.loads(captured_token(pcrs)))
    host = Machine(tmp_path, []).host()
    host._runner.answers["cryptsetup"] = done
    trial = luks_trial.try_token(host, "/dev/sda3", token, "")
    assert trial is not None
    return trial


def test_the_trial_of_a_token(tmp_path: Path) -> None:
    assert refused(tmp_path, Completed(0, "", "")) == {"result": "opens", "token": 0}
    # Captured from cryptsetup 2.7.5 where the plug-in is there and the machine has no TPM, and where there is none.
    missing = refused(
        tmp_path, Completed(1, "Command failed with code -1.\n", "Token 0 requires additional missing resource.\n")
    )
    assert missing["result"] == "refused"
    none = refused(tmp_path, Completed(1, "No usable token is available.\n", ""))
    assert (none["result"], "systemd-cryptsetup" in none["why"]) == ("not-tested", True)
    assert "PCR 11" in refused(tmp_path, Completed(0, "", ""), "tpm2_pcr7_signed_pcr11")["why"]


def test_a_token_with_a_pin_is_left_alone(tmp_path: Path) -> None:
    token = luks_header._token("0", json.loads(captured_token("tpm2_pcr7_pin")))
    host = Machine(tmp_path, []).host()
    assert luks_trial.try_token(host, "/dev/sda3", token, "") is None
    assert host._runner.asked == []


@needs_cryptsetup
def test_a_re_encryption_that_is_half_done(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as stream:
        stream.truncate(60 * 1024 * 1024)
    cryptsetup("reencrypt", "--encrypt", "--init-only", "-q", "--reduce-device-size", "32M", *CHEAP["pbkdf2"],
               "--key-file", "-", str(path))  # fmt: skip
    found = luks(tmp_path, path)
    assert found["reencrypting"] is True
    assert {"type": "linear", "cipher": ""} in found["segments"]


@needs_cryptsetup
def test_a_damaged_header_is_an_error_of_that_volume_only(tmp_path: Path) -> None:
    path = image(tmp_path)
    with path.open("r+b") as stream:
        for place in (4096 + 100, 16384 + 4096 + 100):
            stream.seek(place)
            stream.write(b"\xff" * 64)
    found = volumes(machine(tmp_path, path).host(FILES))
    assert found["sda3"]["trouble"]["code"] == "malformed"
    assert "both copies" in found["sda3"]["trouble"]["why"]
    assert found["sda2"]["encryption"] == "none"


@needs_cryptsetup
def test_one_damaged_copy_of_the_header_is_no_error(tmp_path: Path) -> None:
    path = image(tmp_path)
    with path.open("r+b") as stream:
        stream.seek(4096 + 100)
        stream.write(b"\xff" * 64)
    assert luks(tmp_path, path)["version"] == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"segments": {}}', "[" * 100_000, '{"keyslots": {"a": 1}}'])
def test_metadata_that_makes_no_sense(text: str) -> None:
    with pytest.raises(HostError) as problem:
        luks_header.luks2(text)
    assert problem.value.code == "malformed"


@needs_cryptsetup
def test_every_way_to_cut_the_metadata_off_is_malformed(tmp_path: Path) -> None:
    text = cryptsetup("luksDump", "--dump-json-metadata", str(image(tmp_path)))
    for end in range(0, len(text.rstrip()) - 1, 7):
        with pytest.raises(HostError):
            luks_header.luks2(text[:end])


def test_segments_of_a_drive_that_encrypts_by_itself() -> None:
    """The form is that of the LUKS2 specification and of libcryptsetup's source: no such drive could be had."""
    found = {
        "keyslots": {}, "tokens": {}, "digests": {}, "config": {"requirements": {"mandatory": ["opal"]}},
        "segments": {
            "0": {"type": "hw-opal", "opal_segment_number": 1},
            "1": {"type": "hw-opal-crypt", "encryption": "aes-xts-plain64"},
        },
    }  # fmt: skip
    said = luks_header.luks2(json.dumps(found))
    assert [one["type"] for one in said["segments"]] == ["hw-opal", "hw-opal-crypt"]
    assert said["reencrypting"] is False


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a: 0 8 crypt aes-xts-plain64 :64:logon:cryptsetup:x-d0 0 8:3 0", ("crypt", "aes-xts-plain64", 64)),
        (
            f"a: 0 8 crypt aes-cbc-essiv:sha256 {'0' * 64} 0 8:3 0 1 allow_discards",
            ("crypt", "aes-cbc-essiv:sha256", 32),
        ),
        ("a: 0 8 crypt cipher_null-ecb - 0 8:3 0", ("crypt", "cipher_null-ecb", None)),
        ("a: 0 8 crypt capi:xts(aes)-plain64 :32:logon:x 0 8:3 0", ("crypt", "xts(aes)-plain64", 32)),
        ("a: 0 8 linear 8:3 0", ("linear", None, None)),
        ("a: 0 8 crypt aes-xts-plain64 :64:logon:x 0 8:3 0\na: 8 8 linear 8:3 9", ("linear", None, None)),
    ],
)
def test_what_the_kernel_does_now(tmp_path: Path, line: str, said: tuple[Any, ...]) -> None:
    found = luks_header.mappings(Machine(tmp_path, [], line + "\n").host())["a"]
    assert (found["target"], found.get("cipher"), found.get("key_bytes")) == said


@needs_cryptsetup
def test_a_mapping_that_encrypts_nothing_is_reported(tmp_path: Path) -> None:
    found = luks(tmp_path, image(tmp_path), table="sda3_crypt: 0 8192 linear 8:3 32768\n")
    assert found["mapping"] == {"target": "linear"}


def test_nothing_but_metadata_leaves_the_machine(tmp_path: Path) -> None:
    """No salt, no sealed key, no passphrase: what travels is named one by one."""
    if shutil.which("cryptsetup") is None:
        pytest.skip("needs cryptsetup-bin")
    path = image(tmp_path)
    cryptsetup("token", "import", "--json-file", "-", "--token-id", "0", str(path), input=captured_token("tpm2_pcr7"))
    text = json.dumps(looked(tmp_path, path))
    token = json.loads(captured_token("tpm2_pcr7"))
    salt = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(path)))["keyslots"]["0"]["kdf"]["salt"]
    for secret in (token["tpm2-blob"], token["tpm2_srk"], salt, PASSPHRASE):
        assert secret not in text


@needs_cryptsetup
def test_a_header_too_large_to_send_says_so(tmp_path: Path) -> None:
    path = image(tmp_path)
    for number in range(32):
        token = json.dumps({"type": "x" * 100, "keyslots": ["0"], "filler": number})
        cryptsetup("token", "import", "--json-file", "-", "--token-id", str(number), str(path), input=token)
    found = looked(tmp_path, path)
    assert len(json.dumps(found)) <= 8192
    assert "trouble" not in found
    texts = luks_volume._text({**found, "other": "y" * 9000})
    assert json.loads(texts)["trouble"]["code"] == "too_large"
