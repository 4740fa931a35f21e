"""A BitLocker volume as a device shows it to escrow, and what its driver says is to be done. Hostile until parsed here.

Numbers are those of Win32_EncryptableVolume: conversion 0 is clear and 1 encrypted, protection 1 is on, kind 0 the
volume of Windows, hardware_test 1 is failed, type 3 is a recovery password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.strict import Wire
from leeboard.model.values import plain

RECOVERY = 3
CLEAR, ENCRYPTED = 0, 1
OFF, ON = 0, 1
SYSTEM = 0
TEST_FAILED = 1
MOST_USED = 500
NAMED = "Leeboard "  # before the id of a key, the friendly name of its protector
_VOLUME = re.compile(r"\\\\\?\\Volume\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}\\")
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
Small = Annotated[int, Field(ge=0, le=99)]
Words = Annotated[str, Field(max_length=1000)]


def guid_of(volume: str) -> str:
    """The GUID in the DeviceID of a volume, as the ledger has it; empty where there is none."""
    found = _VOLUME.fullmatch(volume)
    return found[1].lower() if found else ""


class Protector(Wire):
    """A protector of a volume: its id, its type, and the friendly name that somebody gave it."""

    id: Annotated[str, Field(max_length=100)]
    type: Small
    name: Words = ""


class Volume(Wire):
    """A fixed volume. `protectors` is None where they cannot be read, as of one that is locked; so is `conversion`.

    `suspended`: after how many restarts its protection comes back, 0 for never, None where it is not suspended.
    """

    volume: Annotated[str, Field(pattern=_VOLUME.pattern, max_length=100)]
    letter: Annotated[str, Field(pattern=r"^([A-Z]:)?$")]
    kind: Small
    conversion: Small | None
    hardware_test: Small = 0
    protection: Small | None = None
    suspended: Small | None = None
    protectors: Annotated[list[Protector], Field(max_length=64)] | None

    @property
    def guid(self) -> str:
        """The GUID of the volume, as the ledger has it."""
        return guid_of(self.volume)

    @property
    def label(self) -> str:
        """The name of the volume for a person."""
        return f"volume {self.letter.rstrip(':') or self.guid}"

    @property
    def where(self) -> str:
        """How a step of the driver names the volume."""
        return self.letter.rstrip(":") or self.volume

    @property
    def passwords(self) -> dict[str, Protector]:
        """Its recovery passwords, by the ids of their protectors."""
        return {one.id: one for one in self.protectors or () if one.type == RECOVERY}


class Need(Wire):
    """A protector with a secret that the driver wants first: of `kind` recovery or pin."""

    volume: Words
    letter: Words = ""
    kind: Annotated[str, Field(pattern=r"^(recovery|pin)$")]
    why: Words

    @property
    def label(self) -> str:
        """The name of the volume for a person."""
        return f"volume {plain(self.letter.rstrip(':') or self.volume, 120)}"


class Plan(Wire):
    """What the driver says of a device: why it does nothing, what it needs, what waits, and what it would do or did."""

    refusals: list[Words] = Field(default_factory=list, max_length=200)
    needs: list[Need] = Field(default_factory=list, max_length=200)
    pending: list[Words] = Field(default_factory=list, max_length=200)
    notes: list[Words] = Field(default_factory=list, max_length=200)
    done: list[Words] = Field(default_factory=list, max_length=200)


def parse(volumes: Iterable[Any]) -> list[Volume]:
    """The volumes in a device's answer. Raises LeeboardError."""
    try:
        return [Volume.model_validate(one) for one in volumes]
    except (ValidationError, TypeError):
        raise LeeboardError("what the device says of its BitLocker volumes makes no sense") from None


def parse_used(used: Any) -> tuple[str, ...] | None:
    """The ids of recovery passwords that were typed at the device; None where it cannot say. Raises LeeboardError."""
    if used is None:
        return None
    if not isinstance(used, list) or len(used) > MOST_USED or not all(isinstance(one, str) for one in used):
        raise LeeboardError("what the device says of the recovery passwords that were typed there makes no sense")
    return tuple(used)


def parse_plan(plan: Any) -> Plan:
    """What the driver says. Raises LeeboardError."""
    try:
        return Plan.model_validate(plan)
    except ValidationError:
        raise LeeboardError("what the device says is to be done about BitLocker makes no sense") from None


def protector_id(answer: dict[str, Any]) -> str:
    """The id of a protector that was made. Raises LeeboardError: hardware encryption says "BitLocker" instead."""
    found = answer.get("id")
    if not isinstance(found, str) or not _GUID.fullmatch(found):
        raise LeeboardError(
            "the protector that was made has no GUID as its id, as where the drive encrypts by itself: switch that off "
            "(ENC-12)"
        )
    return found


def words_of(answer: dict[str, Any]) -> str:
    """What the code of a step means, in the driver's words, or the code with its method."""
    if answer.get("words"):
        return plain(str(answer["words"]), 300)
    code = answer.get("code")
    number = f"0x{code:08x}" if isinstance(code, int) else "no code"
    return f"{plain(str(answer.get('method', '')), 60)} returned {number}"
