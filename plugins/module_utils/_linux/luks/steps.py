"""The steps by which a recovery key or a TPM token comes into a LUKS2 volume: each is one call of the module luks_key.

    STEPS[name](host, said) -> {"changed": bool, ...}        `said` are the module's parameters

Raises ChangeRefused or HostError; then the volume opens by all that opened it before.
"""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..system import kernel_keyring
from . import backup, derivation, image, restore, slots, tpm
from . import binding as luks_binding
from . import volume as luks_volume
from .layout import Found, Layout
from .slots import Authority, opened_by_tpm


def _survey(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    """Which LUKS volumes there are, and what opens each here."""
    shown = luks_volume.observe(host, ["bindings"])["bindings"]["effective"]
    if shown["state"] != "value":
        raise HostError(shown["code"], shown["why"])
    authorities: dict[str, list[str]] = {}
    weak: dict[str, list[int]] = {}
    volumes = list(Layout(host).volumes.values())
    for volume in volumes:
        if volume.kind != "luks" or volume.removable:
            continue
        uuid = volume.block_device.uuid
        # GRUB opens a disk with PBKDF2 only.
        if not _holds_boot(volume, volumes):
            with contextlib.suppress(HostError, KeyError, TypeError):  # what is damaged is said with the volume
                weak[uuid] = derivation.weak(luks_binding.metadata(host, volume.block_device.path))
        ways = ["tpm"] if opened_by_tpm(host, volume.block_device.path) else []
        with contextlib.suppress(HostError):  # a keyring that cannot be read authorises nothing
            if kernel_keyring.read(kernel_keyring.of_disk(uuid)) is not None:
                ways.append("keyring")
        authorities[uuid] = ways
    return {"changed": False, "volumes": shown["value"], "authorities": authorities, "weak": weak}


def _holds_boot(volume: Found, volumes: list[Found]) -> bool:
    """Whether the boot loader opens this volume itself."""
    apart = any("/boot" in other.mounts for other in volumes if other is not volume)
    return "/boot" in volume.mounts or ("/" in volume.mounts and not apart)


def _add(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    binding = slots.add(
        host, said["uuid"], said["expect"], said["key"].encode(), said["key_id"], said["slot"], said["iterations"],
        _authority(said),
    )  # fmt: skip
    return {"changed": True, "binding": binding}


def _try(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    slots.opens(host, said["uuid"], _authority(said))
    return {"changed": False}


def _find(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    slot = slots.slot_of(host, said["uuid"], said["expect"], said["passphrase"].encode())
    return {"changed": False, "slot": slot}


def _strengthen(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    slot, binding = derivation.strengthen(host, said["uuid"], said["expect"], said["passphrase"].encode())
    return {"changed": slot is not None, "slot": slot, "binding": binding}


def _authority(said: dict[str, Any]) -> Authority:
    if said["authority"] == "tpm":
        return Authority()
    secret = said["passphrase"].encode() if said["authority"] == "passphrase" else None
    if said["authority"] == "keyring":
        secret = kernel_keyring.read(kernel_keyring.of_disk(said["uuid"]))
    if not secret:
        raise ChangeRefused("nothing opens the volume any more: have somebody run leeboard-authorise again")
    return Authority(secret)


def _remove(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    binding = slots.remove(
        host, said["uuid"], said["key_id"], said["slot"], said["digest"] or "", said["keep"], said["key"].encode()
    )
    return {"changed": True, "binding": binding}


def _copy_header(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    copy = backup.copy(host, said["uuid"], said["expect"])
    return {"changed": False, "header": base64.b64encode(copy).decode()}


def _forget(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    kernel_keyring.revoke(kernel_keyring.of_disk(said["uuid"]))
    return {"changed": True}


def _save_header(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    digest, saved = restore.present(host, _copy(said))
    return {"changed": False, "digest": digest, "header": base64.b64encode(saved).decode()}


def _restore_header(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    binding = restore.restore(host, _copy(said), said["expect"], said["slot"], said["key"].encode())
    return {"changed": True, "binding": binding}


def _look_tpm(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, "seen": json.dumps(tpm.look(host, said["uuid"]), sort_keys=True)}


def _try_tpm(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, **tpm.attempt(host, said["uuid"], said["keep"], said["pcrs"], _pin(said))}


def _enrol_tpm(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    binding = tpm.enrol(
        host, said["uuid"], said["expect"], said["key_id"], said["slot"], said["iterations"], _authority(said),
        said["pcrs"], _pin(said),
    )  # fmt: skip
    return {"changed": True, "binding": binding}


def _remove_tpm(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    binding = tpm.remove(host, said["uuid"], said["expect"], said["tokens"], said["keep"], _pin(said))
    return {"changed": True, "binding": binding}


def _make_image(host: Host, said: dict[str, Any]) -> dict[str, Any]:
    return {"changed": True, "path": image.make(host, said["uuid"])}


def _pin(said: dict[str, Any]) -> bytes:
    return (said["pin"] or "").encode()


def _copy(said: dict[str, Any]) -> restore.Copy:
    return restore.Copy(base64.b64decode(said["copy"]))


STEPS = {
    "survey": _survey,
    "find": _find,
    "try": _try,
    "add": _add,
    "strengthen": _strengthen,
    "remove": _remove,
    "copy_header": _copy_header,
    "save_header": _save_header,
    "restore_header": _restore_header,
    "forget": _forget,
    "look_tpm": _look_tpm,
    "try_tpm": _try_tpm,
    "enrol_tpm": _enrol_tpm,
    "remove_tpm": _remove_tpm,
    "make_image": _make_image,
}
