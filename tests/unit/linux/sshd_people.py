"""People and sign-ins for the tests of what is written for sshd."""

from __future__ import annotations

MAIN = "/etc/ssh/sshd_config"
OURS = f"{MAIN}.d/00-leeboard.conf"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"
PEOPLE = {
    "/etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\n"
        "ada:x:1000:1000::/home/ada:/bin/bash\n"
        "bob:x:1001:2000::/home/bob:/bin/bash\n"
        "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
    ),
    "/etc/group": "root:x:0:\nsudo:x:27:ada\nada:x:1000:\npupil:x:2000:\nempty:x:2001:\n",
    "/etc/shadow": "root:*:1:0:99999:7:::\nada:$y$j9T$x:1:0:99999:7:::\nbob:$y$j9T$x:1:0:99999:7:::\n",
}
ADDRESS = "192.0.2.7"


def came(user: str, method: str, key: str = "") -> str:
    """A script that stands in for what the device knows of the connection: a double of system/came_by.py."""
    signed = f"SignIn({user!r}, {method!r}, {key!r})" if method else "None"
    return f"""
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import visitor as sshd_visitor
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy, SignIn
sshd_visitor.came_by = lambda host: CameBy("{ADDRESS}", 50122, "192.0.2.20", 22)
sshd_visitor.sign_in = lambda host, connection: {signed}
sshd_visitor._login_name = lambda host: {user!r}
"""


def by_key(user: str, key: str = "ED25519") -> str:
    """Somebody who came by SSH with a key."""
    return came(user, "publickey", key)


def by_hand() -> str:
    """Somebody at a console of the machine."""
    return came("root", "") + "sshd_visitor.came_by = lambda host: None\n"
