"""Volumes as a driver reports them, for tests of the judgements: a good one, and what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from leeboard.model.observation import Aspect
from leeboard.model.values import Value
from leeboard.verdict.judgements.answer import Answer
from leeboard.verdict.judgements.registry import derive
from tests.unit.brain import AT, value

TPM = {"id": 0, "type": "systemd-tpm2", "slots": [1], "pcrs": [7, 8, 9]}


def luks(**changes: Any) -> dict[str, Any]:
    """A LUKS2 header with one slot for a passphrase and one recovery key, opened by the initramfs."""
    return {
        "version": 2,
        "uuid": "8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001",
        "segments": [{"type": "crypt", "cipher": "aes-xts-plain64"}],
        "key_bytes": 64,
        "slots": [
            {"id": 0, "kdf": "argon2id", "memory_kib": 1048576, "opens": True},
            {"id": 1, "kdf": "pbkdf2", "opens": True},
        ],
        "tokens": [{"id": 0, "type": "systemd-recovery", "slots": [1]}],
        "reencrypting": False,
        "mapping": {"target": "crypt", "cipher": "aes-xts-plain64", "key_bytes": 64},
        "empty": {"result": "refused"},
        "start": {"image": "/boot/initrd.img-6.12", "opens": True},
        **changes,
    }


def volume(header: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The volume under / and the swap, encrypted; `header` takes the place of its LUKS header."""
    found = {
        "name": "sda3",
        "device": "/dev/sda3",
        "mounts": ["/"],
        "roles": ["system", "swap"],
        "removable": False,
        "encryption": "luks",
        "luks": header or luks(),
        **changes,
    }
    if found["encryption"] != "luks":
        found["luks"] = None
    return found


def clear(name: str, mount: str, role: str, **changes: Any) -> dict[str, Any]:
    """A volume that nothing encrypts."""
    mounts = [mount] if mount else []
    return volume(name=name, device=f"/dev/{name}", mounts=mounts, roles=[role], encryption="none", **changes)


def texts(*volumes: dict[str, Any]) -> list[str]:
    """As they cross the wire."""
    return [json.dumps(one) for one in volumes]


ON: dict[str, Any] = {"secure_boot": value("on"), "boot_chain": value("grub")}


def facts(**said: Any) -> Mapping[str, Aspect]:
    """The facts beside the volumes: Secure Boot on and GRUB, and what is said."""
    return TypeAdapter(dict[str, Aspect]).validate_python({**ON, **said})


def answer(name: str, *volumes: dict[str, Any], **said: Any) -> Answer:
    """What a judgement makes of volumes."""
    return derive(name, texts(*volumes), facts(**said), AT)


def judged(name: str, *volumes: dict[str, Any], **said: Any) -> Value:
    """Its value alone."""
    return answer(name, *volumes, **said).value


def faults(name: str, header: dict[str, Any], **said: Any) -> str:
    """Its value about one volume with that header, as one text."""
    found = judged(name, volume(header), **said)
    assert isinstance(found, tuple)
    return "; ".join(found)
