"""What a play is told not to check of who answers: each host's variables, and what Ansible's configuration says."""

from __future__ import annotations

from contextlib import suppress

from ansible import constants as C
from ansible.plugins.loader import connection_loader
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.ansible.unchecked import ARGUMENTS, NAMES, line, unchecked


class Unchecked:
    """Counts the hosts of a run, each once, by what is not checked of them."""

    def __init__(self) -> None:
        self._hosts: dict = {}
        self._settings: dict = {}
        self._told = 0

    def host(self, name: str, variables, templar) -> None:
        """Look at a host of the play that begins; a variable that cannot be worked out is its own trouble."""
        said = {}
        for one in NAMES:
            if one in variables:
                with suppress(Exception):  # the task that connects says what is wrong with it
                    said[one] = templar.template(variables[one])
        kind = unchecked(said, self._settings)
        if kind:
            self._hosts[name] = kind

    def begin(self, play) -> None:
        """A play begins: what holds where its hosts say nothing."""
        connection_loader.get("ssh", class_only=True)  # which has Ansible read what that plugin can be told
        names = ("host_key_checking", *ARGUMENTS)
        found = {name: C.config.get_config_value(name, plugin_type="connection", plugin_name="ssh") for name in names}
        self._settings = {**found, "connection": play.connection or C.DEFAULT_TRANSPORT}

    def warning(self) -> str:
        """The line to print, where it says more than the last one; else nothing."""
        if len(self._hosts) == self._told:
            return ""
        self._told = len(self._hosts)
        kinds = list(self._hosts.values())
        return line({kind: kinds.count(kind) for kind in set(kinds)})
