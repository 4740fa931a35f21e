"""Adding a recovery key to a LUKS2 volume, proving it, and removing a slot. The key is made and kept elsewhere first.

Every function leaves a volume that opens by all that opened it before, wherever it is cut off:

    add      token that names key and slot -> slot -> token gets the slot -> the slot is opened by the key alone
    remove   the key that stays opens its slot -> slot wiped -> its token removed

A secret goes through a pipe; what a program says is never repeated where it could hold one.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.secret_pipe import secret_files
from ..system.block_devices import Device, devices
from . import binding
from .header import MOST
from .unlock_test import NO_TOKEN, TOKEN_TIMEOUT

PATIENCE = 300  # seconds of one cryptsetup: an old slot may take long to open on a slow machine
# The key has 256 bits of chance, so that nothing is gained by a costly derivation, as systemd-cryptenroll has it.
DERIVATION = ["--pbkdf", "pbkdf2", "--hash", "sha512"]
# cryptsetup(8), "RETURN CODES"; 1 is everything else, and explained in words.
STATUSES = {2: "what should open the volume does not", 3: "out of memory", 4: "no such device", 5: "it is in use"}
BY_TPM = ["--token-only", "--token-type", "systemd-tpm2"]


class Authority:
    """What opens the volume so that a key may be added: a passphrase, or for none a TPM token that asks for no PIN."""

    def __init__(self, passphrase: bytes = b"") -> None:
        self.secrets = [passphrase] if passphrase else []

    def options(self, paths: list[str]) -> list[str]:
        """How cryptsetup is told; `paths` are those of the secrets."""
        return ["--key-file", paths[0]] if self.secrets else BY_TPM


def opened_by_tpm(host: Host, path: str) -> bool:
    """Whether the TPM opens a volume now. Only an answer counts: whatever fails is no."""
    done = host.query(["cryptsetup", "open", "--test-passphrase", *BY_TPM, path], timeout=TOKEN_TIMEOUT)
    return done.rc == 0


def find(host: Host, uuid: str) -> Device:
    """The device with a LUKS UUID. Raises ChangeRefused where there is none, or more than one."""
    matching = [device for device in devices(host).values() if device.fstype == "crypto_LUKS" and device.uuid == uuid]
    if not matching:
        raise ChangeRefused(f"the machine has no LUKS volume {uuid} any more; check it again")
    if len(matching) > 1:
        named = ", ".join(sorted(one.path for one in matching))
        raise ChangeRefused(
            f"{named} all have the LUKS UUID {uuid}: they are copies of each other, and a key for one may not open "
            "the other; give one of them a new UUID (cryptsetup luksUUID) or take it out"
        )
    return matching[0]


def expected(host: Host, device: Device, expect: str) -> dict[str, Any]:
    """The binding of a volume, when it is still the one that the controller decided on. Raises ChangeRefused."""
    bound = binding.binding(host, device.path, device.uuid)
    if binding.of_all(bound) != expect:
        raise ChangeRefused(f"the LUKS header of {device.path} changed at this moment; repeat the roll-out")
    return bound


def with_free_slot(host: Host, uuid: str, expect: str, slot: int) -> tuple[Device, dict[str, Any]]:
    """The device of a volume and its binding, as expected and with that slot free. Raises ChangeRefused."""
    device = find(host, uuid)
    before = expected(host, device, expect)
    if not 0 <= slot < MOST or str(slot) in before["slots"]:
        raise ChangeRefused(f"slot {slot} of {device.path} is not free")
    return device, before


def add(
    host: Host, uuid: str, expect: str, key: bytes, key_id: str, slot: int, iterations: int, authority: Authority
) -> dict[str, Any]:
    """Add a key in a free slot, prove it, and return the binding. Raises ChangeRefused or HostError.

    `expect` is the digest of the binding that the number of the slot was chosen from.
    """
    device, before = with_free_slot(host, uuid, expect, slot)
    token = token_number(before)
    token_json = {"type": binding.TOKEN_TYPE, "keyslots": [], **binding.mark(key_id, slot, iterations)}
    import_token(host, device.path, token, token_json)
    with secret_files(key, *authority.secrets) as (new, *paths):
        cryptsetup(
            host, "luksAddKey", "--batch-mode", *authority.options(paths), "--new-keyfile", new, "--new-key-slot",
            str(slot), *DERIVATION, "--pbkdf-force-iterations", str(iterations), device.path,
        )  # fmt: skip
    import_token(host, device.path, token, {**token_json, "keyslots": [str(slot)]}, "--token-replace")
    prove(host, device.path, slot, key)
    host.forget()
    return binding.binding(host, device.path, uuid)


def opens(host: Host, uuid: str, authority: Authority) -> None:
    """See that what is to authorise a key opens the volume. Raises ChangeRefused."""
    device = find(host, uuid)
    with secret_files(*authority.secrets) as paths:
        alone = NO_TOKEN if authority.secrets else []
        cryptsetup(host, "open", "--test-passphrase", *alone, *authority.options(paths), device.path)


def slot_of(host: Host, uuid: str, expect: str, secret: bytes) -> int:
    """Which slot a key or passphrase opens. Raises ChangeRefused where it is none."""
    device = find(host, uuid)
    for number in sorted(map(int, expected(host, device, expect)["slots"])):
        with contextlib.suppress(ChangeRefused):
            prove(host, device.path, number, secret)
            return number
    raise ChangeRefused(f"it opens no slot of {device.path}")


def prove(host: Host, path: str, slot: int, key: bytes) -> None:
    """See that a key opens this very slot. Raises ChangeRefused."""
    with secret_files(key) as (named,):
        done = host.act(
            [
                "cryptsetup", "open", "--test-passphrase", *NO_TOKEN, "--key-slot", str(slot), "--key-file", named,
                path,
            ],
            timeout=PATIENCE,
        )  # fmt: skip
    if done.rc != 0:
        raise ChangeRefused(f"the key does not open slot {slot} of {path} (cryptsetup ended with status {done.rc})")


def remove(host: Host, uuid: str, key_id: str, slot: int | None, digest: str, keep: int, key: bytes) -> dict[str, Any]:
    """Remove what a key of ours left: its slot, which reads as `digest`, and its token; return the binding.

    `key` has to open slot `keep` before anything goes. `slot` is None for a key that has none. Raises ChangeRefused or
    HostError. A slot that is gone already, or is somebody else's by now, costs its token only.
    """
    device = find(host, uuid)
    bound = binding.binding(host, device.path, uuid)
    if slot == keep:
        raise ChangeRefused(f"slot {slot} of {device.path} is the one that is to stay")
    prove(host, device.path, keep, key)
    tokens = [token for token in bound["ours"] if token["key"] == key_id]
    # A slot that was never proved is ours by the cost that its token names; somebody may have taken the number since.
    metadata = binding.metadata(host, device.path)
    taken = any(token["slot"] == slot and not binding.made_for(metadata, token) for token in tokens)
    if str(slot) in bound["slots"] and not taken:
        if bound["slots"][str(slot)] != digest:
            raise ChangeRefused(
                f"slot {slot} of {device.path} is not the one that is to go: somebody changed it; look who, and remove "
                f"it by hand with cryptsetup luksKillSlot {device.path} {slot} when nobody needs it"
            )
        with secret_files(key) as (named,):
            cryptsetup(host, "luksKillSlot", "--batch-mode", "--key-file", named, device.path, str(slot))
    for token in tokens:
        cryptsetup(host, "token", "remove", "--token-id", str(token["token"]), device.path)
    host.forget()
    return binding.binding(host, device.path, uuid)


def token_number(before: dict[str, Any]) -> int:
    """A free number for a token. Raises ChangeRefused."""
    free = [number for number in range(MOST) if str(number) not in before["tokens"]]
    if not free:
        raise ChangeRefused(f"all {MOST} tokens of the LUKS header are taken; remove one that nobody needs")
    return free[0]


def import_token(host: Host, path: str, number: int, token: dict[str, Any], *options: str) -> None:
    """Write a token of that number. Raises ChangeRefused."""
    cryptsetup(host, "token", "import", "--token-id", str(number), *options, path, input=json.dumps(token))


def cryptsetup(host: Host, *arguments: str, input: str = "") -> None:
    """Run it. Raises ChangeRefused that says what it says, and never a secret."""
    done = host.act(["cryptsetup", *arguments], input=input, timeout=PATIENCE)
    if done.rc != 0:
        why = STATUSES.get(done.rc) or done.err.strip().split("\n")[-1][:200]
        raise ChangeRefused(f"cryptsetup {arguments[0]} ended with status {done.rc}: {why}")
