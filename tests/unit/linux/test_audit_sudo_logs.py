"""Which log files of sudo no audit rule watches: sudo may be told another path than the one that a rule names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from tests.unit.linux.audit import RULES, machine, reading

SUDO = {"/usr/bin/sudo": "", "/etc/sudoers": "Defaults logfile=x\n"}
OWN_LOG = "".join(f"-a always,exit -F arch={bits} -F path=/srv/log/sudo.log -F perm=wa\n" for bits in ("b64", "b32"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(
    ("path", "rules", "unwatched"),
    [
        ("/srv/log/sudo.log", "", ["/srv/log/sudo.log"]),
        ("/srv/log/sudo.log", OWN_LOG, []),
        ("/srv/log/sudo.log", OWN_LOG.replace("path=/srv/log/sudo.log", "dir=/srv/log"), []),
        ("/srv/log/sudo.log", OWN_LOG.replace("perm=wa", "perm=r"), ["/srv/log/sudo.log"]),
        ("/srv/log/sudo log", OWN_LOG, ["/srv/log/sudo log"]),
        # The kernel watches the name and not what a link leads to.
        ("/srv/log/link", OWN_LOG.replace("sudo.log", "link"), ["/srv/log/sudo.log"]),
        ("/srv/log/link", OWN_LOG, []),
        ("", "", []),
    ],
)
def test_sudo_logs_that_no_rule_watches(tmp_path: Path, path: str, rules: str, unwatched: list[str]) -> None:
    defaults = [{"Options": [{"logfile": path or "/dev/null"}]}]
    answer = Completed(0, json.dumps({"Defaults": defaults}), "")
    files = {**SUDO, f"{RULES}/50-own.rules": rules, "/srv/log/sudo.log": ""}
    host = machine(tmp_path, rules, files, cvtsudoers=answer)
    (tmp_path / "srv/log/link").symlink_to("/srv/log/sudo.log")
    assert reading(host, "sudo-logs")["effective"]["value"] == unwatched


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_sudo_log_is_watched_now_and_after_a_restart(tmp_path: Path) -> None:
    defaults = [
        {"Options": [{"logfile": "/var/log/sudo.log"}]},
        {"Options": [{"logfile": "/srv/log/sudo.log"}], "Binding": [{"username": "ada"}]},
    ]
    answer = Completed(0, json.dumps({"Defaults": defaults}), "")
    host = machine(tmp_path, OWN_LOG, SUDO, cvtsudoers=answer)
    assert reading(host, "sudo-logs")["effective"]["value"] == ["/srv/log/sudo.log", "/var/log/sudo.log"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_sudo_logs_that_cannot_be_known(tmp_path: Path) -> None:
    host = machine(tmp_path, "", SUDO, cvtsudoers=Completed(1, "", "syntax error"))
    assert reading(host, "sudo-logs")["effective"]["code"] == "malformed"
    assert reading(machine(tmp_path / "x"), "sudo-logs")["effective"]["source"] == "sudo is not installed"
