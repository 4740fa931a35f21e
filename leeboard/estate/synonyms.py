"""The words that technicians' sheets use for what a device is, and what each means here. Data, and how to look it up.

Column names and values come from exports of Active Directory (`Get-ADComputer`), Microsoft Intune and Snipe-IT, from
SMBIOS chassis types, and from what people type. Case, blanks and signs never count.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.problem import Mistake
from leeboard.storage.tabular import plain_name

# By field: what a column may be called; of several that are there, the first here counts. Leeboard writes the first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "asset": ("asset", "assettag", "assetnumber", "assetno", "assetid", "tag", "inventorynumber", "inventoryno"),
    "host": (
        *("host", "hostname", "dnshostname", "fqdn", "computername", "devicename", "machinename", "computer"),
        *("machine", "name", "assetname"),
    ),
    "address": ("address", "ipaddress", "ip", "ipv4address", "ipv4", "ipv6address", "ipv6"),
    "platform": ("platform", "operatingsystem", "os", "ostype"),
    "form": ("form", "formfactor", "chassistype", "chassis", "devicetype", "type", "category"),
    "role": ("role", "use", "usage", "usedfor", "purpose", "usedby"),
    "level": ("level", "impactlevel", "sensitivity", "protectivemarking", "securityclassification"),
    "serial": ("serial", "serialnumber", "serialno", "servicetag"),
    "notes": ("notes", "note", "comments", "comment", "description", "remarks"),
}

# Words as a whole, then beginnings, the longest first.
_PLATFORMS = {
    "windows": ("windows", "microsoftwindows", "win7", "win8", "win10", "win11", "win"),
    "linux": (
        *("linux", "gnulinux", "debian", "ubuntu", "kubuntu", "xubuntu", "lubuntu", "linuxmint", "mint", "fedora"),
        *("redhat", "rhel", "centos", "rockylinux", "almalinux", "opensuse", "suse", "raspberrypios", "raspbian"),
    ),
    "other": (
        *("other", "windowsphone", "windowsmobile", "windowsholographic", "chrome", "chromeos", "chromeosflex"),
        *("chromebook", "ios", "ipad", "ipados", "iphone", "tvos", "mac", "macos", "macosx", "macbook", "osx", "imac"),
        *("android", "freebsd", "tablet"),
    ),
}
_FORMS = {
    "portable": (
        *("portable", "laptop", "notebook", "subnotebook", "netbook", "ultrabook", "chromebook", "tablet", "ipad"),
        *("convertible", "detachable", "handheld", "2in1", "macbook", "surface"),
    ),
    "desktop": (
        *("desktop", "desktoppc", "pc", "tower", "minitower", "minipc", "lowprofiledesktop", "spacesaving", "pizzabox"),
        *("lunchbox", "allinone", "aio", "workstation", "stickpc", "thinclient", "imac"),
    ),
    "server": ("server", "mainserverchassis", "rackmountchassis", "rack", "blade"),
}
_ROLES = {
    "staff_portable": ("staffportable", "stafflaptop", "staff", "teacherlaptop", "teacher", "teachersportable"),
    "pupil_shared": (
        *("pupilshared", "pupil", "pupils", "student", "students", "shared", "library", "ictsuite", "itsuite"),
        *("computersuite", "computerroom", "laptoptrolley"),
    ),
    "teaching_display": (
        *("teachingdisplay", "teaching", "display", "whiteboard", "interactivewhiteboard", "smartboard", "projector"),
        *("classroompc", "teacherpc"),
    ),
    "office": ("office", "admin", "administration", "reception", "bursar", "finance"),
    "exam": ("exam", "exams", "examination", "examinations"),
    "server": ("server",),
}
_LEVELS = {
    "standard": ("standard", "il0", "il1", "il2", "il02", "0", "1", "2", "low", "official"),
    "sensitive": ("sensitive", "il3", "3", "officialsensitive"),
    "high": ("high", "il4", "4", "localhigh"),
}
# What configure scripts call a Linux, which Active Directory has of those that realmd joined to it: pc-linux-gnu.
_TRIPLET = "linuxgnu"
_CHOICES: dict[str, tuple[type[StrEnum], Mapping[str, tuple[str, ...]]]] = {
    "platform": (Platform, _PLATFORMS),
    "form": (Form, _FORMS),
    "role": (Role, _ROLES),
    "level": (Level, _LEVELS),
}
_MEANING = {
    field: {word: kind(value) for value, synonyms in table.items() for word in synonyms}
    for field, (kind, table) in _CHOICES.items()
}
# An operating system and a chassis come with an edition or a maker's word behind; a role or a level never does.
_BEGINNINGS = {
    field: sorted((word for word in _MEANING[field] if len(word) > 2), key=len, reverse=True)
    for field in ("platform", "form")
}


@lru_cache(maxsize=4096)
def parse_value(field: str, text: str) -> StrEnum:
    """What a cell says of a device's platform, form, role or level. Raises Mistake with the words that there are."""
    word = plain_name(text)
    meaning = _MEANING[field].get(word)
    if meaning is None:
        meaning = next(
            (_MEANING[field][beginning] for beginning in _BEGINNINGS.get(field, ()) if word.startswith(beginning)), None
        )
    if meaning is None and field == "platform" and word.endswith(_TRIPLET):
        meaning = Platform.LINUX
    if meaning is None:
        known = ", ".join(_CHOICES[field][0])
        raise Mistake(f"{text[:40]!r} is no {field} that is known here; write one of {known}", column=field)
    return meaning
