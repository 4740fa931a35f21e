#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.config_dropin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_dropin
short_description: Set values in configurations made of a main file and drop-ins
description:
  - Sets one value of a configuration that is put together from a main file and drop-ins, in a drop-in of Leeboard's
    own, and proves that the value wins. Refuses where a stronger file would still decide.
  - Knows V(systemd/NAME.conf:Section.Key), where NAME is logind, journald, timesyncd or sleep, V(sshd:Banner),
    V(gdm:daemon.AutomaticLoginEnable), V(gdm:daemon.TimedLoginEnable), V(lightdm:Seat:*.greeter-hide-users),
    V(sudo:logfile) and V(auditd:KEY).
  - C(sshd) is asked to accept the new file, in a private mount namespace, before it is written. What else is set of
    sshd is for M(leeboard.schools.ssh_server), which shares that file.
  - V(sudo:logfile) goes to a file in C(/etc/sudoers.d), after C(visudo) has accepted all of sudo's files as they would
    be.
  - V(auditd:KEY) is set in its place in C(/etc/audit/auditd.conf), and auditd reloads. Besides the keys of the file
    there are V(auditd:num_logs*max_log_file) and V(auditd:space_left-admin_space_left), in megabytes.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Show the legal notice before sign-in by SSH
  leeboard.schools.config_dropin:
    settings:
      - address: sshd:Banner
        value: /etc/issue.net

- name: Nobody is signed in without a password
  leeboard.schools.config_dropin:
    settings:
      - address: gdm:daemon.AutomaticLoginEnable
        value: false

- name: Keep half a gigabyte of audit logs, and then overwrite the oldest
  leeboard.schools.config_dropin:
    settings:
      - address: auditd:max_log_file_action
        value: rotate
      - address: auditd:num_logs*max_log_file
        value: 512
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

from ..module_utils._linux.dropin import driver as dropin  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), dropin)


if __name__ == "__main__":
    main()
