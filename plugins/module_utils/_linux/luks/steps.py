"""The steps by which a recovery key or a TPM token comes into a LUKS2 volume: each is one call of the module luks_key.

    STEPS[name](host, params) -> {"changed": bool, ...}        `params` are the module's parameters

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
from .layout import Layout, Volume
from .slots import Authority, opened_by_tpm


def _survey(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    """Which LUKS volumes there are, and what opens each here."""
    bindings = luks_volume.observe(host, ["bindings"])["bindings"]["effective"]
    if bindings["state"] != "value":
        raise HostError(bindings["code"], bindings["why"])
    authorities: dict[str, list[str]] = {}
    weak: dict[str, list[int]] = {}
    volumes = list(Layout(host).volumes.values())
    for volume in volumes:
        if volume.kind != "luks" or volume.removable:
            continue
        uuid = volume.block_device.uuid
        # GRUB opens a disk with PBKDF2 only.
        if not _holds_boot(volume, volumes):
            with contextlib.suppress(HostError, KeyError, TypeError):  # the volume itself is reported as damaged
                weak[uuid] = derivation.weak(luks_binding.metadata(host, volume.block_device.path))
        authorised_by = ["tpm"] if opened_by_tpm(host, volume.block_device.path) else []
        with contextlib.suppress(HostError):  # a keyring that cannot be read authorises nothing
            if kernel_keyring.read(kernel_keyring.of_disk(uuid)) is not None:
                authorised_by.append("keyring")
        authorities[uuid] = authorised_by
    return {"changed": False, "volumes": bindings["value"], "authorities": authorities, "weak": weak}


def _holds_boot(volume: Volume, volumes: list[Volume]) -> bool:
    """Whether the boot loader opens this volume itself."""
    apart = any("/boot" in other.mounts for other in volumes if other is not volume)
    return "/boot" in volume.mounts or ("/" in volume.mounts and not apart)


def _add(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    binding = slots.add(
        host, params["uuid"], params["expect"], params["key"].encode(), params["key_id"], params["slot"],
        params["iterations"], _authority(params),
    )  # fmt: skip
    return {"changed": True, "binding": binding}


def _try(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    slots.opens(host, params["uuid"], _authority(params))
    return {"changed": False}


def _find(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    slot = slots.slot_of(host, params["uuid"], params["expect"], params["passphrase"].encode())
    return {"changed": False, "slot": slot}


def _strengthen(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    slot, binding = derivation.strengthen(host, params["uuid"], params["expect"], params["passphrase"].encode())
    return {"changed": slot is not None, "slot": slot, "binding": binding}


def _authority(params: dict[str, Any]) -> Authority:
    if params["authority"] == "tpm":
        return Authority()
    secret = params["passphrase"].encode() if params["authority"] == "passphrase" else None
    if params["authority"] == "keyring":
        secret = kernel_keyring.read(kernel_keyring.of_disk(params["uuid"]))
    if not secret:
        raise ChangeRefused("nothing opens the volume any more: have somebody run leeboard-authorise again")
    return Authority(secret)


def _remove(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    binding = slots.remove(
        host, params["uuid"], params["key_id"], params["slot"], params["digest"] or "", params["keep"],
        params["key"].encode(),
    )  # fmt: skip
    return {"changed": True, "binding": binding}


def _copy_header(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    copy = backup.copy(host, params["uuid"], params["expect"])
    return {"changed": False, "header": base64.b64encode(copy).decode()}


def _forget(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    kernel_keyring.revoke(kernel_keyring.of_disk(params["uuid"]))
    return {"changed": True}


def _save_header(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    digest, saved = restore.present(host, _copy(params))
    return {"changed": False, "digest": digest, "header": base64.b64encode(saved).decode()}


def _restore_header(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    binding = restore.restore(host, _copy(params), params["expect"], params["slot"], params["key"].encode())
    return {"changed": True, "binding": binding}


def _look_tpm(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, "seen": json.dumps(tpm.inspect(host, params["uuid"]), sort_keys=True)}


def _try_tpm(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, **tpm.attempt(host, params["uuid"], params["keep"], params["pcrs"], _pin(params))}


def _enrol_tpm(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    binding = tpm.enrol(
        host, params["uuid"], params["expect"], params["key_id"], params["slot"], params["iterations"],
        _authority(params), params["pcrs"], _pin(params),
    )  # fmt: skip
    return {"changed": True, "binding": binding}


def _remove_tpm(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    binding = tpm.remove(host, params["uuid"], params["expect"], params["tokens"], params["keep"], _pin(params))
    return {"changed": True, "binding": binding}


def _make_image(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    return {"changed": True, "path": image.make(host, params["uuid"])}


def _pin(params: dict[str, Any]) -> bytes:
    return (params["pin"] or "").encode()


def _copy(params: dict[str, Any]) -> restore.Copy:
    return restore.Copy(base64.b64decode(params["copy"]))


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
