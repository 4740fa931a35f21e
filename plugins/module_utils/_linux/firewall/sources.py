"""The rules that are in the kernel now: those of nftables, and of both kinds of iptables.

`nft -j list ruleset` shows everything but the old iptables. Rules that iptables wrote into nftables hold extensions
that nft cannot tell; for those iptables-save is asked. The old iptables names its tables in /proc/net/ip_tables_names.
"""

from __future__ import annotations

from ..engine.host import Host, HostError
from ..engine.safe_read import first_of
from . import nft
from .rules import Ruleset

NFT = ("/usr/sbin/nft", "/sbin/nft")
# iptables-save by family: for rules that it keeps in nftables, and for the old kernel interface.
MODERN = {"ip": "iptables-nft-save", "ip6": "ip6tables-nft-save"}
LEGACY = {"ip": ("iptables-legacy-save", "/proc/net/ip_tables_names"),
          "ip6": ("ip6tables-legacy-save", "/proc/net/ip6_tables_names")}  # fmt: skip
LIST = ["nft", "-j", "list", "ruleset"]
FOLDERS = ("/usr/sbin", "/sbin")
WITHOUT_NFT = "the command nft is not installed, so rules of nftables cannot be seen"


class Loaded:
    """`ruleset`, and `unseen`: why something may be missing from it, or an empty text."""

    def __init__(self, ruleset: Ruleset, unseen: str = "") -> None:
        self.ruleset = ruleset
        self.unseen = unseen


def loaded(host: Host) -> Loaded:
    """What the kernel filters by. Raises HostError."""
    if not host.is_root:
        raise HostError("needs_root", "the kernel shows its firewall rules to root only")
    ruleset = Ruleset()
    unseen = ""
    if first_of(host, NFT):
        reader = nft.read(output(host, LIST))
        ruleset.add(reader.ruleset)
        for family in ("ip", "ip6"):
            tables = {table for kind, table in reader.opaque if kind == family}
            if tables:
                _in_place_of(host, ruleset, family, tables)
    elif _uses_nftables(host):
        unseen = WITHOUT_NFT
        for family in ("ip", "ip6"):
            if first_of(host, tuple(f"{folder}/{MODERN[family]}" for folder in FOLDERS)):
                ruleset.add(_saved(host, MODERN[family], family, "iptables"))
    for family, (program, names) in LEGACY.items():
        if _lines(host, names):
            ruleset.add(_saved(host, program, family, program))
    return Loaded(ruleset, unseen)


def _in_place_of(host: Host, ruleset: Ruleset, family: str, tables: set[str]) -> None:
    """Put what iptables says of its own tables in the place of what nft could not tell."""
    saved = _saved(host, MODERN[family], family, "iptables")
    saved_chains = {key[2] for key in saved.chains}
    for key in list(ruleset.chains):
        if key[0] == family and key[1] in tables & saved_chains:
            del ruleset.chains[key]
    for key in list(saved.chains):
        if key[2] not in tables:
            del saved.chains[key]
    ruleset.add(saved)


def _saved(host: Host, program: str, family: str, source: str) -> Ruleset:
    """What an iptables-save tells. Raises HostError."""
    from . import iptables  # only where there are rules of iptables

    return iptables.read(output(host, [program]), family, source)


def output(host: Host, argv: list[str], starts: tuple[str, ...] = ()) -> str:
    """What a command printed, whose script `starts` programs. Raises HostError when it failed or printed too much."""
    done = host.query(argv, starts=starts)
    if done.rc != 0:
        raise HostError("failed", f"{argv[0]} ended with status {done.rc}: {done.err.strip()[:300]}")
    return done.out


def _uses_nftables(host: Host) -> bool:
    """Whether the kernel could hold rules of nftables. Raises HostError."""
    modules = _lines(host, "/proc/modules")
    # A kernel that has it built in does not list it.
    return not modules or any(line.startswith("nf_tables ") for line in modules)


def _lines(host: Host, path: str) -> list[str]:
    try:
        return [line for line in host.text(path).split("\n") if line.strip()]
    except FileNotFoundError:
        return []
