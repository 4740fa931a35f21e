"""The stand-ins have no class, property, type, method or parameter that a real Windows is not known to have."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from . import facts

REAL = facts.read()
EXCEPTED = {one["what"] for one in REAL["exceptions"]}
_OURS = {"bitlocker", "tpm", "methods"}  # state of the stand-in's own, no properties
_COMMON = {"ErrorAction", "Verbose", "WhatIf", "Confirm"}


def described(namespace: str, name: str) -> dict[str, Any]:
    """What is known of a class; a failure where none is known."""
    found: dict[str, Any] | None = REAL["classes"].get(namespace.replace("\\", "/").lower(), {}).get(name)
    assert found is not None, f"no Windows is known to have {name} in {namespace}"
    return found


def fits(value: Any, kind: str) -> bool:
    """Whether a value of the stand-in's state is of a type; nothing is of every type."""
    if value is None:
        return True
    if kind.endswith("[]"):
        return isinstance(value, list) and all(fits(one, kind[:-2]) for one in value)
    if kind == "reference":
        return isinstance(value, dict) and "datetime" not in value
    if isinstance(value, dict):
        return kind == "string" and set(value) == {"datetime"}  # the repository has dates as text
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, int) and not isinstance(value, bool) and (value >= 0 or not kind.startswith("u"))


def strangers(namespaces: dict[str, dict[str, list[dict[str, Any]]]]) -> list[str]:
    """Properties in a state of the stand-in for CIM that no Windows is known to have, or of another type."""
    found = []
    for namespace, classes in namespaces.items():
        for name, instances in classes.items():
            known = described(namespace, name)["properties"]
            for instance in instances:
                for one, value in instance.items():
                    if one in _OURS or f"{name}.{one}" in EXCEPTED:
                        continue
                    if one not in known:
                        found.append(f"{name} has no property {one}")
                    elif not fits(value, known[one]):
                        found.append(f"{name}.{one} is {known[one]}, not {value!r}")
    return found


def test_the_standin_for_cim_has_no_class_or_property_of_its_own() -> None:
    state = json.loads((facts.STANDINS / "state" / "cim.json").read_text(encoding="utf-8"))
    assert strangers(state["namespaces"]) == []


@pytest.mark.parametrize(
    ("instance", "why"),
    [
        ({"SerialNo": "1"}, "Win32_BIOS has no property SerialNo"),
        ({"SerialNumber": 7}, "Win32_BIOS.SerialNumber is string, not 7"),
    ],
)
def test_a_property_that_is_not_there_is_refused(instance: dict[str, Any], why: str) -> None:
    assert strangers({"root\\CIMV2": {"Win32_BIOS": [instance]}}) == [why]


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(AssertionError, match="Win32_DriveLock"):
        strangers({"root\\cimv2": {"Win32_DriveLock": []}})


def test_methods_of_bitlocker_and_tpm_are_there() -> None:
    for files, name in (
        (("VolumeMethods", "VolumeProtectors"), "Win32_EncryptableVolume"),
        (("TpmMethods",), "Win32_Tpm"),
    ):
        texts = [(facts.STANDINS / "CimCmdlets" / f"{one}.psm1").read_text(encoding="utf-8") for one in files]
        part = "\n".join(texts)
        known = described(facts.namespace(name), name)
        used = set(re.findall(r"'?\b((?:Get|Is|Protect|Pause|Resume|Delete)[A-Z]\w+)'? (?:=|\{)", part))
        answers = {each for one in known["methods"].values() for each in one["out"]}
        labels = used - (answers - set(known["methods"])) - set(known["properties"])
        assert labels, name
        assert {one for one in labels if one not in known["methods"] and f"{name}.{one}" not in EXCEPTED} == set()


def test_the_standins_commands_have_no_parameter_of_their_own() -> None:
    found = []
    for file in facts.STANDINS.rglob("*.psm1"):
        text = file.read_text(encoding="utf-8")
        for command in facts.standin_commands():
            body = re.search(rf"^function {command} \{{(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
            if body is None:
                continue
            block = re.search(r"^    param\((.*?)\)\n(?:    )?\S?", body[1] + "\n", re.MULTILINE | re.DOTALL)
            given = set(re.findall(r"\]\$(\w+)", block[1] if block else ""))
            assert given, f"{command} has no parameters that could be looked at"
            found += [f"{command} has no -{one}" for one in given - set(REAL["commands"][command]) - _COMMON]
    assert found == []


POWERSHELL_TYPES = {
    "string": "string", "string[]": "string[]", "bool": "bool", "byte[]": "uint8[]", "uint32": "uint32",
    "object[]": "reference[]",
}  # fmt: skip


@pytest.mark.parametrize("name", ["VpnConnection", "VpnConnectionIPsecConfiguration", "MSFT_NetRoute"])
def test_the_standin_of_vpn_profiles_is_typed_as_the_real_classes(name: str) -> None:
    text = (facts.STANDINS / "VpnClient" / "VpnClient.psm1").read_text(encoding="utf-8")
    body = re.search(rf"^class {name} \{{(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    assert body is not None
    members = {member: kind for kind, member in re.findall(r"\[([\w.]+(?:\[\])?)\]\$(\w+)", body[1])}
    members.pop("CimInstanceProperties")
    known = described(facts.namespace(name), name)["properties"]
    assert members
    assert {one: POWERSHELL_TYPES[kind] for one, kind in members.items()} == {one: known[one] for one in members}


def test_every_exception_and_types_file_names_a_page() -> None:
    for one in REAL["exceptions"]:
        assert set(one) == {"what", "page"} and one["page"].strip(), one
    for one in REAL["types_files"].values():
        assert set(one) == {"members", "page"} and one["page"].strip(), one


def test_the_facts_are_those_that_are_used() -> None:
    """Where one is missing, take_facts.py takes it."""
    assert facts.used_commands() - set(REAL["commands"]) <= EXCEPTED
    assert set(REAL["commands"]) <= facts.used_commands()
    for namespace, names in facts.used_classes().items():
        assert names - set(REAL["classes"].get(namespace, {})) <= EXCEPTED
