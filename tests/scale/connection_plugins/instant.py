"""A connection to no device: what the measuring machine answered once is each device's answer, at once.

So nothing but the controller's own work is in a measurement. The first time that a module comes it is run here, and its
answer kept in the folder LEEBOARD_ANSWERS; later it is said again, with the visit's challenge and a serial number of
the device's own.
"""

from __future__ import annotations

DOCUMENTATION = """
name: instant
short_description: Answer a module at once with what it answered before
description: For measurements only.
author: Leeboard (@leeboard)
options:
  host:
    description: The device.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
"""

# ruff: noqa: E402 (Ansible reads the documentation from the top of the file)
import json
import os
import re
import subprocess
from pathlib import Path

from ansible.plugins.connection import ConnectionBase

CHALLENGE = re.compile(rb'"challenge": "([^"]+)"')


class Connection(ConnectionBase):
    """Takes a module's source on standard input, as pipelining sends it."""

    transport = "instant"
    has_pipelining = True

    def _connect(self):
        return self

    def close(self):
        """Nothing is open."""

    def put_file(self, in_path, out_path):
        """Refuse: with pipelining no file is sent."""
        raise NotImplementedError

    def fetch_file(self, in_path, out_path):
        """Refuse: with pipelining no file is fetched."""
        raise NotImplementedError

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """The answer to a module."""
        challenge = CHALLENGE.search(in_data)
        kept = Path(os.environ["LEEBOARD_ANSWERS"], "observe" if challenge else "ping")
        if not kept.exists():
            new = kept.with_name(f"{kept.name}-{os.getpid()}")
            new.write_bytes(self._first(in_data))
            new.replace(kept)
        answer = kept.read_bytes()
        if challenge:
            answer = answer.replace(b"@challenge", challenge[1])
            answer = answer.replace(b"@serial", self.get_option("host").encode())
        return 0, answer, b""

    def _first(self, in_data):
        run = subprocess.run(["/usr/bin/python3"], input=in_data, capture_output=True, check=True)
        answer = json.loads(run.stdout)
        if "observation" in answer:
            seen = answer["observation"]
            seen["challenge"] = "@challenge"
            own = {"state": "value", "value": "@serial", "source": "dmi"}
            seen["identity"] |= {"serial": own, "uuid": own}
        return json.dumps(answer).encode()
