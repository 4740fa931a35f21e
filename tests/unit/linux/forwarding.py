"""For tests of log forwarding: certificates made by the real openssl, and a machine with rsyslog in a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

from leeboard.verdict.judgements.registry import derive
from tests.unit.linux.folder import Answers, effective, folder

CA = "/etc/leeboard/collector-ca.pem"
MODULES = "/usr/lib/x86_64-linux-gnu/rsyslog"
# As Debian 13's package ships it, comments left out.
STOCK = """\
module(load="imuxsock") # provides support for local system logging
module(load="imklog")   # provides kernel logging support
$FileOwner root
$WorkDirectory /var/spool/rsyslog
$IncludeConfig /etc/rsyslog.d/*.conf
*.*;auth,authpriv.none\t\t-/var/log/syslog
auth,authpriv.*\t\t\t/var/log/auth.log
*.emerg\t\t\t\t:omusrmsg:*
"""
VENDOR = "/usr/lib/systemd/journald.conf.d/syslog.conf"
RUNS = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "StateChangeTimestamp": "@9999999999",
}
RSYSLOGD = {"ExecStart": "{ path=/usr/sbin/rsyslogd ; argv[]=/usr/sbin/rsyslogd -n -iNONE ; ignore_errors=no }"}
D = "/etc/rsyslog.d"
COLLECTOR = "logs.school.example:6514"
TLS = (
    'action(type="omfwd" target="logs.school.example" port="6514" protocol="tcp" tcp_framing="octet-counted" '
    f'streamDriver="gtls" streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriver.CAFile="{CA}")\n'
)
UPLOAD = {
    "/usr/lib/systemd/systemd-journal-upload": "",
    "/etc/systemd/journal-upload.conf": "[Upload]\nURL=logs.school.example\n",
}
UPLOADS = {
    **RUNS,
    "ExecStart": "{ path=/usr/lib/systemd/systemd-journal-upload ; argv[]=/usr/lib/systemd/systemd-journal-upload "
    "--save-state ; ignore_errors=no }",
    "User": "systemd-journal-upload",
    "Group": "",
    "SupplementaryGroups": "systemd-journal",
}


def openssl(*words: str) -> None:
    """Run openssl; skips where it is not installed."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed on this machine")
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=600)


def authority(folder: Path, name: str = "ca", days: int = 30, *extra: str) -> Path:
    """A new authority's certificate in `folder`/`name`.pem, with its key beside it."""
    path = folder / f"{name}.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    about = ("-subj", f"/CN=Authority {name}", "-addext", "basicConstraints=critical,CA:TRUE", "-days", str(days))
    openssl("req", "-x509", *curve, *about, *extra, "-keyout", f"{path}.key", "-out", str(path))
    return path


def signed(ca: Path, name: str) -> Path:
    """A certificate for the host `name`, signed by `ca`, beside it in `name`.pem, with its key."""
    path = ca.parent / f"{name}.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{path}.key", "-out", f"{path}.csr")
    extension = ca.parent / "extension"
    extension.write_text(f"subjectAltName=DNS:{name}\n")
    openssl(
        "x509", "-req", "-in", f"{path}.csr", "-CA", str(ca), "-CAkey", f"{ca}.key", "-days", "10",
        "-extfile", str(extension), "-out", str(path),
    )  # fmt: skip
    return path


def digest(certificate: str) -> str:
    """The SHA-256 digest of a certificate in PEM, by the real openssl."""
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256"],
        input=certificate,
        capture_output=True,
        text=True,
        check=True,
    )
    return f"SHA256:{said.stdout.strip().partition('=')[2]}"


def shown(units: Mapping[str, Mapping[str, str]]) -> Completed:
    """What systemctl show says of every unit that is asked about; those that are not named are not there."""
    blocks = []
    for unit in UNITS:
        said = {
            "Id": unit,
            **units.get(unit, {"LoadState": "not-found", "ActiveState": "inactive", "UnitFileState": ""}),
        }
        blocks.append("".join(f"{name}={value}\n" for name, value in said.items()))
    return Completed(0, "\n".join(blocks), "")


def machine(
    root: Path,
    files: Mapping[str, str] | None = None,
    units: Mapping[str, Mapping[str, str]] | None = None,
    commands: Mapping[str, Any] | None = None,
) -> Host:
    """A Debian 13 with rsyslog running in the folder `root`, with `files`, other `units` and answers to `commands`.

    systemd and rsyslogd are doubles: neither can be PID 1 here, nor look into a folder.
    """
    found = {
        "/run/systemd/system/x": "", "/usr/sbin/rsyslogd": "", "/etc/rsyslog.conf": STOCK,
        "/etc/passwd": "root:x:0:0::/:",
        f"{MODULES}/imuxsock.so": "", f"{MODULES}/lmnsd_gtls.so": "", VENDOR: "[Journal]\nForwardToSyslog=yes\n",
        "/proc/cmdline": "quiet\n", **(files or {}),
    }  # fmt: skip
    about = {"rsyslog.service": {**RUNS, **RSYSLOGD}, "systemd-journald.service": RUNS, **(units or {})}
    answers = {**(commands or {}), "systemctl show": shown(about), "rsyslogd -N1": Completed(0, "", "")}
    answers.update(commands or {})
    return folder(root, found, Answers(answers))


def collector(host: Host) -> dict[str, Any]:
    return effective(log_forwarding, host, "collector")


def readings(host: Host) -> dict[str, Any]:
    """The effective value of every address; None where it is absent."""
    found = log_forwarding.observe(host, list(log_forwarding.ALL))
    return {address: reading["effective"].get("value") for address, reading in found.items()}


def faults(host: Host, address: str) -> list[str]:
    """What is wrong with the files of certificates now, as the brain has it of what the device says."""
    value = derive("certificate_faults", readings(host)[address], {}, datetime.now(UTC)).value
    assert isinstance(value, tuple)
    return list(value)
