"""What kind of machine this is: the facts that decide which controls apply.

os_id, os_version, secure_boot, boot_chain (text), desktops, display_managers, sign_in_methods, vpn, ssh_servers
(lists), ssh_server, sudo, smart_cards, package_upgrade, xrdp (bool), chassis (portable, desktop, server, other), and
checkpoint (list), while one is held. A fact that cannot be read is unreadable, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable

from .engine.host import Host, HostError
from .engine.reading import Aspect, absent, unreadable, value
from .engine.safe_read import first_of, number
from .system import boot_state, pam
from .system.desktops import desktops, display_managers
from .system.identity import OS_RELEASE, os_release
from .system.package_manager import package_upgrade
from .vpn import driver as vpn

CHECKPOINT = "/var/lib/leeboard/checkpoint"
CHASSIS = "/sys/class/dmi/id/chassis_type"
# SMBIOS 3.7, table 17.
KINDS = {
    "portable": (8, 9, 10, 11, 14, 30, 31, 32),
    "desktop": (3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36),
    "server": (17, 23, 25, 28, 29),
}
# The packages' places, then those of programs that somebody built.
SSH_SERVERS = {
    "openssh": ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/openssh/sbin/sshd"),
    "dropbear": ("/usr/sbin/dropbear", "/usr/local/sbin/dropbear", "/usr/local/bin/dropbear", "/opt/bin/dropbear"),
    "tinyssh": ("/usr/sbin/tinysshd", "/usr/local/sbin/tinysshd"),
}


def observe(host: Host) -> dict[str, Aspect]:
    """{name: aspect} of every fact."""
    finders = {
        "os_id": lambda: _os(host, "ID"),
        "os_version": lambda: _os(host, "VERSION_ID"),
        "desktops": lambda: value(desktops(host), "session files and installed programs", "list"),
        "display_managers": lambda: value(display_managers(host), "installed programs", "list"),
        "ssh_server": lambda: value(host.exists("/usr/sbin/sshd"), "/usr/sbin/sshd", "bool"),
        "sudo": lambda: value(host.exists("/usr/bin/sudo"), "/usr/bin/sudo", "bool"),
        "ssh_servers": lambda: value(
            _installed(host, SSH_SERVERS), ", ".join(paths[0] for paths in SSH_SERVERS.values()), "list"
        ),
        "xrdp": lambda: value(host.exists("/usr/sbin/xrdp"), "/usr/sbin/xrdp", "bool"),
        "smart_cards": lambda: _smart_cards(host),
        "sign_in_methods": lambda: _sign_in_methods(host),
        "checkpoint": lambda: _checkpoint(host),
        "package_upgrade": lambda: package_upgrade(host),
        "chassis": lambda: _chassis(host),
        "secure_boot": lambda: boot_state.secure_boot(host),
        "boot_chain": lambda: boot_state.chain(host),
        "vpn": lambda: value(sorted({profile.family for profile in vpn.profiles(host)}), "VPN profiles", "list"),
    }
    return {name: _find(find) for name, find in finders.items()}


def _find(find: Callable[[], Aspect]) -> Aspect:
    try:
        return find()
    except HostError as problem:
        return unreadable(problem.code, problem.why)
    except Exception as problem:  # one fact must not cost the others
        return unreadable("driver_failed", f"{type(problem).__name__}: {problem}")


def _installed(host: Host, programs: dict[str, tuple[str, ...]]) -> list[str]:
    return [name for name, paths in programs.items() if any(host.exists(path) for path in paths)]


def _os(host: Host, key: str) -> Aspect:
    fields, path = os_release(host)
    return value(fields[key][:200], path, "string") if fields.get(key) else absent(path or OS_RELEASE[0])


def _modules(host: Host) -> set[str]:
    """The names of the PAM modules that are installed."""
    folders = ["/usr/lib/security"]
    folders += [
        f"/usr/lib/{name}/security" for name in host.entries("/usr/lib") if name.endswith(("-gnu", "-gnueabihf"))
    ]
    return {name for folder in folders for name in host.entries(folder) if name.startswith("pam_")}


def _smart_cards(host: Host) -> Aspect:
    program = first_of(host, ("/usr/sbin/pcscd", "/usr/bin/pcscd"))
    if program:
        return value(True, program, "bool")
    card_modules = sorted(_modules(host) & {"pam_pkcs11.so", "pam_p11.so", "pam_poldi.so"})
    return value(
        bool(card_modules), ", ".join(card_modules) or "neither pcscd nor a PAM module for cards is installed", "bool"
    )


def _sign_in_methods(host: Host) -> Aspect:
    """What PAM asks for at the ways in: a method counts when its module is called, not when it is only installed."""
    ways = [way for way in ("login", "gdm-password", "lightdm", "sddm", "sshd") if pam.service_file(host, way)]
    if not ways:
        return absent("there is no PAM configuration for login")
    called = {line.module for way in ways for line in pam.stack(host, way, "auth")}
    installed = _modules(host)
    # GDM offers a finger on its own when the module is there.
    if pam.service_file(host, "gdm-fingerprint") and "pam_fprintd.so" in installed:
        called |= {line.module for line in pam.stack(host, "gdm-fingerprint", "auth")}
    methods = {
        "fingerprint": {"pam_fprintd.so"},
        "password": {"pam_unix.so", "pam_sss.so", "pam_winbind.so", "pam_krb5.so", "pam_ldap.so"},
        "security_key": {"pam_u2f.so"},
        "smart_card": {"pam_pkcs11.so", "pam_p11.so", "pam_poldi.so"},
    }
    used = [method for method, modules in methods.items() if called & modules]
    return value(used, "/etc/pam.d/" + ", ".join(ways), "list")


def _checkpoint(host: Host) -> Aspect:
    """[state, by, run id, seconds left, what is not back yet, ...] of a checkpoint that is armed or putting back."""
    if not host.exists(CHECKPOINT):
        return absent(CHECKPOINT)
    from .engine import armed

    found = armed.read(host)
    if found["state"] not in armed.HELD:
        return absent(f"{CHECKPOINT}: {found['state']}")
    held = [found["state"], found["by"], found["run_id"], str(found["seconds_left"]), *found["left"]]
    return value(held, CHECKPOINT, "list")


def _chassis(host: Host) -> Aspect:
    try:
        text = host.text(CHASSIS).strip()
    except FileNotFoundError:
        return absent(CHASSIS)
    code = number(text)
    if code is None:
        raise HostError("malformed", f"{CHASSIS} holds {text[:40]!r}, which is no number")
    kind = next((name for name, codes in KINDS.items() if code in codes), "other")
    return value(kind, f"{CHASSIS}: {code}", "string")
