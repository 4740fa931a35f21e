"""What tells this machine from another: `serial`, `uuid`, `machine_id`, `os`.

Serial and UUID come from SMBIOS (/sys/class/dmi/id, readable by root only), on a machine without it (ARM) the serial
from the device tree. Makers' placeholders ("To be filled by O.E.M.") are passed on: the brain knows them.
"""

from __future__ import annotations

import re

from ..engine.host import Host, HostError
from ..engine.reading import Aspect, absent, unreadable, value

DMI = "/sys/class/dmi/id"
TREE_SERIAL = "/sys/firmware/devicetree/base/serial-number"
OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
LONGEST = 200  # characters
SYSTEM = re.compile(r"\A[a-z0-9._-]+\Z")  # os-release(5), ID=


def observe(host: Host) -> dict[str, Aspect]:
    """{"serial": aspect, "uuid": aspect, "machine_id": aspect, "os": aspect}, all of them text."""
    serial = _file(host, f"{DMI}/product_serial")
    if serial["state"] == "absent":
        serial = _file(host, TREE_SERIAL)
    uuid = _file(host, f"{DMI}/product_uuid")
    if uuid["state"] == "value":
        uuid["value"] = uuid["value"].lower()
    return {"serial": serial, "uuid": uuid, "machine_id": _file(host, "/etc/machine-id"), "os": _os(host)}


def _file(host: Host, path: str) -> Aspect:
    """The one line of a small file; an empty one counts as absent."""
    try:
        text = host.text(path).strip("\0 \t\r\n")[:LONGEST]
    except FileNotFoundError:
        return absent(path)
    except HostError as problem:
        return unreadable(problem.code, problem.why, path)
    return value(text, path, "string") if text else absent(path)


def _os(host: Host) -> Aspect:
    try:
        fields, path = os_release(host)
    except HostError as problem:
        return unreadable(problem.code, problem.why)
    if "ID" not in fields:
        return absent(path or OS_RELEASE[0])
    return value(f"{fields['ID']} {fields.get('VERSION_ID', '')}".strip()[:LONGEST], path, "string")


def os_release(host: Host) -> tuple[dict[str, str], str]:
    """(keys and values of os-release, its path); both empty when there is none. Nothing in it is evaluated.

    Raises HostError for a file that names no system.
    """
    for path in OS_RELEASE:
        try:
            text = host.text(path)
        except FileNotFoundError:
            continue
        fields = {}
        for line in text.split("\n"):
            key, equals, setting = line.strip().partition("=")
            if equals and not key.startswith("#"):
                fields[key] = setting.strip().strip("\"'")
        if not SYSTEM.match(fields.get("ID", "")):
            # Whatever counts on one system only would otherwise count for nobody.
            raise HostError("malformed", f"{path} is damaged: it does not say which system this is (ID=)")
        return fields, path
    return {}, ""
