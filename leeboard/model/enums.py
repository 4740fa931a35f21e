"""The words by which a baseline chooses: level, platform, form and role of a device, mode and severity of a control."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How sensitive the most sensitive data on a device is: Becta's impact levels 0-2, 3 and 4."""

    STANDARD = "standard"
    SENSITIVE = "sensitive"
    HIGH = "high"


LEVELS = tuple(Level)  # from the least to the most sensitive


class Platform(StrEnum):
    """What a device runs. Devices of platform `other` are counted and never checked."""

    WINDOWS = "windows"
    LINUX = "linux"
    OTHER = "other"


class Form(StrEnum):
    """How a device is built."""

    PORTABLE = "portable"
    DESKTOP = "desktop"
    SERVER = "server"


class Role(StrEnum):
    """What a device is for."""

    STAFF_PORTABLE = "staff_portable"
    PUPIL_SHARED = "pupil_shared"
    TEACHING_DISPLAY = "teaching_display"
    OFFICE = "office"
    EXAM = "exam"
    SERVER = "server"


class Mode(StrEnum):
    """What a drifted control leads to: enforce puts it back, report only shows it, off does not ask for it."""

    ENFORCE = "enforce"
    REPORT = "report"
    OFF = "off"


class Severity(StrEnum):
    """How bad a drifted control is; our own choice."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Subject(StrEnum):
    """Who answers for a control: the device, the controller (how fresh is our evidence), or somebody's word."""

    DEVICE = "device"
    CONTROLLER = "controller"
    ATTESTED = "attested"
