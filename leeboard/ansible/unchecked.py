"""Devices at whose address nobody looks who answers: SSH host keys or certificates that a run was told not to check.

The callback knows it of the hosts of its play and prints one line; `leeboard drift` reads that line out of what Ansible
printed, and says it once for all schools.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from leeboard.model.words import number

HOST_KEYS, CERTIFICATES = "host keys", "certificates"
# By kind: why they are not checked, in the words that stand in an inventory or an ansible.cfg.
WHY = {
    HOST_KEYS: "host_key_checking is off, or arguments of ssh say so",
    CERTIFICATES: "ansible_winrm_server_cert_validation or ansible_psrp_cert_validation is ignore",
}
HEAD = "leeboard warns: not checked are the "
TAIL = "Whoever answers there is given the passwords of a run; see docs/credentials.md"
COUNTED = re.compile(rf"({'|'.join(WHY)}) of ([0-9,]+) devices? \(")
# As ansible's ssh plugin has them; of those that are set the last counts.
CHECKING = ("ansible_host_key_checking", "ansible_ssh_host_key_checking")
ARGUMENTS = {name: f"ansible_{name}" for name in ("ssh_args", "ssh_common_args", "ssh_extra_args")}
VALIDATION = {"winrm": "ansible_winrm_server_cert_validation", "psrp": "ansible_psrp_cert_validation"}
NAMES = ("ansible_connection", *CHECKING, *ARGUMENTS.values(), *VALIDATION.values())
OFF = re.compile(r"StrictHostKeyChecking[\s=]+[\"']?(no|off)\b|UserKnownHostsFile[\s=]+[\"']?/dev/null", re.IGNORECASE)
NO = frozenset(("no", "n", "false", "f", "off", "0"))


def unchecked(variables: Mapping[str, Any], settings: Mapping[str, Any]) -> str | None:
    """What is not checked of a host with these variables, of WHY's kinds; None where all is.

    `settings` are what holds where a host says nothing: `connection`, `host_key_checking`, `ssh_args` and its like.
    """
    kind = str(variables.get("ansible_connection") or settings["connection"]).rpartition(".")[2]
    if kind == "ssh":
        said = [variables[name] for name in CHECKING if name in variables]
        checking = said[-1] if said else settings["host_key_checking"]
        arguments = (variables.get(name, settings.get(option, "")) for option, name in ARGUMENTS.items())
        if str(checking).lower() in NO or any(OFF.search(str(one)) for one in arguments):
            return HOST_KEYS
    elif kind in VALIDATION and str(variables.get(VALIDATION[kind], "")).lower() == "ignore":
        return CERTIFICATES
    return None


def line(counts: Mapping[str, int]) -> str:
    """The warning in one line: what, of how many devices and why. "" where all is checked."""
    said = [f"{kind} of {number(counts[kind], 'device')} ({why})" for kind, why in WHY.items() if counts.get(kind)]
    return f"{HEAD}{' and '.join(said)}. {TAIL}" if said else ""


def counted(outputs: Iterable[str]) -> Counter[str]:
    """How many devices the warnings in these outputs of runs name, by kind. Of one run the last line counts."""
    found: Counter[str] = Counter()
    for output in outputs:
        lines = [one for one in output.splitlines() if HEAD in one]
        found += Counter(
            {kind: int(many.replace(",", "")) for kind, many in COUNTED.findall(lines[-1] if lines else "")}
        )
    return found
