"""Who waits for people from the network: real listeners, and the answers of ss and systemd's folders for the rest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import listening, xrdp

from tests.unit.linux.folder import PASSWD, Answers, effective, folder

COLLECTIONS = Path(__file__).parents[3] / "collections"
LISTENERS = """
import json, os, shutil, socket, subprocess, sys, time
sys.path[:0] = [{collections!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import listening
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
wait = "import socket, sys, time; one = socket.socket(int(sys.argv[3])); one.bind((sys.argv[1], int(sys.argv[2])));" \
       "one.listen(); print(1, flush=True); time.sleep(60)"
running = []
for program, address, port in {wanted!r}:
    name = {folder!r} + "/" + program
    if not os.path.exists(name):
        os.makedirs({folder!r}, exist_ok=True)
        shutil.copy(os.path.realpath(sys.executable), name)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    environment = {{**os.environ, "PYTHONHOME": sys.base_prefix}}
    one = subprocess.Popen([name, "-c", wait, address, str(port), str(int(family))], stdout=subprocess.PIPE,
                           env=environment)
    one.stdout.readline()
    running.append(one)
for argv in {commands!r}:
    running.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL))
time.sleep(1 if {commands!r} else 0)
host = Host()
found = {{name: one["effective"]["value"] for name, one in listening.observe(host, listening.ALL).items()}}
found["children"] = host.children
for one in running:
    one.kill()
    one.wait()
print(json.dumps(found))
"""


def really(
    tmp_path: Path, wanted: list[tuple[str, str, int]], commands: list[list[str]] | None = None
) -> dict[str, Any]:
    """What the driver sees with programs of these names listening, in a network namespace of its own."""
    if os.geteuid() != 0 or not shutil.which("ss"):
        pytest.skip("needs root and ss")
    code = LISTENERS.format(collections=str(COLLECTIONS), wanted=wanted, folder=str(tmp_path), commands=commands or [])
    setup = 'ip link set lo up; mount -t tmpfs tmpfs /etc/systemd/system; mkdir -p /run/sshd; exec "$@"'
    alone = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", setup, "sh"]
    done = subprocess.run(
        [*alone, sys.executable, "-c", code],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr:
        pytest.skip("this machine does not allow network namespaces")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_programs_that_really_listen(tmp_path: Path) -> None:
    found = really(
        tmp_path,
        [
            ("x11vnc", "0.0.0.0", 5999),
            ("Xtigervnc", "127.0.0.1", 5901),
            ("wayvnc", "::1", 5902),
            ("gnome-remote-desktop-daemon", "::", 3390),
            ("something", "::", 5900),
            ("something", "127.0.0.1", 5903),
            ("xrdp", "::", 3389),
            ("rustdesk", "127.0.0.1", 21118),
            ("nginx", "0.0.0.0", 443),
        ],
    )
    assert sorted(found["desktop-sharing"]) == [
        "gnome-remote-de (TCP 3390 on every address)",
        "rustdesk (runs, and reaches its maker's relay)",
        "something (TCP 5900 on every address)",
        "x11vnc (TCP 5999 on every address)",
    ]
    assert found["xrdp"] == ["xrdp (TCP 3389 on every address)"]
    assert found["other-ssh-servers"] == []
    assert found["children"] == 1


def test_ssh_servers_that_really_listen(tmp_path: Path) -> None:
    for program in ("/usr/sbin/sshd", "/usr/sbin/dropbear"):
        if not Path(program).exists():
            pytest.skip(f"{program} is not installed on this machine")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(key)], check=True)
    (tmp_path / "conf").write_text(f"HostKey {key}\nPermitRootLogin yes\n")
    found = really(
        tmp_path,
        [],
        [
            ["/usr/sbin/sshd", "-D", "-p", "2022", "-h", str(key)],
            ["/usr/sbin/sshd", "-D", "-p", "2023", "-f", str(tmp_path / "conf")],
            ["/usr/sbin/dropbear", "-F", "-R", "-p", "2024"],
            ["/usr/sbin/dropbear", "-F", "-R", "-p", "127.0.0.1:2025"],
        ],
    )
    assert sorted(found["other-ssh-servers"]) == [
        "dropbear (TCP 2024 on every address)",
        "sshd with options of its own (TCP 2023 on every address)",
    ]


LINE = 'tcp LISTEN 0 64 {}:{} {}:* users:(("{}",pid=7,fd=3)) ino:1 sk:1 cgroup:{} <->\n'


def seen(tmp_path: Path, out: str, files: dict[str, str | None] | None = None) -> dict[str, Any]:
    host = folder(tmp_path, {"/etc/passwd": PASSWD, **(files or {})}, Answers({"ss -H": Completed(0, out, "")}))
    return {name: one["effective"].get("value") for name, one in listening.observe(host, listening.ALL).items()}


def test_a_second_sshd_of_the_system_itself_is_none(tmp_path: Path) -> None:
    out = LINE.format("0.0.0.0", 22, "0.0.0.0", "sshd", "/system.slice/ssh.service")
    files: dict[str, str | None] = {
        "/proc/7/cmdline": "sshd: /usr/sbin/sshd -D -o Port=22 [listener] 0 of 10-100 startups"
    }
    assert seen(tmp_path, out, files)["other-ssh-servers"] == []
    elsewhere = out.replace("/system.slice/ssh.service", "/user.slice")
    assert seen(tmp_path, elsewhere, files)["other-ssh-servers"] == [
        "sshd with options of its own (TCP 22 on every address)"
    ]


def test_what_starts_with_the_machine(tmp_path: Path) -> None:
    wants = "/etc/systemd/system/multi-user.target.wants"
    grd = "[RDP]\nenabled={}\n"
    files: dict[str, str | None] = {
        f"{wants}/xrdp.service": "",
        "/usr/lib/systemd/system/xrdp.service": "",
        f"{wants}/tigervncserver@:1.service": "",
        "/usr/lib/systemd/system/tigervncserver@.service": "",
        f"{wants}/teamviewerd.service": "",
        f"{wants}/x11vnc.service": "",
        "/usr/lib/systemd/system/x11vnc.service": "",
        "/etc/systemd/system/x11vnc.service": None,  # masked
        "/etc/systemd/system/sockets.target.wants/dropbear.socket": "",
        "/usr/lib/systemd/system/dropbear.socket": "",
        "/etc/systemd/system/graphical.target.wants/gnome-remote-desktop.service": "",
        "/usr/lib/systemd/system/gnome-remote-desktop.service": "",
        "/etc/gnome-remote-desktop/grd.conf": grd.format("true"),
    }
    found = seen(tmp_path, "", files)
    assert found["xrdp"] == ["xrdp.service (starts with the machine)"]
    assert found["desktop-sharing"] == [
        "gnome-remote-desktop (switched on for the whole machine)",
        "tigervncserver@:1.service (starts with the machine)",
    ]
    assert found["other-ssh-servers"] == ["dropbear.socket (starts with the machine)"]
    files = {"/var/lib/gnome-remote-desktop/.local/share/gnome-remote-desktop/grd.conf": grd.format("false")}
    assert (
        "gnome-remote-desktop (switched on for the whole machine)" not in seen(tmp_path, "", files)["desktop-sharing"]
    )


def test_what_a_timer_or_path_starts_starts_with_the_machine(tmp_path: Path) -> None:
    etc = "/etc/systemd/system"
    sshd = "[Service]\nExecStart=/usr/sbin/sshd -D -o Port=2223\n"
    files: dict[str, str | None] = {
        f"{etc}/timers.target.wants/lesson.timer": "",
        f"{etc}/lesson.timer": "[Timer]\nOnBootSec=30\nUnit=x11vnc.service\n",
        "/usr/lib/systemd/system/x11vnc.service": "[Service]\n",
        f"{etc}/multi-user.target.upholds/look.path": "",
        f"{etc}/look.path": "[Path]\nPathExists=/\n",
        f"{etc}/look.path.d/other.conf": "[Path]\nUnit = support.service\n",
        f"{etc}/support.service": sshd,
        f"{etc}/idle.timer": "[Timer]\nUnit=wayvnc.service\n",  # nothing wants it
        "/usr/lib/systemd/system/wayvnc.service": "[Service]\n",
        f"{etc}/timers.target.wants/gone.timer": "",
        f"{etc}/gone.timer": "[Timer]\nUnit=anydesk.service\n",  # and no such service
        f"{etc}/multi-user.target.wants/krfb.service": "",
        f"{etc}/krfb.service": "",  # an empty file is a mask
        "/usr/lib/systemd/system/krfb.service": "[Service]\n",
    }
    found = seen(tmp_path, "", files)
    assert found["desktop-sharing"] == ["x11vnc.service (lesson.timer, which starts with the machine, starts it)"]
    assert found["other-ssh-servers"] == ["look.path (starts an sshd with options of its own)"]


KRDP = "app-org.kde.krdpserver.service"


def test_what_starts_with_a_session(tmp_path: Path) -> None:
    vendor, etc = "/usr/lib/systemd/user", "/etc/systemd/user"
    own = "/home/ada/.config/systemd/user"
    files: dict[str, str | None] = {
        f"{vendor}/{KRDP}": "[Service]\n",
        f"{own}/default.target.wants/{KRDP}": "",
        f"{vendor}/wayvnc.service": "[Service]\n",
        f"{etc}/graphical-session.target.wants/wayvnc.service": "",
        f"{vendor}/x11vnc.service": "[Service]\n",
        f"{vendor}/default.target.wants/x11vnc.service": "",
        f"{etc}/x11vnc.service": None,  # masked for everybody
        f"{own}/default.target.wants/pipewire.service": "",
        f"{vendor}/pipewire.service": "[Service]\n",
        # GNOME's own waits until its switch is turned, and is in every session.
        f"{vendor}/gnome-remote-desktop.service": "[Service]\n",
        f"{vendor}/gnome-session.target.wants/gnome-remote-desktop.service": "",
    }
    assert seen(tmp_path, "", files)["desktop-sharing"] == [
        f"{KRDP} (starts with ada's session)",
        "wayvnc.service (starts with everybody's session)",
    ]
    (tmp_path / f"{etc}/{KRDP}".lstrip("/")).write_text("")  # an empty file is a mask
    (tmp_path / f"{etc}/wayvnc.service".lstrip("/")).symlink_to("/dev/null")
    assert seen(tmp_path, "")["desktop-sharing"] == []
    (tmp_path / f"{own}/{KRDP}".lstrip("/")).write_text("[Service]\n")  # a person's own file counts before a mask
    assert seen(tmp_path, "")["desktop-sharing"] == [f"{KRDP} (starts with ada's session)"]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("[Desktop Entry]\nExec=/usr/bin/x11vnc -forever\n", "x11vnc"),
        ("[Desktop Entry]\nExec=sh -c 'sleep 5; x11vnc -forever'\n", "x11vnc"),
        ("[Desktop Entry]\nExec=/usr/bin/anydesk --tray\nHidden=false\n", "anydesk"),
        ("[Desktop Entry]\nExec=/usr/bin/anydesk --tray\nHidden=true\n", ""),
        ("[Desktop Entry]\nExec=/usr/bin/nm-applet\n[Desktop Action x]\nExec=x11vnc\n", ""),
        ("[Desktop Entry]\nExec=setxkbmap -display X gb\n", ""),
        ("[Desktop Entry]\nExec=/usr/bin/x11vnc 'torn\n", "x11vnc"),
        ("", ""),
    ],
)
def test_what_an_autostart_entry_starts(tmp_path: Path, entry: str, found: str) -> None:
    said = seen(tmp_path, "", {"/etc/xdg/autostart/a.desktop": entry, "/etc/xdg/autostart/b.txt": "Exec=x11vnc\n"})
    text = f"{found} (starts with everybody's session: /etc/xdg/autostart/a.desktop)"
    assert said["desktop-sharing"] == ([text] if found else [])


@pytest.mark.parametrize(
    ("protocol", "port", "program", "found"),
    [
        ("udp", 177, "gdm3", ["gdm3 (UDP 177 on every address)"]),  # [xdmcp] Enable=true in GDM's daemon.conf
        ("tcp", 6000, "Xorg", ["Xorg (TCP 6000 on every address)"]),  # -listen tcp
        ("tcp", 177, "gdm3", []),
    ],
)
def test_older_ways_to_a_desktop(tmp_path: Path, protocol: str, port: int, program: str, found: list[str]) -> None:
    out = LINE.replace("tcp", protocol).format("0.0.0.0", port, "0.0.0.0", program, "/system.slice/gdm.service")
    assert seen(tmp_path, out)["desktop-sharing"] == found


def test_a_second_sshd_that_a_socket_starts(tmp_path: Path) -> None:
    unit = "[Service]\nExecStart=-/usr/sbin/sshd -i -f /etc/ssh/vendor_config\n"
    files: dict[str, str | None] = {
        "/etc/systemd/system/sockets.target.wants/vendor.socket": "",
        "/etc/systemd/system/vendor.socket": "[Socket]\nListenStream=2222\nAccept=yes\n",
        "/etc/systemd/system/vendor@.service": unit,
        "/etc/systemd/system/multi-user.target.wants/support.service": "",
        "/etc/systemd/system/support.service": unit.replace("-i -f /etc/ssh/vendor_config", "-D -o Port=2223"),
        "/etc/systemd/system/multi-user.target.wants/ssh.service": "",
        "/usr/lib/systemd/system/ssh.service": unit,
        "/etc/systemd/system/multi-user.target.wants/plain.service": "",
        "/etc/systemd/system/plain.service": "[Service]\nExecStart=/usr/sbin/sshd -D -p 2224\n",
    }
    out = LINE.format("0.0.0.0", 2222, "0.0.0.0", "systemd", "/system.slice/vendor.socket")
    assert seen(tmp_path, out, files)["other-ssh-servers"] == [
        "support.service (starts an sshd with options of its own)",
        "vendor.socket (starts an sshd with options of its own)",
    ]


def test_what_cannot_be_seen_says_why(tmp_path: Path) -> None:
    host = folder(tmp_path, {}, Answers({"ss -H": Completed(1, "", "Cannot open netlink socket")}))
    assert effective(listening, host, "xrdp")["why"] == "ss ended with status 1: Cannot open netlink socket"
    assert effective(listening, folder(tmp_path), "xrdp")["code"] == "missing_tool"

    def slow(_argv: list[str]) -> Completed:
        raise HostError("timeout", "ss gave no answer within 20 s")

    assert effective(listening, folder(tmp_path, {}, Answers({"ss": slow})), "xrdp")["code"] == "timeout"
    host = folder(tmp_path)
    host.is_root = False
    assert effective(listening, host, "xrdp")["code"] == "needs_root"


XRDP = "/etc/xrdp/xrdp.ini"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[Globals]\n", ["negotiate", False, False], id="nothing said"),
        pytest.param(
            "[Globals]\nsecurity_layer=negotiate\nallow_channels=true\n[Channels]\nrdpdr=true\ncliprdr=true\n",
            ["negotiate", True, True],
            id="as Debian ships it",
        ),
        pytest.param(
            "[Globals]\nSecurity_Layer = TLS \n; security_layer=rdp\n[Channels]\n#rdpdr=true\nrdpdr=false\ncliprdr=1\n",
            ["tls", False, True],
            id="case, blanks and comments",
        ),
        pytest.param(
            "[Globals]\nallow_channels=no\n[Channels]\nrdpdr=true\n", ["negotiate", False, False], id="no channels"
        ),
        pytest.param("[Xorg]\nsecurity_layer=tls\n", ["negotiate", False, False], id="another section"),
        pytest.param(
            "[Globals]\nsecurity_layer=tls\nsecurity_layer=rdp\n", ["rdp", False, False], id="the last counts"
        ),
    ],
)
def test_xrdp(tmp_path: Path, text: str, said: list[object]) -> None:
    host = folder(tmp_path, {"/usr/sbin/xrdp": "", XRDP: text})
    assert [effective(xrdp, host, address)["value"] for address in xrdp.ALL] == said


def test_xrdp_without_its_file_or_itself(tmp_path: Path) -> None:
    assert effective(xrdp, folder(tmp_path), "rdpdr")["source"] == "xrdp is not installed"
    assert effective(xrdp, folder(tmp_path, {"/usr/sbin/xrdp": ""}), "rdpdr")["code"] == "malformed"


TLS: dict[str, str | None] = {"/usr/sbin/xrdp": "", "/etc/xrdp/cert.pem": "a certificate", "/etc/xrdp/key.pem": "a key"}
AS_SHIPPED = "[Globals]\n; comment\nport=3389\nsecurity_layer=negotiate\n[Xorg]\nname=Xorg\n"


def with_tls(host: Host) -> None:
    apply(xrdp, host, [{"address": "security_layer", "value": "tls"}], "run")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AS_SHIPPED, AS_SHIPPED.replace("negotiate", "tls")),
        ("[Globals]\nport=3389\n", "[Globals]\nsecurity_layer=tls\nport=3389\n"),
        ("[globals]\nSecurity_Layer = rdp\nport=3389\n", "[Globals]\nsecurity_layer=tls\nport=3389\n"),
        (AS_SHIPPED + "[Globals]\nsecurity_layer=rdp\n", None),
    ],
    ids=["as Debian ships it", "nothing said", "other spellings", "the section twice"],
)
def test_xrdp_is_told_to_use_tls_only(tmp_path: Path, before: str, after: str | None) -> None:
    host = folder(tmp_path, {**TLS, "/etc/passwd": PASSWD, XRDP: before})
    with_tls(host)
    assert effective(xrdp, host, "security_layer")["value"] == "tls"
    assert after is None or (tmp_path / XRDP[1:]).read_text() == after


@pytest.mark.parametrize(
    ("account", "mode", "words"),
    [
        ("xrdp:x:110:114::/run/xrdp:/usr/sbin/nologin\n", 0o640, "adduser xrdp ssl-cert, then systemctl restart xrdp"),
        ("", 0o640, ""),  # xrdp of a distribution where it is root's own
        ("xrdp:x:110:110::/run/xrdp:/usr/sbin/nologin\n", 0o640, ""),  # its own group
        ("xrdp:x:110:114::/run/xrdp:/usr/sbin/nologin\n", 0o644, ""),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")
def test_xrdp_that_could_let_nobody_in_is_left_alone(tmp_path: Path, account: str, mode: int, words: str) -> None:
    files = {**TLS, "/etc/passwd": PASSWD + account, "/etc/group": "ssl-cert:x:110:\n", XRDP: AS_SHIPPED}
    host = folder(tmp_path, files)
    (tmp_path / "etc/xrdp/key.pem").chmod(mode)
    os.chown(tmp_path / "etc/xrdp/key.pem", 0, 110)
    if not words:
        with_tls(host)
        return
    with pytest.raises(ChangeRefused, match=words):
        with_tls(host)
    assert (tmp_path / XRDP[1:]).read_text() == AS_SHIPPED


def test_xrdp_without_a_certificate_is_left_alone(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/sbin/xrdp": "", XRDP: AS_SHIPPED})
    with pytest.raises(ChangeRefused, match=r"xrdp would let nobody in: /etc/xrdp/cert\.pem is missing"):
        with_tls(host)
    with pytest.raises(ChangeRefused, match="xrdp's encryption is set to tls, and nothing else is changed"):
        apply(xrdp, host, [{"address": "rdpdr", "value": False}], "run")
    assert (tmp_path / XRDP[1:]).read_text() == AS_SHIPPED and not (tmp_path / "var").exists()
