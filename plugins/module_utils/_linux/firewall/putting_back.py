"""What brings the firewall back as it is now: files, the unit, and what the kernel has of it (engine/cover.py)."""

from __future__ import annotations

from ..engine.cover import Command, Cover, Proof
from ..engine.edits import ChangeRefused
from ..engine.host import Host
from . import table
from .ours import FIREWALLD, NFTABLES, POLICY
from .sources import output
from .writing import used

OURS = ("inet", table.TABLE)
KEPT = "firewall.nft"
REPLACE = "add table {}\ndelete table {}\n"
NOT_THERE = ("sh", "-c", f"! nft list table {' '.join(OURS)} >/dev/null 2>&1")
UFW_FILES = ("/etc/default/ufw", "/etc/ufw/ufw.conf", "/etc/ufw/user.rules", "/etc/ufw/user6.rules")
UFW_CHAINS = (("iptables", "INPUT"), ("iptables", "ufw-user-input"), ("ip6tables", "INPUT"),
              ("ip6tables", "ufw6-user-input"))  # fmt: skip
GUESTS = "/etc/firewalld/policies/leeboard-guests.xml"
SECONDS = {NFTABLES: 120, FIREWALLD: 300}  # on an emulated machine; ufw is started once for each of its rules
UFW_SECONDS = 600


def cover(host: Host) -> Cover:
    """All that a change of the firewall may touch. Raises ChangeRefused, HostError."""
    kind = used(host)
    if kind == NFTABLES:
        return _nftables(host)
    if kind == FIREWALLD:
        policies = output(host, ["firewall-cmd", "--get-policies"])
        proofs = [Proof(("firewall-cmd", "--get-policies"), policies.encode(), 60)]
        if "leeboard" in policies.split():
            shown = ("firewall-cmd", "--info-policy=leeboard")
            proofs.append(Proof(shown, output(host, list(shown)).encode(), 60))
        return Cover(
            files=(POLICY, GUESTS),
            units=("firewalld.service",),
            commands=(Command(("firewall-cmd", "--reload"), 120),),
            proofs=tuple(proofs),
            longest=SECONDS[FIREWALLD],
        )
    chains = [(program, "-S", chain) for program, chain in UFW_CHAINS]
    return Cover(
        files=UFW_FILES,
        units=("ufw.service",),
        commands=(Command(("ufw", "reload"), 120),),
        proofs=tuple(Proof(argv, output(host, list(argv)).encode()) for argv in chains),
        longest=UFW_SECONDS,
    )


def _nftables(host: Host) -> Cover:
    now = host.query(["nft", "list", "table", *OURS])
    if now.rc != 0 and "No such file" not in now.err:
        raise ChangeRefused(
            f"the kernel does not say whether there is a table {' '.join(OURS)}: {now.err.strip()[:200]}"
        )
    there = now.rc == 0
    name = " ".join(OURS)
    stateless = ("nft", "-s", "list", "table", *OURS)
    proof = Proof(stateless, output(host, list(stateless)).encode()) if there else Proof(NOT_THERE)
    return Cover(
        files=(table.FILE, table.UNIT_FILE),
        units=(table.UNIT,),
        state={KEPT: (REPLACE.format(name, name) + (now.out if there else "")).encode()},
        commands=(Command(("nft", "-f", f"{{state}}/{KEPT}")),),
        proofs=(proof,),
        longest=SECONDS[NFTABLES],
    )
