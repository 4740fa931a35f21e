"""A machine with a checkpoint: a folder, doubles of systemctl, sshd and loginctl in it, and the real put-back script.

The doubles are shell scripts in the folder's /usr/bin and /usr/sbin, found there by Python's host and by the script.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint.arm import Request, arm
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.cover import Command, Cover, Proof
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import DryRun, FileEdit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, run_process

TOKEN = "the token of the run"
RUN = "20261201T020000Z-0123abcd"
BY = "controller of the LA"
HERE = "var/lib/leeboard/checkpoint"
ENDED = [f"{HERE}/{name}" for name in ("manifest", "state.back")]  # what stays
DROP_IN = "/etc/ssh/sshd_config.d/00-leeboard.conf"
NEW = "/etc/ssh/sshd_config.d/10-new.conf"
PAM = "/var/lib/pam"
FILES = {
    DROP_IN: "PermitRootLogin prohibit-password\n",
    f"{PAM}/auth": "unix\n",
    f"{PAM}/seen": "one two\n",
    "/proc/sys/kernel/random/boot_id": "first-boot\n",
    "/run/systemd/system/.keep": "",
    "/etc/systemd/system/timers.target.wants/.keep": "",
    "/etc/systemd/system/sysinit.target.wants/.keep": "",
    "/usr/local/sbin/.keep": "",
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-7.scope\n",
}
COVER = Cover(
    files=(DROP_IN, NEW),
    folders=(PAM,),
    units=("ssh.service",),
    restart=("ssh.service", "sshd.service"),
    state={"table": b"what lies in no file\n"},
)

# State that lies in no file, with what brings it back and what proves it.
STATE = COVER._replace(
    commands=(
        Command(("/usr/sbin/hangs", "x"), seconds=1),
        Command(("/usr/sbin/load", "{state}/table", "it's", "", "a{state}b")),
    ),
    proofs=(Proof(("/usr/sbin/list",), b"one\ntwo\n"), Proof(("/usr/sbin/works",))),
)

SYSTEMCTL = r"""#!/bin/sh
# A double of systemctl(1): a unit's state is a file "ENABLED ACTIVE" in @ROOT@/double/units.
units=@ROOT@/double/units
system=@ROOT@/etc/systemd/system
printf '%s\n' "$*" >>@ROOT@/double/log
block=1
while :; do
    case ${1-} in
    --no-block) block= ;;
    --*) ;;
    *) break ;;
    esac
    shift
done
verb=$1
shift
state() {
    load=loaded enabled=disabled active=inactive
    case $1 in
    leeboard-*)
        [ -e "$system/$1" ] || load=not-found
        for link in "$system"/*.wants/"$1"; do
            [ -L "$link" ] && enabled=enabled
        done
        [ -e "$units/$1" ] && active=active
        ;;
    *)
        if [ -e "$units/$1" ]; then
            read -r enabled active <"$units/$1"
        else
            load=not-found enabled=not-found
        fi
        ;;
    esac
    return 0
}
keep() {
    printf '%s %s\n' "$enabled" "$active" >"$units/$1"
}
up() {
    state "$1"
    [ "$active" != failed ] || exit 1 # it failed too often
    case $1 in
    leeboard-*.service)
        [ -n "$block" ] || return 0
        for turn in timer clean; do
            sh @ROOT@/var/lib/leeboard/checkpoint/put-back "$turn" || exit 1
        done
        return
        ;;
    leeboard-*)
        : >"$units/$1"
        return
        ;;
    ssh.service) @ROOT@/usr/sbin/sshd -t || { active=failed; keep "$1"; exit 1; } ;;
    ssh.socket)
        read -r other running <"$units/ssh.service"
        [ "$running" != active ] || exit 1 # "Socket service ssh.service already active, refusing."
        ;;
    esac
    [ ! -e "$units/$1.broken" ] || { active=failed; keep "$1"; exit 1; }
    active=active
    keep "$1"
}
down() {
    state "$1"
    case $1 in
    leeboard-*) rm -f "$units/$1" ;;
    *) active=inactive; keep "$1" ;;
    esac
}
case $verb in
show)
    while :; do
        case ${1-} in
        -p) shift 2 ;;
        --*) shift ;;
        *) break ;;
        esac
    done
    first=1
    for name in "$@"; do
        [ -n "$first" ] || echo
        first=
        state "$name"
        file=$enabled
        [ "$load" = loaded ] || file=
        printf 'Id=%s\nLoadState=%s\nActiveState=%s\nUnitFileState=%s\n' "$name" "$load" "$active" "$file"
    done
    exit 0
    ;;
daemon-reload | list-timers) exit 0 ;;
esac
[ "$1" != -- ] || shift
case $1 in
leeboard-*) ;;
*) [ -e "$units/$1" ] || exit 5 ;;
esac
state "$1"
case $verb in
is-enabled) echo "$enabled"; [ "$enabled" = enabled ] ;;
is-active) echo "$active"; [ "$active" = active ] ;;
enable) [ "$enabled" = masked ] && exit 1; enabled=enabled; keep "$1" ;;
disable) enabled=disabled; keep "$1" ;;
mask) enabled=masked; keep "$1" ;;
unmask) [ "$enabled" != masked ] || enabled=disabled; keep "$1" ;;
reset-failed) [ "$active" != failed ] || { active=inactive; keep "$1"; } ;;
start) up "$1" ;;
restart) down "$1" >/dev/null; [ "$active" = failed ] || up "$1" ;;
stop) down "$1" ;;
reload) [ "$active" = active ] ;;
*) echo "the double knows no $verb" >&2; exit 1 ;;
esac
"""
SSHD = """#!/bin/sh
# A double of sshd: its configuration is in order unless it says BROKEN.
! grep -rqs BROKEN @ROOT@/etc/ssh
"""
LOGINCTL = """#!/bin/sh
# A double of loginctl: when the session began, in microseconds of the monotonic clock.
cat @ROOT@/double/began
"""
DOUBLES = {"/usr/bin/systemctl": SYSTEMCTL, "/usr/sbin/sshd": SSHD, "/usr/bin/loginctl": LOGINCTL}


class Machine:
    """The folder `root` as a machine; `shell` runs its scripts."""

    def __init__(self, root: Path, shell: str = "dash") -> None:
        self.root = root
        self.shell = shell
        self.host = Host(str(root), self.run)
        for path, text in FILES.items():
            self.write(path, text)
        for path, text in DOUBLES.items():
            self.write(path, text.replace("@ROOT@", str(root)))
            self.at(path).chmod(0o755)
        self.unit("ssh.service", "enabled active")

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text)

    def double(self, path: str, text: str) -> None:
        """Put a double of a program there: a shell script."""
        self.write(path, f"#!/bin/sh\n{text}\n")
        self.at(path).chmod(0o755)

    def unit(self, name: str, state: str) -> None:
        """Set a unit's state, "enabled active" or its like."""
        self.write(f"/double/units/{name}", f"{state}\n")

    def unit_state(self, name: str) -> str:
        return self.at(f"/double/units/{name}").read_text().strip()

    def asked(self) -> list[str]:
        """What systemctl was asked so far."""
        return self.at("/double/log").read_text().splitlines() if self.at("/double/log").exists() else []

    def run(self, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        """The host's runner: the doubles are found first, and no other program of the machine itself but sh."""
        if argv[0] == "/bin/sh":
            argv = [self.shell, *argv[1:]]
        elif argv[0].startswith("/"):
            argv = [str(self.at(argv[0])), *argv[1:]]
        return run_process(argv, input, timeout, {**environment, "PATH": f"{self.root}/usr/bin:/usr/bin:/bin"})

    def arm(self, cover: Cover = COVER, run: str = RUN, **more: Cover) -> dict[str, Any]:
        self.host.forget()
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        return arm(self.host, Request(run, BY, digest, {"writer": cover, **more}))

    def script(self, how: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the put-back script as systemd does: what the timer starts tidies up where it ended well."""
        done = self.turn(how, **environment)
        if how == "timer" and done.returncode == 0:
            said = done.stdout
            done = self.turn("clean", **environment)
            done.stdout = said + done.stdout
        return done

    def turn(self, how: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the put-back script once, as one line of its units does."""
        argv = [self.shell, str(self.root / HERE / "put-back"), how]
        return subprocess.run(argv, capture_output=True, text=True, check=False, env={**environment}, timeout=120)

    def read(self) -> dict[str, Any]:
        self.host.forget()
        return armed.read(self.host)

    def restart(self) -> None:
        """Another start: all that ran is gone, and the kernel names it differently."""
        self.write("/proc/sys/kernel/random/boot_id", "second-boot\n")
        for path in (self.root / "double/units").iterdir():
            if path.name.startswith("leeboard-"):
                path.unlink()
            else:
                path.write_text(path.read_text().split()[0] + " inactive\n")

    def change(self) -> None:
        """What a run writes that breaks off in the worst way: sshd would not start again."""
        self.write(DROP_IN, "BROKEN\n")
        self.write(NEW, "BROKEN too\n")
        self.write(f"{PAM}/seen", "one two three\n")
        self.write(f"{PAM}/more/new", "came since\n")
        self.at(f"{PAM}/auth").unlink()
        self.unit("ssh.service", "disabled failed")

    def files(self) -> dict[str, tuple[Any, ...]]:
        """Every file that is not the checkpoint's or a double's: (mode, owner, content or link)."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = "/" + str(path.relative_to(self.root))
            if name.startswith(("/double", f"/{HERE}", "/var/lib/leeboard", "/proc")) or path.name == "boot_id":
                continue
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[name] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
        return found

    def ours(self) -> list[str]:
        """What a checkpoint has put on the machine, and has not taken away."""
        here = self.root / HERE
        found = [str(path.relative_to(self.root)) for path in here.rglob("*")] if here.exists() else []
        outside = [*self.root.rglob("leeboard-checkpoint*"), *self.root.rglob(".leeboard-*")]
        return sorted({*found, *(str(path.relative_to(self.root)) for path in outside if "double" not in path.parts)})


class Writer:
    """A driver that could cut off: it writes a text into each file that a change names."""

    NAME = "writer"
    CUT_OFF = True

    def observe(self, host: Any, addresses: list[str]) -> dict[str, Any]:
        return {address: {"address": address} for address in addresses}

    def dry_run(self, host: Host, changes: list[dict[str, Any]]) -> DryRun:
        edits = []
        for change in changes:
            before = host.read(change["address"]) if host.exists(change["address"]) else None
            edits.append(FileEdit(change["address"], before, change["value"].encode()))
        return DryRun(edits)

    def cover(self, host: Host, changes: list[dict[str, Any]]) -> Cover:
        return COVER
