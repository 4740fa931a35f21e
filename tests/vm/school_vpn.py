"""A school's VPN as its people set it up: an authority on a controller, a gateway by its export, laptops by roll-outs.

Nothing here writes a configuration of strongSwan: the gateway's is what `leeboard vpn export-gateway` wrote, put where
the export's own page says.
"""

from __future__ import annotations

import csv
import functools
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from leeboard.evidence.bundles.reader import Reader
from tests.unit.escrow.vaults import custodian
from tests.unit.playing import ROOT, command

from .image import HOST_ALIAS
from .machine import Machine
from .qmp import monitor
from .vpn import COUNTED, ELSEWHERE, GATEWAY, INSIDE, Authority, Laptop

URN, SCHOOL = "900001", "example-primary-school"
LAPTOPS = {"LT-014": "127.0.9.31", "LT-015": "127.0.9.32"}
SSH = 2222
INNER = ("10.99.0.0/24", "2001:db8:99::/120")
GUEST_SEES_HOST = "10.0.2.2"  # QEMU's user network has the host's loopback there
# From an address of the school's: the gateway's own one to the outside is that of each machine of the lab.
ASKS = """
import socket, sys
with socket.create_connection((sys.argv[1], 22), 30, (sys.argv[2], 0)) as asked:
    print(asked.recv(4).decode())
"""
HEADINGS = ("asset", "host", "address", "platform", "form", "role")


@contextmanager
def web_server(folder: Path) -> Iterator[int]:
    """Show a folder by HTTP on loopback; the port."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_words: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class Controller:
    """The technician's desk: an estate of one school, a vault, and the authority, all by `leeboard`'s own commands."""

    def __init__(self, folder: Path, second_volume: Path, like: Machine) -> None:
        self.folder, self.estate, self.lists = folder, folder / "inventories" / "la", folder / "lists"
        self.school = self.estate / SCHOOL
        self.said: list[str] = []  # all that commands printed
        self._second = second_volume
        for made in (self.school, self.lists, self.estate / "vpn"):
            made.mkdir(parents=True)
        known = folder / "known_hosts"
        known.write_text(like.image.known_hosts.read_text())
        linux = {
            "user": "technician", "port": SSH, "key": str(like.image.client_key),
            "vars": {
                "ansible_ssh_common_args": f"-o HostKeyAlias={HOST_ALIAS} -o 'UserKnownHostsFile=\"{known}\"'",
                "ansible_timeout": 60,
            },
        }  # fmt: skip
        vpn = {
            "kind": "ikev2", "gateways": [{"name": GATEWAY, "addresses": ["192.0.2.1"]}], "authority": "leeboard",
            "routes": "everything", "dns": {"servers": [INSIDE[0]]}, "inner": list(INNER),
        }  # fmt: skip
        self._write(
            self.estate / "estate.yml",
            {
                "plugin": "leeboard.schools.estate", "name": "Example LA", "level": "sensitive",
                "connection": {"linux": linux}, "vpn": vpn,
            },
        )  # fmt: skip
        self._write(
            self.school / "school.yml",
            {
                "plugin": "leeboard.schools.estate", "urn": URN, "name": "Example Primary School", "phase": "primary",
                "canary": ["LT-014"], "enforce": [{"family": "REM", "since": "2026-01-01", "by": "Head teacher"}],
                "vars": {"leeboard_management_networks": "10.0.2.0/24 198.18.0.0/24 2001:db8:ff::/64"},
            },
        )  # fmt: skip
        with (self.school / "devices.csv").open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(HEADINGS)
            for asset, address in LAPTOPS.items():
                rows.writerow((asset, asset.lower(), address, "linux", "portable", "staff_portable"))

    def begins(self, port: int) -> None:
        """Begin vault and authority, which publishes its lists where the port shows them, and declare it."""
        head = self.folder / "head.pem"
        head.write_bytes(custodian("head")[0].pem)
        first, second = self.folder / "first", self._second / "second"
        self.leeboard("escrow", "init", "--first", str(first), "--second", str(second), "--custodian", str(head))
        self.leeboard(
            "vpn", "init", "--name", "Example LA", "--level", "sensitive",
            "--lists", f"http://{GUEST_SEES_HOST}:{port}", "--publish-folder", str(self.lists),
        )  # fmt: skip
        self.leeboard("vpn", "chain", "--to", str(self.estate / "vpn" / "authority.pem"))
        self.leeboard("estate", "addresses", "--write", "-i", str(self.estate))
        self.leeboard("estate", "check", "-i", str(self.estate))

    def run(self, *argv: str, ends: int = 0) -> str:
        """A command line, which must end as it should; what it printed."""
        done = command(self.folder, *argv, COLUMNS="200", ANSIBLE_LOCAL_TEMP=str(self.folder / "tmp"))
        self.said.append(done.stdout + done.stderr)
        assert done.returncode == ends, done.stdout[-20000:] + done.stderr[-5000:]
        return done.stdout + done.stderr

    def leeboard(self, *words: str, ends: int = 0) -> str:
        """A command of `leeboard`."""
        return self.run("leeboard", *words, ends=ends)

    def rolls_out(self, *options: str, ends: int = 0) -> tuple[dict[str, int], str]:
        """A roll-out to the school: (how much was changed on each laptop, all that was said)."""
        playbook = str(ROOT / "playbooks" / "rollout.yml")
        said = self.run("ansible-playbook", playbook, "-i", str(self.school / "school.yml"), *options, ends=ends)
        recap = [line.split() for line in said.partition("PLAY RECAP")[2].splitlines() if "changed=" in line]
        return {words[0].partition(".")[0]: int(words[3].removeprefix("changed=")) for words in recap}, said

    def verdicts(self) -> dict[str, dict[str, str]]:
        """Asset, control and verdict of a check of the school."""
        said = self.leeboard("drift", "-i", str(self.estate), "--format", "json", ends=2)
        found: dict[str, Any] = json.loads(said[said.index("{") : said.rindex("}") + 1])
        return {
            one["asset"]: {each["control"]: each["verdict"] for each in one["findings"]} for one in found["devices"]
        }

    def run_of_roll_out(self, number: int) -> str:
        """The id of the roll-out with this place among all."""
        found = []
        for bundle in (self.folder / "var" / "evidence" / URN).glob("*.jsonl.xz"):
            with Reader(bundle) as reader:
                if reader.header.action == "enforce":
                    found.append(reader.header.run)
        return sorted(found)[number]

    def export(self, *options: str) -> Path:
        """The folder for whoever runs the gateway."""
        to = self.folder / "export"
        words = ("vpn", "export-gateway", GATEWAY, "--kind", "strongswan", "--to", str(to), "-i", str(self.estate))
        self.leeboard(*words, *options)
        return to

    @staticmethod
    def _write(path: Path, content: dict[str, Any]) -> None:
        path.write_text(yaml.safe_dump(content, sort_keys=False))


class ExportedGateway:
    """The school's end of two cables, set up by the page of the export and nothing else."""

    def __init__(self, machine: Machine, controller: Controller) -> None:
        self.machine, self.controller = machine, controller
        machine.root(
            "ip link set eth1 up; ip addr add 192.0.2.1/24 dev eth1; ip addr add 2001:db8:1::1/64 dev eth1 nodad;"
            "ip link set eth2 up; ip addr add 198.51.100.1/24 dev eth2;"
            f"ip addr add {INSIDE[0]}/32 dev lo; ip addr add {INSIDE[1]}/128 dev lo;"
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
        )
        for card in ("eth1", "eth2"):
            machine.root("nft -f -", input=COUNTED.replace("netdev lab", f"netdev lab_{card}").replace("eth1", card))

    def is_set_up(self) -> None:
        """Do steps 2 and 3 of the page."""
        self.machine.root(
            "umask 077; openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj / "
            "-keyout /etc/swanctl/private/leeboard-gateway.pem -out gateway.csr"
        )
        folder = self.controller.folder / "gateway"
        folder.mkdir()
        (folder / "gateway.csr").write_text(self.machine.root("cat gateway.csr").stdout)
        asked = ("--request", str(folder / "gateway.csr"), "--to", str(folder))
        self.controller.leeboard("vpn", "issue", "--gateway", GATEWAY, *asked)
        self.machine.put(folder / "certificate.pem", "/etc/swanctl/x509/leeboard-gateway.pem")
        self.copies_the_export(self.controller.export())
        self.machine.root("chmod 755 /usr/local/sbin/leeboard-vpn-lists")
        self.machine.root(
            "systemctl daemon-reload; systemctl enable --now leeboard-vpn-lists.timer; systemctl restart strongswan",
            timeout=300,
        )

    def copies_the_export(self, folder: Path) -> None:
        """Copy `swanctl/` to /etc/swanctl, `usr/` and `etc/` to the root."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, place in (("swanctl", "etc/swanctl"), ("usr", "usr"), ("etc", "etc")):
                archive.add(folder / name, place)
        self.machine.root("tar -x --no-same-owner --no-overwrite-dir -C /", input=buffer.getvalue())

    def takes_a_new_export(self, *options: str) -> None:
        """Do step 5 of the page."""
        self.copies_the_export(self.controller.export(*options))
        self.machine.root("chmod 755 /usr/local/sbin/leeboard-vpn-lists; swanctl --load-all", timeout=300)

    def brings_lists(self) -> str:
        """Do step 4 of the page; what charon says of the lists that it has."""
        self.machine.root("systemctl start leeboard-vpn-lists", timeout=300)
        return self.machine.root("swanctl --list-certs --type x509_crl").stdout

    def ends_what_was_revoked(self, connection: str) -> None:
        """Do what the page says at once of a device that was revoked."""
        self.machine.root(f"/usr/local/sbin/leeboard-vpn-lists && swanctl --terminate --ike {connection}", timeout=300)

    def tunnels(self) -> str:
        """What charon's own program says of tunnels that are up."""
        return self.machine.root("swanctl --list-sas").stdout

    def counted(self, card: str) -> dict[str, int]:
        """Packets that came by this cable: `esp`, and `other` than that and what any network needs."""
        listed = self.machine.root(f"nft --json list table netdev lab_{card}").stdout
        counters = [one["counter"] for one in json.loads(listed)["nftables"] if "counter" in one]
        return {str(one["name"]).removeprefix("c_"): int(one["packets"]) for one in counters}

    def reaches(self, address: str) -> bool:
        """Whether a laptop answers at its inner address who asks from inside the school."""
        self.machine.put(ASKS.encode(), "/root/asks.py")
        own = INSIDE[":" in address]
        return self.machine.root(f"python3 /root/asks.py {address} {own}", check=False).stdout.strip() == "SSH-"


def laptop(machine: Machine, asset: str) -> Laptop:
    """A laptop on its cable, reached by its technician at its address in the register; the second one elsewhere."""
    forwarded = f"hostfwd_add user tcp:{LAPTOPS[asset]}:{SSH}-:22"
    assert monitor(machine.sockets / "qmp", forwarded) == ""
    found = Laptop(machine, Authority())
    if asset == "LT-015":
        found.moves(ELSEWHERE)
    return found
