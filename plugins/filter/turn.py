# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of a roll-out for playbooks: a thin adapter to `leeboard.planning.turn`."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.planning import turn


def _ours(name):
    """A function of the brain as a filter, which says what to install where the brain is missing."""

    def filtered(hosts, hostvars):
        if problem := brain.missing():
            raise AnsibleFilterError(problem)
        return getattr(turn, name)(list(hosts), hostvars)

    return filtered


class FilterModule:
    """Filters over lists of hosts."""

    def filters(self):
        """`in_turn` and `may_be_first`."""
        return {name: _ours(name) for name in ("in_turn", "may_be_first")}
