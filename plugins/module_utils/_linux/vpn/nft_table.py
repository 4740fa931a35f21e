"""Whether a table of nftables in the kernel says what its rules say, word for word.

nft lists a rule in words of its own, others by each version. So the rules are loaded once more, in a network namespace
that goes with the command and that no packet passes, and listed there by the same nft: the two lists are the same, or
they are not.
"""

from __future__ import annotations

import json
from typing import Any

from ..engine.host import Host, HostError

LISTED = 'nft -f - && exec nft --json list table "$1" "$2"'


def says(host: Host, table: str, rules: str, listing: str) -> bool:
    """Whether `listing`, what `nft -j list table` prints of a table ("inet name"), is what `rules` come to.

    Raises HostError where nft says nothing that makes sense, or where there can be no such namespace.
    """
    argv = ["unshare", "--net", "sh", "-c", LISTED, "sh", *table.split()]
    done = host.query(argv, input=rules, starts=("sh", "nft"))
    if done.rc != 0:
        code = "failed" if host.is_root else "needs_root"
        raise HostError(
            code, f"nft did not list the rules of {table} in a network of its own: {done.err.strip()[:200]}"
        )
    return _objects(listing, table) == _objects(done.out, table)


def _objects(listing: str, table: str) -> list[tuple[str, Any]]:
    """(kind, content) of a table, its chains and rules, in their order and without the kernel's numbers for them."""
    try:
        found = [(kind, content) for one in json.loads(listing)["nftables"] for kind, content in one.items()]
        return [
            (kind, {key: value for key, value in content.items() if key != "handle"})
            for kind, content in found
            if kind != "metainfo"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HostError("malformed", f"what nft -j list table {table} prints makes no sense") from None
