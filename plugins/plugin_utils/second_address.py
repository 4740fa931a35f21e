"""Turn to a device's second address where it does not answer at its first: the inner one that its VPN gives it alone.

The host key has to be the one that is known for the first address. Only ssh can be turned.
"""

from __future__ import annotations

VARIABLE = "leeboard_inner_address"


def turned(connection, variables: dict) -> bool:
    """Turn the connection of a task to the second address. False where there is none, or it is there already."""
    inner = variables.get(VARIABLE)
    if not inner or connection.transport != "ssh":
        return False
    first, port = connection.get_option("host"), connection.get_option("port")
    if not first or first == inner:
        return False
    alias = first if port in (None, 22) else f"[{first}]:{port}"  # as known_hosts has it
    common = connection.get_option("ssh_common_args") or ""
    connection.set_option("ssh_common_args", f"{common} -o HostKeyAlias={alias}".strip())
    connection.set_option("host", inner)
    return True
