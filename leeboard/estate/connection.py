"""How Ansible reaches the devices of a school: `connection` and `network` of its files as Ansible's variables."""

from __future__ import annotations

import shlex
from typing import Any

from leeboard.estate.settings import Connection, LinuxConnection, Network, WindowsConnection
from leeboard.model.enums import Platform


def merged(shared: Connection, own: Connection) -> Connection:
    """What the school says, and what the estate says where the school says nothing."""
    return Connection(linux=_over(shared.linux, own.linux), windows=_over(shared.windows, own.windows))


def variables(platform: Platform, connection: Connection, network: Network) -> dict[str, Any]:
    """Ansible's connection variables for the school's devices of a platform; none for what is never visited.

    `vars` of the connection are not among them: they may hold templates and what only Ansible can read.
    """
    if platform is Platform.LINUX:
        return _linux(connection.linux, network)
    if platform is Platform.WINDOWS:
        return _windows(connection.windows, network)
    return {}


def _over[Kind: (LinuxConnection, WindowsConnection)](shared: Kind, own: Kind) -> Kind:
    stated = {name: value for name, value in own if value is not None and name != "vars"}
    return shared.model_copy(update={**stated, "vars": {**shared.vars, **own.vars}})


def _linux(options: LinuxConnection, network: Network) -> dict[str, Any]:
    hostvars: dict[str, Any] = {
        "ansible_connection": "ssh",
        **_account(options.user, options.port),
        **_ssh(options.key, network),
    }
    # Most of what counts can only be read by root.
    hostvars["ansible_become"] = options.become is not False
    return hostvars


def _windows(options: WindowsConnection, network: Network) -> dict[str, Any]:
    kind = options.type or "winrm"
    # A realm belongs to accounts that name none.
    user = (
        f"{options.user}@{options.realm}"
        if options.user and options.realm and not {"@", "\\"} & set(options.user)
        else options.user
    )
    hostvars: dict[str, Any] = {"ansible_connection": kind, "ansible_become": False}
    if kind == "ssh":
        return {
            **hostvars,
            "ansible_shell_type": "powershell",
            **_account(user, options.port),
            **_ssh(options.key, network),
        }
    hostvars |= _account(user, options.port or 5986)
    either = "kerberos" if options.realm else "ntlm"
    if kind == "winrm":
        # Without a transport Ansible tries Basic, which is off; "negotiate" is a word of PSRP's.
        hostvars["ansible_winrm_transport"] = either if options.transport in (None, "negotiate") else options.transport
        extra = {"ansible_winrm_ca_trust_path": options.ca, "ansible_winrm_proxy": network.proxy}
    else:
        hostvars["ansible_psrp_auth"] = options.transport or ("kerberos" if options.realm else "negotiate")
        extra = {"ansible_psrp_ca_cert": options.ca, "ansible_psrp_proxy": network.proxy}
    return {**hostvars, **{name: value for name, value in extra.items() if value}}


def _account(user: str | None, port: int | None) -> dict[str, Any]:
    return {
        name: value for name, value in (("ansible_user", user or None), ("ansible_port", port)) if value is not None
    }


def _ssh(key: str | None, network: Network) -> dict[str, Any]:
    hostvars = {}
    if key:
        hostvars["ansible_ssh_private_key_file"] = key
    if network.jump_host:
        # Ansible takes this text apart as a shell would; a jump host holds nothing that needs a quotation mark, and
        # should that change, it still stays one word.
        hostvars["ansible_ssh_common_args"] = shlex.join(["-o", f"ProxyJump={network.jump_host}"])
    return hostvars
