#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.log_forwarding."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_forwarding
short_description: Send the device's logs to the school's collector by rsyslog over TLS
description:
  - Writes C(/etc/rsyslog.d/00-leeboard.conf), which sends all messages to V(collector), a text HOST:PORT, encrypted, to
    a machine whose certificate names HOST and is signed by an authority in C(/etc/leeboard/collector-ca.pem). Shows the
    certificate in C(/etc/leeboard/collector-client.pem) where there is one, with its key.
  - Lets journald hand its messages to rsyslog, tries the configuration with C(rsyslogd -N1), and starts rsyslog again.
  - Refuses where rsyslog or its module for TLS is missing, where that authority's certificate is missing or has run
    out, and where another file or C(systemd-journal-upload) would still send messages away or throw them away before.
  - The values of V(tls-driver), V(tls-mode), V(tls-check), V(tls-peers), V(tls-authority), V(tls-anchors) and
    V(client-certificate) cannot be chosen; to ask for one of them is to ask for the whole file.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Send all messages to the school's collector
  leeboard.schools.log_forwarding:
    settings:
      - address: collector
        value: logs.example.sch.uk:6514
"""

RETURN = r"""
before:
  description: The reading of each address before the change.
  returned: success
  type: dict
after:
  description: The reading of each address after the change; in check mode the same as RV(before).
  returned: success
  type: dict
journal:
  description: Path of the undo journal on the device, or null where nothing was changed.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.logging import forwarding as log_forwarding  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), log_forwarding)


if __name__ == "__main__":
    main()
