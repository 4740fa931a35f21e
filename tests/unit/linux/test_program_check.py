"""Exchanged programs, on a folder that stands for a machine of dpkg's: what is found, and what is no difference."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.programs import check as program_check

from leeboard.model.observation import parse
from tests.unit.linux.folder import Answers, folder

INFO = "/var/lib/dpkg/info"
GENUINE, OTHER = "the package's own", "somebody's own, which says what its maker likes"
STATUS = Completed(0, "enabled 1\nfailure 1\nbacklog_limit 8192\nlost 0\n", "")
AUDITCTL = "/usr/sbin/auditctl"
ASKED = {"kernel": ["audit:enabled"], "banner": ["/etc/issue"]}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def packages(root: Path, **has: dict[str, str]) -> None:
    """Lists as dpkg keeps them: {package: {path without its slash: content, or "" for a link}}."""
    folder(root, {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "/var/lib/dpkg/updates/.keep": ""})
    (root / "var/lib/dpkg/updates/.keep").unlink()
    for package, files in has.items():
        digests = "".join(f"{md5(content)}  {path}\n" for path, content in files.items() if content)
        folder(
            root,
            {
                f"{INFO}/{package}.list": "/.\n" + "".join(f"/{path}\n" for path in files),
                f"{INFO}/{package}.md5sums": digests,
            },
        )


def program(root: Path, path: str, content: str = GENUINE) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    place.chmod(0o755)


def link(root: Path, path: str, leads: str) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(leads)


def merged(root: Path) -> None:
    """/sbin and /bin as links to those of /usr."""
    for name in ("bin", "sbin", "lib"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")


def machine(root: Path) -> Host:
    host = folder(root, {"/etc/issue": "N\n", "/proc/locks": ""}, Answers({"auditctl -s": STATUS}))
    host.is_root = True
    return host


def audit(root: Path, unpackaged: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a visit says of the kernel's auditing."""
    observation = parse(visit.visit(machine(root), ASKED, unpackaged))
    found = observation.reading("kernel", "audit:enabled")
    other = observation.reading("banner", "/etc/issue")
    assert found is not None and other is not None
    assert other.effective.state == "value", "what rests on no program is read all the same"
    return found.effective.model_dump()


def reason(root: Path, name: str = "auditctl", unpackaged: tuple[str, ...] = ()) -> tuple[str, str]:
    """(code, why) of asking a program; ("", "") where it may be asked."""
    try:
        program_check.ProgramCheck(machine(root), unpackaged)([name])
    except HostError as problem:
        return problem.code, problem.why
    return "", ""


# An exchanged program


def test_an_exchanged_program_says_nothing_about_the_machine(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)
    assert audit(tmp_path)["state"] == "value"
    program(tmp_path, AUDITCTL, OTHER)
    found = audit(tmp_path)
    assert (found["state"], found["code"]) == ("unreadable", "exchanged")
    assert "/usr/sbin/auditctl is not the program of its package auditd" in found["why"]


def test_a_program_put_before_the_packages_one(tmp_path: Path) -> None:
    packages(tmp_path, **{"util-linux": {"usr/bin/lsblk": GENUINE}})
    program(tmp_path, "/usr/bin/lsblk")
    assert reason(tmp_path, "lsblk") == ("", "")
    program(tmp_path, "/usr/sbin/lsblk", OTHER)
    code, why = reason(tmp_path, "lsblk")
    assert code == "exchanged" and "/usr/sbin/lsblk belongs to no package" in why


@pytest.mark.parametrize("own", [True, False], ids=["a file", "a link of its package"])
def test_a_name_that_leads_to_another_packages_program(tmp_path: Path, own: bool) -> None:
    packages(tmp_path, kmod={"usr/sbin/modprobe": GENUINE if own else "", "usr/bin/kmod": GENUINE},
             coreutils={"usr/bin/true": OTHER})  # fmt: skip
    program(tmp_path, "/usr/bin/true", OTHER)
    link(tmp_path, "/usr/sbin/modprobe", "../bin/true")
    code, why = reason(tmp_path, "modprobe")
    assert code == "exchanged" and "is not the program of its package kmod" in why


def test_an_alternative_that_leads_to_something_else(tmp_path: Path) -> None:
    packages(tmp_path, iptables={"usr/sbin/xtables-nft-multi": GENUINE}, coreutils={"usr/bin/true": OTHER})
    program(tmp_path, "/usr/sbin/xtables-nft-multi")
    program(tmp_path, "/usr/bin/true", OTHER)
    link(tmp_path, "/usr/sbin/iptables-save", "../../etc/alternatives/iptables-save")
    link(tmp_path, "/etc/alternatives/iptables-save", "../../usr/sbin/xtables-nft-multi")
    assert reason(tmp_path, "iptables-save") == ("", "")
    (tmp_path / "etc/alternatives/iptables-save").unlink()
    link(tmp_path, "/etc/alternatives/iptables-save", "../../usr/bin/true")
    assert reason(tmp_path, "iptables-save")[0] == "exchanged"


def test_what_a_starter_starts_is_looked_at(tmp_path: Path) -> None:
    packages(tmp_path, **{"util-linux": {"usr/bin/setpriv": GENUINE}, "dash": {"usr/bin/sh": GENUINE},
                          "libglib2.0-bin": {"usr/bin/gsettings": GENUINE}})  # fmt: skip
    for name in ("setpriv", "sh", "gsettings"):
        program(tmp_path, f"/usr/bin/{name}")
    check = program_check.ProgramCheck(machine(tmp_path))
    check(["setpriv", "--reuid=1", "sh", "-s"], ("gsettings",))
    for name, starts in (("sh", ()), ("gsettings", ("gsettings",))):
        program(tmp_path, f"/usr/bin/{name}", OTHER)
        with pytest.raises(HostError, match=name):
            program_check.ProgramCheck(machine(tmp_path))(["setpriv", "--reuid=1", "sh", "-s"], starts)
        program(tmp_path, f"/usr/bin/{name}")


def test_a_program_that_may_not_be_read_is_not_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)

    def refused(*_given: Any, **_named: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr(program_check, "open", refused, raising=False)
    assert reason(tmp_path)[0] == "denied"


# No difference


def test_a_merged_usr_whichever_name_the_list_has(tmp_path: Path) -> None:
    merged(tmp_path)
    packages(tmp_path, auditd={"sbin/auditctl": GENUINE}, kmod={"sbin/modprobe": "", "bin/kmod": GENUINE})
    program(tmp_path, AUDITCTL)
    program(tmp_path, "/usr/bin/kmod")
    link(tmp_path, "/usr/sbin/modprobe", "/bin/kmod" if tmp_path == Path("/") else "../bin/kmod")
    assert reason(tmp_path) == reason(tmp_path, "modprobe") == reason(tmp_path, "/sbin/auditctl") == ("", "")
    program(tmp_path, AUDITCTL, OTHER)
    assert reason(tmp_path)[0] == "exchanged"


def test_without_a_merged_usr_the_two_names_are_two_files(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)  # before /sbin on the way, and nobody's
    program(tmp_path, "/sbin/auditctl")
    assert reason(tmp_path)[0] == "exchanged"


def test_a_package_that_diverts_another_ones_program(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": OTHER}, wrapper={"usr/sbin/auditctl": GENUINE})
    folder(tmp_path, {"/var/lib/dpkg/diversions": f"{AUDITCTL}\n{AUDITCTL}.real\nwrapper\n"})
    program(tmp_path, AUDITCTL)
    assert reason(tmp_path) == ("", "")
    program(tmp_path, AUDITCTL, "neither's")
    assert reason(tmp_path)[0] == "exchanged"


def test_a_diversion_by_hand(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL, "a wrapper of the administrator")
    assert reason(tmp_path)[0] == "exchanged"
    folder(tmp_path, {"/var/lib/dpkg/diversions": f"{AUDITCTL}\n{AUDITCTL}.distrib\n:\n"})
    assert reason(tmp_path) == ("", "")


def test_a_file_that_another_package_took_over(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": OTHER}, **{"auditd-tools": {"usr/sbin/auditctl": GENUINE}})
    folder(tmp_path, {f"{INFO}/auditd.list": "/.\n"})
    program(tmp_path, AUDITCTL)
    assert reason(tmp_path) == ("", "")


def test_an_unpackaged_program_that_the_school_lists(tmp_path: Path) -> None:
    packages(tmp_path, coreutils={"usr/bin/true": GENUINE})
    program(tmp_path, AUDITCTL)
    code, why = reason(tmp_path)
    assert code == "exchanged" and "leeboard_unpackaged_programs" in why
    assert reason(tmp_path, unpackaged=(AUDITCTL,)) == ("", "")
    assert audit(tmp_path, unpackaged=(AUDITCTL,))["state"] == "value"


def test_a_package_that_came_without_digests_has_nothing_to_compare_with(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": ""})
    program(tmp_path, AUDITCTL)
    assert reason(tmp_path) == ("", "")


def test_a_machine_without_dpkg(tmp_path: Path) -> None:
    program(tmp_path, AUDITCTL)
    assert reason(tmp_path) == ("", "")


def test_a_program_that_is_not_there_is_not_exchanged(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    assert reason(tmp_path) == ("", "")


# dpkg at work


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/var/lib/dpkg/updates/0001": ""}, "packages are being upgraded"),
        ({"/var/lib/dpkg/status": "Package: auditd\nStatus: install ok half-configured\nArchitecture: amd64\n\n"
          "Package: other\nStatus: install ok installed\n"}, "auditd is installed by half"),
    ],
    ids=["at work", "broken off"],
)  # fmt: skip
def test_an_upgrade_is_busy_and_not_exchanged(tmp_path: Path, files: dict[str, str | None], words: str) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL, "the next version")
    folder(tmp_path, {"/proc/locks": "", **files})
    code, why = reason(tmp_path)
    assert code == "busy" and words in why
    assert audit(tmp_path)["code"] == "busy"


def test_an_upgrade_that_ends_between_our_two_looks(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)
    host = machine(tmp_path)
    host.read(f"{INFO}/auditd.md5sums")  # the list as it was before
    program(tmp_path, AUDITCTL, "the next version")
    packages(tmp_path, auditd={"usr/sbin/auditctl": "the next version"})
    program_check.ProgramCheck(host)(["auditctl"])


# /etc/ld.so.preload


def preloading(root: Path, text: str, unpackaged: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    folder(root, {"/etc/ld.so.preload": text})
    readings = visit.visit(machine(root), ASKED, unpackaged)["readings"]
    return [(one["effective"].get("code", ""), one["effective"].get("why", "")) for one in readings]


def test_a_strangers_library_in_every_program(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)
    program(tmp_path, "/usr/local/lib/hide.so", OTHER)
    found = preloading(tmp_path, "# ours\n/usr/local/lib/hide.so\n")
    assert [code for code, _why in found] == ["exchanged", "exchanged"]
    assert all("/etc/ld.so.preload loads /usr/local/lib/hide.so into every program" in why for _code, why in found)
    assert [code for code, _ in preloading(tmp_path, "/usr/local/lib/hide.so", ("/usr/local/lib/hide.so",))] == ["", ""]


@pytest.mark.parametrize(
    "text", ["/usr/lib/arm-linux-gnueabihf/libarmmem-${PLATFORM}.so\n", "libarmmem-v7l.so", "\n# nothing\n",
             "/gone.so:/usr/lib/arm-linux-gnueabihf/libarmmem-v7l.so # of a package"],
)  # fmt: skip
def test_a_packaged_preload_as_on_a_raspberry_pi(tmp_path: Path, text: str) -> None:
    library = "usr/lib/arm-linux-gnueabihf/libarmmem-v7l.so"
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE}, **{"raspi-copies-and-fills": {library: GENUINE}})
    program(tmp_path, AUDITCTL)
    program(tmp_path, library)
    assert [code for code, _why in preloading(tmp_path, text)] == ["", ""]
    program(tmp_path, library, OTHER)
    changed = "" if "nothing" in text else "exchanged"
    assert [code for code, _why in preloading(tmp_path, text)] == [changed, changed]


# The mount namespace


def namespaces(root: Path, own: str, machine: str) -> None:
    link(root, "/proc/self/ns/mnt", f"mnt:[{own}]")
    link(root, "/proc/1/ns/mnt", f"mnt:[{machine}]")


def as_process_1_sees_it(root: Path) -> None:
    """The same files for process 1 by hard links, as bind mounts of a hardened unit show the same inodes."""
    for path in (AUDITCTL,):
        there = root / "proc/1/root" / path.lstrip("/")
        there.parent.mkdir(parents=True)
        os.link(root / path.lstrip("/"), there)
    for path in ("/var/lib/dpkg",):
        (root / "proc/1/root/var/lib").mkdir(parents=True)
        (root / f"proc/1/root{path}").symlink_to(root / path.lstrip("/"))


def test_a_visit_that_sees_other_files_than_the_machine(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)
    namespaces(tmp_path, "1", "2")
    as_process_1_sees_it(tmp_path)
    assert reason(tmp_path) == ("", ""), "a hardened unit sees the same files"
    (tmp_path / "proc/1/root/usr/sbin/auditctl").unlink()
    program(tmp_path, "/proc/1/root/usr/sbin/auditctl")
    code, why = reason(tmp_path)
    assert code == "exchanged" and "sees another /usr/sbin/auditctl than the machine itself" in why


def test_the_machines_own_namespace_or_one_that_may_not_be_looked_at(tmp_path: Path) -> None:
    packages(tmp_path, auditd={"usr/sbin/auditctl": GENUINE})
    program(tmp_path, AUDITCTL)
    assert reason(tmp_path) == ("", "")
    namespaces(tmp_path, "1", "1")
    assert reason(tmp_path) == ("", "")
