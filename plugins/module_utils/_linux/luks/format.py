"""Encrypting and formatting an empty disk that somebody named, step by step; its recovery key is kept elsewhere first.

    survey   which of the named disks may be formatted, which are ours and not finished, and why the others are refused
    format   mark -> key file -> luksFormat with the recovery key -> token -> key file's slot -> both opened
    finish   line of crypttab -> open -> mark again -> file system -> line of fstab -> mounted -> mark removed

The mark is a file on the device, which says that this disk was empty when we began with it. It is there from before the
first byte is written until the file system is mounted, and without it nothing is ever formatted a second time.

A wish is what the controller wants of a disk:

    {"disk": NAME below /dev/disk/by-id, "mount": PATH, "label": TEXT, "uuid": LUKS UUID, "stage": S}

S is what the vault knows of that UUID: "new" (nothing), "begun" (a key that nobody proved), "proved".
"""

from __future__ import annotations

import json
import os
import re
import stat
from typing import Any

from ..engine import private_file
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.secret_pipe import secret_files
from ..system.block_devices import Device
from . import binding, disk_tables
from .disk_tables import Opened
from .empty_disk import HEADER, LUKS, Disk, check_empty, device_by_id, wait_for_udev
from .layout import Layout
from .slots import DERIVATION, cryptsetup, import_token, prove

UUID = re.compile(r"\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
MOUNT = re.compile(r"\A(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){1,8}\Z")
LABEL = re.compile(r"\A(?:[A-Za-z0-9][A-Za-z0-9._-]{0,15})?\Z")
STAGES = ("new", "begun", "proved")
KEYS = "/etc/cryptsetup-keys.d"
MARKS = "/var/lib/leeboard/format"
NEEDED = (["cryptsetup", "--version"], ["mkfs.ext4", "-V"])
OTHERS_MAY_WRITE = 0o022
KEY_BYTES = 64
RECOVERY, FILE = 0, 1  # the slots
SECTOR = 512
CIPHER = ["--cipher", "aes-xts-plain64", "--key-size", "512"]
# What lies in the file is random, so that a costly derivation adds nothing; but nobody can tell that from the header,
# and ENC-15 asks for Argon2 with this much memory of every slot that may be a passphrase's.
CHEAPEST = ["--pbkdf", "argon2id", "--pbkdf-memory", "19456", "--pbkdf-parallel", "1", "--pbkdf-force-iterations", "4"]


class Wish:
    """What is wanted of one disk. Raises ChangeRefused for words that could be anything but what they should be."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.disk, self.mount, self.uuid = (str(fields.get(name) or "") for name in ("disk", "mount", "uuid"))
        self.label = str(fields.get("label") or "")
        self.stage = str(fields.get("stage") or "")
        good = UUID.match(self.uuid) and MOUNT.match(self.mount) and LABEL.match(self.label) and self.stage in STAGES
        if not good:
            raise ChangeRefused("what is wanted of the disk makes no sense")
        self.name = f"luks-{self.uuid}"
        self.key = f"{KEYS}/{self.name}.key"
        self.mark = f"{MARKS}/{self.uuid}.json"


# Looking


def survey(host: Host, wishes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What is to be done with each disk: {"disk", "state", "said", "why"}, the state one of format, finish, done,
    refused. Nothing is changed. Raises HostError where nothing can be said of any."""
    names = [str(fields.get("disk")) for fields in wishes]
    return [_surveyed(host, fields, names) for fields in wishes]


def _surveyed(host: Host, fields: dict[str, Any], names: list[str]) -> dict[str, str]:
    answer = {"disk": str(fields.get("disk")), "state": "refused", "said": "", "why": ""}
    try:
        wish = Wish(fields)
        if wish.stage == "proved":
            device = _encrypted_disk(host, wish)
            state = "finish" if read_mark(host, wish) else "done"
            shown = f"/dev/{device.kname}"
            if state == "done" and not any(wish.uuid.replace("-", "") in child.mapping for child in device.children):
                answer["why"] = "it is not open"
            return {**answer, "state": state, "said": shown}
        disk = _free_disk(host, wish, names)
        return {**answer, "state": "format", "said": disk.description}
    except ChangeRefused as problem:
        return {**answer, "why": str(problem)[:400]}
    except HostError as problem:
        return {**answer, "why": problem.why[:400]}


def _free_disk(host: Host, wish: Wish, names: list[str]) -> Disk:
    """The disk, if all that is needed holds now. Raises ChangeRefused or HostError."""
    layout = Layout(host)
    kinds = layout.place(host.real(KEYS))
    if not kinds or set(kinds) != {"luks"}:
        raise ChangeRefused(
            f"the key that opens the disk at each start would lie in clear in {KEYS}: encrypt the disk of the system "
            "first"
        )
    if host.exists(KEYS):
        status = host.stat(KEYS)
        if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & OTHERS_MAY_WRITE:
            raise ChangeRefused(f"others than root may change the folder {KEYS}, and put another key there")
    for argv in NEEDED:
        host.query(argv)  # raises HostError for a program that is not there
    disk_tables.check_free(host, wish.mount, wish.name)
    begun = wish.uuid if wish.stage == "begun" and read_mark(host, wish) else ""
    return check_empty(host, names, wish.disk, begun)


def _encrypted_disk(host: Host, wish: Wish) -> Device:
    """The disk that is encrypted under the UUID of the wish. Raises ChangeRefused."""
    device = device_by_id(host, Layout(host), wish.disk)
    if (device.fstype, device.uuid) != (LUKS, wish.uuid):
        holds = f"holds {device.fstype}" if device.fstype else "is empty"
        raise ChangeRefused(
            f"it was encrypted as {wish.uuid} before, and {holds} now: look who did that. If its data may be lost, say "
            f"so with leeboard escrow retire DEVICE --disk {wish.uuid}"
        )
    return device


def read_mark(host: Host, wish: Wish) -> dict[str, Any] | None:
    """The mark of a disk that was begun with and is not finished: a dict; None where there is none.

    Raises ChangeRefused for the mark of another disk, HostError.
    """
    try:
        record = json.loads(host.text(wish.mark))
        disk, making = str(record["disk"]), bool(record["making"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise HostError("malformed", f"{wish.mark} makes no sense") from None
    if disk != wish.disk:
        raise ChangeRefused(f"{wish.mark} is about another disk, {disk[:200]}")
    return {"disk": disk, "making": making}


def _write_mark(host: Host, wish: Wish, making: bool) -> None:
    record = {"schema": 1, "disk": wish.disk, "uuid": wish.uuid, "making": making}
    private_file.put(host, wish.mark, (json.dumps(record) + "\n").encode())


# Changing


def make(
    host: Host, fields: dict[str, Any], names: list[str], key: bytes, key_id: str, iterations: int
) -> dict[str, Any]:
    """Encrypt an empty disk with a key in its first slot, prove it, and return the binding.

    Raises ChangeRefused or HostError. Wherever it is cut off, nobody has put anything on the disk yet.
    """
    wish = Wish(fields)
    if wish.stage == "proved":
        raise ChangeRefused("a disk whose key was proved is never formatted")
    disk = _free_disk(host, wish, names)
    own = os.urandom(KEY_BYTES)
    _write_mark(host, wish, False)
    private_file.put(host, wish.key, own)
    path = disk.path
    with secret_files(key) as (secret,):
        cryptsetup(
            host, "luksFormat", "--batch-mode", "--type", "luks2", *CIPHER, "--uuid", wish.uuid, "--offset",
            str(HEADER // SECTOR), "--key-slot", str(RECOVERY), "--key-file", secret, *DERIVATION,
            "--pbkdf-force-iterations", str(iterations), path,
        )  # fmt: skip
    marked_as = binding.mark(key_id, RECOVERY, iterations)
    import_token(host, path, 0, {"type": binding.TOKEN_TYPE, "keyslots": [str(RECOVERY)], **marked_as})
    with secret_files(key, own) as (secret, new):
        cryptsetup(
            host, "luksAddKey", "--batch-mode", "--key-file", secret, "--new-keyfile", new, "--new-key-slot", str(FILE),
            *CHEAPEST, path,
        )  # fmt: skip
    prove(host, path, RECOVERY, key)
    prove(host, path, FILE, host.read(wish.key))
    wait_for_udev(host)
    return binding.binding(host, path, wish.uuid)


def finish(host: Host, fields: dict[str, Any], run_id: str) -> dict[str, str]:
    """Open a disk whose key was proved, give it its file system, and mount it now and at each start.

    Returns {"journal", "said"}. Raises ChangeRefused or HostError; whoever is cut off finds the mark, and goes on.
    """
    wish = Wish(fields)
    if wish.stage != "proved":
        raise ChangeRefused("nobody has proved its recovery key yet")
    device = _encrypted_disk(host, wish)
    mark = read_mark(host, wish)
    if mark is None:
        raise ChangeRefused("it was finished before")
    opened = Opened(host, wish, device, run_id)
    opened.listed_in_crypttab()
    opened.open()
    if opened.is_to_be_made(mark["making"]):
        _write_mark(host, wish, True)
        opened.make_file_system()
    opened.listed_in_fstab()
    opened.mount()
    private_file.drop(host, wish.mark)
    return {"journal": opened.journal.path, "said": f"/dev/{device.kname}"}


# As the module calls them: STEPS[name](host, its parameters) -> {"changed": bool, ...}


def _survey(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, "disks": survey(host, params["wishes"])}


def _format(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    names = [wish["disk"] for wish in params["wishes"]]
    key = params["key"].encode()
    return {"changed": True, "binding": make(host, _wish(params), names, key, params["key_id"], params["iterations"])}


def _finish(host: Host, params: dict[str, Any]) -> dict[str, Any]:
    return {"changed": True, **finish(host, _wish(params), params["run_id"])}


def _wish(params: dict[str, Any]) -> dict[str, Any]:
    wishes: list[dict[str, Any]] = [wish for wish in params["wishes"] if wish["disk"] == params["disk"]]
    if len(wishes) != 1:
        raise ChangeRefused(f"{params['disk']} is not among the disks that are named")
    return wishes[0]


STEPS = {"survey": _survey, "format": _format, "finish": _finish}
