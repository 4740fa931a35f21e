"""The model of a volume: one place where data lies on a Linux device, with what protects it. BitLocker has another.

A volume is the lowest layer that matters: the device with the LUKS header, or the file system's own device where
nothing encrypts it. A file system over two disks, one of them in clear, is two volumes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leeboard.model.strict import Wire

Text = Annotated[str, Field(max_length=500)]
Number = Annotated[int, Field(ge=0, le=2**63)]
Small = Annotated[int, Field(ge=0, le=1000)]


class Trouble(Wire):
    """What kept something from being read: one of `reading.CODES`, and why in words."""

    code: Literal[
        "needs_root", "denied", "missing_tool", "timeout", "malformed", "busy", "too_large", "failed", "driver_failed",
        "exchanged",
    ]  # fmt: skip
    why: Text


class Segment(Wire):
    """A part of the disk as the header describes it: `crypt`, `linear` (in clear), `hw-opal`, `hw-opal-crypt`."""

    type: Text
    cipher: Text = ""


class Mapping(Wire):
    """What the kernel does now: the target of the open mapping, and for `crypt` its cipher and key size."""

    target: Text
    cipher: Text = ""
    key_bytes: Small | None = None


class Slot(Wire):
    """A key slot. `opens` is false for one whose key is not this volume's; `ignored` ones are tried on request only."""

    id: Small
    kdf: Text
    memory_kib: Number | None = None
    opens: bool
    ignored: bool = False


class Token(Wire):
    """A token: who besides a passphrase opens which slots. The PCRs are those of a TPM's policy.

    `pins` (Clevis only) are the kinds of its pins: tpm2, tang. `signed_pcrs` belong to a policy that a public key
    signs, `pcrlock` is systemd's policy in the TPM's own memory.
    """

    id: Small
    type: Text
    slots: tuple[Small, ...]
    pin: bool = False
    pcrs: tuple[Small, ...] = ()
    signed_pcrs: tuple[Small, ...] = ()
    pcrlock: bool = False
    pins: tuple[Text, ...] = ()


class Trial(Wire):
    """What came of trying: `opens`, `refused`, or `not-tested` with the reason. For a token, `token` is its number."""

    result: Literal["opens", "refused", "not-tested"]
    why: Text = ""
    token: Small | None = None


class KeyFile(Wire):
    """A file whose content opens the volume, and on what it lies."""

    path: Text
    place: Literal["encrypted", "unencrypted", "initramfs", "removable", "missing", "unknown"]
    why: Text = ""


class Pending(Wire):
    """Something that changes with the next start, and the PCRs that measure it."""

    what: Text
    pcrs: tuple[Small, ...]


class Start(Wire):
    """How the volume is opened at boot, as the image of the next start says (`image`: its path).

    `opens` is whether the image has what opens this volume at all, and `why` if not; `tokens` are the types that it
    can use. `trouble` is why the image could not be looked at.
    """

    image: Text = ""
    opens: bool = False
    tokens: tuple[Text, ...] = ()
    why: Text = ""
    pending: tuple[Pending, ...] = ()
    trouble: Trouble | None = None


class Luks(Wire):
    """A LUKS header, the mapping that is open, and what came of trying it. `start` is null where no boot needs it.

    `keeper` is who opens it with a key of its own that the header says nothing about (snapd), empty where nobody does.
    """

    version: Literal[1, 2]
    uuid: Text
    segments: tuple[Segment, ...]
    key_bytes: Small | None
    slots: tuple[Slot, ...]
    tokens: tuple[Token, ...]
    reencrypting: bool
    mapping: Mapping | None = None
    empty: Trial
    trials: tuple[Trial, ...] = ()
    key_files: tuple[KeyFile, ...] = ()
    keeper: Text = ""
    start: Start | None = None


class Plain(Wire):
    """dm-crypt without a header: the open mapping, and where its key comes from."""

    mapping: Mapping
    key: Literal["random", "file", "passphrase", "unknown"]
    key_files: tuple[KeyFile, ...] = ()


class Volume(Wire):
    """One volume. `encryption` is `unknown` where Leeboard cannot look, and `trouble` says why.

    Roles: `system` (/, /usr, /var, /home and what lies below), `data`, `swap`, `boot` (/boot, the EFI system
    partition). `removable` is false for a drive that is mounted at each boot. `resume` is what hibernation writes to.
    """

    name: Text
    device: Text
    mounts: tuple[Text, ...]
    roles: tuple[Literal["system", "data", "swap", "boot"], ...]
    removable: bool
    encryption: Literal["none", "luks", "plain", "other", "unknown"]
    other: Text = ""
    resume: bool = False
    luks: Luks | None = None
    plain: Plain | None = None
    trouble: Trouble | None = None

    @property
    def label(self) -> str:
        """How a technician would call it: `sda3 (/, swap)`."""
        used = list(self.mounts) + (["swap"] if "swap" in self.roles else [])
        shown = ", ".join(used[:4]) + (" and more" if len(used) > 4 else "")
        return f"{self.name} ({shown or 'not mounted'})"
