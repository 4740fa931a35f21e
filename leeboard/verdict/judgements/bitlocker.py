"""The model of a volume as BitLocker has it: numbers of Win32_EncryptableVolume, never text, and what they mean.

Source of the numbers: MicrosoftDocs/win32, desktop-src/SecProv/*-win32-encryptablevolume.md and *-win32-tpm.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from leeboard.model.strict import Wire
from leeboard.verdict.judgements.answer import CannotBeTold, MakesNoSense, UnderWay
from leeboard.verdict.judgements.volume import Number, Small, Text, Trouble

SYSTEM, DATA, REMOVABLE = 0, 1, 2
DECRYPTED, ENCRYPTED, ENCRYPTING, DECRYPTING, ENCRYPTION_PAUSED, DECRYPTION_PAUSED = range(6)
OFF, ON, UNKNOWN = range(3)
LOCKED = 1
HARDWARE_METHOD = 5
TPM, EXTERNAL_KEY, NUMERICAL_PASSWORD, TPM_AND_PIN, TPM_AND_KEY, TPM_PIN_AND_KEY = range(1, 7)
PUBLIC_KEY, PASSPHRASE, TPM_CERTIFICATE, ACCOUNT = range(7, 11)
# What people call a protector.
PROTECTORS = {
    TPM: "TPM", EXTERNAL_KEY: "external key", NUMERICAL_PASSWORD: "recovery password", TPM_AND_PIN: "TPM and PIN",
    TPM_AND_KEY: "TPM and start-up key", TPM_PIN_AND_KEY: "TPM, PIN and start-up key", PUBLIC_KEY: "certificate",
    PASSPHRASE: "password", TPM_CERTIFICATE: "network unlock", ACCOUNT: "account",
}  # fmt: skip
WITH_TPM = (TPM, TPM_AND_PIN, TPM_AND_KEY, TPM_PIN_AND_KEY, TPM_CERTIFICATE)
# Partitions that hold nobody's data: recovery, the EFI system partition, Microsoft's reserved one. Microsoft,
# create_partition_parameters and MSFT_Partition; 39 is the recovery of a disk without GPT.
NOBODYS = (
    "{de94bba4-06d1-4d40-a16a-bfd50179d6ac}", "{c12a7328-f81f-11d2-ba4b-00a0c93ec93b}",
    "{e3c9e316-0b5c-4db8-817d-f92df00215ae}", "mbr-39",
)  # fmt: skip
# By the name of the part that could not be read; `all` where nothing could.
Troubles = Annotated[dict[Text, Trouble], Field(max_length=20)]
HARDWARE_TEST_FAILED, HARDWARE_TEST_PENDING = 1, 2


class Protector(Wire):
    """One way to open a volume. `pcrs`: what the TPM checks before it gives its part away."""

    id: Text
    type: Number
    pcrs: tuple[Small, ...] = ()

    @property
    def label(self) -> str:
        """How a technician would call it, with the id that BitLocker's own tools show."""
        return f"{PROTECTORS.get(self.type, f'protector of type {self.type}')} {self.id}"


class Tpm(Wire):
    """Win32_Tpm, by its methods. Without an instance Windows sees no TPM. `needs` is the mask of IsReadyInformation."""

    present: bool
    enabled: bool = False
    activated: bool = False
    owned: bool = False
    needs: Number = 0


class Coming(Wire):
    """Something that waits for the next start and that the TPM may measure."""

    kind: Literal["firmware", "secure_boot", "boot_configuration"]
    what: Text


class Start(Wire):
    """What the next start depends on besides the volume: on the volume of Windows only.

    `notes` are about updates of Secure Boot that go no further by themselves. They decide nothing.
    """

    secure_boot: Literal["on", "off", "none"] | None = None
    tpm: Tpm | None = None
    coming: tuple[Coming, ...] | None = None
    notes: tuple[Text, ...] | None = None
    troubles: Troubles = Field(default_factory=dict)


class Backup(Wire):
    """The last event of BitLocker about the backup of a protector's recovery information.

    A failure to reach Entra names no protector. Older collections sent every event, with its time in `at`.
    """

    id: Text = ""
    where: Literal["ad", "entra", "microsoft_account"]
    done: bool
    at: Text = ""


class BackupState(Wire):
    """Who could keep the recovery passwords, and what was tried, as far as the device shows it.

    `asked` is whether policy asks for a backup, `required` whether it refuses to encrypt without one. `used` are the
    ids of recovery passwords by which something was opened at the device.
    """

    joined: tuple[Literal["ad", "entra"], ...] = ()
    asked: bool = False
    required: bool = False
    backups: tuple[Backup, ...] | None = None
    used: tuple[Text, ...] = ()
    troubles: Troubles = Field(default_factory=dict)


class EncryptableVolume(Wire):
    """One instance of Win32_EncryptableVolume, asked by its methods; what a method did not answer is in `troubles`.

    `partition` is the type of the partition that a volume without a letter lies on. `page_files` lie on it. An instance
    with nothing but a letter and page files stands for a drive that BitLocker does not know. `start` and `kept` are
    about the machine, and come with the volume of Windows.
    """

    name: Text
    letter: Text = ""
    kind: Number | None = None
    conversion: Number | None = None
    percentage: Small | None = None
    protection: Number | None = None
    method: Number | None = None
    lock: Number | None = None
    suspended: Number | None = None
    hardware_test: Number | None = None
    binding: Number | None = None
    protectors: tuple[Protector, ...] | None = None
    partition: Text | None = None
    page_files: tuple[Text, ...] = ()
    start: Start | None = None
    kept: BackupState | None = None
    troubles: Troubles = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """How a technician would call it: by its letter, or by its name where it has none."""
        return self.letter or self.name

    def number(self, part: Literal["conversion", "protection", "method", "lock"]) -> int:
        """The number that a method answered. Raises MakesNoSense where it did not."""
        value: int | None = getattr(self, part)
        if value is None:
            raise self.untold(part)
        return value

    def ways(self) -> tuple[Protector, ...]:
        """The protectors. Raises MakesNoSense where they could not be read."""
        if self.protectors is None:
            raise self.untold("protectors")
        return self.protectors

    def untold(self, part: str) -> MakesNoSense:
        """The reason why a part is missing."""
        return not_there(self.label, part, self.troubles)

    def known(self) -> None:
        """Raise CannotBeTold for a volume that is locked: of such a one Windows tells next to nothing."""
        if self.lock == LOCKED or self.protection == UNKNOWN:
            raise CannotBeTold(f"{self.label}: it is locked, so nobody can say how it is protected")

    @property
    def in_clear(self) -> bool:
        """Whether nothing of it is encrypted. Raises like `known` and `number`."""
        self.known()
        return self.number("conversion") == DECRYPTED

    def begun(self) -> None:
        """Raise UnderWay where encryption begins by itself after the next start, which tries its protectors first."""
        if self.hardware_test == HARDWARE_TEST_PENDING and self.in_clear:
            raise UnderWay(f"{self.label}: its hardware test waits for a restart, and encryption begins after it")


def not_there(subject: str, part: str, troubles: dict[str, Trouble]) -> MakesNoSense:
    """Why a part of what was asked for is not there: an error with the device's own words."""
    trouble = troubles.get(part) or troubles.get("all")
    if trouble is None:
        return MakesNoSense(f"{subject}: the device says nothing of its {part}, nor why")
    return MakesNoSense(f"{subject}: {trouble.why}", trouble.code)


def system(volumes: Iterable[EncryptableVolume]) -> EncryptableVolume:
    """The volume that Windows starts from. Raises MakesNoSense where none is named."""
    system = [volume for volume in volumes if volume.kind == SYSTEM]
    if not system:
        raise MakesNoSense("the device names no volume that Windows starts from, so nothing can be said of it")
    return system[0]


def of_kind(volumes: Iterable[EncryptableVolume], *kinds: int) -> list[EncryptableVolume]:
    """The volumes of these kinds, and those whose kind the device could not tell."""
    return [volume for volume in volumes if volume.kind in kinds or (volume.kind is None and volume.troubles)]
