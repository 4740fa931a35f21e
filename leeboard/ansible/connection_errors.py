"""What Ansible says when a device cannot be visited, in words that a technician can act on.

Ansible calls everything "unreachable" that kept it from running a module: a laptop that is off as well as a wrong
password. For us those differ. Silence is normal, and within its limit there is nothing to do; a device that answers and
cannot be checked stays like that until somebody puts it right.

The texts are those of ansible-core 2.21, pywinrm 0.5 and OpenSSH; tests/windows/test_wire_trouble.py provokes most.
What is wrong with a secret stands in `leeboard.ansible.credentials`, and comes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from leeboard.ansible import credentials


@dataclass(frozen=True)
class Trouble:
    """What a text of Ansible's means. `silent`: the device said nothing, so that it may just be off.

    `missing` is the name of a variable that is nowhere.
    """

    message: str
    silent: bool = False
    missing: str = ""


_CERTIFICATE = "the certificate of its WinRM service"
_SILENT = Trouble("it does not answer, or stopped answering: switched off, asleep, or gone from the network", True)

# The first pattern that is found in the text counts.
_MEANINGS: tuple[tuple[str, Trouble], ...] = (
    (
        "credentials were rejected",
        Trouble(
            "it did not accept the user and password. Correct ansible_user and ansible_password; if they are right, "
            "it has switched off this way to sign in (ansible_winrm_transport) or keeps local accounts off the network "
            "(CIS 2.2.16: use one of the domain)"
        ),
    ),
    (
        "certificate has expired",
        Trouble(f"{_CERTIFICATE} has expired. Give the HTTPS listener on it a new one"),
    ),
    (
        "certificate is not yet valid",
        Trouble(f"{_CERTIFICATE} is not valid yet. Compare the clocks of the device and of this controller"),
    ),
    (
        "self-signed certificate|unable to get local issuer|unable to get issuer",
        Trouble(
            f"{_CERTIFICATE} is from an authority that this controller does not know. Make sure that it is the right "
            "device, then name the authority's file in ansible_winrm_ca_trust_path"
        ),
    ),
    (
        "certificate is not valid for|hostname mismatch|IP address mismatch|doesn't match",
        Trouble(
            f"{_CERTIFICATE} is for another name: another device may have this address. Put the name that stands in "
            "the certificate into ansible_host"
        ),
    ),
    (
        "CERTIFICATE_VERIFY_FAILED|SSLError|WRONG_VERSION_NUMBER",
        Trouble(f"no safe connection could be made: {_CERTIFICATE} or its TLS version is not accepted here"),
    ),
    (
        "python kerberos library is not installed|pykerberos is not installed",
        Trouble(
            "Kerberos is asked for (ansible_winrm_transport, or a user name with @), and pykerberos is not installed "
            "on this controller: pip install 'pywinrm[kerberos]', or set ansible_winrm_transport to ntlm"
        ),
    ),
    (
        r"requests[-_]credssp is not installed",
        Trouble(
            "CredSSP is asked for, and requests-credssp is not installed on this controller: pip install "
            "'pywinrm[credssp]', or set ansible_winrm_transport to ntlm"
        ),
    ),
    (
        "Connection refused",
        Trouble(
            "something is on at its address and takes no connection on this port. Switch the service on there (WinRM "
            "with an HTTPS listener, or SSH), or correct ansible_port or the address"
        ),
    ),
    (
        "Failed to resolve|Could not resolve hostname|Name or service not known",
        Trouble("no address is known for its name. It may be off; else correct ansible_host or the name service", True),
    ),
    (
        "Read timed out|[Cc]onnect(ion)? time(d )?out|Operation timed out|connection attempt timed out|No route to host"
        "|Network is unreachable|host='[^']*', port=[0-9]+\\): Max retries exceeded",
        _SILENT,
    ),
    (
        "Connection broken|Connection aborted|Connection reset|RemoteDisconnected|closed by remote|Broken pipe",
        Trouble(
            "the connection broke off in the middle. Run the check again; if it keeps breaking off, look at the "
            "network (ansible_port must be that of WinRM over HTTPS)"
        ),
    ),
    (
        r"'wsmanfault_code': '?(5|2147942405)\b",
        Trouble(
            "it let the account in and then denied it WinRM. The account must be an administrator there; for a local "
            "one, look at LocalAccountTokenFilterPolicy"
        ),
    ),
    (
        r"Bad HTTP response returned|not well-formed|no element found|syntax error: line",
        Trouble(
            "what answers at its address does not talk WinRM as it should: a proxy, another service, or a WinRM that "
            "has to be restarted. Look at ansible_host and ansible_port"
        ),
    ),
    (
        r"Timed out after [0-9]+ second",
        Trouble(
            "its check did not come to an end in the time that drift_check_timeout allows. Restart the "
            "device; a part of Windows that hangs does this"
        ),
    ),
    (
        "ScriptContainedMaliciousContent|malicious content and has been blocked",
        Trouble(
            "its virus scanner blocked what Ansible runs. Allow it there for the account that Ansible uses, or ask who "
            "looks after the scanner"
        ),
    ),
    (
        "Module result deserialization failed|winrm send_input failed",
        Trouble("Python or PowerShell on it ended without an answer. Run the check with -vvv to see what it said"),
    ),
    (
        # It took the connection, and what Ansible's ssh_args allow of silence (ServerAliveInterval) is over.
        r"Data could not be sent to remote host|Timeout, server \S+ not responding",
        _SILENT,
    ),
)
_TABLE = tuple((re.compile(pattern), meaning) for pattern, meaning in _MEANINGS)
_SECRETS = tuple(
    (re.compile(frame.replace("{pattern}", pattern)), message)
    for frame, meanings in credentials.MEANINGS
    for pattern, message in meanings
)


def explain(text: str) -> Trouble | None:
    """What a text of Ansible's means; None where we know no better words than its own."""
    # Where there is no password, Ansible's winrm hides it between any two letters of what kinit said.
    text = text.replace("<redacted>", "")
    for pattern, message in _SECRETS:
        if match := pattern.search(text):
            groups = match.groupdict()
            return Trouble(message.format(**groups), missing=groups.get("variable") or "")
    return next((meaning for pattern, meaning in _TABLE if pattern.search(text)), None)
