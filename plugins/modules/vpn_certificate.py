#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_certificate
short_description: Make the key of a VPN certificate on the device, and put the certificate in its place
description:
  - With V(request) a key is made on the device, which never leaves it, and the request for its certificate is returned.
    A request that was not answered yet is returned again, for the same key.
  - With V(installed) the certificate that came back is checked against the key, the name, its purpose and the
    authority. Where the device has a certificate that still holds, charon signs in anew with the new one in its memory
    alone, and only when that has carried traffic it takes the old one's place; otherwise the old one stays, and a
    warning says why. Run it again to try again.
  - With V(trusted) the certificates of the authority, and its list, are put where charon takes them.
  - With V(read) nothing is changed. Where O(issuer) is given, the certificates of a school's own authority are looked
    for, by issuer and purpose; Leeboard makes and renews none of those.
  - The action M(leeboard.schools.enforce) does all of that in a roll-out, where a VPN is declared.
  - Certificates lie in C(/etc/swanctl/x509), keys in C(/etc/swanctl/private), root's alone.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  state:
    description: What is to be done.
    type: str
    choices: [request, installed, trusted, read]
    default: read
  identity:
    description: The name of the device in its certificate.
    type: str
    required: true
  curve:
    description: The kind of the key.
    type: str
    choices: [P-256, P-384]
    default: P-384
  certificate:
    description: The certificate in PEM, and behind it those between it and the authority. Needed with V(installed).
    type: str
  authorities:
    description: The certificates of the authority in PEM. Needed with V(installed) and V(trusted).
    type: list
    elements: str
  revoked:
    description: The authority's list of revoked certificates in PEM, with which charon judges its gateway.
    type: str
    default: ""
  issuer:
    description: The issuer of a school's own certificates, as RFC 2253 writes it.
    type: str
    default: ""
  usage:
    description: The purpose that a school's own certificates have, as openssl names it.
    type: str
    default: TLS Web Client Authentication
  replace:
    description: Whether the school said that charon-systemd may take the place of another IPsec program.
    type: bool
    default: false
attributes:
  check_mode:
    description: Whether the module changes nothing in check mode, and says what it would change.
    support: full
  diff_mode:
    description: Whether the module shows what differs.
    support: none
"""

EXAMPLES = r"""
- name: Make a key, and ask for its certificate
  leeboard.schools.vpn_certificate:
    state: request
    identity: lt-014.example.sch.uk
  register: asked

- name: Put the certificate in its place
  leeboard.schools.vpn_certificate:
    state: installed
    identity: lt-014.example.sch.uk
    certificate: "{{ lookup('ansible.builtin.file', 'lt-014.pem') }}"
    authorities:
      - "{{ lookup('ansible.builtin.file', 'authority.pem') }}"
"""

RETURN = r"""
request:
  description: The request in PEM.
  returned: with V(request), but in check mode where no key waits yet
  type: str
certificates:
  description: >-
    The certificates of the device for O(identity): path, sha256, names, issuer, serial, usages, first and last
    (seconds since 1970), and wrong (what keeps it from being of use, empty for nothing).
  returned: success
  type: list
  elements: dict
waits:
  description: Why a certificate that came is not in its place yet, empty where none waits.
  returned: with V(installed)
  type: str
trusts:
  description: Whether the authority's certificates, and its list, are there as they were given.
  returned: with V(read), where O(authorities) is given
  type: bool
installed:
  description: Whether charon-systemd and swanctl are installed.
  returned: success
  type: bool
in_the_way:
  description: >-
    Why this device can have no tunnel of ours, empty where it can. In check mode that is also where only packages are
    missing.
  returned: success
  type: str
"""

import time  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.edits import ChangeRefused  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.vpn.certificate import install as certificate_install  # noqa: E402
from ..module_utils._linux.vpn.certificate import pair as certificate  # noqa: E402
from ..module_utils._linux.vpn.certificate import request as certificate_request  # noqa: E402
from ..module_utils._linux.vpn.ikev2.conf import NAME  # noqa: E402
from ..module_utils._linux.vpn.strongswan import stacks  # noqa: E402

ARGUMENTS = {
    "state": {"type": "str", "choices": ["request", "installed", "trusted", "read"], "default": "read"},
    "identity": {"type": "str", "required": True},
    "curve": {"type": "str", "choices": ["P-256", "P-384"], "default": "P-384"},
    "certificate": {"type": "str"},
    "authorities": {"type": "list", "elements": "str"},
    "revoked": {"type": "str", "default": ""},
    "issuer": {"type": "str", "default": ""},
    "usage": {"type": "str", "default": certificate.CLIENT},
    "replace": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[
            ("state", "installed", ("certificate", "authorities")),
            ("state", "trusted", ("authorities",)),
        ],
        supports_check_mode=True,
    )
    try:
        result = _done(module, Host())
    except (ChangeRefused, HostError) as problem:
        module.fail_json(msg=f"vpn_certificate: {problem}")
    except OSError as problem:
        module.fail_json(msg=f"vpn_certificate: {problem}")
    if result.get("waits"):
        module.warn(result["waits"])
    module.exit_json(**result)


def _done(module: AnsibleModule, host: Host) -> dict:
    asked, result = module.params, {"changed": False}
    identity = asked["identity"]
    given = certificate_install.Given(asked["certificate"] or "", asked["authorities"] or [], asked["revoked"])
    if asked["state"] == "request":
        if module.check_mode and not certificate_request.public_key(host):
            result["changed"] = True
        else:
            result["changed"], result["request"] = certificate_request.request(host, identity, asked["curve"])
    elif asked["state"] == "installed":
        came = certificate_install.install(host, given, identity, module.check_mode)
        settled, result["waits"] = (False, "") if module.check_mode else certificate_install.settle(host, NAME)
        result["changed"] = came or settled
    elif asked["state"] == "trusted":
        result["changed"] = certificate_install.trust(host, given, module.check_mode)
    elif asked["authorities"]:
        result["trusts"] = not certificate_install.trusted_edits(host, given)
    if asked["issuer"]:
        found = certificate.of_a_school(host, identity, asked["issuer"], asked["usage"])
    else:
        found = [one for one in certificate.ours(host) if identity in one.names]
    now = time.time()
    result["certificates"] = [{**one.as_data(), "wrong": certificate.wrong(host, one, now)} for one in found]
    result["installed"], result["in_the_way"] = stacks.installed(host), stacks.in_the_way(host, asked["replace"])
    if not result["installed"] and not module.check_mode:
        result["in_the_way"] = result["in_the_way"] or stacks.NOT_INSTALLED
    return result


if __name__ == "__main__":
    main()
