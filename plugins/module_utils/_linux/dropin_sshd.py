"""The text that sshd shows before sign-in: its keyword Banner, as sshd itself understands its configuration.

`sshd -T -C ...` is asked for an ordinary user and, where there are Match blocks, for root and an administrator too; a
block that sets Banner for anybody else is read from the files and named. It needs root and /run/sshd. Where
that folder is missing (no sign-in yet with socket activation) it is made in a private mount namespace, so that a check
changes nothing. A change is tried there as well, before any file is written.
"""

from __future__ import annotations

import re

from .attempt import first_of, not_installed
from .change import ChangeRefused
from .host import HostError
from .people import accounts, members
from .reading import value
from .sshd_files import MAIN, configuration, options_of_service
from .systemd_unit import note_if_older, state

PROGRAM = "/usr/sbin/sshd"
OURS = "/etc/ssh/sshd_config.d/00-leeboard.conf"
FOLDER = "/etc/ssh/sshd_config.d"
UNITS = ("ssh.service", "sshd.service")
PLAIN_NAME = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")  # a comma would break the list after -C
FAILED = "no private mount namespace: "
# /run is an empty one of our own, seen by this command and its children only.
ALONE = (
    f'mount -n -t tmpfs -o mode=0755 tmpfs /run || {{ echo "{FAILED}/run" >&2; exit 120; }}\n'
    'mkdir -m 0755 /run/sshd || exit 120\nexec "$@"\n'
)
TRIAL = (
    f'mount -n -t tmpfs -o mode=0755 tmpfs /run || {{ echo "{FAILED}/run" >&2; exit 120; }}\n'
    "mkdir -m 0755 /run/sshd /run/new || exit 120\n"
    f"cp -a {FOLDER}/. /run/new/ || exit 120\n"
    "cat >/run/new/00-leeboard.conf || exit 120\n"
    f'mount -n --bind /run/new {FOLDER} || {{ echo "{FAILED}{FOLDER}" >&2; exit 120; }}\nexec "$@"\n'
)


def effective(host, _address: str) -> dict:
    """The aspect of sshd:Banner. Raises HostError."""
    if not host.exists(PROGRAM):
        return not_installed("OpenSSH server")
    if not host.is_root:
        raise HostError("needs_root", "sshd tells its configuration to root only")
    files = configuration(host)
    wrapper = [] if host.exists("/run/sshd") else _alone(ALONE, files)
    aspect = _asked(host, wrapper, "", files)
    for unit in UNITS:
        if host.exists(f"/usr/lib/systemd/system/{unit}") or host.exists(f"/etc/systemd/system/{unit}"):
            # A file that was taken away shows in its folder's time only.
            note = note_if_older(host, unit, files.paths + files.folders, "sshd")
            if note:
                aspect["note"] = note
            break
    return aspect


def _alone(script: str, files) -> list:
    if any(path.startswith(("/run/", "/var/run/")) for path in files.paths):
        raise HostError("failed", "sshd's configuration includes a file below /run, which cannot be read apart from it")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def _asked(host, wrapper: list, input: str, files) -> dict:
    """What sshd answers for each kind of person, as one aspect. Raises HostError."""
    kinds = _kinds(host) if files.matches else _kinds(host)[:1]
    answers = [(who, _banner(host, wrapper, input, user)) for who, user in kinds]
    aspect = value(answers[0][1], f"sshd -T for {answers[0][0]}", "string")
    others = [{"who": who, "value": said, "type": "string"} for who, said in answers[1:] if said != answers[0][1]]
    for line in files.banners:
        if line.match and line.text != answers[0][1]:
            others.append({"who": f"Match {line.match} ({line.place})", "value": line.text, "type": "string"})
    if others:
        aspect["others"] = others[:100]
    return aspect


def _kinds(host) -> list:
    """(who, user name) of an ordinary user, root and one administrator, all from this machine itself."""
    people = [account.name for account in accounts(host) if account.ordinary and PLAIN_NAME.match(account.name)]
    chiefs = [name for name in members(host, "sudo") if name in people]
    plain = [name for name in people if name not in chiefs]
    kinds = [("an ordinary user from 127.0.0.1", plain[0] if plain else "leeboard-nobody")]
    kinds.append(("root from 127.0.0.1", "root"))
    return kinds + [("an administrator from 127.0.0.1", name) for name in chiefs[:1]]


def _banner(host, wrapper: list, input: str, user: str) -> str:
    person = f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    done = host.query([*wrapper, PROGRAM, "-T", *options_of_service(host), "-C", person], input=input)
    if done.rc != 0:
        _explain(done)
    for line in done.out.split("\n"):
        key, _dummy, said = line.partition(" ")
        if key.lower() == "banner":
            return said.strip()
    raise HostError("malformed", "sshd -T printed no banner line")


def _explain(done) -> None:
    said = " / ".join(line.strip() for line in done.err.strip().split("\n") if line.strip())[:400]
    if done.rc == 120:
        raise HostError("failed", f"/run/sshd is missing and could not be stood in for: {said}")
    # 255 is a bad configuration; 1 comes with missing host keys.
    raise HostError("malformed" if done.rc == 255 else "failed", f"sshd -T ended with status {done.rc}: {said}")


def plan(host, planned, address: str, wanted) -> list:
    """Our drop-in, tried with sshd itself first. Raises ChangeRefused, HostError."""
    if not isinstance(wanted, str) or not (wanted == "none" or wanted.startswith("/")):
        raise ChangeRefused(f"{address}: the wanted value must be the path of a file, or none")
    if not wanted.isascii() or not wanted.isprintable() or any(character in wanted for character in " \"'\\#"):
        raise ChangeRefused(f"{address}: {wanted!r} holds characters that sshd would not take as one path")
    if not host.exists(PROGRAM):
        raise ChangeRefused("OpenSSH server is not installed, so there is nothing to change")
    before = effective(host, address)
    unit = next((unit for unit in UNITS if state(host, unit)[0]), "")
    load = [["systemctl", "reload", unit]] if unit else []
    if before.get("value") == wanted and "others" not in before:
        return load if "note" in before else []
    if "-f" in options_of_service(host) or not first_of(host, (FOLDER,)) or not host.exists(MAIN):
        raise ChangeRefused(f"sshd does not read {FOLDER} here, so the banner must be set by hand")
    text = f"# Written by Leeboard (LBL-01)\nBanner {wanted}\n"
    _try(host, text, wanted)
    planned.put(OURS, text, mode=0o644)
    return load


def _try(host, text: str, wanted: str) -> None:
    """Ask sshd with the file in place, in a private mount namespace. Raises ChangeRefused."""
    files = configuration(host)
    try:
        after = _asked(host, _alone(TRIAL, files), text, files)
    except HostError as problem:
        raise ChangeRefused(f"the change could not be tried before it is made: {problem.why}") from None
    if after.get("value") == wanted and "others" not in after:
        return
    where = f"{MAIN} (it does not include {FOLDER} first)"
    if "others" in after:
        where = after["others"][0]["who"]
    elif files.banners:
        where = next((line.place for line in files.banners if not line.match), where)
    raise ChangeRefused(f"{where} would still decide the banner, since sshd takes the first value; take it out there")
