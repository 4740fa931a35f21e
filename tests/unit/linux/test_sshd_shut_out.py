"""Nobody who changes sshd is shut out by it, nor is the last administrator; and what brings sshd back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import cover as sshd_cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import driver as sshd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd.answers import Answer
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd.people import Question
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd.visitor import (
    Visitor,
    refuse_shut_out,
    visitor,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy, SignIn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS as ALL_UNITS

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.sshd_people import ADDRESS, INCLUDE, MAIN, OURS, PEOPLE, by_hand, by_key, came
from tests.unit.linux.test_sshd_written import machine, refused

CONNECTION = CameBy(ADDRESS, 50122, "192.0.2.20", 22)
# What sshd -T prints on a stock Debian 13, as far as it matters here.
STOCK = {
    "permitrootlogin": "without-password", "pubkeyauthentication": "yes", "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes", "permitemptypasswords": "no", "hostbasedauthentication": "no",
    "gssapiauthentication": "no", "authenticationmethods": "any",
    "pubkeyacceptedalgorithms": "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
}  # fmt: skip


def answer(**settings: str) -> Answer:
    found = Answer(Question("", "", ""))
    found.settings = {**STOCK, **{key: text.split("\n")[0] for key, text in settings.items()}}
    found.lines = [(key, line) for key, text in {**STOCK, **settings}.items() for line in text.split("\n")]
    return found


def shut_out(
    user: str, signed_in: SignIn | None, groups: set[str] | None, pending: bool = False, **settings: str
) -> str:
    """Why somebody would be shut out by what sshd says then, or an empty text."""
    who = Visitor(user, CONNECTION, signed_in, None if groups is None else frozenset(groups))
    try:
        refuse_shut_out(who, answer(), answer(**settings), pending)
    except ChangeRefused as problem:
        return str(problem)
    return ""


KEY = SignIn("ada", "publickey", "ED25519")
WORD = SignIn("ada", "password", "")


@pytest.mark.parametrize(
    ("signed_in", "settings", "message"),
    [
        pytest.param(KEY, {"passwordauthentication": "no", "kbdinteractiveauthentication": "no"}, "", id="a key stays"),
        pytest.param(KEY, {"pubkeyauthentication": "no"}, "by publickey, and PubkeyAuthentication no", id="no key"),
        pytest.param(WORD, {"passwordauthentication": "no"}, "by password, and PasswordAuthentication no", id="word"),
        pytest.param(SignIn("ada", "keyboard-interactive/pam", ""), {"kbdinteractiveauthentication": "no"},
                     "KbdInteractiveAuthentication no would shut it out", id="questions and answers"),
        pytest.param(SignIn("ada", "none", ""), {}, "PermitEmptyPasswords no would shut it out", id="no password"),
        pytest.param(None, {"passwordauthentication": "no"},
                     "does not say by which method: PasswordAuthentication no could shut it out", id="not known"),
        pytest.param(None, {}, "", id="not known, and nothing goes"),
        pytest.param(KEY, {"allowusers": "bob\ncarol"}, "AllowUsers bob carol", id="AllowUsers without us"),
        pytest.param(KEY, {"allowusers": "bob\nad?"}, "", id="AllowUsers with us"),
        pytest.param(KEY, {"allowusers": f"ada@{ADDRESS}"}, "", id="from our address"),
        pytest.param(KEY, {"allowusers": "ada@192.0.2.0/24"}, "", id="from our network"),
        pytest.param(KEY, {"allowusers": "ada@10.0.0.0/8"}, "AllowUsers ada@10.0.0.0/8", id="from another network"),
        pytest.param(KEY, {"allowusers": "ada@office.example"}, "AllowUsers", id="by a name that nobody checked"),
        pytest.param(KEY, {"denyusers": "a*"}, "DenyUsers a*", id="DenyUsers"),
        pytest.param(KEY, {"denyusers": "[a]da"}, "", id="brackets are plain characters"),
        pytest.param(KEY, {"allowgroups": "staff\nsudo"}, "", id="AllowGroups with ours"),
        pytest.param(KEY, {"allowgroups": "staff"}, "AllowGroups staff", id="AllowGroups without ours"),
        pytest.param(KEY, {"denygroups": "su*"}, "DenyGroups su*", id="DenyGroups"),
        pytest.param(KEY, {"pubkeyacceptedalgorithms": "rsa-sha2-512"}, "of the kind ED25519", id="our kind of key"),
        pytest.param(SignIn("ada", "publickey", "ED25519-CERT"), {}, "", id="a certificate"),
        pytest.param(SignIn("ada", "publickey", "ED25519-CERT"), {"pubkeyacceptedalgorithms": "ssh-ed25519"},
                     "of the kind ED25519-CERT", id="no certificates"),
        pytest.param(SignIn("ada", "publickey", "RSA"), {}, "", id="RSA by its newer signatures"),
        pytest.param(KEY, {"authenticationmethods": "publickey,password"}, "AuthenticationMethods", id="two steps"),
        pytest.param(WORD, {"authenticationmethods": "publickey,password"}, "", id="the second of two steps"),
    ],
)  # fmt: skip
def test_who_came_and_how_is_let_in_again(signed_in: SignIn | None, settings: dict[str, str], message: str) -> None:
    found = shut_out("ada", signed_in, {"ada", "sudo"}, **settings)
    assert message in found
    assert bool(found) == bool(message)


@pytest.mark.parametrize(
    ("method", "root", "message"),
    [
        ("publickey", "no", "let Leeboard come with an account that may use sudo"),
        ("password", "without-password", "PermitRootLogin without-password would shut it out: use a key"),
        ("password", "yes", ""),
        ("publickey", "without-password", ""),
    ],
)
def test_root_is_let_in_by_its_own_rule(method: str, root: str, message: str) -> None:
    found = shut_out("root", SignIn("root", method, ""), {"root"}, permitrootlogin=root)
    assert message in found
    assert bool(found) == bool(message)


def test_what_cannot_be_known_is_the_worst(tmp_path: Path) -> None:
    # sshd runs with something older than its files: a method that they refuse may be ours.
    waiting = shut_out("ada", None, {"ada"}, True, kbdinteractiveauthentication="no")
    assert "KbdInteractiveAuthentication no could shut it out" in waiting
    assert shut_out("ada", None, {"ada"}, True) == ""
    assert "the groups of ada are not known here" in shut_out("ada", KEY, None, allowgroups="sudo")
    assert shut_out("ada", KEY, None) == ""
    above = {"/proc/self/status": "PPid:\t60\n", "/proc/self/environ": "", "/proc/60/status": "PPid:\t1\n",
             "/proc/60/environ": f"SSH_CONNECTION={ADDRESS} 50122 192.0.2.20 22\0"}  # fmt: skip
    for login_id in ("4294967295", "", "77"):
        host = folder(tmp_path, {**above, **PEOPLE, "/proc/self/loginuid": login_id})
        with pytest.raises(ChangeRefused, match="which account this connection signed in with is not known"):
            visitor(host)
    known = visitor(folder(tmp_path, {**above, **PEOPLE, "/proc/self/loginuid": "1000"}))
    assert known is not None
    assert (known.user, known.sign_in, known.groups) == ("ada", None, None)
    assert known.question.spec == f"user=ada,host={ADDRESS},addr={ADDRESS},laddr=192.0.2.20,lport=22"


def test_an_account_that_sshd_cannot_be_asked_about_is_refused(tmp_path: Path) -> None:
    accepted = f"Accepted publickey for a,da from {ADDRESS} port 50122 ssh2: ED25519 SHA256:x\n"
    files = {"/proc/self/status": "PPid:\t60\n", "/proc/self/environ": "", "/proc/60/status": "PPid:\t1\n",
             "/proc/60/environ": f"SSH_CONNECTION={ADDRESS} 50122 192.0.2.20 22\0"}  # fmt: skip
    with pytest.raises(ChangeRefused, match="cannot be asked about the account 'a,da'"):
        visitor(folder(tmp_path, files, Answers({"journalctl": Completed(0, accepted, "")})))


@pytest.mark.parametrize(
    ("came_as", "files", "wanted", "message"),
    [
        pytest.param(by_key("root"), {}, {"PermitRootLogin": "no"}, "came as root, whom sshd would not", id="root"),
        pytest.param(came("ada", "password"), {}, {"PasswordAuthentication": "no"},
                     "came as ada by password, and PasswordAuthentication no would shut it out", id="a password"),
        pytest.param(came("ada", ""), {}, {"KbdInteractiveAuthentication": "no"}, "does not say by which method",
                     id="a method that is not known"),
        # Somebody wrote it, and nobody loaded it yet: our reload would.
        pytest.param(by_key("ada"), {f"{MAIN}.d/50.conf": "AllowUsers bob\n"}, {"MaxAuthTries": 4},
                     "came as ada, whom sshd would not let in any more: AllowUsers bob", id="AllowUsers without us"),
        pytest.param(by_key("ada"), {f"{MAIN}.d/50.conf": "AllowGroups pupil\n"}, {"MaxAuthTries": 4},
                     "AllowGroups pupil", id="AllowGroups without us"),
        pytest.param(by_key("ada"), {MAIN: f"{INCLUDE}Match Address 192.0.2.0/24\n PubkeyAuthentication no\n"},
                     {"MaxAuthTries": 4}, "ada by publickey, and PubkeyAuthentication no", id="only from where we are"),
        pytest.param(by_key("ada", "RSA"), {f"{MAIN}.d/50.conf": "PubkeyAcceptedAlgorithms ssh-ed25519\n"},
                     {"MaxAuthTries": 4}, "with a key of the kind RSA", id="our kind of key"),
        pytest.param(by_hand(), {}, {"PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no"},
                     "no administrator could come in by SSH any more: until now ada", id="the last administrator"),
    ],
)  # fmt: skip
def test_a_change_that_would_shut_somebody_out_is_refused(
    tmp_path: Path, came_as: str, files: dict[str, str], wanted: dict[str, Any], message: str
) -> None:
    assert message in refused(tmp_path, files, wanted, came_as)


def test_another_administrator_with_a_key_is_enough(tmp_path: Path) -> None:
    passwords = {"PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no"}
    script = f"""
os.makedirs("/etc/keys")
put("/etc/keys/root", "# nothing\\n")
found["none"] = written({passwords!r})
put("/etc/keys/ada", "ssh-ed25519 AAAA ada\\n")
found["one"] = written({passwords!r})
"""
    keys = {MAIN: f"{INCLUDE}AuthorizedKeysFile /etc/keys/%u\n"}
    found = machine(tmp_path, keys, script, by_hand())
    assert "until now ada could" in found["none"]
    assert found["one"] == []


def test_where_nobody_could_come_in_nobody_is_shut_out(tmp_path: Path) -> None:
    files = {"/etc/shadow": "root:*:1:0:99999:7:::\nada:!:1:0:99999:7:::\n"}
    found = machine(tmp_path, files, "found['said'] = written({'PasswordAuthentication': 'no'})", by_hand())
    assert found["said"] == []


UNITS = {"ssh.service": "loaded active ssh.service", "sshd.service": "loaded active ssh.service",
         "ssh.socket": "loaded inactive ssh.socket", "sshd.socket": "not-found inactive sshd.socket"}  # fmt: skip
SOCKET = {**UNITS, "ssh.service": "loaded inactive ssh.service", "sshd.service": "loaded inactive ssh.service",
          "ssh.socket": "loaded active ssh.socket"}  # fmt: skip
OFF = {**SOCKET, "ssh.socket": "loaded inactive ssh.socket"}
FILES = {"/usr/sbin/sshd": "", "/run/systemd/system/x": "", MAIN: INCLUDE, **PEOPLE}


def covered(tmp_path: Path, units: dict[str, str], files: dict[str, str] | None = None, rc: int = 0) -> Any:
    def shown(argv: list[str]) -> Completed:
        load, active, name = units[argv[-1]].split()
        return Completed(0, f"Id={name}\nLoadState={load}\nActiveState={active}\n", "")

    answers: dict[str, Any] = {
        "systemctl show -p Id": shown,
        "show --timestamp=unix": Completed(0, "\n".join("ActiveState=active\n" for _unit in ALL_UNITS), ""),
        "sshd -T": Completed(rc, "maxauthtries 6\n", "bad line 3"),
    }  # fmt: skip
    host = folder(tmp_path, FILES if files is None else files, Answers(answers))
    return sshd.cover(host, [{"address": "MaxAuthTries", "value": None}])


@pytest.mark.parametrize(("units", "restart"), [(UNITS, ("ssh.service",)), (SOCKET, ("ssh.service",)), (OFF, ())])
def test_a_cover_names_what_brings_sshd_back(tmp_path: Path, units: dict[str, str], restart: tuple[str, ...]) -> None:
    found = covered(tmp_path, units)
    assert (found.files, found.units, found.restart) == ((OURS,), ("ssh.service", "ssh.socket"), restart)
    said = [proof for proof in found.proofs if "-T" in proof.argv]
    assert [proof.argv[-1].split(",")[0] for proof in said] == ["user=bob", "user=root", "user=ada"]
    assert {proof.prints for proof in said} == {b"maxauthtries 6\n"}
    assert "-t" in found.proofs[0].argv
    assert found.longest == sshd_cover.LONGEST
    assert sshd.CUT_OFF is True


def test_a_cover_is_refused_where_nothing_could_be_put_back(tmp_path: Path) -> None:
    for name, files, rc, message in (
        ("systemd", {"/usr/sbin/sshd": "", MAIN: ""}, 0, "systemd does not run on this machine"),
        ("sshd", {}, 0, "OpenSSH server is not installed"),
        ("broken", FILES, 255, "does not take its configuration as it is, and could not be put back: bad line 3"),
    ):
        with pytest.raises(ChangeRefused, match=message):
            covered(tmp_path / name, UNITS, files, rc)
    with pytest.raises(ChangeRefused, match="no address of the driver sshd"):
        sshd.cover(folder(tmp_path), [{"address": "AllowUsers", "value": None}])
    with pytest.raises(HostError, match="below /run"):
        covered(tmp_path / "run", UNITS, {**FILES, MAIN: "Include /run/x\n", "/run/x": ""})
