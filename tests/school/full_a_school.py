"""A school from its first lists to an undo, as a technician does it: two Debian machines and two Windows machines.

The Debian machines are guests of the lab. The Windows machines are PowerShell on Wine behind our WinRM service, which
takes Basic over TLS only: what Kerberos or NTLM would do is not proved here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from leeboard.evidence.bundles.reader import Reader
from tests.unit.playing import ROOT, command
from tests.vm.image import HOST_ALIAS
from tests.vm.machine import Machine
from tests.vm.qmp import monitor
from tests.windows.machine import WindowsMachine
from tests.windows.requirements import need_machine
from tests.windows.wire.certificates import Authority
from tests.windows.wire.powershell import INTERPRETER, on_wine
from tests.windows.wire.school import LIBRARY, PASSWORD, USER
from tests.windows.wire.server import Endpoint

URN = "900001"
REGISTER = {
    "URN": URN,
    "LA (code)": "999",
    "EstablishmentNumber": "2001",
    "EstablishmentName": "Example Primary School",
    "EstablishmentStatus (name)": "Open",
    "PhaseOfEducation (name)": "Primary",
}
LINUX = {"office-1": "127.0.9.11", "hall-1": "127.0.9.12"}
WINDOWS = {"PC1": "127.0.9.21", "PC2": "127.0.9.22"}
SSH, WINRM = 2222, 5986
WAIVED = {"hall-1": "LBL-01", "PC2": "LCK-01"}
VAULT_PASSWORD = "what opens the vault of this test"
LAST_DAY = str(date.today() + timedelta(days=200))
Verdicts = dict[str, dict[str, str]]  # by asset and control


class Technician:
    """A folder in which a technician works: an inventory of one LA, and what Leeboard keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.estate = folder / "inventories" / "la"
        self.estate.mkdir(parents=True)
        (folder / "vault-password").write_text(VAULT_PASSWORD)
        (folder / "vault-password").chmod(0o600)

    def run(self, *argv: str, ends: int = 0) -> str:
        """A command line, which must end as it should; what it printed."""
        done = command(
            self.folder,
            *argv,
            COLUMNS="200",
            ANSIBLE_VAULT_PASSWORD_FILE=str(self.folder / "vault-password"),
            ANSIBLE_LIBRARY=str(LIBRARY),
            ANSIBLE_LOCAL_TEMP=str(self.folder / "tmp"),
        )
        assert done.returncode == ends, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout

    def leeboard(self, *options: str, ends: int = 0) -> str:
        """`leeboard` on the LA's inventory."""
        return self.run("leeboard", *options, "-i", str(self.estate), ends=ends)

    def check(self) -> dict[str, Any]:
        """A check of the whole school by `leeboard drift`; its JSON."""
        found: dict[str, Any] = json.loads(self.leeboard("drift", "--format", "json", ends=2))
        assert found["problems"] == []
        assert {one["asset"]: one["outcome"] for one in found["devices"]} == dict.fromkeys(
            (*LINUX, *WINDOWS), "observed"
        )
        return found

    def roll_out(self) -> dict[str, int]:
        """A roll-out to the school by plain Ansible; how much was changed on each device."""
        school = self.estate / f"example-primary-school-{URN}" / "school.yml"
        said = self.run("ansible-playbook", str(ROOT / "playbooks" / "rollout.yml"), "-i", str(school))
        recap = [line.split() for line in said.partition("PLAY RECAP")[2].splitlines() if "changed=" in line]
        return {words[0].partition(".")[0]: int(words[3].removeprefix("changed=")) for words in recap}

    def roll_outs(self) -> list[str]:
        """The ids of the roll-outs that are on record."""
        found = []
        for bundle in (self.folder / "var" / "evidence" / URN).glob("*.jsonl.xz"):
            with Reader(bundle) as reader:
                if reader.header.action == "enforce":
                    found.append(reader.header.run)
        return found


def sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    """A CSV file as a register or a program exports it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="cp1252")
    return path


def by_device(found: dict[str, Any], mode: str = "") -> Verdicts:
    """The verdicts of a report; with `mode` only of what is in this mode."""
    return {
        one["asset"]: {each["control"]: each["verdict"] for each in one["findings"] if mode in ("", each["mode"])}
        for one in found["devices"]
    }


def of(found: Verdicts, *families: str) -> Verdicts:
    return {asset: {name: one for name, one in said.items() if name[:3] in families} for asset, said in found.items()}


@pytest.fixture
def machines(new_machine: Callable[..., Machine]) -> list[Machine]:
    """The Debian machines, in the order of LINUX."""
    found = []
    for number, address in enumerate(LINUX.values()):
        found.append(new_machine("server", serial=f"PF{number}LEEBOARD"))
        assert monitor(found[-1].sockets / "qmp", f"hostfwd_add user tcp:{address}:{SSH}-:22") == ""
    return found


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    """Who signed the certificates of the Windows machines, which answer as long as the test lasts."""
    need_machine()
    found = Authority(tmp_path / "authority")
    with ExitStack() as stack:
        for name, address in WINDOWS.items():
            machine = WindowsMachine(name)
            stack.callback(machine.close)
            context = found.context(address)
            stack.enter_context(Endpoint(on_wine(machine.prefix), USER, PASSWORD, context, (address, WINRM)))
        yield found


@pytest.fixture
def technician(tmp_path: Path, machines: list[Machine], authority: Authority) -> Technician:
    """Of a technician who has been told how machines are reached, and has written down no school yet."""
    found = Technician(tmp_path / "desk of a technician")
    image = machines[0].image
    known = found.folder / "known_hosts"
    known.write_text(image.known_hosts.read_text())
    linux = {
        "type": "ssh",
        "user": "technician",
        "port": SSH,
        "key": str(image.client_key),
        "vars": {
            "ansible_ssh_common_args": f"-o HostKeyAlias={HOST_ALIAS} -o 'UserKnownHostsFile=\"{known}\"'",
            "ansible_timeout": 60,
        },
    }
    windows = {
        "type": "winrm",
        "user": USER,
        "port": WINRM,
        "ca": str(authority.path),
        "vars": {
            "ansible_password": "{{ vault_windows_password }}",
            "ansible_winrm_transport": "basic",
            "ansible_pwsh_interpreter": INTERPRETER,
        },
    }
    estate = {
        "plugin": "leeboard.schools.estate",
        "name": "Example LA",
        "level": "standard",
        "connection": {"linux": linux, "windows": windows},
    }
    (found.estate / "estate.yml").write_text(yaml.safe_dump(estate, sort_keys=False))
    return found


def imported(technician: Technician) -> None:
    """The school from the register, its Windows machines from Active Directory, the others from a sheet."""
    register = sheet(technician.folder / "edubasealldata.csv", [REGISTER, {**REGISTER, "URN": "900777"}])
    assert "Example Primary School" in technician.leeboard(
        "estate", "import", "register", str(register), "--urn", URN, "--yes"
    )
    folder = technician.estate / f"example-primary-school-{URN}"
    computers = [
        {
            "DistinguishedName": f"CN={name},CN=Computers,DC=school,DC=example",
            "DNSHostName": f"{name}.school.example",
            "Enabled": "True",
            "IPv4Address": address,
            "Name": name,
            "ObjectClass": "computer",
            "OperatingSystem": "Windows 11 Pro",
            "SamAccountName": f"{name}$",
        }
        for name, address in WINDOWS.items()
    ]
    ours = [
        {"Asset tag": name, "Host": name, "Address": address, "Platform": "Debian"} for name, address in LINUX.items()
    ]
    for file, rows in (("ad.csv", computers), ("ours.csv", ours)):
        listed = sheet(technician.folder / file, rows)
        options = ("--school", URN, "--form", "desktop", "--role", "office", "--yes")
        technician.leeboard("estate", "import", "devices", str(listed), *options)
    vault = folder / "vault.yml"
    vault.write_text(f"vault_windows_password: {json.dumps(PASSWORD)}\n")
    technician.run("ansible-vault", "encrypt", str(vault))
    with (folder / "school.yml").open("a") as stream:
        stream.write(
            "vault: vault.yml\nvars:\n  leeboard_notice_title: Notice\n"
            "  leeboard_notice_text: This computer is the school's. Use it only if you are allowed to.\n"
        )
    technician.leeboard("estate", "check")


def test_from_the_first_list_to_an_undo(technician: Technician, machines: list[Machine]) -> None:
    imported(technician)
    first = by_device(technician.check())
    for asset, verdicts in first.items():
        assert verdicts["LBL-02"] == "drifted", f"{asset}: {verdicts}"
        assert "error" not in verdicts.values(), f"{asset}: {verdicts}"
    issue = machines[1].root("cat /etc/issue").stdout

    assert set(technician.roll_out().values()) == {0}, "a new school is only reported on"

    for family in ("LBL", "LCK"):
        technician.leeboard("school", "enforce", "example primary", family, "--by", "Head teacher", "--yes")
    said = ("--owner", "Head teacher", "--approved-by", "Governing body", "--reason", "Until the show in the hall.")
    for asset, control in WAIVED.items():
        wanted = ("--control", control, "--devices", asset, "--last-day", LAST_DAY, "--yes")
        technician.leeboard("waiver", "new", URN, *wanted, *said)
    technician.leeboard("waiver", "check")

    changed = technician.roll_out()
    assert set(changed) == {*LINUX, *WINDOWS} and min(changed.values()) > 0
    assert machines[0].root("cat /etc/issue").stdout != issue
    assert machines[1].root("cat /etc/issue").stdout == issue, "it is waived there"
    report = technician.check()
    mended = of(by_device(report, "enforce"), "LBL", "LCK")
    for asset, verdicts in mended.items():
        left = {name: one for name, one in verdicts.items() if one not in ("compliant", "not_applicable", "pending")}
        assert left == ({WAIVED[asset]: "waived"} if asset in WAIVED else {}), asset
    (school,) = report["schools"]
    assert all(f"{family} (since" in school["enforces"] for family in ("LBL", "LCK")), school["enforces"]
    assert sorted(one["control"] for one in report["waivers"]) == sorted(WAIVED.values())

    nothing, run = sorted(technician.roll_outs())
    assert "changed nothing" in technician.leeboard("undo", "--run", nothing, "--yes")
    technician.leeboard("undo", "--run", run, "--yes")
    after = of(by_device(technician.check()), "LBL", "LCK")
    expected = of(first, "LBL", "LCK")
    for asset, control in WAIVED.items():
        expected[asset][control] = "waived"
    assert after == expected
